"""The rules of stopping: a stop wins every race."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from openline import events as e
from openline.commands import (
    AbortSocket,
    CancelCredential,
    Command,
    Report,
)
from openline.dialects.echopanel import TRAITS
from openline.policy import Policy
from openline.reconnect.retry import LAST_DIAL
from openline.reconnect.verdicts import ErrorKind
from tests.core.driver import FRAME, Drive
from tests.core.states import ALIVE, everything, in_state, reauthorized


@pytest.mark.parametrize("state", ["authorizing", "connecting", "awaiting_ack", "reconnecting"])
def test_a_stop_without_audio_or_line_ends_the_session(state: str) -> None:
    drive = Drive(has_provider=state == "authorizing")
    drive.open()
    if state == "awaiting_ack":
        drive.opened()
    if state == "reconnecting":
        drive.lose()
    assert drive.state == state
    commands = drive.stop()
    assert drive.state == "closed"
    assert drive.ended.complete
    assert drive.ended.reason == "finished"
    ending: dict[str, list[Command]] = {
        "authorizing": [CancelCredential(1)],
        "connecting": [AbortSocket(1)],
        "awaiting_ack": [AbortSocket(1)],
        "reconnecting": [],
    }
    assert [command for command in commands if not isinstance(command, Report)] == ending[state]


def test_a_stop_before_the_opening_reports_captured_audio_missing() -> None:
    drive = Drive()
    drive.audio(5)
    drive.stop()
    assert drive.state == "closed"
    assert not drive.ended.complete
    assert not drive.dials


@pytest.mark.parametrize("state", ["authorizing", "connecting", "awaiting_ack", "reconnecting"])
def test_a_stop_with_undelivered_audio_finishes_on_a_new_line(state: str) -> None:
    drive = in_state(state)
    drive.stop()
    assert drive.state == state
    if state == "authorizing":
        reauthorized(drive)
    if state == "reconnecting":
        drive.redial()
    if state == "awaiting_ack":
        drive.drain()
        drive.ack()
    else:
        drive.connect()
    assert drive.state == "finishing"
    assert "streaming" not in drive.states
    drive.serve("mic")
    drive.summary()
    drive.lose(1000)
    assert drive.ended.complete


@pytest.mark.parametrize("state", ALIVE)
def test_a_second_stop_changes_nothing(state: str) -> None:
    drive = in_state(state)
    drive.stop()
    before = everything(drive.session)
    assert not drive.feed(e.StopRequested(), after=0.001)
    assert everything(drive.session) == before


@pytest.mark.parametrize(
    "state", ["authorizing", "connecting", "awaiting_ack", "reconnecting", "finishing"]
)
def test_finishing_has_a_limit_that_is_never_extended(state: str) -> None:
    drive = in_state(state)
    drive.stop()
    stopped = drive.now
    limit = stopped + 20 + 1 + TRAITS.horizon
    for _ in range(2000):
        if drive.core.ended:
            break
        drive.wait(0.1)
        drive.stop() if not drive.core.ended else None
        if drive.state == "finishing":
            drive.figures()
    assert drive.state == "failed"
    assert drive.now <= limit + 0.2
    assert not drive.ended.complete
    assert "could not finish in time" in drive.ended.reason


def test_a_recovered_loss_does_not_explain_a_late_finish() -> None:
    drive = in_state("reconnecting", Policy(give_up_after=None, proof_timeout=100))
    drive.redial()
    drive.connect()
    drive.stop()
    for _ in range(37):
        drive.wait(1)
        if drive.state == "finishing":
            drive.figures()
    assert drive.ended.reason == "could not finish in time"
    assert drive.ended.action is None


def test_a_retry_after_the_finish_is_made_before_it_once() -> None:
    drive = in_state("connecting")
    drive.stop()
    stopped, due = drive.now, drive.core.backlog_seconds
    drive.lose(status=503, retry_after=60.0)
    assert drive.state == "reconnecting"
    drive.redial()
    assert drive.now == pytest.approx(stopped + due + 20 + TRAITS.horizon - LAST_DIAL)
    drive.lose(status=503, retry_after=60.0)
    assert drive.state == "failed"
    assert "could not finish in time" in drive.ended.reason


@pytest.mark.parametrize(
    ("wait", "after"), [(60.0, 21.0 + TRAITS.horizon - LAST_DIAL), (7.0, 7.0 * 1.25)]
)
def test_a_stop_waits_for_a_retry_only_within_the_finish(wait: float, after: float) -> None:
    drive = in_state("connecting")
    drive.audio(50 - round(drive.core.backlog_seconds * 50))
    lost = drive.now
    drive.lose(status=503, retry_after=wait)
    drive.stop()
    drive.redial()
    assert drive.now - lost == pytest.approx(after)


@pytest.mark.parametrize("drawn", [each / 16 for each in range(16)])
def test_the_last_dial_that_is_refused_is_not_followed_by_another_at_once(drawn: float) -> None:
    drive = Drive(policy=Policy(give_up_after=None), random=drawn)
    drive.open()
    drive.audio(50)
    drive.stop()
    dials = [drive.now]
    while drive.state != "failed":
        drive.lose(error=ErrorKind.REFUSED)
        if drive.state != "failed":
            drive.redial()
            dials.append(drive.now)
    assert min(later - earlier for earlier, later in pairwise(dials)) >= 0.5
    assert "could not finish in time" in drive.ended.reason


def test_a_line_that_is_lost_in_its_last_seconds_is_dialled_at_once() -> None:
    drive = in_state("streaming", Policy(give_up_after=None, proof_timeout=100))
    drive.stop()
    limit = drive.now + 20 + 1 + TRAITS.horizon
    while drive.now < limit - LAST_DIAL + 1:
        drive.wait(1)
        drive.figures()
    lost = drive.now
    drive.lose(error=ErrorKind.RESET)
    drive.redial()
    assert drive.now - lost < 1.0


def test_a_stop_fails_where_the_gate_opens_too_late() -> None:
    drive = Drive(policy=Policy(dials_per_minute=1, give_up_after=None))
    drive.open()
    drive.audio(50)
    drive.lose(status=503)
    drive.stop()
    assert drive.state == "failed"
    assert drive.ended.reason.startswith("could not finish in time: the server is not available")


def test_the_audio_is_sent_before_the_stop_and_once() -> None:
    drive = in_state("streaming")
    drive.stop()
    drive.serve("mic")
    drive.wait(3)
    assert drive.frames() == 50
    assert drive.texts == [(1, "start"), (1, "stop")]


def test_audio_captured_after_the_stop_is_refused_and_counted() -> None:
    drive = in_state("streaming")
    drive.stop()
    drive.audio(3)
    assert drive.core.statistics.refused_samples == 3 * FRAME
    drive.serve("mic")
    assert drive.frames() == 50


@pytest.mark.parametrize("state", ["streaming", "finishing"])
def test_an_unrequested_final_message_does_not_end_the_session(state: str) -> None:
    drive = in_state(state)
    drive.summary()
    assert drive.state == state
    assert drive.core.statistics.late == 1


@pytest.mark.parametrize(
    "facts",
    [
        {"code": 1000},
        {"code": 1008},
        {"code": 1002},
        {"error": ErrorKind.RESET},
        {"error": ErrorKind.TLS_CERTIFICATE},
        {},
    ],
)
def test_after_the_final_message_any_loss_is_a_success(facts: dict[str, Any]) -> None:
    drive = in_state("closing")
    drive.lose(**facts)
    assert drive.state == "closed"
    assert drive.ended.complete
    assert len(drive.dials) == 1


def test_a_backend_that_does_not_close_is_aborted() -> None:
    drive = in_state("closing")
    drive.tick()
    assert drive.state == "closed"
    assert AbortSocket(1) in drive.commands
    assert drive.ended.complete


def test_messages_after_the_final_message_are_late() -> None:
    drive = in_state("closing")
    late = drive.core.statistics.late
    drive.figures()
    drive.refuse()
    drive.say("error", message="now what")
    assert drive.state == "closing"
    assert drive.core.statistics.late == late + 3


@pytest.mark.parametrize("how", ["lost", "refused", "timed out"])
def test_a_line_lost_with_all_delivered_is_a_success(how: str) -> None:
    drive = in_state("streaming")
    drive.stop()
    drive.serve("mic")
    drive.final(0, 1)
    if how == "lost":
        drive.lose(1002)
    elif how == "refused":
        drive.say("error", message="no")
    else:
        drive.wait(10)
    assert drive.state == "closed"
    assert drive.ended.complete
    assert len(drive.dials) == 1


def test_the_end_of_all_sources_stops_the_session() -> None:
    drive = Drive(sources=("mic", "system")).stream()
    drive.audio(5)
    drive.feed(e.SourceFinished("mic"))
    assert drive.state == "streaming"
    drive.feed(e.SourceFailed("system", "unplugged"))
    assert drive.state == "finishing"
    drive.drain()
    assert drive.texts[-1] == (1, "stop")


def test_audio_of_a_source_that_ended_before_the_opening_is_sent() -> None:
    drive = Drive()
    drive.audio(5)
    drive.feed(e.SourceFinished("mic"))
    assert drive.state == "idle"
    drive.open()
    drive.connect()
    assert drive.state == "finishing"
    drive.drain()
    assert drive.frames() == 5
    assert drive.texts == [(1, "start"), (1, "stop")]


def test_a_session_of_an_empty_ended_source_closes_at_once() -> None:
    drive = Drive()
    drive.feed(e.SourceFinished("mic"))
    drive.open()
    assert drive.state == "closed"
    assert drive.ended.complete
