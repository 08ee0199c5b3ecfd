"""A model of a recogniser whose times are claims: its finals are as wrong as were measured.

A server of this contract that runs Whisper on chunks of 2 to 4 s was measured on 38 minutes of
made recordings, 1,694 finals. Its ends and beginnings are claims: an end may lie up to 27.5 s
behind the audio that the recogniser had. Noise becomes chains of finals whose text is ".". A
word that a chunk's edge cuts is sometimes lost and sometimes in both chunks. This module draws
finals with these errors, for words whose true times are known::

    claims = claimed(words, length=60.0, chunk=4.0, random=Random(1))

All times are seconds of audio of one dial, from 0 on, as the contract counts them. The module
is pure: the random source is an argument, and nothing here has a clock. So the recogniser
of the reference server and a simulated backend of a test draw from the same model.

How a chunk becomes finals:

1. The words in it are split into phrases, at pauses and now and then between two words.
   A word that an edge cuts is lost, in both chunks, or in the one that has more of it.
2. A phrase begins at its first word plus an error, in the chunk at the earliest.
3. It ends at its last word plus an error, in the chunk; or, at a measured rate, behind it.
4. At a measured rate a chain of lone dots follows, nearly all behind the chunk.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, NamedTuple, TypeAlias

#: What the recogniser makes of noise.
DOT: Final = "."
#: Whisper's window: no end lies farther behind the beginning of its chunk.
_WINDOW: Final = 30.0
#: The farthest that an end (measured) and a beginning lay behind the audio.
_FARTHEST_END: Final = 27.5
_FARTHEST_START: Final = 24.0
_LONGEST_CHAIN: Final = 9
#: Chains whose first dot begins in the chunk.
_FIRST_INSIDE: Final = 0.1
#: A pause of so many seconds ends a phrase, and so does any other gap at this rate.
_PAUSE: Final = 0.6
_SPLIT: Final = 0.08
#: How far a final of a chunk, but for its first, begins before the end of the one before.
_BITTEN: Final = 0.15
#: The shortest final.
_LEAST: Final = 0.02

#: A distribution: (share, value), rising in both; between two pairs it is linear.
Quantiles: TypeAlias = tuple[tuple[float, float], ...]


class Word(NamedTuple):
    """A word and where it truly is, in seconds."""

    start: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class Claim:
    """One final, in the order in which the recogniser sends them."""

    #: The times that it claims, in seconds of the dial; ``t0 <= t1``.
    t0: float
    t1: float
    text: str
    #: The words that it has, with their true times; none in a lone dot.
    words: tuple[Word, ...]
    #: The audio that the recogniser had then: the beginning and the end of its chunk.
    chunk: tuple[float, float]

    @property
    def given(self) -> float:
        """How much audio of the dial the recogniser had when it sent this, in seconds."""
        return self.chunk[1]


@dataclass(frozen=True, slots=True)
class Errors:
    """How wrong a recogniser is. Shares are from 0 to 1, the rest is in seconds."""

    #: A beginning, less the true one of its first word.
    start: Quantiles
    #: An end that lies in the audio given, less the true one of its last word.
    end: Quantiles
    #: Chunks whose last final with words ends behind the audio given.
    overshoot: float
    #: Of these, finals that begin behind it too.
    late_start: float
    #: Finals that may end behind the beginning of the next one of their chunk.
    overlap: float
    #: Chunks that end with a chain of lone dots.
    chain: float
    #: Words cut by an edge that are in no final, and in two.
    lost: float
    doubled: float


#: No error at all: finals of whole phrases, cut words in the chunk that has more of them.
EXACT: Final = Errors(
    start=((0, 0), (1, 0)), end=((0, 0), (1, 0)),
    overshoot=0, late_start=0, overlap=0, chain=0, lost=0, doubled=0,
)  # fmt: skip
#: Measured with chunks of 2 s. The shares of the tails before the clip to the chunk are
#: larger than the measured ones, so that the tails after it are the measured ones;
#: tests/server/test_claims.py compares the outcome with the measured figures.
SHORT: Final = Errors(
    start=((0, -2.0), (0.16, -1.7), (0.24, -0.5), (0.5, -0.2), (0.9, 0), (0.99, 0.3), (1, 0.7)),
    end=((0, -1.2), (0.01, -0.7), (0.1, -0.1), (0.4, 0), (0.8, 0.5), (0.95, 1.0), (1, 1.6)),
    overshoot=0.046, late_start=0.03, overlap=0.01, chain=0.0033, lost=0.06, doubled=0.15,
)  # fmt: skip
#: Measured with chunks of 4 s.
LONG: Final = Errors(
    start=((0, -4.0), (0.2, -3.2), (0.28, -0.5), (0.5, -0.15), (0.9, 0), (0.99, 0.35), (1, 0.7)),
    end=((0, -1.2), (0.01, -0.7), (0.1, -0.1), (0.4, 0), (0.8, 0.6), (0.95, 1.4), (1, 3.2)),
    overshoot=0.29, late_start=0.03, overlap=0.01, chain=0.078, lost=0.13, doubled=0.26,
)  # fmt: skip


def measured(chunk: float) -> Errors:
    """The measured errors for chunks of so many seconds: of 2 s, of 4 s, or between them."""
    share = min(1.0, max(0.0, (chunk - 2.0) / 2.0))

    def between(short: float, long: float) -> float:
        return short + (long - short) * share

    def merged(short: Quantiles, long: Quantiles) -> Quantiles:
        return tuple(
            (at, between(low, high))
            for (at, low), (_, high) in zip(short, long, strict=True)
        )  # fmt: skip

    return Errors(
        start=merged(SHORT.start, LONG.start),
        end=merged(SHORT.end, LONG.end),
        overshoot=between(SHORT.overshoot, LONG.overshoot),
        late_start=between(SHORT.late_start, LONG.late_start),
        overlap=between(SHORT.overlap, LONG.overlap),
        chain=between(SHORT.chain, LONG.chain),
        lost=between(SHORT.lost, LONG.lost),
        doubled=between(SHORT.doubled, LONG.doubled),
    )


class ClaimingRecognizer:
    """Hears the chunks of one source of one dial, in order; a fresh one for each dial."""

    __slots__ = ("_cut", "_errors", "_random")

    def __init__(self, random: Random, errors: Errors) -> None:
        """Draw every error from ``random``."""
        self._random, self._errors = random, errors
        #: Who has the word that the last edge cut: the chunks before it and behind it.
        self._cut: dict[Word, tuple[bool, bool]] = {}

    def hear(self, words: Iterable[Word], start: float, end: float) -> list[Claim]:
        """The finals of the chunk from ``start`` to ``end``, in the order of sending.

        ``words`` are those that lie in the chunk or are cut by its edges, in order; others
        are ignored.
        """
        chunk = (start, end)
        before, self._cut = self._cut, {}
        heard = [word for word in words if self._hears(word, start, end, before)]
        return [*self._claims(self._phrases(heard), chunk), *self._dots(chunk)]

    def _hears(
        self, word: Word, start: float, end: float, before: dict[Word, tuple[bool, bool]]
    ) -> bool:
        if word.end <= start or word.start >= end:
            return False
        heard = True
        if word.start < start:  # cut by the edge before this chunk
            heard = (before.get(word) or self._share(word, start))[1]
        if word.end > end:
            self._cut[word] = self._share(word, end)
            heard = heard and self._cut[word][0]
        return heard

    def _share(self, word: Word, edge: float) -> tuple[bool, bool]:
        """Which of the chunks at ``edge`` have the word that it cuts: before it, behind it."""
        drawn = self._random.random()
        if drawn < self._errors.lost:
            return False, False
        if drawn < self._errors.lost + self._errors.doubled:
            return True, True
        first = edge - word.start >= word.end - edge
        return first, not first

    def _phrases(self, words: Sequence[Word]) -> list[list[Word]]:
        phrases: list[list[Word]] = []
        for word in words:
            apart = phrases and (
                word.start - phrases[-1][-1].end >= _PAUSE or self._random.random() < _SPLIT
            )
            if apart or not phrases:
                phrases.append([])
            phrases[-1].append(word)
        return phrases

    def _claims(self, phrases: list[list[Word]], chunk: tuple[float, float]) -> Iterator[Claim]:
        starts: list[float] = []
        for at, phrase in enumerate(phrases):
            earliest = phrases[at - 1][-1].end - _BITTEN if at else chunk[0]
            starts.append(self._start(phrase[0], max(chunk[0], earliest), chunk[1]))
        for at, phrase in enumerate(phrases):
            last = at == len(phrases) - 1
            t0, t1 = starts[at], phrase[-1].end + self._draw(self._errors.end)
            if not last and self._random.random() >= self._errors.overlap:
                t1 = min(t1, starts[at + 1])
            t1 = min(max(t1, t0 + _LEAST), chunk[1])
            if last and self._random.random() < self._errors.overshoot:
                t1 = self._behind(chunk, _FARTHEST_END)
                if self._random.random() < self._errors.late_start:
                    t0 = self._random.uniform(chunk[1], min(t1, chunk[1] + _FARTHEST_START))
            text = " ".join(word.text for word in phrase)
            yield Claim(t0, t1, text, tuple(phrase), chunk)

    def _start(self, word: Word, earliest: float, end: float) -> float:
        t0 = word.start + self._draw(self._errors.start)
        return min(max(t0, earliest), end - _LEAST)

    def _dots(self, chunk: tuple[float, float]) -> list[Claim]:
        """A chain of finals without a word, each beginning where the last ended."""
        if self._random.random() >= self._errors.chain:
            return []
        start, end = chunk
        last = self._behind(chunk, _FARTHEST_END)
        most = min(last, end + _FARTHEST_START)
        begins = sorted(
            self._random.uniform(end, most)
            for _ in range(self._random.randint(1, _LONGEST_CHAIN))
        )  # fmt: skip
        if self._random.random() < _FIRST_INSIDE:
            begins[0] = self._random.uniform(start, end)
        return [
            Claim(t0, t1, DOT, (), chunk)
            for t0, t1 in zip(begins, [*begins[1:], last], strict=True)
        ]  # fmt: skip

    def _behind(self, chunk: tuple[float, float], farthest: float) -> float:
        """An end behind the chunk: half of them by less than 2 s, the farthest by 27.5 s."""
        start, end = chunk
        most = min(farthest, start + _WINDOW - end)
        return end + _LEAST + (most - _LEAST) * self._random.random() ** 4

    def _draw(self, quantiles: Quantiles) -> float:
        return quantile(quantiles, self._random.random())


def quantile(quantiles: Quantiles, share: float) -> float:
    """The value at ``share`` (0 to 1) of a distribution."""
    at = min(bisect_right(quantiles, share, key=lambda pair: pair[0]), len(quantiles) - 1)
    (left, low), (right, high) = quantiles[at - 1], quantiles[at]
    return low + (high - low) * (share - left) / (right - left)


def claimed(
    words: Sequence[Word],
    length: float,
    chunk: float,
    random: Random,
    errors: Errors | None = None,
) -> list[Claim]:
    """The finals of a dial of ``length`` seconds, in the order of sending.

    ``words`` have times of this dial and are in order; one that began before it has a start
    below 0. The last chunk is as long as what is left: after a stop the recogniser
    transcribes it, after a kill it does not (leave out what has ``given`` > the audio so far).
    ``errors``: None for the measured ones of this ``chunk`` length.
    """
    recognizer = ClaimingRecognizer(random, errors or measured(chunk))
    claims: list[Claim] = []
    start, at = 0.0, 0
    while start < length:
        end = min(start + chunk, length)
        while at < len(words) and words[at].end <= start:
            at += 1
        last = at
        while last < len(words) and words[last].start < end:
            last += 1
        claims += recognizer.hear(words[at:last], start, end)
        start = end
    return claims
