"""The public calls of a session: accepted and refused input, and the order of its output."""

from __future__ import annotations

import math
from typing import Any

import pytest

from openline import events as e
from openline.backend import Backend
from openline.commands import (
    Report,
)
from openline.policy import Policy
from openline.session import LocalProtocolError, SessionMachine
from openline.updates import Ended, PartialRetracted, StateChanged
from tests.core.driver import FRAME, Drive
from tests.core.states import ALIVE, OVER, STATES, everything, in_state


@pytest.mark.parametrize("state", STATES)
def test_each_state_fixture_is_in_its_state(state: str) -> None:
    drive = in_state(state)
    assert drive.state == state
    assert drive.core.ended == (state in OVER)


# Public calls.


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"session_id": " "}, "^session_id: give a non-blank text"),
        ({"attempt_id": "x" * 257}, "^attempt_id: give a non-blank text of at most 256"),
        ({"sources": ()}, "sources"),
        ({"sources": ("mic", "mic")}, "sources"),
        ({"sources": ("cellar",)}, r"sources \['cellar'\]: give some of"),
        ({"policy": Policy(buffer_seconds=30)}, "buffer_seconds"),
    ],
)
def test_invalid_arguments_are_refused_at_once(options: dict[str, Any], complaint: str) -> None:
    given: dict[str, Any] = {"session_id": "s", "attempt_id": "a", "random": lambda: 0.5}
    with pytest.raises(ValueError, match=complaint):
        SessionMachine(Backend(), **(given | options))


def test_time_cannot_run_backwards() -> None:
    drive = Drive().stream()
    with pytest.raises(ValueError, match="time ran backwards"):
        drive.core.receive(e.Tick(), drive.now - 1)
    drive.core.next_message(drive.now - 1)  # a pull may use an earlier time
    drive.feed(e.Tick())


def test_a_new_session_has_no_deadline() -> None:
    drive = Drive()
    assert drive.core.next_deadline() is None
    assert drive.pull() is None
    assert drive.core.dial == 0
    assert drive.core.transcript == ()
    assert drive.core.backlog_seconds == 0


def test_the_due_timer_can_be_read() -> None:
    drive = Drive().stream()
    drive.audio(50)
    drive.pull()
    assert drive.core.backlog_seconds == 1.0
    drive.drain()
    drive.final(0, 0.5)
    assert drive.core.backlog_seconds == 0.5


def test_a_source_that_can_wait_may_query_the_room() -> None:
    drive = Drive().stream()
    assert drive.core.has_room("mic")
    drive.audio(2900)
    assert not drive.core.has_room("mic")


@pytest.mark.parametrize(
    ("state", "event", "complaint"),
    [
        *((state, e.OpenRequested(), f"open requested while {state}") for state in STATES[1:]),
        *((state, e.StopRequested(), f"stop requested while {state}") for state in OVER),
        *((state, e.AbortRequested(), f"abort requested while {state}") for state in OVER),
        *((state, e.AudioCaptured("mic", b"\0"), "odd number of bytes") for state in STATES),
        *((state, e.AudioCaptured("system", b""), "'system'") for state in STATES),
        *((state, e.CaptureHole("mic", -1), "-1 samples") for state in STATES),
        *((state, e.CaptureHole("system", 1), "'system'") for state in STATES),
        *((state, e.SourceStarted("system", 0), "'system'") for state in STATES),
        *((state, e.SourceFinished("system"), "'system'") for state in STATES),
        *((state, e.SourceFailed("system", "gone"), "'system'") for state in STATES),
        *((state, e.DeviceLost("system", "usb", "gone"), "'system'") for state in STATES),
        *((state, e.DeviceFound("system", "usb", "back"), "'system'") for state in STATES),
        *((state, e.SilenceHeard("system", 10), "'system'") for state in STATES),
        *((state, e.SilenceHeard("mic", math.inf), "inf s: give") for state in STATES),
    ],
)
def test_an_impossible_request_changes_nothing(state: str, event: e.Event, complaint: str) -> None:
    drive = in_state(state)
    before = everything(drive.session)
    with pytest.raises(LocalProtocolError, match=complaint):
        drive.feed(event, after=0.001)
    assert everything(drive.session) == before


