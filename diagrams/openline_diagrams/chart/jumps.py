"""Where the steps run that jump over a box of the spine, or lead back up it.

A jump is a line beside the spine, on its right or on its left. On the right it leaves the lower
end of its box, and its label stands in the gap below. Jumps to one state share a line there. On
the left it leaves a compartment of its own in the box, under the name of the state that it leads
to. Jumps from one state share a line there.

Two jumps on one side cross if one begins or ends within the other and goes on beyond it: they
*interleave*. Two that are nested do not. So

- a step back goes on the left;
- a step forward goes on the right, the longest first, unless it would cross one that is there.

An example, with the boxes numbered from the top. [2, 6], [3, 6] and [0, 2] run on the right, and
[2, 4] on the left, for it interleaves with [3, 6]. Lines that pass one box stand side by side, the
longest outermost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from openline_diagrams.chart.model import Edge
from openline_diagrams.chart.places import BACK, JUMP

#: Between two lines side by side, on the right and on the left.
_NEXT: Final = -5.0
_NEXT_BACK: Final = 9.0


class Jumps(NamedTuple):
    """Where the line of each jump runs: x by edge."""

    right: dict[Edge, float]
    left: dict[Edge, float]


def jumps(edges: Iterable[Edge], order: Mapping[str, int]) -> Jumps:
    """A side and a line for each of ``edges``; ``order``: the number of each box."""
    spans = {edge: (order[edge.tail], order[edge.head]) for edge in edges}
    right: list[Edge] = []
    for edge in sorted(spans, key=lambda each: spans[each][0] - spans[each][1]):
        tail, head = spans[edge]
        if tail < head and not any(_interleave((tail, head), spans[each]) for each in right):
            right.append(edge)
    left = [edge for edge in spans if edge not in right]
    to = _side_by_side([(edge, edge.head, spans[edge]) for edge in right])
    back = _side_by_side([(edge, edge.tail, spans[edge]) for edge in left])
    return Jumps(
        {edge: JUMP + _NEXT * number for edge, number in to.items()},
        {edge: BACK + _NEXT_BACK * number for edge, number in back.items()},
    )


def _interleave(one: tuple[int, int], other: tuple[int, int]) -> bool:
    (a, b), (c, d) = one, other
    return a < c < b < d or c < a < d < b


def _side_by_side(some: Iterable[tuple[Edge, str, tuple[int, int]]]) -> dict[Edge, int]:
    """Which line each runs on, 0 outermost; ``some``: edge, what it shares its line by, span."""
    shared: dict[str, list[tuple[Edge, int, int]]] = {}
    for edge, key, span in some:
        shared.setdefault(key, []).append((edge, min(span), max(span)))
    whole = {
        key: (min(top for _, top, _ in each), max(bottom for *_, bottom in each))
        for key, each in shared.items()
    }
    taken: list[tuple[int, int, int]] = []
    found: dict[Edge, int] = {}
    for key, (top, bottom) in sorted(whole.items(), key=lambda each: each[1][0] - each[1][1]):
        blocked = {at for at, high, low in taken if top < low and high < bottom}
        number = next(at for at in range(len(whole)) if at not in blocked)
        taken.append((number, top, bottom))
        found |= dict.fromkeys((edge for edge, *_ in shared[key]), number)
    return found
