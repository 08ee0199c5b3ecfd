"""When each caller begins and ends: a load as data, before anything is dialled.

Two shapes. With a *ramp*, ``sessions`` callers begin evenly over ``ramp`` seconds, and all of them
talk until ``hold`` seconds behind it: so for ``hold`` seconds there are ``sessions`` at a time.
With a *rate*, ``rate`` callers begin a second, ``sessions`` in all, and each talks for ``hold``
seconds: so there are ``rate * hold`` at a time, however slowly the backend answers. Example: 3
callers with a ramp of 6 s and 10 s of hold begin at 0, 2 and 4 s, and end at 16 s. With a ramp of 0
all of them begin at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Turn(NamedTuple):
    """One caller's time, in seconds from the beginning of the load."""

    start: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A load. ``rate`` None: with a ramp."""

    sessions: int
    ramp: float
    hold: float
    rate: float | None = None

    @property
    def turns(self) -> list[Turn]:
        """Each caller's, in order of the starts."""
        if self.rate is not None:
            return [
                Turn(number / self.rate, number / self.rate + self.hold)
                for number in range(self.sessions)
            ]
        end = self.ramp + self.hold
        return [Turn(number * self.ramp / self.sessions, end) for number in range(self.sessions)]

    @property
    def at_once(self) -> int:
        """The most callers at a time, if each ends when it should."""
        if self.rate is None:
            return self.sessions
        return min(self.sessions, int(min(self.rate * self.hold, self.sessions)) + 1)

    @property
    def longest(self) -> float:
        """How long the caller talks that talks longest."""
        return self.hold if self.rate is not None else self.ramp + self.hold

    @property
    def seconds(self) -> float:
        """Until the last caller should end."""
        if self.rate is None:
            return self.ramp + self.hold
        return (self.sessions - 1) / self.rate + self.hold
