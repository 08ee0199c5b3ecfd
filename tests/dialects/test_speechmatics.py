"""Speechmatics, real-time v2: its messages, and everything else.

The session has the form and the times of a real one (a log in Speechmatics' Python SDK, output
format 2.9); the other messages are those of its AsyncAPI specification.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from openline.dialects.checking import check_dialect
from openline.dialects.dry_run import dry_run
from openline.dialects.options import configured
from openline.dialects.protocol import (
    Expires,
    FinalMessage,
    Heard,
    Ids,
    Malformed,
    Message,
    Noticed,
    Proof,
    Refusal,
    Remark,
    Sent,
    Status,
    Unknown,
    Word,
)
from openline.dialects.speechmatics import Speechmatics
from openline.dialects.speechmatics_rows import ERRORS, OTHER
from openline.dialects.traits import Address, Drain, Ends, Unit
from openline.reconnect.verdicts import Action, Ending, judge
from tests.dialects.support_messages import (
    NOISE,
    VALUES,
    check_items,
    handshake,
    mutants,
    side_fields,
    spoiled,
)
from tests.support_profiles import some

DIALECT = Speechmatics()
IDS = Ids(session_id="S", attempt_id="A", connection_id="C")


def word(
    content: str, start: float, end: float, speaker: str | None = "S1", **more: Any
) -> dict[str, Any]:
    best = {"confidence": 1.0, "content": content, "language": "en", "speaker": speaker}
    return {"alternatives": [best], "start_time": start, "end_time": end, "type": "word", **more}


def mark(content: str, at: float, to: str = "previous") -> dict[str, Any]:
    return word(content, at, at, type="punctuation", attaches_to=to, is_eos=to == "previous")


def transcript(
    text: str, start: float, end: float, *results: dict[str, Any], partial: bool = False
) -> dict[str, Any]:
    return {
        "message": "AddPartialTranscript" if partial else "AddTranscript",
        "format": "2.9",
        "results": list(results),
        "metadata": {"start_time": start, "end_time": end, "transcript": text},
    }


def decode(message: dict[str, Any]) -> list[Message]:
    return check_items(DIALECT, None, json.dumps(message))[1]


def one(message: dict[str, Any]) -> Message:
    (item,) = decode(message)
    return item


def heard(message: dict[str, Any]) -> list[Heard]:
    return [each for each in decode(message) if isinstance(each, Heard)]


def told(content: str, start: float, end: float) -> Word:
    return Word(text=content, start=start, end=end, confidence=1.0, speaker="S1")


def by_one(text: str, start: float, end: float, *words: Word, partial: bool = False) -> Heard:
    said = Heard(text=text, start=start, end=end, final=not partial, words=words)
    return replace(said, language="en", speaker="S1")


#: The beginning of the session, message by message, each with its item.
SESSION: tuple[tuple[dict[str, Any], Message], ...] = (
    (
        {
            "message": "Info",
            "type": "concurrent_session_usage",
            "reason": "1 of 2",
            "usage": 1,
            "quota": 2,
        },
        Status(state="concurrent_session_usage", text="1 of 2"),
    ),
    (
        {"message": "RecognitionStarted", "id": "807670e9", "language_pack_info": {}},
        Status(state="RecognitionStarted", text="807670e9", ack=True),
    ),
    ({"message": "AudioAdded", "seq_no": 1}, Proof(unit=Unit.AUDIO, received=1.0)),
    (transcript("", 0.0, 0.28), Heard(text="", start=0.0, end=0.28, final=True)),
    (
        transcript("", 0.28, 0.64, partial=True),
        Heard(text="", start=0.28, end=0.64, final=False),
    ),
    (
        transcript("Welcome", 0.2, 0.92, word("Welcome", 0.36, 0.92), partial=True),
        by_one("Welcome", 0.2, 0.92, told("Welcome", 0.36, 0.92), partial=True),
    ),
    (
        transcript(*("Welcome to ", 0.2, 1.0), word("Welcome", 0.36, 0.92), word("to", 0.92, 1.0)),
        by_one("Welcome to", 0.2, 1.0, told("Welcome", 0.36, 0.92), told("to", 0.92, 1.0)),
    ),
    (
        transcript("speech ", 1.0, 1.32, word("speech", 1.04, 1.32)),
        by_one("speech", 1.0, 1.32, told("speech", 1.04, 1.32)),
    ),
    (
        transcript(". ", 1.32, 2.36, mark(".", 1.32)),
        by_one(".", 1.32, 2.36, told(".", 1.32, 1.32)),
    ),
    (
        {"message": "EndOfUtterance", "metadata": {"start_time": 2.44, "end_time": 2.44}},
        Noticed(kind="utterance_end", payload={"metadata": {"start_time": 2.44, "end_time": 2.44}}),
    ),
    ({"message": "EndOfTranscript"}, FinalMessage(summary={})),
)


class TestWhatItSays:
    def test_it_can_be_used(self) -> None:
        check_dialect(DIALECT)
        dry_run(DIALECT)
        assert DIALECT.begin() is None

    def test_it_starts_and_ends_as_the_maker_s_client(self) -> None:
        path, headers, said = handshake("speechmatics")
        _, start = Speechmatics(max_delay=1.0).start(None, IDS)
        _, stop = DIALECT.stop(None, IDS, Sent(seconds=1.0, audio=10, messages=11))
        assert [json.loads(each) for each in (*start, *stop)] == [json.loads(x) for x in said]
        assert DIALECT.headers("KEY") == [("Authorization", headers["Authorization"])]
        assert path.startswith("/v2?")
        assert DIALECT.query() == ()

    def test_options_are_in_the_start(self) -> None:
        text = {
            "language": "de",
            "model": "standard",
            "partials": "no",
            "max_delay": "2.5",
            "diarize": "yes",
            "vocabulary": "Riga,Oslo",
            "locale": "de-CH",
            "domain": "finance",
            "utterance_silence": "0.5",
        }
        _, (start,) = configured(DIALECT, text).start(None, IDS)
        assert json.loads(start)["transcription_config"] == {
            "language": "de",
            "model": "standard",
            "enable_partials": False,
            "max_delay": 2.5,
            "diarization": "speaker",
            "additional_vocab": ["Riga", "Oslo"],
            "output_locale": "de-CH",
            "domain": "finance",
            "conversation_config": {"end_of_utterance_silence_trigger": 0.5},
        }

    def test_audio_goes_as_it_is(self) -> None:
        assert DIALECT.audio(None, "mic", b"\1\2", 7) == (None, (b"\1\2",))

    def test_a_flush_ends_the_utterance_where_the_audio_ends(self) -> None:
        _, (flush,) = DIALECT.flush(None, Sent(seconds=12.34567, audio=1, messages=1))
        assert json.loads(flush) == {"message": "ForceEndOfUtterance", "timestamp": 12.346}

    def test_an_older_server_is_never_asked_to_end_an_utterance(self) -> None:
        older = Speechmatics(force_end=False)
        assert older.flush(None, Sent()) == (None, ())
        assert (older.traits.flush_idle, DIALECT.traits.flush_idle) == (None, 2.0)

    @pytest.mark.parametrize("force_end", [True, False])
    def test_a_connection_is_left_by_the_message_that_misses_no_word(self, force_end: bool) -> None:
        assert Speechmatics(force_end=force_end).traits.drain is Drain.STOP


class TestTraits:
    def test_finals_are_proof_and_audio_is_counted(self) -> None:
        assert (DIALECT.traits.ends, DIALECT.traits.counts) == (Ends.EXACT, Unit.AUDIO)
        assert (DIALECT.traits.replies, DIALECT.traits.proves_silence) == (True, True)

    def test_the_region_is_in_the_host(self) -> None:
        assert Speechmatics(region="us").traits.address == Address(
            "us.rt.speechmatics.com", 443, "/v2", secure=True
        )

    @pytest.mark.parametrize("region", ["", "evil.example/", "a b"])
    def test_a_region_that_is_none_is_refused(self, region: str) -> None:
        with pytest.raises(ValueError, match="region is"):
            Speechmatics(region=region)

    def test_a_vocabulary_takes_time(self) -> None:
        assert DIALECT.traits.patience is None
        assert Speechmatics(vocabulary=("Riga",)).traits.patience == 20.0

    def test_a_shorter_delay_is_a_shorter_horizon(self) -> None:
        assert (DIALECT.traits.horizon, Speechmatics(max_delay=1.0).traits.horizon) == (14.0, 11.0)

    @pytest.mark.parametrize(
        ("number", "action"),
        [
            *((1003, Action.RETRY), (1011, Action.LATER), (4001, Action.REAUTH)),
            *((4003, Action.FATAL), (4004, Action.FATAL), (4005, Action.LATER)),
            *((4006, Action.FATAL), (4013, Action.LATER), (400, Action.FATAL)),
            *((401, Action.REAUTH), (404, Action.FATAL), (405, Action.FATAL)),
        ],
    )
    def test_the_maker_s_refusals_have_rules(self, number: int, action: Action) -> None:
        assert DIALECT.traits.rulings[number].action is action


@pytest.mark.parametrize(("message", "item"), SESSION, ids=[m["message"] for m, _ in SESSION])
def test_a_session(message: dict[str, Any], item: Message) -> None:
    assert one(message) == item


class TestTranscripts:
    def test_punctuation_is_joined_to_its_word(self) -> None:
        (final,) = heard(
            transcript("Yes, no. ", 0, 2, word("Yes", 0, 1), mark(",", 1), word("no", 1, 2))
        )
        assert (final.text, [each.text for each in final.words]) == ("Yes, no.", ["Yes,", "no"])

    def test_a_mark_that_opens_is_joined_to_the_next_word(self) -> None:
        (final,) = heard(
            transcript("¿Qué? ", 0, 2, mark("¿", 1, "next"), word("Qué", 1, 2), mark("?", 2))
        )
        assert final.words == (told("¿Qué?", 1.0, 2.0),)

    def test_a_mark_joins_two_words(self) -> None:
        (final,) = heard(
            transcript("a-b ", 0, 2, word("a", 0, 1), mark("-", 1, "both"), word("b", 1, 2))
        )
        assert final.words == (told("a-b", 0.0, 2.0),)

    def test_a_mark_without_a_time_leaves_that_of_the_word(self) -> None:
        dot = {**mark(".", 1), "end_time": None}
        (final,) = heard(transcript("a.", 0, 2, word("a", 0, 1), dot))
        assert final.words == (told("a.", 0.0, 1.0),)

    def test_a_final_of_two_speakers_becomes_two(self) -> None:
        results = word("Fine", 0, 1), mark(".", 1), word("Good", 1.5, 2, "S2")
        first, second = heard(transcript("Fine. Good ", 0, 2.5, *results))
        assert (first.text, first.start, first.end, first.speaker) == ("Fine.", 0.0, 1.5, "S1")
        assert (second.text, second.start, second.end, second.speaker) == ("Good", 1.5, 2.5, "S2")

    def test_a_speaker_who_is_not_known_has_no_name(self) -> None:
        """Speechmatics, Realtime diarization: UU is used when the speaker cannot be identified."""
        (final,) = heard(transcript("Hm ", 0, 1, word("Hm", 0, 1, "UU")))
        assert (final.speaker, final.words[0].speaker) == (None, None)

    def test_without_a_text_the_words_are_the_text(self) -> None:
        for text in (None, ""):
            message = transcript("", 0, 2, word("Yes", 0, 1), mark(".", 1), {"type": "word"})
            message["metadata"]["transcript"] = text
            assert [each.text for each in heard(message)] == ["Yes."]

    def test_without_times_those_of_the_words_count(self) -> None:
        message = transcript("Yes ", 0, 2, word("Yes", 0.5, 1))
        message["metadata"] = {"transcript": "Yes "}
        assert [(each.start, each.end) for each in heard(message)] == [(0.5, 1.0)]

    @pytest.mark.parametrize("kind", ["AddTranscript", "AddPartialTranscript"])
    def test_neither_text_nor_words(self, kind: str) -> None:
        is_final = kind == "AddTranscript"
        assert one({"message": kind}) == Malformed(why=f"{kind}: no transcript", words=is_final)

    @settings(max_examples=some(150), deadline=None)
    @given(data=st.data())
    def test_a_side_field_of_any_type_costs_no_text(self, data: st.DataObject) -> None:
        message = transcript("Fine. Good ", 0, 2.5, word("Fine", 0, 1), word("Good", 1, 2, "S2"))
        paths = side_fields(json.dumps(message), ("message",), ("metadata", "transcript"))
        for path in data.draw(st.lists(st.sampled_from(paths), max_size=2)):
            message = spoiled(message, path, data.draw(VALUES))
        assert " ".join(each.text for each in heard(message) if each.final) == "Fine. Good"


class TestTrouble:
    @pytest.mark.parametrize(
        ("kind", "action"),
        [
            *((each, Action.FATAL) for each in ("invalid_message", "invalid_model")),
            *((each, Action.FATAL) for each in ("invalid_config", "invalid_audio_type")),
            *((each, Action.FATAL) for each in ("invalid_output_format", "not_allowed")),
            *((each, Action.FATAL) for each in ("insufficient_funds", "timelimit_exceeded")),
            *(("not_authorised", Action.REAUTH), ("quota_exceeded", Action.LATER)),
            *(("job_error", Action.LATER), ("data_error", Action.RETRY)),
            *((each, Action.RETRY) for each in ("buffer_error", "protocol_error")),
            *((each, Action.RETRY) for each in ("idle_timeout", "session_timeout")),
            *((each, Action.RETRY) for each in ("session_transfer", "unknown_error")),
        ],
    )
    def test_each_error_of_the_reference_has_a_rule(self, kind: str, action: Action) -> None:
        item = one({"message": "Error", "type": kind, "reason": "so", "code": 4000})
        assert isinstance(item, Refusal)
        assert (item.row.action, item.text) == (action, f"{kind}: so")
        assert item.row is ERRORS.get(kind, OTHER)

    def test_an_error_of_no_type_is_one_too(self) -> None:
        assert one({"message": "Error", "type": 3}) == Refusal(row=OTHER, text="")

    def test_an_error_of_a_new_type_leaves_the_verdict_to_the_close(self) -> None:
        """A close always follows, and its code may be one that is known, as 4005."""
        new = {"message": "Error", "type": "contract_paused", "reason": "Paused"}
        assert one(new) == Remark(text="contract_paused: Paused")

    def test_beyond_the_limit_another_connection_is_wanted_and_this_one_proves_nothing(
        self,
    ) -> None:
        warning = {"message": "Warning", "type": "duration_limit_exceeded", "reason": "too long"}
        assert decode({**warning, "duration_limit": 7200}) == [
            Status(state="duration_limit_exceeded", text="too long", doubtful=True),
            Expires(seconds=0.0, text="too long"),
        ]

    @pytest.mark.parametrize(("minutes", "seconds"), [("45", 2700.0), ("7.5", 450.0)])
    def test_the_end_of_a_long_session_is_announced(self, minutes: str, seconds: float) -> None:
        reason = (
            f"Session will timeout in {minutes}m due to max duration, "
            "session has been active for 2835m"
        )
        warning = {"message": "Warning", "type": "session_timeout", "reason": reason}
        assert one(warning) == Expires(seconds=seconds, text=reason)

    @pytest.mark.parametrize("reason", ["soon", "timeout in m", "timeout in 99999999999m"])
    def test_an_announcement_without_a_time_is_told(self, reason: str) -> None:
        warning = {"message": "Warning", "type": "session_timeout", "reason": reason}
        assert one(warning) == Status(state="session_timeout", text=reason)

    def test_audio_behind_the_end_is_a_doubt(self) -> None:
        assert one({"message": "Warning", "type": "add_audio_after_eos"}) == Status(
            state="add_audio_after_eos", warning=True
        )

    def test_other_warnings_are_told(self) -> None:
        assert one({"message": "Warning", "type": None}) == Status(state="Warning")
        assert one({"message": "Info"}) == Status(state="Info")

    @pytest.mark.parametrize("number", [None, -1, True, "x"])
    def test_a_receipt_without_a_number(self, number: Any) -> None:
        item = one({"message": "AudioAdded", "seq_no": number})
        assert item == Malformed(why="AudioAdded: no number", words=False)

    def test_events_are_noticed(self) -> None:
        event = {"type": "music", "start_time": 1.5, "confidence": 0.9}
        item = one({"message": "AudioEventStarted", "event": event})
        assert item == Noticed(kind="audio_event_started", payload={"event": event})

    def test_an_unknown_message_is_tolerated(self) -> None:
        assert one({"message": "AddTranslation"}) == Unknown(type="AddTranslation")
        assert one({"message": 3}) == Unknown(type="no message")

    @pytest.mark.parametrize("data", ["no", "[]", b"\xff", "[" * 100_000])
    def test_no_message(self, data: str | bytes) -> None:
        (item,) = check_items(DIALECT, None, data)[1]
        assert isinstance(item, Malformed)

    @settings(max_examples=some(200), deadline=None)
    @given(NOISE | mutants([json.dumps(message) for message, _ in SESSION]))
    def test_anything_decodes(self, data: str | bytes) -> None:
        check_items(DIALECT, None, data)


@pytest.mark.parametrize("kind", [each for each in ERRORS if each.startswith("invalid_")])
def test_settings_that_were_accepted_before_end_no_session(kind: str) -> None:
    """As of a container that does not know ``ForceEndOfUtterance``, or is started anew."""
    row = ERRORS[kind]
    first = judge(Ending(refusal=row))
    later = judge(Ending(refusal=row, ever_connected=True))
    assert (first.action, later.action) == (Action.FATAL, Action.LATER)


def test_an_older_container_that_is_asked_to_end_an_utterance_is_named() -> None:
    verdict = judge(Ending(refusal=ERRORS["invalid_message"], ever_connected=True))
    assert "force_end=false" in verdict.why
