"""The reports of a state and of the end."""

from __future__ import annotations

import pytest

from openline import events as e
from openline.account import Account
from openline.policy import Policy
from openline.reconnect.verdicts import Action
from openline.updates import (
    Ended,
    SourceEnded,
    SourceEndReason,
    SourceStatistics,
    State,
    StateChanged,
    Statistics,
)
from tests.core.driver import FRAME, Drive


def test_a_state_without_a_why_has_no_reason() -> None:
    drive = Drive().stream()
    assert drive.told(StateChanged)[0] == StateChanged(state=State.CONNECTING, dial=1)
    assert drive.last_change == StateChanged(state=State.STREAMING, dial=1)


def test_a_loss_reports_its_reason_and_the_delay() -> None:
    drive = Drive().stream()
    drive.lose(1006)
    assert drive.last_change == StateChanged(
        state=State.RECONNECTING,
        dial=1,
        reason="the connection broke off without a close frame",
        action=Action.RETRY,
        retry_in=0.75,
    )


def test_details_beyond_the_verdict_are_added() -> None:
    drive = Drive().stream()
    drive.lose(1000, reason="good night", detail="closed by the peer")
    assert drive.last_change.reason.endswith("(closed by the peer)")


def test_a_delay_at_the_gate_before_any_loss_has_no_verdict() -> None:
    drive = Drive(has_provider=True)
    drive.open()
    gate = drive.session.retry.gate
    for _ in range(14):
        gate.note(drive.now)
    drive.feed(e.CredentialReady(1))
    assert drive.last_change.action is None
    assert drive.last_change.reason == "waiting, so as not to dial too often"
    assert drive.last_change.retry_in == 61


def test_a_failure_has_its_reason_in_the_state_and_the_result() -> None:
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
        accounts={"mic": Account(captured=FRAME, confirmed=FRAME, told=0, missing=0)},
        summary={"markdown": "# Summary", "json": {"transcript": []}},
        summary_covers={"mic": (0, FRAME)},
    )
    assert drive.core.statistics == drive.ended.statistics


def test_a_source_that_has_not_begun_has_counts() -> None:
    drive = Drive(sources=("mic", "system"))
    nothing = SourceStatistics(captured=0, sent=0, confirmed=0, missing=0)
    assert drive.core.statistics.sources == {"mic": nothing, "system": nothing}
    drive.stream()
    drive.audio(1, "system")
    assert [*drive.core.statistics.sources] == ["mic", "system"]
    assert drive.core.statistics.sources["system"].captured == FRAME
    drive.abort()
    assert drive.ended.statistics.sources["mic"] == nothing
    assert drive.ended.accounts["mic"] == Account(captured=0, confirmed=0, told=0, missing=0)


@pytest.mark.parametrize(
    ("move", "reason"),
    [
        (None, "aborted"),
        (e.Move.RESUMED, "moved: another process delivers what is left"),
        (e.Move.ANEW, "moved: another process begins it anew"),
    ],
)
def test_an_abort_says_that_the_session_moves(move: e.Move | None, reason: str) -> None:
    drive = Drive().stream()
    drive.audio(1)
    drive.feed(e.AbortRequested(move))
    assert drive.last_change.reason == drive.ended.reason == reason
    assert drive.ended.moved == (move is not None)
    assert (drive.ended.state, drive.ended.complete) == (State.CLOSED, False)


def test_a_session_of_which_nothing_is_left_does_not_move() -> None:
    """No process delivers what is left of it, and its store is discarded."""
    for confirmed in (0, 1):
        drive = Drive(disk_seconds=60.0).stream()
        drive.audio(confirmed * 100)
        drive.serve("mic")
        if confirmed:
            drive.final(0.0, 2.0)
        drive.feed(e.AbortRequested(e.Move.RESUMED))
        assert (drive.ended.reason, drive.ended.missing) == ("aborted", ())
        assert not drive.ended.moved
    drive = Drive().stream()
    drive.feed(e.AbortRequested(e.Move.ANEW))
    assert drive.ended.moved, "of a recording there is more"


def test_the_result_without_a_final_message_has_no_summary() -> None:
    drive = Drive().stream()
    drive.abort()
    assert drive.ended.summary is None
    assert drive.ended.summary_covers is None
    assert drive.ended.action is None


# Complete: the session closed, every source was fully captured, and no audio is missing.


def test_a_session_that_failed_before_any_audio_is_not_complete() -> None:
    drive = Drive()
    drive.open()
    drive.lose(status=404)
    assert (drive.ended.state, drive.ended.missing) == (State.FAILED, ())
    assert not drive.ended.complete


def test_an_aborted_session_without_gaps_is_not_complete() -> None:
    drive = Drive().stream()
    drive.audio(1)
    drive.stop()
    drive.drain()
    drive.summary()
    assert drive.state == "closing"
    drive.abort()
    assert (drive.ended.state, drive.ended.missing) == (State.CLOSED, ())
    assert (drive.ended.complete, drive.ended.reason) == (False, "aborted")


def test_a_closed_session_with_a_gap_is_not_complete() -> None:
    drive = Drive().stream()
    drive.audio(100)
    drive.drain()
    drive.figures()
    drive.figures(dropped=50)
    drive.stop()
    drive.drain()
    drive.summary()
    drive.lose(1000)
    assert (drive.ended.state, bool(drive.ended.missing)) == (State.CLOSED, True)
    assert not drive.ended.complete
    assert drive.ended.reason == (
        "not all audio was confirmed: 2.00 s of mic from 0.00 s on are missing: the session ended "
        "before it was confirmed; with a spool it can be resumed (resume_session, openline resume)"
    )


def test_a_session_with_a_failed_source_is_not_complete() -> None:
    drive = Drive().stream()
    drive.feed(e.SourceFailed("mic", "no such file"))
    drive.drain()
    drive.summary()
    drive.lose(1000)
    ended = drive.ended
    assert (ended.state, ended.missing, ended.complete) == (State.CLOSED, (), False)
    assert ended.reason == "mic was lost: no such file"
    assert ended.lost_sources == tuple(drive.told(SourceEnded))


def test_each_failed_source_is_reported_and_one_is_enough() -> None:
    drive = Drive(sources=("mic", "system"), policy=Policy(source_timeout=4), watched=("system",))
    drive.stream()
    drive.feed(e.SourceFailed("mic", "unplugged"))
    drive.wait(5)
    drive.summary()
    drive.lose(1000)
    assert [lost.cause for lost in drive.ended.lost_sources] == [
        SourceEndReason.FAILED,
        SourceEndReason.STALLED,
    ]
    assert drive.ended.reason == (
        "mic was lost: unplugged; system was lost: it delivered no audio for 4 s"
    )
    assert not drive.ended.complete


def test_a_source_that_fails_after_the_stop_is_fully_captured() -> None:
    drive = Drive().stream()
    drive.audio(1)
    drive.stop()
    drive.feed(e.SourceFailed("mic", "unplugged"))
    drive.drain()
    drive.summary()
    drive.lose(1000)
    assert drive.ended.complete
    assert (drive.ended.reason, drive.ended.lost_sources) == ("finished", ())


def test_sources_that_ended_normally_are_fully_captured() -> None:
    drive = Drive().stream()
    drive.feed(e.SourceFinished("mic"))
    drive.drain()
    drive.summary()
    drive.lose(1000)
    assert drive.ended.complete
