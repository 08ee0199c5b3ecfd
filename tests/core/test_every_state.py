"""Rules that are checked in every state in which they apply."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

from openline import events as e
from openline.commands import AbortSocket, CancelCredential
from openline.dialects.echopanel import TRAITS
from openline.policy import Policy
from openline.reconnect.retry import LAST_DIAL
from openline.reconnect.verdicts import Action
from openline.updates import BackendStatus, Insight, StateChanged
from tests.core.driver import Drive

#: The states of a session with a live first dial and undelivered audio.
ONE_TRY: Final = Policy(max_attempts=0, give_up_after=None)


def authorizing(drive: Drive) -> None:
    drive.open()


def connecting(drive: Drive) -> None:
    drive.open()
    if drive.state == "authorizing":
        drive.feed(e.CredentialReady(1))
    drive.audio(10)


def awaiting_ack(drive: Drive) -> None:
    connecting(drive)
    drive.opened()
    drive.drain()


def streaming(drive: Drive) -> None:
    awaiting_ack(drive)
    drive.ack()


def finishing(drive: Drive) -> None:
    streaming(drive)
    drive.stop()
    drive.drain()


Reach = Callable[[Drive], None]
OPEN: Final[list[Reach]] = [awaiting_ack, streaming, finishing]
ACKED: Final[list[Reach]] = [streaming, finishing]


def reached(reach: Reach, *, has_provider: bool = False, **options: Any) -> Drive:
    drive = Drive(has_provider=has_provider or reach is authorizing, **options)
    reach(drive)
    assert drive.state == reach.__name__
    return drive


# Messages of the backend.


@pytest.mark.parametrize("reach", ACKED)
@pytest.mark.parametrize("state", ["warning", "streaming", "no_asr_provider", "connected"])
def test_each_status_is_reported(reach: Reach, state: str) -> None:
    drive = reached(reach)
    drive.say("status", state=state, message="so it is")
    assert drive.told(BackendStatus)[-1] == BackendStatus(state=state, text="so it is")


@pytest.mark.parametrize("reach", OPEN)
def test_an_error_text_is_reported_and_explains_the_ending(reach: Reach) -> None:
    drive = reached(reach)
    drive.refuse("the cat sat on it")
    assert drive.told(BackendStatus)[-1].text == "the cat sat on it"
    drive.lose(1006)
    assert drive.last_change.reason.endswith("(the cat sat on it)")


@pytest.mark.parametrize("reach", ACKED)
def test_insights_of_the_backend_are_reported(reach: Reach) -> None:
    drive = reached(reach)
    drive.say("entities_update", people=["Ann"])
    assert len(drive.told(Insight)) == 1


# Endings of a dial.


@pytest.mark.parametrize("reach", OPEN)
def test_a_full_backend_is_tried_again_later(reach: Reach) -> None:
    drive = reached(reach)
    drive.refuse()
    assert (drive.state, drive.last_change.action) == ("reconnecting", Action.LATER)


@pytest.mark.parametrize("reach", [authorizing, connecting, *OPEN])
def test_without_retries_left_a_timeout_ends_the_session(reach: Reach) -> None:
    drive = reached(reach, policy=ONE_TRY)
    while not drive.core.ended:
        drive.tick()
        assert drive.state in {reach.__name__, "failed"}
    assert drive.ended.reason.startswith("gave up after 0 retries: ")
    let_go = CancelCredential(1) if reach is authorizing else AbortSocket(1)
    assert let_go in drive.commands


@pytest.mark.parametrize("reach", [connecting, *OPEN])
def test_without_retries_left_a_loss_ends_the_session(reach: Reach) -> None:
    drive = reached(reach, policy=ONE_TRY)
    drive.lose(1006)
    assert drive.ended.reason.startswith("gave up after 0 retries: ")
    assert drive.state == "failed"


@pytest.mark.parametrize("end", [Drive.lose, Drive.refuse, Drive.run_out])
def test_with_all_delivered_no_retry_is_needed(
    end: Callable[[Drive], object],
) -> None:
    drive = reached(streaming, policy=ONE_TRY)
    drive.drain()
    drive.partial(0, 0.1)
    drive.final(0, 0.2)
    drive.stop()
    drive.drain()
    end(drive)
    assert (drive.ended.state, drive.ended.complete) == ("closed", True)


@pytest.mark.parametrize("reach", [authorizing, connecting, awaiting_ack, finishing])
def test_the_finish_timeout_holds_in_every_state(reach: Reach) -> None:
    policy = Policy(
        give_up_after=None,
        auth_timeout=50,
        connect_timeout=50,
        ack_timeout=50,
        stall_timeout=50,
        proof_timeout=50,
        buffer_seconds=150,
    )
    drive = reached(reach, policy=policy, has_provider=True)
    drive.audio(10)
    drive.stop()
    while not drive.core.ended:
        drive.wait(1.0)
        if drive.state == "finishing":
            drive.say("entities_update")
    assert drive.ended.state == "failed"
    assert drive.ended.reason == "could not finish in time"


def test_the_last_dial_is_made_some_seconds_before_the_finish_deadline() -> None:
    drive = Drive(policy=Policy(give_up_after=None, finish_timeout=20), random=0.0)
    connecting(drive)
    drive.audio(15)
    drive.lose(status=503, retry_after=35.5)
    stopped, due = drive.now, drive.core.backlog_seconds
    drive.stop()
    assert drive.state == "reconnecting"
    drive.tick()
    assert drive.now == pytest.approx(stopped + 20 + due + TRAITS.horizon - LAST_DIAL)
    assert len(drive.dials) == 2
    drive.tick()
    assert drive.ended.state == "failed"
    assert drive.now == pytest.approx(stopped + 20 + due + TRAITS.horizon)
    assert drive.ended.reason.startswith("could not finish in time: ")


def test_with_all_delivered_a_late_retry_does_not_matter() -> None:
    drive = Drive(policy=Policy(give_up_after=None))
    drive.open()
    drive.lose(status=503, retry_after=200)
    drive.stop()
    assert (drive.ended.state, drive.ended.complete) == ("closed", True)


def test_a_stop_keeps_the_earlier_retry_of_a_hint() -> None:
    drive = Drive(policy=Policy(dials_per_minute=1, backoff_first=10, stable_after=120)).stream()
    for _ in range(58):
        drive.wait(1.0, pulling=False)
        drive.serve("mic")
    drive.audio()
    drive.lose()
    later = drive.core.next_deadline()
    drive.feed(e.NetworkRestored())
    sooner = drive.core.next_deadline()
    assert sooner is not None
    assert later is not None
    assert drive.now < sooner < later
    drive.stop()
    assert drive.state == "reconnecting"
    assert drive.core.next_deadline() == sooner


def test_the_last_dial_is_made_just_before_the_give_up_deadline() -> None:
    drive = Drive(policy=Policy(give_up_after=0.5), random=0.0)
    connecting(drive)
    drive.lose()
    assert drive.last_change.retry_in is not None
    assert 0 < 0.5 - drive.last_change.retry_in < 1e-9
    drive.tick()
    assert len(drive.dials) == 2
    dialled = drive.now
    drive.tick()
    assert drive.now == dialled + 10, "it has its own timeout"
    assert drive.ended.state == "failed"
    assert drive.ended.reason.startswith("gave up, a retry would come too late: ")
    assert len(drive.dials) == 2


def test_events_of_a_dial_after_its_redirect_are_late() -> None:
    drive = Drive(policy=Policy(dials_per_minute=1))
    drive.open()
    drive.feed(e.Redirected(1, 302, "/there"))
    assert drive.state == "reconnecting"
    drive.feed(e.MessageReceived(1, "?"))
    counts = drive.core.statistics
    assert (counts.late, counts.malformed) == (1, 0)


@pytest.mark.parametrize("late", [False, True])
def test_provider_requests_are_limited_by_the_retries(*, late: bool) -> None:
    drive = Drive(has_provider=True, policy=Policy(max_attempts=3, give_up_after=None))
    drive.open()
    while not drive.core.ended:
        if drive.state == "authorizing" and not late:
            drive.feed(e.CredentialFailed(len(drive.requests)))
        else:
            drive.tick()
    assert len(drive.requests) == 4
    assert not any(change.reason.endswith(")") for change in drive.told(StateChanged))
    assert drive.ended.reason.startswith("gave up after 3 retries: ")
