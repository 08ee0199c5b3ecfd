"""A connection that can be copied, and that says in which *situation* it is.

Two sessions are in the same situation if they differ only in numbers. What counts is

- the state, which timers run, and which of them is due next;
- what the chart's guards and the sender ask about: is a stop wanted, the start due or
  sent, the stop sent, is audio undelivered or unsent, is a window shut;
- what is hoped for: has there been a try, would one more strike be too many (counted until
  a socket opens), do the limits of the policy leave room for another, is the fresh
  credential used, the gate shut, would a hint help;
- the redirect that is followed, and whether a credential goes there.

The number of situations is finite, so a walk through all of them ends. It is not a proof
for all numbers: of each situation the first session that got there stands for the others.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from openline import session as face
from openline.machine.table import Row
from openline.machine.timers import OFF, Timer
from openline.session import Connection

Situation: TypeAlias = tuple[object, ...]
_TIMERS = tuple(Timer)
_DIALLING = frozenset({"connecting", "reconnecting"})


def name_of(row: Row) -> str:
    """A row of the chart, as a person names it."""
    return row.name


def declared() -> dict[str, Row]:
    """Every row of the chart by its name, in the order of their declaration."""
    table = face.TABLE
    rows = (row for events in table.values() for each in events.values() for row in each)
    return {name_of(row): row for row in rows}


class Watched(Connection):
    """Notes the rows that run. Looks inside, as only this kit may."""

    __slots__ = ("ran",)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.ran: list[Row] = []

    def _step(self, event: str) -> bool:
        link = self._link
        for row in face.TABLE[link.state].get(event, ()):
            if row.guard is None or row.guard(link):
                self.ran.append(row)
                break
        return super()._step(event)

    @property
    def deadlines(self) -> dict[Timer, float]:
        """The timers that run, the next one first."""
        deadlines = self._link.deadlines
        due = sorted([(at, timer) for timer, at in enumerate(deadlines) if at != OFF])
        return {_TIMERS[timer]: at for at, timer in due}

    @property
    def situation(self) -> Situation:
        """All that makes this situation another one; see the module's head."""
        link = self._link
        if self.ended:
            return (link.state,)
        retry, streams, policy, now = link.retry, link.streams, link.policy, link.now
        deadlines = link.deadlines
        soonest = min(deadlines)
        state = link.state
        most = policy.max_attempts
        boxes = [each.box for each in streams.all] if link.line_open else []
        strikes = 0 if link.ever_opened or retry.strikes < retry.tries else retry.strikes
        return (
            state,
            tuple([at != OFF for at in deadlines]),
            deadlines.index(soonest) if soonest != OFF else None,
            link.stop_wanted,
            link.credential_wanted,
            link.dials > 0,
            # Of the dial that is being made, or waited for.
            (link.hops > 0) + (link.hops >= policy.max_redirects) if state in _DIALLING else 0,
            link.with_credential or state not in _DIALLING,
            # Of the dial that is open.
            link.start_due,
            link.start_sent,
            link.ping_wanted and link.line_open,
            streams.shut and link.line_open,
            any(box.unsent for box in boxes),
            link.stop_is_sent,
            # Of what is left to do, and what may be hoped for.
            streams.undelivered,
            streams.over and state == "idle",
            retry.right_spent,
            retry.tries > 0 and not link.line_open,
            strikes,
            most is not None and retry.attempts >= most,
            retry.gate.opens_at(now) > now,
            retry.give_up_at <= now,
            state == "reconnecting" and link.hint_helps(),
        )
