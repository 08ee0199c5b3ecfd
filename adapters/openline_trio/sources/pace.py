"""What the sources of ``openline_audio`` need of trio."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import trio

from openline_audio import pace
from openline_audio.pace import Frames, Put
from openline_audio.source import Sink

T = TypeVar("T")


async def in_thread(blocking: Callable[[], T], /, *, abandon: bool = False) -> T:
    """Run ``blocking`` in one of trio's worker threads."""
    return await trio.to_thread.run_sync(blocking, abandon_on_cancel=abandon)


class _Trio:
    in_thread = staticmethod(in_thread)

    def now(self) -> float:
        return trio.current_time()

    async def sleep_until(self, at: float) -> None:
        await trio.sleep_until(at)

    async def wait_readable(self, fd: int) -> None:
        await trio.lowlevel.wait_readable(fd)

    def from_thread(self, wait: Callable[[int], Coroutine[Any, Any, bytes]], size: int) -> bytes:
        return trio.from_thread.run(wait, size)

    async def within(self, seconds: float, wait: Callable[[], Awaitable[T]]) -> T | None:
        with trio.move_on_after(seconds):
            return await wait()
        return None

    async def shielded(self, seconds: float, wait: Callable[[], Awaitable[None]]) -> None:
        with trio.move_on_after(seconds, shield=True):
            await wait()

    @asynccontextmanager
    async def ahead(
        self, produce: Callable[[Put], Awaitable[None]]
    ) -> AsyncGenerator[AsyncIterator[Frames]]:
        send, receive = trio.open_memory_channel[Frames](1)

        async def run() -> None:
            async with send:
                await produce(send.send)

        async with trio.open_nursery() as nursery, receive:
            nursery.start_soon(run)
            yield receive


TRIO: Final = _Trio()


class Pace(pace.Pace):
    """Delivers frames to a sink on an absolute schedule, on trio's clock."""

    def __init__(self, sink: Sink, *, start: float, speed: float, waits: bool) -> None:
        super().__init__(TRIO, sink, start=start, speed=speed, waits=waits)
