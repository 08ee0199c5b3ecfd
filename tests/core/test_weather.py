"""Once a session has streamed a closed door is weather; before, it is a mistake of the caller."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline import events as e
from openline.audio.past import PastSource
from openline.backend import Backend
from openline.dialects.echopanel import EchoPanel
from openline.policy import Policy
from openline.reconnect.verdicts import Action, ErrorKind
from openline.session import SessionMachine
from openline.updates import StateChanged, Trouble
from tests.core.driver import Drive

#: What a router, a portal or an offline machine answers in place of the backend.
DOORS: list[dict[str, Any]] = [
    *({"status": status} for status in (200, 204, 400, 403, 404, 405, 410, 418, 426)),
    *(
        {"error": error}
        for error in (
            ErrorKind.DNS_NOT_FOUND,
            ErrorKind.TLS_CERTIFICATE,
            ErrorKind.TLS_DATES,
            ErrorKind.TLS_HOSTNAME,
        )
    ),
]
#: Where a redirect leads that is not followed.
ASTRAY = ["http://portal.example/login?token=1", "wss://localhost:9000/x", "ws://[x", " "]
FIRST_CONTACT: list[dict[str, Any]] = [
    {"status": 200},
    {"status": 206},
    {"error": ErrorKind.DNS_NOT_FOUND},
]


def lost_after_streaming(**policy: Any) -> Drive:
    """A session that has streamed, on its second dial."""
    drive = Drive(policy=Policy(**policy)).stream()
    drive.speak(1)
    drive.lose(1001)
    drive.redial()
    return drive


@pytest.mark.parametrize("door", DOORS, ids=str)
def test_a_closed_door_is_tried_again_until_it_opens(door: dict[str, Any]) -> None:
    drive = lost_after_streaming()
    for _ in range(10):  # more than any number of strikes
        drive.lose(**door)
        assert drive.last_change.action is Action.LATER
        assert drive.last_change.retry_in is not None
        assert 5 <= drive.last_change.retry_in <= 11
        drive.redial()
    drive.connect()
    assert drive.state == "streaming"


@pytest.mark.parametrize("door", DOORS, ids=str)
def test_a_door_that_stays_closed_ends_the_session_at_its_limit(door: dict[str, Any]) -> None:
    drive = lost_after_streaming(give_up_after=60)
    lost = drive.now
    while not drive.core.ended:
        drive.lose(**door)
        if not drive.core.ended:
            drive.redial()
    assert 58 <= drive.now - lost <= 60.1
    assert "too late" in drive.ended.reason


@pytest.mark.parametrize("location", ASTRAY)
def test_a_redirect_astray_is_weather_and_gets_no_dial(location: str) -> None:
    drive = lost_after_streaming()
    for _ in range(6):
        before = len(drive.dials)
        drive.feed(e.Redirected(drive.core.dial, 302, location))
        assert len(drive.dials) == before
        assert drive.last_change.action is Action.LATER
        drive.redial()
        assert drive.dials[-1].backend == Backend()


def test_endless_redirects_are_weather() -> None:
    drive = lost_after_streaming(max_redirects=2)
    for _ in range(3):
        drive.feed(e.Redirected(drive.core.dial, 302, "/round"))
    assert drive.last_change.action is Action.LATER
    drive.redial()
    drive.connect()
    assert drive.state == "streaming"


def test_a_restored_network_ends_weather_early_through_the_gate() -> None:
    drive = lost_after_streaming()
    drive.lose(status=404)
    drive.feed(e.NetworkRestored(), after=0.5)
    assert drive.state == "connecting"
    drive.lose(status=503)
    drive.feed(e.NetworkRestored())
    assert drive.state == "reconnecting", "a 503 is no weather"
    drive = lost_after_streaming(dials_per_minute=2)
    drive.lose(status=404)
    drive.feed(e.NetworkRestored(), after=0.5)
    assert drive.state == "reconnecting"
    drive.redial()
    assert drive.now == 100 + 61


def test_an_open_socket_alone_is_no_streaming() -> None:
    drive = Drive()
    drive.open()
    drive.opened()
    drive.lose(1001)
    drive.redial()
    drive.lose(status=404)
    assert drive.state == "failed"


def test_a_session_resumed_from_disk_has_not_streamed() -> None:
    core = SessionMachine(
        Backend(),
        session_id="s",
        attempt_id="a",
        random=lambda: 0.5,
        sources=("mic",),
        policy=Policy(),
        dialect=EchoPanel(),
        disk_seconds=60.0,
        past=(PastSource(source="mic", origin=0, confirmed=0, on_disk=((0, 16_000),)),),
    )
    core.receive(e.OpenRequested(), 0.0)
    core.receive(e.SourceFinished("mic"), 0.0)
    core.receive(e.SocketLost(dial=1, status=404), 0.1)
    assert core.state == "failed"


@pytest.mark.parametrize("door", FIRST_CONTACT, ids=str)
def test_a_first_contact_is_tried_again_for_fifteen_seconds(door: dict[str, Any]) -> None:
    drive = Drive()
    drive.open()
    opened = drive.now
    while not drive.core.ended:
        drive.lose(**door)
        if not drive.core.ended:
            assert drive.last_change.action is Action.RETRY
            drive.redial()
    assert drive.now == opened + 15
    assert len(drive.dials) > 4, "no strikes"
    assert drive.ended.action is Action.FATAL


def test_a_portals_redirect_is_a_first_contact_too() -> None:
    drive = Drive()
    drive.open()
    opened = drive.now
    while not drive.core.ended:
        drive.feed(e.Redirected(drive.core.dial, 302, "http://portal.example/"))
        if not drive.core.ended:
            drive.redial()
    assert drive.now == opened + 15
    assert all(dial.backend == Backend() for dial in drive.dials)
    assert "redirects_to" in drive.ended.reason


def test_a_first_contact_needs_no_time_if_the_policy_gives_none() -> None:
    drive = Drive(policy=Policy(first_contact=0))
    drive.open()
    drive.lose(error=ErrorKind.DNS_NOT_FOUND)
    assert drive.state == "failed"


def refreshed_after(status: int) -> Drive:
    """A session with a provider that has streamed, refused with ``status``, on the next dial."""
    drive = Drive(has_provider=True)
    drive.open()
    drive.feed(e.CredentialReady(1))
    drive.connect()
    drive.lose(1001)
    drive.redial()
    drive.lose(status=status)
    drive.feed(e.CredentialReady(2))
    assert drive.state == "connecting"
    return drive


def test_a_403_has_its_one_refresh_and_is_weather_then() -> None:
    drive = refreshed_after(403)
    for _ in range(5):
        drive.lose(status=403)
        assert drive.last_change.action is Action.LATER
        drive.redial()
        assert drive.state == "connecting"


def test_a_401_after_its_one_refresh_stays_fatal() -> None:
    drive = refreshed_after(401)
    drive.lose(status=401)
    assert drive.state == "failed"


def test_without_a_limit_an_outage_is_reported_each_five_minutes() -> None:
    drive = Drive(policy=Policy(give_up_after=None)).stream()
    drive.lose(1001)
    drive.redial()
    lost = drive.now
    while drive.now < lost + 3600:
        drive.lose(status=404)
        drive.redial()
    troubles = [each for each in drive.told(Trouble) if each.kind == "outage"]
    assert len(troubles) == 11
    assert troubles[0].text.startswith("no line for 5 minutes, and the client goes on dialling: ")


@given(st.lists(st.sampled_from([*DOORS, {"code": 1001}]), max_size=30), st.floats(0, 0.999))
def test_no_weather_ends_a_session_before_its_limit(
    doors: list[dict[str, Any]], random: float
) -> None:
    drive = Drive(policy=Policy(give_up_after=None), random=random).stream()
    drive.lose(1001)
    for door in doors:
        drive.redial()
        if "code" in door:
            drive.connect()
        drive.lose(**door)
        assert drive.state == "reconnecting"
    states = [each.state for each in drive.told(StateChanged)]
    assert "failed" not in states
