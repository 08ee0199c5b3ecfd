"""asyncio with a clock that jumps to the next timer when every task is idle; streams in memory."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, cast

T = TypeVar("T")


class JumpingLoop(asyncio.SelectorEventLoop):
    """Its time begins at 0, and passes only while nothing can run. Sockets and threads work."""

    def __init__(self) -> None:
        self.now = 0.0
        self.busy = 0  #: threads at work: the clock waits for them
        super().__init__(_Jumping(self))

    def time(self) -> float:
        """Seconds."""
        return self.now


class _Jumping(selectors.DefaultSelector):
    def __init__(self, loop: JumpingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if events or timeout == 0:
            return events
        if timeout is None or self._loop.busy:
            return super().select(timeout)
        scheduled: float = cast("Any", self._loop)._scheduled[0].when()
        self._loop.now = max(self._loop.now, scheduled)  # exactly: a sum would be off by a little
        return []


def run(main: Callable[[], Coroutine[Any, Any, T]], *, debug: bool | None = None) -> T:
    """``asyncio.run`` on a ``JumpingLoop``; a task that is left behind is an error."""

    async def checked() -> T:
        found = await main()
        await asyncio.sleep(0)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"tasks are left: {left}"
        return found

    with asyncio.Runner(loop_factory=JumpingLoop, debug=debug) as runner:
        return runner.run(checked())


class MemoryTransport(asyncio.Transport):
    """The client's end of a stream in memory; the server's end has ``put``, ``end``, ``sent``."""

    def __init__(self, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._protocol = protocol
        self._arrived = asyncio.Event()
        self._sent = bytearray()
        self.is_closed = False
        protocol.connection_made(self)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """There is no buffer."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """To the server."""
        if not self.is_closed:
            self._sent += data
            self._arrived.set()

    def is_closing(self) -> bool:
        """Whether either end closed it."""
        return self.is_closed

    def abort(self) -> None:
        """The client closes."""
        self.end()

    close = abort

    def put(self, data: bytes) -> None:
        """To the client."""
        if data and not self.is_closed:
            self._loop.call_soon(self._deliver, data)

    def end(self, error: Exception | None = None) -> None:
        """The stream is over, broken if there is an error."""
        if not self.is_closed:
            self.is_closed = True
            self._arrived.set()
            self._loop.call_soon(self._protocol.connection_lost, error)

    async def sent(self) -> bytes:
        """What the client sent, as soon as there is any; empty once it is over."""
        while not (self._sent or self.is_closed):
            self._arrived.clear()
            await self._arrived.wait()
        data = bytes(self._sent)
        self._sent.clear()
        return data

    def _deliver(self, data: bytes) -> None:
        self._protocol.data_received(data)
