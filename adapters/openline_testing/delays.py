"""How long a reported delay may be, for one reading of the retry state.

A delay follows the backoff, the wish of the server and the gate. One that would pass a limit
(giving up, the time to finish, the time for a first contact) is cut to the last instant
before it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from openline.events import SocketLost
from openline.reconnect.verdicts import Action
from openline_testing.endings import is_first_contact, scattered
from openline_testing.laws import SLACK
from openline_testing.observation import Observation

#: Added to the delay of a LATER, so that rejected clients come back one by one.
JITTER = 1.0
#: The same where the server asked for a wait: that part of it.
RETRY_AFTER_JITTER = 0.5
LONGEST_RETRY_AFTER = 300.0
#: Seconds that the last dial of a session that is stopped has before the limit.
LAST_DIAL = 5.0


class RetryEstimate(NamedTuple):
    """The retry state of a session, as one reading of the observations."""

    tries: int = 0  # since the line was stable: the n of the backoff
    retries: int = 0  # since there was progress
    stable: bool = False  # the line that was lost last was stable
    until: float | None = None  # when the session gives up; None: not counted yet
    spent: bool = False  # a fresh credential has been used
    last: bool = False  # a delay was cut to the last instant before a limit


class Delays:
    """The bounds of the delays of an observed session."""

    __slots__ = ("seen",)

    def __init__(self, seen: Observation) -> None:
        self.seen = seen

    @property
    def asked(self) -> float:
        """Seconds that the server asked to wait."""
        lost_by = self.seen.lost_by
        asked = lost_by.retry_after if isinstance(lost_by, SocketLost) else None
        return min(LONGEST_RETRY_AFTER, max(0.0, asked or 0.0))

    def bounds(self, estimate: RetryEstimate, action: Action) -> tuple[float, float]:
        """The least and the most seconds of a delay that no limit cuts."""
        seen, policy = self.seen, self.seen.policy
        d = min(policy.backoff_cap, policy.backoff_first * 2.0 ** min(estimate.tries, 64))
        if action is Action.REAUTH:
            return 0.0, 0.0
        if action is Action.LATER:
            floor = max(policy.later_floor, self.asked)
            return max(d / 2, floor), max(d, floor) + max(JITTER, RETRY_AFTER_JITTER * self.asked)
        if not estimate.stable:
            return d / 2, d
        ruling = seen.ruling
        spread = ruling.scatter if ruling else False
        if seen.lost_by is not None and scattered(seen.lost_by, seen.dialect):
            spread = True
        return 0.0, policy.scatter if spread else policy.prompt_retry

    def fits(
        self, estimate: RetryEstimate, action: Action, wait: float, gate: float
    ) -> tuple[bool, ...]:
        """How ``wait`` fits: by being cut to the last instant before a limit, or not; or neither.

        The time for a first contact is such a limit as well, but for that a delay may be cut
        more than once.
        """
        low, high = self.bounds(estimate, action)
        high = max(high, gate)
        contact = self._first_contact_in
        if contact is not None and high >= contact - SLACK:
            low, high = min(low, max(contact, gate)), max(contact, gate)
        soonest = self.limit(estimate, self.seen.finish_from)
        latest = self.limit(estimate, self.seen.finish_by)
        if low - SLACK <= wait <= high + SLACK and wait <= latest + SLACK:
            return (False, True) if wait > soonest - SLACK else (False,)
        if estimate.last or high < soonest - SLACK or gate > latest + SLACK:
            return ()
        least = self._cut(estimate, gate, soonest, self.seen.finish_from)
        most = self._cut(estimate, gate, latest, self.seen.finish_by)
        return (True,) if least - SLACK <= wait <= most + SLACK else ()

    def after(self, estimate: RetryEstimate) -> RetryEstimate:
        """The state once this delay is counted as a retry."""
        give_up = self.seen.policy.give_up_after
        until = estimate.until
        if until is None and give_up is not None:
            until = self.seen.now + give_up
        return estimate._replace(
            tries=estimate.tries + (not estimate.stable),
            retries=estimate.retries + 1,
            stable=False,
            until=until,
        )

    def limit(self, estimate: RetryEstimate, finish: float) -> float:
        """Seconds until giving up, or until ``finish``, when the time to finish is over."""
        seen, until = self.seen, self.after(estimate).until
        limits = [until] * (until is not None) + [finish] * seen.stop_wanted
        return min((at - seen.now for at in limits if at is not None), default=math.inf)

    def _cut(self, estimate: RetryEstimate, gate: float, limit: float, finish: float) -> float:
        seen, until = self.seen, self.after(estimate).until
        gives_up = math.inf if until is None else until - seen.now
        finishes = finish - LAST_DIAL - seen.now if seen.stop_wanted else math.inf
        asked = self.asked if self.asked < limit else 0.0
        return max(gate, asked, min(gives_up, finishes))

    @property
    def _first_contact_in(self) -> float | None:
        """Seconds until the time for a first contact is over, if this ending waits for it."""
        seen = self.seen
        if seen.streamed or seen.lost_by is None or not is_first_contact(seen.lost_by):
            return None
        return max(0.0, seen.opened_at + seen.policy.first_contact - seen.now)
