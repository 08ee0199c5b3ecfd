"""Deepgram v1: its messages, those of a server that imitates it, and everything else.

The recordings are of WhisperLiveKit 0.2.26 behind Deepgram's contract; the other messages are
examples of Deepgram's documentation and SDK (7.17.0).
"""

from __future__ import annotations

import json
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openline.dialects.checking import check_dialect
from openline.dialects.deepgram import Deepgram
from openline.dialects.dry_run import dry_run
from openline.dialects.options import configured
from openline.dialects.protocol import (
    FinalMessage,
    Heard,
    Ids,
    Malformed,
    Message,
    Noticed,
    Remark,
    Sent,
    Status,
    Unknown,
    Word,
)
from openline.dialects.traits import Address, Drain, Ends
from openline.reconnect.verdicts import Action
from tests.dialects.support_messages import (
    NOISE,
    VALUES,
    check_items,
    handshake,
    mutants,
    recorded,
    side_fields,
    spoiled,
)
from tests.support_profiles import some

DIALECT = Deepgram()
IMITATION = Deepgram(finalize=False, exact=False)
IDS = Ids(session_id="S", attempt_id="A", connection_id="C")
RECORDED = recorded("whisperlivekit-deepgram")
MARRIED = (
    "Had he married a more amiable woman he might have been made still more "
    "respectable than he was."
)
REFUSED = (
    "Finalize is not supported by WhisperLiveKit because its ASR flush is terminal. "
    "Send CloseStream to flush and close."
)
#: Two speakers in one final.
DIALOGUE: dict[str, Any] = {
    "type": "Results",
    "channel_index": [0, 1],
    "duration": 2.5,
    "start": 10.0,
    "is_final": True,
    "speech_final": True,
    "channel": {
        "alternatives": [
            {
                "transcript": "How are you? Fine.",
                "confidence": 0.98,
                "languages": ["en"],
                "words": [
                    {"word": "how", "punctuated_word": "How", "start": 10.1, "end": 10.3,
                     "confidence": 0.9, "speaker": 0},
                    {"word": "are", "punctuated_word": "are", "start": 10.3, "end": 10.5,
                     "confidence": 0.9, "speaker": 0},
                    {"word": "you", "punctuated_word": "you?", "start": 10.5, "end": 10.8,
                     "confidence": 0.9, "speaker": 0},
                    {"word": "fine", "punctuated_word": "Fine.", "start": 11.2, "end": 11.6,
                     "confidence": 0.9, "speaker": 1},
                ],
            }
        ]
    },
}  # fmt: skip


def decode(message: dict[str, Any], memory: float | None = None) -> list[Message]:
    return check_items(DIALECT, memory, json.dumps(message))[1]


def results(**changed: Any) -> dict[str, Any]:
    return {**DIALOGUE, **changed}


def best(**changed: Any) -> dict[str, Any]:
    """The dialogue with other fields in its best alternative."""
    (alternative,) = DIALOGUE["channel"]["alternatives"]
    return results(channel={"alternatives": [{**alternative, **changed}]})


def heard(items: list[Message]) -> list[Heard]:
    return [each for each in items if isinstance(each, Heard)]


class TestWhatItSays:
    def test_it_can_be_used(self) -> None:
        check_dialect(DIALECT)
        dry_run(DIALECT)

    def test_the_open_socket_is_the_start(self) -> None:
        assert DIALECT.begin() is None
        assert DIALECT.start(None, IDS) == (None, ())
        assert (DIALECT.traits.greets, DIALECT.traits.replies) == (False, False)

    def test_audio_goes_as_it_is(self) -> None:
        assert DIALECT.audio(None, "mic", b"\1\2", 7) == (None, (b"\1\2",))

    def test_the_controls_are_those_of_the_maker(self) -> None:
        sent = Sent(seconds=3.5, audio=35, messages=35)
        _, _, said = handshake("deepgram-v1")
        controls = DIALECT.keepalive(None, sent)[1] + DIALECT.flush(None, sent)[1]
        assert [json.loads(each) for each in controls] == [json.loads(each) for each in said]
        assert DIALECT.stop(None, IDS, sent) == (3.5, ('{"type":"CloseStream"}',))

    def test_a_server_without_finalize_is_drained_by_the_stop(self) -> None:
        assert IMITATION.flush(None, Sent()) == (None, ())
        assert (IMITATION.traits.drain, DIALECT.traits.drain) == (Drain.STOP, Drain.FLUSH)
        assert IMITATION.traits.drain_timeout > DIALECT.traits.drain_timeout

    def test_the_query_has_what_the_maker_s_client_sends(self) -> None:
        path, _, _ = handshake("deepgram-v1")
        assert dict(parse_qsl(urlsplit(path).query)).items() <= dict(DIALECT.query()).items()
        assert urlsplit(path).path == Address("", 0, "/v1/listen").path

    def test_options_are_parameters(self) -> None:
        text = {
            "language": "multi",
            "diarize": "true",
            "partials": "false",
            "smart_format": "yes",
            "endpointing": "300",
            "utterance_end_ms": "1000",
            "vad_events": "true",
            "keyterms": "Riga,Oslo",
        }
        assert configured(DIALECT, text).query() == [
            ("model", "nova-3"),
            ("language", "multi"),
            ("encoding", "linear16"),
            ("sample_rate", "16000"),
            ("channels", "1"),
            ("interim_results", "false"),
            ("punctuate", "true"),
            ("smart_format", "true"),
            ("diarize", "true"),
            ("endpointing", "300"),
            ("utterance_end_ms", "1000"),
            ("vad_events", "true"),
            ("keyterm", "Riga"),
            ("keyterm", "Oslo"),
        ]

    def test_a_key_and_a_temporary_token_have_schemes_of_their_own(self) -> None:
        _, headers, _ = handshake("deepgram-v1")
        assert DIALECT.headers("KEY") == [("Authorization", headers["Authorization"])]
        assert Deepgram(bearer=True).headers("JWT") == [("Authorization", "Bearer JWT")]


