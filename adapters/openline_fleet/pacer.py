"""The one clock of a shard: it calls whoever is due, by one timer of the loop for a whole slot.

What is due is kept in a ``Wheel``. The timer stands at the end of the first slot that holds
anything; when it fires, all entries of that slot have their turn, one after the other, in one
callback of the loop. So a thousand sessions cost a hundred timers a second and not fifty thousand.
"""

from __future__ import annotations

import asyncio
import math
from typing import Final, Protocol

from openline_fleet.wheel import Wheel

#: Seconds in a slot. A frame is 20 ms; so its lateness is at most a half of it, and a quarter in
#: the mean.
SLOT: Final = 0.01


class Entry(Protocol):
    """Something that is due at a time."""

    def due(self, now: float) -> None:
        """Its time has come, or it has not: an entry may have been put off. It raises nothing."""
        ...


class Pacer:
    """Of the running loop ``loop``; ``slot`` is in seconds."""

    def __init__(self, loop: asyncio.AbstractEventLoop, slot: float = SLOT) -> None:
        self._loop = loop
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
        """Call nobody any more."""
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
        self._timer = self._loop.call_at(deadline, self._turn)

    def _turn(self) -> None:
        # A timer may fire a little early: the slot that it stands for is over all the same.
        now = max(self._loop.time(), self._armed)
        self._timer, self._armed = None, math.inf
        self._is_turning = True
        try:
            for entry in self._wheel.due(now):
                entry.due(now)
        finally:
            self._is_turning = False
            self._arm()