LATE: list[e.Event] = [
    e.SocketOpened(1, "connection 1"),
    e.Redirected(1, 302, "/there"),
    e.MessageReceived(1, '{"type":"error"}'),
    e.PongReceived(1, b"1"),
    e.SocketLost(dial=1, code=1002),
    e.CredentialReady(1),
    e.CredentialFailed(1, fatal=True),
]


@pytest.mark.parametrize("event", LATE, ids=lambda event: type(event).__name__)
@pytest.mark.parametrize("state", ["connecting", "awaiting_ack", "streaming", "finishing"])
def test_an_event_of_an_earlier_dial_is_only_counted(state: str, event: e.Event) -> None:
    drive = in_state("reconnecting")
    drive.redial()
    if state != "connecting":
        drive.opened()
    if state in {"streaming", "finishing"}:
        drive.drain()
        drive.ack()
    if state == "finishing":
        drive.stop()
    assert drive.state == state
    session = drive.session
    session.counts["late"] += 1
    expected = everything(session)
    session.counts["late"] -= 1
    assert not drive.feed(event)
    assert everything(session) == expected


@pytest.mark.parametrize("state", ALIVE)
@pytest.mark.parametrize(
    "event",
    [e.SocketOpened(1, "another name"), e.Redirected(1, 302, "/there"), e.PongReceived(1, b"?")],
    ids=lambda event: type(event).__name__,
)
def test_an_event_without_a_row_does_not_change_the_state(state: str, event: e.Event) -> None:
    drive = in_state(state)
    if state == "connecting":
        return  # there each of them has a row
    commands = drive.feed(event)
    assert drive.state == state
    assert not commands
    if state == "streaming":
        drive.drain()
        drive.final(0, 0.5)
        assert drive.finals, "the connection still goes by its first name"


@pytest.mark.parametrize("state", OVER)
def test_after_the_end_nothing_is_reported_or_commanded(state: str) -> None:
    drive = in_state(state)
    events: list[e.Event] = [
        *LATE,
        e.Tick(),
        e.NetworkRestored(),
        e.AudioCaptured("mic", bytes(640)),
        e.CaptureHole("mic", 5),
        e.SourceStarted("mic", 0),
        e.SourceFailed("mic", "unplugged"),
        e.SourceFinished("mic"),
    ]
    for event in events:
        assert not drive.feed(event, after=100)
        assert drive.pull() is None
        assert drive.core.next_deadline() is None
    assert drive.state == state
    assert drive.core.statistics.refused_samples == FRAME


# Order.


@pytest.mark.parametrize("state", STATES[:-2])
def test_a_state_is_reported_before_its_effects_and_the_end_last(state: str) -> None:
    drive = in_state(state)
    drive.partial(0, 0.5)
    commands = drive.abort()
    assert isinstance(commands[0], Report)
    assert isinstance(commands[0].update, StateChanged)
    assert isinstance(commands[-1], Report)
    assert isinstance(commands[-1].update, Ended)
    assert drive.ended.reason == "aborted"
    assert drive.ended.state == "closed"


def test_a_whole_session_is_reported_in_order() -> None:
    drive = in_state("closed")
    assert drive.states == [
        *("authorizing", "connecting", "awaiting_ack", "streaming"),
        *("finishing", "closing", "closed"),
    ]


def test_a_loss_is_reported_before_its_partial_is_retracted() -> None:
    drive = Drive().stream()
    drive.audio(50)
    drive.drain()
    drive.partial(0, 0.5)
    commands = drive.lose()
    kinds = [type(c.update) for c in commands if isinstance(c, Report)]
    assert kinds == [StateChanged, PartialRetracted]
