"""The devices of sources: a source that waits for its device is not silent, and the app is told."""

from __future__ import annotations

import math

import pytest

from openline import events as e
from openline.policy import Policy
from openline.session import LocalProtocolError
from openline.updates import GapCause, SourceChanged, SourceEnded, SourceHeld, Trouble
from tests.core.driver import Drive

QUICK = Policy(source_timeout=5.0)
LOST = e.DeviceLost("mic", "usb", "usb was unplugged")
FOUND = e.DeviceFound("mic", "usb", "usb is back")


def streaming() -> Drive:
    """A session whose only source is watched."""
    drive = Drive(watched=("mic",), policy=QUICK).stream()
    drive.audio()
    return drive


def test_a_source_that_waits_for_its_device_is_not_silent() -> None:
    drive = streaming()
    drive.feed(LOST)
    drive.wait(8)
    assert drive.told(SourceHeld) == [
        SourceHeld(source="mic", device="usb", reason="usb was unplugged")
    ]
    assert drive.told(SourceEnded) == []
    drive.feed(e.CaptureHole("mic", 8 * 16_000))
    drive.feed(FOUND)
    drive.audio()
    assert drive.told(SourceChanged) == [
        SourceChanged(source="mic", device="usb", reason="usb is back")
    ]
    assert drive.state == "streaming"
    drive.abort()
    assert [(gap.cause, gap.samples) for gap in drive.gaps if gap.cause is GapCause.CAPTURE] == [
        (GapCause.CAPTURE, 8 * 16_000)
    ]


def test_a_source_with_a_device_again_is_watched_again() -> None:
    drive = streaming()
    drive.feed(LOST)
    drive.wait(8)
    drive.feed(FOUND)
    drive.wait(6)
    assert [lost.source for lost in drive.told(SourceEnded)] == ["mic"]


@pytest.mark.parametrize("event", [LOST, FOUND, e.SilenceHeard("mic", 10.0)])
def test_of_a_source_that_is_over_nothing_is_told(event: e.Event) -> None:
    drive = Drive(sources=("mic", "system")).stream()
    drive.feed(e.SourceFinished("mic"))
    drive.feed(event)
    assert drive.told(SourceHeld) == []
    assert drive.told(SourceChanged) == []
    assert drive.told(Trouble) == []


def test_a_muted_source_is_reported_once() -> None:
    drive = streaming()
    drive.feed(e.SilenceHeard("mic", 10.0))
    drive.feed(e.SilenceHeard("mic", 20.0))
    assert [(each.kind, each.text) for each in drive.told(Trouble)] == [
        (
            "muted",
            (
                "mic has been digital silence for 10 s: "
                "is it muted, or is this program not permitted to use it?"
            ),
        )
    ]


def test_each_muted_source_is_reported() -> None:
    drive = Drive(sources=("mic", "system")).stream()
    for source in ("system", "mic", "system"):
        drive.feed(e.SilenceHeard(source, 10.0))
    assert [each.text.split()[0] for each in drive.told(Trouble)] == ["system", "mic"]


@pytest.mark.parametrize("seconds", [math.nan, math.inf])
def test_a_silence_lasts_for_a_number_of_seconds(seconds: float) -> None:
    with pytest.raises(LocalProtocolError, match="give seconds"):
        streaming().feed(e.SilenceHeard("mic", seconds))
