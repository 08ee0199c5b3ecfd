"""Which system and which device a name means, and what is said where it means none."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from openline_audio import finding
from openline_audio.devices import Device, pick
from openline_audio.portaudio import PortAudioSystem
from openline_audio.source import SourceError
from tests.trio.sources.support_card import Card, PortAudioError, sounddevice

USB = Device(
    name="alsa.usb", description="Blue Yeti", rate=48_000, channels=2, is_default=True, number=1
)
DESK = Device(name="alsa.desk", description="Desk array", rate=44_100, channels=2, number=2)
SPEAKERS = Device(
    name="speakers.monitor",
    description="Monitor of Speakers",
    rate=48_000,
    channels=2,
    is_monitor=True,
    is_default=True,
    number=3,
)
ALL = (USB, DESK, SPEAKERS)


class Server:
    """A sound server that is made up. None: there is none."""

    found: tuple[Device, ...] | None = ALL
    is_watched = True

    def __init__(self) -> None:
        if self.found is None:
            raise SourceError("no sound server answers")

    def devices(self) -> tuple[Device, ...]:
        assert self.found is not None
        return self.found


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> type[Server]:
    made = type("Made", (Server,), {})
    monkeypatch.setattr(finding, "PulseSystem", made)
    return made


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Card:
    made = Card()
    monkeypatch.setitem(sys.modules, "sounddevice", sounddevice(made))
    return made


@pytest.mark.parametrize(
    ("wanted", "device"),
    [
        (None, USB),
        ("alsa.desk", DESK),
        ("Desk array", DESK),
        ("yeti", USB),
        ("desk", DESK),
        ("default", USB),
        ("pulse", USB),
        ("sysdefault", USB),
        ("pipewire", USB),
    ],
)
def test_a_microphone_is_named_by_all_or_part_of_its_name(
    wanted: str | None, device: Device, server: type[Server]
) -> None:
    system, found = finding.find_microphone(wanted)
    assert isinstance(system, server)
    assert found == device


@pytest.mark.parametrize("wanted", [None, "speakers", "speakers.monitor", "Monitor of"])
def test_system_audio_is_named_by_its_output(wanted: str | None, server: type[Server]) -> None:
    assert finding.find_system_audio(wanted)[1] == SPEAKERS


@pytest.mark.parametrize(
    ("wanted", "monitor", "complaint"),
    [
        ("alsa", False, "'alsa' fits more than one microphone: give alsa.usb or alsa.desk"),
        ("nix", False, ("there is no microphone 'nix'; openline devices lists them: alsa.usb, "
         "alsa.desk")),
        ("nix", True, ("there is no system audio 'nix'; openline devices lists them: "
         "speakers.monitor")),
        ("speakers.monitor", False, ("'speakers.monitor' is no microphone but the monitor of an "
         "output: system audio")),
        ("speakers", False, ("'speakers' is no microphone but the monitor of an output: system "
         "audio")),
    ],
)  # fmt: skip
def test_a_name_that_means_no_device_is_one_line(
    wanted: str, complaint: str, *, monitor: bool
) -> None:
    with pytest.raises(SourceError) as caught:
        pick(ALL, wanted, monitor=monitor)
    assert str(caught.value) == complaint


def test_a_monitor_that_is_the_default_is_no_microphone() -> None:
    """PulseAudio makes it the default where there is no microphone."""
    with pytest.raises(SourceError, match="there is no default microphone"):
        pick([replace(SPEAKERS, is_default=True)], None, monitor=False)
    with pytest.raises(SourceError, match="openline devices lists them: none"):
        pick([SPEAKERS], "usb", monitor=False)


def test_portaudio_is_asked_where_there_is_no_server(server: type[Server], card: Card) -> None:
    server.found = None
    system, found = finding.find_microphone(None)
    assert isinstance(system, PortAudioSystem)
    assert found.name == "USB mic"
    assert [each.name for each in finding.list_devices()] == ["USB mic"]


def test_a_name_or_number_of_portaudio_is_its(server: type[Server], card: Card) -> None:
    for wanted in ("hw:1", 1):
        system, _ = finding.find_microphone(wanted)
        assert isinstance(system, PortAudioSystem)


@pytest.mark.parametrize("wanted", ["some alias", 0])
def test_portaudio_s_name_of_the_server_is_the_server(
    wanted: int | str, server: type[Server], card: Card
) -> None:
    card.name = "pulse"
    system, found = finding.find_microphone(wanted)
    assert isinstance(system, server)
    assert found == USB


def test_a_name_that_neither_knows_is_reported_by_the_server_s_list(
    server: type[Server], card: Card
) -> None:
    card.check_error = PortAudioError("no such device")
    with pytest.raises(SourceError, match="there is no microphone 'nix'"):
        finding.find_microphone("nix")
    with pytest.raises(SourceError, match="the microphone 7 cannot be used"):
        finding.find_microphone(7)


def test_the_devices_of_the_server_are_listed(server: type[Server]) -> None:
    assert finding.list_devices() == ALL


def test_system_audio_on_another_system_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(SourceError) as caught:
        finding.find_system_audio(None)
    assert str(caught.value) == (
        "system audio is captured on Linux alone, from PulseAudio or PipeWire; elsewhere install "
        "a loopback device and capture it as a microphone"
    )
