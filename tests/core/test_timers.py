"""The table of timers: each has an event, a scope, and the states that it runs in."""

from __future__ import annotations

import math

import pytest

from openline.machine.timers import (
    DIAL_TIMERS,
    OFF,
    RUNS,
    SESSION_TIMERS,
    STATE_TIMERS,
    Timer,
)
from openline.updates import State

ALL = list(Timer)
#: The design's table of states, and its rules on the timers of the dial and the session.
OF_STATE = {
    "idle": set[str](),
    "authorizing": {"AUTH"},
    "connecting": {"CONNECT"},
    "awaiting_ack": {"SETTLE", "ACK"},
    "streaming": {"STABLE", "ROTATE"},
    "draining": {"DRAIN", "CLOSE"},
    "reconnecting": {"RETRY"},
    "finishing": set[str](),
    "closing": {"CLOSE"},
    "closed": set[str](),
    "failed": set[str](),
}
SENDING = {"PACE", "FILL", "FLUSH", "KEEPALIVE"}
DIAL = {"PING", "PONG", "SEND", "STALL", "PROOF", *SENDING}
#: Of a dial too, but it runs only while words are waited for.
AT_THE_END = {"QUIET"}
SESSION = {"FINISH", "GIVE_UP", "SOURCE"}


def test_a_timer_that_is_off_is_never_due() -> None:
    assert math.isinf(OFF)
    assert OFF > 0


def test_deadlines_are_indexed_by_the_timers() -> None:
    assert [int(timer) for timer in ALL] == list(range(len(ALL)))


def test_the_scopes_share_out_all_timers() -> None:
    assert ALL[SESSION_TIMERS] + ALL[STATE_TIMERS] + ALL[DIAL_TIMERS] == ALL
    assert {timer.name for timer in ALL[SESSION_TIMERS]} == SESSION
    assert {timer.name for timer in ALL[DIAL_TIMERS]} == DIAL | AT_THE_END


def test_every_timer_fires_an_event_except_those_that_let_the_sender_look_again() -> None:
    assert {timer.name for timer in Timer if timer.fires is None} == SENDING


def test_timers_of_dials_and_requests_fire_the_timeout() -> None:
    ending = [timer for timer in Timer if timer.error is not None]
    assert {timer.fires for timer in ending} == {"timed_out"}
    assert len({timer.error for timer in ending}) == len(ending)
    others = [timer for timer in Timer if timer.fires == "timed_out" and timer.error is None]
    assert others == [Timer.CLOSE], "the closing handshake is given up, nothing is judged"


@pytest.mark.parametrize("state", State)
def test_a_state_runs_its_own_the_dials_and_the_sessions_timers(state: State) -> None:
    runs = {timer.name for timer in RUNS[state]}
    assert len(runs) == len(RUNS[state])
    assert runs & {timer.name for timer in ALL[STATE_TIMERS]} == OF_STATE[state]
    lines = {State.STREAMING, State.DRAINING, State.FINISHING}
    dial = DIAL if state in lines else set[str]()
    assert runs & DIAL == dial
    assert bool(runs & AT_THE_END) is (state is State.FINISHING)
    judged = {State.AUTHORIZING, State.CONNECTING, State.AWAITING_ACK, State.RECONNECTING}
    assert ("GIVE_UP" in runs) is (state in judged)
    assert ("SOURCE" in runs) is (state in {*judged, State.STREAMING, State.DRAINING})
    assert ("FINISH" in runs) is (state in {*judged, State.DRAINING, State.FINISHING})


@pytest.mark.parametrize("state", set(State) - {State.IDLE, State.CLOSED, State.FAILED})
def test_silence_always_ends(state: State) -> None:
    assert RUNS[state]


def test_the_session_outranks_the_state_and_the_state_the_dial() -> None:
    assert Timer.FINISH < Timer.GIVE_UP < min(ALL[STATE_TIMERS])
    assert max(ALL[STATE_TIMERS]) < min(ALL[DIAL_TIMERS])
