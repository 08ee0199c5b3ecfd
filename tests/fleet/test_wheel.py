"""The wheel: nothing is due early, nothing is late by more than a slot, nothing is lost."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline_asyncio.sources.wheel import Wheel

TIMES = st.lists(st.floats(0.0, 100.0), max_size=60)


@given(at=TIMES, looks=TIMES, slot=st.sampled_from([0.001, 0.01, 0.25, 2.0**-60]))
def test_each_entry_comes_once_in_its_slot(
    at: list[float], looks: list[float], slot: float
) -> None:
    wheel: Wheel[int] = Wheel(slot)
    for number, when in enumerate(at):
        wheel.put(number, when)
    assert len(wheel) == len(at)
    found: dict[int, float] = {}
    for now in [*sorted(looks), 101.0]:
        before = wheel.deadline()
        due = wheel.due(now)
        assert bool(due) == (before is not None and before <= now)
        for number in due:
            assert number not in found
            found[number] = now
            assert now >= at[number]
        for number, when in enumerate(at):
            overdue = now > when + slot * 1.0001
            assert number in found or not overdue
    assert len(found) == len(at)
    assert wheel.deadline() is None


@given(at=TIMES)
def test_the_deadline_is_the_end_of_the_first_slot(at: list[float]) -> None:
    wheel: Wheel[float] = Wheel(0.01)
    for when in at:
        wheel.put(when, when)
    deadline = wheel.deadline()
    assert (deadline is None) == (not at)
    if deadline is not None:
        assert min(at) - 1e-9 <= deadline <= min(at) + 0.0101


def test_rounding_makes_nothing_due_early() -> None:
    """A quotient that is rounded down would name a slot that ends before the entry is due."""
    for number in range(1, 100_000):
        wheel: Wheel[int] = Wheel(0.01)
        at = math.nextafter(number / 100, math.inf)
        wheel.put(1, at)
        deadline = wheel.deadline()
        assert deadline is not None
        assert at <= deadline <= at + 0.0101


def test_older_slots_come_first_and_a_slot_in_order() -> None:
    wheel: Wheel[str] = Wheel(0.01)
    for name, when in (("c", 0.034), ("a", 0.013), ("b", 0.018)):
        wheel.put(name, when)
    assert wheel.due(0.0199) == []
    assert wheel.due(0.021) == ["a", "b"]
    assert wheel.due(0.04) == ["c"]


@pytest.mark.parametrize("slot", [0.0, -1.0, math.inf, math.nan])
def test_a_slot_has_a_length(slot: float) -> None:
    with pytest.raises(ValueError, match="give seconds, above 0"):
        Wheel[int](slot)
