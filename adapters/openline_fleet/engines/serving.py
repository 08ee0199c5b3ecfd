"""The worker's side of an engine: performs units in tasks, and tells what becomes of each.

Every engine that runs a loop in its workers uses it; what differs is how units come in and how
events go out (``tell``, which waits while nobody reads).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from openline.text import one_line
from openline_fleet.engines.contract import (
    Done,
    Duty,
    Event,
    Failed,
    Perform,
    Reported,
    Share,
    Unit,
    find_work,
)


class Hands:
    """Performs units while the block lasts; leaving it cancels those that are not over."""

    def __init__(
        self, worker: int, duty: Duty, share: Share, tell: Callable[[Event], Awaitable[None]]
    ) -> None:
        self._worker = worker
        self._duty, self._share = duty, share
        self._tell = tell
        self._stack = AsyncExitStack()
        self._perform: Perform
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._is_leaving = False

    async def __aenter__(self) -> Self:
        """Call the duty's function. Raises EngineError, and what the function raises."""
        work = find_work(self._duty)
        self._perform = await self._stack.enter_async_context(work(self._duty.setup, self._share))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_leaving = True
        for task in self._tasks.values():
            task.cancel()
        try:
            await self.finish()
        finally:
            await self._stack.aclose()

    def begin(self, unit: Unit) -> asyncio.Task[None]:
        """Begin a unit; the task ends when what became of it is told."""
        task = asyncio.get_running_loop().create_task(self.run(unit))
        self._tasks[unit.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(unit.id, None))
        return task

    def cancel(self, unit: str) -> None:
        """Cancel a unit, if it is not over."""
        task = self._tasks.get(unit)
        if task is not None:  # soon: a task that is cancelled before it has begun tells nothing
            asyncio.get_running_loop().call_soon(task.cancel)

    async def finish(self) -> None:
        """Wait until all units are over."""
        while self._tasks:
            await asyncio.wait(self._tasks.values())

    async def run(self, unit: Unit) -> None:
        """Perform one unit, and tell how it went."""
        worker, name = self._worker, unit.id

        async def report(data: bytes) -> None:
            await self._tell(Reported(worker, name, data))

        end: Event
        try:
            end = Done(worker, name, await self._perform(unit, report))
        except asyncio.CancelledError:
            if self._is_leaving:
                raise
            end = Failed(worker, name, "it was cancelled")
        except Exception as error:  # noqa: BLE001  # whatever the work raises is told
            end = Failed(worker, name, reason_of(error))
        await self._tell(end)


def reason_of(error: BaseException) -> str:
    """One line for an error: its text, and its type where the text alone says little."""
    text = one_line(str(error))
    return (
        text
        if text and isinstance(error, OSError | ValueError)
        else (f"{type(error).__name__}: {text}" if text else type(error).__name__)
    )
