"""The clocks of the tests on real sockets: a busy machine does not make them late."""

from __future__ import annotations

import asyncio
import selectors

import pytest
import trio

from tests.support_clock import LATE, PIECE, RATE, WaitedClock, WaitedLoop, run_waited


class Real:
    """Real time, as the test moves it."""

    def __init__(self) -> None:
        self.now = 100.0
        self.stopped = 0.0

    def perf_counter(self) -> float:
        return self.now

    def select(self, timeout: float) -> list[object]:
        self.now += timeout + self.stopped
        return []


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch) -> Real:
    real = Real()
    monkeypatch.setattr("tests.support_clock.time", real)
    return real


def test_time_stands_still_while_a_task_runs(real: Real) -> None:
    clock = WaitedClock()
    real.now += 10
    assert clock.current_time() == 0.0


@pytest.mark.parametrize("rate", [1.0, RATE])
def test_a_wait_that_data_ends_counts_as_long_as_it_was(real: Real, rate: float) -> None:
    clock = WaitedClock(rate)
    assert clock.deadline_to_sleep_time(PIECE / 2) == PIECE / 2 / rate
    real.now += PIECE / 4 / rate
    assert clock.current_time() == pytest.approx(PIECE / 4)
    real.now += 1.0
    assert clock.current_time() == pytest.approx(PIECE / 4)


@pytest.mark.parametrize(("due", "wait"), [(-5.0, 0.0), (0.01, 0.01), (60.0, PIECE)])
def test_a_process_that_was_stopped_in_a_wait_is_hardly_late(
    real: Real, due: float, wait: float
) -> None:
    clock = WaitedClock()
    assert clock.deadline_to_sleep_time(due) == wait / RATE
    real.now += 60.0
    assert clock.current_time() == wait + LATE


def test_a_loop_of_asyncio_is_hardly_late_either(
    real: Real, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selectors.DefaultSelector, "select", real.select)
    real.stopped = 60.0

    async def main() -> float:
        await asyncio.sleep(3 * PIECE)
        return asyncio.get_running_loop().time()

    assert run_waited(main()) <= 4 * (PIECE + LATE)


def test_a_loop_of_asyncio_reads_what_a_thread_sends() -> None:
    async def main() -> int:
        assert isinstance(asyncio.get_running_loop(), WaitedLoop)
        return await asyncio.to_thread(int, "7")

    assert run_waited(main()) == 7


async def test_trio_sleeps_on_it(waited_clock: WaitedClock) -> None:
    assert trio.current_time() == waited_clock.current_time() == 0.0
    await trio.sleep(0.05)
    assert 0.05 <= trio.current_time() <= 0.05 + LATE
