"""The compiled table as boxes and edges to draw, with shared transitions drawn once.

A *line* is ``event [guard] / actions`` with the states that it leaves from. Transitions
that differ in their event alone, or in their source alone, are one line. An internal line
stands in the box of its state, between the state's entry and exit actions and its timers.
An *edge* holds every line from one place to one state; the place is a state or a *group*,
and a line that not all of a group's states have names those that do.

The place follows from the lines. Lines that end a session leave from the group of all open
states. Elsewhere a line of several states goes to the smallest group that holds them (and
not the state that they lead to). A line of one state has an edge of its own, unless a group
that holds the state has an edge there already. The steps of the happy path are always drawn.

Nothing else decides what is drawn, so every maker shows the same, and ``shown`` returns
each transition of the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Final, NamedTuple

from openline.machine.table import Table, Transition
from openline.machine.timers import RUNS
from openline.session import EVENTS, EXTERNAL_EVENTS
from openline_diagrams.theme import GROUPS, OPEN, PATH, ROLES, Role

#: Events that only a timer causes.
CLOCKED: Final = EVENTS - EXTERNAL_EVENTS
_STEPS: Final = frozenset(pairwise(PATH))


class Line(NamedTuple):
    """``event [guard] / actions`` from each of ``sources``; several events share it.

    ``note`` is a drawing's addition: how often it happened, in ``coverage``.
    """

    sources: tuple[str, ...]
    events: tuple[str, ...]
    guard: str
    actions: tuple[str, ...]
    note: str = ""

    def __str__(self) -> str:
        guard = f" [{self.guard}]" if self.guard else ""
        actions = f" / {', '.join(self.actions)}" if self.actions else ""
        return f"{', '.join(self.events)}{guard}{actions}"


class Box(NamedTuple):
    """A state: its entry and exit actions, and its internal transitions."""

    name: str
    role: Role
    final: bool
    enter: tuple[str, ...]
    leave: tuple[str, ...]
    inside: tuple[Line, ...]
    timers: tuple[str, ...]


class Edge(NamedTuple):
    """Every line from a state or group (``tail``) to a state (``head``).

    ``heat`` is a colour other than that of its head: see ``coverage``.
    """

    tail: str
    head: str
    lines: tuple[Line, ...]
    heat: int | None = None


class Drawing(NamedTuple):
    """The whole chart. ``groups``: name → its states, the widest first."""

    initial: str
    boxes: Mapping[str, Box]
    groups: Mapping[str, tuple[str, ...]]
    edges: tuple[Edge, ...]

    @property
    def heated(self) -> bool:
        """Whether its edges have colours of their own."""
        return any(edge.heat is not None for edge in self.edges)

    def shown(self) -> Iterator[tuple[str, str, str, tuple[str, ...], str | None]]:
        """Every transition drawn: (source, event, guard, actions, target; None: internal)."""
        for box in self.boxes.values():
            yield from _spread(box.inside, None)
        for edge in self.edges:
            yield from _spread(edge.lines, edge.head)

    def where(self, edge: Edge) -> list[tuple[str, list[Line]]]:
        """The lines of an edge by the states that have them.

        The heading is empty for a line of all that the edge leaves from; a group's name
        stands for its states.
        """
        every = self.groups.get(edge.tail, (edge.tail,))
        found: dict[str, list[Line]] = {}
        for line in edge.lines:
            heading = "" if line.sources == every else ", ".join(self._short(line.sources))
            found.setdefault(heading, []).append(line)
        return list(found.items())

    def _short(self, sources: tuple[str, ...]) -> list[str]:
        for name, states in self.groups.items():
            if set(states) <= set(sources):
                rest = [state for state in sources if state not in states]
                return [name, *self._short(tuple(rest))]
        return list(sources)


def rows(table: Table) -> list[Transition]:
    """Every transition, in the order of its declaration."""
    return [row for events in table.values() for each in events.values() for row in each]


def model(table: Table) -> Drawing:
    """The drawing of ``table``. Raises ValueError for a state that ``theme`` has no role for."""
    strange = [state for state in table if state not in ROLES]
    if strange:
        raise ValueError(f"no role for {', '.join(strange)}: give it one in theme.py")
    enter: dict[str, tuple[str, ...]] = {}
    leave: dict[str, tuple[str, ...]] = {}
    for row in rows(table):
        if row.target is not None:
            enter[row.target] = row.enter_names
            leave[row.source] = row.exit_names
    boxes = {
        state: Box(
            name=state,
            role=ROLES[state],
            final=not events,
            enter=enter.get(state, ()),
            leave=leave.get(state, ()),
            inside=_lines(row for each in events.values() for row in each if row.target is None),
            timers=tuple(timer.name for timer in RUNS.get(state, ())),
        )
        for state, events in table.items()
    }
    groups = {OPEN: tuple(state for state, box in boxes.items() if not box.final)}
    for name, states in GROUPS.items():
        groups[name] = tuple(state for state in table if state in states)
    return Drawing(next(iter(table)), boxes, groups, _edges(table, groups))


def _lines(some: Iterable[Transition]) -> tuple[Line, ...]:
    """Rows that lead to one place, as few lines, those of most states first."""
    sources: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for row in some:
        sources.setdefault((row.event, row.guard_name, row.on_names), []).append(row.source)
    events: dict[tuple[tuple[str, ...], str, tuple[str, ...]], list[str]] = {}
    for (event, guard, actions), states in sources.items():
        events.setdefault((tuple(states), guard, actions), []).append(event)
    lines = [Line(states, tuple(names), g, a) for (states, g, a), names in events.items()]
    return tuple(sorted(lines, key=lambda line: -len(line.sources)))


def _edges(table: Table, groups: Mapping[str, tuple[str, ...]]) -> tuple[Edge, ...]:
    leading: dict[str, list[Transition]] = {}
    for row in rows(table):
        if row.target is not None:
            leading.setdefault(row.target, []).append(row)
    found: dict[tuple[str, str], list[Line]] = {}
    for head, some in leading.items():
        lines = _lines(some)
        within = groups if table[head] else {OPEN: groups[OPEN]}
        shared = (_holder(line.sources, head, within) for line in lines if len(line.sources) > 1)
        tails = {name: groups[name] for name in shared if name} if table[head] else within
        for line in lines:
            holder = _holder(line.sources, head, within) if len(line.sources) > 1 else None
            if holder is not None:
                found.setdefault((holder, head), []).append(line)
                continue
            for source in line.sources:
                part = line._replace(sources=(source,))
                wide = None if (source, head) in _STEPS else _holder((source,), head, tails)
                found.setdefault((wide or source, head), []).append(part)
    order = [*table]
    edges = [Edge(tail, head, tuple(lines)) for (tail, head), lines in found.items()]
    return tuple(
        sorted(
            edges,
            key=lambda edge: (
                order.index(groups.get(edge.tail, (edge.tail,))[0]),
                order.index(edge.head),
            ),
        )
    )


def _holder(
    sources: tuple[str, ...], head: str, groups: Mapping[str, tuple[str, ...]]
) -> str | None:
    """The smallest group that holds all of ``sources`` and not ``head``."""
    for name, states in sorted(groups.items(), key=lambda each: len(each[1])):
        if set(sources) <= set(states) and head not in states:
            return name
    return None


def _spread(
    lines: Iterable[Line], target: str | None
) -> Iterator[tuple[str, str, str, tuple[str, ...], str | None]]:
    for line in lines:
        for source in line.sources:
            for event in line.events:
                yield source, event, line.guard, line.actions, target
