"""The echopanel contract, message by message, and all other input of a socket.

The messages are copied from the contract's document. Input that breaks the contract is
tolerated or ``Malformed``: decoding never raises, and no error text quotes content.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openline.dialects.echopanel import EchoPanel
from openline.dialects.protocol import (
    Encoded,
    FinalMessage,
    Heard,
    Ids,
    Lost,
    Malformed,
    Message,
    Metrics,
    Noticed,
    Refusal,
    Remark,
    Sent,
    Status,
    Unknown,
)
from openline.dialects.traits import Ends
from openline.reconnect.verdicts import Action
from tests.support_profiles import some

DIALECT = EchoPanel()
IDS = Ids(session_id="S", attempt_id="A", connection_id="C")


def decode(data: str | bytes) -> Message:
    memory, (message,) = DIALECT.decode(None, data)
    assert memory is None
    return message


def text_of(made: Encoded) -> str:
    """The one text that was made."""
    _, (message,) = made
    assert isinstance(message, str)
    return message


def said(kind: str, **fields: Any) -> Message:
    return decode(json.dumps({"type": kind, **fields}))


def final(**fields: Any) -> Message:
    return said("asr_final", **{"text": "yes", "t0": 1.5, "t1": 2.5, **fields})


class TestWhatItSays:
    def test_the_start_follows_the_contract(self) -> None:
        assert json.loads(text_of(DIALECT.start(None, IDS))) == json.loads(
            """{"type":"start","session_id":"S","attempt_id":"A","connection_id":"C",
            "sample_rate":16000,"format":"pcm_s16le","channels":1,"client_features":{
            "clock_drift_compensation_enabled":false,"client_vad_enabled":false,
            "clock_drift_telemetry_enabled":false,"client_vad_telemetry_enabled":false}}"""
        )

    def test_the_stop_follows_the_contract(self) -> None:
        assert json.loads(text_of(DIALECT.stop(None, IDS, Sent()))) == {
            "type": "stop",
            "session_id": "S",
        }

    @pytest.mark.parametrize(
        ("source", "header"), [("system", b"\x45\x50\x01\x00"), ("mic", b"\x45\x50\x01\x01")]
    )
    def test_audio_has_four_bytes_of_header(self, source: str, header: bytes) -> None:
        frame = b"\x01\x02" * 320
        assert DIALECT.audio(None, source, frame, 7) == (None, (header + frame,))

    def test_ids_of_any_text_are_sent_as_they_are(self) -> None:
        odd = Ids(session_id='"ü\n', attempt_id="\\", connection_id="\u2028")
        start = json.loads(text_of(DIALECT.start(None, odd)))
        assert (start["session_id"], start["attempt_id"]) == ('"ü\n', "\\")
        assert start["connection_id"] == "\u2028"

    def test_it_has_a_name_two_sources_and_a_horizon_of_fifteen_seconds(self) -> None:
        assert DIALECT.name == "echopanel"
        assert DIALECT.traits.sources == ("system", "mic")
        assert DIALECT.traits.horizon == 15.0


class TestStatus:
    def test_connected_is_not_an_ack(self) -> None:
        assert decode(
            '{"type":"status","state":"connected","message":"Connected, waiting for start"}'
        ) == Status(state="connected", text="Connected, waiting for start")

    def test_streaming_is_the_ack_and_carries_the_ids(self) -> None:
        assert decode(
            '{"type":"status","state":"streaming","message":"Streaming","connection_id":"C",'
            '"session_id":"S","attempt_id":"A","client_features":{"client_vad_enabled":false}}'
        ) == Status(
            state="streaming", text="Streaming", ack=True, connection_id="C", attempt_id="A"
        )

    @pytest.mark.parametrize(
        ("text", "state", "filling", "doubtful"),
        [
            (
                '{"type":"status","state":"backpressure","dropped_frames":5,"dropped_seconds":0.1}',
                "backpressure",
                True,
                True,
            ),
            (
                '{"type":"status","state":"buffering","source":"mic","backlog_seconds":1.8}',
                "buffering",
                True,
                False,
            ),
            (
                '{"type":"status","state":"overloaded","source":"mic","backlog_seconds":1.95}',
                "overloaded",
                True,
                False,
            ),
            (
                '{"type":"status","state":"warning","message":"ASR processing timed out"}',
                "warning",
                False,
                True,
            ),
            ('{"type":"status","state":"no_asr_provider"}', "no_asr_provider", False, True),
        ],
    )
    def test_the_other_states_acknowledge_the_start_too(
        self, text: str, state: str, *, filling: bool, doubtful: bool
    ) -> None:
        status = decode(text)
        assert isinstance(status, Status)
        assert (status.state, status.ack) == (state, True)
        assert (status.filling, status.doubtful or status.warning) == (filling, doubtful)

    def test_a_filling_status_names_its_source(self) -> None:
        status = said("status", state="overloaded", source="mic")
        assert isinstance(status, Status)
        assert status.source == "mic"

    @pytest.mark.parametrize("state", ["", "thinking", "Streaming", "ERROR"])
    def test_an_unknown_state_is_reported_and_is_no_ack(self, state: str) -> None:
        assert said("status", state=state, mood="good") == Status(state=state)


class TestRefusals:
    @pytest.mark.parametrize(
        ("text", "action"),
        [
            ("Unauthorized websocket connection", Action.REAUTH),
            ("unauthorized", Action.REAUTH),
            ("Server at capacity, please try again later", Action.LATER),
        ],
    )
    def test_a_status_error_with_a_known_text_decides_the_dial(
        self, text: str, action: Action
    ) -> None:
        refusal = said("status", state="error", message=text, connection_id="C", attempt_id="A")
        assert isinstance(refusal, Refusal)
        assert (refusal.row.action, refusal.text) == (action, text)
        assert (refusal.connection_id, refusal.attempt_id) == ("C", "A")

    @pytest.mark.parametrize("text", ["Something broke", "", "We are Unauthorized"])
    def test_a_status_error_with_an_unknown_text_decides_nothing(self, text: str) -> None:
        assert said("status", state="error", message=text, connection_id="C") == Remark(
            text=text, connection_id="C"
        )

    @pytest.mark.parametrize(
        "text",
        ["Invalid start message: session_id", "Unsupported audio format", "anything at all", ""],
    )
    def test_any_error_message_is_fatal(self, text: str) -> None:
        refusal = said("error", message=text, connection_id="C", attempt_id="A")
        assert isinstance(refusal, Refusal)
        assert (refusal.row.action, refusal.text) == (Action.FATAL, text)
        assert (refusal.connection_id, refusal.attempt_id) == ("C", "A")

    @pytest.mark.parametrize("fields", [{}, {"message": None}, {"message": {"code": 7}}])
    def test_an_error_with_any_text_is_fatal(self, fields: dict[str, Any]) -> None:
        refusal = said("error", **fields)
        assert isinstance(refusal, Refusal)
        assert (refusal.row.action, refusal.text) == (Action.FATAL, "")

    def test_1011_is_its_keepalive_and_all_refusals_are_listed(self) -> None:
        assert {code: row.action for code, row in DIALECT.traits.codes.items()} == {
            1011: Action.RETRY
        }
        assert {text: row.action for text, row in DIALECT.traits.refusals.items()} == {
            "Unauthorized": Action.REAUTH,
            "Server at capacity": Action.LATER,
            "error": Action.FATAL,
        }


class TestWords:
    def test_a_final_has_its_times_and_all_optional_fields(self) -> None:
        assert decode(
            '{"type":"asr_final","text":"yes","t0":1.5,"t1":2.5,"confidence":0.9,"stable":true,'
            '"source":"mic","language":"en","speaker":"ann","segment_id":"s1",'
            '"connection_id":"C","attempt_id":"A","session_id":"S"}'
        ) == Heard(
            text="yes",
            start=1.5,
            end=2.5,
            final=True,
            source="mic",
            confidence=0.9,
            language="en",
            speaker="ann",
            segment_id="s1",
            connection_id="C",
            attempt_id="A",
        )

    def test_a_partial_needs_no_more_than_text_and_times(self) -> None:
        assert decode('{"type":"asr_partial","text":"ye","t0":0,"t1":1}') == Heard(
            text="ye", start=0.0, end=1.0, final=False
        )

    def test_numbers_name_speakers_and_segments_too(self) -> None:
        heard = final(speaker=2, segment_id=17)
        assert isinstance(heard, Heard)
        assert (heard.speaker, heard.segment_id) == ("2", "17")

    @pytest.mark.parametrize("t1", [1.5, 7, 86_400.0])
    def test_any_plausible_times_are_accepted(self, t1: float) -> None:
        heard = final(t1=t1)
        assert isinstance(heard, Heard)
        assert (heard.start, heard.end) == (1.5, t1)

    @pytest.mark.parametrize(
        ("t0", "t1"),
        [
            ("-0.1", -0.1),
            ("1e9", 1e9),
            ("-1e9", -1e9),
            ('"0"', 0.0),
            ('"1.5"', 1.5),
            ("1e300", None),
            ("1e308", None),
            ("1e400", None),
            ("-1e400", None),
            ("9" * 19, None),
            ("9" * 400, None),
            ("-" + "9" * 400, None),
            ("9" * 5000, None),
            ("NaN", None),
            ("Infinity", None),
            ('"nan"', None),
            ('"inf"', None),
            ('"soon"', None),
            ("null", None),
            ("[0]", None),
            ("true", None),
        ],
        ids=lambda text: str(text)[:9],
    )
    def test_an_odd_time_is_absent_and_costs_no_word(self, t0: str, t1: float | None) -> None:
        for times in (f'"t0":{t0},"t1":1', f'"t0":0,"t1":{t0}'):
            message = decode(f'{{"type":"asr_final","text":"yes",{times}}}')
            assert isinstance(message, Heard)
            assert message.text == "yes"
            assert {message.start, message.end} - {0.0, 1.0} == {t1} - {0.0, 1.0}

    @pytest.mark.parametrize(("t0", "t1"), [(2.0, 1.0), (-2.0, -1.0), (None, None)])
    def test_impossible_times_are_passed_on_as_claims(
        self, t0: float | None, t1: float | None
    ) -> None:
        heard = final(t0=t0, t1=t1)
        assert isinstance(heard, Heard)
        assert (heard.start, heard.end) == (t0, t1)

    @pytest.mark.parametrize("text", ["1e400", "9" * 400, "NaN", "[1]", "{}", '"\\ud800"'])
    @pytest.mark.parametrize(
        "field", ["confidence", "language", "speaker", "segment_id", "source", "new"]
    )
    def test_no_odd_field_costs_the_text(self, field: str, text: str) -> None:
        heard = decode(f'{{"type":"asr_final","text":"yes","t0":0,"t1":1,"{field}":{text}}}')
        assert isinstance(heard, Heard)
        assert (heard.text, heard.start, heard.end) == ("yes", 0.0, 1.0)

    @pytest.mark.parametrize(("kind", "words"), [("asr_final", True), ("asr_partial", False)])
    @pytest.mark.parametrize("more", [{}, {"text": None}, {"text": 5}, {"text": ["yes"]}])
    def test_words_without_a_text_are_malformed(
        self, kind: str, words: bool, more: dict[str, Any]
    ) -> None:
        message = said(kind, t0=0, t1=1, **more)
        assert isinstance(message, Malformed)
        assert message.why.startswith(f"{kind}: ")
        assert "text" in message.why
        assert message.words is words


class TestFigures:
    def test_metrics_have_the_backlog_and_the_drops(self) -> None:
        assert decode(
            '{"type":"metrics","source":"system","queue_depth":3,"queue_max_frames":100,'
            '"queue_fill_ratio":0.03,"backlog_seconds":0.06,"dropped_total":2,"dropped_recent":0,'
            '"avg_infer_ms":12.5,"realtime_factor":0.4,"provider_health":{"ok":true},'
            '"timestamp":1700000000.5,"connection_id":"C","attempt_id":"A"}'
        ) == Metrics(
            source="system",
            backlog=0.06,
            dropped=2,
            realtime_factor=0.4,
            connection_id="C",
            attempt_id="A",
        )

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("backlog_seconds", "-0.1"),
            ("backlog_seconds", "1e300"),
            ("backlog_seconds", "1e400"),
            ("backlog_seconds", "9" * 400),
            ("dropped_total", "-1"),
            ("dropped_total", "9" * 400),
            ("dropped_total", "9" * 5000),
            ("dropped_total", "1e300"),
            ("realtime_factor", '"fast"'),
            ("max_backlog_seconds", "0"),
            ("max_backlog_seconds", "-2"),
            ("max_backlog_seconds", "1e300"),
        ],
        ids=lambda text: text[:15],
    )
    def test_an_impossible_figure_is_absent(self, field: str, value: str) -> None:
        assert decode(f'{{"type":"metrics","{field}":{value},"source":"mic"}}') == Metrics(
            source="mic"
        )

    def test_a_figure_may_be_a_text(self) -> None:
        assert decode('{"type":"metrics","backlog_seconds":"2","dropped_total":"3"}') == Metrics(
            backlog=2.0, dropped=3
        )

    def test_the_queue_is_announced_by_its_longest_backlog(self) -> None:
        assert said("metrics", max_backlog_seconds=30) == Metrics(queue=30.0)

    def test_the_factor_of_ten_seconds_stands_in_for_the_last_one(self) -> None:
        assert said("metrics", rtf_avg_10s=2.5) == Metrics(realtime_factor=2.5)
        assert said("metrics", realtime_factor=0, rtf_avg_10s=2.5) == Metrics(realtime_factor=0.0)


class TestWhatEndsProve:
    @pytest.mark.parametrize(
        ("sent", "ends"),
        [
            ("exact", Ends.EXACT),
            ("claimed", Ends.CLAIMED),
            ("Exact", None),
            ("", None),
            (None, None),
            (True, None),
            (["exact"], None),
        ],
    )
    def test_an_ack_may_say_that_ends_are_exact(self, sent: object, ends: Ends | None) -> None:
        assert said("status", state="streaming", final_ends=sent) == Status(
            state="streaming", ack=True, ends=ends
        )


class TestIgnored:
    def test_a_warning_names_a_source_that_is_ignored(self) -> None:
        text = "Too many active sources. Ignoring source 'mic' until another stops."
        assert said("status", state="warning", message=text, connection_id="C") == Lost(
            source="mic", text=text, connection_id="C"
        )

    @pytest.mark.parametrize("state", ["streaming", "error"])
    def test_only_a_warning_does(self, state: str) -> None:
        assert not isinstance(said("status", state=state, message="Ignoring source 'mic'"), Lost)


class TestInsights:
    def test_entities_are_passed_on_unchanged(self) -> None:
        assert decode(
            '{"type":"entities_update","people":["Ann",{"name":"Bo"}],"orgs":["X"],'
            '"dates":["today"],"projects":[1],"topics":[null],"connection_id":"C"}'
        ) == Noticed(
            kind="entities",
            payload={
                "people": ["Ann", {"name": "Bo"}],
                "orgs": ["X"],
                "dates": ["today"],
                "projects": [1],
                "topics": [None],
            },
            connection_id="C",
        )

    def test_cards_are_passed_on_unchanged(self) -> None:
        assert decode(
            '{"type":"cards_update","actions":[{"text":"call"}],"decisions":["go"],"risks":[2],'
            '"window":{"t0":0,"t1":null},"attempt_id":"A"}'
        ) == Noticed(
            kind="cards",
            payload={"actions": [{"text": "call"}], "decisions": ["go"], "risks": [2]},
            attempt_id="A",
        )

    def test_absent_or_null_fields_are_empty(self) -> None:
        names = ("people", "orgs", "dates", "projects", "topics")
        entities = {name: list[Any]() for name in names}
        assert said("entities_update", people=None) == Noticed(kind="entities", payload=entities)
        cards = {name: list[Any]() for name in ("actions", "decisions", "risks")}
        assert said("cards_update", actions=None) == Noticed(kind="cards", payload=cards)


class TestFinalMessage:
    def test_a_final_message_holds_the_backends_summary(self) -> None:
        message = decode(
            '{"type":"final_summary","markdown":"# All","json":{"session_id":"S","transcript":[],'
            '"clock_spread_ms":{"last":1,"max":2}},"connection_id":"C","attempt_id":"A"}'
        )
        assert message == FinalMessage(
            summary={
                "markdown": "# All",
                "json": {
                    "session_id": "S",
                    "transcript": [],
                    "clock_spread_ms": {"last": 1, "max": 2},
                },
            },
            connection_id="C",
            attempt_id="A",
        )

    @pytest.mark.parametrize(
        "fields",
        [
            {},
            {"markdown": None, "json": None},
            {"markdown": [1], "json": "x"},
            *({"json": value} for value in ([1], 1, 1.5, True)),
        ],
        ids=repr,
    )
    def test_any_final_summary_ends_the_session(self, fields: dict[str, Any]) -> None:
        assert said("final_summary", **fields) == FinalMessage(summary={"markdown": "", "json": {}})


class TestTolerance:
    @pytest.mark.parametrize("kind", ["voice_note_started", "voice_note_transcript", "x", ""])
    def test_an_unknown_type_is_only_unknown(self, kind: str) -> None:
        assert said(kind, people=3, t0="x", connection_id=5) == Unknown(type=kind)

    def test_a_long_unknown_type_is_cut(self) -> None:
        message = said("x" * 5000)
        assert isinstance(message, Unknown)
        assert len(message.type) <= 80

    @pytest.mark.parametrize(
        "text",
        [
            '{"type":"asr_final","text":"yes","t0":1.5,"t1":2.5,"new":{"a":[1e999,{}]}}',
            '{"new":null,"t1":2.5,"t0":1.5,"text":"yes","type":"asr_final"}',
            ' {"type" : "asr_final", "text":"yes",\n"t0":1.5,"t1":25e-1} ',
            '{"type":"asr_final","text":"\\u0079es","t0":1.5,"t1":2.5,"source":null}',
        ],
    )
    def test_unknown_fields_and_their_order_change_nothing(self, text: str) -> None:
        assert decode(text) == Heard(text="yes", start=1.5, end=2.5, final=True)

    @pytest.mark.parametrize("field", ["confidence", "language", "speaker", "segment_id"])
    @pytest.mark.parametrize("value", [None, [1], {"a": 1}])
    def test_an_invalid_optional_field_loses_no_words(self, field: str, value: object) -> None:
        assert final(**{field: value}) == Heard(text="yes", start=1.5, end=2.5, final=True)

    @pytest.mark.parametrize("value", ["high", 10**400, 1e300, -(10**30)])
    def test_an_invalid_confidence_loses_no_words(self, value: object) -> None:
        assert final(confidence=value) == Heard(text="yes", start=1.5, end=2.5, final=True)

    @pytest.mark.parametrize(
        ("fields", "metrics"),
        [
            ({}, Metrics()),
            ({"dropped_total": 3.0}, Metrics(dropped=3)),
            ({"dropped_total": None, "backlog_seconds": None}, Metrics()),
            ({"backlog_seconds": 2, "realtime_factor": None}, Metrics(backlog=2.0)),
            ({"backlog_seconds": 2, "realtime_factor": "fast"}, Metrics(backlog=2.0)),
            ({"source": None, "realtime_factor": 1}, Metrics(realtime_factor=1.0)),
        ],
        ids=repr,
    )
    def test_invalid_optional_metrics_are_left_out(
        self, fields: dict[str, Any], metrics: Metrics
    ) -> None:
        assert said("metrics", **fields) == metrics

    @pytest.mark.parametrize("message", [None, 5, ["Unauthorized"]])
    def test_an_ack_with_any_text_is_an_ack(self, message: object) -> None:
        assert said("status", state="streaming", message=message, source=None) == Status(
            state="streaming", ack=True
        )

    def test_null_ids_are_absent_ids(self) -> None:
        assert said("status", state="x", connection_id=None, attempt_id=None) == Status(state="x")


SECRET = "Zq7private"

#: (text, part of the reason): the reason may quote nothing of the text
MALFORMED = [
    ("", "not JSON"),
    (SECRET, "not JSON"),
    ("\x00", "not JSON"),
    (f'{{"type":"{SECRET}"', "not JSON"),
    (f'{{"type":"{SECRET}"}} x', "not JSON"),
    (f'{{"type":"{SECRET}","x":tru', "not JSON"),
    (f'{{"type":"status","state":"{SECRET}"', "not JSON"),
    ("null", "no object"),
    ("7", "no object"),
    (f'"{SECRET}"', "no object"),
    (f'["{SECRET}"]', "no object"),
    (f'{{"kind":"{SECRET}"}}', "without a type"),
    (f'{{"type":["{SECRET}"]}}', "without a type"),
    ('{"type":null}', "without a type"),
    ('{"type":1}', "without a type"),
    (f'{{"type":"status","message":"{SECRET}"}}', "status: "),
    (f'{{"type":"status","state":["{SECRET}"]}}', "status: "),
    (f'{{"type":"asr_final","text":{{"{SECRET}":"{SECRET}"}},"t0":0,"t1":1}}', "asr_final: "),
    (f'{{"type":"entities_update","people":{{"{SECRET}":1}}}}', "entities_update: "),
    (f'{{"type":"cards_update","risks":"{SECRET}"}}', "cards_update: "),
    (f'{{"type":"{SECRET}","type":"status"}}', "status: a second type"),
    ('{"type":"x","y":' + "[" * 100_000, "nested too deeply"),
    ('{"type":"status","state":"x","y":' + '{"a":' * 100_000, "nested too deeply"),
    ("[" * 100_000, ""),
    ('{"type":"final_summary","json":' + "[" * 100_000 + "]" * 100_000 + "}", ""),
]


class TestAlmostJson:
    """Invalid JSON that some encoders write loses only the field that holds it."""

    def test_nan_is_not_a_metric(self) -> None:
        assert decode('{"type":"metrics","backlog_seconds":NaN,"dropped_total":3}') == Metrics(
            backlog=None, dropped=3
        )

    def test_a_final_message_survives_nan(self) -> None:
        message = decode('{"type":"final_summary","json":{"clock_spread_ms":-Infinity}}')
        assert isinstance(message, FinalMessage)
        assert message.summary["json"] == {"clock_spread_ms": None}

    @pytest.mark.parametrize("half", ["\\ud800", "\ud800"])
    def test_words_survive_half_a_surrogate_pair(self, half: str) -> None:
        message = decode(f'{{"type":"asr_final","text":"one {half} two","t0":0,"t1":1}}')
        assert isinstance(message, Heard)
        assert message.text == "one ? two"

    def test_metrics_without_a_backlog_do_not_claim_an_empty_queue(self) -> None:
        assert decode('{"type":"metrics"}') == Metrics(backlog=None)

    @pytest.mark.parametrize("around", ["\ufeff{}", "\ufeff {}\r\n", "{}\0", " \0\ufeff{}\0 "])
    def test_characters_around_the_json_cost_nothing(self, around: str) -> None:
        text = around.replace("{}", '{"type":"asr_final","text":"x","t0":0,"t1":1}')
        assert isinstance(decode(text), Heard)

    @pytest.mark.parametrize("number", ["1e400", "-1e400", "9" * 5000])
    def test_a_number_that_is_too_long_is_null_wherever_it_is(self, number: str) -> None:
        message = decode(f'{{"type":"final_summary","json":{{"size":{number},"of":[1]}}}}')
        assert isinstance(message, FinalMessage)
        assert message.summary["json"] == {"size": None, "of": [1]}


class TestMalformed:
    @pytest.mark.parametrize(("text", "why"), MALFORMED, ids=lambda text: ascii(text)[:60])
    def test_the_reason_is_one_line_without_content(self, text: str, why: str) -> None:
        message = decode(text)
        assert isinstance(message, Malformed)
        assert why in message.why
        assert SECRET not in message.why
        assert "\n" not in message.why
        assert 0 < len(message.why) <= 200

    @pytest.mark.parametrize("data", [b"", b"\0", b"\xff", b'{"type":"status"'])
    def test_bytes_that_are_no_json_are_malformed(self, data: bytes) -> None:
        assert decode(data) == Malformed(why="not JSON")

    @pytest.mark.parametrize("text", ["yes", "na\N{LATIN SMALL LETTER I WITH DIAERESIS}ve"])
    def test_a_binary_message_is_read_as_text(self, text: str) -> None:
        data = json.dumps({"type": "asr_final", "text": text}, ensure_ascii=False).encode()
        message = decode(data)
        assert isinstance(message, Heard)
        assert message.text == text

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", True),
            ('{"type":"asr_final","text":"yes', True),
            ('{"type":"asr_final","text":5}', True),
            ('{"text":"yes"}', True),
            ('{"text":"."}', False),
            ('{"text":5}', False),
            ("[]", False),
            ('{"type":"asr_partial"}', False),
            ('{"type":"status"}', False),
            ('{"type":"asr_partial","type":"asr_final"}', True),
        ],
    )
    def test_it_is_known_whether_words_may_be_lost(self, text: str, words: bool) -> None:
        message = decode(text)
        assert isinstance(message, Malformed)
        assert message.words is words


KINDS = [
    "status",
    "asr_final",
    "asr_partial",
    "metrics",
    "entities_update",
    "cards_update",
    "final_summary",
    "error",
    "x",
]
FIELDS = [
    "type",
    "state",
    "message",
    "source",
    "text",
    "t0",
    "t1",
    "confidence",
    "language",
    "speaker",
    "segment_id",
    "backlog_seconds",
    "dropped_total",
    "realtime_factor",
    "people",
    "actions",
    "markdown",
    "json",
    "connection_id",
    "attempt_id",
]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**400, -(10**400), 2**63, 2**64, 10**4299]),
    st.floats(),
    st.text(),
    st.sampled_from(["error", "streaming", "Unauthorized", "mic"]),
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def objects(draw: st.DrawFn) -> dict[str, Any]:
    fields = draw(st.dictionaries(st.sampled_from(FIELDS), VALUES))
    return {**fields, "type": draw(st.sampled_from(KINDS))}


def believable(message: Message) -> bool:
    """Whether all numbers that the core uses are finite and in range."""
    if isinstance(message, Heard):
        times = (message.start, message.end, message.confidence)
        return all(each is None or abs(each) <= MOST for each in times)
    if isinstance(message, Metrics):
        figures = (message.dropped, message.backlog or 0, message.queue or 0)
        return all(0 <= each <= MOST for each in figures)
    return True


@pytest.mark.repeats
@settings(deadline=None, derandomize=True, max_examples=some(400))
@given(st.one_of(st.text(), objects().map(json.dumps), VALUES.map(json.dumps)))
def test_any_text_decodes_to_a_message(text: str) -> None:
    assert believable(decode(text))


@pytest.mark.repeats
@settings(deadline=None, derandomize=True, max_examples=some(400))
@given(objects(), st.data())
def test_a_damaged_message_still_decodes_to_a_message(
    fields: dict[str, Any], data: st.DataObject
) -> None:
    text = json.dumps(fields, ensure_ascii=False)
    at = data.draw(st.integers(0, len(text)))
    to = data.draw(st.integers(at, min(len(text), at + 4)))
    assert believable(decode(text[:at] + data.draw(st.text(max_size=3)) + text[to:]))


@given(st.binary())
def test_any_bytes_decode_to_a_message(data: bytes) -> None:
    assert believable(decode(data))


#: The largest time or count that is accepted, and the next one.
MOST, MORE = 1e9, 1e9 + 0.5


@pytest.mark.parametrize(
    ("kind", "field", "read", "absent"),
    [
        ("asr_final", "t1", "end", None),
        ("metrics", "backlog_seconds", "backlog", None),
        ("metrics", "dropped_total", "dropped", 0),
        ("metrics", "max_backlog_seconds", "queue", None),
    ],
)
def test_numbers_are_accepted_up_to_the_limit(
    kind: str, field: str, read: str, absent: object
) -> None:
    for number, seen in ((MOST, MOST), (MORE, absent)):
        fields = {"type": kind, "text": "x", "t0": 0, field: number}
        assert getattr(decode(json.dumps(fields)), read) == seen


def test_an_invalid_number_is_left_out() -> None:
    words = {"type": "asr_final", "text": "x", "t0": 0, "t1": 1}
    for confidence, heard in ((MOST, MOST), (-MOST, -MOST), (MORE, None), ("0.5", 0.5)):
        message = decode(json.dumps({**words, "confidence": confidence}))
        assert isinstance(message, Heard)
        assert message.confidence == heard


MESSAGES: list[dict[str, Any]] = [
    {"type": "status", "state": "streaming"},
    {"type": "status", "state": "error", "message": "odd"},
    {"type": "status", "state": "error", "message": "Unauthorized"},
    {"type": "asr_final", "text": "x", "t0": 0, "t1": 1},
    {"type": "asr_partial", "text": "x", "t0": 0, "t1": 1},
    {"type": "metrics", "backlog_seconds": 0},
    {"type": "entities_update"},
    {"type": "cards_update"},
    {"type": "final_summary", "markdown": "", "json": {}},
    {"type": "error", "message": "odd"},
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda kind: f"{kind['type']} {len(kind)}")
def test_every_message_keeps_its_ids(message: dict[str, Any]) -> None:
    ids = {"connection_id": "c", "attempt_id": "a", "session_id": "s"}
    decoded = decode(json.dumps({**message, **ids}))
    assert not isinstance(decoded, Malformed)
    assert (decoded.connection_id, decoded.attempt_id) == ("c", "a")


@pytest.mark.parametrize("odd", [7, ["c"], {"c": 1}, True, 1e300])
def test_ids_of_a_wrong_type_are_absent(odd: object) -> None:
    for message in MESSAGES:
        decoded = decode(json.dumps({**message, "connection_id": odd}))
        assert not isinstance(decoded, Malformed), message
        assert decoded.connection_id is None


def test_the_codes_and_refusals_of_this_dialect() -> None:
    rows = EchoPanel.traits.refusals
    assert {text: row.action for text, row in rows.items()} == {
        "Unauthorized": Action.REAUTH,
        "Server at capacity": Action.LATER,
        "error": Action.FATAL,
    }
    assert {code: row.action for code, row in EchoPanel.traits.codes.items()} == {
        1011: Action.RETRY
    }
