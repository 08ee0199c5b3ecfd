"""Blocking calls in threads of their own.

Not in the loop's own pool: it has few threads, and a read that hangs would keep one from a DNS
lookup, and the program from its end. A thread for each call costs about 60 µs; a source makes one
call for a second of audio.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar, cast

T = TypeVar("T")


class _Call:
    """One call in a thread, and what it waits for in the loop meanwhile."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.ended: asyncio.Future[None] = loop.create_future()
        self.is_cancelled = False
        self.waiting: concurrent.futures.Future[Any] | None = None

    def cancel(self) -> None:
        """What the thread waits for is cancelled, now and from now on; in the loop's thread."""
        self.is_cancelled = True
        if self.waiting is not None:
            self.waiting.cancel()


_CALL: contextvars.ContextVar[_Call] = contextvars.ContextVar("openline call")


async def in_thread(blocking: Callable[[], T], /, *, abandon: bool = False) -> T:
    """Run ``blocking`` in a thread; its result, or its error.

    A cancellation waits for it, so that nothing is left behind, and is raised by what is awaited
    next; with ``abandon`` it is raised at once.
    """
    call = _Call(asyncio.get_running_loop())
    found: list[T] = []
    errors: list[BaseException] = []

    def work() -> None:
        _CALL.set(call)
        try:
            found.append(blocking())
        except BaseException as exc:  # noqa: BLE001  # raised again by who waits
            errors.append(exc)
        in_loop(call.loop, resolve, call.ended)

    thread = threading.Thread(
        target=contextvars.copy_context().run, args=(work,), name="openline worker", daemon=True
    )
    thread.start()
    try:
        await (call.ended if abandon else asyncio.shield(call.ended))
    except asyncio.CancelledError:
        call.cancel()
        if abandon:
            raise
        while not call.ended.done():
            with suppress(asyncio.CancelledError):
                await asyncio.shield(call.ended)
        # What the call has opened must not get lost: the result first, the cancellation next.
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        task.uncancel()
        task.cancel()
    thread.join()
    if errors:
        if call.is_cancelled:
            await asyncio.sleep(0)  # raises the cancellation
        raise errors[0]
    return found[0]


def from_thread(wait: Coroutine[Any, Any, T]) -> T:
    """Await it in the loop, from a thread of ``in_thread``, which waits for the result.

    Raises concurrent.futures.CancelledError as soon as the call in the thread is cancelled.
    """
    call = _CALL.get()
    call.waiting = asyncio.run_coroutine_threadsafe(wait, call.loop)
    in_loop(call.loop, lambda: call.cancel() if call.is_cancelled else None)
    found: T = call.waiting.result()
    return found


def loop_here() -> asyncio.AbstractEventLoop | None:
    """The loop that runs in this thread; None: none does."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def in_loop(
    loop: asyncio.AbstractEventLoop, call: Callable[..., object], *arguments: object
) -> None:
    """Have the loop call it soon, from any thread; nothing happens if the loop is closed."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(call, *arguments)


def resolve(future: asyncio.Future[None]) -> None:
    """Let what waits for it go on."""
    if not future.done():
        future.set_result(None)


async def when_ready(
    add: Callable[..., object], remove: Callable[[int], bool], number: int
) -> None:
    """Wait until a descriptor can be read, or written: ``add`` and ``remove`` are the loop's."""
    ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    add(number, resolve, ready)
    try:
        await ready
    finally:
        remove(number)


def is_cancelled() -> bool:
    """Whether this task itself is being cancelled, and not only something that it awaits."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def uncancel() -> None:
    """This task goes on, though it was cancelled."""
    task = asyncio.current_task()
    while task is not None and task.cancelling():
        task.uncancel()


def clock_of(loop: asyncio.AbstractEventLoop) -> Callable[[], float]:
    """What ``loop.time`` reads: asyncio's own loops read the monotonic clock of Python."""
    own = asyncio.BaseEventLoop.time
    return time.monotonic if getattr(type(loop), "time", None) is own else loop.time
