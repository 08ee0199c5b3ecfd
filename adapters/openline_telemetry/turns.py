"""A span for each turn: one utterance of a source, from its first partial to its final.

A source has one live turn at most, that of its live partial. Words that are settled leave it and
wait for their final by their id, while the next turn may be live already:

    partial "so we"           the live turn begins
    settled "so we go", 1.1   it waits as 1.1
    partial "and"             another one begins
    final   "so we go", 1.1   the first ends

A final without a partial before it is a turn without length. The words themselves are never
exported, only their number. Turns that are over wait for ``export``: spans that are made together
cost half of what they cost one by one, between frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from opentelemetry.util.types import AttributeValue

from openline.updates import PartialRetracted, Transcript
from openline_telemetry import names
from openline_telemetry.dials import Measure
from openline_telemetry.tracing import Tracing

FINAL: Final = "final"
RETRACTED: Final = "retracted"  #: the partial was removed: it does not become final as it is
UNFINISHED: Final = "unfinished"  #: settled, and no final came: another hearing took its place
#: Settled turns that wait at once; the oldest is unfinished then. A backend settles a few at most.
MOST_WAITING: Final = 64


@dataclass(slots=True)
class _Turn:
    source: str
    dial: int
    began: float
    start_ns: int
    partials: int = 0


class Turns:
    """The turns of one session that are not over."""

    __slots__ = ("_live", "_measure", "_over", "_tracing", "_waiting")

    def __init__(self, tracing: Tracing, measure: Measure) -> None:
        self._tracing, self._measure = tracing, measure
        self._live: dict[str, _Turn] = {}
        self._waiting: dict[str, _Turn] = {}
        self._over: list[tuple[int, int, dict[str, AttributeValue]]] = []

    def hear(self, words: Transcript, dial: int, now: float) -> None:
        """Take a partial or a final."""
        source = words.source
        if words.final:
            turn = self._waiting.pop(words.id, None)
            if turn is None and not words.settled:
                turn = self._live.pop(source, None)
            self._measure(names.TOLD, len(words.text.split()), {})
            self._end(turn or self._begin(source, dial, now), FINAL, now, words)
        elif words.settled:
            turn = self._waiting.pop(words.id, None) or self._live.pop(source, None)
            turn = turn or self._begin(source, dial, now)
            turn.partials += 1
            self._waiting[words.id] = turn
            if len(self._waiting) > MOST_WAITING:
                self._end(self._waiting.pop(next(iter(self._waiting))), UNFINISHED, now)
        else:
            if source not in self._live:
                self._live[source] = self._begin(source, dial, now)
            self._live[source].partials += 1

    def retract(self, update: PartialRetracted, now: float) -> None:
        """The live partial of a source is removed. What is settled becomes final later."""
        if turn := self._live.pop(update.source, None):
            self._end(turn, RETRACTED, now)

    def finish(self, now: float) -> None:
        """The session is over, and so is every turn."""
        for turn in (*self._waiting.values(), *self._live.values()):
            self._end(turn, UNFINISHED, now)
        self._waiting.clear()
        self._live.clear()
        self.export()

    def export(self) -> None:
        """Make the spans of the turns that are over."""
        for start_ns, end_ns, given in self._over:
            self._tracing.child(names.TURN_SPAN, start_ns, given).end(end_ns)
        self._over.clear()

    def _begin(self, source: str, dial: int, now: float) -> _Turn:
        return _Turn(source, dial, now, self._tracing.wall.at(now))

    def _end(self, turn: _Turn, outcome: str, now: float, words: Transcript | None = None) -> None:
        tracing = self._tracing
        given: dict[str, AttributeValue] = {
            names.SOURCE: turn.source,
            names.DIAL: turn.dial,
            names.PARTIALS: turn.partials,
            names.OUTCOME: outcome,
        }
        if words is not None:
            given |= {
                names.START: words.start,
                names.STOP: words.end,
                names.WORDS: len(words.text.split()),
            }
            if turn.partials:
                self._measure(names.TURN, now - turn.began, {})
        self._over.append((turn.start_ns, tracing.wall.at(now), given))
