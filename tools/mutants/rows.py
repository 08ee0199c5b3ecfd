"""Small changes to the chart, made on the table that is compiled from it.

For each row: it is left out, is swapped with the next one, loses its guard, has the guard negated,
loses one action, gets another target, leaves its state though it is internal, or stays though it
is not. For each state: its entry actions are left out, and its exit actions. The declaration is
not changed, so neither a drawing nor the twin that interprets it differs: only the behaviour of a
session does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

from openline.machine.table import Do, Guard, Table, Transition
from tools.mutants.mutant import Key

Rows: TypeAlias = tuple[Transition, ...]
Doing: TypeAlias = tuple[Do, ...]


@dataclass(frozen=True)
class Change:
    """One change of the chart; ``rows`` are the (state, event) of the changed rows."""

    place: str
    before: str
    after: str
    rows: frozenset[tuple[str, str]]
    table: Table

    @property
    def key(self) -> Key:
        return "machine.chart", self.place, self.before, self.after, 1


def find(table: Table) -> Iterator[Change]:
    """Every change of ``table``."""
    for state, events in table.items():
        for event, rows in events.items():
            for place, before, after, instead in _of_rows(table, rows):
                changed = {**events, event: instead}
                new = MappingProxyType({**table, state: MappingProxyType(changed)})
                yield Change(place, before, after, frozenset({(state, event)}), new)
    for state in table:
        for when, mark in (("entering", _enters), ("leaving", _leaves)):
            yield from _of_state(table, state, when, mark)


def _of_rows(table: Table, rows: Rows) -> Iterator[tuple[str, str, str, Rows]]:
    for i, row in enumerate(rows):
        place = f"{row.source} {row.event}"
        whole = _text_of(row)
        yield place, whole, "", rows[:i] + rows[i + 1 :]
        if i + 1 < len(rows):
            swapped = (*rows[:i], rows[i + 1], row, *rows[i + 2 :])
            yield place, whole, f"below {_text_of(rows[i + 1])}", swapped
        for new in _of_row(table, row):
            yield place, whole, _text_of(new), (*rows[:i], new, *rows[i + 1 :])


def _of_row(table: Table, row: Transition) -> Iterator[Transition]:
    if row.guard is not None:
        yield row._replace(guard=None, guard_name="")
        yield row._replace(guard=_opposite(row.guard), guard_name=f"not {row.guard_name}")
    first = len(row.exit_names)
    for i in range(len(row.on_names)):
        before, after = row.on_names[:i], row.on_names[i + 1 :]
        do, done = row.before[: first + i], row.before[first + i :]
        yield row._replace(before=do + done[1:], on_names=before + after)
    if row.target is None:
        leave, arrive = _around(table, row.source)
        if leave or arrive:  # without actions the change would be equivalent
            yield row._replace(before=leave + row.before, target=row.source, after=arrive)
    else:
        yield row._replace(before=row.before[first:], target=None, after=())
        for other in _elsewhere(row):
            yield row._replace(target=other, after=_around(table, other)[1])


def _elsewhere(row: Transition) -> Iterator[str]:
    """The wrong targets of a row: the other end, or another way to continue."""
    yield "closed" if row.target != "closed" else "failed"
    yield "reconnecting" if row.target != "reconnecting" else "connecting"


def _around(table: Table, state: str) -> tuple[Doing, Doing]:
    """The exit and entry actions of ``state``."""
    leave: Doing = ()
    arrive: Doing = ()
    for row in _all(table):
        if row.source == state and row.target is not None:
            leave = row.before[: len(row.exit_names)]
        if row.target == state:
            arrive = row.after
    return leave, arrive


def _all(table: Table) -> Iterator[Transition]:
    for events in table.values():
        for rows in events.values():
            yield from rows


def _enters(row: Transition, state: str) -> Transition | None:
    return row._replace(after=()) if row.target == state and row.after else None


def _leaves(row: Transition, state: str) -> Transition | None:
    first = len(row.exit_names)
    if row.source != state or row.target is None or not first:
        return None
    return row._replace(before=row.before[first:])


def _of_state(
    table: Table, state: str, when: str, less: Callable[[Transition, str], Transition | None]
) -> Iterator[Change]:
    touched = frozenset((row.source, row.event) for row in _all(table) if less(row, state))
    if not touched:
        return
    new: dict[str, Any] = {
        each: MappingProxyType(
            {
                event: tuple(less(row, state) or row for row in rows)
                for event, rows in events.items()
            }
        )
        for each, events in table.items()
    }
    yield Change(state, f"what is done on {when} it", "", touched, MappingProxyType(new))


def _opposite(guard: Guard) -> Guard:
    def no(session: Any) -> bool:
        return not guard(session)

    return no


def _text_of(row: Transition) -> str:
    guard = f" [{row.guard_name}]" if row.guard_name else ""
    does = f" / {', '.join(row.on_names)}" if row.on_names else ""
    return f"→ {row.target or 'itself'}{guard}{does}"
