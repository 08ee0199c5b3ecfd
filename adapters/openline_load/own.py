"""How late the generator itself was, so that no figure blames the backend for it.

Each frame has an absolute due time, and so has each turn of a probe of the event loop. What comes
later than its due time is the generator's own lateness: its machine had too much to do. Nothing
here has a clock: times come in as arguments, in seconds, and ``at`` never runs backwards.

Two things are kept. A histogram of the lateness of all frames, with bins 5 % wide, so that it costs
the same for a minute and for a day. And the *late spans*: the stretches of time between a due time
and what was late for it, merged where they overlap. ``within`` says how much of an interval was
late, which is the most that the generator can have added to a figure measured in it. Example: a
final came 0.80 s after its audio was due; from due + 0.1 to due + 0.3 the loop was blocked. So up
to 0.2 s of the 0.8 s are our own, and the figure is flagged (``is_own``).
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right
from typing import Final

#: Seconds. A frame that is later counts as late: the bound that a live program is held to, the
#: length of a usual frame.
LATE: Final = 0.02
#: A figure is flagged if more than this part of it may be the generator's own.
SHARE: Final = 0.1
_LEAST: Final = 1e-4
_STEP: Final = math.log(1.05)
_BINS: Final = 300


class Histogram:
    """Counts of seconds, in bins 5 % wide from 0.1 ms on; ``most`` is exact."""

    def __init__(self) -> None:
        self._bins = array("Q", bytes(8 * _BINS))
        self.count = 0
        self.most = 0.0

    def add(self, seconds: float) -> None:
        """Count one; below 0.1 ms it counts as none."""
        place = 0
        if seconds > _LEAST:
            place = min(_BINS - 1, 1 + int(math.log(seconds / _LEAST) / _STEP))
            if seconds > self.most:
                self.most = seconds
        self._bins[place] += 1
        self.count += 1

    def quantile(self, share: float) -> float:
        """The seconds that ``share`` of all do not exceed, to 5 %; 0.0 if there are none."""
        wanted = math.ceil(share * self.count)
        seen = 0
        for place, count in enumerate(self._bins):
            seen += count
            if seen >= wanted:
                return min(self.most, _LEAST * math.exp(_STEP * place)) if place else 0.0
        raise AssertionError("the bins hold every count")


class Own:
    """The lateness of one generator."""

    def __init__(self) -> None:
        self.frames = Histogram()
        self.turns = Histogram()
        self.late_frames = 0
        self._starts = array("d")
        self._ends = array("d")

    def frame(self, due: float, at: float) -> None:
        """A frame that was due then was handed over ``at``."""
        self.frames.add(at - due)
        if at - due > LATE:
            self.late_frames += 1
            self._late(due, at)

    def turn(self, due: float, at: float) -> None:
        """The event loop should have had a turn at ``due``, and had it ``at``."""
        self.turns.add(at - due)
        if at - due > LATE:
            self._late(due, at)

    def within(self, start: float, end: float) -> float:
        """How many seconds of [start, end) were late."""
        first = bisect_right(self._ends, start)
        last = bisect_left(self._starts, end)
        found = 0.0
        for place in range(first, last):
            found += min(end, self._ends[place]) - max(start, self._starts[place])
        return found

    def is_own(self, start: float, end: float) -> bool:
        """Whether the generator may be to blame for a part of this interval that counts."""
        return self.within(start, end) > max(LATE, SHARE * (end - start))

    @property
    def spans(self) -> list[tuple[float, float]]:
        """The late spans, in order; none overlap."""
        return list(zip(self._starts, self._ends, strict=True))

    def _late(self, due: float, at: float) -> None:
        """Add a span; it may begin before earlier ones, and ends behind them."""
        start = due
        while self._ends and self._ends[-1] >= due:
            start = min(start, self._starts.pop())
            self._ends.pop()
        self._starts.append(start)
        self._ends.append(at)
