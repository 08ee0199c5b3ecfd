"""Words with times of their own, and audio in which each differs from the others.

A word is a stretch of samples of one value, its *level*; silence is 0. A level survives another
rate and another encoding, so a backend knows which words it was sent, and which part of them,
without a recogniser:

    level 0, 0, 0, 700, 700, 700, 0, 800, 800 …     →   silence, w1, silence, w2 …
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from random import Random
from typing import Final, NamedTuple

#: Samples in a second of captured audio.
RATE: Final = 16_000
#: The level of the first word, and the distance of two of one sign: 520 words fit into 16 bits.
_FIRST, _STEP = 700, 120
_MOST: Final = 520
#: Seconds of a long session.
_LONG: Final = 300.0
#: Word lengths and pauses are multiples of this, in seconds.
_GRAIN: Final = 0.02


class Spoken(NamedTuple):
    """A word: its number, from 1, and its samples [start, end)."""

    number: int
    start: int
    end: int

    @property
    def text(self) -> str:
        """How a backend writes it."""
        return f"w{self.number}"


def level_of(number: int) -> int:
    """The value of the samples of a word: odd words are above 0, even ones below."""
    level = _FIRST + _STEP * ((number + 1) // 2)
    return level if number % 2 else -level


def number_at(level: float) -> int:
    """The word of a sample; 0: silence, or the edge of a word."""
    number = 2 * round((abs(level) - _FIRST) / _STEP) - (level > 0)
    return number if number > 0 and abs(level - level_of(number)) < _STEP / 4 else 0


class Speaker:
    """The words of one session and their audio, drawn from ``rng``.

    ``seconds`` is the length. Most pauses are short; some are as long as a breath, and some are
    ``silence`` seconds; more are in a long session, for there are not so many words.
    """

    def __init__(self, rng: Random, seconds: float, silence: float) -> None:
        breaths = 0.985 if seconds < _LONG else 0.9
        self.words: list[Spoken] = []
        self.samples = round(seconds / _GRAIN) * round(_GRAIN * RATE)
        at = _grains(rng.uniform(0.0, 1.5))
        while len(self.words) < _MOST:
            end = at + _grains(rng.uniform(0.16, 0.6))
            if end > self.samples:
                break
            self.words.append(Spoken(len(self.words) + 1, at, end))
            dice = rng.random()
            if dice < 0.8:
                pause = rng.uniform(0.04, 0.3)
            elif dice < breaths:
                pause = rng.uniform(0.6, 4.0)
            else:
                pause = rng.uniform(0.5, 1.0) * silence
            at = end + _grains(pause)
        audio = array("h", bytes(2 * self.samples))
        for word in self.words:
            run = array("h", [level_of(word.number)])
            audio[word.start : word.end] = run * (word.end - word.start)
        self._audio = audio
        self._ends = [word.end for word in self.words]

    def pcm(self, start: int, end: int) -> tuple[bytes, int]:
        """The samples [start, end) as s16le, and their peak."""
        peak, at = 0, bisect_right(self._ends, start)
        while at < len(self.words) and self.words[at].start < end:
            peak = max(peak, abs(level_of(self.words[at].number)))
            at += 1
        return self._audio[start:end].tobytes(), peak


def _grains(seconds: float) -> int:
    return max(1, round(seconds / _GRAIN)) * round(_GRAIN * RATE)
