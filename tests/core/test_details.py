"""Small rules, a few lines each, that larger tests do not cover."""

from __future__ import annotations

import json
from typing import Any

import pytest

from openline import events as e
from openline.backend import Backend
from openline.commands import CloseSource, OpenSocket, Report, SendBytes, SendPing, StoreAudio
from openline.machine.timers import Timer
from openline.policy import Policy
from openline.reconnect.verdicts import Action, ErrorKind, Sender
from openline.session import SessionMachine
from openline.updates import SAMPLE_RATE, BackendMetrics, BackendStatus, GapCause, Trouble
from tests.core.driver import FRAME, Drive, pcm
from tests.core.states import in_state

# Counters and reports.


def test_each_kind_of_trouble_is_reported_once_with_its_text() -> None:
    drive = Drive().stream()
    for _ in range(2):
        drive.feed(e.MessageReceived(1, b"\0"))
        drive.feed(
            e.MessageReceived(1, json.dumps({"type": "asr_final", "t0": 2, "t1": 1, "text": 7}))
        )
        drive.say("status", state=7)
        drive.say("who knows")
        drive.say("asr_final", text="x", t0=0, t1=1, connection_id="another")
        drive.audio()
        drive.drain()
        drive.say("asr_final", text="x", t0=0, t1=1, source="system")
        drive.stop()
        drive.audio()
    troubles = [(trouble.kind, trouble.text) for trouble in drive.told(Trouble)]
    assert troubles == [
        (
            "malformed",
            "an unreadable message: not JSON",
        ),
        ("unknown", "a message of an unknown type: who knows"),
        ("foreign", "a message that carries another connection's ids"),
        (
            "untold",
            "words of a source that this session does not have: they are not in the transcript",
        ),
        ("late_audio", "audio captured after the stop is refused"),
    ]
    counts = drive.core.statistics
    assert (counts.malformed, counts.foreign, counts.refused_samples) == (6, 2, 3 * FRAME)
    assert counts.untold == 6, "a message that is no JSON may have held words"


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (
            {"type": "asr_final", "text": 5, "t0": 2, "t1": 1},
            "asr_final: Expected `str`, got `int` - at `$.text`",
        ),
        ({"type": "status"}, "status: Object missing required field `state`"),
        ({"text": "x"}, "an object without a type"),
    ],
)
def test_the_error_of_a_message_is_reported(message: dict[str, object], why: str) -> None:
    drive = Drive().stream()
    drive.feed(e.MessageReceived(1, json.dumps(message)))
    [trouble] = drive.told(Trouble)
    assert trouble.text.startswith("an unreadable message: ")
    assert trouble.text.endswith(why)


@pytest.mark.parametrize("state", ["streaming", "closing"])
def test_words_of_a_missing_source_are_reported(state: str) -> None:
    drive = in_state(state)
    drive.audio()
    drive.drain()
    drive.final(0, 1, source="system")
    [trouble] = [each for each in drive.told(Trouble) if each.kind == "untold"]
    assert trouble == Trouble(
        kind="untold",
        text="words of a source that this session does not have: they are not in the transcript",
    )


def test_late_events_are_counted_one_by_one() -> None:
    drive = Drive(has_provider=True)
    drive.feed(e.MessageReceived(0, "x"))
    drive.open()
    for late in (e.CredentialReady(0), e.CredentialFailed(0), e.CredentialReady(2)):
        assert not drive.feed(late)
    drive.feed(e.CredentialReady(1))
    for late in (e.CredentialReady(1), e.CredentialFailed(1)):
        assert not drive.feed(late)
    assert drive.state == "connecting"
    assert drive.core.statistics.late == 6
    assert drive.core.statistics.malformed == 0


def test_metrics_go_to_the_app_unchanged() -> None:
    drive = Drive().stream()
    drive.audio(50)
    drive.drain()
    drive.say("metrics", source="mic", backlog_seconds=0.5, dropped_total=3, realtime_factor=0.25)
    assert drive.told(BackendMetrics) == [
        BackendMetrics(source="mic", backlog=0.5, dropped=3, realtime_factor=0.25)
    ]


