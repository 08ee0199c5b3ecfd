"""A clock that counts only the time in which a loop waits, for tests on real sockets.

A session and its server are tasks of one loop. On a machine that other programs load, the loop
computes for longer, or is stopped for a second, and all timers of both are overdue at once: a test
with a ``pong_timeout`` of 0.3 s then depends on the speed of the machine.

On this clock the loop is late by no more than ``LATE``. Time stands still while a task runs, and a
wait ends at the deadline that it is for, however long the process was stopped meanwhile. Data on
loopback is there before the next wait begins, so it is read before time goes on. An example: a
pong is due at 0.3 s, and a frame of audio at 0.02 s. The process is stopped for a second. Then the
clock shows 0.04 at most, the frame goes out, and the pong, which lies ready, is read.

What another process or thread does takes its time: a test that waits for one needs a real clock.
"""

from __future__ import annotations

import math
import time
from typing import Final

import trio

#: Seconds by which the loop may be late. A loop that never is needs a wait for each frame.
LATE: Final = 0.02
#: Seconds for each that the loop has waited: what takes no time of the CPU need not take long.
RATE: Final = 4.0


class WaitedClock(trio.abc.Clock):
    """What a run of trio has waited, in seconds; a test that takes one as a fixture runs on it."""

    def __init__(self) -> None:
        self._now = 0.0
        self._since: float | None = None  # when the wait began, in real time
        self._until = math.inf

    def start_clock(self) -> None:
        """A run begins."""

    def current_time(self) -> float:
        """The first call behind a wait is that of trio itself."""
        if self._since is not None:
            waited, self._since = time.perf_counter() - self._since, None
            self._now = max(self._now, min(self._now + RATE * waited, self._until + LATE))
        return self._now

    def deadline_to_sleep_time(self, deadline: float) -> float:
        """Trio asks when no task can run, just before it waits."""
        self._since, self._until = time.perf_counter(), max(deadline, self._now)
        return (deadline - self._now) / RATE
