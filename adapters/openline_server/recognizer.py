"""The protocol of recognisers, from audio to text; and the two that need no model.

A recogniser has two halves. A *cutter* (one per source and connection; pure) takes PCM
and cuts the segments to recognise: ``final`` segments, which never overlap and come in
order, and partial ones, which are the beginning of a final to come. The recogniser itself
(one per server) transcribes a segment. It may be slow and may fail; the listener that
asks keeps one question in flight per source.

``none`` yields no text. ``echo`` is for tests: its text is the interval of each 0.5 s
(partials) and 2.0 s (finals) of audio processed, so that a timeline can be checked
to the sample, without a model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import trio

from openline.updates import SAMPLE_RATE
from openline_server.claims import Claim


class RecognizerError(Exception):
    """Recognition of one segment failed; the recogniser goes on."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of one source's audio, in samples processed on this connection."""

    start: int
    end: int
    pcm: bytes
    final: bool

    @property
    def t0(self) -> float:
        """Where it starts, in seconds."""
        return self.start / SAMPLE_RATE

    @property
    def t1(self) -> float:
        """Where it ends, in seconds."""
        return self.end / SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """The text of a segment; empty if there is no speech in it.

    ``claims``: the finals of the segment, with times that may be wrong; None: there is one,
    and it has the text and the times of the segment.
    """

    text: str
    confidence: float = 1.0
    language: str | None = None
    claims: tuple[Claim, ...] | None = None


class Question:
    """A request to transcribe a segment, asked once, when there is time for it.

    A final is always asked. A partial waits for its turn; while it waits it may be
    *renewed* by a later one of the same utterance, so that the latest is asked in the
    end, or *withdrawn*, because the final has come.
    """

    def __init__(self, segment: Segment) -> None:
        """The question has not been asked yet."""
        self.segment = segment
        self.asked = False
        self.asked_at: float | None = None
        self._turn = trio.Event()

    def renew(self, segment: Segment) -> bool:
        """Ask about ``segment`` instead; False if it is too late for that."""
        if not self.asked:
            self.segment = segment
        return not self.asked

    def withdraw(self) -> None:
        """Withdraw: the question is not asked any more."""
        self._turn.set()

    def grant(self) -> bool:
        """It is its turn; False if it was withdrawn."""
        self.asked = not self._turn.is_set()
        self.asked_at = trio.current_time()
        self._turn.set()
        return self.asked

    async def turn(self) -> bool:
        """Wait to be granted (True) or withdrawn (False)."""
        await self._turn.wait()
        return self.asked


class Cutter(Protocol):
    """Cuts one source into the segments to recognise."""

    @property
    def held_from(self) -> int:
        """The oldest sample that may still come back in a segment."""
        ...

    def push(self, pcm: bytes) -> list[Segment]:
        """Take more audio (whole samples); return what is ready."""
        ...

    def flush(self) -> list[Segment]:
        """The source has ended: return what is left."""
        ...


class Recognizer(Protocol):
    """Transcribes segments."""

    @property
    def name(self) -> str:
        """The name for people and metrics."""
        ...

    @property
    def available(self) -> bool:
        """Whether it can transcribe at all."""
        ...

    @property
    def immediate(self) -> bool:
        """Whether answers cost nothing, so that no partial need ever be left out."""
        ...

    @property
    def exact_ends(self) -> bool:
        """Whether a final never ends behind the audio that was recognised for it.

        Then all audio before its end was dealt with, and the server says so in its ack.
        """
        ...

    def cutter(self) -> Cutter:
        """A cutter for one source of one connection."""
        ...

    async def recognise(self, question: Question) -> Hypothesis | None:
        """The answer; None if the question was withdrawn before it was asked."""
        ...


class FixedCutter:
    """Cuts by the clock of the samples: partials at each step, finals at each length."""

    def __init__(self, step: float = 0.5, length: float = 2.0) -> None:
        """Partials each ``step`` seconds, finals each ``length`` seconds."""
        self._step = int(step * SAMPLE_RATE)
        self._length = int(length * SAMPLE_RATE)
        self._start = 0
        self._held = bytearray()

    @property
    def held_from(self) -> int:
        """The start of the interval that is being filled."""
        return self._start

    def push(self, pcm: bytes) -> list[Segment]:
        """Fill the interval; every boundary that is reached yields a segment."""
        ready: list[Segment] = []
        while pcm:
            have = len(self._held) // 2
            room = 2 * (self._step - have % self._step)
            self._held += pcm[:room]
            pcm = pcm[room:]
            have = len(self._held) // 2
            if have >= self._length:
                ready += self.flush()
            elif have % self._step == 0:
                ready.append(self._segment(final=False))
        return ready

    def flush(self) -> list[Segment]:
        """The interval as far as it is filled."""
        if not self._held:
            return []
        segment = self._segment(final=True)
        self._start = segment.end
        self._held.clear()
        return [segment]

    def _segment(self, *, final: bool) -> Segment:
        end = self._start + len(self._held) // 2
        return Segment(self._start, end, bytes(self._held), final)


class NullCutter:
    """A cutter that yields no segment."""

    def __init__(self) -> None:
        """No audio yet."""
        self._position = 0

    @property
    def held_from(self) -> int:
        """The live edge: no audio is held."""
        return self._position

    def push(self, pcm: bytes) -> list[Segment]:
        """Count the audio and discard it."""
        self._position += len(pcm) // 2
        return []

    def flush(self) -> list[Segment]:
        """No segment is left."""
        return []


class NoRecognizer:
    """Consumes audio and yields no text: ``none``, or the stand-in for one that failed to load."""

    def __init__(self, name: str = "none", *, available: bool = True) -> None:
        """Not ``available``: every session gets the status ``no_asr_provider``."""
        self.name = name
        self.available = available
        self.immediate = self.exact_ends = True

    def cutter(self) -> Cutter:
        """A cutter that yields no segment."""
        return NullCutter()

    async def recognise(self, question: Question) -> Hypothesis | None:  # noqa: ARG002  # never asked
        """Never asked: the cutter yields no segment."""
        return None


class Echo:
    """Answers with the interval: the text of a final over samples 0 to 32,000 is ``0.00-2.00``."""

    def __init__(self) -> None:
        """Always available, and immediate."""
        self.name = "echo"
        self.available = self.immediate = self.exact_ends = True

    def cutter(self) -> Cutter:
        """Half seconds and two seconds."""
        return FixedCutter()

    async def recognise(self, question: Question) -> Hypothesis | None:
        """The interval, as text."""
        segment = question.segment
        return Hypothesis(f"{segment.t0:.2f}-{segment.t1:.2f}", language="en")
