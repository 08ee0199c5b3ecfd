"""The OpenAI dialect: items have places, transcripts have none, and proof is per item.

The events are those of OpenAI's schema, with the values of its examples, and of sessions that
users reported. What they decode to is written by hand.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openline.dialects.checking import check_dialect
from openline.dialects.dry_run import dry_run
from openline.dialects.openai import OpenAI
from openline.dialects.openai_items import (
    MOST_ITEMS,
    MOST_TEXT,
    SKIPPED,
    Commit,
    OpenAIMemory,
)
from openline.dialects.openai_rows import ERRORS, SETTINGS
from openline.dialects.options import configured, recorded
from openline.dialects.protocol import (
    Expires,
    FinalMessage,
    Heard,
    Ids,
    Lost,
    Malformed,
    Message,
    Proof,
    Refusal,
    Remark,
    Sent,
    Status,
    Unknown,
)
from openline.dialects.registry import BUILT_IN
from openline.dialects.traits import Ends
from openline.reconnect.verdicts import Action, Ending, Sender, judge
from tests.dialects.fuzzing import anything, play
from tests.dialects.support_wire import from_source
from tests.support_profiles import some

DIALECT = OpenAI()
COMMITS = OpenAI(model="gpt-live-transcribe")
IDS = Ids(session_id="S", attempt_id="A", connection_id="C")
WORDS = "conversation.item.input_audio_transcription."
BUFFER = "input_audio_buffer."
EMPTY = {
    "type": "invalid_request_error",
    "code": "input_audio_buffer_commit_empty",
    "message": "Error committing input audio buffer: buffer too small.",
}


class Line:
    """A dial whose settings were accepted, with the memory from message to message."""

    def __init__(self, memory: OpenAIMemory | None = None) -> None:
        self.memory = OpenAIMemory(ready=True) if memory is None else memory

    def got(self, kind: str, name: Any = None, **more: Any) -> list[Message]:
        given = more if name is None else {"item_id": name, **more}
        return self.raw(json.dumps({"type": kind, "event_id": "event_1", **given}))

    def raw(self, data: str | bytes) -> list[Message]:
        self.memory, items = DIALECT.decode(self.memory, data)
        return list(items)

    def hear(self, seconds: float) -> None:
        """So much audio is sent in all."""
        pcm = bytes(round((seconds - self.memory.sent) * 48000))
        self.memory, _ = DIALECT.audio(self.memory, "mic", pcm, 0)

    def flush(self, seconds: float) -> list[Any]:
        self.memory, messages = COMMITS.flush(self.memory, Sent(seconds=seconds))
        return [json.loads(each) for each in messages]

    def stop(self, seconds: float) -> list[Any]:
        self.memory, messages = COMMITS.stop(self.memory, IDS, Sent(seconds=seconds))
        return [json.loads(each) for each in messages]

    def speech(self, name: str, start: int, end: int | None = None) -> None:
        """The VAD hears an item, in milliseconds."""
        self.got(BUFFER + "speech_started", name, audio_start_ms=start)
        if end is not None:
            self.got(BUFFER + "speech_stopped", name, audio_end_ms=end)
            self.got(BUFFER + "committed", name, previous_item_id=None)

    def completed(self, name: str, text: Any = "yes", **more: Any) -> list[Message]:
        return self.got(WORDS + "completed", name, content_index=0, transcript=text, **more)

    def error(self, **error: Any) -> list[Message]:
        return self.got("error", error=error)


def final(name: str, start: float | None, end: float | None, text: str = "yes") -> Heard:
    return Heard(text=text, start=start, end=end, final=True, segment_id=name)


def confirmed(seconds: float) -> Proof:
    return Proof(confirmed=seconds)


class TestWhatItSends:
    def test_it_is_a_dialect_of_the_box(self) -> None:
        for each in (DIALECT, COMMITS):
            check_dialect(each)
            dry_run(each)
        assert BUILT_IN["openai"] == DIALECT

    def test_the_start_is_the_one_of_the_makers_client(self) -> None:
        # The Python client 3.57.0 sent this to a loopback server.
        dialect = OpenAI(model="gpt-4o-transcribe", turn_detection="none")
        _, (start,) = dialect.start(dialect.begin(), IDS)
        assert json.loads(start) == {
            "type": "session.update",
            "session": {
                "type": "transcription",
                "audio": {
                    "input": {
                        "format": {"type": "audio/pcm", "rate": 24000},
                        "transcription": {"model": "gpt-4o-transcribe"},
                        "turn_detection": None,
                    }
                },
            },
        }
        assert dialect.query() == [("intent", "transcription")]

    def test_options_go_into_the_start(self) -> None:
        given = {
            "model": "gpt-transcribe-2026",
            "language": "de",
            "languages": "de,en",
            "prompt": "a talk",
            "keywords": "openline",
            "delay": "low",
            "noise_reduction": "near_field",
            "turn_detection": "server_vad",
            "threshold": "0.4",
            "silence": "700",
        }
        dialect = configured(DIALECT, given)
        _, (start,) = dialect.start(dialect.begin(), IDS)
        assert json.loads(start)["session"]["audio"]["input"] == {
            "format": {"type": "audio/pcm", "rate": 24000},
            "transcription": {
                "model": "gpt-transcribe-2026",
                "language": "de",
                "languages": ["de", "en"],
                "prompt": "a talk",
                "keywords": ["openline"],
                "delay": "low",
            },
            "turn_detection": {
                "type": "server_vad",
                "threshold": 0.4,
                "silence_duration_ms": 700,
            },
            "noise_reduction": {"type": "near_field"},
        }
        assert recorded(dialect) == given

    @pytest.mark.parametrize(
        ("options", "why"),
        [
            ({"turn_detection": "vad"}, "give one of auto, server_vad, semantic_vad, none"),
            (
                {"model": "gpt-realtime-whisper", "turn_detection": "server_vad"},
                "gpt-realtime-whisper allows none alone",
            ),
            ({"commit_every": 0.5}, "give 1 second or more"),
        ],
    )
    def test_options_that_cannot_work_are_refused(self, options: Any, why: str) -> None:
        with pytest.raises(ValueError, match=why):
            OpenAI(**options)

    def test_without_vad_it_commits_and_proves_silence(self) -> None:
        assert COMMITS.detection == "none"
        assert (COMMITS.traits.flush_every, COMMITS.traits.flush_idle) == (10.0, None)
        assert COMMITS.traits.proves_silence
        assert OpenAI(turn_detection="semantic_vad").detection == "semantic_vad"
        assert DIALECT.detection == "server_vad"
        assert (DIALECT.traits.flush_every, DIALECT.traits.flush_idle) == (None, 2.0)
        assert not DIALECT.traits.proves_silence
        assert DIALECT.traits.ends is Ends.NONE

    def test_audio_is_base64(self) -> None:
        _, (message,) = DIALECT.audio(DIALECT.begin(), "mic", b"\1\2\3\4", 0)
        assert json.loads(message) == {
            "type": "input_audio_buffer.append",
            "audio": base64.b64encode(b"\1\2\3\4").decode(),
        }

    def test_a_commit_needs_a_tenth_of_a_second(self) -> None:
        line = Line()
        assert line.flush(0.0) == []
        commit = {"type": "input_audio_buffer.commit"}
        assert line.flush(10.0) == [{**commit, "event_id": "commit-1"}]
        assert line.flush(10.05) == []
        assert line.stop(10.05) == [{**commit, "event_id": "commit-2"}]

    def test_an_utterance_is_committed_when_no_audio_follows(self) -> None:
        idle, memory = Sent(seconds=9.0, idle=True), DIALECT.begin()
        assert DIALECT.flush(memory, idle) == (memory, ()), "of silence a model may make words"
        begun = {"type": "input_audio_buffer.speech_started", "item_id": "i", "audio_start_ms": 1}
        ended = {"type": "input_audio_buffer.speech_stopped", "item_id": "i", "audio_end_ms": 900}
        memory, _ = DIALECT.decode(memory, json.dumps(begun))
        _, (commit,) = DIALECT.flush(memory, idle)
        assert json.loads(commit)["type"] == "input_audio_buffer.commit"
        memory, _ = DIALECT.decode(memory, json.dumps(ended))
        assert DIALECT.flush(memory, idle) == (memory, ())
        assert DIALECT.flush(memory, Sent(seconds=9.0))[1], "a drain takes all that was sent"

    def test_a_server_that_answers_no_commit_gets_no_more(self) -> None:
        pending = tuple(Commit(id=f"commit-{n}", seconds=n) for n in range(MOST_ITEMS))
        line = Line(OpenAIMemory(ready=True, pending=pending))
        assert line.flush(100.0) == []


class TestOpening:
    def test_the_greeting_and_the_reply(self) -> None:
        line = Line(OpenAIMemory())
        assert Line().got("session.created", session={"expires_at": 1_800_000_000}) == [
            Status(state="session.created", ack=True),
            Expires(at=1_800_000_000.0),
        ]
        assert line.got("session.created", session={}) == [
            Status(state="session.created", ack=True)
        ]
        assert not line.memory.ready
        assert line.got("session.updated", session={}) == [
            Status(state="session.updated", ack=True)
        ]
        assert line.memory.ready

    def test_refused_settings_are_fatal(self) -> None:
        line = Line(OpenAIMemory())
        assert line.error(type="invalid_request_error", param="session.audio", message="no") == [
            Refusal(row=SETTINGS, text="no")
        ]
        assert line.error(type="server_error", message="oh") == [Remark(text="oh")]


class TestWithVad:
    def test_an_item_lies_where_the_vad_heard_it(self) -> None:
        # The times of a session that was reported to the maker's samples.
        line = Line()
        assert line.got(BUFFER + "speech_started", "item_A", audio_start_ms=1012) == [
            Proof(received=1.012, drained=1.012)
        ]
        assert line.got(BUFFER + "speech_stopped", "item_A", audio_end_ms=2080) == [
            Proof(received=2.08, drained=2.08)
        ]
        assert line.got(BUFFER + "committed", "item_A", previous_item_id=None) == [
            Proof(received=2.08)
        ]
        assert line.got("conversation.item.added", item={"id": "item_A"}) == []
        part = Heard(text="Hel", start=1.012, end=2.08, final=False, segment_id="item_A")
        assert line.got(WORDS + "delta", "item_A", delta="Hel") == [part]
        assert line.completed("item_A", " Hello. ", languages=[{"code": "en"}]) == [
            Heard(
                text="Hello.",
                start=1.012,
                end=2.08,
                final=True,
                language="en",
                segment_id="item_A",
            ),
            confirmed(2.08),
        ]

    def test_transcripts_may_complete_in_any_order(self) -> None:
        line = Line()
        line.speech("A", 1000, 2000)
        line.speech("B", 3000, 4000)
        assert line.completed("B") == [final("B", 3.0, 4.0), confirmed(1.0)]
        assert line.completed("A") == [final("A", 1.0, 2.0), confirmed(4.0)]

    def test_nothing_is_proved_beyond_where_speech_goes_on(self) -> None:
        line = Line()
        line.speech("A", 1000, 2000)
        line.speech("B", 1900)
        assert line.completed("A") == [final("A", 1.0, 2.0), confirmed(1.9)]

    def test_a_failed_transcription_is_lost_audio(self) -> None:
        line = Line()
        line.speech("A", 1000, 2000)
        assert line.got(WORDS + "failed", "A", error={"message": "cannot decode"}) == [
            Lost(source=None, text="cannot decode", start=1.0, end=2.0),
            confirmed(2.0),
        ]

    def test_the_stop_ends_with_the_item_that_was_open(self) -> None:
        line = Line()
        line.speech("A", 1000)
        line.stop(5.0)
        assert line.got(BUFFER + "committed", "A") == [Proof(received=5.0)]
        assert line.completed("A") == [
            final("A", 1.0, 5.0),
            confirmed(5.0),
            FinalMessage(summary={}),
        ]

    def test_an_item_that_the_vad_ended_is_no_answer_to_the_stop(self) -> None:
        line = Line()
        line.speech("A", 1000)
        line.stop(5.0)
        line.got(BUFFER + "speech_stopped", "A", audio_end_ms=4000)
        line.got(BUFFER + "committed", "A")
        assert line.completed("A") == [final("A", 1.0, 4.0), confirmed(4.0)]
        assert line.error(**EMPTY, event_id="commit-1") == [FinalMessage(summary={})]

    def test_an_item_that_begins_behind_the_last_commit_is_not_awaited(self) -> None:
        """All audio is committed, so it has none, and the server never completes it."""
        line = Line()
        line.speech("A", 1000)
        line.stop(5.0)
        line.got(BUFFER + "committed", "A")
        line.got(BUFFER + "speech_started", "B", audio_start_ms=5000)
        assert line.completed("A")[-1] == FinalMessage(summary={})

    def test_an_item_without_a_place_has_no_times(self) -> None:
        line = Line()
        line.got(BUFFER + "committed", "A")
        assert line.completed("A") == [final("A", None, None), confirmed(0.0)]


class TestWithCommits:
    def test_an_item_lies_between_two_commits(self) -> None:
        line = Line()
        line.flush(10.0)
        assert line.got(WORDS + "delta", "A", delta="so") == [
            Heard(text="so", start=None, end=None, final=False, segment_id="A")
        ]
        line.flush(20.0)
        assert line.got(BUFFER + "committed", "A") == [Proof(received=10.0)]
        assert line.got(BUFFER + "committed", "B") == [Proof(received=20.0)]
        assert line.completed("B") == [final("B", 10.0, 20.0), confirmed(0.0)]
        assert line.completed("A", "") == [final("A", 0.0, 10.0, ""), confirmed(20.0)]

    def test_words_before_the_last_commit_is_answered_have_the_place_of_their_own(self) -> None:
        line = Line()
        line.flush(10.0)
        line.got(WORDS + "delta", "B", delta="early")
        line.got(BUFFER + "committed", "A")
        line.flush(20.0)
        line.got(BUFFER + "committed", "B")
        assert line.completed("A") == [final("A", 0.0, 10.0), confirmed(10.0)]
        assert line.completed("B") == [final("B", 10.0, 20.0), confirmed(20.0)]

    def test_a_commit_that_failed_leaves_its_audio_to_the_next(self) -> None:
        line = Line()
        line.flush(10.0)
        assert line.error(type="server_error", message="oh", event_id="commit-1") == [
            Remark(text="oh")
        ]
        line.flush(20.0)
        line.got(BUFFER + "committed", "A")
        assert line.completed("A") == [final("A", 0.0, 20.0), confirmed(20.0)]

    def test_the_stop_waits_for_every_item(self) -> None:
        line = Line()
        line.flush(10.0)
        line.got(BUFFER + "committed", "A")
        line.stop(12.0)
        line.got(BUFFER + "committed", "B")
        assert line.completed("B") == [final("B", 10.0, 12.0), confirmed(0.0)]
        assert line.completed("A")[-1] == FinalMessage(summary={})
        assert line.error(message="more") == [Remark(text="more")]

    def test_an_empty_last_commit_does_not_hang_the_end(self) -> None:
        line = Line()
        line.stop(0.0)
        assert line.error(**EMPTY) == [FinalMessage(summary={}, until=0.0)]
        assert line.error(**EMPTY) == [Remark(text=EMPTY["message"])]

    def test_an_empty_last_commit_proves_all_where_the_server_has_heard_something(self) -> None:
        line = Line()
        line.flush(10.0)
        line.got(BUFFER + "committed", "A")
        line.completed("A")
        line.stop(12.0)
        assert line.error(**EMPTY) == [FinalMessage(summary={})]

    def test_a_last_commit_that_failed_proves_only_what_was_done(self) -> None:
        line = Line()
        line.flush(10.0)
        line.got(BUFFER + "committed", "A")
        line.completed("A")
        line.stop(12.0)
        assert line.error(type="server_error", message="oh", event_id="commit-2") == [
            Remark(text="oh"),
            FinalMessage(summary={}, until=10.0),
        ]


class TestSkippedItems:
    """OpenAI's users report items for which neither a transcript nor a failure ever came."""

    def test_an_item_that_others_passed_long_ago_is_lost(self) -> None:
        line = Line()
        line.hear(5.0)
        line.speech("A", 1000, 2000)
        line.speech("B", 3000, 4000)
        assert line.completed("B") == [final("B", 3.0, 4.0), confirmed(1.0)]
        line.hear(2.0 + SKIPPED)
        late = round(1000 * SKIPPED)
        lost, received, proof = line.got(BUFFER + "speech_started", "C", audio_start_ms=late)
        assert isinstance(lost, Lost)
        assert (lost.start, lost.end) == (1.0, 2.0)
        assert (proof, received) == (
            confirmed(4.0),
            Proof(received=float(SKIPPED), drained=float(SKIPPED)),
        )
        assert line.completed("A", "late")[0] == final("A", None, None, "late")

    def test_an_item_is_not_lost_while_no_later_one_has_its_transcript(self) -> None:
        """A slow server transcribes one after the other."""
        line = Line()
        line.speech("A", 1000, 2000)
        line.speech("B", 3000, 4000)
        line.hear(500.0)
        assert line.got(WORDS + "delta", "A", delta=" ") == []
        assert line.completed("A") == [final("A", 1.0, 2.0), confirmed(2.0)]


