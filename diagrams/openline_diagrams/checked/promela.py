"""The model as Promela, which the checker spin reads.

The process has one loop for each state of the chart, and an option for each step. An option is
indivisible: it checks the laws at its end and prints its number, by which a path that spin found
is told again (``counterexample``). The numbers are the places in ``Model.steps``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from openline_diagrams.checked.abstraction import (
    FINAL,
    PLUS,
    VARIABLES,
    domain,
    zones,
)
from openline_diagrams.checked.model import GOALS, Model, Step
from openline_diagrams.checked.terms import BITS, Form, Value

#: What an option prints before its number.
MARK: Final = "step"
#: The names of the modes, by number.
MODES: Final = ("FREE", "SILENT", "STRICT", "OUT")


def promela(model: Model, attempts: int = 3) -> str:
    """A Promela model. ``attempts``: the policy's limit, where ``-DATTEMPTS=N`` gives no other."""
    return "\n".join([*_head(model, attempts), *_process(model), *_goals(), ""])


def _head(model: Model, attempts: int) -> Iterator[str]:
    zone = zones()
    yield "/* openline: the session's chart, timers, gate and verdicts, for spin."
    yield " * Made from the table that the machine runs; do not edit."
    yield " *     spin -a -DATTEMPTS=1 chart.pml && gcc -DSAFETY -DNOCLAIM -o pan pan.c && ./pan"
    yield " */"
    yield "#ifndef ATTEMPTS"
    yield f"#define ATTEMPTS {attempts}"
    yield "#endif"
    yield f"#define DIALS {model.dials}"
    for number, name in enumerate(MODES):
        yield f"#define {name} {number}"
    for number, state in enumerate(model.states):
        yield f"#define {state.upper()} {number}"
    yield ""
    for name, (values, first, what) in VARIABLES.items():
        kind = "bit" if values == BITS else "byte"
        yield f"{kind} {name} = {_value(name, first)}; /* {what} */"
    yield ""
    yield f"#define full ({_literal('zone', zone.shut)} && passes >= DIALS)"
    yield "#define spent (attempts >= ATTEMPTS)"
    yield f"#define flood ({_literal('zone', zone.within)} && passes > DIALS)"
    yield "#define beyond (attempts > ATTEMPTS)"
    yield f"#define over ({' || '.join(f'state == {state.upper()}' for state in FINAL)})"
    yield ""
    for number, law in enumerate(model.laws, 1):
        yield f"#define LAW_{number} (!({condition(law.never)})) /* {law.name}: {law.text} */"
    yield f"#define LAWS ({' && '.join(f'LAW_{n}' for n in range(1, len(model.laws) + 1))})"
    yield ""


def _process(model: Model) -> Iterator[str]:
    yield "active proctype session() {"
    yield "    atomic { if :: provider = 1; wanted = 1 :: skip fi; assert(LAWS) }"
    for state in model.states:
        yield f"at_{state}:"
        if state in FINAL:
            yield f"end_{state}:"
            yield "    false;"
            continue
        yield "    do"
        for number, step in enumerate(model.steps):
            if step.source == state and step.changes:
                yield from _option(number, step)
        yield "    od;"
    yield "}"


def _option(number: int, step: Step) -> Iterator[str]:
    does = " ".join(_assignments(step.sets))
    go = "" if step.target == step.source else f" -> goto at_{step.target}"
    yield f"    /* {step.cause}: {step.row or 'no row'} */"
    yield (
        f"    :: d_step {{ ({condition(step.when)}) ->"
        f' printf("{MARK} {number}\\n"); {does} assert(LAWS) }}{go}'
    )


def _assignments(sets: Mapping[str, Value]) -> Iterator[str]:
    for name, value in sets.items():
        yield f"{name}++;" if value == PLUS else f"{name} = {_value(name, value)};"


def condition(form: Form) -> str:
    """A form as an expression."""
    if not form:
        return "false"
    cases = (" && ".join(_literal(n, v) for n, v in case.items()) or "true" for case in form)
    return " || ".join(f"({case})" if len(form) > 1 else case for case in cases)


def _literal(name: str, values: Iterable[Value]) -> str:
    allowed = sorted(values, key=str)
    if domain(name) == BITS:
        return {(1,): name, (0,): f"!{name}"}[tuple(allowed)]  # type: ignore[index]  # one or both
    rest = sorted(domain(name) - {*allowed}, key=str)
    if len(rest) < len(allowed):
        return " && ".join(f"{name} != {_value(name, value)}" for value in rest)
    one = " || ".join(f"{name} == {_value(name, value)}" for value in allowed)
    return f"({one})" if len(allowed) > 1 else one


def _value(name: str, value: Value) -> str:
    if name == "mode" and isinstance(value, int):
        return MODES[value]
    return str(value).upper()


def _goals() -> Iterator[str]:
    yield ""
    for name, (text, modes) in GOALS.items():
        begun = " || ".join(f"mode == {MODES[mode]}" for mode in modes)
        yield f"/* {text} */"
        yield f"ltl {name} {{ [] (({begun}) -> <> (over)) }}"
