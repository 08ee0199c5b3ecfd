"""The law of a process that was stopped: what it was waited for meanwhile is waited for anew.

An event that comes more than ``NOTICED`` after the session's deadline ends a suspension, and
the session says so. The deadline counts that the event before has left: a pull may have set an
earlier one since, and none was late for that. What was overdue then gets ``GRACE``, once, for
what lies ready may arrive first. The times of the whole session, and those in which a backend
is to show work, are moved by the length of the suspension; and a line counts as stable from
its end on.

The laws compute their limits from times that were observed: these are moved here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from openline.commands import Command, Report
from openline.updates import Resumed, State
from openline_testing.laws import GRACE, SLACK, broken
from openline_testing.observation import Observation

#: Seconds by which an event is late that ends a suspension.
NOTICED: Final = 1.0


class Suspensions:
    """Observes events that are late, before the session takes them."""

    __slots__ = ("_gap", "_granted", "_seen", "_soonest")

    def __init__(self, seen: Observation) -> None:
        self._seen = seen
        self._granted: dict[str, float] = {}  # by the name of a wait: the time that it got
        self._gap: float = 0.0
        self._soonest: float | None = None  # the deadline after the event before

    def comes(self, deadline: float | None, now: float) -> float:
        """An event comes at ``now``; the deadline was ``deadline``: how long nothing ran."""
        self._gap = 0.0 if deadline is None else now - deadline
        if self._gap <= NOTICED or self._soonest is None or now - self._soonest <= NOTICED:
            self._gap = 0.0
            return 0.0
        seen, policy = self._seen, self._seen.policy
        seen.now = seen.held_since = now
        seen.finish_from += self._gap
        seen.finish_by += self._gap
        seen.requested_at = self.grants("AUTH", seen.requested_at, policy.auth_timeout)
        if seen.state is State.AWAITING_ACK and seen.settled_at is None:
            seen.dialled_at = self.grants("SETTLE", seen.dialled_at, seen.start_delay)
        if seen.state is State.CONNECTING:
            seen.since = self.grants("CONNECT", seen.since, policy.connect_timeout)
        elif seen.state is State.CLOSING:
            seen.since = self.grants("CLOSE", seen.since, policy.close_timeout)
        seen.retry_at = self.grants("RETRY", seen.retry_at, 0.0)
        seen.received_at = self.grants("PING", seen.received_at, policy.ping_interval)
        seen.pinged_at = self.grants("PINGED", seen.pinged_at, policy.ping_interval)
        if seen.settled_at is not None:
            seen.settled_at = self.grants("ACK", seen.settled_at, policy.ack_timeout)
        if seen.pong_due is not None:
            seen.pong_due = self.grants("PONG", seen.pong_due, 0.0)
        if seen.pulled_at is not None:
            seen.pulled_at = self.grants("SEND", seen.pulled_at, policy.send_timeout)
        return self._gap

    def grants(self, name: str, since: float, timeout: float) -> float:
        """The time from which ``timeout`` counts now, having counted from ``since``."""
        granted = self._seen.now + GRACE - timeout
        if since >= granted or self._granted.get(name) == since:
            return since
        self._granted[name] = granted
        return granted

    def ends(self, commands: Sequence[Command], deadline: float | None) -> None:
        """Check what the session reports of it; ``deadline`` is the next one."""
        self._soonest = deadline
        said = [
            each.update.gap
            for each in commands
            if isinstance(each, Report) and isinstance(each.update, Resumed)
        ]
        want = [self._gap] if self._gap else []
        if len(said) != len(want) or any(
            not math.isclose(a, b, abs_tol=SLACK) for a, b in zip(said, want, strict=True)
        ):
            what = f"it was late by {self._gap:.3f} s, and reported {said}"
            broken("a suspension", what, self._seen.now)
