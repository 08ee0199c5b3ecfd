"""The dial gate of a fleet: whatever happens to a backend, it is never dialled faster than this.

Each session keeps to its own limit of dials a minute. That is no help to a backend that comes back
to two thousand of them at once. So all dials of a shard pass one gate: at most ``burst`` together,
and ``per_second`` after that. In any time of T seconds at most ``burst + T * per_second`` dials go
out. Who finds the gate shut waits in line:

    ask("a", 0.0)    True: it may dial now             (burst=1, per_second=2)
    ask("b", 0.0)    False
    deadline()       0.5
    admit(0.5)       "b"

**A place in line is kept.** A dial that waits too long is given up by its session's own timer, and
comes back after a backoff. Its place is reckoned from when it first asked: so it does not begin
again at the end, and the sessions go through in the order in which they lost their lines. A session
that is away when its turn comes loses nothing by it; the next one in line goes instead. A place is
used up by one dial.

Time is an argument. A gate belongs to one thread.
"""

from __future__ import annotations

import heapq
import math
from typing import Final

from openline_fleet.checks import check_count, check_number

#: Dials a second, and those that go out at once. A backend that takes 5 ms of one core for a
#: handshake and a start is half busy with them.
PER_SECOND: Final = 100.0
BURST: Final = 100


class FleetGate:
    """Dials of sessions that are known by a key. Raises TypeError and ValueError."""

    def __init__(self, per_second: float = PER_SECOND, burst: int = BURST) -> None:
        check_number("dials_per_second", per_second, "a number above 0")
        if per_second <= 0:
            raise ValueError(f"dials_per_second is {per_second}: give a number above 0")
        check_count("dial_burst", burst, low=1)
        self._per_second = per_second
        self._burst = burst
        self._tokens = float(burst)
        self._then = -math.inf  # when there were so many tokens
        self._asked = 0  # places given so far
        self._places: dict[str, int] = {}  # of all who have asked and not dialled yet
        self._here: set[str] = set()  # those of them that wait
        self._line: list[tuple[int, str]] = []  # those that wait, as a heap; some have left
        self.passed = 0  #: dials that went out
        self.delayed = 0  #: dials that had to wait

    @property
    def waiting(self) -> int:
        """Dials that wait now."""
        return len(self._here)

    def ask(self, key: str, now: float) -> bool:
        """Whether the dial of ``key`` may go out now; otherwise ``admit`` names it later."""
        if not self._here and self._take(now):
            self._places.pop(key, None)
            return True
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = self._asked = self._asked + 1
        if key not in self._here:
            self.delayed += 1
            self._here.add(key)
            heapq.heappush(self._line, (place, key))
        return False

    def admit(self, now: float) -> str | None:
        """The next one in line, whose dial goes out now; None if none may."""
        self._skip()
        if not self._line or not self._take(now):
            return None
        _, key = heapq.heappop(self._line)
        self._here.discard(key)
        self._places.pop(key, None)
        return key

    def leave(self, key: str) -> bool:
        """The dial is given up, and its place kept. False if it does not wait."""
        if key not in self._here:
            return False
        self._here.discard(key)
        return True

    def forget(self, key: str) -> None:
        """The session is over."""
        self.leave(key)
        self._places.pop(key, None)

    def deadline(self) -> float | None:
        """When ``admit`` may name somebody; None if nobody waits."""
        self._skip()
        if not self._line:
            return None
        return self._then + max(0.0, 1.0 - self._tokens) / self._per_second

    def _take(self, now: float) -> bool:
        """Take one token of those that there are at ``now``."""
        if now > self._then:
            gained = (now - self._then) * self._per_second
            self._tokens = min(float(self._burst), self._tokens + gained)
            self._then = now
        if self._tokens < 1.0 - _ROUNDED:
            return False
        self._tokens = max(0.0, self._tokens - 1.0)
        self.passed += 1
        return True

    def _skip(self) -> None:
        """Drop from the head of the line who has left it."""
        line = self._line
        while line and (line[0][1] not in self._here or self._places.get(line[0][1]) != line[0][0]):
            heapq.heappop(line)


#: What a sum of waits may lack of a whole token.
_ROUNDED: Final = 1e-9
