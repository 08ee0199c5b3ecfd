"""The backend of a herd: away until it is back, then it opens so many lines a second.

While it is away it is *deaf* (nothing answers, a dial times out in its client) or *closed* (the
kernel refuses at once). Once it is back, a dial joins a queue that is served at ``rate``; one that
finds the queue full is turned away. A turned-away dial costs the backend nothing, which favours
policies that dial often: a real one pays for each.

Example, with 1,000 a second and half a second of queue: of 100,000 dials in the first second
1,500 are taken, 1,000 for each second that follows, and the rest is turned away.

The clock begins at 0, and all lines are lost at ``LOSS``. ``dial`` is called in the order of time
once the backend is back; before that its answer depends on no other client.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum, auto
from typing import Final, NamedTuple

#: When the herd loses its lines, in seconds on the clock of the world.
LOSS: Final = 20.0
#: Seconds of work that wait at most.
QUEUE: Final = 0.5
#: Seconds that a backend asks a client to wait.
RETRY_AFTER: Final = 30.0
#: Dials are counted in bins of this many seconds.
BIN: Final = 0.1


class Outcome(StrEnum):
    """What becomes of a dial."""

    OPENED = auto()
    REFUSED = auto()  #: nothing listens, or the kernel's queue is full and it says so
    MUTE = auto()  #: nothing answers
    UNAVAILABLE = auto()  #: HTTP 503
    LATER = auto()  #: HTTP 503, with a Retry-After of ``RETRY_AFTER`` seconds
    RESTARTING = auto()  #: opened, and closed at once with 1012


class Answer(NamedTuple):
    """An outcome, and the seconds after the dial at which the backend gave it."""

    outcome: Outcome
    after: float


@dataclass(kw_only=True)
class HerdBackend:
    """``back``: when it is back, on the clock. ``away``: how it answers before that.

    ``rate``: the lines that it opens in a second; ``excess``: how it turns the other dials away.

    ``seen`` counts the dials, and ``bins`` by the number of the bin since the loss.
    """

    back: float
    rate: float
    away: Outcome
    excess: Outcome
    seen: int = 0
    bins: Counter[int] = field(default_factory=Counter[int])
    _served_until: float = 0.0

    def dial(self, now: float) -> Answer:
        """A dial arrives."""
        self.seen += 1
        self.bins[math.floor((now - LOSS) / BIN)] += 1
        if now < self.back:
            return Answer(self.away, 0.0)
        begins = max(now, self._served_until)
        if begins - now > QUEUE:
            return Answer(self.excess, 0.0)
        self._served_until = begins + 1 / self.rate
        return Answer(Outcome.OPENED, self._served_until - now)

    def per_second(self) -> list[int]:
        """The dials in each second since the loss, up to the last one."""
        each = round(1 / BIN)
        if not self.bins:
            return []
        seconds = [0] * (max(self.bins) // each + 1)
        for number, dials in self.bins.items():
            seconds[number // each] += dials
        return seconds

    def peak(self, bins: int) -> int:
        """The most dials within ``bins`` bins that follow each other."""
        if not self.bins:
            return 0
        counts = [self.bins[number] for number in range(max(self.bins) + 1)]
        found = window = 0
        for at, dials in enumerate(counts):
            window += dials - (counts[at - bins] if at >= bins else 0)
            found = max(found, window)
        return found
