"""The dial gate: never faster than its rate, and in the order in which lines were lost."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from openline_fleet.gate import FleetGate
from tests.support_profiles import paced, some

NAMES = [f"s{number}" for number in range(12)]


class Gates(RuleBasedStateMachine):
    """Sessions that ask, give up, come back and end, in any order; and a model of their places."""

    def __init__(self) -> None:
        super().__init__()
        self.rate, self.burst = 2.0, 3
        self.gate = FleetGate(self.rate, self.burst)
        self.now = 0.0
        self.dialled: list[float] = []
        self.order: dict[str, int] = {}  # since when each has a place
        self.asked = 0
        self.here: set[str] = set()

    @rule(name=st.sampled_from(NAMES))
    def ask(self, name: str) -> None:
        alone = not self.here
        if self.gate.ask(name, self.now):
            assert alone, "nobody overtakes the line"
            assert name not in self.here
            self.dialled.append(self.now)
            self.order.pop(name, None)
        else:
            self.asked += 1
            self.order.setdefault(name, self.asked)
            self.here.add(name)

    @rule(name=st.sampled_from(NAMES))
    def leave(self, name: str) -> None:
        assert self.gate.leave(name) == (name in self.here)
        self.here.discard(name)

    @rule(name=st.sampled_from(NAMES))
    def forget(self, name: str) -> None:
        self.gate.forget(name)
        self.here.discard(name)
        self.order.pop(name, None)

    @rule(seconds=st.floats(0.0, 3.0))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.admit()

    @precondition(lambda self: self.here)
    @rule()
    def wait_for_the_deadline(self) -> None:
        deadline = self.gate.deadline()
        assert deadline is not None
        self.now = max(self.now, deadline)
        before = len(self.dialled)
        self.admit()
        assert len(self.dialled) > before, "its deadline lets somebody through"

    def admit(self) -> None:
        while (name := self.gate.admit(self.now)) is not None:
            assert name == min(self.here, key=self.order.__getitem__), "in order"
            self.here.discard(name)
            del self.order[name]
            self.dialled.append(self.now)

    @invariant()
    def never_faster_than_its_rate(self) -> None:
        for first, start in enumerate(self.dialled):
            for count, end in enumerate(self.dialled[first:], 1):
                assert count <= self.burst + self.rate * (end - start) + 1e-6
        assert self.gate.passed == len(self.dialled)
        assert self.gate.waiting == len(self.here)

    @invariant()
    def whoever_waits_has_a_deadline(self) -> None:
        deadline = self.gate.deadline()
        assert (deadline is not None) == bool(self.here)
        assert deadline is None or deadline <= self.now + 1.0 / self.rate + 1e-6


TestGates = Gates.TestCase
TestGates.settings = paced(40, 40)


@given(sessions=st.integers(1, 300), rate=st.floats(0.5, 200.0), burst=st.integers(1, 40))
@settings(max_examples=some(40))
def test_a_herd_passes_as_fast_as_the_rate_and_no_faster(
    sessions: int, rate: float, burst: int
) -> None:
    gate = FleetGate(rate, burst)
    through = sum(gate.ask(str(number), 0.0) for number in range(sessions))
    assert through == min(sessions, burst)
    now = 0.0
    while (deadline := gate.deadline()) is not None:
        now = deadline
        found = gate.admit(now)
        assert found == str(through), "in the order in which they asked"
        through += 1
    assert through == sessions
    assert now == pytest.approx(max(0, sessions - burst) / rate, rel=1e-6, abs=1e-6)


def test_a_dial_that_gives_up_waiting_keeps_its_place() -> None:
    gate = FleetGate(1.0, 1)
    assert gate.ask("first", 0.0)
    assert not gate.ask("patient", 0.0)
    assert not gate.ask("late", 0.0)
    assert gate.leave("patient")
    assert not gate.leave("patient")
    assert gate.admit(1.0) == "late", "who is away does not hold the others up"
    assert not gate.ask("latest", 1.0)
    assert not gate.ask("patient", 1.1)
    assert gate.admit(2.0) == "patient", "and is back at its place"
    assert gate.admit(3.0) == "latest"
    assert gate.deadline() is None
    assert gate.delayed == 4


def test_a_session_that_is_over_has_no_place_any_more() -> None:
    gate = FleetGate(1.0, 1)
    assert gate.ask("first", 0.0)
    assert not gate.ask("over", 0.0)
    assert not gate.ask("patient", 0.0)
    gate.forget("over")
    assert not gate.ask("over", 0.0), "another session of the same name"
    assert [gate.admit(1.0), gate.admit(2.0)] == ["patient", "over"]


@pytest.mark.parametrize("rate", [0.0, -1.0, math.inf, math.nan])
def test_a_rate_is_a_number_above_0(rate: float) -> None:
    with pytest.raises(ValueError, match=r"dials_per_second is .*: give a number above 0"):
        FleetGate(rate, 1)


def test_a_burst_is_at_least_one() -> None:
    with pytest.raises(ValueError, match="dial_burst is 0: give a whole number, 1 or more"):
        FleetGate(1.0, 0)