def test_metrics_without_a_drop_are_reported_alone() -> None:
    drive = Drive().stream()
    drive.audio(5000)
    [report] = drive.figures(dropped=0)
    assert isinstance(report, Report)
    assert isinstance(report.update, BackendMetrics)


def test_an_error_text_is_reported_as_a_backend_error() -> None:
    drive = Drive().stream()
    drive.refuse("the cat sat on it")
    assert drive.told(BackendStatus)[-1] == BackendStatus(state="error", text="the cat sat on it")


# The cause of a loss.


def test_an_error_text_and_the_close_explain_the_loss() -> None:
    drive = Drive().stream()
    drive.refuse("the cat sat on it")
    drive.lose(1006, detail="closed")
    assert drive.last_change.reason.endswith("(the cat sat on it; closed)")


@pytest.mark.parametrize("close", ["the cat sat on it", "cat sat"])
def test_a_close_that_repeats_the_error_text_is_not_told_again(close: str) -> None:
    drive = Drive().stream()
    drive.refuse("the cat sat on it")
    drive.lose(1011, reason=close)
    assert drive.last_change.reason.endswith("(the cat sat on it)")


NORMAL: list[dict[str, Any]] = [
    {"kind": "metrics", "source": "mic", "backlog_seconds": 0.0},
    {"kind": "entities_update", "people": ["Ann"]},
    {"kind": "asr_partial", "text": "yes", "t0": 0, "t1": 0.1},
    {"kind": "status", "state": "streaming"},
]


@pytest.mark.parametrize("message", NORMAL, ids=lambda message: message["kind"])
def test_a_normal_message_clears_an_error_text(message: dict[str, Any]) -> None:
    drive = Drive().stream()
    drive.audio(10)
    drive.drain()
    drive.refuse("the cat sat on it")
    drive.say(**message)
    drive.lose(1006)
    assert drive.last_change.reason == "the connection broke off without a close frame"


def test_an_error_text_of_one_dial_explains_no_other() -> None:
    drive = Drive().stream()
    drive.refuse("the cat sat on it")
    drive.lose(1006)
    drive.redial()
    drive.lose(1006)
    assert "cat" not in drive.last_change.reason


def test_the_sender_and_the_reason_of_a_close_are_judged() -> None:
    drive = Drive().stream()
    drive.lose(1002, sender=Sender.LOCAL)
    assert drive.last_change.action is Action.RETRY
    drive.redial()
    drive.connect()
    drive.lose(1008, reason="DATA-0000")
    assert "decode" in drive.ended.reason
    assert drive.ended.action is Action.FATAL


def test_a_refused_redirect_reports_its_reason() -> None:
    drive = Drive(backend=Backend(host="a.example"))
    drive.open()
    drive.feed(e.Redirected(1, 302, "http://a.example/"))
    assert drive.ended.reason.endswith("(the redirect leads from wss to plain ws)")


def test_a_provider_timeout_is_reported() -> None:
    drive = Drive(has_provider=True)
    drive.open()
    drive.tick()
    assert "credential" in drive.last_change.reason


def test_the_cause_of_a_finish_timeout_is_reported() -> None:
    drive = Drive(policy=Policy(give_up_after=None)).stream()
    drive.audio(50)
    drive.lose(1006)
    drive.stop()
    while not drive.core.ended:
        drive.tick()
    assert drive.ended.reason.startswith("could not finish in time: ")


def test_a_recovered_loss_is_no_cause_of_a_finish_timeout() -> None:
    drive = Drive(policy=Policy(proof_timeout=100)).stream()
    drive.audio(50)
    drive.lose(1006)
    drive.redial()
    drive.connect()
    drive.drain()
    drive.stop()
    while not drive.core.ended:
        drive.wait(1.0)
        if not drive.core.ended:
            drive.say("entities_update")
    assert drive.ended.reason == "could not finish in time"
    assert drive.ended.action is None


def test_a_refusal_without_a_time_waits_the_backoff_and_a_jitter() -> None:
    drive = Drive(policy=Policy(backoff_first=0.2, later_floor=0.1), random=0.25)
    drive.open()
    drive.lose(status=503)
    assert drive.last_change.retry_in == pytest.approx(0.1 + 0.25 * 0.1 + 0.25)


