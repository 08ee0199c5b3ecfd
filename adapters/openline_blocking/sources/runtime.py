"""What the sources of ``openline_audio`` need, without an event loop."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from openline_audio.pace import Frames, Put, Worker
from openline_blocking.tasks import Cancelled, Pause, here, readable, sleep_until
from openline_blocking.workers import from_thread, in_thread, inline

T = TypeVar("T")


class Blocking:
    """A ``Runtime`` whose blocking calls ``in_thread`` makes."""

    def __init__(self, worker: Worker) -> None:
        self.in_thread = worker

    def now(self) -> float:
        """Seconds on the session's clock."""
        return here().poller.now()

    async def sleep_until(self, at: float) -> None:
        """Wait until then."""
        await sleep_until(at)

    async def wait_readable(self, fd: int) -> None:
        """Wait until there is something to read. PermissionError: it is always ready."""
        await readable(fd)

    def from_thread(self, wait: Callable[[int], Coroutine[Any, Any, bytes]], size: int) -> bytes:
        """Have the session await ``wait``, from a thread of ``in_thread``."""
        return from_thread(wait, size)

    async def within(self, seconds: float, wait: Callable[[], Awaitable[T]]) -> T | None:
        """What ``wait`` returns; None if it takes longer."""
        task = here().start(_awaited(wait), joins=True)
        try:
            await Pause(self.now() + seconds, lambda: task.done)
        finally:
            task.cancel()
            await task.join()
        return None if task.was_cancelled else task.result()

    async def shielded(self, seconds: float, wait: Callable[[], Awaitable[None]]) -> None:
        """Await it, whatever is cancelled meanwhile; leave it if it takes longer."""
        task = here().start(_awaited(wait), joins=True)
        give_up = self.now() + seconds
        cancelled: Cancelled | None = None
        while not task.done and self.now() < give_up:
            try:
                await Pause(give_up, lambda: task.done)
            except Cancelled as exc:  # later
                cancelled = exc
        if task.done:
            task.result()
        task.cancel()
        if cancelled is not None:
            raise cancelled

    @asynccontextmanager
    async def ahead(
        self, produce: Callable[[Put], Awaitable[None]]
    ) -> AsyncGenerator[AsyncIterator[Frames]]:
        """Run ``produce`` beside the block, one block of frames ahead of it."""
        blocks: deque[Frames] = deque()

        async def put(block: Frames) -> None:
            await Pause(check=lambda: not blocks)
            blocks.append(block)

        async def taken() -> AsyncIterator[Frames]:
            while True:
                await Pause(check=lambda: bool(blocks) or task.done)
                if not blocks:
                    return
                yield blocks.popleft()

        task = here().start(_awaited(lambda: produce(put)), joins=True)
        try:
            yield taken()
        finally:
            task.cancel()
            await task.join()
        if not task.was_cancelled:
            task.result()  # a bug in a reader


async def _awaited(wait: Callable[[], Awaitable[T]]) -> T:
    return await wait()


#: For files: their reads take no time that matters.
INLINE: Final = Blocking(inline)
#: For what may hang.
THREADED: Final = Blocking(in_thread)
