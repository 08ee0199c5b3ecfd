"""From the clock of a session to the calendar.

A session's clock counts seconds from anywhere and never jumps; a span wants nanoseconds since the
epoch. ``anchor`` notes both at one moment, and later times follow from their difference:

    anchored at 100.0 s, 12:00:00    →    130.5 s is 12:00:30.5

Each dial anchors anew, for the calendar may be set, and a clock may stand while a laptop sleeps.
Times never run backwards, so that no span ends before it began.
"""

from __future__ import annotations

from collections.abc import Callable

_NANO = 1_000_000_000


class Wall:
    """``epoch_ns`` tells the time of the calendar, in nanoseconds since the epoch."""

    __slots__ = ("_epoch", "_epoch_ns", "_last", "_now")

    def __init__(self, epoch_ns: Callable[[], int]) -> None:
        self._epoch_ns = epoch_ns
        self._now = 0.0
        self._epoch = self._last = 0

    def anchor(self, now: float) -> None:
        """It is ``now``: ask the calendar."""
        self._now, self._epoch = now, self._epoch_ns()

    def at(self, now: float) -> int:
        """The time of the calendar at ``now``, the latest time asked for so far."""
        passed = round((now - self._now) * _NANO)
        self._last = max(self._last, self._epoch + passed)
        return self._last
