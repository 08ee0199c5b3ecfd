"""The words that are spoken into a source, and how a recogniser hears them.

A backend that claims its ends is checked by words. Those of a source lie at fixed places of
the session, drawn from the schedule's seed, so a later hearing of the same audio has the same
words. They come in runs. Some pauses between runs are long enough to cut in (twice
``Traits.time_error``, and the errors themselves), some are not, and some last seconds.

A recogniser hears a word when it has all of its audio. Where the audio of a dial begins inside
a word, it may hear the word or not. A word with a hole or a drop inside is never heard.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from functools import lru_cache
from random import Random
from typing import Final, NamedTuple

from openline.updates import SAMPLE_RATE as S
from openline_testing.theorem.schedule import LONGEST

#: The seconds of a word. A beginning may be off by a sixth of the shortest one: then two
#: hearings of one word have half of it in common.
SHORTEST_WORD: Final = 0.18
LONGEST_WORD: Final = 0.4


def greatest_error(time_error: float) -> int:
    """The samples by which a recogniser's times are off at most."""
    return int(min(time_error, SHORTEST_WORD / 6) * S)


class Word(NamedTuple):
    """A word, from and up to session samples; ``text`` is unique in the session."""

    start: int
    end: int
    text: str


class HeardWord(NamedTuple):
    """A word as a recogniser hears it, from and up to connection samples.

    ``whole``: it has all of the word's audio.
    """

    start: int
    end: int
    word: Word
    whole: bool


@lru_cache(maxsize=16)
def spoken(seed: int, source: str, time_error: float) -> tuple[Word, ...]:
    """The words of a source, in order."""
    rng = Random(f"words {seed} {source}")
    words: list[Word] = []
    at = rng.uniform(0, 0.5)
    if rng.random() < 0.1:
        at = LONGEST + 1.0  # it is silent
    usable = 2 * time_error + 4 * greatest_error(time_error) / S
    while at < LONGEST:
        for _ in range(rng.choice([1, 1, 2, 3, 5, 12])):
            length = rng.choice([SHORTEST_WORD, rng.uniform(SHORTEST_WORD, LONGEST_WORD)])
            start = round(at * S)
            end = start + round(length * S) + 1
            words.append(Word(start, end, f"{source}{len(words)}"))
            at = end / S + rng.choice([0.0, 0.0, rng.uniform(0, 0.05)])
        at += rng.choice(
            [rng.uniform(0, usable), usable + rng.uniform(0, 0.2), rng.uniform(0, 2.5)]
        )
    return tuple(words)


class Hearing:
    """What a recogniser hears of one source on one connection."""

    def __init__(self, words: Sequence[Word], rng: Random) -> None:
        self._words = words
        self._ends = [word.end for word in words]
        self._rng = rng
        self._next: int = 0  # the index of the word that it hears, or will hear
        self._at: int = -1  # the session sample that follows
        self._shift: int = 0  # from connection samples to session samples
        self._misses = False  # it does not hear the word that ``_next`` names
        self._begins: int = 0  # the first session sample of this run
        self.heard: deque[HeardWord] = deque()  # and not taken

    def listen(self, spans: list[tuple[int, int]], at: int) -> None:
        """The recogniser takes these session samples; the first is connection sample ``at``."""
        for start, end in spans:
            if start != self._at:
                self._begin_run(start, at)
            self._at = end
            at += end - start
            while self._next < len(self._words) and self._ends[self._next] <= end:
                word = self._words[self._next]
                if not self._misses:
                    begins = max(word.start, self._begins)
                    self.heard.append(
                        HeardWord(
                            begins - self._shift,
                            word.end - self._shift,
                            word,
                            begins == word.start,
                        )
                    )
                self._misses = False
                self._next += 1

    def _begin_run(self, start: int, at: int) -> None:
        is_first = self._at < 0
        self._begins, self._shift = start, start - at
        self._next = bisect_right(self._ends, start)
        cut = self._next < len(self._words) and self._words[self._next].start < start
        self._misses = cut and not (is_first and self._rng.random() < 0.5)

    def breaks_off(self) -> None:
        """The rest of a word that has begun never comes."""
        self._misses = self.begun is not None or self._misses

    @property
    def begun(self) -> int | None:
        """The connection sample at which a word began that is not over."""
        if self._next == len(self._words) or self._misses:
            return None
        start = max(self._words[self._next].start, self._begins)
        return start - self._shift if start < self._at else None

    @property
    def pending(self) -> int | None:
        """Where the first word began that was not taken."""
        return self.heard[0].start if self.heard else self.begun

    def fit(self, start: int, end: int) -> int | None:
        """Where a stretch from ``start`` may end that should end at ``end``, in no word.

        None: not before the current word is over.
        """
        for each in self.heard:
            if each.start < end < each.end:
                return each.start if each.start > start else each.end
        begun = self.begun
        if begun is None or end <= begun:
            return end
        return begun if begun > start else None

    def take(self, end: int) -> list[HeardWord]:
        """The words up to connection sample ``end``, which are taken."""
        taken: list[HeardWord] = []
        while self.heard and self.heard[0].end <= end:
            taken.append(self.heard.popleft())
        return taken