# Credentials and redirects.


def test_a_credential_after_a_timed_out_request_is_late() -> None:
    drive = Drive(has_provider=True)
    drive.open()
    drive.tick()  # AUTH
    assert drive.state == "reconnecting"
    assert not drive.feed(e.CredentialReady(1))
    assert not drive.feed(e.CredentialFailed(1, fatal=True))
    assert drive.core.statistics.late == 2


def test_a_provider_that_fails_while_its_last_token_is_good_is_trouble_once_a_minute() -> None:
    drive = Drive(has_provider=True)
    drive.open()
    drive.feed(e.CredentialReady(1, due_at=drive.now))
    for request in (2, 3):
        drive.lose(error=ErrorKind.RESET)
        while drive.state != "authorizing":
            drive.tick()
        drive.feed(e.CredentialReady(request, drive.now, unchanged=True, failure="it is shut"))
        assert drive.state == "connecting"
    text = "the last token serves until it expires: it is shut"
    assert drive.told(Trouble) == [Trouble(kind="credential", text=text)]


def test_each_dial_follows_redirects_of_its_own() -> None:
    drive = Drive(policy=Policy(max_redirects=1))
    drive.open()
    for _ in range(2):
        drive.feed(e.Redirected(drive.core.dial, 302, "/there"))
        drive.lose()
        drive.redial()
    assert drive.state == "connecting"


def test_a_credential_dropped_by_a_redirect_is_not_sent_again() -> None:
    home = Backend(host="a.example", redirects_to=("wss://b.example", "wss://a.example:8000"))
    drive = Drive(backend=home)
    drive.open()
    for location in ("https://b.example/", "https://a.example:8000/"):
        drive.feed(e.Redirected(drive.core.dial, 302, location))
    assert [dial.with_credential for dial in drive.dials] == [True, False, False]
    drive.lose()
    drive.redial()
    assert drive.dials[-1] == OpenSocket(4, home, True)


def test_old_ids_on_an_unopened_socket_are_foreign() -> None:
    drive = Drive().stream()
    drive.lose()
    drive.redial()
    drive.ack(connection_id="connection 1")
    assert drive.core.statistics.foreign == 1


# Timers.


def test_a_hint_does_not_move_an_earlier_pong_deadline() -> None:
    drive = Drive().stream()
    acked = drive.now
    drive.wait(9)
    drive.feed(e.NetworkRestored())
    drive.wait(1)
    assert drive.now == acked + 10
    assert drive.state == "reconnecting"


def test_a_line_becomes_stable_once() -> None:
    drive = Drive().stream()
    for _ in range(11):
        drive.wait(1.0)
        drive.figures()
    assert drive.state == "streaming"
    assert drive.session.deadlines[Timer.STABLE] == float("inf")


def test_after_a_loss_the_next_dial_is_the_only_deadline() -> None:
    drive = Drive(policy=Policy(give_up_after=None)).stream()
    drive.audio(10)
    drive.pull()
    drive.lose()
    armed = [timer for timer in Timer if drive.session.deadlines[timer] != float("inf")]
    assert armed == [Timer.RETRY]


def test_the_give_up_timer_changes_nothing_while_streaming() -> None:
    drive = Drive(policy=Policy(give_up_after=5))
    drive.open()
    drive.lose()
    drive.redial()
    drive.connect()
    for _ in range(8):
        drive.wait(1.0)
        drive.figures()
    assert drive.state == "streaming"
    assert drive.core.statistics.late == 0


def test_a_pending_ping_does_not_move_to_the_next_line() -> None:
    drive = Drive().stream()
    drive.feed(e.NetworkRestored())
    drive.lose()
    drive.redial()
    drive.connect()
    drive.audio()
    assert isinstance(drive.pull(), SendBytes)


def test_a_hint_sends_a_ping_before_all_audio() -> None:
    drive = Drive().stream()
    drive.audio(3)
    drive.feed(e.NetworkRestored())
    assert isinstance(drive.pull(), SendPing)
    assert isinstance(drive.pull(), SendBytes)


