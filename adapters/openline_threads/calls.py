"""Calls from any thread into the one thread that runs a loop.

Theory of operation. ``call`` has the loop run a function, and ``wait`` a coroutine; both block
until it is done, and return or raise what it does. A loop that ends forgets what it was given and
has not begun. So what is not begun stands in a queue of ours as well: ``close``, which the loop's
thread calls when its loop is over, runs the functions that are left and refuses the coroutines. A
call that comes later runs where it was made, once the thread has ended. So each call is answered,
and none runs beside another.

A Ctrl-C interrupts the thread that waits, and what it waited for is cancelled.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar

T = TypeVar("T")


class LoopOverError(Exception):
    """The loop has ended, and with it all that was waited for."""


class Calls:
    """Into ``loop``, which runs in ``thread``."""

    def __init__(self, loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
        self._loop = loop
        self._thread = thread
        self._lock = threading.Lock()
        self._queue: deque[tuple[Callable[[], object], Callable[[], object]]] = deque()
        self._is_over = False

    def call(self, function: Callable[[], T]) -> T:
        """Run ``function`` in the loop's thread, or here if that is this one or has ended."""
        if threading.current_thread() is self._thread:
            return function()
        done: Future[T] = Future()

        def run() -> None:
            try:
                done.set_result(function())
            except BaseException as error:  # noqa: BLE001  # raised by who waits
                done.set_exception(error)

        if not self._post(run, run):
            self._thread.join()
            return function()
        return done.result()

    def wait(self, coroutine: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Await what ``coroutine`` makes, in a task of the loop.

        Raises LoopOverError if the loop ends before it does, and RuntimeError in the loop's thread.
        """
        if threading.current_thread() is self._thread:
            raise RuntimeError("this waits, so call it in another thread than the session's own")
        done: Future[T] = Future()
        tasks: list[asyncio.Task[T]] = []

        def begin() -> None:
            tasks.append(self._loop.create_task(coroutine()))
            tasks[0].add_done_callback(land)

        def land(task: asyncio.Task[T]) -> None:
            if task.cancelled():
                done.cancel()
            elif (error := task.exception()) is not None:
                done.set_exception(error)
            else:
                done.set_result(task.result())

        def stop() -> None:
            tasks[0].cancel()

        try:  # a Ctrl-C may interrupt this thread before it waits
            if not self._post(begin, done.cancel):
                raise LoopOverError
            return done.result()
        except CancelledError:
            raise LoopOverError from None
        except KeyboardInterrupt:
            self._post(stop, done.cancel)
            raise

    def check(self) -> None:
        """Raise RuntimeError in a child of ``fork``: the thread is in its parent alone."""
        if not self._thread.is_alive() and not self._is_over:  # in this order: it closes, then ends
            raise RuntimeError(
                "the session's thread is in the process that opened it, and this one was forked: "
                "open a session in this process"
            )

    def close(self) -> None:
        """The loop is over: answer all that has not begun."""
        with self._lock:
            self._is_over = True
        while self._queue:
            self._queue.popleft()[1]()

    def _post(self, begin: Callable[[], object], late: Callable[[], object]) -> bool:
        """Have the loop ``begin``, or ``close`` call ``late``; False: it is over."""
        self.check()
        with self._lock:
            if not self._is_over:
                self._queue.append((begin, late))
                self._loop.call_soon_threadsafe(self._next)
            return not self._is_over

    def _next(self) -> None:
        if self._queue:  # else ``close`` was before this
            self._queue.popleft()[0]()
