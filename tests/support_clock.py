"""Clocks that count only the time in which a loop waits, for tests on real sockets.

A session and its server are tasks of one loop. On a machine that other programs load, the loop
computes for longer, or is stopped for a second, and all timers of both are overdue at once: a test
with a ``pong_timeout`` of 0.3 s then depends on the speed of the machine.

On these clocks the loop is late by no more than ``LATE``. Time stands still while a task runs, and
a wait ends at the deadline that it is for, however long the process was stopped meanwhile. Data on
loopback is there before the next wait begins, so it is read before time goes on. An example: a
pong is due at 0.3 s, and a frame of audio at 0.02 s. The process is stopped for a second. Then the
clock shows 0.04 at most, the frame goes out, and the pong, which lies ready, is read.

A server in a thread or in another process takes its time. For these a wait is cut into pieces of
``PIECE``, so that a second for which all of them are stopped counts no more than that.

A loop in a flood never waits, and so never times out here: such a test needs a real clock.
"""

from __future__ import annotations

import asyncio
import math
import selectors
import time
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

import trio

T = TypeVar("T")
#: Seconds by which the loop may be late. A loop that never is needs a wait for each frame.
LATE: Final = 0.02
#: Seconds of the longest wait.
PIECE: Final = 0.05
#: Seconds for each that a loop has waited for itself: nobody else needs them.
RATE: Final = 4.0


class WaitedClock(trio.abc.Clock):
    """What a run of trio has waited, in seconds; a test that takes one as a fixture runs on it.

    ``rate``: seconds for each real one; 1 where a thread or a process takes part.
    """

    def __init__(self, rate: float = RATE) -> None:
        self._rate = rate
        self._now = 0.0
        self._since: float | None = None  # when the wait began, in real time
        self._until = math.inf

    def start_clock(self) -> None:
        """A run begins."""

    def current_time(self) -> float:
        """The first call behind a wait is that of trio itself."""
        if self._since is not None:
            waited, self._since = time.perf_counter() - self._since, None
            self._now = max(self._now, min(self._now + self._rate * waited, self._until + LATE))
        return self._now

    def deadline_to_sleep_time(self, deadline: float) -> float:
        """Trio asks when no task can run, just before it waits."""
        self._until = max(self._now, min(deadline, self._now + PIECE))
        self._since = time.perf_counter()
        return (self._until - self._now) / self._rate


class _WaitingSelector(selectors.DefaultSelector):
    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:  # no timer waits
            return super().select()
        longest = max(0.0, min(timeout, PIECE))
        begun = time.perf_counter()
        found = super().select(longest)
        self.now += min(time.perf_counter() - begun, longest + LATE) if longest else 0.0
        return found


class WaitedLoop(asyncio.SelectorEventLoop):
    """A loop of asyncio on such a clock, at the rate of real time."""

    def __init__(self) -> None:
        self._waiting = _WaitingSelector()
        super().__init__(self._waiting)

    def time(self) -> float:
        """The seconds that it has waited."""
        return self._waiting.now


def run_waited(main: Coroutine[Any, Any, T]) -> T:
    """``asyncio.run`` on such a loop."""
    with asyncio.Runner(loop_factory=WaitedLoop) as runner:
        return runner.run(main)
