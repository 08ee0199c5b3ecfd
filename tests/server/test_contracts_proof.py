"""What a contract proves is true: a speaker with pauses, and a recogniser that needs its time.

The recogniser here cuts at pauses, as the real ones do, cuts a speaker who makes none, and
answers late. No message may prove audio of which a word is still to come.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any

import trio
from trio.testing import MockClock

from openline_server.endpointer import Endpointer, EnergyDetector
from openline_server.recognizer import Cutter, Hypothesis, Question
from tests.server.wires import Talk

if TYPE_CHECKING:
    from tests.server.conftest import Talking

#: Seconds of silence and of speech, in turn; the second speech is too long for one segment.
TURNS = (0.7, 1.5, 1.3, 14.0, 2.0, 1.0, 4.0)
LAG = 0.7


class Late:
    """Answers each final with the times of its segment, after a while."""

    name = "late"
    available = exact_ends = True
    immediate = False

    def cutter(self) -> Cutter:
        """At pauses."""
        return Endpointer(EnergyDetector())

    async def recognise(self, question: Question) -> Hypothesis | None:
        """The times, as a word."""
        await trio.sleep(LAG)
        segment = question.segment
        return Hypothesis(f"{segment.t0:.1f}-{segment.t1:.1f}") if segment.final else None


def _syllable(n: int) -> int:
    """0.2 s loud, 0.1 s soft: a steady sound would be taken for noise."""
    return (3000 if n % 4800 < 3200 else 300) * (1 - 2 * (n % 2))


def pieces() -> list[bytes]:
    """The audio in messages of 100 ms."""
    loud = False
    samples = array("h")
    for seconds in TURNS:
        length = round(16000 * seconds)
        samples.extend(_syllable(n) if loud else 0 for n in range(length))
        loud = not loud
    pcm = samples.tobytes()
    return [pcm[at : at + 3200] for at in range(0, len(pcm), 3200)]


async def said(
    client: Talk, opening: tuple[object, ...], stop: object, over: str = ""
) -> list[Any]:
    """The messages of a whole session."""
    await client.send(*opening)
    for piece in pieces():
        await client.send(piece)
        await trio.sleep(0.1)
    await client.send(stop)
    if over:
        await client.until(over)
        await client.ws.aclose(1000)
    assert await client.end() == 1000
    return client.messages


def start(word: str) -> float:
    """Where the segment of a word begins."""
    return float(word.partition("-")[0])


async def test_deepgram_finals_tile_the_audio(autojump_clock: MockClock, talk: Talking) -> None:
    client = await talk("deepgram", recognizer=Late())
    told = [m for m in await said(client, (), {"type": "CloseStream"}) if m.get("is_final")]
    at = 0.0
    words: list[str] = []
    for each in told:
        assert abs(each["start"] - at) < 1e-3
        at = each["start"] + each["duration"]
        text = each["channel"]["alternatives"][0]["transcript"]
        words += text.split()
        if text:
            assert each["start"] <= start(text) + 0.05
    assert len(words) == 4
    assert abs(at - sum(TURNS)) < 0.1


async def test_speechmatics_end_times_prove(autojump_clock: MockClock, talk: Talking) -> None:
    config = {
        "message": "StartRecognition",
        "transcription_config": {"language": "en"},
        "audio_format": {"type": "raw", "encoding": "pcm_s16le", "sample_rate": 16000},
    }
    client = await talk("speechmatics", recognizer=Late())
    told = await said(client, (config,), {"message": "EndOfStream", "last_seq_no": 0})
    proved = 0.0
    words = 0
    for each in (m for m in told if m["message"] == "AddTranscript"):
        if each["results"]:
            words += 1
            assert start(each["metadata"]["transcript"]) >= proved - 0.06
        proved = max(proved, each["metadata"]["end_time"])
    assert words == 4
    assert abs(proved - sum(TURNS)) < 0.1


async def test_vosk_results_prove_all_messages_before_them(
    autojump_clock: MockClock, talk: Talking
) -> None:
    client = await talk("vosk", recognizer=Late())
    told = await said(client, ('{"config":{"sample_rate":16000}}',), '{"eof" : 1}')
    assert len(told) == len(pieces()) + 1
    proved = 0.0
    words: list[str] = []
    for number, each in enumerate(told, 1):
        for word in each.get("text", "").split():
            assert start(word) >= proved - 0.35
            words.append(word)
        if "text" in each:
            proved = 0.1 * number
    assert len(words) == 4


async def test_soniox_figures_prove_no_word_away(autojump_clock: MockClock, talk: Talking) -> None:
    config = {
        "model": "m", "audio_format": "pcm_s16le", "sample_rate": 16000, "num_channels": 1,
    }  # fmt: skip
    client = await talk("soniox", recognizer=Late())
    proved = 0.0
    tokens: list[str] = []
    for each in await said(client, (config,), ""):
        tokens += [token["text"] for token in each["tokens"]]
        for token in each["tokens"]:
            assert token["start_ms"] >= 1000 * proved - 60
        proved = each["final_audio_proc_ms"] / 1000
    assert "".join(tokens).count("-") == 4
    assert abs(proved - sum(TURNS)) < 0.1


class Slower(Late):
    """Takes three times as long as the speech did: another final waits, always."""

    async def recognise(self, question: Question) -> Hypothesis | None:
        """The times, as a word."""
        segment = question.segment
        if not segment.final:
            return None
        await trio.sleep(3 * (segment.t1 - segment.t0))
        return Hypothesis(f"{segment.t0:.1f}-{segment.t1:.1f}")


async def test_vosk_says_words_while_its_recogniser_lags(
    autojump_clock: MockClock, talk: Talking
) -> None:
    """Three sentences wait, one behind the other; each is told when it is recognised."""
    client = await talk("vosk", recognizer=Slower())
    await client.send('{"config":{"sample_rate":16000}}')
    sentence = [*[loud(n) for n in range(20)], *[bytes(3200)] * 15]
    for piece in 3 * sentence:
        await client.send(piece)
        await trio.sleep(0.1)
    await trio.sleep(10.0)
    results = [each["text"] for each in client.messages if each.get("text")]
    assert [start(each) for each in results] == [0.0, 3.2]
    assert len(client.messages) > 60
    await client.send('{"eof" : 1}')
    assert await client.end() == 1000
    assert len([each for each in client.messages if each.get("text")]) == 3
    assert len(client.messages) == 3 * len(sentence) + 1


def loud(number: int) -> bytes:
    """100 ms of speech."""
    return array("h", (_syllable(1600 * number + at) for at in range(1600))).tobytes()
