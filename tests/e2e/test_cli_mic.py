"""``openline mic`` and ``openline devices`` on a real PulseAudio, to the Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from tests.e2e.support_sound import MONITOR_HZ, SoundServer, clicks, missing, tone

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

COMMAND = [sys.executable, "-m", "openline_cli"]
PATIENCE = 120.0


@pytest.fixture
def sound(tmp_path: Path) -> Generator[SoundServer]:
    """The server of this test; the room speaks, and so do the speakers."""
    server = SoundServer(tmp_path)
    server.start()
    server.play(clicks(60), "room")
    server.play(tone(MONITOR_HZ, 60), "speakers")
    yield server
    server.close()


@contextmanager
def running(sound: SoundServer, *words: str) -> Generator[subprocess.Popen[str]]:
    environment = {**os.environ, "PULSE_SERVER": sound.address}
    with subprocess.Popen(
        [*COMMAND, *words],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def url(sound: SoundServer) -> Generator[str]:
    """A backend that echoes."""
    with running(sound, "serve", "--port", "0", "--recognizer", "echo") as server:
        line = lines(server.stdout).readline()
        assert line.startswith("listening on ")
        yield line.split()[-1]


def lines(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def until(stream: IO[str], kind: str) -> dict[str, Any]:
    """The next update of this kind."""
    for line in stream:
        update: dict[str, Any] = json.loads(line)
        if update["update"] == kind:
            return update
    raise AssertionError(f"no update {kind} came")


def test_a_microphone_is_streamed_until_ctrl_c_and_complete(sound: SoundServer, url: str) -> None:
    with running(sound, "mic", "desk", "--url", url, "--json") as process:
        out = lines(process.stdout)
        assert until(out, "transcript")["source"] == "mic"
        process.send_signal(signal.SIGINT)
        ended = until(out, "ended")
        assert process.wait(PATIENCE) == 0
    assert ended["complete"]
    assert list(ended["sources"]) == ["mic"]


def test_what_becomes_of_the_device_is_printed_and_the_session_goes_on(
    sound: SoundServer, url: str
) -> None:
    with running(sound, "stream", "mic:", "system:", "--url", url, "--json") as process:
        out = lines(process.stdout)
        while until(out, "transcript")["source"] != "mic":
            pass
        sound.unplug("desk_mic")
        held = until(out, "source_held")
        assert (held["source"], held["device"]) == ("mic", "desk_mic")
        sound.plug("desk_mic")
        assert until(out, "source_changed")["device"] == "desk_mic"
        process.send_signal(signal.SIGINT)
        ended = until(out, "ended")
        assert process.wait(PATIENCE) == 1
    assert {gap["source"] for gap in ended["missing"]} == {"mic"}
    assert set(ended["sources"]) == {"mic", "system"}


def test_a_second_ctrl_c_aborts(sound: SoundServer) -> None:
    with running(
        sound, "serve", "--port", "0", "--recognizer", "echo", "--fault", "no summary"
    ) as server:
        url = lines(server.stdout).readline().split()[-1]
        with running(sound, "mic", "--url", url, "--json") as process:
            until(lines(process.stdout), "transcript")
            process.send_signal(signal.SIGINT)
            assert "Ctrl-C again" in lines(process.stderr).readline()
            process.send_signal(signal.SIGINT)
            until(lines(process.stdout), "ended")
            assert process.wait(PATIENCE) == 130


def test_the_devices_are_listed(sound: SoundServer) -> None:
    with running(sound, "devices", "--json") as process:
        found = [json.loads(line) for line in lines(process.stdout)]
        assert process.wait(PATIENCE) == 0
    assert [(each["file"], each["default"]) for each in found] == [
        ("mic:desk_mic", True),
        ("mic:usb_mic", False),
        ("system:speakers", True),
        ("system:room", False),
    ]


def test_a_monitor_is_no_microphone(sound: SoundServer) -> None:
    with running(sound, "mic", "speakers") as process:
        error = lines(process.stderr).read()
        assert process.wait(PATIENCE) == 2
    assert error == (
        "openline: 'speakers' is no microphone but the monitor of an output: system audio\n"
    )
