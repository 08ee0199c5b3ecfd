"""``openline devices`` and ``openline mic``."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from openline_audio.devices import Device
from openline_audio.source import SourceError
from openline_cli import calls, device_list
from openline_cli.app import dispatch
from openline_cli.problems import Problem

USB = Device(name="usb", description="Blue Yeti", rate=44_100, channels=2, is_default=True)
DESK = Device(name="desk array", description="Desk\x1barray", rate=48_000, channels=8)
SPEAKERS = Device(
    name="speakers.monitor",
    description="Monitor of Speakers",
    rate=48_000,
    channels=2,
    is_monitor=True,
)


def lists(monkeypatch: pytest.MonkeyPatch, *devices: Device) -> None:
    monkeypatch.setattr(device_list, "list_devices", lambda: devices)


def test_devices_are_listed_by_kind_with_the_word_that_streams_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lists(monkeypatch, SPEAKERS, DESK, USB)
    assert dispatch(["devices"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Microphones",
        "* mic:usb          44100 Hz  2 ch  Blue Yeti",
        "  mic:desk array   48000 Hz  8 ch  Desk array",
        "",
        "System audio",
        "  system:speakers   48000 Hz  2 ch  Monitor of Speakers",
        "",
        "To stream one: openline stream WORD. A star marks the default: mic: or system:.",
    ]


def test_json_has_an_object_for_each(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lists(monkeypatch, replace(SPEAKERS, is_default=True), USB)
    assert dispatch(["devices", "--json"]) == 0
    mic, speakers = map(json.loads, capsys.readouterr().out.splitlines())
    assert mic == {
        "file": "mic:usb",
        "name": "usb",
        "description": "Blue Yeti",
        "rate": 44_100,
        "channels": 2,
        "monitor": False,
        "default": True,
    }
    assert (speakers["file"], speakers["monitor"]) == ("system:speakers", True)


def test_no_device_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lists(monkeypatch)
    assert dispatch(["devices"]) == 0
    assert capsys.readouterr().out == (
        "There is no device to capture from. On Linux, see that PulseAudio or PipeWire runs for "
        "this user.\n"
    )


def test_what_is_missing_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> object:
        raise SourceError("the microphone needs PortAudio")

    monkeypatch.setattr(device_list, "list_devices", fail)
    with pytest.raises(Problem, match="the microphone needs PortAudio"):
        dispatch(["devices"])


@pytest.mark.parametrize(
    ("words", "file"), [(["mic"], "mic:"), (["mic", "usb", "--out", "a.txt"], "mic:usb")]
)
def test_mic_streams_the_device(
    words: list[str], file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Any] = []

    def stream(options: Any) -> int:
        given.append(options)
        return 0

    monkeypatch.setattr("openline_cli.stream.stream", stream)
    assert dispatch([*words, "--device-policy", "fail", "--policy", "give_up_after=60"]) == 0
    [options] = given
    assert options.files == [file]
    assert options.device_policy == "fail"
    assert options.policy.give_up_after == 60
    assert calls.RUN["mic"] is calls.run_mic
