"""Signs that a backend still processes audio, and how silence is confirmed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from openline import events as e
from openline.commands import SendBytes, SendPing
from openline.dialects.echopanel import TRAITS, EchoPanel
from openline.machine.timers import Timer
from openline.policy import Policy
from openline.updates import SAMPLE_RATE
from tests.core.driver import FRAME, Drive

STALL = Policy().stall_timeout


class Short(EchoPanel):
    """A backend with a short horizon."""

    traits = replace(TRAITS, horizon=2.01)


def shut(*sources: str) -> Drive:
    """A session whose windows are shut, with more audio than may be in flight."""
    drive = Drive(sources=sources).stream()
    for source in sources:
        drive.audio(500, source)
    drive.serve()
    assert drive.session.streams.shut
    return drive


def a_little_less(drive: Drive, turn: int) -> None:
    drive.figures(backlog=1.6 - turn / 1000)


def words_of_no_more(drive: Drive, _turn: int) -> None:
    drive.partial(0, 0.01)


@pytest.mark.parametrize("sign", [a_little_less, words_of_no_more])
def test_a_backend_that_drains_or_sends_words_is_not_stalled(
    sign: Callable[[Drive, int], None],
) -> None:
    drive = shut("mic")
    frames = drive.frames()
    for turn in range(1, 10):
        drive.wait(STALL / 3)
        drive.serve()
        sign(drive, turn)
    assert drive.state == "streaming"
    assert sign is words_of_no_more or drive.frames() == frames, "the window was never open"


def test_pongs_prevent_a_stall_while_audio_is_received() -> None:
    drive = Drive().stream()
    drive.audio(1500)
    for _ in range(100):
        drive.wait(0.2, pulling=False)
        drive.serve()
    assert drive.state == "streaming"
    assert drive.frames() > 500


@pytest.mark.parametrize("sign", [a_little_less, words_of_no_more])
def test_progress_of_one_source_does_not_count_for_the_other(
    sign: Callable[[Drive, int], None],
) -> None:
    drive = shut("mic", "system")
    since = drive.now
    drive.feed(e.Tick(), after=1)
    sign(drive, 1)
    assert drive.session.deadlines[Timer.STALL] == since + STALL


def test_a_shut_window_requests_a_confirmation_at_once() -> None:
    drive = shut("mic")
    drive.figures(backlog=1.5)  # the window has room for five frames, and a ping is sent every ten
    drive.drain()
    assert isinstance(drive.sent[-1], SendPing)
    assert isinstance(drive.sent[-2], SendBytes)


def test_a_stall_deadline_moves_before_any_pull() -> None:
    drive = shut("mic")
    drive.feed(e.Tick(), after=1)
    words_of_no_more(drive, 1)
    assert drive.session.deadlines[Timer.STALL] == float("inf")


def test_a_window_shut_on_one_line_is_open_on_the_next() -> None:
    drive = shut("mic", "system")
    drive.lose(status=503, retry_after=2 * STALL)
    drive.redial()
    drive.connect()
    drive.pull()
    drive.feed(e.Tick(), after=0.01)
    assert drive.state == "streaming"


def test_drops_on_one_line_do_not_count_on_the_next() -> None:
    drive = Drive().stream()
    drive.audio(50)
    for _ in range(2):
        drive.serve()
        drive.commands.clear()
        drive.figures(dropped=50)
        assert sum(gap.samples for gap in drive.gaps) == 50 * FRAME
        drive.lose()
        drive.redial()
        drive.connect()


@pytest.mark.parametrize(("more", "confirmed"), [(-1, 0), (0, 0), (1, 321)])
def test_silence_older_than_the_horizon_is_confirmed(more: int, confirmed: int) -> None:
    drive = Drive(dialect=Short())
    drive.feed(e.CaptureHole("mic", 320))
    drive.stream()
    drive.audio(150)
    drive.serve()
    drive.figures(backlog=0.6)
    drive.serve()
    drive.partial(0.5, Short.traits.horizon + more / SAMPLE_RATE)
    assert drive.core.statistics.sources["mic"].confirmed == confirmed
