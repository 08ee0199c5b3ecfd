"""The checks of single values of ``Traits``, and the error for a wrong one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, cast

from openline.reconnect.verdicts import Rule

#: Characters of a value that an error quotes.
_QUOTED: Final = 60


def wrong(name: str, value: object, want: str) -> ValueError:
    """The error for a trait with this value: one line that names the trait."""
    shown, is_short = repr(value), isinstance(value, str | int | float | tuple)
    if not is_short or len(shown) > _QUOTED:
        shown = type(value).__name__
    return ValueError(f"Traits.{name} is {shown}: give {want}")


def are_names(value: object) -> bool:
    """Whether it is a tuple of names, at least one."""
    names = cast("tuple[object, ...]", value) if isinstance(value, tuple) else ()
    return bool(names) and all(isinstance(each, str) and each.strip() for each in names)


def is_time(value: object) -> bool:
    """Whether it is seconds, 0 or more."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf


def check_rules(
    name: str, value: object, kind: type, want: str, among: range | None = None
) -> None:
    """Raise ValueError unless it maps keys of that kind, some of ``among``, to Rules."""
    is_mapping = isinstance(value, Mapping)
    rules = cast("Mapping[object, object]", value)
    if not is_mapping or not all(isinstance(rule, Rule) for rule in rules.values()):
        raise wrong(name, rules, f"a mapping from each {want} to its Rule")
    for key in rules:
        if not isinstance(key, kind) or (among is not None and key not in among):
            raise wrong(name, key, f"a Rule for each {want}")