class TestOtherServers:
    """Servers that copy the API, and what OpenAI itself sends when an account is at its limit."""

    @pytest.mark.parametrize("case", ["speaches-too-small", "empty-no-code"])
    def test_an_empty_commit_is_known_by_its_text(self, case: str) -> None:
        line = Line()
        line.stop(3.0)
        assert line.raw(from_source(case)) == [FinalMessage(summary={}, until=0.0)]

    def test_an_error_about_a_commit_answers_the_first_one(self) -> None:
        line = Line()
        line.stop(3.0)
        text = "input_audio_buffer.commit in conjunction with VAD"
        assert line.raw(from_source("localai-no-commit")) == [
            Remark(text=text),
            FinalMessage(summary={}, until=0.0),
        ]
        assert line.raw(from_source("localai-no-commit")) == [Remark(text=text)]

    @pytest.mark.parametrize(
        ("case", "action"), [("failed-429", Action.LATER), ("failed-model", Action.FATAL)]
    )
    def test_a_limit_of_the_account_loses_no_audio(self, case: str, action: Action) -> None:
        """The next item would fail as well: so the audio is sent again, or the session ends."""
        line = Line()
        line.speech("A", 1000, 2000)
        (refusal,) = line.raw(from_source(case))
        assert isinstance(refusal, Refusal)
        assert refusal.row.action is action
        assert line.memory.confirmed <= 1.0

    def test_a_failure_of_one_item_is_lost_audio(self) -> None:
        line = Line()
        line.speech("A", 1000, 2000)
        lost, proof = line.raw(from_source("failed-once"))
        assert isinstance(lost, Lost)
        assert (lost.start, lost.end, proof) == (1.0, 2.0, confirmed(2.0))

    def test_partials_of_speaches_are_shown(self) -> None:
        line = Line()
        line.speech("A", 1000)
        assert line.raw(from_source("speaches-partial")) == [
            Heard(text="Hello wor", start=None, end=None, final=False, segment_id="A")
        ]
        line.got(BUFFER + "speech_stopped", "A", audio_end_ms=2000)
        assert line.completed("A", "Hello world.") == [
            final("A", 1.0, 2.0, "Hello world."),
            confirmed(2.0),
        ]
        assert line.raw(from_source("speaches-partial")) == []

    def test_a_clock_that_begins_anew_with_each_item_keeps_the_order(self) -> None:
        """speaches counts from the beginning of its buffer, which begins where the last ended."""
        line = Line()
        line.hear(5.5)
        line.speech("A", 1000, 4500)
        assert line.completed("A") == [final("A", 1.0, 4.5), confirmed(4.5)]
        line.hear(10.0)
        line.speech("B", 500, 3000)
        assert line.completed("B") == [final("B", 5.0, 7.5), confirmed(7.5)]
        line.hear(60.0)
        line.speech("C", 400, 1000)
        assert line.completed("C") == [final("C", 7.9, 8.5), confirmed(8.5)]
        line.speech("D", 100, 600)  # the server may be LATE behind what was sent, and no more
        assert line.completed("D") == [final("D", 40.1, 40.6), confirmed(40.6)]

    def test_an_item_that_begins_long_before_the_last_end_has_no_other_clock(self) -> None:
        """Placed by a clock that began anew, it would lie behind all audio: so its time is meant.

        Items of OpenAI overlap by 0.3 s, as documented; how far they may is not.
        """
        line = Line()
        line.hear(100.0)
        line.speech("A", 90_000, 98_000)
        line.hear(102.0)
        line.speech("B", 96_000, 101_000)
        assert line.completed("B") == [final("B", 96.0, 101.0), confirmed(90.0)]
        assert line.completed("A")[1:] == [confirmed(101.0)]
        line.hear(200.0)
        line.speech("C", 150_000, 152_000)
        assert line.completed("C") == [final("C", 150.0, 152.0), confirmed(152.0)]

    def test_a_clock_that_was_taken_for_a_new_one_is_corrected(self) -> None:
        line = Line()
        line.hear(10.0)
        line.speech("A", 1000, 5000)
        line.speech("B", 3000, 6000)  # 2 s before the end of A, or 3 s behind it: nobody can tell
        line.hear(60.0)
        line.speech("C", 58_000, 59_000)  # behind all audio by the new clock
        assert line.completed("A")[1:] == [confirmed(5.0)]
        line.completed("B")
        assert line.completed("C") == [final("C", 58.0, 59.0), confirmed(59.0)]

    def test_a_slow_server_whose_clock_begins_anew_proves_nothing_it_has_not_read(self) -> None:
        """It was 18 s behind (measured): the buffer of B begins at 42 s of what was sent."""
        line = Line()
        line.hear(60.0)
        line.speech("A", 30_000, 41_000)
        assert line.completed("A")[-1] == confirmed(41.0)
        line.hear(120.0)
        line.speech("B", 1000, 2000)
        assert line.completed("B") == [final("B", 42.0, 43.0), confirmed(43.0)]
        # The buffer of C began 18 s before the end of what was sent.
        line.speech("C", 0, 1000)
        *_, proof = line.completed("C")
        assert isinstance(proof, Proof)
        assert proof.confirmed is not None
        assert 43.0 < proof.confirmed <= 120.0 - 18.0 + 1.0


