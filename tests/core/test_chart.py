"""What the chart declares; ``tests/testing/test_explore`` walks it."""

from __future__ import annotations

from statemachine import State as ChartState

from openline.machine.chart import Chart
from openline.machine.table import Transition
from openline.machine.timers import DIAL_TIMERS, SESSION_TIMERS, STATE_TIMERS, Timer
from openline.session import EVENTS, FINAL_STATES, TABLE
from openline.updates import State

STATES: list[ChartState] = list(Chart.states)


def declared_rows() -> list[Transition]:
    return [row for events in TABLE.values() for rows in events.values() for row in rows]


def test_a_final_state_is_reachable_from_every_state() -> None:
    ends = {state.value for state in FINAL_STATES}
    while True:
        more = {
            row.source for row in declared_rows() if row.target in ends and row.source not in ends
        }
        if not more:
            break
        ends |= more
    assert ends == {state.id for state in STATES}


def test_a_judged_event_always_has_an_unguarded_row() -> None:
    """In a state with rows for a loss, the last row has no guard, so one always runs."""
    judged = {"socket_lost", "timed_out", "refused", "redirected", "give_up_due", "finish_due"}
    judged |= {"credential_ready", "credential_failed"}
    for state, events in TABLE.items():
        for event in judged & {*events}:
            assert events[event][-1].guard is None, (state, event)


def test_no_final_state_can_be_left() -> None:
    assert not any(row.source in {"closed", "failed"} for row in declared_rows())


def test_the_states_are_those_reported_to_the_app() -> None:
    assert [state.id for state in STATES] == [state.value for state in State]


def test_the_chart_sets_these_library_options() -> None:
    assert not Chart.allow_event_without_transition
    assert not Chart.catch_errors_as_events
    assert not Chart.enable_self_transition_entries
    assert Chart.atomic_configuration_update


def test_every_timer_has_a_scope_and_every_scope_is_contiguous() -> None:
    scopes = [range(*scope.indices(len(Timer))) for scope in SCOPES]
    assert [number for scope in scopes for number in scope] == list(Timer)


def test_every_timer_but_those_of_the_sender_fires_an_event_of_the_chart() -> None:
    assert {timer.fires for timer in Timer if timer.fires} <= EVENTS
    quiet = {timer for timer in Timer if timer.fires is None}
    assert quiet == {Timer.PACE, Timer.FILL, Timer.FLUSH, Timer.KEEPALIVE}


SCOPES = (SESSION_TIMERS, STATE_TIMERS, DIAL_TIMERS)
