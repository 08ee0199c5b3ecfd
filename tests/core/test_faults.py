"""The faults of the reference client, each once (PROTOCOL, the 25 at its end).

Each test fails on the reference client's behaviour. Where the fault also concerned an
adapter's sockets, clocks or queues, the adapter's own tests repeat it.
"""

from __future__ import annotations

import json

import pytest

from openline import events as e
from openline.commands import (
    AbortSocket,
    CloseSocket,
    SendBytes,
    SendText,
)
from openline.dialects.echopanel import TRAITS
from openline.policy import Policy
from openline.reconnect.verdicts import Action, ErrorKind
from openline.updates import SAMPLE_RATE, Gap, GapCause, StateChanged
from tests.core.driver import ATTEMPT, BEAT, FRAME, SESSION, Drive


def waits(drive: Drive) -> list[float]:
    """The delay after each loss."""
    return [change.retry_in for change in drive.told(StateChanged) if change.retry_in is not None]


def test_fault_01_a_short_reconnect_resets_neither_delay_nor_attempts() -> None:
    """Reconnecting reset the delay and the attempt count: backoff never grew, the
    maximum was never reached."""
    drive = Drive(policy=Policy(max_attempts=6), random=0.999_999)
    drive.open()
    for _ in range(6):  # the server accepts, acks, and hangs up
        drive.connect()
        drive.lose(1006)
        drive.redial()
    assert waits(drive) == pytest.approx([1, 2, 4, 8, 10, 10], rel=1e-3)
    drive.connect()
    drive.lose(1006)
    assert drive.state == "failed"
    assert len(drive.dials) == 7
    assert "gave up after 6 retries" in drive.ended.reason


@pytest.mark.parametrize(("has_provider", "dials"), [(False, 1), (True, 2)])
def test_fault_02_a_refused_token_is_not_retried_for_ever(has_provider: bool, dials: int) -> None:
    """1008 was retried for ever."""
    drive = Drive(has_provider=has_provider)
    drive.open()
    while not drive.core.ended:
        assert len(drive.dials) <= dials
        if drive.state == "authorizing":
            drive.feed(e.CredentialReady(len(drive.requests)))
        elif drive.state == "connecting":
            drive.opened()
            drive.lose(1008)
        else:
            drive.tick()
    assert len(drive.dials) == dials
    assert drive.ended.action is Action.FATAL


def test_fault_03_an_error_message_ends_the_session() -> None:
    """``type:error`` was ignored, so a bad start was retried for ever."""
    drive = Drive()
    drive.open()
    drive.opened()
    drive.drain()
    drive.say("error", message="Invalid start message: no session_id")
    assert drive.state == "failed"
    assert drive.ended.action is Action.FATAL
    assert "Invalid start message" in drive.ended.reason
    assert AbortSocket(1) in drive.commands
    drive.feed(e.SocketLost(dial=1, code=1000))
    assert len(drive.dials) == 1


def test_fault_04_a_scheduled_retry_does_not_survive_stop() -> None:
    """A retry that was already scheduled survived stop: the session came back to life."""
    drive = Drive().stream()
    drive.lose()
    assert drive.state == "reconnecting"
    drive.stop()
    assert drive.state == "closed"
    assert drive.core.next_deadline() is None
    drive.feed(e.Tick(), after=3600)
    drive.feed(e.NetworkRestored())
    assert len(drive.dials) == 1


def test_fault_04_a_retry_for_undelivered_audio_ends_with_finish() -> None:
    """As above; undelivered audio is the only reason to dial after a stop."""
    drive = Drive(policy=Policy(give_up_after=None)).stream()
    drive.audio(50)
    drive.lose()
    drive.stop()
    stopped = drive.now
    while not drive.core.ended:
        drive.tick()
        if drive.state == "connecting":
            drive.lose()
    assert drive.now <= stopped + 20 + 1 + TRAITS.horizon
    assert drive.ended.state == "failed"
    dials = len(drive.dials)
    drive.feed(e.Tick(), after=3600)
    assert len(drive.dials) == dials


def test_fault_05_a_first_pong_that_never_comes_is_noticed() -> None:
    """A first pong that never came was never noticed."""
    drive = Drive().stream()
    acked = drive.now
    for _ in range(2):  # the ping is due, the pong is due
        drive.drain()
        drive.tick()
    assert drive.now == acked + 10
    assert drive.state == "reconnecting"
    assert AbortSocket(1) in drive.commands
    assert "ping" in drive.told(StateChanged)[-1].reason


