"""Faults for the model to find: changed rows of the chart, and changed code of gate and timers."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from types import MappingProxyType
from typing import Any, Final, cast
from unittest import mock

from openline import session
from openline.machine.actions import Actions
from openline.machine.chart import Chart
from openline.machine.state import SessionState
from openline.machine.table import Table, Transition, compile_chart
from openline.machine.timers import OFF, Timer
from openline.reconnect import backoff
from openline.reconnect.backoff import DialGate
from openline.reconnect.retry import Retry
from openline.session import EVENTS, TABLE

Edit = Callable[[Transition], Transition | None]


def changed(edit: Edit) -> Table:
    """The chart's table with ``edit`` done to each row; None: the row is gone."""
    table = {
        state: {
            event: kept
            for event, rows in events.items()
            if (kept := tuple(new for row in rows if (new := edit(row)) is not None))
        }
        for state, events in TABLE.items()
    }
    return MappingProxyType({s: MappingProxyType(rows) for s, rows in table.items()})


def gone(state: str, event: str, guard: str | None = None) -> Edit:
    """These rows are missing."""

    def edit(row: Transition) -> Transition | None:
        it = (row.source, row.event) == (state, event) and guard in (None, row.guard_name)
        return None if it else row

    return edit


def unguarded(state: str, event: str, guard: str) -> Edit:
    """This row has lost its guard."""

    def edit(row: Transition) -> Transition:
        it = (row.source, row.event, row.guard_name) == (state, event, guard)
        return row._replace(guard_name="", guard=None) if it else row

    return edit


def without(action: str, state: str = "", event: str = "") -> Edit:
    """The rows of this state and event have lost an action."""

    def edit(row: Transition) -> Transition:
        if state not in ("", row.source) or event not in ("", row.event):
            return row
        return row._replace(
            on_names=tuple(name for name in row.on_names if name != action),
            exit_names=tuple(name for name in row.exit_names if name != action),
            enter_names=tuple(name for name in row.enter_names if name != action),
        )

    return edit


def leads(state: str, event: str, guard: str, target: str) -> Edit:
    """This row leads elsewhere."""
    enter = next(
        row.enter_names
        for events in TABLE.values()
        for rows in events.values()
        for row in rows
        if row.target == target
    )

    def edit(row: Transition) -> Transition:
        it = (row.source, row.event, row.guard_name) == (state, event, guard)
        return row._replace(target=target, enter_names=enter) if it else row

    return edit


#: By name: a fault of the chart.
CHART: Final[Mapping[str, Edit]] = {
    "no one waits for the ack": gone("awaiting_ack", "timed_out"),
    "a redirect does not ask the gate": unguarded("connecting", "redirected", "gate_open"),
    "a credential does not ask the gate": unguarded("authorizing", "credential_ready", "gate_open"),
    "a dead socket is not dropped": without("abort_socket", "streaming", "timed_out"),
    "finishing has no limit": gone("finishing", "finish_due"),
    "a stopped session streams": gone("awaiting_ack", "acked", "stopping"),
    "a loss is not counted": without("count_loss", "connecting", "timed_out"),
    "a request is left open": without("cancel_credential", "authorizing", "finish_due"),
    "a credential is not asked for": without("request_credential"),
    "a timer outlives its state": without("disarm_state_timers", "connecting"),
    "a retry skips the plan": leads("connecting", "socket_lost", "", "connecting"),
    "a stop is not noted": without("note_stop", "connecting", "stop_requested"),
}


def _opens_late(self: DialGate, now: float) -> float:
    gate: Any = self
    if len(gate._passes) <= gate._limit:  # one pass more than the limit
        return now
    return max(now, float(gate._passes[0]) + backoff.GATE_SPAN)


def _notes_all(self: DialGate, now: float) -> None:
    cast("Any", self)._passes.append(now)


def _forgets(self: DialGate, now: float) -> None:
    """Records nothing."""


def _never_full(self: DialGate, now: float) -> float:
    return now


def _ping_alone(self: SessionState) -> None:
    self.arm(Timer.PING, self.policy.ping_interval)


def _stop_without_limit(self: Actions) -> None:
    self.stop_wanted = True
    self.streams.close()
    self.deadlines[Timer.SOURCE] = OFF


def _keeps_timers(self: Actions) -> None:
    self.dial_live = self.line_open = self.start_due = False


def _no_ack_timer(self: Actions) -> None:
    self.start_due = True


def _uncounted(self: Retry, now: float) -> None:
    self.stable = self.held = self.heard = False


def _progress_at_each_loss(self: Actions) -> None:
    self.retry.count_loss(self.now)
    self.retry.note_progress()
    self.aim_home()


def _ignores_the_gate(self: Retry, now: float, finish_at: float) -> None:
    self.until = now


#: By name: what is replaced, and by what.
CODE: Final[Mapping[str, tuple[tuple[Any, str, Any], ...]]] = {
    "the gate lets one more through": (
        (DialGate, "opens_at", _opens_late),
        (DialGate, "note", _notes_all),
    ),
    "the gate forgets": ((DialGate, "note", _forgets),),
    "the gate is never full": ((DialGate, "opens_at", _never_full),),
    "a ping awaits no pong": ((SessionState, "arm_pong", _ping_alone),),
    "a stop has no limit": ((Actions, "note_stop", _stop_without_limit),),
    "the dial's timers outlive it": ((Actions, "end_dial", _keeps_timers),),
    "the ack has no timer": ((Actions, "request_start", _no_ack_timer),),
    "attempts are not counted": ((Retry, "count_loss", _uncounted),),
    "a loss is progress": ((Actions, "count_loss", _progress_at_each_loss),),
    "a new credential ignores the gate": ((Retry, "go_on", _ignores_the_gate),),
}


@contextmanager
def planted(name: str) -> Generator[None]:
    """The code with the fault ``name``."""
    with ExitStack() as stack:
        for where in CODE[name]:
            stack.enter_context(mock.patch.object(*where))
        table = compile_chart(Chart, Actions, EVENTS)  # the other one has the methods without it
        stack.enter_context(mock.patch.object(session, "TABLE", table))
        yield
