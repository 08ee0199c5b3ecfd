"""A fleet never dials faster than its gate: the shares of workers, and the gate of each."""

from __future__ import annotations

import asyncio
from random import Random
from typing import cast

import pytest

from openline.backend import Backend
from openline.policy import Policy
from openline_fleet.engines.contract import Share, shares
from openline_fleet.engines.gate import WorkerGate, patient


class Clock:
    """Virtual time: whoever sleeps moves it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.real_sleep = asyncio.sleep
        monkeypatch.setattr(asyncio, "sleep", self.sleep)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await self.real_sleep(0)


@pytest.mark.parametrize(("rate", "workers"), [(1, 1), (10, 4), (15, 2), (600, 7), (7, 7)])
def test_shares_add_up_to_the_rate(rate: int, workers: int) -> None:
    made = shares(rate, workers)
    assert sum(share.dials_per_minute for share in made) == rate
    assert [share.seat for share in made] == list(range(workers))
    assert max(s.dials_per_minute for s in made) - min(s.dials_per_minute for s in made) <= 1
    assert [share.first_after for share in made] == pytest.approx(
        [seat * 60 / rate for seat in range(workers)]
    )


def test_a_rate_that_cannot_be_divided_is_one_line() -> None:
    with pytest.raises(ValueError, match="3 dials a minute are too few for 4 workers"):
        shares(3, 4)
    with pytest.raises(ValueError, match="0 workers: give 1 or more"):
        shares(3, 0)


def passed(share: Share, dials: int, clock: Clock, at: float) -> list[float]:
    """When so many dials pass the gate of a worker that starts at ``at``."""
    clock.now = at
    found: list[float] = []

    async def main() -> None:
        gate = WorkerGate(share, clock)
        for _ in range(dials):
            await gate.wait()
            found.append(clock.now)

    asyncio.run(main())
    return found


@pytest.mark.parametrize("seed", range(20))
def test_no_minute_has_more_dials_than_the_rate_whoever_dies(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers that dial as fast as they may, and die and are replaced at random moments."""
    random = Random(seed)
    clock = Clock(monkeypatch)
    rate, workers = random.randint(4, 60), random.randint(1, 4)
    dials: list[float] = []
    for share in shares(rate, workers):
        begins, own = 0.0, share
        while begins < 300.0:
            dies = begins + random.expovariate(1 / 20)
            dials += [at for at in passed(own, 80, clock, begins) if at < dies]
            begins, own = dies, share.of_replacement
    dials.sort()
    for first in dials:
        within = [at for at in dials if first <= at < first + 59.999]
        assert len(within) <= rate
    assert len(dials) > rate


def test_dials_pass_in_order_and_one_that_is_cancelled_uses_no_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(monkeypatch)
    order: list[str] = []

    async def main() -> None:
        gate = WorkerGate(Share(seat=0, dials_per_minute=60), clock)

        async def dial(name: str) -> None:
            await gate.wait()
            order.append(f"{name} at {clock.now:g}")

        tasks = [asyncio.create_task(dial(name)) for name in "abcd"]
        await clock.real_sleep(0)
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert gate.passed == 3

    asyncio.run(main())
    assert order == ["a at 0", "c at 1", "d at 2"]


def test_a_session_dials_behind_the_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    seen: list[tuple[float, int]] = []

    async def connect(backend: Backend, protocol: asyncio.Protocol) -> asyncio.WriteTransport:
        seen.append((clock.now, backend.port))
        return cast("asyncio.WriteTransport", None)

    async def main() -> None:
        gate = WorkerGate(Share(seat=0, dials_per_minute=30, first_after=5.0), clock)
        for _ in range(2):
            await gate.through(connect)(Backend.from_url("ws://127.0.0.1:9/x"), asyncio.Protocol())

    asyncio.run(main())
    assert seen == [(5.0, 9), (7.0, 9)]


def test_a_gate_takes_the_clock_of_the_loop() -> None:
    async def main() -> None:
        await WorkerGate(Share(seat=0, dials_per_minute=60)).wait()

    asyncio.run(main())


def test_the_wait_at_the_gate_is_no_timeout() -> None:
    policy = patient(Policy(connect_timeout=10), Share(seat=0, dials_per_minute=30), sessions=4)
    assert policy.connect_timeout == 18.0
