"""The engine of this machine: each worker is a process of its own.

A worker is a new interpreter (never a fork: a forked event loop shares its parent's sockets). It
runs in a process session of its own, so that Ctrl-C reaches only the coordinator, which drains. Its
end is noticed by the end of its pipe, and so at once, whatever ended it.
"""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Final

from openline_fleet.engines.contract import (
    Done,
    Duty,
    Ended,
    EngineError,
    Event,
    Failed,
    Lost,
    Share,
    Unit,
)
from openline_fleet.engines.frames import Begin, Cancel, Drain, Hand, Order, next_event, packed
from openline_fleet.engines.outlet import Outlet
from openline_fleet.engines.process import LAST_SECONDS

_COMMAND: Final = (sys.executable, "-m", "openline_fleet.engines.process")


class _Worker:
    """One process, and what it has to do."""

    def __init__(self, number: int, process: Process) -> None:
        self.number = number
        self.process = process
        self.units: dict[str, None] = {}  # in the order in which they were handed over
        self.is_gone = False


class LocalEngine:
    """Workers as processes of this machine.

    ``command`` starts a worker; the default is this interpreter. A frozen program has none, and
    gives a command that calls ``openline_fleet.engines.process.main``.
    """

    def __init__(self, command: Sequence[str] | None = None) -> None:
        self._command = tuple(_COMMAND if command is None else command)
        self._is_frozen = command is None and bool(getattr(sys, "frozen", False))
        self._duty: Duty
        self._outlet = Outlet()
        self._workers: dict[int, _Worker] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_stopping = False

    async def open(self, duty: Duty) -> None:
        """Begin. Raises EngineError in a frozen program without ``command``."""
        if self._is_frozen:
            raise EngineError(
                "a frozen program has no interpreter to start: give LocalEngine a command"
            )
        self._duty = duty

    async def start(self, worker: int, share: Share) -> None:
        """Start a process. One that cannot be started is ``Lost``."""
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)
        }
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command, stdin=PIPE, stdout=PIPE, start_new_session=True, env=environment
            )
        except OSError as error:
            reason = f"a worker process cannot be started: {error.strerror}"
            self._outlet.put_now(Lost(worker, (), reason))
            return
        made = self._workers[worker] = _Worker(worker, process)
        self._order(made, Begin(worker, self._duty, share))
        task = asyncio.get_running_loop().create_task(self._follow(made))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def hand(self, worker: int, unit: Unit) -> None:
        """Write the unit to the worker's pipe."""
        found = self._workers[worker]
        if found.is_gone:
            self._outlet.put_now(Lost(worker, (unit.id,), "it was gone already"))
            return
        found.units[unit.id] = None
        self._order(found, Hand(unit))

    def events(self) -> AsyncIterator[Event]:
        """All that happens."""
        return self._outlet.events()

    async def drain(self, worker: int) -> None:
        """Tell the worker to finish."""
        self._order(self._workers[worker], Drain())

    async def cancel(self, worker: int, unit: str) -> None:
        """Tell the worker to cancel a unit."""
        self._order(self._workers[worker], Cancel(unit))

    async def stop(self) -> None:
        """Close all pipes, which ends the workers; kill those that take too long."""
        self._is_stopping = True
        self._outlet.close()  # first: a worker that waits for a reader would never end
        for worker in self._workers.values():
            if worker.process.stdin is not None:
                worker.process.stdin.close()
        if self._tasks:
            _, late = await asyncio.wait(set(self._tasks), timeout=LAST_SECONDS + 1)
            for worker in self._workers.values() if late else ():
                with suppress(ProcessLookupError):
                    worker.process.kill()
            if late:
                await asyncio.wait(late)

    def process_id(self, worker: int) -> int:
        """The process of a worker, for tests and for people."""
        return self._workers[worker].process.pid

    def _order(self, worker: _Worker, order: Order) -> None:
        """Write an order. One that nobody reads any more is dropped: the loss follows."""
        stdin = worker.process.stdin
        if stdin is not None and not stdin.is_closing():
            stdin.write(packed(order))

    async def _follow(self, worker: _Worker) -> None:
        """Pass on what the worker tells, and tell its end."""
        process, is_drained, reason = worker.process, False, ""
        assert process.stdout is not None  # noqa: S101  # opened as a pipe
        while (event := await next_event(process.stdout)) is not None:
            match event:
                case Ended():
                    is_drained = True
                    continue
                case Lost():
                    reason = event.reason
                    continue
                case Done() | Failed():
                    worker.units.pop(event.unit, None)
                case _:
                    pass
            await self._outlet.put(event)
        worker.is_gone = True
        status = await process.wait()
        if process.stdin is not None:
            process.stdin.close()
        if self._is_stopping:
            return
        if is_drained and not worker.units:
            await self._outlet.put(Ended(worker.number))
            return
        how = reason or _how(status)
        await self._outlet.put(Lost(worker.number, tuple(worker.units), how))


def _how(status: int) -> str:
    if status < 0:
        return f"its process was ended by signal {-status}"
    return f"its process ended with status {status}"
