"""What a source delivers to, and what a stop takes from it."""

from __future__ import annotations

import asyncio
from array import array

import pytest

from openline.events import (
    AudioCaptured,
    CaptureHole,
    DeviceFound,
    DeviceLost,
    Event,
    SilenceHeard,
    SourceKind,
    SourceStarted,
)
from openline.session import LocalProtocolError
from openline_audio.source import Sink
from openline_driver.facts import Fact, SourceRaised
from openline_driver.sinks import Sinks


class Quiet:
    duration = None

    async def run(self, sink: Sink) -> None:
        """Deliver nothing."""


class Full(Quiet):
    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def flush(self, sink: Sink) -> None:
        if self.error is not None:
            raise self.error
        sink.started(1.5)
        sink.hole(320)
        sink.audio(b"\x00\x40")


def made(**sources: Quiet) -> tuple[Sinks, list[Event | Fact], list[str]]:
    fed: list[Event | Fact] = []
    waited: list[str] = []

    async def room(name: str) -> None:
        waited.append(name)

    return Sinks(fed.append, room, sources), fed, waited


def test_a_flush_takes_what_each_source_holds() -> None:
    error = ValueError("mine")
    sinks, fed, _ = made(quiet=Quiet(), broken=Full(error), full=Full())
    sinks.flush()
    assert fed == [
        SourceRaised("broken", error),
        SourceStarted("full", 1.5),
        CaptureHole("full", 320),
        AudioCaptured("full", b"\x00\x40"),
    ]
    assert (sinks.level("full"), sinks.level("quiet"), sinks.level("none")) == (0.5, 0.0, 0.0)


def test_a_sink_takes_arrays_of_samples_and_refuses_others() -> None:
    sinks, fed, _ = made(mic=Quiet())
    sinks.sinks["mic"].audio(array("h", [1, 2]))  # type: ignore[arg-type]
    assert fed == [AudioCaptured("mic", b"\x01\x00\x02\x00")]
    with pytest.raises(LocalProtocolError, match="16-bit"):
        sinks.sinks["mic"].audio(array("f", [1.0]))  # type: ignore[arg-type]


def test_a_sink_waits_for_the_room_of_its_own_source() -> None:
    sinks, _, waited = made(mic=Quiet(), system=Quiet())
    asyncio.run(sinks.sinks["system"].room())
    assert waited == ["system"]


def test_a_sink_passes_on_what_becomes_of_the_device() -> None:
    sinks, fed, _ = made(mic=Quiet())
    sinks.sinks["mic"].held("usb", "unplugged")
    sinks.sinks["mic"].changed("usb", "back")
    assert fed == [DeviceLost("mic", "usb", "unplugged"), DeviceFound("mic", "usb", "back")]


SECOND = bytes(32_000)


def silences(source: Quiet, *audio: bytes) -> list[Event | Fact]:
    sinks, fed, _ = made(mic=source)
    for pcm in audio:
        sinks.sinks["mic"].audio(pcm)
    return [each for each in fed if isinstance(each, SilenceHeard)]


def test_digital_silence_from_the_start_is_reported_once_after_10_s() -> None:
    assert silences(Quiet(), *[SECOND] * 9) == []
    assert silences(Quiet(), *[SECOND] * 30) == [SilenceHeard("mic", 10.0)]


def test_one_sample_that_is_not_zero_shows_that_a_source_captures() -> None:
    assert silences(Quiet(), SECOND, bytes(639) + b"\x01", *[SECOND] * 30) == []


def test_an_output_that_plays_nothing_is_not_muted() -> None:
    class Output(Quiet):
        may_be_silent = True

    assert silences(Output(), *[SECOND] * 30) == []


def test_a_stored_recording_may_be_silent() -> None:
    class Stored(Quiet):
        kind = SourceKind.STORE

    assert silences(Stored(), *[SECOND] * 30) == []


def test_audio_that_is_relayed_is_not_fed() -> None:
    fed: list[Event | Fact] = []
    relayed: list[tuple[str, bytes]] = []

    async def room(name: str) -> None:
        raise AssertionError(name)

    def relay(name: str, pcm: bytes) -> bool:
        relayed.append((name, pcm))
        return len(relayed) == 1

    sinks = Sinks(fed.append, room, {"mic": Quiet()}, relay)
    sinks.sinks["mic"].audio(b"\x00\x40")
    sinks.sinks["mic"].audio(b"\x00\x20")
    assert relayed == [("mic", b"\x00\x40"), ("mic", b"\x00\x20")]
    assert fed == [AudioCaptured("mic", b"\x00\x20")]
    assert sinks.level("mic") == 0.25
