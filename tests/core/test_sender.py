"""The ordered pull: the start, pings, audio, the stop, and the timers of the sender."""

from __future__ import annotations

import json

import pytest

from openline import events as e
from openline.commands import SendBytes, SendPing, SendText
from openline.dialects.echopanel import EchoPanel
from openline.dialects.protocol import Encoded, Memory
from openline.machine.timers import OFF, Timer
from openline.policy import Policy
from tests.core.driver import ATTEMPT, FRAME, SESSION, Drive


class Spelled(EchoPanel):
    """A dialect that carries audio as text."""

    def audio(self, memory: Memory, source: str, pcm: bytes, number: int) -> Encoded:
        said = {"type": "audio", "source": source, "samples": len(pcm) // 2}
        return memory, (json.dumps(said),)


def test_the_start_carries_the_ids_of_the_dial() -> None:
    drive = Drive()
    drive.open()
    drive.opened()
    start = drive.pull()
    assert isinstance(start, SendText)
    said = json.loads(start.data)
    assert said["type"] == "start"
    assert (said["session_id"], said["attempt_id"]) == (SESSION, ATTEMPT)
    assert said["connection_id"] == "connection 1"
    assert drive.pull() is None


def test_audio_is_header_and_frame_or_encoded_by_the_dialect() -> None:
    drive = Drive().stream()
    drive.audio(1)
    assert drive.pull() == SendBytes(1, b"EP\x01\x01" + bytes(2 * FRAME))
    drive = Drive(dialect=Spelled()).stream()
    drive.audio(1)
    drive.pull()
    assert drive.texts == [(1, "start"), (1, "audio")]


def test_a_ping_that_is_due_goes_before_the_audio() -> None:
    drive = Drive().stream()
    drive.audio(5)
    drive.feed(e.NetworkRestored())
    assert [type(outgoing) for outgoing in drive.drain()] == [SendPing, *[SendBytes] * 5]


def test_a_ping_is_sent_for_every_piece_of_backlog() -> None:
    drive = Drive().stream()
    drive.audio(80)
    kinds = [type(outgoing) for outgoing in drive.drain()]
    assert kinds.count(SendPing) == 8
    assert kinds.index(SendPing) == 10


def test_sources_take_turns() -> None:
    drive = Drive(sources=("mic", "system")).stream()
    drive.audio(3, "mic")
    drive.audio(3, "system")
    sources = [m.data[3] for m in drive.drain() if isinstance(m, SendBytes)]
    assert sources == [1, 0, 1, 0, 1, 0]


def armed(drive: Drive) -> set[Timer]:
    return {timer for timer in Timer if drive.session.deadlines[timer] != OFF}


def test_a_pull_means_that_the_last_send_has_completed() -> None:
    drive = Drive().stream()
    drive.audio(2)
    assert Timer.SEND not in armed(drive)
    drive.pull()
    assert drive.session.deadlines[Timer.SEND] == drive.now + 5
    drive.now += 3
    drive.pull()
    assert drive.session.deadlines[Timer.SEND] == drive.now + 5
    assert drive.pull() is None
    assert Timer.SEND not in armed(drive)


def test_a_stop_and_a_ping_are_sends_like_others() -> None:
    drive = Drive().stream()
    drive.feed(e.NetworkRestored())
    drive.stop()
    assert isinstance(drive.pull(), SendPing)
    assert Timer.SEND in armed(drive)
    assert isinstance(drive.pull(), SendText)
    assert Timer.SEND in armed(drive)
    drive.tick()
    assert drive.state == "closed", "nothing was to be delivered"


def test_a_shut_window_requests_a_confirmation_within_a_limit() -> None:
    drive = Drive().stream()
    drive.audio(200)
    assert isinstance(drive.drain()[-1], SendPing)
    assert drive.frames() == 80
    assert {Timer.STALL} < armed(drive)
    stalls = drive.session.deadlines[Timer.STALL]
    drive.now += 1
    drive.pull()
    assert drive.session.deadlines[Timer.STALL] == stalls, "not put off by looking again"
    for outgoing in drive.sent:
        if isinstance(outgoing, SendPing):
            drive.feed(e.PongReceived(1, outgoing.mark))
    drive.figures()
    drive.serve("mic")
    assert drive.frames() == 200
    assert Timer.STALL not in armed(drive)


def test_the_sender_is_woken_when_time_opens_a_window() -> None:
    drive = Drive().stream()
    drive.audio(100)
    drive.serve()  # it answers pings and sends no metrics
    assert drive.frames() == 80
    assert Timer.PACE in armed(drive)
    assert drive.core.next_deadline() == drive.session.deadlines[Timer.PING]
    drive.say("horoscope", after=1)
    drive.tick()
    drive.serve()
    while drive.frames() < 100 and drive.state == "streaming":
        drive.tick()
        assert Timer.PACE not in armed(drive) or drive.session.deadlines[Timer.PACE] > drive.now
        drive.serve()
    assert drive.frames() == 100


def test_the_stop_waits_for_all_audio() -> None:
    drive = Drive().stream()
    drive.audio(100)
    drive.stop()
    drive.serve()
    assert drive.texts == [(1, "start")]
    drive.figures()
    drive.serve("mic")
    assert drive.texts == [(1, "start"), (1, "stop")]
    assert drive.frames() == 100
    assert json.loads(drive.sent[-1].data) == {  # type: ignore[union-attr]
        "type": "stop",
        "session_id": SESSION,
    }


@pytest.mark.parametrize("how", ["fatal", "aborted", "stopped", "timed out"])
def test_a_start_that_was_due_does_not_outlive_the_session(how: str) -> None:
    drive = Drive(policy=Policy(max_attempts=0))
    drive.open()
    drive.opened()
    if how == "fatal":
        drive.lose(1002)
    elif how == "aborted":
        drive.abort()
    elif how == "stopped":
        drive.stop()
    else:
        drive.tick()
    assert drive.core.ended
    assert drive.pull() is None


def test_nothing_is_sent_while_there_is_no_line() -> None:
    drive = Drive()
    drive.audio(5)
    assert drive.pull() is None
    drive.open()
    assert drive.pull() is None
    drive.connect()
    drive.lose()
    assert drive.pull() is None
    drive.redial()
    drive.opened()
    drive.drain()
    drive.ack()
    drive.stop()
    drive.serve("mic")
    drive.summary()
    assert drive.state == "closing"
    assert drive.pull() is None
