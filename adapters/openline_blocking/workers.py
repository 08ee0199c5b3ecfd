"""Blocking calls of a source: here and now, or in a thread where they could hold the session up.

A second of a file is read in a millisecond, so a file needs no thread (``inline``). A container
that comes through a pipe is decoded by a library that waits for the pipe in the middle of a call,
and a sound driver may hang when it closes: these get a thread for each call (``in_thread``), as
they do in every face. It costs about 60 µs.
"""

from __future__ import annotations

import concurrent.futures
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final, TypeVar

from openline_blocking.tasks import Cancelled, Signal, Task, Tasks, here, this_task

T = TypeVar("T")
_LOCAL: Final = threading.local()


async def inline(blocking: Callable[[], T], /, *, abandon: bool = False) -> T:
    """Call it here."""
    del abandon
    return blocking()


class _Call:
    """One call in a thread, and what it waits for in the session meanwhile."""

    def __init__(self, tasks: Tasks) -> None:
        self.tasks = tasks
        self.ended = Signal(tasks.poller.wake)
        self.is_cancelled = False
        self._waiting: Task[None] | None = None
        self._wait: Coroutine[Any, Any, Any] | None = None
        self._found: concurrent.futures.Future[Any] | None = None

    def cancel(self) -> None:
        """What the thread waits for is cancelled, now and from now on."""
        self.is_cancelled = True
        if self._waiting is not None:
            self._waiting.cancel()
        if self._wait is not None:
            self._wait.close()  # should it not have begun
        if self._found is not None:
            self._found.cancel()

    def begin(self, wait: Coroutine[Any, Any, T], found: concurrent.futures.Future[T]) -> None:
        """Await it in the session's thread."""

        async def resolve() -> None:
            try:
                found.set_result(await wait)
            except Exception as exc:  # noqa: BLE001  # raised again in the thread
                found.set_exception(exc)

        self._found, self._wait = found, wait
        if self.is_cancelled:
            wait.close()
            found.cancel()
        else:
            self._waiting = self.tasks.start(resolve())


async def in_thread(blocking: Callable[[], T], /, *, abandon: bool = False) -> T:
    """Run ``blocking`` in a thread; its result, or its error.

    A cancellation waits for it, so that nothing is left behind, and is raised by what is awaited
    next; with ``abandon`` it is raised at once.
    """
    call = _Call(here())
    found: list[T] = []
    errors: list[BaseException] = []

    def work() -> None:
        _LOCAL.call = call
        try:
            found.append(blocking())
        except BaseException as exc:  # noqa: BLE001  # raised again by who waits
            errors.append(exc)
        call.ended()

    thread = threading.Thread(target=work, name="openline worker", daemon=True)
    thread.start()
    try:
        await call.ended.wait()
    except Cancelled:
        call.cancel()
        if abandon:
            raise
        while not call.ended.is_set:
            with suppress(Cancelled):
                await call.ended.wait()
        # What the call has opened must not get lost: the result first, the cancellation next.
        this_task().cancel()
    thread.join()
    if errors:
        raise errors[0]
    return found[0]


def from_thread(wait: Callable[[int], Coroutine[Any, Any, bytes]], size: int) -> bytes:
    """Have the session await it, from a thread of ``in_thread``, which waits for the result.

    Raises concurrent.futures.CancelledError as soon as the call in the thread is cancelled.
    """
    call: _Call = _LOCAL.call
    found: concurrent.futures.Future[bytes] = concurrent.futures.Future()
    call.tasks.post(lambda: call.begin(wait(size), found))
    return found.result()