def test_fault_06_a_missing_pong_is_noticed_at_its_own_deadline() -> None:
    """Pong timeouts were seen only at the next ping tick."""
    drive = Drive(policy=Policy(ping_interval=5, pong_timeout=2)).stream()
    acked = drive.now
    drive.wait(7)
    assert drive.state == "reconnecting"
    assert drive.now == acked + 7


def test_fault_07_an_old_sockets_error_does_not_touch_the_new_one() -> None:
    """Sockets had no identity: an old socket's error killed the new one, one drop caused
    several dials."""
    drive = Drive().stream()
    drive.lose()
    drive.redial()
    assert not drive.feed(e.SocketLost(dial=1, code=1006))
    drive.connect()
    assert not drive.feed(e.SocketLost(dial=1, error=ErrorKind.RESET))
    assert not drive.feed(e.PongReceived(1, b"1"))
    assert not drive.feed(e.MessageReceived(1, '{"type":"error","message":"old"}'))
    assert drive.state == "streaming"
    assert len(drive.dials) == 2
    assert drive.core.statistics.late == 4


def test_fault_08_several_errors_of_one_drop_are_one_loss() -> None:
    """Several errors from one drop used up the attempts."""
    drive = Drive(policy=Policy(max_attempts=3))
    drive.open()
    for dial in (1, 2, 3):
        drive.opened()
        drive.lose()
        for error in (ErrorKind.RESET, ErrorKind.CUT, ErrorKind.OS_OTHER):
            drive.feed(e.SocketLost(dial=dial, error=error))
        drive.feed(e.SocketLost(dial=dial, code=1006))
        assert drive.state == "reconnecting"
        drive.redial()
    assert len(drive.dials) == 4
    assert waits(drive) == [0.75, 1.5, 3.0]
    drive.lose()
    assert drive.state == "failed"


def test_fault_09_the_start_belongs_to_a_socket_and_goes_out_once() -> None:
    """``start`` was tied to a clock, not to a socket: it could be sent twice on one
    socket."""
    drive = Drive()
    drive.open()
    drive.opened(after=0.05)
    drive.lose()  # before its start was due
    drive.redial()
    drive.opened(after=0.15)
    drive.drain()
    assert not drive.sent, "the old dial's clock is over"
    drive.wait(0.049)
    assert not drive.sent
    drive.wait(0.002)
    assert drive.texts == [(2, "start")]
    drive.wait(5)
    drive.opened()  # a duplicate event
    drive.wait(1)
    assert drive.texts == [(2, "start")]


def test_fault_09_a_start_that_was_due_dies_with_its_socket() -> None:
    """As above: due on one socket, pulled after that socket was lost."""
    drive = Drive()
    drive.open()
    drive.opened()
    drive.lose()
    assert drive.pull() is None


def test_fault_10_audio_outlives_a_reconnect() -> None:
    """Audio buffers were cleared on every connect."""
    drive = Drive()
    drive.audio(10)  # before anything is open
    drive.stream()
    drive.speak(1.0)
    assert drive.frames(1) == 60
    drive.final(0, 0.5)
    drive.lose()
    drive.audio(30)  # while there is no line
    drive.redial()
    drive.audio(5)
    drive.connect()
    drive.drain()
    assert drive.frames(2) == 60 - 25 + 30 + 5
    assert not drive.gaps


def test_fault_11_positions_are_counted_in_samples() -> None:
    """Pacing by sleeping drifted: 1 ms of oversleep per 20 ms frame loses 4.4 % of the
    audio in the end."""
    drive = Drive().stream()
    for _ in range(1000):
        drive.wait(BEAT + 0.001, pulling=False)
        drive.audio()
        drive.serve()
    assert drive.frames() == 1000
    assert drive.core.statistics.sources["mic"].captured == 1000 * FRAME
    drive.final(19.0, 20.0)
    assert (drive.finals[0].start, drive.finals[0].end) == (19.0, 20.0)


def test_fault_12_nothing_is_sent_before_the_start_and_its_ack() -> None:
    """Messages queued for the old socket went out on the new one, before its ``start``."""
    drive = Drive().stream()
    drive.audio(10)
    drive.pull()
    drive.lose()
    drive.audio(10)
    sent = len(drive.sent)
    drive.redial()
    assert drive.pull() is None
    drive.opened()
    drive.drain()
    assert drive.texts[-1] == (2, "start")
    assert len(drive.sent) == sent + 1
    drive.audio(10)
    assert drive.pull() is None
    drive.ack()
    assert isinstance(drive.pull(), SendBytes)
    assert all(outgoing.dial == 2 for outgoing in drive.sent[sent:])


