"""A process that was stopped goes on where it was: a sleep is not a failure."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given
from msgspec.structs import replace

from openline import events as e
from openline.commands import SendPing
from openline.dialects.echopanel import TRAITS, EchoPanel
from openline.machine.suspension import GRACE, NOTICED
from openline.machine.timers import Timer
from openline.policy import Policy
from openline.reconnect.verdicts import ErrorKind
from openline.updates import Resumed, SourceEnded, State
from tests.core.driver import Drive

SLEEP = st.floats(5.0, 6000.0)


def sleep(drive: Drive, seconds: float, event: e.Event | None = None) -> None:
    """Nothing is fed for ``seconds`` behind the next deadline; then ``event``."""
    deadline = drive.core.next_deadline()
    assert deadline is not None
    drive.now = deadline + seconds
    drive.feed(event or e.Tick())


@given(seconds=SLEEP)
def test_a_pong_that_lay_ready_keeps_the_line(seconds: float) -> None:
    drive = Drive().stream()
    drive.wait(5)
    mark = next(each.mark for each in reversed(drive.sent) if isinstance(each, SendPing))
    sleep(drive, seconds)
    drive.feed(e.PongReceived(1, mark), after=GRACE / 2)
    drive.wait(1)
    assert drive.state == "streaming"
    assert [each.gap for each in drive.told(Resumed)] == [pytest.approx(seconds)]


@given(seconds=SLEEP)
def test_a_source_that_lay_ready_is_not_silent(seconds: float) -> None:
    drive = Drive(watched=("mic",)).stream()
    drive.audio(1)
    sleep(drive, seconds)
    drive.now += GRACE / 2
    drive.audio(1)
    drive.wait(1)
    assert drive.told(SourceEnded) == []


@given(seconds=SLEEP)
def test_a_source_that_hangs_is_still_lost_after_a_sleep(seconds: float) -> None:
    drive = Drive(watched=("mic",), policy=Policy(source_timeout=4.0)).stream()
    drive.audio(1)
    sleep(drive, seconds)
    drive.wait(5)
    assert [each.source for each in drive.told(SourceEnded)] == ["mic"]


@pytest.mark.parametrize("served", [1.7, 2.3, 3.0])
def test_a_process_that_is_always_slow_still_leaves_a_dead_line(served: float) -> None:
    drive = Drive().stream()
    drive.audio(1)
    began = drive.now
    while drive.state == "streaming":
        drive.pull()
        drive.feed(e.Tick(), after=served)
        assert drive.now - began < 30


@given(seconds=SLEEP)
def test_giving_up_and_finishing_are_put_off_by_the_sleep(seconds: float) -> None:
    drive = Drive(policy=Policy(give_up_after=30.0)).stream()
    drive.audio(10)
    drive.lose()
    drive.stop()
    before = dict(drive.core.snapshot().deadlines)
    sleep(drive, seconds)
    after = drive.core.snapshot().deadlines
    for timer in (Timer.GIVE_UP, Timer.FINISH):
        assert after[timer] == pytest.approx(before[timer] + seconds)
    assert drive.state is not State.FAILED


def test_a_line_is_not_stable_by_sleeping() -> None:
    drive = Drive(policy=Policy(stable_after=10.0)).stream()
    drive.wait(3)
    sleep(drive, 600.0)
    assert drive.core.snapshot().deadlines[Timer.STABLE] == pytest.approx(drive.now + 10.0)


@pytest.mark.repeats
@given(seconds=SLEEP)
def test_a_backend_is_not_deaf_or_stalled_by_our_sleep(seconds: float) -> None:
    drive = Drive().stream()
    drive.speak(3)
    drive.audio(200)
    drive.drain()
    before = dict(drive.core.snapshot().deadlines)
    sleep(drive, seconds)
    after = drive.core.snapshot().deadlines
    for timer in (Timer.STALL, Timer.PROOF):
        assert after[timer] == pytest.approx(before[timer] + seconds)


def test_an_event_that_is_a_little_late_is_no_suspension() -> None:
    drive = Drive().stream()
    sleep(drive, NOTICED)
    assert drive.told(Resumed) == []


@pytest.mark.parametrize("late", [1.5, 2.0])
def test_a_window_that_stays_shut_has_its_grace_though_the_sender_pulls(late: float) -> None:
    drive = Drive(policy=Policy(stall_timeout=8.0, ping_interval=60.0)).stream()
    drive.audio(300)
    drive.drain()
    drive.feed(e.PongReceived(1, next(x.mark for x in drive.sent if isinstance(x, SendPing))))
    for _ in range(4):  # the figures come, and the queue stays full
        drive.now += 1.9
        drive.figures(2.0)
        drive.drain()
    assert drive.core.next_deadline() == drive.core.snapshot().deadlines[Timer.STALL]
    sleep(drive, late)
    for after in (0.0, GRACE / 2):
        drive.drain()
        drive.feed(e.Tick(), after=after)
        assert drive.state == "streaming"
    drive.drain()
    drive.feed(e.Tick(), after=GRACE)
    assert State.RECONNECTING in drive.states


def test_the_time_asleep_does_not_count_in_an_outage() -> None:
    drive = Drive(policy=Policy(give_up_after=30.0)).stream()
    drive.audio(10)
    drive.lose()
    for _ in range(20):  # the dials fail within a second or two each, awake
        if drive.state == "connecting":
            drive.lose(error=ErrorKind.REFUSED)
        sleep(drive, 60.0)
        if drive.now > 100.0 + 10 * 60:
            break
    assert drive.state in {"connecting", "reconnecting"}


def test_a_sleep_ages_no_audio_whose_silence_nothing_proves() -> None:
    class Mute(EchoPanel):
        traits = replace(TRAITS, queue=None, proves_silence=False, horizon=10.0)

    drive = Drive(dialect=Mute(), policy=Policy(source_timeout=None)).stream()
    drive.feed(e.AudioCaptured("mic", bytes(64_000), 0))  # 2 s of silence
    for _ in range(4):  # from the second pong on the backend has had all of it
        drive.serve()
        drive.wait(3.0, pulling=False)
    drive.serve()
    sleep(drive, 60.0)
    drive.wait(1.0, pulling=False)  # a ping goes out, and is answered
    drive.serve()
    assert drive.core.statistics.sources["mic"].assumed == 0
    for _ in range(4):
        drive.wait(3.0, pulling=False)
        drive.serve()
    assert drive.core.statistics.sources["mic"].assumed == 32_000


@given(seconds=SLEEP)
def test_a_retry_just_before_the_limit_still_goes_before_it_after_a_sleep(seconds: float) -> None:
    drive = Drive().stream()
    drive.audio(1)
    drive.drain()
    drive.lose()
    for _ in range(3):
        drive.redial()
        drive.lose()
    drive.now += 1.08
    drive.stop()
    deadlines = drive.session.deadlines
    while deadlines[Timer.FINISH] - deadlines[Timer.RETRY] > GRACE:
        drive.redial()
        drive.lose()
    assert drive.state == "reconnecting"
    sleep(drive, seconds)
    assert drive.state == "connecting"
    assert deadlines[Timer.FINISH] == pytest.approx(drive.now + 0.1)
