"""How long the connection of one dial may live: when it is replaced, and when its end is expected.

A backend may limit the length of a connection. Its dialect states the limit (``Traits.longest``,
counted from dialling), or the backend announces its end (``Expires``, counted from then). The
dial is replaced before that, at a time drawn between 0.7 and 0.9 of its life. It is drawn, so that
clients that dialled together, as after a restart of the server, do not dial together again: of
2,000 clients 45 dialled in the worst second, and 414 without (a model). From that time on the first
pause in the words is taken, until ``MARGIN`` before the end at the latest.

An example: longest=300, dialled at 100.0 s, the share drawn is 0.8. The dial is replaced in the
first pause after 340.0, and at 395.0 at the latest. From 385.0 on (``EXPECTED`` of its life) a
close means that the limit was reached, whatever its code.

An end may be announced as a date. The clocks of this machine and of the backend may differ by
hours, so it is compared with the date that the backend gave when it answered the upgrade:

    answered at 101.0 s with Date 20:00:00; at 151.0 s it announces 20:03:20  →  150 s are left

Without a limit nothing is drawn and nothing is replaced.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from openline.machine.timers import OFF

#: The shares of a life between which a dial is replaced: the time is drawn from this range.
FIRST: Final = 0.7
LAST: Final = 0.9
#: Seconds before the end at which a dial is replaced, even in the middle of a word.
MARGIN: Final = 5.0
#: The share of a life from which on its end is expected.
EXPECTED: Final = 0.95
#: Seconds: an end that is announced so long before, or later, is expected from then on.
SOON: Final = 60.0


class Leaving(Enum):
    """How far the replacement of the live dial is."""

    NOT = auto()  #: it is not being replaced
    FLUSH = auto()  #: no audio goes out any more, and a flush is the next message
    STOP = auto()  #: the same, and the next message is the stop
    DRAINING = auto()  #: what was sent is still to be confirmed
    CLOSING = auto()  #: the closing handshake


class Life:
    """The life of the live dial. Times are on the clock of ``now``, in seconds."""

    __slots__ = (
        "_begin",
        "_clock",
        "_end",
        "_expected",
        "_random",
        "_share",
        "leaving",
        "waiting",
    )

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self.begin(0.0, None)

    def begin(self, now: float, longest: float | None) -> None:
        """A dial goes out; it lives for ``longest`` at most. None: there is no known limit."""
        self._begin = now
        self._end = OFF if longest is None else now + longest
        self._expected = OFF if longest is None else now + EXPECTED * longest
        self._share: float | None = None  # drawn once, if a limit is known
        self._clock: float | None = None  # what the backend's clock is ahead of ``now``
        self.waiting = False  # it is to be replaced, in the first pause
        self.leaving = Leaving.NOT

    def expire(self, now: float, seconds: float) -> None:
        """The backend announces the end in ``seconds``; that may only shorten the life."""
        seconds = seconds if seconds > 0 else 0.0  # in this order NaN is 0
        self._end = min(self._end, now + seconds)
        expected = now
        if seconds > SOON:
            expected = self._begin + EXPECTED * (self._end - self._begin)
        self._expected = min(self._expected, expected)

    def dated(self, now: float, date: float | None) -> None:
        """The backend answered the upgrade, at ``date`` of its own clock; None: it does not say."""
        self._clock = None if date is None else date - now

    def until(self, now: float, date: float) -> float | None:
        """Seconds until ``date``, of the backend's clock; None: unknown, or it is past.

        A date that is past is none of a connection that lives: a clock is wrong.
        """
        if self._clock is None or date <= now + self._clock:
            return None
        return date - now - self._clock

    def hasten(self, now: float) -> None:
        """The dial is to be replaced now, though its end is not expected."""
        self._end = min(self._end, now)

    @property
    def replaced_at(self) -> float:
        """From when on the dial is replaced in a pause; OFF: never."""
        if self._end == OFF:
            return OFF
        if self._share is None:
            self._share = FIRST + (LAST - FIRST) * self._random()
        return min(self._begin + self._share * (self._end - self._begin), self.latest)

    @property
    def latest(self) -> float:
        """When the dial is replaced at the latest, without a pause; OFF: never."""
        return self._end - MARGIN

    def is_expected(self, now: float) -> bool:
        """Whether an end of the dial is expected by now, so that its code explains nothing."""
        return now >= self._expected

    @property
    def asks(self) -> bool:
        """Whether a flush or a stop is the next message."""
        return self.leaving in (Leaving.FLUSH, Leaving.STOP)
