"""The engine of many machines: each worker is an actor of Ray.

Ray places the actors and carries the data; it needs ``openline`` of the same version on every
machine. An actor runs a loop, performs its units there, and keeps what they tell until it is asked
for it: one long call at a time (``next``) fetches all there is. So a reader that is slow holds the
work back, events come in order, and the death of the actor ends the call that waits.

Ray restarts no actor and repeats no call here: ``crew`` decides that. It is told to send no figures
of its use to its makers, unless the environment says otherwise. Ray is imported by ``open``.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from importlib import import_module
from typing import Any, Final

from openline.text import one_line
from openline_fleet.collector import spare_imports
from openline_fleet.engines.contract import (
    Done,
    Duty,
    Ended,
    EngineError,
    Event,
    Failed,
    Lost,
    Share,
    Started,
    Unit,
)
from openline_fleet.engines.outlet import Outlet
from openline_fleet.engines.serving import Hands, reason_of

_USAGE: Final = "RAY_USAGE_STATS_ENABLED"
_NEEDS: Final = 'the engine ray needs another package: pip install "openline[ray]"'
#: Seconds in which cancelled work may end, before the actor ends without it.
LAST_SECONDS: Final = 5.0


class Worker:
    """What runs in an actor. Its methods are called by ``RayEngine`` alone."""

    def __init__(self, number: int, duty: Duty, share: Share) -> None:
        self._number = number
        self._outlet = Outlet()
        self._events = self._outlet.events()
        self._hands = Hands(number, duty, share, self._outlet.put)

    async def begin(self) -> str:
        """Call the duty's function; why it cannot work, or nothing."""
        try:
            await self._hands.__aenter__()
        except Exception as error:  # noqa: BLE001  # of the duty's function: the reason goes home
            return str(error) if isinstance(error, EngineError) else reason_of(error)
        spare_imports()
        return ""

    async def next(self) -> list[Event]:
        """Wait for events, and return what there is; nothing once the worker has left."""
        event = await anext(self._events, None)
        return [] if event is None else [event, *self._outlet.take()]

    async def hand(self, unit: Unit) -> None:
        """Begin a unit."""
        self._hands.begin(unit)

    async def cancel(self, unit: str) -> None:
        """Cancel a unit."""
        self._hands.cancel(unit)

    async def drain(self) -> None:
        """Finish, leave, and tell so."""
        await self._hands.finish()
        await self._hands.__aexit__(None, None, None)
        await self._outlet.put(Ended(self._number))

    async def leave(self) -> None:
        """Cancel what is not over."""
        self._outlet.close()
        await self._hands.__aexit__(None, None, None)


class _Remote:
    """One actor, and what it has to do."""

    def __init__(self, number: int, actor: Any) -> None:
        self.number = number
        self.actor = actor
        self.units: dict[str, None] = {}  # in the order in which they were handed over
        self.is_gone = False


class RayEngine:
    """Workers as actors of Ray.

    ``address`` is that of a cluster, as ``ray.init`` takes it; None: the one of ``RAY_ADDRESS``, or
    a new one on this machine. A program that has called ``ray.init`` keeps its cluster. ``options``
    are for each actor, as for ``ray.remote``: ``{"num_cpus": 2}``.
    """

    def __init__(
        self, address: str | None = None, *, options: dict[str, Any] | None = None
    ) -> None:
        self._address = address
        self._options = {"scheduling_strategy": "SPREAD", **(options or {})}
        self._ray: Any = None
        self._duty: Duty
        self._outlet = Outlet()
        self._workers: dict[int, _Remote] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_ours = False  # the cluster was begun by ``open``
        self._is_stopping = False

    async def open(self, duty: Duty) -> None:
        """Join the cluster, or begin one. Raises EngineError, one line."""
        os.environ.setdefault(_USAGE, "0")
        try:
            self._ray = import_module("ray")
        except ImportError:
            raise EngineError(_NEEDS) from None
        if not self._ray.is_initialized():
            given = {} if self._address is None else {"address": self._address}
            try:
                self._ray.init(logging_level="ERROR", log_to_driver=False, **given)
            except Exception as error:
                where = self._address or "here"
                text = one_line(str(error)) or type(error).__name__
                raise EngineError(f"no cluster of Ray {where}: {text}") from error
            self._is_ours = True
        self._duty = duty

    async def start(self, worker: int, share: Share) -> None:
        """Ask Ray for an actor. While the cluster has no place for it, nothing is told."""
        made = self._ray.remote(Worker).options(max_restarts=0, max_task_retries=0, **self._options)
        actor = made.remote(worker, self._duty, share)
        self._workers[worker] = _Remote(worker, actor)
        task = asyncio.get_running_loop().create_task(self._follow(self._workers[worker]))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def hand(self, worker: int, unit: Unit) -> None:
        """Call the actor."""
        found = self._workers[worker]
        if found.is_gone:
            self._outlet.put_now(Lost(worker, (unit.id,), "it was gone already"))
            return
        found.units[unit.id] = None
        found.actor.hand.remote(unit)

    def events(self) -> AsyncIterator[Event]:
        """All that happens."""
        return self._outlet.events()

    async def drain(self, worker: int) -> None:
        """Tell the actor to finish."""
        if not self._workers[worker].is_gone:
            self._workers[worker].actor.drain.remote()

    async def cancel(self, worker: int, unit: str) -> None:
        """Tell the actor to cancel a unit."""
        if not self._workers[worker].is_gone:
            self._workers[worker].actor.cancel.remote(unit)

    async def stop(self) -> None:
        """Have the actors cancel what they do, and kill them; end the cluster that was begun."""
        if self._is_stopping or self._ray is None:
            return
        self._is_stopping = True
        self._outlet.close()
        there = [each for each in self._workers.values() if not each.is_gone]
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_SECONDS):
                leaving = (_settled(each.actor.leave.remote()) for each in there)
                await asyncio.gather(*leaving)
        for each in there:
            self._ray.kill(each.actor)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(set(self._tasks))
        if self._is_ours:
            self._ray.shutdown()

    async def _follow(self, worker: _Remote) -> None:
        """Pass on what the worker tells, and tell its end."""
        try:
            reason = await worker.actor.begin.remote()
            if not reason:
                await self._outlet.put(Started(worker.number))
                if await self._pass_on(worker):
                    self._ray.kill(worker.actor)
                    return
            else:
                self._ray.kill(worker.actor)
        except self._ray.exceptions.RayError as error:
            reason = f"its actor is gone: {type(error).__name__}"
        worker.is_gone = True
        await self._outlet.put(Lost(worker.number, tuple(worker.units), reason))

    async def _pass_on(self, worker: _Remote) -> bool:
        """True when the worker has left in order; if it is gone otherwise, RayError is raised."""
        while True:
            events: list[Event] = await worker.actor.next.remote()
            worker.is_gone = not events
            for event in events:
                if isinstance(event, Done | Failed):
                    worker.units.pop(event.unit, None)
                if isinstance(event, Ended):
                    worker.is_gone = True
                await self._outlet.put(event)
            if worker.is_gone:
                return True


async def _settled(call: Any) -> None:
    """Wait for a call, however it ends: an actor that is gone has left."""
    await asyncio.wait([asyncio.ensure_future(call)])
