"""The rules of dialling: one socket at a time, how it opens, which redirects are followed."""

from __future__ import annotations

import pytest

from openline import events as e
from openline.backend import Backend
from openline.commands import (
    AbortSocket,
    OpenSocket,
)
from openline.policy import Policy
from openline.reconnect.verdicts import Action
from tests.core.driver import Drive

# Dials.


def test_a_dial_answers_a_request_to_open() -> None:
    drive = Drive()
    assert drive.open()[1:] == [OpenSocket(1, Backend(), with_credential=True)]
    assert drive.core.dial == 1


@pytest.mark.parametrize(
    ("opened_after", "start_after"), [(0.0, 0.2), (0.05, 0.2), (0.2, 0.2), (0.3, 0.3)]
)
def test_the_start_is_sent_no_earlier_than_its_delay(
    opened_after: float, start_after: float
) -> None:
    drive = Drive()
    drive.open()
    dialled = drive.now
    drive.opened(after=opened_after)
    if opened_after < start_after:
        assert drive.pull() is None
        drive.tick()
    assert drive.now == pytest.approx(dialled + start_after)
    assert len(drive.drain()) == 1
    assert drive.texts == [(1, "start")]


def test_the_ack_timeout_runs_from_the_due_start() -> None:
    drive = Drive()
    drive.open()
    drive.opened(after=0.1)
    drive.tick()
    due = drive.now
    drive.drain()
    drive.tick()
    assert drive.now == due + 8
    assert drive.state == "reconnecting"
    assert "acknowledge" in drive.last_change.reason
    assert AbortSocket(1) in drive.commands


def test_an_ack_before_the_start_is_ignored() -> None:
    drive = Drive()
    drive.open()
    drive.opened(after=0.1)
    assert not drive.ack()
    assert drive.state == "awaiting_ack"
    assert drive.core.statistics.late == 1
    drive.tick()
    drive.drain()
    drive.ack()
    assert drive.state == "streaming"


@pytest.mark.parametrize(
    "state",
    ["streaming", "backpressure", "buffering", "overloaded", "warning", "no_asr_provider"],
)
def test_these_states_of_the_backend_are_an_ack(state: str) -> None:
    drive = Drive()
    drive.open()
    drive.opened()
    drive.drain()
    drive.ack(state)
    assert drive.state == "streaming"


def test_connected_is_no_ack() -> None:
    drive = Drive()
    drive.open()
    drive.opened()
    drive.drain()
    drive.ack("connected")
    assert drive.state == "awaiting_ack"


def test_a_socket_that_does_not_open_is_given_up_in_time() -> None:
    drive = Drive()
    drive.open()
    dialled = drive.now
    drive.tick()
    assert drive.now == dialled + 10
    assert drive.state == "reconnecting"
    assert AbortSocket(1) in drive.commands


# Redirects.


def test_a_redirect_is_followed_at_once_within_the_same_time() -> None:
    drive = Drive()
    drive.open()
    dialled = drive.now
    assert drive.feed(e.Redirected(1, 307, "/there?x=1"), after=4) == [
        OpenSocket(2, Backend(path="/there", query="x=1", secure=False), with_credential=True)
    ]
    assert drive.core.next_deadline() == dialled + 10
    drive.connect()
    assert drive.state == "streaming"
    drive.lose()
    drive.redial()
    assert drive.dials[-1].backend == Backend(), "a new try begins where the app said"


def test_a_credential_does_not_follow_to_another_origin_nor_come_back() -> None:
    drive = Drive(backend=Backend(redirects_to=("ws://localhost:9000",)))
    home = drive.session.target.address
    drive.open()
    drive.feed(e.Redirected(1, 302, "ws://localhost:9000/x"))
    drive.feed(e.Redirected(2, 302, f"ws://{home}/y"))
    assert [dial.with_credential for dial in drive.dials] == [True, False, False]
    drive.lose()
    drive.redial()
    assert drive.dials[-1].with_credential


@pytest.mark.parametrize("location", ["ws://a.example/x", "http://a.example", "http://[x", ""])
def test_an_unsafe_redirect_ends_the_session(location: str) -> None:
    drive = Drive(backend=Backend(host="a.example"))
    drive.open()
    drive.feed(e.Redirected(1, 302, location))
    assert drive.state == "failed"
    assert "not safe" in drive.ended.reason
    assert drive.ended.action is Action.FATAL


def test_too_many_redirects_end_the_session() -> None:
    drive = Drive(policy=Policy(max_redirects=3))
    drive.open()
    for dial in (1, 2, 3):
        drive.feed(e.Redirected(dial, 302, "/round"))
        assert drive.state == "connecting"
    drive.feed(e.Redirected(4, 302, "/round"))
    assert drive.state == "failed"
    assert "redirects without end" in drive.ended.reason


def test_a_redirect_waits_for_the_gate() -> None:
    home = Backend(redirects_to=("ws://localhost:9000",))
    drive = Drive(policy=Policy(dials_per_minute=2), backend=home)
    drive.open()
    first = drive.now
    drive.feed(e.Redirected(1, 302, "/one"))
    drive.feed(e.Redirected(2, 302, "ws://localhost:9000/two"))
    assert drive.state == "reconnecting"
    drive.tick()
    assert drive.now == first + 61
    assert drive.dials[-1].backend.path == "/two"
    assert not drive.dials[-1].with_credential
