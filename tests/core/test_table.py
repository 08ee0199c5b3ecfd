"""Declarations that ``compile_chart`` refuses, and how its table is run.

The library itself accepts each of the refused declarations, or complains about them
only when the row is reached.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any, TypeAlias

import pytest
from statemachine import State, StateChart

from openline.machine.actions import Actions
from openline.machine.chart import Chart
from openline.machine.table import ChartError, Table, Transition, compile_chart, fire
from openline.session import EVENTS, TABLE

Declaration: TypeAlias = type[StateChart[Any]]


class Worker:
    """Records each call."""

    number = 5

    def __init__(self, *, yes: bool = True) -> None:
        self.state = "first"
        self.yes = yes
        self.done: list[str] = []

    def holds(self) -> bool:
        return self.yes

    def leave(self) -> None:
        self.done.append(f"leave {self.state}")

    def act(self) -> None:
        self.done.append(f"act {self.state}")

    def arrive(self) -> None:
        self.done.append(f"arrive {self.state}")


class Good(StateChart[Any]):
    first = State(initial=True, exit="leave")
    second = State(enter="arrive", exit="leave")
    last = State(final=True)
    go = first.to(second, cond="holds", on="act") | second.to(second, on="act")
    stay = second.to(second, internal=True, on="act") | first.to(last, cond="holds")
    end = second.to(last)


EXPECTED = ("go", "stay", "end")


def good() -> Table:
    return compile_chart(Good, Worker, EXPECTED)


def ran(worker: Worker, *events: str) -> list[bool]:
    return [fire(good(), worker, event) is not None for event in events]


def test_a_row_runs_exit_then_on_then_the_state_changes_then_enter() -> None:
    worker = Worker()
    assert ran(worker, "go") == [True]
    assert worker.done == ["leave first", "act first", "arrive second"]
    assert worker.state == "second"


def test_a_self_transition_exits_and_enters_an_internal_one_not() -> None:
    worker = Worker()
    worker.state = "second"
    assert ran(worker, "go", "stay") == [True, True]
    assert worker.done == ["leave second", "act second", "arrive second", "act second"]


def test_an_event_without_a_row_changes_nothing() -> None:
    worker = Worker()
    assert ran(worker, "end") == [False]
    assert worker.state == "first"
    assert not worker.done


def test_a_row_whose_guard_does_not_hold_changes_nothing() -> None:
    worker = Worker(yes=False)
    assert ran(worker, "go", "stay") == [False, False]
    assert worker.state == "first"
    assert not worker.done


def test_the_table_is_immutable_and_keeps_the_names() -> None:
    table = good()
    assert isinstance(table, MappingProxyType)
    assert all(isinstance(rows, MappingProxyType) for rows in table.values())
    [row] = table["first"]["go"]
    assert isinstance(row, Transition)
    assert (row.source, row.event, row.target) == ("first", "go", "second")
    assert (row.guard_name, row.on_names) == ("holds", ("act",))


def unknown_guard() -> Declaration:
    class Bad(StateChart[Any]):
        first = State(initial=True)
        go = first.to(first, cond="hodls")

    return Bad


def guard_that_is_no_method() -> Declaration:
    class Bad(StateChart[Any]):
        first = State(initial=True)
        go = first.to(first, cond="number")

    return Bad


def unknown_action() -> Declaration:
    class Bad(StateChart[Any]):
        first = State(initial=True)
        go = first.to(first, on="atc")

    return Bad


def unknown_entry_action() -> Declaration:
    class Bad(StateChart[Any]):
        first = State(initial=True)
        second = State(enter="arive")
        go = first.to(second) | second.to(first)

    return Bad


def unknown_exit_action() -> Declaration:
    class Bad(StateChart[Any]):
        first = State(initial=True, exit="laeve")
        go = first.to(first)

    return Bad


def action_that_is_code() -> Declaration:
    class Bad(StateChart[Any]):
        first = State(initial=True)
        go = first.to(first, on=print)

    return Bad


def expression_as_guard() -> Declaration:
    class Bad(StateChart[Any]):
        first = State(initial=True)
        go = first.to(first, cond="holds and holds")

    return Bad


def negated_guard() -> Declaration:
    class Bad(StateChart[Any]):
        first = State(initial=True)
        go = first.to(first, cond="!holds")

    return Bad


def unless() -> Declaration:
    class Bad(StateChart[Any]):
        first = State(initial=True)
        go = first.to(first, unless="holds")

    return Bad


def two_guards() -> Declaration:
    class Bad(StateChart[Any]):
        first = State(initial=True)
        go = first.to(first, cond=["holds", "leave"])

    return Bad


def row_behind_an_unguarded_one() -> Declaration:
    class Bad(StateChart[Any]):
        first = State(initial=True)
        second = State()
        go = first.to(second) | first.to(first, cond="holds") | second.to(first)

    return Bad


def row_behind_an_unguarded_one_that_is_not_the_first() -> Declaration:
    class Bad(StateChart[Any]):
        first = State(initial=True)
        second = State()
        go = (
            first.to(first, cond="holds")
            | first.to(second)
            | first.to(first, cond="holds")
            | second.to(first)
        )

    return Bad


def entry_action_on_the_initial_state() -> Declaration:
    class Bad(StateChart[Any]):
        first = State(initial=True, enter="arrive")
        go = first.to(first)

    return Bad


def misspelt_event() -> Declaration:
    class Bad(StateChart[Any]):
        first = State(initial=True)
        og = first.to(first)

    return Bad


def action_before() -> Declaration:
    class Bad(StateChart[Any]):
        first = State(initial=True)
        go = first.to(first, before="act")

    return Bad


def action_after() -> Declaration:
    class Bad(StateChart[Any]):
        first = State(initial=True)
        go = first.to(first, after="act")

    return Bad


def validator() -> Declaration:
    class Bad(StateChart[Any]):
        first = State(initial=True)
        go = first.to(first, validators="act")

    return Bad


def transition_without_an_event() -> Declaration:
    class Bad(StateChart[Any]):
        first = State(initial=True)
        second = State()
        first.to(second, cond="holds")
        go = first.to(first) | second.to(first)

    return Bad


def internal_that_leads_elsewhere() -> Declaration:
    class Bad(StateChart[Any]):
        first = State(initial=True)
        second = State()
        go = first.to(second) | second.to(first)

    # The library refuses this declaration, so the test sets it afterwards.
    [transition] = Bad.first.transitions
    transition.internal = True
    return Bad


def internal_row_behind_an_unguarded_one() -> Declaration:
    class Bad(StateChart[Any]):
        first = State(initial=True)
        second = State(final=True)
        go = first.to(second) | first.to(first, internal=True)

    return Bad


def transition_without_a_target() -> Declaration:
    class Bad(StateChart[Any]):
        first = State(initial=True)
        go = first.to(first)

    [transition] = Bad.first.transitions
    transition.targets.clear()
    return Bad


def transition_with_two_targets() -> Declaration:
    class Bad(StateChart[Any]):
        first = State(initial=True)
        second = State()
        go = first.to(second) | second.to(first)

    [transition] = Bad.first.transitions
    transition.targets.append(Bad.first)
    return Bad


@pytest.mark.parametrize(
    ("declare", "complaint"),
    [
        (unknown_guard, "'hodls' is no method of Worker"),
        (guard_that_is_no_method, "'number' is no method"),
        (unknown_action, "first --go-->: 'atc' is no method"),
        (unknown_entry_action, "'arive' is no method"),
        (unknown_exit_action, "'laeve' is no method"),
        (action_that_is_code, "is no method"),
        (expression_as_guard, "expressions are not allowed"),
        (negated_guard, "is no method"),
        (unless, "give one guard, a plain name"),
        (two_guards, "give one guard, a plain name"),
        (row_behind_an_unguarded_one, "first --go--> first stands behind a row without a guard"),
        (internal_row_behind_an_unguarded_one, "first --go--> itself stands behind a row without"),
        (
            row_behind_an_unguarded_one_that_is_not_the_first,
            "first --go--> first stands behind a row without a guard",
        ),
        (entry_action_on_the_initial_state, "the initial state first has an entry action"),
        (misspelt_event, r"nothing fires: \['og'\]; events without a row in any state: \['go'\]"),
        (action_before, "actions go to `on` alone"),
        (action_after, "actions go to `on` alone"),
        (validator, "actions go to `on` alone"),
        (transition_without_an_event, "first has a transition without an event"),
        (internal_that_leads_elsewhere, "is internal and leads elsewhere"),
        (transition_without_a_target, "needs one target"),
        (transition_with_two_targets, "needs one target"),
    ],
)
def test_a_wrong_declaration_is_refused(declare: Callable[[], Declaration], complaint: str) -> None:
    with pytest.raises(ChartError, match=complaint):
        compile_chart(declare(), Worker, ("go",))


def test_an_undeclared_event_is_refused() -> None:
    with pytest.raises(ChartError, match=r"events without a row in any state: \['new'\]"):
        compile_chart(Good, Worker, (*EXPECTED, "new"))


def test_all_missing_names_are_reported_in_order() -> None:
    """With ten events, so that a set is hardly in order by chance."""
    unknown = "qwertyuiop"
    with pytest.raises(ChartError) as refused:
        compile_chart(Chart, Actions, unknown)
    assert str(refused.value) == (
        f"events that nothing fires: {sorted(EVENTS)}; "
        f"events without a row in any state: {sorted(unknown)}"
    )


def test_each_row_has_a_unique_readable_name() -> None:
    rows = [row for events in TABLE.values() for each in events.values() for row in each]
    names = [row.name for row in rows]
    assert len(set(names)) == len(names)
    assert {
        "idle --open_requested [needs_credential]--> authorizing",
        "reconnecting --retry_due--> connecting",
        "streaming --pong--> itself",
    } < set(names)


def test_every_session_uses_the_table_of_the_chart() -> None:
    again = compile_chart(Chart, Actions, EVENTS)
    assert {state: dict(rows) for state, rows in again.items()} == {
        state: dict(rows) for state, rows in TABLE.items()
    }
