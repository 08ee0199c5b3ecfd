"""The rules of liveness: pings, network hints, and an end for every silence."""

from __future__ import annotations

from itertools import pairwise

import pytest

from openline import events as e
from openline.commands import (
    AbortSocket,
    CloseSocket,
    SendPing,
)
from openline.policy import Policy
from openline.updates import Resumed, State, StateChanged
from tests.core.driver import Drive
from tests.core.renewing import Renewing
from tests.core.states import ALIVE, in_state

# Liveness.


def test_a_ping_is_sent_at_least_every_five_seconds() -> None:
    drive = Drive().stream()
    asked: list[float] = []
    for _ in range(4):
        drive.tick()
        [ping] = drive.drain()
        assert isinstance(ping, SendPing)
        asked.append(drive.now)
        drive.feed(e.PongReceived(1, ping.mark), after=0.1)
    assert all(later - earlier <= 5 for earlier, later in pairwise(asked))


@pytest.mark.parametrize(
    "event",
    [
        e.PongReceived(1, b"1"),
        e.PongReceived(1, b"never sent"),
        e.MessageReceived(1, '{"type":"metrics","source":"mic"}'),
        e.MessageReceived(1, '{"type":"who knows"}'),
        e.MessageReceived(1, b"binary"),
        e.MessageReceived(1, '{"type":"asr_final","connection_id":"foreign"}'),
    ],
)
def test_any_frame_that_arrives_is_a_sign_of_life(event: e.Event) -> None:
    drive = Drive().stream()
    acked = drive.now
    drive.wait(9.9)
    drive.feed(event)
    drive.wait(4.5)
    assert drive.state == "streaming"
    drive.wait(acked + 15.05 - drive.now)
    assert drive.state == "reconnecting", "the next ping was not answered"


def test_a_pong_that_is_delivered_late_beats_its_deadline() -> None:
    drive = Drive().stream()
    drive.wait(9)
    drive.feed(e.PongReceived(1, b"1"), after=100)
    assert drive.state == "streaming"


def test_a_missing_pong_is_detected_even_if_no_ping_was_sent() -> None:
    drive = Drive().stream()
    drive.wait(10, pulling=False)
    assert drive.state == "reconnecting"


@pytest.mark.parametrize(("patience", "wait"), [(None, 2.0), (20.0, 20.0)])
def test_a_dialect_says_how_long_a_pong_may_take(patience: float | None, wait: float) -> None:
    """A server that decodes in the thread that answers is late, and lives."""
    policy = Policy(ping_interval=5, pong_timeout=2)
    dialect = Renewing(longest=None, pong_patience=patience)
    drive = Drive(policy=policy, dialect=dialect).stream()
    drive.wait(5 + wait - 0.01)
    assert drive.state == "streaming"
    drive.wait(0.01)
    assert drive.state == "reconnecting"


def test_a_missing_pong_is_detected_after_a_stop() -> None:
    drive = Drive().stream()
    acked = drive.now
    drive.audio(5)
    drive.wait(7)
    drive.stop()
    drive.wait(3)
    assert drive.state == "reconnecting"
    assert drive.now == acked + 10
    assert AbortSocket(1) in drive.commands
    assert not any(isinstance(command, CloseSocket) for command in drive.commands)


def test_a_backend_that_neither_drains_nor_sends_is_lost() -> None:
    drive = Drive().stream()
    drive.audio(200)
    drive.serve()
    shut = drive.now
    for _ in range(14):  # it answers pings and repeats the same metrics for ever
        drive.wait(1)
        drive.figures(backlog=2.0)
        drive.serve()
    assert drive.state == "streaming"
    drive.wait(1)
    assert drive.state == "reconnecting"
    assert drive.now == pytest.approx(shut + 15)
    assert "neither drained nor sent anything" in drive.last_change.reason


# Hints.


def test_a_restored_network_ends_a_wait() -> None:
    drive = Drive().stream()
    drive.lose()
    drive.feed(e.NetworkRestored())
    assert drive.state == "connecting"
    assert len(drive.dials) == 2


def test_a_restored_network_does_not_open_the_gate() -> None:
    drive = Drive(policy=Policy(dials_per_minute=2))
    drive.open()
    first = drive.now
    drive.lose()
    drive.feed(e.NetworkRestored())
    drive.lose()
    drive.feed(e.NetworkRestored())
    assert drive.state == "reconnecting"
    drive.tick()
    assert drive.now == first + 61


@pytest.mark.parametrize(("status", "helps"), [(503, False), (429, False), (200, True)])
def test_a_restored_network_ends_only_delays_of_the_network(status: int, helps: bool) -> None:
    drive = Drive()
    drive.open()
    drive.lose(status=status)
    drive.feed(e.NetworkRestored())
    assert drive.state == ("connecting" if helps else "reconnecting")


@pytest.mark.parametrize("state", ["streaming", "finishing"])
def test_a_restored_network_pings_the_live_line(state: str) -> None:
    drive = in_state(state)
    drive.serve("mic")
    drive.feed(e.NetworkRestored(), after=1)
    asked = drive.now
    assert isinstance(drive.pull(), SendPing)
    drive.wait(5)
    assert drive.state == "reconnecting"
    assert drive.now == asked + 5


@pytest.mark.parametrize("state", ["idle", "authorizing", "connecting", "awaiting_ack", "closing"])
def test_a_restored_network_changes_nothing_elsewhere(state: str) -> None:
    drive = in_state(state)
    deadline = drive.core.next_deadline()
    assert not drive.feed(e.NetworkRestored())
    assert drive.state == state
    assert drive.core.next_deadline() == deadline


# Silence always ends.


@pytest.mark.parametrize("state", ALIVE)
@pytest.mark.parametrize("pulling", [True, False])
def test_in_silence_every_session_ends(state: str, pulling: bool) -> None:
    drive = in_state(state, Policy())
    for _ in range(1000):
        if drive.core.ended:
            return
        drive.tick()
        if pulling:
            drive.drain()
    pytest.fail("silence does not end it")


def test_a_sleep_of_hours_is_one_loss() -> None:
    drive = Drive().stream()
    drive.wait(5)
    drive.feed(e.Tick(), after=10_000)
    assert [each.gap for each in drive.told(Resumed)] == [pytest.approx(10_000 - 5, abs=6)]
    assert drive.state == "streaming"  # what lies ready may show that the line holds
    drive.wait(10)  # no pong was there
    assert [change.state for change in drive.told(StateChanged)].count(State.RECONNECTING) == 1
