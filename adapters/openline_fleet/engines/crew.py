"""Workers on any engine, as one: units go in, what becomes of them comes out.

``rota`` decides; this carries it out. One task iterates over ``events``; any task of the same loop
adds units, waits for room, drains.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from types import TracebackType
from typing import Self

from openline_fleet.engines.contract import Duty, Engine, EngineError, Event, Share, Unit
from openline_fleet.engines.rota import Action, Broken, Hand, Rota, Start, Tell


class Crew:
    """Workers that run while the block lasts; leaving it ends them at once.

    ``shares`` has one for each worker (``contract.shares``); each performs ``slots`` units at a
    time. The workers start when the first unit is added, or room for it is asked for: these two
    raise EngineError.
    """

    def __init__(self, engine: Engine, duty: Duty, shares: Sequence[Share], *, slots: int) -> None:
        self._engine, self._duty = engine, duty
        self._rota = Rota(shares, slots)
        self._news = asyncio.Event()  # there may be room
        self._told: list[Event] = []
        self._broken = ""
        self._is_draining = False
        self._events: AsyncIterator[Event] = engine.events()
        self._beginning = asyncio.Lock()
        self._has_begun = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._engine.stop()

    @property
    def is_idle(self) -> bool:
        """Whether no unit is waiting or under way."""
        return self._rota.is_idle

    async def room(self) -> bool:
        """Wait until a worker could take another unit at once; False: none will, it is drained."""
        await self._begin()
        while not (self._rota.free or self._is_draining):
            self._news.clear()
            await self._news.wait()
        return not self._is_draining

    async def idle(self) -> None:
        """Wait until no unit is waiting or under way."""
        while not self._rota.is_idle:
            self._news.clear()
            await self._news.wait()

    async def add(self, unit: Unit) -> None:
        """Have a unit done."""
        await self._begin()
        await self._carry_out(self._rota.add(unit))

    def drain(self) -> list[Unit]:
        """Hand out no more, and end ``events`` at the end; return the units that no worker has."""
        self._is_draining = True
        self._news.set()
        return self._rota.drain()

    async def cancel(self, name: str | None = None) -> None:
        """Cancel one unit, or all that are under way."""
        for worker, unit in self._rota.under_way:
            if name in {None, unit}:
                await self._engine.cancel(worker, unit)

    async def events(self) -> AsyncGenerator[Event]:
        """What becomes of units: ``Reported``, ``Done``, ``Failed``; and ``Lost``, for the record.

        The units of a ``Lost`` are handed out again, but not while it drains. It ends when all is
        over after ``drain``. Raises EngineError when no worker stays alive.
        """
        following: asyncio.Task[Event] | None = None
        try:
            while True:
                while self._told:
                    yield self._told.pop(0)
                if self._broken:
                    raise EngineError(self._broken)
                if self._is_draining and self._rota.is_idle:
                    return
                if following is None:
                    following = asyncio.ensure_future(anext(self._events))
                await self._wait(following)
                if following.done():
                    event, following = following.result(), None
                    await self._carry_out(self._rota.receive(event, self._now()))
                else:
                    await self._carry_out(self._rota.tick(self._now()))
        finally:
            if following is not None:
                following.cancel()

    async def _begin(self) -> None:
        """Start the workers, once."""
        async with self._beginning:
            if not self._has_begun:
                await self._engine.open(self._duty)
                await self._carry_out(self._rota.tick(self._now()))
                self._has_begun = True

    async def _wait(self, following: asyncio.Task[Event]) -> None:
        """Until the engine tells something, a worker is due, or it is drained."""
        deadline = self._rota.deadline() if self._has_begun else None
        left = None if deadline is None else max(0.0, deadline - self._now())
        draining = asyncio.ensure_future(self._drained())
        try:
            await asyncio.wait(
                {following, draining}, timeout=left, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            draining.cancel()

    async def _drained(self) -> None:
        while not (self._is_draining and self._rota.is_idle):
            self._news.clear()
            await self._news.wait()

    async def _carry_out(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Start(worker, share):
                    await self._engine.start(worker, share)
                case Hand(worker, unit):
                    await self._engine.hand(worker, unit)
                case Tell(event):
                    self._told.append(event)
                case Broken(reason):
                    self._broken = reason
        self._news.set()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
