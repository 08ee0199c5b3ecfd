"""The model as a TLA+ module, for the checker TLC and for reading.

The same variables, steps, laws and goals as the Promela (``promela``), from the same ``Model``.
``Spec`` is fair: in a mode in which only timers act, a step that can be taken is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from openline_diagrams.checked.abstraction import FINAL, PLUS, VARIABLES, domain, zones
from openline_diagrams.checked.model import GOALS, Model, Step
from openline_diagrams.checked.promela import MODES
from openline_diagrams.checked.terms import Form, Value

#: The module's name, and so its file's.
NAME: Final = "chart"


def tla(model: Model) -> str:
    """A TLA+ module. ``Attempts``, the policy's limit, and ``Dials`` are its constants."""
    return "\n".join([*_head(model), *_steps(model), *_spec(model), "=" * 77, ""])


def _head(model: Model) -> Iterator[str]:
    zone = zones()
    yield f"---- MODULE {NAME} ----"
    yield "(* openline: the session's chart, timers, gate and verdicts."
    yield "   Made from the table that the machine runs; do not edit. *)"
    yield "EXTENDS Naturals"
    yield ""
    yield f"CONSTANTS Attempts, Dials  \\* the policy's limit of retries, and {model.dials}"
    yield ""
    yield "VARIABLES"
    last = [*VARIABLES][-1]
    for name, (_, _, what) in VARIABLES.items():
        yield f"    {name}{'' if name == last else ','}  \\* {what}"
    yield ""
    yield f"vars == << {', '.join(VARIABLES)} >>"
    yield ""
    for number, mode in enumerate(MODES):
        yield f"{mode} == {number}"
    yield ""
    yield f"full == zone \\in {_set('zone', zone.shut)} /\\ passes >= Dials"
    yield "spent == attempts >= Attempts"
    yield f"flood == zone \\in {_set('zone', zone.within)} /\\ passes > Dials"
    yield "beyond == attempts > Attempts"
    yield f"over == state \\in {_set('state', FINAL)}"
    yield ""
    yield "TypeOK =="
    for name, (values, _, _) in VARIABLES.items():
        kind = "Nat" if values is None else _set(name, values)
        yield f"    /\\ {name} \\in {kind}"
    yield ""
    yield "Init =="
    for name, (_, first, _) in VARIABLES.items():
        if name == "provider":
            yield "    /\\ provider \\in {0, 1}"
        else:
            value = "provider" if name == "wanted" else _value(name, first)
            yield f"    /\\ {name} = {value}"
    yield ""


def _steps(model: Model) -> Iterator[str]:
    for number, step in enumerate(model.steps):
        if step.changes:
            yield from _step(number, step)


def _step(number: int, step: Step) -> Iterator[str]:
    yield f"\\* {step.cause}: {step.row or 'no row'}"
    yield f"Step{number} =="
    yield f'    /\\ state = "{step.source}"'
    yield f"    /\\ {condition(step.when)}"
    for name, value in step.sets.items():
        yield f"    /\\ {name}' = {f'{name} + 1' if value == PLUS else _value(name, value)}"
    kept = [name for name in VARIABLES if name not in step.sets]
    yield f"    /\\ UNCHANGED << {', '.join(kept)} >>"
    yield ""


def _spec(model: Model) -> Iterator[str]:
    yield "Next =="
    for number, step in enumerate(model.steps):
        if step.changes:
            yield f"    \\/ Step{number}"
    yield ""
    yield "Quiet == mode # FREE /\\ Next"
    yield ""
    yield "Spec == Init /\\ [][Next]_vars /\\ WF_vars(Quiet)"
    yield ""
    for number, law in enumerate(model.laws, 1):
        yield f"\\* {law.name}: {law.text}"
        yield f"Law{number} == ~({condition(law.never)})"
        yield ""
    laws = " /\\ ".join(f"Law{number}" for number in range(1, len(model.laws) + 1))
    yield f"Laws == {laws}"
    yield ""
    for name, (text, modes) in GOALS.items():
        begun = " \\/ ".join(f"mode = {MODES[mode]}" for mode in modes)
        yield f"\\* {text}"
        yield f"{name.capitalize()} == ({begun}) ~> over"
        yield ""


def condition(form: Form) -> str:
    """A form as an expression."""
    cases = [" /\\ ".join(_literal(n, v) for n, v in case.items()) or "TRUE" for case in form]
    if not cases:
        return "FALSE"
    return cases[0] if len(cases) == 1 else " \\/ ".join(f"({case})" for case in cases)


def _literal(name: str, values: Iterable[Value]) -> str:
    allowed = sorted(values, key=str)
    if name not in VARIABLES:  # derived
        return name if allowed == [1] else f"~{name}"
    rest = sorted(domain(name) - {*allowed}, key=str)
    if len(allowed) == 1:
        return f"{name} = {_value(name, allowed[0])}"
    if len(rest) == 1:
        return f"{name} # {_value(name, rest[0])}"
    return f"{name} \\in {_set(name, allowed)}"


def _set(name: str, values: Iterable[Value]) -> str:
    return "{" + ", ".join(_value(name, value) for value in sorted(values, key=str)) + "}"


def _value(name: str, value: Value) -> str:
    if name == "mode" and isinstance(value, int):
        return MODES[value]
    return f'"{value}"' if isinstance(value, str) else str(value)
