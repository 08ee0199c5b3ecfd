"""The one clock of all sources of a loop: one timer of the loop for a whole slot of time.

What is due is kept in a ``Wheel``. The timer stands at the end of the first slot that holds
anything; when it fires, all entries of that slot have their turn, one after the other, in one
callback of the loop. So a thousand sessions cost a hundred timers a second and not fifty thousand:
to wake a process and its loop costs more than to send a frame.

An entry may be a task that sleeps (``sleep_until``). It goes on within that turn, where a Future
would have it called back soon, in another turn of the loop.
"""

from __future__ import annotations

import asyncio
import contextvars
import math
import threading
from collections.abc import Callable, Generator
from functools import partial
from types import coroutine
from typing import Final, Protocol

from openline_asyncio.sources.wheel import Wheel
from openline_asyncio.workers import clock_of

#: Seconds in a slot. A frame is 20 ms; so its lateness is at most a half of it, and a quarter in
#: the mean.
SLOT: Final = 0.01


class Entry(Protocol):
    """Something that is due at a time."""

    def due(self, now: float, /) -> None:
        """Its time has come, or it has not: an entry may have been put off. It raises nothing."""
        ...


class Pacer:
    """Of the running loop ``loop``; ``slot`` is in seconds."""

    def __init__(self, loop: asyncio.AbstractEventLoop, slot: float = SLOT) -> None:
        self.loop = loop
        self.now = clock_of(loop)
        self._wheel: Wheel[Entry] = Wheel(slot)
        self._timer: asyncio.TimerHandle | None = None
        self._armed = math.inf  # when the timer fires
        self._is_turning = False
        self._is_stopped = False

    def put(self, entry: Entry, at: float) -> None:
        """Call ``entry.due`` at ``at`` on the loop's clock, or at most a slot later."""
        self._wheel.put(entry, at)
        if at < self._armed and not self._is_turning:
            self._arm()

    def stop(self) -> None:
        """Call no entry any more."""
        self._is_stopped = True
        if self._timer is not None:
            self._timer.cancel()

    def _arm(self) -> None:
        """Set the timer to the first slot, if it would fire later."""
        deadline = self._wheel.deadline()
        if deadline is None or deadline >= self._armed or self._is_stopped:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._armed = deadline
        self._timer = self.loop.call_at(deadline, self._turn)

    def _turn(self) -> None:
        # A timer may fire a little early: the slot that it stands for is over all the same.
        now = max(self.now(), self._armed)
        self._timer, self._armed = None, math.inf
        self._is_turning = True
        entries = iter(self._wheel.due(now))
        try:
            for entry in entries:
                entry.due(now)
        finally:
            for entry in entries:  # a task has ended the loop (SystemExit): the rest come next
                self._wheel.put(entry, now)
            self._is_turning = False
            self._arm()

    @coroutine
    def sleep_until(self, at: float) -> Generator[Sleep | None]:
        """Sleep until ``at``, and at most a slot longer; always a checkpoint."""
        if at <= self.now():
            yield None  # as ``asyncio.sleep(0)``
        else:
            sleep = Sleep(self.loop)
            self._wheel.put(sleep, at)
            if at < self._armed and not self._is_turning:
                self._arm()
            yield sleep


class Sleep:
    """What one task awaits, once, until ``due``: it goes on within that call.

    It is a Future-like object (``asyncio.isfuture``): what follows is what a task asks of one.
    """

    __slots__ = ("_asyncio_future_blocking", "_error", "_loop", "_wake")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._asyncio_future_blocking = True
        self._wake: partial[object] | None = None
        self._error: asyncio.CancelledError | None = None

    def due(self, _now: float, /) -> None:
        """Wake the task, unless it was cancelled."""
        if (wake := self._wake) is not None:
            self._wake = None
            wake()

    def add_done_callback(
        self, wake: Callable[[Sleep], object], *, context: contextvars.Context
    ) -> None:
        """The task waits from now on, and goes on in its own context."""
        self._wake = partial[object](context.run, wake, self)

    def cancel(self, msg: object = None) -> bool:
        """The task is cancelled, and woken by the loop; False: it was woken already."""
        wake, self._wake = self._wake, None
        if wake is not None:
            self._error = asyncio.CancelledError(*(() if msg is None else (msg,)))
            self._loop.call_soon(wake)
        return wake is not None

    def result(self) -> None:
        """Raises CancelledError if the task was cancelled."""
        if self._error is not None:
            raise self._error


class _Here(threading.local):
    pacer: Pacer | None = None  # of the loop that ran last in this thread


_HERE: Final = _Here()


def pacer_here() -> Pacer:
    """The pacer of the running loop, for the sources of all its sessions."""
    loop, pacer = asyncio.get_running_loop(), _HERE.pacer
    if pacer is None or pacer.loop is not loop:
        pacer = _HERE.pacer = Pacer(loop)
    return pacer
