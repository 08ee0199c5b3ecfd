"""The model for checkers is the chart: all its rows with one meaning, the same in each form."""

from __future__ import annotations

import json
import math
import re
from collections import deque
from types import MappingProxyType

import pytest

from openline.machine.timers import RUNS, Timer
from openline.reconnect import backoff
from openline.session import TABLE
from openline_diagrams import rows
from openline_diagrams.checked import AbstractionError, abstraction, checked, promela, thinned, tla
from openline_diagrams.checked.abstraction import ACTIONS, GUARDS, KEPT, LOOSE, NOTHING, VARIABLES
from openline_diagrams.checked.counterexample import (
    Path,
    Reader,
    State,
    TrailError,
    initial,
    lines,
    listed,
    path,
    take,
)
from openline_diagrams.checked.model import Model
from openline_diagrams.checked.terms import (
    ALWAYS,
    NEVER,
    Value,
    after,
    both,
    either,
    has,
    holds,
    joined,
    negated,
    without,
)
from tests.diagrams.support_faults import changed

WHOLE = checked(TABLE)
THIN = thinned(WHOLE)


def reached(model: Model, attempts: int) -> tuple[set[tuple[Value, ...]], set[str | None]]:
    """Every state of the model, and the rows that lead there: a search without spin."""
    reader = Reader(model, attempts)
    todo: deque[State] = deque(initial(provider=provider) for provider in (False, True))
    seen = {tuple(state.values()) for state in todo}
    ran: set[str | None] = set()
    while todo:
        state = todo.popleft()
        assert not reader.broken(model, state)
        for step in model.steps:
            if reader.can(state, step):
                ran.add(step.row)
                new = take(state, step)
                if tuple(new.values()) not in seen:
                    seen.add(tuple(new.values()))
                    todo.append(new)
    return seen, ran


def test_every_row_of_the_chart_is_taken_in_the_model_and_no_law_breaks() -> None:
    _, ran = reached(checked(TABLE, 1), 1)
    assert {row.name for row in rows(TABLE)} == ran - {None}


def test_the_smaller_model_has_the_same_states() -> None:
    few = checked(TABLE, 1)
    whole, _ = reached(few, 0)
    small, _ = reached(thinned(few), 0)
    assert small == whole


def test_every_guard_and_action_of_the_chart_has_a_meaning_and_no_other_has() -> None:
    guards = {row.guard_name for row in rows(TABLE)} - {""}
    actions = {n for row in rows(TABLE) for n in (*row.exit_names, *row.on_names, *row.enter_names)}
    assert guards == GUARDS.keys()
    assert actions == ACTIONS.keys() | NOTHING
    assert not ACTIONS.keys() & NOTHING


def test_every_timer_that_fires_is_kept_or_loose() -> None:
    assert {*KEPT, *LOOSE} == {timer for timer in Timer if timer.fires is not None}


@pytest.mark.parametrize("kind", ["guard", "action"])
def test_an_unknown_name_is_named(kind: str) -> None:
    table = changed(
        lambda row: (
            row._replace(guard_name="odd")
            if kind == "guard" and row.guard_name
            else row._replace(on_names=("odd",))
        )
    )
    with pytest.raises(AbstractionError, match=f"the model knows no {kind} 'odd'"):
        checked(table)


def test_both_texts_have_the_same_steps_variables_and_laws() -> None:
    pml, module = promela(THIN), tla(THIN)
    steps = [n for n, step in enumerate(THIN.steps) if step.changes]
    assert [int(n) for n in re.findall(r'printf\("step (\d+)\\n"\)', pml)] == sorted(
        steps, key=lambda n: (THIN.states.index(THIN.steps[n].source), n)
    )
    assert [int(n) for n in re.findall(r"^Step(\d+) ==", module, re.MULTILINE)] == steps
    assert [int(n) for n in re.findall(r"^    \\/ Step(\d+)$", module, re.MULTILINE)] == steps
    for name in VARIABLES:
        assert re.search(rf"^(bit|byte) {name} = ", pml, re.MULTILINE)
        assert re.search(rf"^    {name},?  \\\*", module, re.MULTILINE)
    for law in THIN.laws:
        assert f"/* {law.name}: {law.text} */" in pml
        assert f"\\* {law.name}: {law.text}\n" in module
    for step in THIN.steps:
        assert f"{step.cause}: {step.row or 'no row'}" in pml


def test_each_step_of_the_module_says_of_each_variable_what_becomes_of_it() -> None:
    for block in re.split(r"^(?=Step\d+ ==)", tla(THIN), flags=re.MULTILINE)[1:]:
        text = block.split("\n\n")[0]
        named = re.findall(r"(\w+)' =", text)
        [kept] = re.findall(r"UNCHANGED << (.*) >>", text)
        assert sorted([*named, *kept.split(", ")]) == sorted(VARIABLES)
        for left, right in ("()", "{}"):
            assert text.count(left) == text.count(right)