@pytest.mark.repeats
def test_fault_13_no_flood_of_audio_drops_a_start_or_a_stop() -> None:
    """``start`` and ``stop`` shared a bounded queue with audio and could be dropped."""
    drive = Drive()
    drive.audio(2 * 3000)  # twice what the buffer holds
    drive.open()
    drive.opened()
    drive.audio(6000)
    drive.pull()
    assert drive.texts == [(1, "start")]
    drive.ack()
    drive.audio(6000)
    drive.stop()
    drive.serve("mic")
    assert drive.texts == [(1, "start"), (1, "stop")]
    assert drive.frames() == 3000


def test_fault_13_an_ack_that_never_comes_is_noticed_on_every_dial() -> None:
    """There was no ack timeout on reconnect."""
    drive = Drive()
    drive.open()
    for dial in (1, 2, 3):
        drive.opened()
        drive.drain()
        opened = drive.now
        drive.tick()
        assert drive.now == opened + 8
        assert drive.state == "reconnecting"
        assert AbortSocket(dial) in drive.commands
        drive.redial()


def test_fault_14_a_send_that_hangs_is_a_loss() -> None:
    """A send that hung was only logged."""
    drive = Drive().stream()
    drive.audio(10)
    assert isinstance(drive.pull(), SendBytes)
    hung = drive.now
    for _ in range(5):  # the backend still sends messages, but receives nothing
        drive.say("metrics", source="mic", backlog_seconds=0.0, after=1.0)
    assert drive.now == hung + 5
    assert drive.state == "reconnecting"
    assert AbortSocket(1) in drive.commands
    drive.redial()
    assert drive.core.dial == 2


@pytest.mark.parametrize("source", ["mic", "system"])
def test_fault_15_every_source_drops_its_oldest_audio_with_a_gap(source: str) -> None:
    """One queue dropped the oldest, another the newest."""
    drive = Drive(sources=("mic", "system"))
    drive.open()
    drive.audio(3000 + 100, source)
    drive.abort()
    assert drive.gaps[0] == Gap(
        source=source, start=0, end=100 * FRAME, samples=100 * FRAME, cause=GapCause.OVERFLOW
    )
    assert {gap.cause for gap in drive.gaps[1:]} == {GapCause.UNDELIVERED}


def test_fault_16_a_stop_is_sent_before_the_socket_is_closed() -> None:
    """Disconnecting cancelled the ``stop`` it had just queued."""
    drive = Drive().stream()
    drive.audio(5)
    drive.stop()
    assert not any(isinstance(command, AbortSocket | CloseSocket) for command in drive.commands)
    drive.drain()
    assert drive.frames() == 5
    assert drive.texts[-1] == (1, "stop")
    drive.wait(4)
    assert drive.state == "finishing"
    drive.summary()
    assert drive.commands[-1] == CloseSocket(1, 1000)


def test_fault_17_stopping_without_a_line_is_no_success() -> None:
    """Stopping while disconnected reported success."""
    drive = Drive().stream()
    drive.audio(50)
    drive.drain()
    drive.lose()
    drive.stop()
    assert drive.state == "reconnecting"
    drive.run_out()
    assert drive.ended.state == "failed"
    assert not drive.ended.complete
    assert sum(gap.samples for gap in drive.ended.missing) == 50 * FRAME


def test_fault_18_the_close_after_the_final_message_is_a_success() -> None:
    """The close 1000 after ``final_summary`` was treated as a failure."""
    drive = Drive().stream()
    drive.audio(5)
    drive.stop()
    drive.drain()
    drive.summary()
    drive.lose(1000)
    assert drive.ended.state == "closed"
    assert drive.ended.complete
    assert len(drive.dials) == 1


def test_fault_19_a_loss_before_the_summary_starts_no_new_session() -> None:
    """A drop while waiting for the summary started a fresh session."""
    drive = Drive().stream()
    drive.audio(50)
    drive.drain()
    drive.stop()
    drive.drain()
    drive.final(0, 1.0)
    drive.lose(1006)
    assert drive.ended.state == "closed"
    assert drive.ended.complete
    assert len(drive.dials) == 1


