"""Conditions over variables with few values, as an "or" of "and"s: the algebra of the model.

A ``Case`` maps variables to the values that they may have: all of it holds at once. A ``Form``
is a list of cases of which one has to hold. So ``stop and not (a or b)`` is one case:

    {"stop": {1}, "a": {0}, "b": {0}}

Every variable has a domain, so a negation is the rest of the domain. That is all that is needed
to ask whether a condition can hold, and to drop a variable that may have any value (``without``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import product
from typing import TypeAlias

Value: TypeAlias = int | str
Case: TypeAlias = Mapping[str, frozenset[Value]]
Form: TypeAlias = tuple[Case, ...]

BITS: frozenset[Value] = frozenset({0, 1})
ALWAYS: Form = ({},)
NEVER: Form = ()


def has(**values: Value | Iterable[Value]) -> Form:
    """One case: each variable has the value, or one of the values."""
    return ({name: _set(value) for name, value in values.items()},)


def _set(value: Value | Iterable[Value]) -> frozenset[Value]:
    return frozenset({value}) if isinstance(value, int | str) else frozenset(value)


def both(*forms: Form) -> Form:
    """All of ``forms`` hold."""
    found: list[Case] = []
    for cases in product(*forms):
        one: dict[str, frozenset[Value]] = {}
        for case in cases:
            for name, values in case.items():
                one[name] = one[name] & values if name in one else values
        if all(one.values()):
            found.append(one)
    return tidy(found)


def either(*forms: Form) -> Form:
    """One of ``forms`` holds."""
    return tidy(case for form in forms for case in form)


def negated(form: Form, domain: Callable[[str], frozenset[Value]]) -> Form:
    """``form`` does not hold."""
    return both(
        *(tuple({name: domain(name) - values} for name, values in case.items()) for case in form)
    )


def without(form: Form, names: Iterable[str]) -> Form:
    """``form`` holds for some values of the variables ``names``, which it then does not name."""
    gone = {*names}
    return tidy({n: v for n, v in case.items() if n not in gone} for case in form)


def tidy(cases: Iterable[Case]) -> Form:
    """The same without a case that another one includes."""
    kept: list[Case] = []
    for case in cases:
        if any(_includes(other, case) for other in kept):
            continue
        kept = [other for other in kept if not _includes(case, other)]
        kept.append(case)
    return tuple(kept)


def _includes(wide: Case, narrow: Case) -> bool:
    return all(name in narrow and narrow[name] <= values for name, values in wide.items())


def joined(form: Form, domain: Callable[[str], frozenset[Value]]) -> Form:
    """The same in fewer cases: two that differ in one variable are one."""
    cases = [*form]
    for i, one in enumerate(cases):
        for j in range(i + 1, len(cases)):
            other = cases[j]
            differ = [name for name in one if one[name] != other.get(name)]
            if one.keys() == other.keys() and len(differ) == 1:
                [name] = differ
                whole = {**one, name: one[name] | other[name]}
                if whole[name] == domain(name):
                    del whole[name]
                rest = [case for k, case in enumerate(cases) if k not in (i, j)]
                return joined(tidy([*rest, whole]), domain)
    return tuple(cases)


def after(form: Form, values: Mapping[str, Value]) -> Form:
    """What ``form`` asks for, where the variables in ``values`` have these values already."""
    return tidy(
        {name: allowed for name, allowed in case.items() if name not in values}
        for case in form
        if all(values[name] in allowed for name, allowed in case.items() if name in values)
    )


def holds(form: Form, look: Callable[[str], Value]) -> bool:
    """Whether ``form`` holds where ``look`` gives the value of each variable."""
    return any(all(look(name) in allowed for name, allowed in case.items()) for case in form)
