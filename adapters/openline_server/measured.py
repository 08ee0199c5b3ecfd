"""A recogniser of scripted words that is as wrong as the real one was measured to be.

It cuts the audio into chunks and gives the finals that ``claims`` draws. What is said in a
chunk comes from a *script*, a function from the chunk to the words in it. So a test decides
what is said where, and the errors are drawn from a seed: the cutter of each source and
connection draws its own, in the order in which they are made.

There are no partials, as with the real one. A chunk takes up to ``delay`` seconds, drawn too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, TypeAlias, cast

import trio

from openline_server.claims import ClaimingRecognizer, Errors, Word, measured
from openline_server.recognizer import Cutter, FixedCutter, Hypothesis, Question, Segment

#: What is said in a chunk: words that lie in it or are cut by its edges, in order. Their times
#: are seconds of the dial, as the segment's are. A word that two chunks have is equal in both.
Script: TypeAlias = Callable[[Segment], Sequence[Word]]

#: From a chunk's end to its finals on the observed server, in seconds.
DELAY: Final = 0.74


@dataclass(frozen=True, slots=True)
class _Chunk(Segment):
    """A segment that keeps who hears it."""

    hearer: ClaimingRecognizer
    random: Random


class _Chunks:
    """Cuts chunks of one length for one hearer."""

    def __init__(self, length: float, errors: Errors, seed: str) -> None:
        self._fixed = FixedCutter(step=length, length=length)
        self._random = Random(seed)  # noqa: S311  # errors are drawn from a seed
        self._hearer = ClaimingRecognizer(self._random, errors)

    @property
    def held_from(self) -> int:
        """The start of the chunk that is being filled."""
        return self._fixed.held_from

    def push(self, pcm: bytes) -> list[Segment]:
        """Fill the chunk; return those that are full."""
        return self._heard(self._fixed.push(pcm))

    def flush(self) -> list[Segment]:
        """The last chunk, however short."""
        return self._heard(self._fixed.flush())

    def _heard(self, segments: list[Segment]) -> list[Segment]:
        return [
            _Chunk(each.start, each.end, each.pcm, each.final, self._hearer, self._random)
            for each in segments
        ]


class Measured:
    """Recognition of scripted words with measured errors."""

    def __init__(
        self,
        script: Script,
        *,
        seed: int = 0,
        chunk: float = 4.0,
        errors: Errors | None = None,
        delay: float = DELAY,
    ) -> None:
        """``chunk``: the length of each, in seconds; ``errors`` None: the measured ones for it."""
        self.name = "measured"
        self.available = True
        self.immediate = self.exact_ends = False
        self._script, self._seed, self._chunk, self._delay = script, seed, chunk, delay
        self._errors = errors if errors is not None else measured(chunk)
        self._cutters = 0

    def cutter(self) -> Cutter:
        """Chunks, with errors of their own."""
        self._cutters += 1
        return _Chunks(self._chunk, self._errors, f"{self._seed} {self._cutters}")

    async def recognise(self, question: Question) -> Hypothesis | None:
        """The finals of a chunk."""
        question.grant()
        segment = cast("_Chunk", question.segment)  # of our own cutter
        await trio.sleep(segment.random.uniform(0, self._delay))
        words = self._script(segment)
        claims = segment.hearer.hear(words, segment.t0, segment.t1)
        return Hypothesis("", language="en", claims=tuple(claims))