def test_fault_19_unconfirmed_audio_is_sent_in_the_same_session() -> None:
    """As above, with unconfirmed audio: only that is sent again."""
    drive = Drive().stream()
    drive.audio(50)
    drive.drain()
    drive.stop()
    drive.drain()
    drive.final(0, 0.4)
    drive.lose(1006)
    assert drive.state == "reconnecting"
    drive.redial()
    drive.connect()
    assert drive.state == "finishing"
    drive.drain()
    start = json.loads(next(m.data for m in drive.sent if isinstance(m, SendText) and m.dial == 2))
    assert (start["session_id"], start["attempt_id"]) == (SESSION, ATTEMPT)
    assert drive.frames(2) == 30
    assert drive.texts == [(1, "start"), (1, "stop"), (2, "start"), (2, "stop")]


def test_fault_20_the_summary_is_waited_for_longer_than_it_may_take() -> None:
    """It waited 10 s for a summary that may take 8 s + post-processing."""
    drive = Drive().stream()
    drive.audio(50)
    drive.stop()
    for _ in range(19):
        drive.wait(1.0)
        drive.say("metrics", source="mic", backlog_seconds=0.0)
    assert drive.state == "finishing"
    drive.say("asr_final", text="late", t0=0, t1=1.0)
    drive.summary()
    drive.lose(1000)
    assert drive.ended.state == "closed"
    assert drive.ended.complete


def test_fault_21_the_reason_of_a_full_backend_is_awaited() -> None:
    """Its start timeout equalled the server's capacity wait, so the reason was never
    seen."""
    drive = Drive()
    drive.open()
    drive.opened()
    drive.drain()
    drive.wait(5.1)
    assert drive.state == "awaiting_ack"
    drive.refuse("Server at capacity, please try again later")
    assert drive.state == "reconnecting"
    change = drive.told(StateChanged)[-1]
    assert change.action is Action.LATER
    assert "Server at capacity" in change.reason
    assert change.retry_in is not None
    assert change.retry_in >= 5


def test_fault_22_a_summary_does_not_replace_the_transcript() -> None:
    """After a reconnect ``final_summary`` replaced the whole transcript."""
    drive = Drive().stream()
    drive.audio(50)
    drive.drain()
    drive.final(0, 1.0, "before")
    drive.lose()
    drive.audio(50)
    drive.redial()
    drive.connect()
    drive.drain()
    drive.final(0, 1.0, "after")
    drive.stop()
    drive.drain()
    drive.summary()
    drive.lose(1000)
    assert [words.text for words in drive.ended.transcript] == ["before", "after"]
    assert drive.ended.summary == {"markdown": "# Summary", "json": {"transcript": []}}
    assert drive.ended.summary_covers == {"mic": (SAMPLE_RATE, 2 * SAMPLE_RATE)}


def test_fault_23_session_time_goes_on_when_the_backends_restarts() -> None:
    """t0 restarted at 0: order wrong, false duplicates."""
    drive = Drive().stream()
    for _ in range(3):
        drive.audio(50)
        drive.drain()
        drive.final(0, 1.0, "yes")  # each time the same words at the same time
        drive.lose()
        drive.redial()
        drive.connect()
    assert [(words.start, words.end) for words in drive.finals] == [(0, 1), (1, 2), (2, 3)]
    assert drive.core.transcript == tuple(drive.finals)
    assert [words.id for words in drive.finals] == ["1.1.1", "1.2.1", "1.3.1"]


def test_fault_24_a_message_of_another_connection_is_dropped() -> None:
    """Late messages of the old connection could not be told apart: connection_id was
    never checked."""
    drive = Drive().stream()
    drive.audio(50)
    drive.drain()
    drive.lose()
    drive.redial()
    drive.connect()
    drive.drain()
    drive.final(0, 1.0, "old", connection_id="connection 1")
    drive.final(0, 1.0, "older", attempt_id="another start")
    assert not drive.finals
    assert drive.core.statistics.foreign == 2
    drive.final(0, 1.0, "no ids", connection_id=None, attempt_id=None)
    assert [words.text for words in drive.finals] == ["no ids"]


@pytest.mark.parametrize("random", [0.0, 0.5, 1.0 - 2**-53])
def test_fault_25_no_wait_exceeds_the_cap(random: float) -> None:
    """Its backoff jitter could exceed the cap."""
    policy = Policy(backoff_cap=10, give_up_after=None)
    drive = Drive(policy=policy, random=random)
    drive.open()
    for _ in range(12):
        drive.lose()
        drive.redial()
    assert max(waits(drive)) <= 10
    assert min(waits(drive)[4:]) >= 5
