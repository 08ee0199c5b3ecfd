"""The contracts of WhisperLive and WhisperLiveKit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import trio
from trio.testing import MockClock

from openline_server.contracts.base import End, Ending, Start, Stop
from tests.server.wires import (
    ACK,
    SUMMARY,
    audio_of,
    differences,
    ending_of,
    final,
    opened,
    partial,
    progress,
    received,
    recorded,
    written,
)

if TYPE_CHECKING:
    from tests.server.conftest import Refused, Talking

OPTIONS = {
    "uid": "u1", "language": "en", "task": "transcribe", "model": "tiny.en", "use_vad": True,
    "audio_format": "int16",
}  # fmt: skip


def whisperlive(**options: object) -> Any:
    """A session of WhisperLive with these options."""
    talk = opened("whisperlive")
    (start,) = talk.read(json.dumps(OPTIONS | options))
    assert isinstance(start, Start)
    return talk


def test_whisperlive_is_ready_as_recorded() -> None:
    real = received("whisperlive")
    (told,) = written(whisperlive(uid="openline-test-1"), ACK)
    assert told == real[0]
    assert opened("whisperlive").encode(told) == recorded("whisperlive")[2]["text"]


def test_whisperlive_repeats_the_completed_and_adds_the_open_segment() -> None:
    real = received("whisperlive-int16-vad-eof-at-once")
    talk = whisperlive()
    (first,) = written(talk, partial("And", 0.0, 1.0))
    assert not differences(first, real[1])
    assert first["segments"] == [
        {"start": "0.000", "end": "1.000", "text": " And", "completed": False}
    ]
    written(talk, final("And so", 0.0, 2.5))
    (both,) = written(talk, partial("it", 2.6, 3.0))
    two = next(each for each in real if len(each.get("segments", ())) == 2)
    assert not differences(both, two)
    assert [each["completed"] for each in both["segments"]] == [True, False]
    assert both["segments"][0]["end"] == "2.500"


def test_whisperlive_shows_words_and_as_many_segments_as_asked_for() -> None:
    real = received("whisperlive")
    talk = whisperlive(word_timestamps=True, send_last_n_segments=2)
    told = written(talk, *(final("a b", at, at + 0.8) for at in range(4)))[-1]
    assert [each["start"] for each in told["segments"]] == ["2.000", "3.000"]
    assert not differences(told["segments"][0], real[1]["segments"][0])
    assert told["segments"][0]["words"][0]["end"] == "2.400"


def test_whisperlive_tells_the_language_that_was_not_given() -> None:
    talk = whisperlive(language=None)
    told = written(talk, partial("a", 0.0, 1.0), partial("b", 0.0, 1.0))
    assert [list(each) for each in told] == [
        ["uid", "language", "language_prob"], ["uid", "segments"], ["uid", "segments"],
    ]  # fmt: skip


def test_whisperlive_takes_floats_by_default() -> None:
    talk = opened("whisperlive")
    talk.read(json.dumps({name: OPTIONS[name] for name in ("uid", "language", "task", "model")}))
    assert audio_of(talk, b"\0\0\0\x3f") == b"\x00\x40"


def test_whisperlive_closes_at_once_at_the_end() -> None:
    talk = whisperlive()
    assert talk.read(b"END_OF_AUDIO") == (End(Ending(1000), stop=True),)
    closed = recorded("whisperlive")[-1]
    assert (closed["event"], closed["code"]) == ("closed", 1000)


@pytest.mark.parametrize("text", ["{}", "hello", '{"uid":"x"}', '{"audio_format":"opus"}'])
def test_whisperlive_closes_without_its_options(text: str) -> None:
    assert opened("whisperlive").read(text) == (End(Ending(1000)),)


def test_whisperlive_ends_in_its_own_words() -> None:
    before, last = ending_of(whisperlive(uid="u4"), "limit", seconds=5.0)
    assert before == [received("whisperlive-overtime")[-1]]
    assert last == Ending(1000)
    before, last = ending_of(whisperlive(uid="u3"), "capacity")
    assert not differences(before[0], received("whisperlive-full")[0])
    assert last == Ending(1000)


async def test_a_conversation_of_whisperlive(autojump_clock: MockClock, talk: Talking) -> None:
    client = await talk("whisperlive")
    await client.send(OPTIONS)
    await client.until("SERVER_READY")
    await client.speak(3.0)
    await client.speak(1.5)  # silence, until the last segment is completed
    await client.send(b"END_OF_AUDIO")
    assert await client.end() == 1000
    last = client.messages[-1]["segments"]
    assert [each["text"] for each in last if each["completed"]] == [" 0.00-2.00", " 2.00-4.00"]


async def test_what_is_open_at_the_end_of_whisperlive_is_lost(
    autojump_clock: MockClock, talk: Talking
) -> None:
    client = await talk("whisperlive")
    await client.send(OPTIONS)
    await client.speak(1.0)
    await client.send(b"END_OF_AUDIO")
    assert await client.end() == 1000
    assert not any(each["completed"] for each in client.messages[-1]["segments"])


async def test_whisperlive_is_full(autojump_clock: MockClock, serving: Any, talk: Talking) -> None:
    server = serving(dialect="whisperlive", max_sessions=1)
    first = await talk("whisperlive", server=server)
    await first.send(OPTIONS)
    await first.until("SERVER_READY")
    second = await talk("whisperlive", server=server)
    await second.send(OPTIONS)
    assert await second.end() == 1000
    assert second.messages[0]["status"] == "WAIT"
    assert trio.current_time() == 0.0


# WhisperLiveKit.


def test_whisperlivekit_greets_as_recorded() -> None:
    real = received("whisperlivekit-asr")
    config, state = written(opened("whisperlivekit", "/asr"), ACK)
    assert config == real[0]
    assert state == real[1]
    assert opened("whisperlivekit").encode(config) == recorded("whisperlivekit-asr")[2]["text"]


def test_whisperlivekit_has_a_line_that_grows() -> None:
    real = received("whisperlivekit-asr")[-2]
    talk = opened("whisperlivekit", "/asr")
    talk.read(bytes(32000 * 70))
    written(talk, final("Mr. John", 0.2, 2.0))
    (told,) = written(talk, final("had leisure.", 2.5, 63.456))
    assert not differences(told, real)
    assert told["lines"] == [
        {
            "speaker": 1, "text": " Mr. John had leisure.", "start": "0:00:00.00",
            "end": "0:01:03.46",
        }
    ]  # fmt: skip
    (told,) = written(talk, partial("and", 64.0, 65.0))
    assert told["buffer_transcription"] == " and"
    assert told["lines"][0]["text"] == " Mr. John had leisure."


def test_whisperlivekit_says_how_far_it_is() -> None:
    talk = opened("whisperlivekit", "/asr")
    talk.read(bytes(32000 * 10))
    (told,) = written(talk, progress(6.0, 4.99))
    assert told["remaining_time_transcription_processing"] == 4.0
    assert told["remaining_time_transcription_policy"] == 1.1


def test_whisperlivekit_sends_differences_if_asked_to() -> None:
    real = received("whisperlivekit-asr-diff")
    talk = opened("whisperlivekit", "/asr?mode=diff")
    config, snapshot = written(talk, ACK)
    assert config == real[0]
    assert snapshot == real[1]
    (same,) = written(talk, progress(0.1, 0.0))
    assert not differences(same, real[2])
    (new,) = written(talk, final("one", 0.0, 1.0))
    assert new.get("lines_pruned") is None
    (changed,) = written(talk, final("two", 1.0, 2.0))
    pruned = next(each for each in real if "lines_pruned" in each)
    assert not differences(changed, pruned)
    assert changed["seq"] == 4


def test_whisperlivekit_refuses_as_its_source_does() -> None:
    """``basic_server.py``: the text is in ``error``, and the close has a reason."""
    before, last = ending_of(opened("whisperlivekit"), "error", message="no such language")
    assert before == [{"type": "error", "error": "no such language"}]
    assert last == Ending(4400, "invalid session parameters")


def test_whisperlivekit_ends_with_an_empty_message() -> None:
    talk = opened("whisperlivekit", "/asr")
    assert talk.read(b"") == (Stop(),)
    assert written(talk, SUMMARY)[-1] == received("whisperlivekit-asr")[-1]


async def test_a_conversation_of_whisperlivekit(autojump_clock: MockClock, talk: Talking) -> None:
    client = await talk("whisperlivekit")
    await client.speak(3.0)
    await client.send(b"")
    await client.until("ready_to_stop")
    await trio.sleep(30)
    assert not client.code
    last = client.messages[-2]
    assert last["lines"][0]["text"] == " 0.00-2.00 2.00-3.00"
    assert last["remaining_time_transcription"] == 0.0
    await client.ws.aclose(1000)


async def test_wrong_tokens_are_refused_at_the_handshake(
    autojump_clock: MockClock, refused: Refused
) -> None:
    for dialect, status in (("whisperlive", "401"), ("whisperlivekit", "403")):
        answer = await refused(dialect, "/asr?token=x", token="K")
        assert answer.startswith(f"HTTP/1.1 {status}")
