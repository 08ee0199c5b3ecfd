"""The contract of sherpa-onnx's online server."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import trio
from trio.testing import MockClock

from openline_server.contracts.base import Stop
from tests.server.wires import (
    SUMMARY,
    audio_of,
    differences,
    final,
    opened,
    partial,
    progress,
    received,
    recorded,
    written,
)

if TYPE_CHECKING:
    from tests.server.conftest import Talking

REAL = received("sherpa-onnx")


def place(message: dict[str, Any]) -> float:
    """How far a message proves that the audio is decoded."""
    start, times = float(message["start_time"]), message["timestamps"]
    return start + (float(times[-1]) if times else 0.0) + 0.04 * int(message["num_trailing_blanks"])


def test_audio_is_32_bit_float() -> None:
    talk = opened("sherpa")
    values = [0.0, 0.5, -0.5, 1.0, -1.0, 1 / 32768]
    data = struct.pack("<6f", *values)
    pcm = audio_of(talk, data[:5]) + audio_of(talk, data[5:])
    assert struct.unpack("<6h", pcm) == (0, 16384, -16384, 32767, -32768, 1)


def test_messages_have_the_shape_of_the_recording() -> None:
    talk = opened("sherpa")
    interim, told = written(talk, partial("a b", 0.2, 1.0), final("a b", 0.2, 1.4))
    assert not differences(interim, REAL[0])
    assert not differences(told, REAL[-1])
    assert told["tokens"] == [" a", " b"]
    assert told["timestamps"] == [0.2, 0.8]
    assert (interim["is_final"], told["is_final"]) == (False, True)
    assert (interim["segment"], told["segment"]) == (0, 0)


def test_the_text_is_that_of_the_recording() -> None:
    texts = [line["text"] for line in recorded("sherpa-onnx") if "text" in line]
    theirs = [text for text in texts if text[:1] == "{"]
    talk = opened("sherpa")
    for text, message in zip(theirs, REAL, strict=True):
        assert talk.encode(message) == text


def test_times_count_from_the_start_of_the_segment() -> None:
    talk = opened("sherpa")
    written(talk, final("a", 0.0, 1.4))
    (told,) = written(talk, final("b", 2.0, 3.0))
    assert (told["segment"], told["start_time"], told["timestamps"]) == (1, 1.4, [0.6])
    assert 2.96 <= place(told) <= 3.0


def test_a_message_proves_no_audio_that_words_may_still_come_from() -> None:
    talk = opened("sherpa")
    (told,) = written(talk, progress(1.0, 0.7))
    assert 0.66 <= place(told) <= 0.7
    assert written(talk, partial("a", 0.9, 1.3), progress(1.4, 0.8)) != []
    assert written(talk, progress(1.8, 0.8), progress(2.0, 0.8, waiting=True)) == []


def test_silence_ends_a_segment_without_text_and_without_a_number() -> None:
    talk = opened("sherpa")
    (told,) = written(talk, progress(2.7, 2.4))
    assert (told["is_final"], told["text"], told["segment"]) == (True, "", 0)
    (told,) = written(talk, progress(3.1, 2.8))
    assert (told["is_final"], told["start_time"], told["segment"]) == (False, 2.4, 0)


def test_the_last_final_is_the_end() -> None:
    talk = opened("sherpa")
    assert talk.read("Done") == (Stop(),)
    one, two, done = written(talk, final("a", 0.0, 1.0), final("b", 1.0, 2.0), SUMMARY)
    assert [(each["text"], each["is_eof"]) for each in (one, two)] == [("a", False), ("b", True)]
    assert done == "Done!"


async def test_a_conversation_that_the_client_ends(
    autojump_clock: MockClock, talk: Talking
) -> None:
    client = await talk("sherpa")
    await client.speak(3.0, bytes(6400))
    await client.send("Done")
    await client.until("Done!")
    await trio.sleep(60)
    assert not client.code
    finals = [each for each in client.messages if each["is_final"]]
    assert [each["text"] for each in finals] == ["0.00-2.00", "2.00-3.00"]
    assert [each["is_eof"] for each in finals] == [False, True]
    await client.ws.aclose(1000)
    assert await client.end() == 1000
