"""The chart with how often each transition fired, from counts that the caller gives.

    counted(model(TABLE), TABLE, {"streaming --pong--> itself": 1200})

``counts`` are numbers by the names of transitions (``Transition.name``). The more often the
transitions of an edge fired, the wider and deeper it is drawn. A transition without a number
is drawn as *uncounted*, one with 0 as *never*. A number without a transition is ignored, so
counts of an older chart can be drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import log10
from typing import Final

from openline.machine.table import Table, Transition
from openline_diagrams.chart.model import Drawing, Edge, Line, rows

#: The heats of transitions that never fired, and of uncounted ones; others are powers of ten.
NEVER: Final = -1
UNKNOWN: Final = -2
#: The highest power that has a colour of its own.
HOTTEST: Final = 6
_SCALES: Final = ((1e9, "G"), (1e6, "M"), (1e3, "k"))

Counts = Mapping[str, int]


def heat(numbers: Iterable[int | None]) -> int:
    """The heat of some rows together; None: not counted."""
    known = [number for number in numbers if number is not None]
    if not known:
        return UNKNOWN
    total = sum(known)
    return min(HOTTEST, int(log10(total))) if total else NEVER


def brief(number: int) -> str:
    """A count in a few digits: 7, 1.2k, 35M."""
    for scale, letter in _SCALES:
        if number >= scale:
            value = number / scale
            digits = 1 if value < 9.95 and round(value, 1) % 1 else 0
            return f"{value:.{digits}f}{letter}"
    return str(number)


def counted(drawing: Drawing, table: Table, counts: Counts) -> Drawing:
    """``drawing`` with its counts: a note on each line, a heat for each edge."""
    return _Counter(table, counts).of(drawing)


class _Counter:
    """Finds the counts of the drawn rows."""

    def __init__(self, table: Table, counts: Counts) -> None:
        self.counts = counts
        self.names = {_key(row): row.name for row in rows(table)}

    def of(self, drawing: Drawing) -> Drawing:
        boxes = {
            name: box._replace(inside=tuple(self.noted(line, None) for line in box.inside))
            for name, box in drawing.boxes.items()
        }
        edges = tuple(self.heated(edge) for edge in drawing.edges)
        return drawing._replace(boxes=boxes, edges=edges)

    def heated(self, edge: Edge) -> Edge:
        numbers = [number for line in edge.lines for _, number in self.numbers(line, edge.head)]
        lines = tuple(self.noted(line, edge.head) for line in edge.lines)
        return edge._replace(lines=lines, heat=heat(numbers))

    def noted(self, line: Line, head: str | None) -> Line:
        """The line with its count, and with those of its rows that never fired."""
        found = self.numbers(line, head)
        known = [number for _, number in found if number is not None]
        parts = [brief(sum(known))] if sum(known) else []
        for word, silent in (
            ("never", [what for what, number in found if number == 0]),
            ("uncounted", [what for what, number in found if number is None]),
        ):
            if silent:
                parts.append(word if len(silent) == len(found) else f"{word}: {', '.join(silent)}")
        return line._replace(note="; ".join(parts))

    def numbers(self, line: Line, head: str | None) -> list[tuple[str, int | None]]:
        """Each row of the line: the name that distinguishes it, and its count."""
        return [
            (
                _name_of(line, source, event),
                self.counts.get(self.names[source, event, line.guard, line.actions, head]),
            )
            for source in line.sources
            for event in line.events
        ]


def _key(row: Transition) -> tuple[str, str, str, tuple[str, ...], str | None]:
    return row.source, row.event, row.guard_name, row.on_names, row.target


def _name_of(line: Line, source: str, event: str) -> str:
    parts: Sequence[str] = [
        *([source] if len(line.sources) > 1 else []),
        *([event] if len(line.events) > 1 else []),
    ]
    return " ".join(parts)
