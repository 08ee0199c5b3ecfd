"""A third engine, in the process and the loop of its user: the smallest that keeps the contract.

It is an example for who writes one, and the engine of the tests of what uses engines. A kill is
played: the tasks of a worker are cancelled, and nothing more of it is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from openline_fleet.engines.contract import (
    Done,
    Duty,
    Ended,
    Event,
    Failed,
    Lost,
    Share,
    Started,
    Unit,
)
from openline_fleet.engines.outlet import Outlet
from openline_fleet.engines.serving import Hands, reason_of


class _Worker:
    def __init__(self, number: int) -> None:
        self.number = number
        self.units: dict[str, None] = {}
        self.hands: Hands | None = None
        self.leave = asyncio.Event()
        self.killed = False
        self.gone = False
        self.task: asyncio.Task[None] | None = None


class InlineEngine:
    """Workers as tasks."""

    def __init__(self) -> None:
        self.outlet = Outlet()
        self.workers: dict[int, _Worker] = {}
        self.started: list[tuple[int, Share]] = []  # for tests
        self._duty: Duty

    async def open(self, duty: Duty) -> None:
        self._duty = duty

    async def start(self, worker: int, share: Share) -> None:
        self.started.append((worker, share))
        made = self.workers[worker] = _Worker(worker)
        made.task = asyncio.get_running_loop().create_task(self._run(made, share))

    async def _run(self, worker: _Worker, share: Share) -> None:
        async def tell(event: Event) -> None:
            if worker.killed:
                return
            if isinstance(event, Done | Failed):
                worker.units.pop(event.unit, None)
            await self.outlet.put(event)

        try:
            async with Hands(worker.number, self._duty, share, tell) as hands:
                worker.hands = hands
                await tell(Started(worker.number))
                await worker.leave.wait()
                if not worker.killed:
                    await hands.finish()
        except asyncio.CancelledError:
            worker.gone = True
            return
        except Exception as error:  # noqa: BLE001
            worker.gone = True
            await self.outlet.put(Lost(worker.number, (), reason_of(error)))
            return
        worker.gone = True
        if worker.killed:
            await self.outlet.put(Lost(worker.number, tuple(worker.units), "it was killed"))
        else:
            await self.outlet.put(Ended(worker.number))

    async def hand(self, worker: int, unit: Unit) -> None:
        found = self.workers[worker]
        if found.gone or found.killed or found.hands is None:
            self.outlet.put_now(Lost(worker, (unit.id,), "it was gone already"))
            return
        found.units[unit.id] = None
        found.hands.begin(unit)

    def events(self) -> AsyncIterator[Event]:
        return self.outlet.events()

    async def drain(self, worker: int) -> None:
        self.workers[worker].leave.set()

    async def cancel(self, worker: int, unit: str) -> None:
        hands = self.workers[worker].hands
        if hands is not None:
            hands.cancel(unit)

    def kill(self, worker: int) -> None:
        self.workers[worker].killed = True
        self.workers[worker].leave.set()

    async def stop(self) -> None:
        self.outlet.close()
        tasks = [each.task for each in self.workers.values() if each.task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
