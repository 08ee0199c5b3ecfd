"""Bugs planted in the chart, the actions and the rest: the walk finds each, with a short path.

Each bug is removed after its test; the walk must be clean without it, which
``test_explore`` checks.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import pytest
from msgspec.structs import replace

from openline import session as face
from openline.audio.silence import SilenceWatchdog
from openline.audio.window import Window
from openline.machine import reports as outcome
from openline.machine import sender as wire
from openline.machine.actions import Actions
from openline.machine.state import SessionState
from openline.machine.table import Do, Guard, Transition
from openline.machine.timers import OFF, Timer
from openline.policy import Policy
from openline.reconnect.backoff import DialGate
from openline.reconnect.retry import Retry
from openline.updates import Ended, State
from openline_testing import LawBroken, explore

Plant = Callable[[pytest.MonkeyPatch], None]


def edit(
    state: str, event: str, change: Callable[[tuple[Transition, ...]], tuple[Transition, ...]]
) -> Plant:
    """The chart's rows for ``event`` in ``state``, changed."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        table = {name: dict(events) for name, events in face.TABLE.items()}
        table[state][event] = change(table[state][event])
        patch.setattr(face, "TABLE", MappingProxyType(table))

    return plant


def without(guard: str) -> Callable[[tuple[Transition, ...]], tuple[Transition, ...]]:
    """The rows without the one that has this guard."""

    def change(rows: tuple[Transition, ...]) -> tuple[Transition, ...]:
        left = tuple(row for row in rows if row.guard_name != guard)
        assert len(left) == len(rows) - 1
        return left

    return change


def opposite(guard: Guard) -> Guard:
    def no(session: Any) -> bool:
        return not guard(session)

    return no


def negated(row: int) -> Callable[[tuple[Transition, ...]], tuple[Transition, ...]]:
    def change(rows: tuple[Transition, ...]) -> tuple[Transition, ...]:
        guard = rows[row].guard
        assert guard is not None
        other = rows[row]._replace(guard=opposite(guard))
        return (*rows[:row], other, *rows[row + 1 :])

    return change


def lazy(action: str) -> Callable[[tuple[Transition, ...]], tuple[Transition, ...]]:
    """The rows without one of their actions."""

    def change(rows: tuple[Transition, ...]) -> tuple[Transition, ...]:
        left = getattr(Actions, action)
        return tuple(
            row._replace(
                before=tuple(do for do in row.before if do is not left),
                after=tuple(do for do in row.after if do is not left),
            )
            for row in rows
        )

    return change


