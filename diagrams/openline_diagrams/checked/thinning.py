"""The same model with fewer words: without what no path can ask or change.

For each state of the chart the values that each variable may have there are collected, each
variable by itself, until no step adds one. That is more than what can be, so what it excludes is
certain: a step that asks for such a value is never taken, a question whose answer is certain need
not be asked, and a value that a variable has already need not be set. Spin's program is a third
as large then, and its states are the same.
"""

from __future__ import annotations

from typing import TypeAlias

from openline_diagrams.checked.abstraction import DERIVED, PLUS, VARIABLES
from openline_diagrams.checked.model import Model, Step
from openline_diagrams.checked.terms import Case, Form, Value, tidy

_Values: TypeAlias = dict[str, dict[str, set[Value]]]


def thinned(model: Model) -> Model:
    """The same model, smaller. The places of its steps are others."""
    values = _reached(model)
    steps = [_thin(step, values[step.source]) for step in model.steps if values[step.source]]
    return model._replace(steps=tuple(step for step in steps if step.when and step.changes))


def _reached(model: Model) -> _Values:
    values: _Values = {state: {} for state in model.states}
    first = {name: {value} for name, (_, value, _) in VARIABLES.items()}
    first["provider"] = first["wanted"] = {0, 1}
    values[str(VARIABLES["state"][1])] = first
    todo = [*values]
    while todo:
        state = todo.pop()
        for step in model.steps:
            if step.source != state or not values[state]:
                continue
            for case in _possible(step.when, values[state]):
                if _add(values[step.target], values[state], step, case) and step.target not in todo:
                    todo.append(step.target)
    return values


def _possible(form: Form, known: dict[str, set[Value]]) -> list[Case]:
    return [
        case
        for case in form
        if all(name in DERIVED or allowed & known[name] for name, allowed in case.items())
    ]


def _add(
    target: dict[str, set[Value]], known: dict[str, set[Value]], step: Step, case: Case
) -> bool:
    """Note what the variables may be after ``step``; True: something is new."""
    news = False
    for name, values in known.items():
        if name in step.sets:
            value = step.sets[name]
            after = {0, 1} if value == PLUS else {value}
        else:
            after = values & case[name] if name in case else values
        old = target.setdefault(name, set())
        if not after <= old:
            old |= after
            news = True
    return news


def _thin(step: Step, known: dict[str, set[Value]]) -> Step:
    cases = _possible(step.when, known)
    when = tidy(
        {n: v for n, v in case.items() if n in DERIVED or not known[n] <= v} for case in cases
    )
    sets = {
        name: value
        for name, value in step.sets.items()
        if VARIABLES[name][0] is None or known[name] != {value}
    }
    return step._replace(when=when, sets=sets)
