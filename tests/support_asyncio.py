"""asyncio and uvloop with a clock that jumps to the next timer when every task is idle, and streams
in memory.
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
import itertools
import selectors
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, cast

import uvloop

T = TypeVar("T")


class Busy:
    """Threads at work, for which a clock waits."""

    def __init__(self, wake: Callable[[], object]) -> None:
        self._wake = wake
        self._lock = threading.Lock()
        self._count = 0

    def begin(self) -> None:
        """One more; called before it can do anything, where the clock stands still."""
        with self._lock:
            self._count += 1

    def end(self) -> None:
        """One less, from any thread."""
        with self._lock:
            self._count -= 1
        self._wake()

    def __bool__(self) -> bool:
        return self._count > 0


class JumpingLoop(asyncio.SelectorEventLoop):
    """Its time begins at 0, and passes only while nothing can run. Sockets and threads work."""

    def __init__(self) -> None:
        self.now = 0.0
        self.busy = Busy(self._look)
        super().__init__(_Jumping(self))

    def time(self) -> float:
        """Seconds."""
        return self.now

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Wait for its threads: from Python 3.12 on they have a time limit, which would jump."""
        del timeout
        await super().shutdown_default_executor()

    def _look(self) -> None:
        if not self.is_closed():
            self.call_soon_threadsafe(lambda: None)


class _Jumping(selectors.DefaultSelector):
    def __init__(self, loop: JumpingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        is_busy = bool(self._loop.busy)  # first: a thread that is done has told the loop before
        events = super().select(0)
        if events or timeout == 0:
            return events
        if timeout is None or is_busy:
            return super().select(timeout)
        scheduled: float = cast("Any", self._loop)._scheduled[0].when()
        self._loop.now = max(self._loop.now, scheduled)  # exactly: a sum would be off by a little
        return []


class JumpingUvloop(uvloop.Loop):
    """The same for uvloop: its callbacks run in uvloop's order, its timers are kept here.

    uvloop does not tell when it is idle. So one callback goes round with all others. When nobody
    has asked for a callback since its last turn, nobody has anything to do.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._numbers = itertools.count()
        self._asked = 0
        self._asked_before = -1

    def time(self) -> float:
        """Seconds."""
        return self.now

    def call_soon(  # type: ignore[override]
        self,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        """Count it."""
        self._asked += 1
        return super().call_soon(callback, *args, context=context)

    def call_soon_threadsafe(  # type: ignore[override]
        self,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        """Count it."""
        self._asked += 1
        return super().call_soon_threadsafe(callback, *args, context=context)

    def call_later(  # type: ignore[override]
        self,
        delay: float,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        """In virtual seconds."""
        return self.call_at(self.now + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        """At a virtual moment."""
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, (when, next(self._numbers), handle))
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """It stays in the heap until its time comes."""

    def run_forever(self) -> None:
        """Go round from the beginning."""
        self._goes_round = super().call_soon(self._look)
        try:
            super().run_forever()
        finally:
            self._goes_round.cancel()
            self._asked_before = -1

    def _look(self) -> None:
        if self._asked == self._asked_before:
            self._jump()
        self._asked_before = self._asked
        self._goes_round = super().call_soon(self._look)

    def _jump(self) -> None:
        timers = self._timers
        while timers and timers[0][2].cancelled():
            heapq.heappop(timers)
        if timers:
            self.now = max(self.now, timers[0][0])
        while timers and timers[0][0] <= self.now:
            _, _, handle = heapq.heappop(timers)
            if not handle.cancelled():
                handle._run()


def run(
    main: Callable[[], Coroutine[Any, Any, T]],
    *,
    debug: bool | None = None,
    loop: Callable[[], asyncio.AbstractEventLoop] = JumpingLoop,
) -> T:
    """``asyncio.run`` on a loop that jumps; a task that is left behind is an error."""

    async def checked() -> T:
        found = await main()
        await asyncio.sleep(0)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"tasks are left: {left}"
        return found

    with asyncio.Runner(loop_factory=loop, debug=debug) as runner:
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
