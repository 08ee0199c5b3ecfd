"""The rules of the credential: when it is requested, how often, and when it is too late."""

from __future__ import annotations

import math
from typing import Any

import pytest

from openline import events as e
from openline.backend import Backend
from openline.commands import (
    CancelCredential,
    OpenSocket,
    Report,
    RequestCredential,
)
from openline.policy import Policy
from openline.session import LocalProtocolError
from tests.core.driver import Drive
from tests.core.states import PATIENT, reauthorized


def test_a_provider_is_asked_before_the_first_dial_and_not_again() -> None:
    drive = Drive(has_provider=True)
    assert drive.open()[1:] == [RequestCredential(1, fresh=False)]
    drive.feed(e.CredentialReady(1), after=1)
    drive.connect()
    drive.lose()
    drive.redial()
    assert len(drive.requests) == 1
    assert drive.core.dial == 2


def test_a_credential_may_say_where_it_is_good() -> None:
    home = Backend("a.example", redirects_to=("wss://b.example",))
    there, later = Backend("c.example"), Backend("d.example", query="s=1")
    drive = Drive(backend=home, has_provider=True)
    drive.open()
    drive.feed(e.CredentialReady(1, due_at=drive.now, backend=there))
    drive.lose()
    drive.redial_or_ask()
    drive.feed(e.CredentialReady(2, due_at=drive.now))
    drive.lose()
    drive.redial_or_ask()
    drive.feed(e.CredentialReady(3, backend=later))
    assert [dial.backend for dial in drive.dials] == [there, there, later]


def test_a_place_of_a_credential_ends_a_redirect() -> None:
    home = Backend("a.example", redirects_to=("wss://b.example",))
    drive = Drive(backend=home, has_provider=True)
    drive.open()
    drive.feed(e.CredentialReady(1, due_at=drive.now))
    drive.feed(e.Redirected(1, 302, "wss://b.example/"))
    assert not drive.dials[-1].with_credential
    drive.lose()
    drive.redial_or_ask()
    drive.feed(e.CredentialReady(2, backend=Backend("c.example")))
    assert drive.dials[-1] == OpenSocket(3, Backend("c.example"), True)


def test_a_provider_that_does_not_answer_is_asked_again_later() -> None:
    drive = Drive(has_provider=True)
    drive.open()
    asked = drive.now
    drive.tick()
    assert drive.now == asked + 30
    assert drive.state == "reconnecting"
    assert CancelCredential(1) in drive.commands
    assert not drive.feed(e.CredentialReady(1)), "too late"
    drive.tick()
    assert drive.requests[-1] == RequestCredential(2, fresh=False)


def test_a_provider_is_asked_again_unless_its_failure_is_fatal() -> None:
    drive = Drive(has_provider=True)
    drive.open()
    failed = drive.feed(e.CredentialFailed(1, detail="no network"))
    assert drive.state == "reconnecting"
    assert "no network" in drive.last_change.reason
    drive.tick()
    gave_up = drive.feed(e.CredentialFailed(2, fatal=True))
    assert drive.state == "failed"
    assert drive.ended.reason == "the provider reports that it has no credential"
    assert {type(command) for command in failed + gave_up} == {Report}, "it asks no more already"
    assert not drive.dials


def test_an_invalid_credential_ends_the_session_with_its_reason() -> None:
    drive = Drive(has_provider=True)
    drive.open()
    drive.feed(e.CredentialFailed(1, detail="it returned int, not a str", unusable=True))
    assert drive.ended.state == "failed"
    assert drive.ended.action == "fatal"
    assert drive.ended.reason == (
        "the credential provider gave something that cannot be a token (it returned int, not a str)"
    )
    assert not drive.ended.complete


def test_the_fresh_credential_is_used_up_when_it_arrives() -> None:
    drive = Drive(has_provider=True, policy=PATIENT)
    drive.open()
    reauthorized(drive)
    drive.connect()
    drive.lose(1008)
    assert drive.requests[-1] == RequestCredential(2, fresh=True)
    drive.feed(e.CredentialFailed(2))  # the credential never arrived
    drive.redial_or_ask()
    reauthorized(drive)
    drive.connect()
    drive.lose(1008)
    assert drive.state == "failed"
    assert "a fresh credential was refused too" in drive.ended.reason


def test_a_stable_line_allows_a_fresh_credential_again() -> None:
    drive = Drive(has_provider=True)
    drive.open()
    reauthorized(drive)
    for asked in (2, 3, 4):
        drive.connect()
        drive.wait(4)
        drive.say("metrics", source="mic")
        drive.wait(4)
        drive.say("metrics", source="mic")
        drive.wait(2)
        drive.lose(1008)
        assert drive.requests[-1] == RequestCredential(asked, fresh=True)
        reauthorized(drive)


def ready(drive: Drive, *, due_in: float | None = None, unchanged: bool = False) -> None:
    """The provider answers the last request, with a credential that is due after ``due_in``."""
    due_at = None if due_in is None else drive.now + due_in
    drive.feed(e.CredentialReady(len(drive.requests), due_at, unchanged))


def test_a_credential_that_is_due_is_renewed_before_the_next_dial() -> None:
    drive = Drive(has_provider=True)
    drive.open()
    ready(drive, due_in=20)
    drive.connect()
    drive.lose()
    drive.redial()
    assert len(drive.requests) == 1, "not due yet"
    drive.connect()
    drive.wait(20, pulling=False)
    drive.lose()
    drive.redial_or_ask()
    assert drive.requests[-1] == RequestCredential(2, fresh=False)
    ready(drive)
    assert drive.state == "connecting"