def action(name: str, instead: Callable[[Actions], None]) -> Plant:
    """Another action of that name, wherever the chart names it."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        old = getattr(Actions, name)
        patch.setattr(Actions, name, instead)

        def other(do: Do) -> Do:
            return instead if do is old else do

        def swapped(rows: tuple[Transition, ...]) -> tuple[Transition, ...]:
            return tuple(
                row._replace(before=(*map(other, row.before),), after=(*map(other, row.after),))
                for row in rows
            )

        table = {
            state: {event: swapped(rows) for event, rows in events.items()}
            for state, events in face.TABLE.items()
        }
        patch.setattr(face, "TABLE", MappingProxyType(table))

    return plant


def method(owner: type, name: str, instead: Callable[..., Any]) -> Plant:
    return lambda patch: patch.setattr(owner, name, instead)


def forgetful_end_dial(session: Actions) -> None:
    session.dial_live = session.line_open = session.start_due = False
    session.deadlines[Timer.PING] = session.deadlines[Timer.PONG] = OFF
    session.deadlines[Timer.SEND] = session.deadlines[Timer.STALL] = session.deadlines[
        Timer.PACE
    ] = OFF
    session.report_gaps(session.streams.end_dial())


def dizzy_count_loss(session: Actions) -> None:
    session.retry.tries = -1
    session.retry.count_loss(session.now)
    session.deadlines[Timer.GIVE_UP] = session.retry.give_up_at
    session.aim_home()


def early_request_start(session: Actions) -> None:
    session.start_due = True
    session.arm(Timer.ACK, 3 * session.policy.ack_timeout)


def open_always(_gate: DialGate, now: float) -> float:
    return now


def no_progress(_retry: Retry) -> None:
    pass


def do_nothing(_session: Actions) -> None:
    pass


def extending_note_stop(session: Actions) -> None:
    session.stop_wanted = True
    session.streams.close()
    session.arm(Timer.FINISH, 2 * session.policy.finish_timeout + 60)


def eager_next_message(session: Actions) -> Any:
    before, session.stop_is_sent = session.stop_is_sent, False
    outgoing = wire.next_message(session)
    session.stop_is_sent |= before
    return outgoing


def forgetful_look(
    watch: SilenceWatchdog, now: float, has_room: Callable[[str], bool]
) -> list[str]:
    for name in LOOK(watch, now, has_room):
        watch.forget(name)
    return []


def open_window(_window: Window, *_figures: float) -> bool:
    return True


def result(**lie: Callable[[Ended], Any]) -> Plant:
    """The result with other fields, each computed from the true one."""

    def instead(session: SessionState, state: State) -> Ended:
        true = outcome.result(session, state)
        return replace(true, **{name: of(true) for name, of in lie.items()})

    return lambda patch: patch.setattr(face, "result", instead)


LOOK = SilenceWatchdog.look
PLANTED: dict[str, tuple[Plant, str]] = {
    "a stop does not win over the ack": (
        edit("awaiting_ack", "acked", without("stopping")),
        "stop wins",
    ),
    "a guard of a stop is negated": (
        edit("connecting", "stop_requested", negated(0)),
        "stop wins",
    ),
    "a lost dial is not aborted": (
        edit("connecting", "timed_out", lazy("abort_socket")),
        "state fits",
    ),
    "the guard no_retry is negated": (
        edit("streaming", "socket_lost", negated(0)),
        "no early failure",
    ),
    "a fatal refusal is retried": (
        edit("awaiting_ack", "refused", without("no_retry")),
        "the verdict",
    ),
    "an impossible ack is accepted": (
        edit("awaiting_ack", "acked", without("start_unsent")),
        "the ack opens",
    ),
    "a loss while closing is ignored": (
        edit("closing", "socket_lost", without("")),
        "state fits",
    ),
    "the socket is never given up": (edit("connecting", "timed_out", lambda _: ()), "silence ends"),
    "a loss is not counted": (edit("connecting", "socket_lost", lazy("count_loss")), "patience"),
    "a redirect jumps the gate": (edit("connecting", "redirected", negated(1)), "backoff"),
    "giving up is not heeded": (
        edit("connecting", "give_up_due", lambda _: ()),
        "patience",
    ),
    "an abort forgets the socket": (
        edit("streaming", "abort_requested", lazy("abort_socket")),
        "state fits",
    ),
    "a final message without a stop is accepted": (
        edit("finishing", "final_message", negated(0)),
        "the final message",
    ),
    "no pings are asked for": (action("request_ping", do_nothing), "a dead line is left"),
    "a partial outlives its dial": (action("end_dial", forgetful_end_dial), "partials end"),
    "tries are not counted": (action("count_loss", dizzy_count_loss), "backoff"),
    "the ack is waited for too long": (
        action("request_start", early_request_start),
        "silence ends",
    ),
    "the gate is always open": (method(DialGate, "opens_at", open_always), "the gate"),
    "progress does not count": (
        method(Retry, "note_progress", no_progress),
        "no early failure",
    ),
    "the stop is sent again and again": (
        lambda patch: patch.setattr(face, "next_message", eager_next_message),
        "the stop",
    ),
    "the finish is extended": (
        action(
            "note_stop",
            extending_note_stop,
        ),
        "finish in time",
    ),
    "the window is always open": (method(Window, "allows", open_window), "the window"),
    "a failed session without gaps is complete": (
        result(complete=lambda ended: not ended.missing),
        "complete",
    ),
    "an abort is as good as a stop": (
        result(
            complete=lambda ended: (
                ended.state is State.CLOSED and not (ended.missing or ended.lost_sources)
            )
        ),
        "complete",
    ),
    "a failed source counts as exhausted": (
        result(
            complete=lambda ended: (
                ended.complete or (ended.state is State.CLOSED and ended.reason.startswith("mic"))
            )
        ),
        "complete",
    ),
    "the failed source is forgotten": (result(lost_sources=lambda _: ()), "complete"),
    "a source that hangs is kept": (
        method(SilenceWatchdog, "look", forgetful_look),
        "a source that hangs",
    ),
    "no check for a source that hangs": (
        action("start_clocks", do_nothing),
        "a source that hangs",
    ),
}
#: Where a bug shows only without further retries, before the gate shuts, or while no delay grows.
OTHER_POLICIES = {
    "progress does not count": Policy(
        max_attempts=1, give_up_after=20, dials_per_minute=5, source_timeout=None
    ),
    "a loss is not counted": Policy(
        max_attempts=3, give_up_after=20, backoff_first=1, backoff_cap=1, source_timeout=None
    ),
    "tries are not counted": Policy(source_timeout=None),
    "a source that hangs is kept": Policy(),
    "no check for a source that hangs": Policy(),
}
#: With a gate and limits that are reached soon.
POLICY = Policy(max_attempts=3, give_up_after=20, dials_per_minute=2, source_timeout=None)


@pytest.mark.parametrize("bug", PLANTED)
def test_planted_bug_is_found_and_its_path_replays(
    bug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant, law = PLANTED[bug]
    plant(monkeypatch)
    walk = explore(
        OTHER_POLICIES.get(bug, POLICY), sources=["mic"], has_provider=False, max_violations=1
    )
    assert not walk.complete
    violation = walk.violations[0]
    assert violation.law == law
    assert len(violation.path) <= 11
    with pytest.raises(LawBroken) as again:
        exec(violation.reproduction, {})  # noqa: S102 (the script is the feature under test)
    assert str(again.value) == violation.what
