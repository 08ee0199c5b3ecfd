"""Record which rows of the chart ran, and compute the *situation* of a session.

Two sessions are in the same situation if they differ only in numbers. A situation consists of

- the state, which timers run, and which of them is due next;
- the conditions of the chart's guards and of the sender: is a stop wanted, the start due or
  sent, the stop sent, is audio undelivered or unsent, is a window shut; has a backend greeted;
  of a dial that is to be replaced: may words still change, how far is it;
- the retry state: has the session streamed, was there a try, would one more strike be fatal
  (counted until it has streamed), do the limits of the policy allow another try, is the fresh
  credential used, the gate shut, would a network hint help;
- the redirect that is followed, and whether the credential is sent there.

The number of situations is finite, so a walk through all of them ends. It does not cover all
numbers: the first session that reaches a situation stands for all others in it.
"""

from __future__ import annotations

from typing import TypeAlias

from openline import session as face
from openline.machine.table import Transition
from openline.machine.timers import Timer
from openline.observer import Observer
from openline.policy import Policy
from openline.snapshot import Snapshot
from openline.updates import State

Situation: TypeAlias = tuple[object, ...]
_DIALLING = frozenset({State.CONNECTING, State.RECONNECTING})
_OVER = frozenset({State.CLOSED, State.FAILED})


def name_of(row: Transition) -> str:
    """The readable name of a row of the chart."""
    return row.name


def declared() -> dict[str, Transition]:
    """Every row of the chart by its name, in the order of their declaration."""
    table = face.TABLE
    rows = (row for events in table.values() for each in events.values() for row in each)
    return {name_of(row): row for row in rows}


class RowsSeen(Observer):
    """Records the rows that run."""

    __slots__ = ("rows",)

    def __init__(self) -> None:
        self.rows: list[Transition] = []

    def on_transition(self, transition: Transition, now: float) -> None:  # noqa: ARG002  # as the hook has it
        """Note it."""
        self.rows.append(transition)


def situation_of(snapshot: Snapshot, policy: Policy) -> Situation:
    """The situation, as a value that can be compared; see the module's head."""
    state, retry, deadlines = snapshot.state, snapshot.retry, snapshot.deadlines
    if state in _OVER:
        return (state,)
    opened = snapshot.line_open
    is_renewed = state is State.DRAINING or Timer.ROTATE in deadlines
    most = policy.max_attempts
    dialling = state in _DIALLING
    strikes = 0 if snapshot.streamed or retry.strikes < retry.tries else retry.strikes
    redirects = snapshot.redirects
    return (
        state,
        frozenset(deadlines),
        next(iter(deadlines), None),
        snapshot.stop_wanted,
        snapshot.credential_wanted or snapshot.credential_due,
        snapshot.dials > 0,
        snapshot.streamed,
        # The dial that is under way, or scheduled.
        (redirects > 0) + (redirects >= policy.max_redirects) if dialling else 0,
        snapshot.with_credential or not dialling,
        # The open dial.
        snapshot.start_due,
        snapshot.start_sent,
        snapshot.ping_wanted and opened,
        snapshot.window_shut and opened,
        opened and any(each.unsent for each in snapshot.sources.values()),
        snapshot.stop_sent,
        snapshot.greeted and not opened,
        (snapshot.speaks, snapshot.leaving) if is_renewed else None,
        # The remaining work, and the retry state.
        snapshot.undelivered,
        snapshot.sources_over and state is State.IDLE,
        retry.reauth_used,
        retry.tries > 0 and not opened,
        strikes,
        most is not None and retry.attempts >= most,
        retry.gate_opens_at > snapshot.now,
        retry.give_up_at <= snapshot.now,
        state is State.RECONNECTING and retry.hint_ends_wait,
    )
