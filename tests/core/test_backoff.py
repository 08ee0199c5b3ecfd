"""The delay before a dial, and the rate limit on dials ("gate")."""

from __future__ import annotations

from bisect import bisect_left

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openline.policy import MAX_DIALS_PER_MINUTE, Policy
from openline.reconnect.backoff import DialGate, backoff

UNIFORM = st.floats(0, 1, exclude_max=True)


class TestBackoff:
    @pytest.mark.parametrize(
        ("tries", "d"),
        [(0, 1.0), (1, 2.0), (2, 4.0), (3, 8.0), (4, 10.0), (5, 10.0), (10**6, 10.0)],
    )
    def test_it_doubles_from_one_second_to_ten_and_is_drawn_from_the_upper_half(
        self, tries: int, d: float
    ) -> None:
        assert backoff(Policy(), tries, 0.0) == d / 2
        assert backoff(Policy(), tries, 0.5) == 0.75 * d
        assert d * 0.999 < backoff(Policy(), tries, 0.9999) < d

    @given(st.integers(0, 10**9), UNIFORM, st.floats(0.001, 1e6), st.floats(0, 1e6))
    def test_it_stays_between_half_a_delay_and_the_cap(
        self, tries: int, random: float, first: float, more: float
    ) -> None:
        policy = Policy(backoff_first=first, backoff_cap=first + more)
        delay = backoff(policy, tries, random)
        assert first / 2 <= delay <= policy.backoff_cap
        assert delay <= backoff(policy, tries + 1, random)


class TestGate:
    def test_it_lets_fifteen_pass_at_once_and_the_next_after_a_minute(self) -> None:
        gate = DialGate(15)
        for _ in range(15):
            assert gate.opens_at(100.0) == 100.0
            gate.note(100.0)
        assert 160.0 < gate.opens_at(100.0) <= 162.0
        assert gate.opens_at(500.0) == 500.0

    def test_it_opens_a_minute_after_the_oldest_of_the_last_fifteen(self) -> None:
        gate = DialGate(15)
        for second in range(20):
            gate.note(float(second))
        assert 65.0 < gate.opens_at(30.0) <= 67.0

    def test_it_stores_only_the_last_fifteen(self) -> None:
        gate = DialGate(3)
        for minute in range(100):
            gate.note(60.0 * minute)
        assert len(gate._passes) == 3  # pyright: ignore[reportPrivateUsage]

    @settings(deadline=None, derandomize=True)
    @given(
        st.integers(1, MAX_DIALS_PER_MINUTE),
        st.lists(st.one_of(st.floats(0, 1), st.floats(0, 70)), max_size=120),
    )
    def test_no_minute_has_more_dials_than_the_limit(self, limit: int, pauses: list[float]) -> None:
        gate = DialGate(limit)
        now, passes = 0.0, list[float]()
        for pause in pauses:
            now += pause
            now = gate.opens_at(now)
            gate.note(now)
            passes.append(now)
        assert passes == sorted(passes)
        for i, at in enumerate(passes):
            assert i - bisect_left(passes, at - 60.0) + 1 <= limit

    @given(st.lists(st.floats(0, 300), max_size=60), st.floats(0, 300))
    def test_a_query_changes_nothing_and_never_returns_the_past(
        self, pauses: list[float], later: float
    ) -> None:
        gate = DialGate(15)
        now = 0.0
        for pause in pauses:
            now += pause
            assert gate.opens_at(now) == gate.opens_at(now) >= now
            if gate.opens_at(now) == now:
                gate.note(now)
        assert gate.opens_at(now + later) >= now + later
        assert gate.opens_at(now + 62.0) == now + 62.0
