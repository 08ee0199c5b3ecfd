"""Shrink a failing schedule: remove one thing at a time, as long as it still fails."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import fields, replace
from typing import Any, TypeVar

from openline_testing.steps import written
from openline_testing.theorem.schedule import Fault, Schedule, Source

T = TypeVar("T", Schedule, Source, Fault)


def shrunk(schedule: Schedule, goes_wrong: Callable[[Schedule], bool]) -> Schedule:
    """The smallest schedule found for which ``goes_wrong`` still holds."""
    smaller = True
    while smaller:
        smaller = False
        for each in _simpler(schedule):
            if _weight(each) < _weight(schedule) and goes_wrong(each):
                schedule, smaller = each, True
                break
    return schedule


def _simpler(schedule: Schedule) -> Iterator[Schedule]:
    """The schedule with one thing removed, or one thing simplified."""
    for name in ("faults", "dials", "sources"):
        several: tuple[Any, ...] = getattr(schedule, name)
        for i in range(len(several)):
            fewer = several[:i] + several[i + 1 :]
            if fewer or name != "sources":
                less: dict[str, Any] = {name: fewer}
                yield replace(schedule, **less)
    for i, way in enumerate(schedule.dials):
        if way != "open":  # its place counts, and not what happens to it
            opened = (*schedule.dials[:i], "open", *schedule.dials[i + 1 :])
            yield replace(schedule, dials=opened)
    yield from _calmer(schedule, Schedule(), leave={"seed", "sources", "faults", "dials"})
    for i, source in enumerate(schedule.sources):
        before, after = schedule.sources[:i], schedule.sources[i + 1 :]
        shorter = replace(source, seconds=round(source.seconds / 2, 2))
        for each in (shorter, *_calmer(source, Source(name=source.name))):
            yield replace(schedule, sources=(*before, each, *after))
    for i, fault in enumerate(schedule.faults):
        earlier, later = schedule.faults[:i], schedule.faults[i + 1 :]
        for less_exact in _calmer(fault, Fault(at=1.0, kind=fault.kind)):
            yield replace(schedule, faults=(*earlier, less_exact, *later))


def _calmer(thing: T, calmest: T, *, leave: Collection[str] = ()) -> Iterator[T]:
    """``thing`` with one field as in ``calmest``, or with fewer digits."""
    names = [field.name for field in fields(thing) if field.name not in leave]
    values: list[tuple[str, Any]] = [(name, getattr(calmest, name)) for name in names]
    for name in names:
        value = getattr(thing, name)
        if isinstance(value, float):
            values += [(name, round(value, digits)) for digits in (0, 1, 2)]
    for name, value in values:
        changed: dict[str, Any] = {name: value}
        yield replace(thing, **changed)


def _weight(schedule: Schedule) -> tuple[int, float]:
    """The size of the schedule to read, then the time that it takes."""
    return len(written(schedule)), sum(source.seconds for source in schedule.sources)
