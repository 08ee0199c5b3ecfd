"""The vLLM dialect: a dial is one generation, and only its end proves anything.

The messages are those of vLLM's source; no server ran here. What they decode to is written by hand.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openline.dialects.checking import check_dialect
from openline.dialects.dry_run import dry_run
from openline.dialects.options import configured, recorded
from openline.dialects.protocol import (
    FinalMessage,
    Heard,
    Ids,
    Malformed,
    Message,
    Refusal,
    Sent,
    Status,
    Unknown,
)
from openline.dialects.registry import BUILT_IN
from openline.dialects.traits import Drain, Ends
from openline.dialects.vllm import ENDED, ERRORS, FAILED, MOST_TEXT, PAUSE, VLLM, VLLMMemory
from openline.reconnect.verdicts import Action
from tests.dialects.fuzzing import anything, play
from tests.support_profiles import some

DIALECT = VLLM()
IDS = Ids(session_id="S", attempt_id="A", connection_id="C")
SECOND = bytes(32000)


class Line:
    """A dial on which some audio was sent, with the memory from message to message."""

    def __init__(self, seconds: int = 0) -> None:
        self.memory = DIALECT.begin()
        for number in range(seconds):
            self.memory, _ = DIALECT.audio(self.memory, "mic", SECOND, number)

    def stop(self) -> Line:
        self.memory, _ = DIALECT.stop(self.memory, IDS, Sent(seconds=self.memory.sent))
        return self

    def got(self, kind: str, **more: Any) -> list[Message]:
        return self.raw(json.dumps({"type": kind, **more}))

    def raw(self, data: str | bytes) -> list[Message]:
        self.memory, items = DIALECT.decode(self.memory, data)
        return list(items)

    def delta(self, text: Any) -> list[Message]:
        return self.got("transcription.delta", delta=text)


def partial(text: str) -> Heard:
    return Heard(text=text, start=None, end=None, final=False)


RETRACTED = Heard(text="", start=None, end=None, final=True)


class TestWhatItSends:
    def test_it_is_a_dialect_of_the_box(self) -> None:
        check_dialect(DIALECT)
        dry_run(DIALECT)
        assert BUILT_IN["vllm"] == DIALECT

    def test_the_start_is_two_messages(self) -> None:
        _, messages = DIALECT.start(DIALECT.begin(), IDS)
        assert [json.loads(each) for each in messages] == [
            {"type": "session.update", "model": "mistralai/Voxtral-Mini-4B-Realtime-2602"},
            {"type": "input_audio_buffer.commit"},
        ]

    def test_audio_is_base64_and_counted(self) -> None:
        memory, (message,) = DIALECT.audio(DIALECT.begin(), "mic", b"\1\2" * 1280, 0)
        fields = json.loads(message)
        assert fields.pop("type") == "input_audio_buffer.append"
        assert base64.b64decode(fields.pop("audio")) == b"\1\2" * 1280
        assert fields == {}
        assert memory == VLLMMemory(sent=0.08)

    def test_the_stop_ends_the_generation(self) -> None:
        memory, (message,) = DIALECT.stop(VLLMMemory(sent=3.0), IDS, Sent(seconds=3.0))
        assert json.loads(message) == {"type": "input_audio_buffer.commit", "final": True}
        assert memory == VLLMMemory(sent=3.0, stopped=True)

    def test_nothing_flushes_within_a_dial(self) -> None:
        memory = DIALECT.begin()
        assert DIALECT.flush(memory, Sent(seconds=9.0)) == (memory, ())
        assert DIALECT.traits.drain is Drain.STOP
        assert DIALECT.traits.ends is Ends.NONE

    def test_a_dial_and_its_horizon_last_as_long_as_asked(self) -> None:
        dialect = configured(DIALECT, {"model": "m", "longest": "90"})
        assert (dialect.traits.longest, dialect.traits.horizon, dialect.traits.lag) == (
            90,
            100,
            100,
        )
        assert recorded(dialect) == {"model": "m", "longest": "90.0"}
        with pytest.raises(ValueError, match="longest is 59: give 60 s or more"):
            VLLM(longest=59)


class TestWords:
    def test_the_greeting(self) -> None:
        assert Line().got("session.created", id="sess-1", created=1) == [
            Status(state="session.created", ack=True)
        ]

    def test_deltas_grow_one_partial(self) -> None:
        line = Line(seconds=2)
        seen = [line.delta(each) for each in (" Hel", "", "lo", " ", "world", None)]
        assert seen == [[partial("Hel")], [], [partial("Hello")], [], [partial("Hello world")], []]

    def test_done_after_the_stop_proves_all(self) -> None:
        line = Line(seconds=3).stop()
        line.delta(" Hello")
        items = line.got("transcription.done", text=" Hello.", usage={"total_tokens": 9})
        assert items == [
            Heard(text="Hello.", start=0.0, end=3.0, final=True),
            FinalMessage(summary={}),
        ]
        assert line.memory.text == ""

    def test_done_without_a_text_has_that_of_the_deltas(self) -> None:
        line = Line(seconds=1).stop()
        line.delta(" yes")
        first, end = line.got("transcription.done")
        assert first == Heard(text="yes", start=0.0, end=1.0, final=True)
        assert end == FinalMessage(summary={})

    def test_done_without_a_text_after_too_many_words_proves_nothing(self) -> None:
        line = Line(seconds=1).stop()
        (shown,) = line.delta("x" * (MOST_TEXT + 1))
        assert shown == partial("x" * MOST_TEXT)
        assert line.got("transcription.done", text=None) == [
            Malformed(why="transcription.done: no text"),
            FinalMessage(summary={}, proves=False),
        ]

    def test_done_without_a_stop_is_an_ending_that_proves_nothing(self) -> None:
        line = Line(seconds=2)
        assert line.got("transcription.done", text="so far") == [
            Heard(text="so far", start=0.0, end=2.0, final=True),
            Refusal(row=ENDED, text="transcription.done before the stop"),
        ]


class TestPauses:
    def test_late_in_a_dial_a_pause_retracts_the_partial_once(self) -> None:
        line = Line(seconds=84)
        line.delta(" word")
        seen = [line.delta("") for _ in range(2 * PAUSE)]
        assert seen == [[]] * (PAUSE - 1) + [[RETRACTED]] + [[]] * PAUSE
        assert line.delta(" again") == [partial("word again")]

    def test_early_in_a_dial_it_does_not(self) -> None:
        line = Line(seconds=83)
        line.delta(" word")
        assert [line.delta("") for _ in range(2 * PAUSE)] == [[]] * (2 * PAUSE)

    def test_no_words_no_partial_to_retract(self) -> None:
        line = Line(seconds=100)
        assert [line.delta("") for _ in range(2 * PAUSE)] == [[]] * (2 * PAUSE)

    def test_a_short_pause_is_none(self) -> None:
        line = Line(seconds=100)
        seen = [line.delta(each) for each in [" a", *[""] * (PAUSE - 1), " b", ""]]
        assert seen == [[partial("a")], *[[]] * (PAUSE - 1), [partial("a b")], []]


class TestErrors:
    @pytest.mark.parametrize(
        ("code", "action", "strike"),
        [
            ("model_not_found", Action.FATAL, False),
            ("model_not_validated", Action.FATAL, False),
            ("invalid_json", Action.FATAL, False),
            ("unknown_event", Action.FATAL, False),
            ("invalid_audio", Action.RETRY, True),
            ("processing_error", Action.RETRY, True),
            ("new", Action.RETRY, True),
            (None, Action.RETRY, True),
        ],
    )
    def test_each_error_ends_the_dial(self, code: object, action: Action, strike: bool) -> None:
        (refusal,) = Line(seconds=1).got("error", error="why", code=code)
        assert isinstance(refusal, Refusal)
        assert (refusal.row.action, refusal.row.strike, refusal.text) == (action, strike, "why")

    def test_every_row_has_a_reason_and_a_source(self) -> None:
        assert all(row.why and row.source for row in [*ERRORS.values(), ENDED, FAILED])

    def test_an_error_in_the_form_of_openai_has_its_code_within(self) -> None:
        """As a proxy in front of the server writes it."""
        error = {"message": "why", "code": "model_not_found", "type": "invalid_request_error"}
        (refusal,) = Line(seconds=1).got("error", error=error)
        assert refusal == Refusal(row=ERRORS["model_not_found"], text="why")

    def test_the_end_of_a_dial_without_audio_is_no_error(self) -> None:
        line = Line().stop()
        assert line.got("error", error="no input", code="processing_error") == [
            FinalMessage(summary={})
        ]
        (refusal,) = Line().stop().got("error", error="?", code="model_not_found")
        assert isinstance(refusal, Refusal)


class TestOddities:
    @pytest.mark.parametrize(
        ("data", "item"),
        [
            ("", Malformed(why="not JSON")),
            (b"[]", Malformed(why="no object", words=False)),
            ('{"type": "session.news"}', Unknown(type="session.news")),
            ('{"type": ["x"]}', Unknown(type="no type")),
        ],
    )
    def test_what_is_no_event(self, data: str | bytes, item: Message) -> None:
        assert Line().raw(data) == [item]

    @settings(max_examples=some(100), deadline=None)
    @given(
        st.lists(
            anything(
                {
                    "type": [
                        "session.created",
                        "transcription.delta",
                        "transcription.done",
                        "error",
                    ],
                    "delta": ["", " a", "y" * 5000, " \U0001f600" * 3000],
                    "text": ["all"],
                    "error": ["why"],
                    "code": ["processing_error", "model_not_found"],
                }
            ),
            max_size=12,
        ),
        st.booleans(),
        st.sampled_from([0.0, 5.0, 100.0]),
    )
    def test_anything_is_read(self, arrived: list[str | bytes], stopped: bool, sent: float) -> None:
        play(DIALECT, arrived, VLLMMemory(stopped=stopped, sent=sent))
