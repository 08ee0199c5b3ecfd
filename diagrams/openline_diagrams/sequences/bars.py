"""The audio of each source at a moment, as bars beside the row in which it changed.

A bar is session time. Captured audio lies lowest, over it the audio sent on this dial and
before, over it the confirmed audio. So a lost dial visibly gives its unconfirmed audio back.
Each has a texture of its own, for eyes and printers without colours: captured is
pale, sent is hatched, confirmed is solid.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from openline_diagrams.sequences.model import Message, Sequence
from openline_diagrams.sequences.shapes import (
    MARGIN,
    QUIET,
    SMALL,
    WIDTH,
    Box,
    Shape,
    Stroke,
    Text,
    Tone,
)
from openline_diagrams.sequences.steps import Mark
from openline_diagrams.sequences.words import seconds
from openline_diagrams.theme import Role

_HIGH: Final = 6.0
_APART: Final = 3.0
#: A hatch is a line as thick as its box is high, dashed: so many points on, so many off.
_HATCH: Final = "2 2.5"


class Layer(NamedTuple):
    """The style of one of the three layers."""

    name: str
    role: Role
    part: str
    hatched: bool = False

    def drawn(self, x: float, y: float, w: float, h: float, corner: float = 0) -> Iterator[Shape]:
        """A box of it."""
        line: Tone = (self.role, "line")
        yield Box(x, y, w, h, corner, (self.role, self.part), line)
        if self.hatched:
            middle = y + h / 2
            yield Stroke(((x, middle), (x + w, middle)), line, h, _HATCH)


#: From the lowest.
LAYERS: Final = (
    Layer("captured", Role.REST, "fill"),
    Layer("sent", Role.WAIT, "fill", hatched=True),
    Layer("confirmed", Role.LIVE, "line"),
)


class Gauges:
    """The column of gauges, which begins at ``x``. ``captured``: its total in seconds."""

    def __init__(self, seq: Sequence, x: float) -> None:
        self._x = x
        self._told: tuple[Mark, ...] = ()
        ends = [mark for item in seq.items if isinstance(item, Message) for mark in item.marks]
        self.captured = max((mark.captured for mark in ends), default=0.0)

    def head(self, y: float) -> Iterator[Shape]:
        """The title of the column, and the length of its longest bar."""
        if self.captured:
            yield Text(self._x, y, "audio", QUIET, SMALL)
            yield Text(WIDTH - MARGIN, y, seconds(self.captured), QUIET, SMALL, "end")

    def bars(self, choice: Iterable[tuple[Mark, ...]], y: float) -> Iterator[Shape]:
        """Bars around ``y`` of the latest of some marks, if anything has changed."""
        latest = max(choice, key=_progress)
        before = {mark.source: mark.captured for mark in self._told}
        # A run that goes on beside others has shown a later state already.
        marks = tuple(
            mark._replace(captured=max(mark.captured, before.get(mark.source, 0.0)))
            for mark in latest
        )
        if marks and marks != self._told and self.captured:
            self._told = marks
            y -= (_HIGH + _APART) * len(marks) / 2
            for number, mark in enumerate(marks):
                yield from self._bar(mark, y + number * (_HIGH + _APART))

    def _bar(self, mark: Mark, y: float) -> Iterator[Shape]:
        scale = (WIDTH - MARGIN - self._x) / self.captured
        ends = mark.captured, mark.sent, mark.confirmed
        for end, layer in zip(ends, LAYERS, strict=True):
            wide = (end - mark.origin) * scale
            if wide > 0:
                yield from layer.drawn(self._x + mark.origin * scale, y, wide, _HIGH)


def _progress(marks: tuple[Mark, ...]) -> float:
    """Which of two is the later one, within a dial."""
    return sum(mark.captured + mark.sent + mark.confirmed for mark in marks)
