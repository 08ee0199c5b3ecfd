"""Every word that a recogniser said is told once, or its audio is reported: in virtual time.

The session dials the reference backend over streams in memory; the backend's recogniser hears
scripted words and is as wrong as was measured. The ledgers of the backend, put together with
what the session told, give the verdict.
"""

from __future__ import annotations

import os
import wave
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from openline.backend import Backend
from openline.policy import Policy
from openline.updates import Ended, Gap, GapCause, Transcript
from openline_server import FaultInjector, Server, ServerConfig
from openline_server.claims import EXACT, Word
from openline_server.measured import Measured
from openline_server.recognizer import Echo, Recognizer
from openline_trio import open_session
from tests.e2e.support_memory import in_memory
from tests.support_hearing import (
    CodedScript,
    Connection,
    Said,
    Verdict,
    decode,
    find_in,
    judge_audio,
    judge_words,
    read_ledgers,
    samples,
)
from tests.support_oracle import CodedSource, coded
from tests.support_profiles import many

SECONDS = 60.0
RUNS = int(os.environ.get("OPENLINE_RUNS", "6"))


def speech(random: Random, length: float) -> list[Word]:
    """Sentences of 3 to 12 words, with pauses of 0.2 to 1.5 s between them."""
    words: list[Word] = []
    at = 0.3
    while at < length - 1:
        for _ in range(random.randint(3, 12)):
            took = random.uniform(0.12, 0.5)
            words.append(Word(at, at + took, f"w{len(words)}"))
            at += took + random.choice([0, 0, 0.02, 0.05, 0.1])
        at += random.choice([0.2, 0.4, 0.7, 1.0, 1.5])
    return [word for word in words if word.end < length]


def cuts(random: Random, length: float) -> str:
    """Three cuts, each on the dial that is there then, and a backend that stays up."""
    seconds = sorted(random.uniform(3.0, length / 3) for _ in range(3))
    return "; ".join(f"cut after {each:.2f}s on dial {at + 1}" for at, each in enumerate(seconds))


@dataclass
class Played:
    """A session that has ended, and what its backend had heard."""

    ended: Ended
    dials: int
    folder: Path

    def heard(self, source: str = "mic") -> list[Connection]:
        return read_ledgers(self.folder, source)

    def verdict(self, words: list[Word]) -> Verdict:
        return judge_words(words, self.heard(), self.ended.transcript, self.ended.missing)

    def unheard(self, spoken: list[tuple[int, int]], source: str = "mic") -> list[tuple[int, int]]:
        told = [each for each in self.ended.transcript if each.source == source]
        gaps = [each for each in self.ended.missing if each.source == source]
        return judge_audio(spoken, self.heard(source), told, gaps)


async def play(
    folder: Path,
    phrases: str,
    recognizer: Recognizer,
    *,
    seconds: float = SECONDS,
    seed: int = 0,
    names: tuple[str, ...] = ("mic",),
) -> Played:
    """A session to its end, with these faults and this recogniser."""
    config = ServerConfig(recognizer="echo", record=folder)
    injector = FaultInjector(phrases, seed=seed)
    server = Server(config, recognizer, injector)
    async with in_memory(server) as connect, open_session(
        Backend(), {name: CodedSource(seconds) for name in names},
        policy=Policy(finish_timeout=60), connect=connect, random=lambda: 0.5,
    ) as session:  # fmt: skip
        ended = await session.wait()
    assert injector.struck, "no fault happened"
    return Played(ended, server.accepted, folder)


# A recogniser with scripted words.


@pytest.mark.parametrize("seed", range(RUNS))
async def test_no_word_is_lost_at_a_cut_if_ends_are_exact(
    autojump_clock: MockClock, tmp_path: Path, seed: int
) -> None:
    words = speech(Random(seed), SECONDS)
    recognizer = Measured(CodedScript(words), seed=seed, errors=EXACT, chunk=2.0, delay=0.2)
    recognizer.exact_ends = True
    played = await play(tmp_path, cuts(Random(seed), SECONDS), recognizer)
    verdict = played.verdict(words)
    assert played.dials == len(played.heard()) == 4
    assert verdict.gone == verdict.silent == []
    assert all(len(seam.twice) <= 1 for seam in verdict.seams)
    assert played.unheard(list(map(samples, words))) == []


