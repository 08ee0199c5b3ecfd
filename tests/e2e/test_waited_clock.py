"""The clock of the tests on real sockets: a busy machine does not make it late."""

from __future__ import annotations

import pytest
import trio

from tests.support_clock import LATE, RATE, WaitedClock


class Real:
    """Real time, as the test moves it."""

    def __init__(self) -> None:
        self.now = 100.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch) -> Real:
    real = Real()
    monkeypatch.setattr("tests.support_clock.time", real)
    return real


def test_time_stands_still_while_a_task_runs(real: Real) -> None:
    clock = WaitedClock()
    real.now += 10
    assert clock.current_time() == 0.0


def test_a_wait_that_data_ends_counts_as_long_as_it_was(real: Real) -> None:
    clock = WaitedClock()
    assert clock.deadline_to_sleep_time(8.0) == 8.0 / RATE
    real.now += 1.0
    assert clock.current_time() == RATE
    real.now += 1.0
    assert clock.current_time() == RATE


@pytest.mark.parametrize("overdue", [0.0, 5.0])
def test_a_process_that_was_stopped_in_a_wait_is_hardly_late(real: Real, overdue: float) -> None:
    clock = WaitedClock()
    clock.deadline_to_sleep_time(6.0)
    real.now += 6.0 / RATE
    assert clock.current_time() == 6.0
    clock.deadline_to_sleep_time(7.0 - overdue)
    real.now += 60.0
    assert clock.current_time() == max(7.0 - overdue, 6.0) + LATE


async def test_trio_sleeps_on_it(waited_clock: WaitedClock) -> None:
    assert trio.current_time() == waited_clock.current_time() == 0.0
    await trio.sleep(0.05)
    assert 0.05 <= trio.current_time() <= 0.05 + LATE
