"""Every state that can be reached is visited, every row of the chart is seen to run.

``explore`` walks breadth first through all that can happen. Two situations are the same
if they differ only in numbers: what counts is the state, which timers run and in which
order they are due, and what is known. So the walk is finite, and a failure comes with a
shortest path to it.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

import pytest
from statemachine import State as ChartState

from openline import events as e
from openline.backend import Backend
from openline.chart import Chart
from openline.connection import EVENTS, FINAL_STATES, TABLE, Connection, LocalProtocolError
from openline.messages import State
from openline.policy import Policy
from openline.table import Row
from openline.timers import DIAL_TIMERS, FIRES, OFF, RUNS, SESSION_TIMERS, STATE_TIMERS, Timer
from openline.verdicts import ErrorKind, Phase, Sender

STATES: list[ChartState] = list(Chart.states)


def declared_rows() -> list[Row]:
    return [row for events in TABLE.values() for rows in events.values() for row in rows]


def name_of(row: Row) -> str:
    return f"{row.source} --{row.event}[{row.guard_name}]--> {row.target or 'itself'}"


class Watched(Connection):
    """Notes the row that each event runs."""

    __slots__ = ("ran",)

    def __init__(self, **options: Any) -> None:
        super().__init__(
            Backend(), session_id="session", attempt_id="attempt", random=lambda: 0.5, **options
        )
        self.ran: set[str] = set()

    def _step(self, event: str) -> bool:
        link = self._link
        for row in TABLE[link.state].get(event, ()):
            if row.guard is None or row.guard(link):
                self.ran.add(name_of(row))
                break
        return super()._step(event)

    def copy(self) -> Watched:
        """Another session in the same situation; what never changes is shared."""
        link = self._link
        constant = (link.policy, link.dialect, link.target, link.redirect, link.retry.verdict)
        return deepcopy(self, {id(each): each for each in constant})

    @property
    def armed(self) -> list[Timer]:
        """The timers that run, the next one first."""
        deadlines = self._link.deadlines
        return sorted((t for t in Timer if deadlines[t] != OFF), key=lambda t: (deadlines[t], t))

    @property
    def known(self) -> tuple[object, ...]:
        """All that makes this situation another one."""
        link = self._link
        retry = link.retry
        return (
            link.state,
            *self.armed,
            *(link.stop_wanted, link.start_due, link.start_sent, link.stop_is_sent),
            *(link.streams.undelivered, link.credential_wanted, link.dials > 0),
            *(retry.right_spent, retry.stable, min(retry.tries, 1), min(retry.strikes, 3)),
            retry.gate.opens_at(link.now) > link.now,
            link.streams.due_seconds > 1,
        )

    def happenings(self) -> Iterator[tuple[str, e.Event]]:
        """All that can happen next, with a name."""
        link = self._link
        dial, request = link.dial, link.request
        yield "open", e.OpenRequested()
        yield "stop", e.StopRequested()
        yield "abort", e.AbortRequested()
        yield "network", e.NetworkRestored()
        yield "audio", e.AudioCaptured("mic", bytes(640))
        if not link.has_provider:  # enough to shut the window, once is enough
            yield "much audio", e.AudioCaptured("mic", bytes(100 * 640))
        yield "credential", e.CredentialReady(request)
        yield "no credential", e.CredentialFailed(request)
        yield "never a credential", e.CredentialFailed(request, fatal=True)
        yield "opened", e.SocketOpened(dial, "connection")
        yield "redirected", e.Redirected(dial, 302, "/there")
        yield "led astray", e.Redirected(dial, 302, "http://example.org")
        yield "pong", e.PongReceived(dial, b"1")
        yield "reset", e.SocketLost(dial=dial, error=ErrorKind.RESET)
        yield "refused", e.SocketLost(dial=dial, code=1002, sender=Sender.PEER)
        yield "unauthorized", e.SocketLost(dial=dial, status=401)
        for name, fields in MESSAGES.items():
            yield name, e.MessageReceived(dial, json.dumps(fields))


MESSAGES: dict[str, dict[str, object]] = {
    "acked": {"type": "status", "state": "streaming"},
    "connected": {"type": "status", "state": "connected"},
    "full": {"type": "status", "state": "error", "message": "Server at capacity"},
    "wrong": {"type": "error", "message": "Invalid start message"},
    "remark": {"type": "status", "state": "error", "message": "something"},
    "words": {"type": "asr_final", "text": "yes", "t0": 0, "t1": 0.02},
    "figures": {"type": "metrics", "source": "mic"},
    "insight": {"type": "entities_update"},
    "summary": {"type": "final_summary"},
}

POLICIES: dict[str, dict[str, Any]] = {
    "plain": {},
    "impatient": {
        "has_provider": True,
        "policy": Policy(give_up_after=5, dials_per_minute=3, finish_timeout=5),
    },
    "gated": {"has_provider": True, "policy": Policy(dials_per_minute=1, finish_timeout=70)},
    "hopeless": {"policy": Policy(max_attempts=0)},
}


class Step(NamedTuple):
    connection: Watched
    now: float
    path: tuple[str, ...]


@dataclass
class Atlas:
    """What a walk has found."""

    states: set[str] = field(default_factory=set[str])
    rows: set[str] = field(default_factory=set[str])
    timers: dict[str, set[Timer]] = field(default_factory=dict[str, set[Timer]])
    situations: int = 0


def next_steps(step: Step) -> Iterator[Step]:
    """Every situation that follows: a fact, a deadline, a sender that gets its turn."""
    for name, event in step.connection.happenings():
        connection = step.connection.copy()
        try:
            connection.receive(event, step.now)
        except LocalProtocolError:
            continue
        yield Step(connection, step.now, (*step.path, name))
    deadline = step.connection.next_deadline()
    if deadline is not None:
        connection = step.connection.copy()
        connection.receive(e.Tick(), deadline)
        yield Step(connection, deadline, (*step.path, "deadline"))
    for name, times in (("sent", 1), ("all sent", 200)):
        connection = step.connection.copy()
        for _ in range(times):
            if connection.next_message(step.now) is None:
                break
        yield Step(connection, step.now, (*step.path, name))


def look_at(step: Step) -> None:
    """What must hold in every situation."""
    connection, now, path = step
    state = connection.state
    armed = connection.armed
    assert {*armed} <= {*RUNS[state]}, (armed, state, path)
    deadline = connection.next_deadline()
    assert deadline is None or deadline > now, (armed, path)
    waits_for_ever = state in FINAL_STATES or state is State.IDLE
    assert waits_for_ever == (deadline is None), (state, path)


@cache
def explore(policy: str) -> Atlas:
    atlas = Atlas()
    first = Watched(**POLICIES[policy])
    seen = {first.known}
    todo = deque([Step(first, 0.0, ())])
    while todo:
        step = todo.popleft()
        look_at(step)
        state = step.connection.state.value
        atlas.states.add(state)
        atlas.timers.setdefault(state, set()).update(step.connection.armed)
        step.connection.ran.clear()
        for after in next_steps(step):
            atlas.rows |= after.connection.ran
            if after.connection.known not in seen:
                seen.add(after.connection.known)
                todo.append(after)
    atlas.situations = len(seen)
    return atlas


def found() -> Atlas:
    whole = Atlas()
    for policy in POLICIES:
        atlas = explore(policy)
        whole.states |= atlas.states
        whole.rows |= atlas.rows
        for state, timers in atlas.timers.items():
            whole.timers.setdefault(state, set()).update(timers)
    return whole


@pytest.mark.parametrize("policy", POLICIES)
def test_every_situation_is_in_order(policy: str) -> None:
    assert explore(policy).situations > 50


def test_every_state_is_reached() -> None:
    assert found().states == {state.id for state in STATES}


def test_every_row_of_the_chart_runs() -> None:
    assert not {name_of(row) for row in declared_rows()} - found().rows


def test_the_timers_of_a_state_are_those_that_are_drawn() -> None:
    assert found().timers == {state: set(timers) for state, timers in RUNS.items()}


def test_every_state_can_still_come_to_an_end() -> None:
    ends = {state.value for state in FINAL_STATES}
    while True:
        more = {
            row.source for row in declared_rows() if row.target in ends and row.source not in ends
        }
        if not more:
            break
        ends |= more
    assert ends == {state.id for state in STATES}


def test_no_final_state_can_be_left() -> None:
    assert not any(row.source in {"closed", "failed"} for row in declared_rows())


def test_the_states_are_those_that_the_app_is_told_of() -> None:
    assert [state.id for state in STATES] == [state.value for state in State]


def test_the_chart_asks_the_library_for_nothing_but_this() -> None:
    assert not Chart.allow_event_without_transition
    assert not Chart.catch_errors_as_events
    assert not Chart.enable_self_transition_entries
    assert Chart.atomic_configuration_update


def test_every_timer_has_a_scope_and_every_scope_is_contiguous() -> None:
    scopes = [range(*scope.indices(len(Timer))) for scope in SCOPES]
    assert [number for scope in scopes for number in scope] == list(Timer)


def test_every_timer_but_pace_fires_an_event_of_the_chart() -> None:
    assert set(FIRES) == set(Timer)
    assert {event for event in FIRES.values() if event} <= EVENTS
    assert [timer for timer, event in FIRES.items() if event is None] == [Timer.PACE]


def test_every_phase_of_a_verdict_is_a_state() -> None:
    assert {phase.value for phase in Phase} <= {state.value for state in State}


SCOPES = (SESSION_TIMERS, STATE_TIMERS, DIAL_TIMERS)