class TestErrors:
    @pytest.mark.parametrize(
        ("code", "action"),
        [
            ("invalid_api_key", Action.REAUTH),
            ("insufficient_quota", Action.FATAL),
            ("model_not_found", Action.FATAL),
            ("rate_limit_exceeded", Action.LATER),
        ],
    )
    def test_errors_that_end_a_session(self, code: str, action: Action) -> None:
        (refusal,) = Line().error(code=code, message="why")
        assert isinstance(refusal, Refusal)
        assert (refusal.row.action, refusal.text) == (action, "why")

    def test_every_row_has_a_reason_and_a_source(self) -> None:
        assert all(row.why and row.source for row in [*ERRORS.values(), SETTINGS])

    def test_the_end_of_the_session_is_announced(self) -> None:
        text = "Your session hit the maximum duration of 60 minutes."
        error = {"type": "invalid_request_error", "code": "session_expired", "message": text}
        assert Line().error(**error) == [Expires(seconds=0.0, text=text)]

    @pytest.mark.parametrize(
        ("error", "text"),
        [
            ({"code": "invalid_value", "message": "no"}, "no"),
            ({"code": "new"}, "new"),
            ({}, "an error without a text"),
        ],
    )
    def test_other_errors_are_remarks(self, error: Any, text: str) -> None:
        assert Line().error(**error) == [Remark(text=text)]

    def test_a_close_for_an_invalid_request_is_the_end_at_once(self) -> None:
        """No second dial asks for anything else, and the close may have no reason."""
        closed = Ending(code=4000, sender=Sender.REMOTE)
        codes = OpenAI().traits.codes
        assert judge(closed, codes).action is Action.FATAL
        later = judge(msgspec.structs.replace(closed, ever_connected=True), codes)
        assert (later.action, later.strike) == (Action.LATER, False)

    def test_an_error_of_another_form_is_a_remark(self) -> None:
        assert Line().got("error", error="text") == [Remark(text="an error without a text")]


