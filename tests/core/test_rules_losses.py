"""The rules of a lost line: one judgement, the delay before the next dial, giving up."""

from __future__ import annotations

from typing import Any

import pytest

from openline.commands import (
    AbortSocket,
    CancelCredential,
    Report,
)
from openline.policy import Policy
from openline.reconnect.verdicts import ErrorKind
from openline.updates import StateChanged
from tests.core.driver import Drive
from tests.core.states import PATIENT, reauthorized

# One loss, one judgement.


def test_a_refusal_is_judged_on_arrival_and_the_socket_aborted() -> None:
    drive = Drive().stream()
    commands = drive.refuse()
    assert [type(command) for command in commands] == [Report, AbortSocket]
    assert drive.state == "reconnecting"
    assert not drive.lose(1000), "the close that follows is late"


def test_an_unknown_error_explains_the_ending_that_follows() -> None:
    drive = Drive().stream()
    drive.refuse("the cellar is flooded")
    drive.lose(1000)
    assert "the cellar is flooded" in drive.last_change.reason


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("status", {"state": "streaming"}),
        ("status", {"state": "connected"}),
        ("asr_partial", {"text": "x", "t0": 0, "t1": 0.1}),
        ("metrics", {"source": "mic"}),
        ("cards_update", {}),
    ],
)
def test_a_normal_message_clears_an_error(kind: str, fields: dict[str, Any]) -> None:
    drive = Drive().stream()
    drive.audio(10)
    drive.drain()
    drive.refuse("the cellar is flooded")
    drive.say(kind, **fields)
    drive.lose(1000)
    assert "cellar" not in drive.last_change.reason


def test_an_error_before_the_ack_is_text_too() -> None:
    drive = Drive()
    drive.open()
    drive.opened()
    drive.refuse("odd")
    assert drive.state == "awaiting_ack"
    drive.lose(reason="said the close", code=1000)
    assert "said the close" in drive.last_change.reason


def test_a_fourth_strike_ends_it_and_other_losses_clear_none() -> None:
    drive = Drive(policy=PATIENT)
    drive.open()
    for _ in range(3):
        drive.lose(error=ErrorKind.OS_OTHER)
        drive.redial()
        drive.lose(error=ErrorKind.REFUSED)
        drive.redial()
    drive.lose(error=ErrorKind.OS_OTHER)
    assert drive.state == "failed"
    assert "that makes 4 unknown endings" in drive.ended.reason


# Backoff.


def waits(drive: Drive) -> list[float]:
    return [c.retry_in for c in drive.told(StateChanged) if c.retry_in is not None]


def test_after_a_stable_line_the_first_try_goes_out_at_once() -> None:
    drive = Drive(random=0.999).stream()
    drive.speak(10.1)
    drive.lose()
    drive.redial()
    drive.lose()
    assert waits(drive) == pytest.approx([0.25, 1.0], rel=0.01)


def test_the_first_retry_after_a_restart_is_spread() -> None:
    drive = Drive(random=0.999).stream()
    drive.speak(10.1)
    drive.lose(1012)
    assert waits(drive) == pytest.approx([5.0], rel=0.01)


def test_words_do_not_make_a_line_stable() -> None:
    drive = Drive(random=0.999)
    drive.open()
    for _ in range(3):
        drive.connect()
        drive.audio(10)
        drive.drain()
        drive.final(0, 0.2)
        drive.lose()
        drive.redial()
    assert waits(drive) == pytest.approx([1, 2, 4], rel=0.01)


def test_a_retry_after_is_followed_and_capped() -> None:
    drive = Drive(policy=PATIENT, random=0.5)
    drive.open()
    drive.lose(status=503, retry_after=40.0)
    drive.redial()
    drive.lose(status=503, retry_after=4000.0)
    assert waits(drive) == [50.0, 375.0]  # spread over half of what was asked


# Giving up.


@pytest.mark.parametrize("attempts", [0, 1, 3])
def test_no_more_attempts_than_allowed(attempts: int) -> None:
    drive = Drive(policy=Policy(max_attempts=attempts))
    drive.open()
    for _ in range(attempts):
        drive.lose()
        drive.redial()
    drive.lose()
    assert drive.state == "failed"
    assert (
        f"gave up after {attempts} {'retry' if attempts == 1 else 'retries'}:" in drive.ended.reason
    )
    assert len(drive.dials) == attempts + 1


def test_progress_resets_attempts_and_patience() -> None:
    drive = Drive(policy=Policy(max_attempts=1, give_up_after=20))
    drive.open()
    for _ in range(10):
        drive.connect()
        drive.audio(10)
        drive.drain()
        drive.wait(3)
        drive.final(0, 0.2)
        drive.lose()
        assert drive.state == "reconnecting"
        drive.redial()
    drive.lose()
    assert drive.state == "failed"


@pytest.mark.parametrize("where", ["connecting", "awaiting_ack", "authorizing"])
def test_the_session_gives_up_at_its_deadline(where: str) -> None:
    drive = Drive(policy=Policy(give_up_after=3), has_provider=where == "authorizing")
    drive.open()
    if where == "authorizing":
        reauthorized(drive)
    drive.lose(*([1008] if where == "authorizing" else []))
    lost = drive.now
    if where != "authorizing":
        drive.redial()
    if where == "awaiting_ack":
        drive.opened()
    assert drive.state == where
    drive.tick()
    assert drive.state == "failed"
    assert drive.now == lost + 3
    assert "gave up in time" in drive.ended.reason
    stopped = AbortSocket(2) if where != "authorizing" else CancelCredential(2)
    assert stopped in drive.commands


def test_a_retry_after_giving_up_is_made_at_the_last_instant() -> None:
    drive = Drive(policy=Policy(give_up_after=3))
    drive.open()
    drive.lose(status=429)
    assert drive.last_change.retry_in == pytest.approx(3)
    drive.redial()
    drive.lose(status=429)
    assert drive.state == "failed"
    assert "too late" in drive.ended.reason


def test_giving_up_spares_a_streaming_line_until_its_loss() -> None:
    drive = Drive(policy=Policy(give_up_after=5, stable_after=60))
    drive.open()
    drive.lose()
    drive.redial()
    drive.connect()
    drive.speak(20)
    assert drive.state == "streaming"
    drive.lose()
    assert drive.state == "failed"


def test_a_stable_line_clears_the_give_up_deadline() -> None:
    drive = Drive(policy=Policy(give_up_after=5))
    drive.open()
    drive.lose()
    drive.redial()
    drive.connect()
    drive.speak(20)
    drive.lose()
    assert drive.state == "reconnecting"
