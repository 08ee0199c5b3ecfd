"""The chart compiled once into an immutable table that every connection shares.

``compile_chart`` reads the declaration of a python-statemachine chart and resolves
every name against the class that does the work. The result is a plain mapping

    state → event → rows of (guard, actions before, target, actions after)

so that firing an event is two look-ups and a few calls. Mistakes that the library would accept
are refused here, when the module is imported: unknown guards, actions and events, expressions
as guards, a row behind an unguarded one, a final state that can be left. ``Transition`` keeps
the names too, for the explorer and the drawings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias, cast

from statemachine import State, StateChart
from statemachine.transition import Transition as Declared

Guard: TypeAlias = Callable[[Any], bool]
Do: TypeAlias = Callable[[Any], None]


class Transition(NamedTuple):
    """One transition, ready to run; ``target`` is None for an internal one."""

    guard: Guard | None
    before: tuple[Do, ...]
    target: str | None
    after: tuple[Do, ...]
    source: str
    event: str
    guard_name: str
    on_names: tuple[str, ...]
    exit_names: tuple[str, ...]
    enter_names: tuple[str, ...]

    @property
    def name(self) -> str:
        """The row's name, for drawings and errors; no two rows of a chart have the same."""
        guard = f" [{self.guard_name}]" if self.guard_name else ""
        return f"{self.source} --{self.event}{guard}--> {self.target or 'itself'}"


Table: TypeAlias = Mapping[str, Mapping[str, tuple[Transition, ...]]]


class ChartError(TypeError):
    """The chart's declaration cannot be compiled; the text names the row."""


def compile_chart(chart: type[StateChart[Any]], worker: type, events: Iterable[str]) -> Table:
    """Compile ``chart``, its names resolved against ``worker``.

    ``events`` are the names that may be fired: the chart must declare exactly these.
    Raises ChartError.
    """
    states: list[State] = list(chart.states)
    table: dict[str, dict[str, tuple[Transition, ...]]] = {s.id: {} for s in states}
    for state in states:
        if state.initial and _names(state.enter):
            raise ChartError(f"the initial state {state.id} has an entry action")
        for transition in state.transitions:
            if transition.is_eventless:
                raise ChartError(f"{state.id} has a transition without an event")
            for event in transition.events:
                row = _compile_row(transition, str(event), worker)
                rows = table[state.id].get(row.event, ())
                if rows and rows[-1].guard is None:
                    raise ChartError(f"{_where(row)} stands behind a row without a guard")
                table[state.id][row.event] = (*rows, row)
    declared = {event for rows in table.values() for event in rows}
    expected = set(events)
    if declared != expected:
        raise ChartError(
            f"events that nothing fires: {sorted(declared - expected)}; "
            f"events without a row in any state: {sorted(expected - declared)}"
        )
    return MappingProxyType({state: MappingProxyType(rows) for state, rows in table.items()})


def _compile_row(transition: Declared, event: str, worker: type) -> Transition:
    source, target = transition.source, transition.target
    if target is None or len(transition.targets) > 1:
        raise ChartError(f"{source.id} --{event}--> needs one target")
    guards = [(spec.func, spec.expected_value) for spec in _specs(transition.cond)]
    if len(guards) > 1 or any(expected is not True for _, expected in guards):
        raise ChartError(f"{source.id} --{event}--> {target.id}: give one guard, a plain name")
    for group in (transition.validators, transition.before, transition.after):
        if _names(group):
            raise ChartError(f"{source.id} --{event}--> {target.id}: actions go to `on` alone")
    guard_name = str(guards[0][0]) if guards else ""
    on = _names(transition.on)
    leave = () if transition.internal else _names(source.exit)
    arrive = () if transition.internal else _names(target.enter)
    row = Transition(
        guard=_resolve(worker, guard_name, source.id, event) if guard_name else None,
        before=tuple(_resolve(worker, name, source.id, event) for name in (*leave, *on)),
        target=None if transition.internal else target.id,
        after=tuple(_resolve(worker, name, source.id, event) for name in arrive),
        source=source.id,
        event=event,
        guard_name=guard_name,
        on_names=on,
        exit_names=leave,
        enter_names=arrive,
    )
    if transition.internal and source is not target:
        raise ChartError(f"{_where(row)} is internal and leads elsewhere")
    return row


def _specs(group: object) -> Iterable[Any]:
    """The library's callback specifications, which it leaves untyped."""
    return cast("Iterable[Any]", group)


def _names(group: object) -> tuple[str, ...]:
    """The names that the chart gives; the library adds others by its naming convention."""
    return tuple(str(spec.func) for spec in _specs(group) if not spec.is_convention)


def _resolve(worker: type, name: str, source: str, event: str) -> Callable[[Any], Any]:
    found = getattr(worker, name, None)
    if not callable(found):
        raise ChartError(
            f"{source} --{event}-->: {name!r} is no method of {worker.__name__} "
            "(expressions are not allowed)"
        )
    function: Callable[[Any], Any] = found
    return function


def _where(row: Transition) -> str:
    return f"{row.source} --{row.event}--> {row.target or 'itself'}"


def fire(table: Table, worker: Any, event: str) -> Transition | None:
    """Run the first row of the worker's state whose guard holds, and return it, if any.

    ``worker.state`` is read here and changed here, and nowhere else.
    """
    rows = table[worker.state].get(event)
    if rows is None:
        return None
    for row in rows:
        guard, before, target, after = row[:4]
        if guard is None or guard(worker):
            for do in before:
                do(worker)
            if target is not None:
                worker.state = target
                for do in after:
                    do(worker)
            return row
    return None