class TestOddities:
    @pytest.mark.parametrize(
        ("data", "items"),
        [
            ("", [Malformed(why="not JSON")]),
            ("[]", [Malformed(why="no object", words=False)]),
            ('{"type": "response.done"}', [Unknown(type="response.done")]),
            ('{"type": "rate_limits.updated"}', []),
            ('{"type": "conversation.created"}', []),
            ('{"type": "input_audio_buffer.committed"}', []),
            ('{"type": "input_audio_buffer.cleared", "item_id": "A"}', []),
            ('{"type": "input_audio_buffer.speech_started", "item_id": "A"}', []),
            (f'{{"type": "{WORDS}segment", "item_id": "A", "text": "yes"}}', []),
            (f'{{"type": "{WORDS}delta", "item_id": "A", "delta": " "}}', []),
        ],
    )
    def test_events_without_news(self, data: str, items: list[Message]) -> None:
        assert Line().raw(data) == items

    def test_a_wrong_side_field_never_costs_the_text(self) -> None:
        line = Line()
        line.got(BUFFER + "speech_started", 7, audio_start_ms="1000")
        line.got(BUFFER + "speech_stopped", "7", audio_end_ms=2000.0)
        assert line.completed("7", "yes", languages=["en"], logprobs=0, usage="?") == [
            final("7", 1.0, 2.0),
            confirmed(2.0),
        ]
        assert line.got(WORDS + "completed", [], transcript="no id") == [
            Heard(text="no id", start=None, end=None, final=True),
            confirmed(2.0),
        ]

    def test_a_transcript_that_is_no_text_leaves_its_audio_unproved(self) -> None:
        line = Line()
        line.speech("A", 1000, 2000)
        assert line.completed("A", None) == [Malformed(why="completed: no transcript")]
        line.speech("B", 3000, 4000)
        assert line.completed("B") == [final("B", 3.0, 4.0), confirmed(1.0)]
        line.stop(5.0)
        assert line.error(**EMPTY)[-1] == FinalMessage(summary={}, until=1.0)

    def test_a_failure_without_a_place_leaves_what_follows_unproved(self) -> None:
        line = Line()
        assert line.got(WORDS + "failed", "A", error={}) == [Remark(text="a transcription failed")]
        line.speech("B", 3000, 4000)
        assert line.completed("B")[-1] == confirmed(0.0)

    def test_late_messages_open_no_item_again(self) -> None:
        line = Line()
        line.speech("A", 1000, 2000)
        line.completed("A")
        line.got(WORDS + "delta", "A", delta="late")
        assert line.memory.items == ()

    def test_a_commit_is_answered_even_behind_its_transcript(self) -> None:
        line = Line()
        line.stop(3.0)
        assert line.completed("A") == [final("A", None, None), confirmed(0.0)]
        line.got(BUFFER + "committed", "A")
        assert line.memory.ended

    def test_of_too_many_items_the_first_holds_the_proof(self) -> None:
        line = Line()
        for n in range(MOST_ITEMS + 1):
            line.speech(f"i{n}", 1000 * n + 500, 1000 * n + 900)
        for n in range(1, MOST_ITEMS + 1):
            line.completed(f"i{n}")
        assert line.memory.items == ()
        assert line.memory.confirmed == 0.5

    def test_a_long_partial_is_cut_at_its_beginning(self) -> None:
        line = Line()
        (shown,) = line.got(WORDS + "delta", "A", delta="x" * MOST_TEXT + "end")
        assert isinstance(shown, Heard)
        assert (len(shown.text), shown.text[-4:]) == (MOST_TEXT, "xend")

    @settings(max_examples=some(150), deadline=None)
    @given(
        st.lists(
            anything(
                {
                    "type": [
                        *(BUFFER + each for each in ("speech_started", "speech_stopped")),
                        *(WORDS + each for each in ("delta", "completed", "failed")),
                        *(BUFFER + "committed", "session.updated", "error"),
                    ],
                    "item_id": ["A", "B", "C"],
                    "audio_start_ms": [0, 5000],
                    "audio_end_ms": [3000, 9000],
                    "delta": ["word", "y" * 600],
                    "transcript": ["all"],
                    "error": [EMPTY, {"event_id": "commit-1"}, {"code": "session_expired"}],
                }
            ),
            max_size=16,
        ),
        st.booleans(),
    )
    def test_anything_is_read(self, arrived: list[str | bytes], stopped: bool) -> None:
        pending = (Commit(id="commit-1", seconds=4.0),)
        play(DIALECT, arrived, OpenAIMemory(stopped=stopped, pending=pending))
