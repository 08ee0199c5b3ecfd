"""What the sources of ``openline_audio`` need of asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, TypeVar

from openline_asyncio.sources.pacer import pacer_here
from openline_asyncio.workers import from_thread, in_thread, is_cancelled, when_ready
from openline_audio.pace import Frames, Put

T = TypeVar("T")


class _Asyncio:
    in_thread = staticmethod(in_thread)

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    @property
    def sleep_until(self) -> Callable[[float], Awaitable[None]]:
        return pacer_here().sleep_until

    async def wait_readable(self, fd: int) -> None:
        loop = asyncio.get_running_loop()
        await when_ready(loop.add_reader, loop.remove_reader, fd)

    def from_thread(self, wait: Callable[[int], Coroutine[Any, Any, bytes]], size: int) -> bytes:
        return from_thread(wait(size))

    async def within(self, seconds: float, wait: Callable[[], Awaitable[T]]) -> T | None:
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                return await wait()
        except TimeoutError:
            if not limit.expired():  # its own, as a network file system's
                raise
            return None

    async def shielded(self, seconds: float, wait: Callable[[], Awaitable[None]]) -> None:
        task = asyncio.ensure_future(wait())
        give_up = self.now() + seconds
        cancelled = None
        while not task.done() and (left := give_up - self.now()) > 0:
            try:
                await asyncio.wait([task], timeout=left)
            except asyncio.CancelledError as exc:  # later
                cancelled = exc
        if task.done():
            task.result()
        task.cancel()
        if cancelled is not None:
            raise cancelled

    @asynccontextmanager
    async def ahead(
        self, produce: Callable[[Put], Awaitable[None]]
    ) -> AsyncGenerator[AsyncIterator[Frames]]:
        blocks: asyncio.Queue[Frames | None] = asyncio.Queue(1)

        async def run() -> None:
            try:
                await produce(blocks.put)
            finally:
                if not is_cancelled():  # else no reader is left
                    await blocks.put(None)

        task = asyncio.create_task(run())
        try:
            yield _taken(blocks)
        finally:
            task.cancel()
            while not task.done():  # a read that is under way
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([task])
        if not task.cancelled():
            task.result()  # a bug in a reader


async def _taken(blocks: asyncio.Queue[Frames | None]) -> AsyncIterator[Frames]:
    while (block := await blocks.get()) is not None:
        yield block


ASYNCIO: Final = _Asyncio()
