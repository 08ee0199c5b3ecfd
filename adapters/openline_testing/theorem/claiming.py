"""The finals of a backend that claims their times, as the real one of the default contract does.

- A final has the words of a stretch, and lies in order. Its beginning and its end are off by
  at most ``greatest_error``, or its end lies up to 27 s behind, also behind everything sent. A
  beginning may come out below 0.
- Out of silence come, on some dials, chains of up to nine finals without a word, a lone ".",
  whose times are off by up to 24 s either way; or a final without any text.
- A partial begins where its first word does, as exactly as a final.

That a final's words are whole, and that a word is transcribed or discarded within the horizon
of its own beginning, holds as of an exact backend.
"""

from __future__ import annotations

from random import Random
from typing import Final, Protocol

from openline.updates import SAMPLE_RATE as S
from openline_testing.theorem.recognizer import IdealRecognizer
from openline_testing.theorem.simulation import Simulation, Telling
from openline_testing.theorem.speech import Words
from openline_testing.theorem.words import Hearing, greatest_error, spoken

#: Seconds by which an end lies behind the audio, and a wordless final's times off.
FARTHEST_END: Final = 27.0
FARTHEST_DOT: Final = 24.0
#: Finals without a word in one chain.
LONGEST_CHAIN: Final = 9


class Numbered(Protocol):
    """The dial, by number."""

    number: int


class Claims:
    """What the backend of one dial claims."""

    def __init__(self, simulation: Simulation, wire: Numbered) -> None:
        schedule = simulation.schedule
        self._simulation = simulation
        self._schedule = schedule
        self._dial = wire.number
        self._rng = Random(f"claims {schedule.seed} {wire.number}")
        self._time_error = simulation.speech.dialect.traits.time_error
        self._error = greatest_error(self._time_error)
        self._count: int = 0

    def hears(self, source: str) -> Hearing:
        """The recogniser's ear for a source."""
        rng = Random(f"ear {self._schedule.seed} {self._dial} {source}")
        return Hearing(spoken(self._schedule.voice, source, self._time_error), rng)

    def _off(self, sample: int) -> float:
        return (sample + self._rng.randint(-self._error, self._error)) / S

    def finals(
        self, stream: IdealRecognizer, end: int, spans: list[tuple[int, int]]
    ) -> list[tuple[Words, str]]:
        """The finals of a stretch, each with its key; it tells the ledger of them."""
        ledger, name = self._simulation.ledger, stream.name
        hearing = stream.hearing
        words = hearing.take(end) if hearing is not None else []
        if not words:
            ledger.discarded(name, spans)
            return self._dots(stream, end) if self._rng.random() < self._schedule.dots else []
        first, last = words[0].start, words[-1].end
        begins = self._off(stream.clock(first))
        ends = self._off(stream.clock(last))
        if self._rng.random() < self._schedule.claims:
            ends += self._rng.uniform(0, FARTHEST_END)
            ledger.happens("an end behind the audio")
        text = " ".join(each.word.text for each in words)
        bounds = None
        if not stream.dropped:
            slack = self._error + 2
            bounds = tuple(stream.place(at) for at in (first - slack, first + slack, last - slack))
        key = self._key()
        ledger.finalised(key, name, spans, Telling(text, tuple(words), bounds))
        return [(Words(text, name, begins, ends, final=True), key)]

    def _dots(self, stream: IdealRecognizer, at: int) -> list[tuple[Words, str]]:
        found: list[tuple[Words, str]] = []
        for _ in range(self._rng.randint(1, LONGEST_CHAIN)):
            key, text = self._key(), self._rng.choice([".", ".", ".", "…", " ", ""])
            begins = at / S + self._rng.uniform(-FARTHEST_DOT, FARTHEST_DOT)
            ends = max(begins, at / S + self._rng.uniform(-FARTHEST_DOT, FARTHEST_DOT))
            self._simulation.ledger.finalised(key, stream.name, [], Telling(text, (), None))
            self._simulation.ledger.happens("a final without a word")
            found.append((Words(text, stream.name, begins, ends, final=True), key))
        return found

    def _key(self) -> str:
        self._count += 1
        return f"{self._dial}/{self._count}"

    def partial(self, stream: IdealRecognizer) -> Words | None:
        """The words that it has begun to hear, if any."""
        hearing = stream.hearing
        begun = hearing.pending if hearing is not None else None
        if hearing is None or begun is None:
            return None
        text = " ".join([*(each.word.text for each in hearing.heard), "and so on"])
        begins = self._off(stream.clock(begun))
        ends = max(begins, stream.clock(stream.dequeued) / S)
        return Words(text, stream.name, begins, ends, final=False)
