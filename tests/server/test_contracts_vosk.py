"""The contract of Vosk's server: one reply a message, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio
from trio.testing import MockClock

from openline_server.contracts.base import End, Ending, Flush, Stop
from tests.server.wires import (
    SUMMARY,
    audio_of,
    differences,
    final,
    flushed,
    opened,
    partial,
    progress,
    received,
    recorded,
    written,
)

if TYPE_CHECKING:
    from tests.server.conftest import Talking

REAL = received("vosk-ko")
RESULT = next(each for each in REAL if "result" in each)
CONFIG = '{"config":{"sample_rate":16000,"words":1}}'
#: 250 ms, as in the recording.
PIECE = bytes(8000)


def test_a_config_is_not_answered_and_sets_the_rate() -> None:
    talk = opened("vosk")
    assert talk.read(CONFIG) == ()
    assert audio_of(talk, PIECE) == PIECE
    assert len(audio_of(opened("vosk"), PIECE)) > len(PIECE)  # 8 kHz unless it is given
    talk.read('{"config":{"sample_rate":8000}}')  # too late: the recogniser is made
    assert audio_of(talk, PIECE) == PIECE


def test_every_message_gets_a_reply_once_it_is_recognised() -> None:
    talk = opened("vosk")
    talk.read(CONFIG)
    for _ in range(4):
        talk.read(PIECE)
    assert written(talk, progress(0.2)) == []
    (first,) = written(talk, partial("he", 0.0, 0.2), progress(0.3, 0.0))
    assert first == {"partial": "he"}
    assert not differences(first, REAL[0])
    assert written(talk, progress(0.6, 0.0, waiting=True)) == []
    second, third = written(talk, partial("he was", 0.0, 0.8), progress(0.8, 0.0))
    assert second == third == {"partial": "he was"}


def test_an_endpoint_makes_the_reply_a_result() -> None:
    talk = opened("vosk")
    talk.read(CONFIG)
    for _ in range(8):
        talk.read(PIECE)
    told = written(talk, final("he was", 0.2, 1.4), progress(2.0, 1.7))
    plain, result = ["partial"], ["result", "text"]
    assert [list(each) for each in told] == [*[plain] * 5, result, *[plain] * 2]
    assert not differences(told[5], RESULT)
    assert told[5]["text"] == "he was"
    assert [word["end"] for word in told[5]["result"]] == [0.8, 1.4]


def test_the_result_of_a_cut_speaker_waits_for_the_pause() -> None:
    talk = opened("vosk")
    talk.read(CONFIG)
    for _ in range(8):
        talk.read(PIECE)
    told = written(talk, final("one", 0.0, 0.6), progress(1.2, 0.6))
    assert told == [{"partial": "one"}] * 4
    told = written(talk, final("two", 0.6, 1.4), progress(2.0, 1.8))
    assert [each.get("text") for each in told] == [None, "one two", None, None]


def test_silence_makes_a_result_without_text() -> None:
    talk = opened("vosk")
    talk.read(CONFIG)
    for _ in range(21):
        talk.read(PIECE)
    told = written(talk, progress(5.25))
    assert [list(each) for each in told] == [["partial"]] * 19 + [["text"]] + [["partial"]]
    assert told[19] == {"text": ""}


def test_reset_and_end_are_answered_by_one_result() -> None:
    talk = opened("vosk")
    talk.read(CONFIG)
    talk.read(PIECE)
    assert talk.read('{"reset" : 1}') == (Flush(),)
    told = written(talk, final("so", 0.0, 0.2), progress(0.25), flushed(0.25))
    assert [list(each) for each in told] == [["result", "text"], ["text"]]
    assert talk.read('{"eof" : 1}') == (Stop(),)
    assert written(talk, SUMMARY) == [{"text": ""}]


def test_alternatives_are_given_if_asked_for() -> None:
    talk = opened("vosk")
    talk.read('{"config":{"sample_rate":16000,"max_alternatives":3}}')
    talk.read('{"eof" : 1}')
    (told,) = written(talk, final("so", 0.0, 0.2), SUMMARY)
    assert [list(each) for each in told["alternatives"]] == [["confidence", "text", "result"]]


@pytest.mark.parametrize(
    "text", ['{"eof":1}', "{}", "hello", '{"config":1}', '{"config":{"sample_rate":1}}']
)
def test_any_other_text_breaks_the_decoder(text: str) -> None:
    assert opened("vosk").read(text) == (End(Ending(1011)),)


def test_the_text_is_that_of_the_recording() -> None:
    texts = [line["text"] for line in recorded("vosk-ko") if line["dir"] == "in" and "text" in line]
    talk = opened("vosk")
    for text, message in zip(texts, REAL, strict=True):
        assert talk.encode(message) == text


async def test_a_conversation(autojump_clock: MockClock, talk: Talking) -> None:
    client = await talk("vosk")
    await client.send(CONFIG)
    await client.speak(3.0, bytes(3200))
    await client.send('{"eof" : 1}')
    assert await client.end() == 1000
    told = client.messages
    assert len(told) == 31
    assert [each["text"] for each in told if "text" in each] == ["0.00-2.00", "2.00-3.00"]
    assert "text" in told[-1]


async def test_wrong_blanks_end_a_conversation(autojump_clock: MockClock, talk: Talking) -> None:
    client = await talk("vosk", "/any/path")
    await client.send(CONFIG, PIECE)
    await trio.sleep(1.0)
    await client.send('{"eof":1}')
    assert await client.end() == recorded("vosk-wrong-eof")[-1]["code"]