def test_an_abort_is_reported_as_an_abort() -> None:
    drive = Drive().stream()
    drive.abort()
    assert drive.last_change.reason == drive.ended.reason == "aborted"


def test_nothing_is_sent_while_it_closes() -> None:
    drive = Drive().stream()
    drive.stop()
    drive.drain()
    drive.feed(e.NetworkRestored())
    drive.summary()
    assert drive.state == "closing"
    assert drive.pull() is None


# Limits and stored data.


def test_an_id_may_have_the_maximum_length_of_the_contract() -> None:
    longest = "x" * 256
    line = SessionMachine(Backend(), session_id=longest, attempt_id=longest, random=lambda: 0.5)
    assert line.state == "idle"


def test_buffer_seconds_are_rounded_to_the_nearest_sample() -> None:
    drive = Drive(policy=Policy(buffer_seconds=64.02), disk_seconds=2.01)
    drive.audio()
    box = drive.session.streams.all[0].box
    assert box._limit == 1_024_320  # pyright: ignore[reportPrivateUsage]
    assert box._disk_limit == 32_160  # pyright: ignore[reportPrivateUsage]


def test_a_disk_of_one_sample_is_used() -> None:
    drive = Drive(disk_seconds=1 / SAMPLE_RATE)
    drive.audio()
    assert any(isinstance(command, StoreAudio) for command in drive.commands)


def test_a_handled_message_is_released() -> None:
    drive = Drive().stream()
    drive.say("entities_update", people=["Ann"])
    assert drive.session.message is None


def test_a_pull_does_not_move_time_back() -> None:
    drive = Drive().stream()
    drive.core.next_message(drive.now - 2)
    with pytest.raises(ValueError, match="time ran backwards"):
        drive.core.receive(e.Tick(), drive.now - 1)


# Sources and the end.


def test_an_ended_source_is_not_watched() -> None:
    drive = Drive(sources=("mic", "system"), watched=("mic", "system"))
    drive.stream()
    drive.audio()
    drive.feed(e.SourceFinished("mic"))
    for _ in range(15):
        drive.wait(1.0)
        drive.figures()
        drive.audio(source="system")
    assert not any(isinstance(command, CloseSource) for command in drive.commands)


def test_an_empty_hole_is_ignored() -> None:
    drive = Drive()
    drive.feed(e.CaptureHole("mic", 0))
    drive.abort()
    assert not drive.gaps


def test_audio_after_the_end_is_refused_and_counted() -> None:
    drive = Drive().stream()
    drive.audio()
    drive.abort()
    assert not drive.feed(e.AudioCaptured("mic", pcm(320)))
    assert drive.core.statistics.refused_samples == 320
    assert drive.core.next_message(drive.now) is None


@pytest.mark.parametrize("state", ["backpressure", "no_asr_provider"])
def test_a_warning_outlasts_the_next_status(state: str) -> None:
    drive = Drive().stream()
    drive.audio(50)
    drive.drain()
    drive.ack(state)
    drive.ack("streaming")
    drive.stop()
    drive.serve()
    drive.summary()
    drive.lose(1000)
    assert {gap.cause for gap in drive.ended.missing} == {GapCause.UNCONFIRMED}


def test_an_unrelated_status_does_not_slow_the_line() -> None:
    drive = Drive().stream()
    drive.say("status", state="connected")
    drive.audio()
    drive.say("status", state="streaming")
    assert not any(stream.window.filling for stream in drive.session.streams.all)


def test_a_summary_confirms_nothing_of_an_unsent_source() -> None:
    drive = Drive(sources=("mic", "system")).stream()
    drive.audio(10)
    drive.feed(e.SourceStarted("system", drive.now))
    drive.stop()
    drive.serve()
    drive.summary()
    drive.lose(1000)
    assert drive.ended.complete
    assert drive.ended.summary_covers == {"mic": (0, 10 * FRAME), "system": (0, 0)}


def test_a_partial_frame_justifies_a_dial() -> None:
    drive = Drive()
    drive.open()
    drive.feed(e.AudioCaptured("mic", pcm(100)))
    drive.stop()
    assert drive.state == "connecting"
    drive.connect()
    drive.serve()
    assert drive.frames() == 1