def test_a_credential_for_one_dial_is_renewed_before_each() -> None:
    drive = Drive(has_provider=True, policy=PATIENT)
    drive.open()
    for number in range(1, 5):
        assert drive.requests[-1] == RequestCredential(number, fresh=False)
        ready(drive, due_in=0)
        assert len(drive.dials) == number
        drive.lose()
        drive.redial_or_ask()


def test_a_credential_that_was_due_leaves_the_right_to_a_fresh_one() -> None:
    drive = Drive(has_provider=True)
    drive.open()
    ready(drive, due_in=0)
    drive.lose()
    drive.redial_or_ask()
    ready(drive, due_in=0)
    drive.connect()
    drive.lose(1008)
    assert drive.requests[-1] == RequestCredential(3, fresh=True)
    ready(drive, due_in=0)
    drive.connect()
    drive.lose(1008)
    assert drive.state == "failed"
    assert "a fresh credential was refused too" in drive.ended.reason


def test_a_due_request_costs_no_place_at_the_gate_but_a_failed_one_does() -> None:
    drive = Drive(has_provider=True, policy=Policy(dials_per_minute=3, give_up_after=None))
    drive.open()  # the first request
    ready(drive, due_in=0)  # the first dial
    drive.lose()
    drive.redial_or_ask()
    ready(drive, due_in=0)  # the second dial, and the gate is full
    assert drive.state == "connecting"
    opened = drive.now
    drive.lose()
    drive.redial_or_ask()
    assert drive.now > opened + 50
    drive.feed(e.CredentialFailed(3))  # not counted
    drive.redial_or_ask()  # counted
    ready(drive)
    assert drive.state == "connecting"
    drive.lose()
    drive.tick()
    assert drive.state == "connecting"


def test_a_late_answer_makes_no_credential_due() -> None:
    drive = Drive(has_provider=True)
    drive.open()
    ready(drive)
    ready(drive, due_in=0)
    drive.connect()
    drive.lose()
    drive.redial()
    assert len(drive.requests) == 1


def test_a_credential_cannot_be_due_at_no_time() -> None:
    drive = Drive(has_provider=True)
    drive.open()
    with pytest.raises(LocalProtocolError, match="due at nan"):
        drive.feed(e.CredentialReady(1, math.nan))


@pytest.mark.parametrize("unchanged", [True, False])
def test_the_reason_tells_a_refused_credential_that_came_again(*, unchanged: bool) -> None:
    drive = Drive(has_provider=True)
    drive.open()
    ready(drive)
    drive.connect()
    drive.lose(1008)
    ready(drive, unchanged=unchanged)
    drive.connect()
    drive.lose(1008)
    assert drive.state == "failed"
    assert ("gave the refused token again" in drive.ended.reason) is unchanged


def test_without_a_provider_a_refused_token_ends_the_session() -> None:
    drive = Drive().stream()
    drive.lose(1008)
    assert drive.state == "failed"
    assert "no provider" in drive.ended.reason


def test_a_credential_that_arrives_at_a_shut_gate_waits() -> None:
    drive = Drive(has_provider=True, policy=Policy(dials_per_minute=1))
    drive.open()
    asked = drive.now
    reauthorized(drive)
    assert drive.state == "reconnecting"
    drive.tick()
    assert drive.now == asked + 61
    assert drive.state == "connecting"
    assert len(drive.requests) == 1


def shut_gate(how: str, **policy: Any) -> Drive:
    """A session whose next dial finds the gate shut, one second after its first loss."""
    asks = how == "credential"
    dials = 3 if asks else 2  # a request counts at the gate too
    drive = Drive(
        has_provider=asks,
        policy=Policy(dials_per_minute=dials, start_delay=0, **policy),
        random=lambda: 0.999,
    )
    drive.open()
    if asks:
        reauthorized(drive)
        drive.opened(after=0)
        drive.audio(50)
        drive.lose(1008)  # a fresh credential is requested at once
    else:
        drive.audio(50)
        drive.lose()
        drive.redial()
    return drive


def pass_gate(drive: Drive, how: str) -> None:
    if how == "credential":
        reauthorized(drive)
    else:
        drive.feed(e.Redirected(drive.core.dial, 302, "/there"))


@pytest.mark.parametrize("how", ["credential", "redirect"])
def test_no_wait_for_a_gate_that_opens_after_giving_up(how: str) -> None:
    drive = shut_gate(how, give_up_after=30)
    pass_gate(drive, how)
    assert drive.state == "failed"
    assert drive.ended.reason == (
        "gave up, a retry would come too late: waiting, so as not to dial too often"
    )


@pytest.mark.parametrize("how", ["credential", "redirect"])
def test_no_wait_for_a_gate_that_opens_after_the_finish(how: str) -> None:
    drive = shut_gate(how, give_up_after=None)
    drive.stop()
    pass_gate(drive, how)
    assert drive.state == "failed"
    assert drive.ended.reason == ("could not finish in time: waiting, so as not to dial too often")


@pytest.mark.parametrize("how", ["credential", "redirect"])
def test_the_dial_waits_for_a_gate_that_opens_in_time(how: str) -> None:
    drive = shut_gate(how, give_up_after=70, finish_timeout=70)
    drive.stop()
    pass_gate(drive, how)
    assert drive.state == "reconnecting"
    dials = len(drive.dials)
    drive.tick()
    assert len(drive.dials) == dials + 1