@pytest.mark.longer
async def test_no_word_is_lost_at_a_cut_whatever_ends_are_claimed(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    wrong: list[str] = []
    for seed in range(many(1, RUNS)):
        words = speech(Random(seed), SECONDS)
        chunk = 2.0 + seed % 2 * 2.0
        folder = tmp_path / str(seed)
        folder.mkdir()
        recognizer = Measured(CodedScript(words), seed=seed, chunk=chunk)
        played = await play(folder, cuts(Random(seed), SECONDS), recognizer)
        verdict = played.verdict(words)
        unheard = played.unheard(list(map(samples, verdict.gone + verdict.silent)))
        if unheard or not verdict:
            wrong.append(f"seed {seed}: {verdict}, not heard: {unheard}")
    assert not wrong, "\n".join(wrong)


async def test_recogniser_itself_loses_words_at_the_edges_of_its_chunks_alone(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    words = speech(Random(3), SECONDS)
    recognizer = Measured(CodedScript(words), seed=3, chunk=2.0)
    played = await play(tmp_path, "late 0.1s", recognizer)
    unsaid = played.verdict(words).unsaid
    assert unsaid
    assert all(word.start // 2 != word.end // 2 for word in unsaid)


# One dial, and a backend that is wrong about it.

TOLD = ["0.00-2.00", "2.00-4.00", "4.00-6.00", "6.00-8.00", "8.00-10.00", "10.00-11.00"]


@pytest.mark.parametrize(
    "phrases",
    [
        "overshoot 10s",
        "overshoot start 5s",
        "lone dots",
        "queue 1s",
        "late 1s after 5s",
        "late 3s after 5s",
        "slow flush 15s",
        "slow flush 35s",
        "deaf on dial 2; late 1s",
        "early 2s",
        "odd times",
        "overlap",
        "words while closing",
        "bom",
        "odd numbers",
    ],
)
async def test_every_text_of_one_dial_is_told_once(
    autojump_clock: MockClock, tmp_path: Path, phrases: str
) -> None:
    played = await play(tmp_path, phrases, Echo(), seconds=11.0)
    assert played.dials == 1
    assert sorted(each.text for each in played.ended.transcript) == sorted(TOLD)
    assert played.ended.complete
    assert played.unheard([(0, 176_000)]) == []


@pytest.mark.parametrize(
    ("phrases", "seconds"),
    [
        ("ignore mic", 11.0),
        ("ignore mic", 60.0),
        ("ignore mic after 3s", 11.0),
        ("ignore mic after 3s", 60.0),
    ],
)
async def test_ignored_source_is_a_gap(
    autojump_clock: MockClock, tmp_path: Path, phrases: str, seconds: float
) -> None:
    played = await play(tmp_path, phrases, Echo(), seconds=seconds, names=("mic", "system"))
    assert not played.ended.complete
    for source in ("mic", "system"):
        assert played.unheard([(0, round(seconds * 16_000))], source) == []


@pytest.mark.parametrize("phrases", ["deaf after 5s", "deaf mic after 5s"])
async def test_audio_that_a_deaf_backend_takes_is_sent_again_or_a_gap(
    autojump_clock: MockClock, tmp_path: Path, phrases: str
) -> None:
    played = await play(tmp_path, phrases, Echo(), names=("mic", "system"))
    for source in ("mic", "system"):
        assert played.unheard([(0, 960_000)], source) == []


# The oracle itself.


@given(st.lists(st.tuples(st.integers(0, 99_000), st.integers(8, 900)), min_size=1, max_size=4))
def test_coded_audio_is_read_from_any_sample_on(pieces: list[tuple[int, int]]) -> None:
    whole = coded(0, 100_000)
    spans = [(start, start + length) for start, length in pieces]
    spans = [b for a, b in pairwise([(0, 0), *spans]) if a[1] != b[0]]
    read = decode(b"".join(whole[2 * start : 2 * end] for start, end in spans))
    for got, span in zip(read, spans, strict=True):
        assert abs(got[0] - span[0]) <= 1
        assert abs(got[1] - span[1]) <= 1


def test_recordings_are_found_by_their_content() -> None:
    whole = Random(1).randbytes(6400) + bytes(6400) + Random(2).randbytes(6400)
    locate = find_in(whole)
    assert locate(whole) == [(0, 9600)]
    assert locate(whole[1280:3840] + whole[12_800:]) == [(640, 1920), (6400, 9600)]
    assert locate(whole[6400:7680] + whole[640:1280]) == [(3200, 3840), (320, 640)]
    with pytest.raises(AssertionError, match="not of this recording"):
        locate(Random(3).randbytes(640))


FIRST = Connection(
    1, [(0, 64_000)], taken=[(0, 64_000)], answered=[(0, 32_000)],
    finals=[Said("one two", ((1600, 24_000),), (0.1, 9.0), ("one", "two"), sent=True)],
)  # fmt: skip
SECOND = Connection(
    2, [(32_000, 96_000)], taken=[(32_000, 96_000)], quiet=[(80_000, 96_000)],
    answered=[(32_000, 64_000)],
    finals=[Said("three", ((40_000, 48_000),), (0.5, 1.0), ("three",), sent=True)],
)  # fmt: skip
SCRIPT = [Word(0.1, 0.9, "one"), Word(1.0, 1.5, "two"), Word(2.5, 3.0, "three"),
          Word(3.2, 3.4, "unsaid"), Word(4.1, 4.9, "silent")]  # fmt: skip


def told(*texts: str) -> list[Transcript]:
    return [Transcript(source="mic", text=text, final=True, start=0, end=1) for text in texts]


def gap(start: int, end: int) -> Gap:
    return Gap(source="mic", start=start, end=end, samples=end - start, cause=GapCause.OVERFLOW)


def test_oracle_finds_what_was_heard_and_not_told() -> None:
    both = [FIRST, SECOND]
    everything = [(0, 96_000)]
    assert judge_audio(everything, both, told("one two", "three"), []) == [(64_000, 80_000)]
    assert judge_audio(everything, both, told("three"), []) == [(1600, 24_000), (64_000, 80_000)]
    assert judge_audio(everything, both, told("one two", "three"), [gap(64_000, 80_000)]) == []
    verdict = judge_words(SCRIPT, both, told("one three three"), [])
    assert [word.text for word in verdict.gone] == ["two"]
    assert [word.text for word in verdict.twice] == ["three"]
    assert [word.text for word in verdict.unsaid] == ["unsaid"]
    assert [word.text for word in verdict.silent] == ["silent"]
    assert [(seam.number, seam.at) for seam in verdict.seams] == [(2, 32_000)]
    assert [word.text for word in verdict.seams[0].gone] == ["two"]
    assert not verdict
    assert judge_words(SCRIPT, both, told("one two", "three"), [gap(64_000, 80_000)])


def test_final_that_was_never_sent_proves_nothing() -> None:
    unsent = Said("one two", ((1600, 24_000),), (0.1, 9.0), ("one", "two"), sent=False)
    connection = Connection(1, [(0, 32_000)], answered=[(0, 32_000)], finals=[unsent])
    assert judge_audio([(0, 32_000)], [connection], told("one two"), []) == [(1600, 24_000)]


def test_ledger_of_a_killed_server_is_read_to_its_last_whole_line(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "0001-c-mic.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(coded(1000, 640) + coded(5000, 640))
    lines = [
        '{"source":"mic","took":[0,960],"places":[[0,320],[640,1280]],"held":100}',
        '{"source":"system","took":[0,960],"places":[[0,960]],"held":960}',
        '{"source":"mic","cut":[100,900]}',
        '{"source":"mic","final":"mic-1","true":[200,400],"text":"a b","claim":[0,1]}',
        '{"source":"mic","sent":"mic-1","claim":[0,1]}',
        '{"source":"mic","answered":[100,',
    ]
    (tmp_path / "0001-c-heard.jsonl").write_text("\n".join(lines))
    [heard] = read_ledgers(tmp_path, "mic")
    assert heard.arrived == [(1000, 1640), (5000, 5640)]
    assert heard.taken == [(1000, 1320), (5000, 5640)]
    assert (heard.quiet, heard.answered) == ([(1000, 1100)], [])
    assert heard.finals == [
        Said("a b", ((1200, 1320), (5000, 5080)), (0, 1), ("a", "b"), sent=True)
    ]
