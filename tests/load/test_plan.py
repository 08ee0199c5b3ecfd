"""When callers begin and end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline_load.plan import Plan, Turn


def test_a_ramp_has_all_of_them_talk_for_as_long_as_it_holds() -> None:
    plan = Plan(sessions=3, ramp=6, hold=10)
    assert plan.turns == [Turn(0, 16), Turn(2, 16), Turn(4, 16)]
    assert (plan.at_once, plan.seconds) == (3, 16)


def test_a_rate_has_callers_arrive_whatever_becomes_of_the_others() -> None:
    plan = Plan(sessions=5, ramp=6, hold=4, rate=0.5)
    assert plan.turns == [Turn(0, 4), Turn(2, 6), Turn(4, 8), Turn(6, 10), Turn(8, 12)]
    assert (plan.at_once, plan.seconds) == (3, 12)


def test_without_a_ramp_all_of_them_begin_at_once() -> None:
    plan = Plan(sessions=3, ramp=0, hold=10)
    assert plan.turns == [Turn(0, 10)] * 3
    assert (plan.at_once, plan.seconds, plan.longest) == (3, 10, 10)


def test_a_rate_beyond_all_numbers_is_all_at_once() -> None:
    assert Plan(sessions=7, ramp=0, hold=1e9, rate=1e308).at_once == 7


@given(
    st.integers(1, 50), st.floats(0, 60), st.floats(0.1, 60), st.none() | st.floats(0.1, 20)
)  # fmt: skip
def test_no_more_talk_at_once_than_it_says(
    sessions: int, ramp: float, hold: float, rate: float | None
) -> None:
    plan = Plan(sessions=sessions, ramp=ramp, hold=hold, rate=rate)
    assert len(plan.turns) == sessions
    talking = [
        sum(each.start <= turn.start < each.end for each in plan.turns) for turn in plan.turns
    ]
    assert max(talking) <= plan.at_once
    assert plan.seconds == pytest.approx(max(turn.end for turn in plan.turns))
    assert plan.longest == pytest.approx(max(turn.end - turn.start for turn in plan.turns))
    if rate is None:
        assert talking[-1] == plan.at_once  # as the last begins
