"""What the app is told of a state and of the end."""

from __future__ import annotations

from openline import events as e
from openline.messages import Ended, SourceStatistics, State, StateChanged, Statistics
from openline.verdicts import Action

from .driver import FRAME, Drive


def test_a_state_without_a_why_has_no_reason() -> None:
    drive = Drive().stream()
    assert drive.told(StateChanged)[0] == StateChanged(state=State.CONNECTING, dial=1)
    assert drive.last_change == StateChanged(state=State.STREAMING, dial=1)


def test_a_loss_says_why_and_for_how_long() -> None:
    drive = Drive().stream()
    drive.lose(1006)
    assert drive.last_change == StateChanged(
        state=State.RECONNECTING,
        dial=1,
        reason="the connection broke off without a close frame",
        action=Action.RETRY,
        retry_in=0.75,
    )


def test_what_is_known_beyond_the_verdict_is_added() -> None:
    drive = Drive().stream()
    drive.lose(1000, reason="good night", detail="closed by the peer")
    assert drive.last_change.reason.endswith("(closed by the peer)")


def test_a_wait_for_the_gate_before_any_loss_has_no_verdict() -> None:
    drive = Drive(has_provider=True)
    drive.open()
    gate = drive.link.retry.gate
    for _ in range(14):
        gate.note(drive.now)
    drive.feed(e.CredentialReady(1))
    assert drive.last_change.action is None
    assert drive.last_change.reason == "waiting, so as not to dial too often"
    assert drive.last_change.retry_in == 61


def test_a_failure_says_why_in_its_state_and_in_the_result() -> None:
    drive = Drive().stream()
    drive.audio(1)
    drive.lose(1002)
    assert drive.last_change.state == "failed"
    assert drive.last_change.reason == drive.ended.reason
    assert drive.ended.action is Action.FATAL
    assert drive.last_change.retry_in is None


def test_the_result_of_a_good_session() -> None:
    drive = Drive().stream()
    drive.audio(1)
    drive.stop()
    drive.drain()
    drive.summary()
    drive.lose(1008)
    assert drive.ended == Ended(
        state=State.CLOSED,
        complete=True,
        reason="finished",
        missing=(),
        transcript=(),
        statistics=Statistics(
            dials=1,
            sources={
                "mic": SourceStatistics(captured=FRAME, sent=FRAME, confirmed=FRAME, missing=0)
            },
        ),
        summary={"markdown": "# Summary", "json": {"transcript": []}},
        summary_covers={"mic": (0, FRAME)},
    )
    assert drive.core.statistics == drive.ended.statistics


def test_the_result_without_a_final_message_has_no_summary() -> None:
    drive = Drive().stream()
    drive.abort()
    assert drive.ended.summary is None
    assert drive.ended.summary_covers is None
    assert drive.ended.action is None
