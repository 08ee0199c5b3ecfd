"""Checks of what an app gives to a fleet: each raises TypeError or ValueError, one line.

As ``openline_driver.argument_checks`` has it, no text of a TypeError shows a value.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TypeAlias

from openline_driver.argument_checks import check_kind, check_switch

#: The name of a field, its types, and the words for them.
Field: TypeAlias = tuple[str, type | tuple[type, ...], str]
_NUMBER = (int, float)


def check_fields(of: object, needed: Iterable[Field], optional: Iterable[Field] = ()) -> None:
    """Raise TypeError for a field of ``of`` of another type; ``optional`` ones may be None."""
    for name, kind, want in needed:
        value = getattr(of, name)
        if kind is bool:
            check_switch(name, value)
        else:
            check_kind(name, value, kind, want)
    for name, kind, want in optional:
        value = getattr(of, name)
        if value is not None:
            check_kind(name, value, kind, f"{want}, or None")


def check_number(name: str, value: object, want: str = "a number of seconds") -> None:
    """Raise TypeError unless it is a number, and ValueError unless it is finite."""
    check_kind(name, value, _NUMBER, want)
    if isinstance(value, _NUMBER) and not math.isfinite(value):
        raise ValueError(f"{name} is {value}: give {want}")


def check_count(name: str, value: object, *, low: int) -> None:
    """Raise TypeError unless it is a whole number, and ValueError below ``low``."""
    check_kind(name, value, int, "a whole number")
    if isinstance(value, int) and value < low:
        raise ValueError(f"{name} is {value}: give a whole number, {low} or more")