@pytest.mark.parametrize(("span", "within", "shut"), [(60.0, {1}, {1}), (59.0, {1, 2}, {1})])
def test_the_gate_is_judged_by_its_own_span(
    monkeypatch: pytest.MonkeyPatch, span: float, within: set[int], shut: set[int]
) -> None:
    monkeypatch.setattr(backoff, "GATE_SPAN", span)
    zones = abstraction.zones()
    assert ({*zones.within}, {*zones.shut}) == (within, shut)


def test_a_gate_that_opens_within_the_minute_floods_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "GATE_SPAN", 59.0)
    with pytest.raises(AssertionError, match="dials"):
        reached_lawful(checked(TABLE, 1))


def reached_lawful(model: Model) -> None:
    """Search until a law is broken, and name it."""
    reader = Reader(model, 0)
    todo: deque[State] = deque([initial(provider=False)])
    seen = {tuple(todo[0].values())}
    while todo:
        state = todo.popleft()
        broken = reader.broken(model, state)
        assert not broken, broken[0].name
        for step in model.steps:
            if reader.can(state, step):
                new = take(state, step)
                if tuple(new.values()) not in seen:
                    seen.add(tuple(new.values()))
                    todo.append(new)


def first_step(cause: str) -> int:
    return next(n for n, s in enumerate(THIN.steps) if s.cause == cause and s.source == "idle")


def opened() -> Path:
    number = next(
        n
        for n, s in enumerate(THIN.steps)
        if s.cause == "open_requested" and s.target == "connecting" and "zone" not in s.sets
    )
    silent = next(
        n
        for n, s in enumerate(THIN.steps)
        if s.cause == "all fall silent" and s.source == "connecting"
    )
    return path(THIN, f"    step {number}\n <<<<<START OF CYCLE>>>>>\n step {silent}\n", 1)


def test_a_path_is_told_for_people_and_for_tools() -> None:
    found = opened()
    assert listed(found).splitlines() == [
        "a session without a provider for credentials, idle",
        "  1. open_requested -> connecting  (sockets=1, t_connect=1)",
        "from here on, again and again:",
        "  2. all fall silent -> connecting, by no row  (mode=1)",
    ]
    opening, first, second = map(json.loads, lines(found, "silence"))
    assert (opening["model"], opening["breaks"], opening["cycle"]) == (1, "silence", 1)
    assert opening["state"] == initial(provider=False)
    assert first["row"] == "idle --open_requested--> connecting"
    assert first["changed"] == {"state": "connecting", "sockets": 1, "t_connect": 1}
    assert (second["row"], second["from"], second["to"]) == (None, "connecting", "connecting")


@pytest.mark.parametrize("printed", ["step 999999", f"step {first_step('abort_requested')}\n" * 2])
def test_a_trail_of_another_model_is_refused(printed: str) -> None:
    with pytest.raises(TrailError, match=r"step \d+ cannot follow on \d others"):
        path(THIN, printed, 1)


def test_a_path_of_no_step_ends_where_it_begins() -> None:
    assert path(THIN, "", 0).last == initial(provider=False)


def test_the_algebra_agrees_with_all_values() -> None:
    domains = {"a": frozenset({0, 1}), "b": frozenset({0, 1, 2})}
    forms = [
        ALWAYS,
        NEVER,
        has(a=1),
        has(a=0, b=(0, 2)),
        either(has(a=1), has(b=1)),
        either(has(a=1, b=0), has(a=0, b=0), has(b=2)),
    ]
    every = [{"a": a, "b": b} for a in (0, 1) for b in (0, 1, 2)]

    def true(form: tuple[object, ...]) -> list[bool]:
        return [holds(form, values.__getitem__) for values in every]  # type: ignore[arg-type]

    for one in forms:
        assert true(negated(one, domains.__getitem__)) == [not each for each in true(one)]
        assert true(joined(one, domains.__getitem__)) == true(one)
        given = [holds(one, {"a": 1, "b": b}.__getitem__) for b in (0, 1, 2)]
        left = after(one, {"a": 1})
        assert [holds(left, {"b": b}.__getitem__) for b in (0, 1, 2)] == given
        some = without(one, ["a"])
        for b in (0, 1, 2):
            either_way = any(holds(one, {"a": a, "b": b}.__getitem__) for a in (0, 1))
            assert holds(some, {"b": b}.__getitem__) == either_way
        for other in forms:
            assert true(both(one, other)) == [
                x and y for x, y in zip(true(one), true(other), strict=True)
            ]
    assert len(joined(either(has(a=1), has(a=0)), domains.__getitem__)) == 1


def test_a_number_has_no_domain() -> None:
    with pytest.raises(KeyError, match="attempts"):
        abstraction.domain("attempts")


def test_a_chart_without_a_row_for_a_timer_loses_it() -> None:
    table = MappingProxyType({**TABLE, "connecting": MappingProxyType({})})
    lost = [s for s in checked(table).steps if s.source == "connecting" and s.cause == "CONNECT"]
    assert [(step.row, dict(step.sets)) for step in lost] == [(None, {"t_connect": 0})]


def test_without_a_limit_of_attempts_none_is_spent() -> None:
    reader = Reader(WHOLE, math.inf)
    state = {**initial(provider=False), "attempts": 10**6}
    assert reader.look(state, "spent") == 0
    assert set(RUNS) == set(WHOLE.states)