class TestTraits:
    def test_finals_and_silence_are_proof(self) -> None:
        assert (DIALECT.traits.ends, DIALECT.traits.proves_silence) == (Ends.EXACT, True)

    def test_an_imitation_proves_neither(self) -> None:
        assert (IMITATION.traits.ends, IMITATION.traits.proves_silence) == (Ends.CLAIMED, False)
        assert IMITATION.traits.silent_in_silence

    @pytest.mark.parametrize(
        ("number", "action"),
        [
            *((400, Action.FATAL), (401, Action.REAUTH), (402, Action.FATAL)),
            *((403, Action.REAUTH), (429, Action.LATER)),
            *((1011, Action.RETRY), (4400, Action.FATAL)),
        ],
    )
    def test_the_maker_s_refusals_have_rules(self, number: int, action: Action) -> None:
        assert DIALECT.traits.rulings[number].action is action


class TestTheRecording:
    """Every message of 30 s with WhisperLiveKit, and the items that it has to give."""

    #: Text, start, end, words of finals, in order.
    FINALS = (
        ("Mr. John Dashwood had", 0.0, 1.96, 4),
        ("then", 1.96, 2.36, 1),
        ("leisure to consider", 2.36, 3.5, 3),
        ("how much there might", 3.46, 4.88, 4),
        ("be prudently in his power to do for them.", 4.88, 6.88, 9),
        ("He was not an ill-disposed young man.", 7.62, 10.68, 8),
        (
            "unless to be rather cold-hearted and rather selfish is to be ill-disposed.",
            *(11.88, 16.52, 14),
        ),
        (
            MARRIED,
            *(17.9, 23.1, 18),
        ),
        ("He might even have been made amiable himself.", 24.56, 27.22, 8),
    )
    #: What else came, in order: where speech begins, and where an utterance ends.
    EVENTS = (
        *(("speech_started", 0.3), ("utterance_end", 6.88), ("speech_started", 8.034)),
        *(("utterance_end", 10.68), ("speech_started", 11.8), ("utterance_end", 16.52)),
        *(("speech_started", 17.826), ("utterance_end", 23.1), ("speech_started", 24.5)),
        ("utterance_end", 27.22),
    )

    def items(self) -> list[Message]:
        found: list[Message] = []
        memory: float | None = None
        for text in RECORDED:
            if json.loads(text).get("duration") == 28.23:  # the stop was sent before
                memory, _ = IMITATION.stop(memory, IDS, Sent(seconds=28.23))
            memory, items = check_items(IMITATION, memory, text)
            found += items
        return found

    def test_finals(self) -> None:
        found = [each for each in heard(self.items()) if each.final]
        assert [(x.text, x.start, x.end, len(x.words)) for x in found] == list(self.FINALS)
        assert {(each.speaker, each.channel) for each in found} == {("0", None)}

    def test_the_first_final_word_by_word(self) -> None:
        first = next(each for each in heard(self.items()) if each.final)
        assert first.words == (
            Word(text="Mr.", start=0.0, end=0.66, confidence=0.0, speaker="0"),
            Word(text="John", start=0.86, end=1.08, confidence=0.0, speaker="0"),
            Word(text="Dashwood", start=1.08, end=1.68, confidence=0.0, speaker="0"),
            Word(text="had", start=1.68, end=1.96, confidence=0.0, speaker="0"),
        )

    def test_partials(self) -> None:
        found = [each for each in heard(self.items()) if not each.final]
        assert len(found) == 26
        assert [(x.text, x.start, x.end) for x in found[:4]] == [
            ("mr. John", 1.8, 1.8),
            ("Mr. John Dashwood had-", 2.6, 2.6),
            ("Mr. John Dashwood had then Lee-", 0.0, 1.96),
            ("then leisure to consider-", 1.96, 2.36),
        ]

    def test_events(self) -> None:
        found = [each for each in self.items() if isinstance(each, Noticed)]
        times = {"speech_started": "timestamp", "utterance_end": "last_word_end"}
        assert [(x.kind, x.payload[times[x.kind]]) for x in found] == list(self.EVENTS)

    def test_the_first_metadata_ends_nothing_and_the_last_proves_all(self) -> None:
        first, *_, last = self.items()
        assert first == Status(state="metadata", text="94e813c9-e311-444e-9427-9b450f0b9b1a")
        assert isinstance(last, FinalMessage)
        assert (last.until, last.proves) == (None, True)
        assert (last.summary["duration"], last.summary["channels"]) == (28.23, 1)

    def test_that_is_all(self) -> None:
        assert len(self.items()) == len(RECORDED) == 2 + len(self.FINALS) + 26 + len(self.EVENTS)

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("badrate", "WhisperLiveKit supports sample_rate=16000 only."),
            (
                "finalize",
                REFUSED,
            ),
        ],
    )
    def test_its_errors_explain_the_close(self, name: str, text: str) -> None:
        said = recorded(f"whisperlivekit-deepgram-{name}")[-1]
        assert check_items(IMITATION, None, said) == (None, [Remark(text=text)])


