"""Where speech begins and ends, with a detector that reads its answer off the samples."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from itertools import pairwise

import pytest

from openline_server.endpointer import FRAME_SAMPLES, RULES, Endpointer, EnergyDetector, level
from openline_server.recognizer import Segment

FRAME = FRAME_SAMPLES / 16_000
LONG = 15 * 16_000


def frames(seconds: float, amplitude: int) -> bytes:
    return array("h", [amplitude]).tobytes() * (round(seconds / FRAME) * FRAME_SAMPLES)


def loud(frame: bytes) -> float:
    return 1.0 if level(frame) > 1000 else 0.0


def run(pcm: bytes, portion: int = 640, detector: Callable[[bytes], float] = loud) -> list[Segment]:
    endpointer = Endpointer(detector)
    found: list[Segment] = []
    for at in range(0, len(pcm), portion):
        part = pcm[at : at + portion]
        found += endpointer.push(part)
        assert (at + len(part)) // 2 - endpointer.held_from < LONG - 2 * 16_000
    return found + endpointer.flush()


def finals(pcm: bytes, portion: int = 640) -> list[Segment]:
    return [segment for segment in run(pcm, portion) if segment.final]


@pytest.mark.parametrize("portion", [320, 640, 1024, 3200, 100_000])
def test_an_utterance_has_a_little_silence_around_it(portion: int) -> None:
    pcm = frames(2, 0) + frames(1.5, 5000) + frames(2, 0)
    (final,) = finals(pcm, portion)
    assert final.t0 == pytest.approx(2 - 0.3, abs=FRAME)
    assert final.t1 == pytest.approx(3.5 + 0.3, abs=2 * FRAME)
    assert final.pcm == pcm[2 * final.start : 2 * final.end]


def test_short_pause_stays_in_utterance_long_one_ends_it() -> None:
    word = frames(1, 5000)
    assert len(finals(word + frames(0.4, 0) + word + frames(2, 0))) == 1
    first, second = finals(word + frames(0.8, 0) + word + frames(2, 0))
    assert first.end <= second.start


def test_partials_grow_within_an_utterance() -> None:
    found = run(frames(3, 5000) + frames(1, 0))
    partials = [segment for segment in found if not segment.final]
    assert all(segment.start == 0 for segment in found)
    ends = [segment.t1 for segment in partials]
    assert ends == sorted(ends)
    steps = [after - before for before, after in pairwise(ends)]
    assert max([ends[0], *steps]) <= 0.5


def test_a_click_is_no_utterance() -> None:
    assert run(frames(1, 0) + frames(2 * FRAME, 5000) + frames(2, 0)) == []


def test_silence_is_forgotten() -> None:
    endpointer = Endpointer(loud)
    assert endpointer.push(frames(60, 0)) == []
    assert endpointer.held_from >= 59.6 * 16_000
    assert endpointer.flush() == []


def test_speech_without_a_pause_is_cut_at_its_quietest() -> None:
    gap = round(8 / FRAME) * FRAME
    pcm = frames(gap, 5000) + frames(0.2, 2000) + frames(20, 5000)
    found = finals(pcm)
    assert found[0].t1 == pytest.approx(gap + 0.1, abs=0.08)
    assert [(a.end, b.start) for a, b in pairwise(found)] == [(b.start, b.start) for b in found[1:]]
    assert b"".join(segment.pcm for segment in found) == pcm
    assert max(segment.t1 - segment.t0 for segment in found) <= RULES.longest * FRAME


def test_flush_returns_the_open_utterance() -> None:
    pcm = frames(1, 5000) + bytes(300)
    (final,) = finals(pcm)
    assert final.pcm == pcm


def test_energy_stands_out_of_a_steady_noise() -> None:
    detector = EnergyDetector()
    assert detector(frames(FRAME, 0)) < 0.1
    assert detector(frames(FRAME, 3000)) == 1.0
    steady = [detector(frames(FRAME, 3000)) for _ in range(300)]
    assert steady[-1] < RULES.onset
    assert detector(frames(FRAME, 12_000)) > RULES.onset
    assert level(b"") == 0.0
