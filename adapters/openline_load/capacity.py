"""How many callers a backend carries: a search over the number of callers, and its bounds.

The search is a pure state machine. It tries 8 callers, then twice as many each time, until a trial
breaks a bound; then it halves the distance between the most that went well and the fewest that did
not, until they are within 5 % of each other (``PRECISE``), or one apart. Example, for a backend
that carries 21: 8 and 16 go well, 32 breaks, then 24 breaks, 20 goes well, 22 breaks, 21 goes well.
The capacity is 21: between it and 22 there is nothing.

Each trial has callers of its own, so that an overload leaves no backlog to the next. What a trial
finds depends on how long it holds: an overload of 5 % makes a queue grow by a twentieth of a second
each second, and is seen only when that has added up to the bound on the lag.

``broken`` judges a trial, while it runs and at its end: too late, or audio lost, or callers
refused, or lines lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from openline.updates import SAMPLE_RATE
from openline_load.figures import Outcome, quantile
from openline_load.run import Result

#: The search ends when the fewest that broke a bound are within this part of the most that did not.
PRECISE: Final = 0.05
_FIRST: Final = 8
#: Seconds of finals that are judged together while a trial runs, and the fewest of them that count.
_WINDOW: Final = 5.0
_FEWEST: Final = 20
#: Seconds: half a sample. Gaps that were withdrawn leave less, as sums of floats do.
_LEAST_LOST: Final = 0.5 / SAMPLE_RATE


class Search:
    """The search for the most callers, from 1 to ``most``, that keep all bounds."""

    def __init__(self, most: int, *, first: int = _FIRST, precise: float = PRECISE) -> None:
        self._most, self._precise = most, precise
        self._next = min(first, most)
        #: The most that went well.
        self.good = 0
        #: The fewest that broke a bound; None: none did.
        self.bad: int | None = None

    @property
    def next(self) -> int | None:
        """How many callers to try; None: the search is over."""
        if self.bad is None:
            return None if self.good >= self._most else self._next
        apart = self.bad - self.good
        if apart <= max(1, int(self._precise * self.good)):
            return None
        return self.good + apart // 2

    def took(self, callers: int, *, well: bool) -> None:
        """A trial with so many went ``well``, or not. Raises ValueError for one not asked for."""
        if callers != self.next:
            raise ValueError(f"a trial of {callers} was not asked for")
        if well:
            self.good = callers
            self._next = min(self._most, 2 * callers)
        else:
            self.bad = callers


class Breach(NamedTuple):
    """How a bound was broken, as one line.

    ``is_timed``: a generator that was late can have caused it, or helped.
    """

    text: str
    is_timed: bool = True


@dataclass(frozen=True, slots=True)
class Bound:
    """What a backend has to keep. ``late``: 95 in 100 finals come within so many seconds."""

    late: float

    def broken(self, result: Result, *, over: bool) -> Breach | None:
        """How the load breaks it; None if it keeps it. ``over``: it has ended."""
        begun = result.begun
        refused = sum(call.refusals for call in begun)
        if refused:
            why = next((call.first_refusal for call in begun if call.first_refusal), "")
            because = f", the first because: {why}" if why else ""
            return Breach(f"refused dials: {refused}{because}", is_timed=False)
        lost = sum(call.reconnects for call in begun)
        if lost:
            return Breach(f"lost lines: {lost}")
        gone = sum(call.lost for call in begun)
        if gone > _LEAST_LOST:
            return Breach(f"{gone:.2f} s of audio were lost")
        since = result.began_at if over else result.ended_at - _WINDOW
        lags = sorted(lag for call in begun for lag in call.lags_since(since))
        if len(lags) >= (1 if over else _FEWEST):
            lag = quantile(lags, 0.95)
            if lag > self.late:
                return Breach(f"p95 of the final lag is {lag:.2f} s")
        return self._unsaid(result) if over else None

    def _unsaid(self, result: Result) -> Breach | None:
        """How the end breaks it: a backend that says nothing is never late."""
        failed = [call for call in result.begun if call.outcome is not Outcome.COMPLETE]
        if failed:
            why = failed[0].reason
            return Breach(f"incomplete calls: {len(failed)}, the first because: {why}")
        if not any(call.first_words for call in result.begun):
            return Breach("no words came")
        return None


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial of a search. ``breach`` None: it went well.

    ``is_late``: the generator was late in what the bound is judged by.
    """

    callers: int
    breach: Breach | None
    is_late: bool
    result: Result

    @property
    def is_own(self) -> bool:
        """Whether it broke the bound, and the generator rather than the backend may be to blame."""
        return self.breach is not None and self.breach.is_timed and self.is_late