class TestResults:
    def test_a_final_of_two_speakers_becomes_two(self) -> None:
        first, second = heard(decode(DIALOGUE))
        assert (first.text, first.start, first.end) == ("How are you?", 10.0, 11.2)
        assert (second.text, second.start, second.end) == ("Fine.", 11.2, 12.5)
        assert (first.speaker, second.speaker) == ("0", "1")
        assert (len(first.words), len(second.words)) == (3, 1)
        assert (first.language, first.confidence) == ("en", 0.98)

    def test_a_partial_of_two_speakers_stays_one(self) -> None:
        (partial,) = heard(decode(results(is_final=False)))
        assert (partial.text, partial.speaker) == ("How are you? Fine.", None)
        assert [each.speaker for each in partial.words] == ["0", "0", "0", "1"]

    def test_words_that_are_not_in_the_text_keep_their_speakers(self) -> None:
        (final,) = heard(decode(best(transcript="How are you?")))
        assert (final.text, final.speaker, len(final.words)) == ("How are you?", None, 4)

    def test_silence_is_proved_by_a_final_without_text(self) -> None:
        (silence,) = decode(best(transcript="", words=[]))
        assert silence == Heard(
            text="", start=10.0, end=12.5, final=True, confidence=0.98, language="en"
        )

    def test_a_sum_of_times_is_rounded(self) -> None:
        first = heard(decode(best(words=[]) | {"start": 11.88, "duration": 2.4}))[0]
        assert first.end == 14.28

    @pytest.mark.parametrize("text", ["0.5", 0.5])
    def test_numbers_may_be_texts(self, text: Any) -> None:
        (final,) = heard(decode(best(words=[]) | {"start": text, "duration": text}))
        assert (final.start, final.end) == (0.5, 1.0)

    def test_without_times_those_of_the_words_count(self) -> None:
        first, second = heard(decode(results(start=None, duration=None)))
        assert (first.start, first.end, second.end) == (10.1, 11.2, 11.6)

    def test_without_a_transcript_the_words_are_the_text(self) -> None:
        assert [each.text for each in heard(decode(best(transcript=None)))] == [
            "How are you?",
            "Fine.",
        ]

    def test_a_word_without_punctuation_is_taken_as_it_is(self) -> None:
        (final,) = heard(decode(best(words=[{"word": "so"}, {"start": 1}, "so"])))
        assert final.words == (Word(text="so"),)

    @pytest.mark.parametrize("is_final", [True, False])
    def test_neither_transcript_nor_words(self, is_final: bool) -> None:
        none: list[Any] = [None, {}, {"alternatives": []}, {"alternatives": [{"transcript": 3}]}]
        for channel in none:
            (item,) = decode(results(channel=channel, is_final=is_final))
            assert item == Malformed(why="Results: no transcript", words=is_final)

    def test_one_of_two_channels_is_named(self) -> None:
        assert {each.channel for each in heard(decode(results(channel_index=[1, 2])))} == {1}
        assert {each.channel for each in heard(decode(results(channel_index="1")))} == {None}

    def test_entities_are_noticed(self) -> None:
        entity = {"label": "NAME", "value": "Riga", "raw_value": "riga", "confidence": 0.9}
        *_, noticed = decode(results(entities=[entity]))
        assert noticed == Noticed(kind="entities", payload={"entities": [entity]})

    @settings(max_examples=some(150), deadline=None)
    @given(data=st.data())
    def test_a_side_field_of_any_type_costs_no_text(self, data: st.DataObject) -> None:
        needed = ("channel", "alternatives", 0, "transcript")
        paths = side_fields(json.dumps(DIALOGUE), ("type",), ("is_final",), needed)
        message = DIALOGUE
        for path in data.draw(st.lists(st.sampled_from(paths), max_size=2)):
            message = spoiled(message, path, data.draw(VALUES))
        said = heard(check_items(DIALECT, None, json.dumps(message))[1])
        assert " ".join(each.text for each in said) == "How are you? Fine."
        assert all(each.final for each in said)


