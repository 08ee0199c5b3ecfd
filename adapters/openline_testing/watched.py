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
from openline.machine.table import Transition
from openline.machine.timers import OFF, Timer
from openline.session import SessionMachine

Situation: TypeAlias = tuple[object, ...]
_TIMERS = tuple(Timer)
_DIALLING = frozenset({"connecting", "reconnecting"})


def name_of(row: Transition) -> str:
    """A row of the chart, as a person names it."""
    return row.name


def declared() -> dict[str, Transition]:
    """Every row of the chart by its name, in the order of their declaration."""
    table = face.TABLE
    rows = (row for events in table.values() for each in events.values() for row in each)
    return {name_of(row): row for row in rows}


class Watched(SessionMachine):
    """Notes the rows that run. Looks inside, as only this kit may."""

    __slots__ = ("ran",)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.ran: list[Transition] = []

    def _step(self, event: str) -> bool:
        session = self._link
        for row in face.TABLE[session.state].get(event, ()):
            if row.guard is None or row.guard(session):
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
        session = self._link
        if self.ended:
            return (session.state,)
        retry, streams, policy, now = session.retry, session.streams, session.policy, session.now
        deadlines = session.deadlines
        soonest = min(deadlines)
        state = session.state
        most = policy.max_attempts
        boxes = [each.box for each in streams.all] if session.line_open else []
        strikes = 0 if session.ever_opened or retry.strikes < retry.tries else retry.strikes
        return (
            state,
            tuple([at != OFF for at in deadlines]),
            deadlines.index(soonest) if soonest != OFF else None,
            session.stop_wanted,
            session.credential_wanted,
            session.dials > 0,
            # Of the dial that is being made, or waited for.
            (session.hops > 0) + (session.hops >= policy.max_redirects)
            if state in _DIALLING
            else 0,
            session.with_credential or state not in _DIALLING,
            # Of the dial that is open.
            session.start_due,
            session.start_sent,
            session.ping_wanted and session.line_open,
            streams.shut and session.line_open,
            any(box.unsent for box in boxes),
            session.stop_is_sent,
            # Of what is left to do, and what may be hoped for.
            streams.undelivered,
            streams.over and state == "idle",
            retry.reauth_used,
            retry.tries > 0 and not session.line_open,
            strikes,
            most is not None and retry.attempts >= most,
            retry.gate.opens_at(now) > now,
            retry.give_up_at <= now,
            state == "reconnecting" and session.network_hint_applies(),
        )
