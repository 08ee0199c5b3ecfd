"""The peaks of captured audio: measured once, in frames, for a dialect that needs them."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from msgspec.structs import replace

from openline.audio.loudness import needs_peaks
from openline.dialects.echopanel import TRAITS, EchoPanel
from openline.dialects.traits import Drain
from openline.events import AudioCaptured, Event
from openline.observer import Observer
from openline.session import LocalProtocolError
from openline_driver.peaks import measured, peak
from tests.driver.model import Face


def pcm(*samples: int) -> bytes:
    return struct.pack(f"<{len(samples)}h", *samples)


@pytest.mark.parametrize(
    ("samples", "expected"),
    [((), 0), ((0,), 0), ((5, -3), 5), ((5, -7), 7), ((-32768,), 32768), ((32767, -1), 32767)],
)
def test_the_peak_is_the_largest_absolute_sample(samples: tuple[int, ...], expected: int) -> None:
    assert peak(pcm(*samples)) == expected


def test_samples_are_little_endian_on_any_machine() -> None:
    assert peak(b"\x00\x01") == 256


@pytest.mark.parametrize(
    ("changed", "needs"),
    [
        ({}, False),
        ({"proves_silence": False}, True),
        ({"silent_in_silence": True}, True),
        ({"proves_silence": False, "silent_in_silence": True}, True),
        # A dial is drained in a pause, which has to be quiet.
        ({"drain": Drain.FLUSH}, True),
        ({"drain": Drain.STOP}, True),
    ],
)
def test_who_needs_them(changed: dict[str, Any], needs: bool) -> None:
    assert needs_peaks(replace(TRAITS, **changed)) == needs


def test_a_long_block_is_measured_in_frames() -> None:
    audio = pcm(*[0] * 320, *[9] * 320, *[-4] * 10)
    assert [*measured(AudioCaptured("mic", audio))] == [
        AudioCaptured("mic", audio[:640], 0),
        AudioCaptured("mic", audio[640:1280], 9),
        AudioCaptured("mic", audio[1280:], 4),
    ]


@pytest.mark.parametrize(
    "event",
    [AudioCaptured("mic", pcm(1, 2), 77), AudioCaptured("mic", b"123"), AudioCaptured("mic", b"")],
)
def test_a_block_with_a_peak_or_with_half_a_sample_stays_as_it_is(event: AudioCaptured) -> None:
    [same] = measured(event)
    assert same.pcm == event.pcm
    assert same.peak == (event.peak if event.pcm else 0)


class Seen(Observer):
    """Notes the audio that reaches the machine."""

    __slots__ = ("audio",)

    def __init__(self) -> None:
        self.audio: list[AudioCaptured] = []

    def on_event(self, event: Event, now: float) -> None:
        if isinstance(event, AudioCaptured):
            self.audio.append(event)


class Unproved(EchoPanel):
    """A dialect whose backend proves no silence."""

    traits = replace(TRAITS, proves_silence=False)


def test_the_driver_measures_for_such_a_dialect_alone() -> None:
    audio = pcm(*[100] * 640)
    for dialect, peaks in ((EchoPanel(), [None]), (Unproved(), [100, 100])):
        seen = Seen()
        face = Face(seen, dialect=dialect)
        face.open()
        face.feed(AudioCaptured("mic", audio))
        assert [each.peak for each in seen.audio] == peaks
        assert b"".join(each.pcm for each in seen.audio) == audio


def test_half_a_sample_is_refused_before_any_of_it_is_taken() -> None:
    seen = Seen()
    face = Face(seen, dialect=Unproved())
    face.open()
    with pytest.raises(LocalProtocolError):
        face.feed(AudioCaptured("mic", bytes(641)))
    assert face.driver.statistics.sources["mic"].captured == 0
