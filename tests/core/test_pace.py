"""Audio goes at most so many times as fast as time; without a queue nothing else bounds it."""

from __future__ import annotations

import pytest

from openline.commands import SendPing
from openline.dialects.traits import AudioForm
from openline.machine.timers import OFF, Timer
from openline.updates import SAMPLE_RATE
from tests.core.driver import BEAT, FRAME
from tests.core.formed_toy import Toy, hear, lengths, messages, rest, stream


@pytest.mark.repeats
@pytest.mark.parametrize("pace", [1.05, 2.0, 10.0])
@pytest.mark.parametrize("usual", [0.02, 0.1])
def test_a_backlog_goes_at_the_pace_and_a_message_more(pace: float, usual: float) -> None:
    drive = stream(Toy(pace=pace, form=AudioForm(usual=usual)))
    hear(drive, 0, 60 * SAMPLE_RATE)
    drive.drain()
    begin, size = drive.now, round(usual * SAMPLE_RATE)
    assert lengths(drive) == [size, size]
    for _ in range(10):
        rest(drive, 0.31)
        sent, allowed = sum(lengths(drive)), (drive.now - begin) * pace * SAMPLE_RATE
        assert allowed < sent <= allowed + 2 * size
    assert drive.session.deadlines[Timer.STALL] == OFF
    assert drive.session.deadlines[Timer.PACE] != OFF
    assert drive.core.snapshot().window_shut


def test_time_without_audio_is_not_saved_up() -> None:
    drive = stream(Toy(pace=2.0))
    hear(drive, 0, FRAME)
    rest(drive, 30)
    hear(drive, FRAME, 50 * FRAME)
    drive.drain()
    assert lengths(drive) == [FRAME] * 3
    rest(drive, BEAT)
    assert lengths(drive) == [FRAME] * 5


def test_live_audio_is_never_held_up() -> None:
    drive = stream(Toy(pace=1.01))
    for i in range(500):
        rest(drive, BEAT)
        hear(drive, i * FRAME, (i + 1) * FRAME)
        drive.drain()
        assert len(lengths(drive)) == i + 1


def test_a_timer_that_is_late_by_less_than_a_message_loses_no_pace() -> None:
    drive = stream(Toy(pace=2.0, form=AudioForm(usual=0.1)))
    hear(drive, 0, 100 * SAMPLE_RATE)
    drive.drain()
    begin = drive.now
    while drive.now < begin + 10:
        deadline = drive.session.deadlines[Timer.PACE]
        drive.now = deadline + 0.04
        drive.drain()
    assert sum(lengths(drive)) >= (drive.now - begin) * 2 * SAMPLE_RATE - 1600


def test_each_source_has_a_pace_of_its_own() -> None:
    drive = stream(Toy(pace=1.5), ("mic", "system"))
    for source in ("mic", "system"):
        hear(drive, 0, 1000 * FRAME, source)
    rest(drive, 1.0)
    assert len(lengths(drive)) == len(lengths(drive, "system")) in {76, 77}


def test_silence_keeps_the_pace_too() -> None:
    drive = stream(Toy(pace=2.0))
    hear(drive, 0, FRAME)
    drive.drain()
    drive.session.streams.put_silence(10.0, ["mic"])
    rest(drive, 1.0)
    assert lengths(drive) == [FRAME] * len(lengths(drive))
    assert 100 <= len(lengths(drive)) <= 103


def test_a_window_and_a_pace_both_hold() -> None:
    drive = stream(Toy(pace=2.0, queue=0.5, window=0.5, live_ahead=0.1))
    hear(drive, 0, 1000 * FRAME)
    drive.wait(0.1)
    assert len(lengths(drive)) in {11, 12}
    drive.wait(2.0)
    assert len(lengths(drive)) == 25
    assert drive.session.deadlines[Timer.STALL] != OFF


def test_the_stop_waits_for_the_pace() -> None:
    drive = stream(Toy(pace=2.0))
    hear(drive, 0, 50 * FRAME)
    drive.stop()
    drive.drain()
    assert "stop" not in messages(drive)
    rest(drive, 0.5)
    assert messages(drive)[-1] == "stop"
    assert len(lengths(drive)) == 50


def test_a_pace_asks_for_no_pings() -> None:
    drive = stream(Toy(pace=1.05, form=AudioForm(usual=0.5)))
    hear(drive, 0, 100 * SAMPLE_RATE)
    rest(drive, 4.0)  # a ping is due each 5 s anyway
    assert not any(isinstance(each, SendPing) for each in drive.sent)


def test_without_a_queue_nothing_bounds_what_is_sent() -> None:
    drive = stream(Toy())
    hear(drive, 0, 1000 * FRAME)
    drive.drain()
    assert len(lengths(drive)) == 1000
    assert drive.session.deadlines[Timer.STALL] == drive.session.deadlines[Timer.PACE] == OFF
    assert not drive.core.snapshot().window_shut
    assert not any(isinstance(each, SendPing) for each in drive.sent)
