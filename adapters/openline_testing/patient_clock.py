"""A clock for tests that jumps over waits, but not over threads at work.

trio's ``MockClock`` jumps to the next deadline when all tasks wait. A task that waits for a
worker thread (a ``FileSource``, whose next second is decoded in one) waits for real work.
A clock that jumps then runs ahead of it, and any deadline treats it as hung. So while
a thread of trio's default limiter is at work the clock stands still.

``MockClock`` cannot be subclassed, and only it may jump, so its threshold is set: to never
when a thread is given work, and back when the last one has finished. Both happen in a step
of a task, and trio reads the threshold only between steps; an instrument that runs after
each step therefore misses neither.
"""

from __future__ import annotations

import math
from typing import Final

import trio
from trio.testing import MockClock

#: For a clock that never jumps.
_NEVER: Final = math.inf


def patient_clock() -> MockClock:
    """A ``MockClock`` that jumps at once when all tasks wait and no thread works for them."""
    clock = MockClock(autojump_threshold=0)
    start = clock.start_clock

    def start_clock() -> None:
        start()
        trio.lowlevel.add_instrument(_Holds(clock))

    # trio calls this when a run begins; a clock may be used for one run after the other.
    setattr(clock, "start_clock", start_clock)  # noqa: B010  # a method, for a type checker
    return clock


class _Holds(trio.abc.Instrument):
    """Holds the clock while a thread works."""

    def __init__(self, clock: MockClock) -> None:
        self._clock = clock
        self._threshold = _NEVER  # as it was when a thread began to work
        self._holds = False

    def after_task_step(self, task: trio.lowlevel.Task) -> None:  # noqa: ARG002  # any task
        """Check whether a thread has begun to work, or the last one is done."""
        works = trio.to_thread.current_default_thread_limiter().borrowed_tokens > 0
        if works == self._holds:
            return
        self._holds = works
        if works:
            self._threshold, self._clock.autojump_threshold = self._clock.autojump_threshold, _NEVER
        else:
            self._clock.autojump_threshold = self._threshold

    def after_run(self) -> None:
        """An abandoned thread may outlive the run: reset."""
        if self._holds:
            self._clock.autojump_threshold = self._threshold