class TestTheEnd:
    METADATA: ClassVar[dict[str, Any]] = {
        "type": "Metadata",
        "request_id": "R",
        "duration": 25.93,
        "channels": 1,
    }

    def test_before_the_stop_it_ends_nothing(self) -> None:
        assert decode(self.METADATA) == [Status(state="metadata", text="R")]

    @pytest.mark.parametrize(
        ("sent", "until"), [(25.93, None), (25.94, None), (26.5, 25.93), (0.0, None)]
    )
    def test_it_proves_as_far_as_its_duration(self, sent: float, until: float | None) -> None:
        (final,) = decode(self.METADATA, sent)
        assert isinstance(final, FinalMessage)
        assert (final.until, final.proves) == (until, True)
        assert final.summary == {"request_id": "R", "duration": 25.93, "channels": 1}

    def test_an_early_one_that_crosses_the_stop_is_not_the_last(self) -> None:
        early = {**self.METADATA, "duration": 0.0}
        assert decode(early, 2.0) == [Status(state="metadata", text="R")]
        assert isinstance(decode(early, 0.0)[0], FinalMessage)

    def test_without_a_duration_it_proves_nothing(self) -> None:
        (final,) = decode({"type": "Metadata", "duration": "all"}, 2.0)
        assert final == FinalMessage(summary={"duration": "all"}, proves=False)


class TestEverythingElse:
    def test_an_error_is_told(self) -> None:
        error = {"type": "Error", "variant": "SchemaError", "description": "no such message"}
        assert decode(error) == [Remark(text="SchemaError: no such message")]
        assert decode({"type": "Error", "message": ["?"]}) == [Remark(text="")]

    @pytest.mark.parametrize(
        ("error", "said"),
        [
            ({"err_code": "INVALID_AUTH", "err_msg": "Invalid credentials."},
             "INVALID_AUTH: Invalid credentials."),
            ({"error": "Bad Request", "reason": "no such model"}, "Bad Request: no such model"),
        ],
    )  # fmt: skip
    def test_an_error_of_an_older_form_is_told(self, error: dict[str, Any], said: str) -> None:
        """Deepgram, Errors: the body of a refusal, which some servers send as a message."""
        assert decode({**error, "request_id": "1"}) == [Remark(text=said)]

    def test_an_unknown_type_is_tolerated(self) -> None:
        assert decode({"type": "ConfigureSuccess"}) == [Unknown(type="ConfigureSuccess")]
        assert decode({"type": "x" * 99}) == [Unknown(type="x" * 80)]

    def test_without_a_type_it_is_unknown(self) -> None:
        assert decode({"type": 3}) == [Unknown(type="no type")]

    @pytest.mark.parametrize(
        ("data", "why", "words"),
        [
            ("no", "not JSON", True),
            ("[" * 100_000, "nested too deeply", True),
            ("3", "no object", False),
            (b"\xff", "not JSON", True),
        ],
    )
    def test_no_message(self, data: str | bytes, why: str, words: bool) -> None:
        assert check_items(DIALECT, None, data)[1] == [Malformed(why=why, words=words)]

    def test_json_of_other_writers_is_read(self) -> None:
        odd = '\ufeff{"type": "Results", "is_final": "true", "start": NaN, "duration": 1e400, %s}\0'
        said = '"channel": {"alternatives": [{"transcript": "a\\ud800b", "words": %s}]}'
        (item,) = check_items(DIALECT, None, (odd % (said % ("9" * 500))).encode())[1]
        assert item == Heard(text="a?b", start=None, end=None, final=True)

    @settings(max_examples=some(200), deadline=None)
    @given(NOISE | mutants([*RECORDED, json.dumps(DIALOGUE)]), st.none() | st.floats(0, 1e6))
    def test_anything_decodes(self, data: str | bytes, memory: float | None) -> None:
        check_items(DIALECT, memory, data)
