"""Bounds how long a turn of the loop takes in what the sockets bring.

Backends answer at the same moments: after a deploy all sessions of a shard get their figures, and a
final each, in the same hundredth of a second. To read those of 600 sessions takes 120 ms, and no
frame would go out meanwhile (measured: one frame in a hundred was 130 ms late). So a turn reads for
half as long as all else took since the last one read, and what is left waits in the kernel for the
next turn. The loop tells of it again, for it asks which sockets *are* ready; a socket that was read
stands behind those that wait.

All else gets two thirds so while both have work. That must not last: a backend whose answers are
read late fills the windows of its sessions, and a frame that has to wait for one costs several
times as much as one that goes straight through. So when something was left for ``PATIENCE``, all of
it is read.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Final

#: Seconds for reading in a turn: a tenth of what a frame lasts at least, a half of it at most.
LEAST: Final = 0.002
MOST: Final = 0.01
#: Seconds. A backend that tells its figures once a second leaves so much room in a window of 1.6 s,
#: of which a ping is answered each half second.
PATIENCE: Final = 0.1


class Reading:
    """The time for reading that each turn of ``loop`` has, on ``clock``."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Callable[[], float]) -> None:
        self._loop = loop
        self._clock = clock
        self._asked = 0.0  # when a socket was ready last
        self._until = 0.0
        self._has_begun = False  # this turn has read something
        self._has_left = False  # and has left something to the next one
        self._behind_since = 0.0  # nothing was left then

    def may_read(self) -> bool:
        """Whether a socket may be read in this turn; False: it is ready in the next one too."""
        now = self._clock()
        if not self._has_begun:
            self._begin(now)
        self._asked = now
        if now < self._until:
            return True
        self._has_left = True
        return False

    def _begin(self, now: float) -> None:
        """The first socket of a turn is ready."""
        self._has_begun = True
        self._loop.call_soon(self._end)
        if not self._has_left:
            self._behind_since = now
        self._has_left = False
        if now - self._behind_since > PATIENCE:
            self._until = math.inf
        else:
            self._until = now + min(max((now - self._asked) / 2, LEAST), MOST)

    def _end(self) -> None:
        """The turn is over."""
        self._has_begun = False
