"""A real PulseAudio of its own, with devices that are made up, and what is heard through them.

The server runs in a folder of its own and for this test alone. ``desk_mic`` and ``usb_mic`` hear
the ``room``, in which `play` speaks; ``speakers`` is the default output. To unplug a microphone is
to unload its module.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import wave
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

RATE: Final = 16_000
CLICK: Final = 0.5  # seconds from one click to the next
MONITOR_HZ: Final = 3_000  # what the speakers play
_PROGRAMS: Final = ("pulseaudio", "pactl", "paplay")
_MIC: Final = "module-remap-source master=room.monitor source_name={}"

Samples = npt.NDArray[np.float64]


def missing() -> str:
    """Why there can be no server here; empty if there can."""
    programs = [each for each in _PROGRAMS if shutil.which(each) is None]
    if programs:
        return f"no {', '.join(programs)}: apt-get install pulseaudio pulseaudio-utils"
    return "" if find_spec("pulsectl") else "no pulsectl: it comes with openline[microphone]"


class SoundServer:
    """The server, in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._run = folder / "run"
        self._run.mkdir(mode=0o700)
        self.address = f"unix:{self._run}/native"
        self._environment = {
            **os.environ,
            "PULSE_SERVER": self.address,
            "PULSE_RUNTIME_PATH": str(self._run),
            "XDG_RUNTIME_DIR": str(self._run),
            "HOME": str(folder),
        }
        self._players: list[subprocess.Popen[bytes]] = []
        self._server: subprocess.Popen[bytes] | None = None
        self._modules: dict[str, str] = {}
        (folder / "default.pa").write_text(
            f"load-module module-native-protocol-unix socket={self._run}/native auth-anonymous=1\n"
            "load-module module-null-sink sink_name=room rate=48000 channels=2\n"
            "load-module module-null-sink sink_name=speakers rate=48000 channels=2\n"
            "set-default-sink speakers\n"
        )

    def start(self) -> None:
        """Start it, with both microphones, and wait until it answers."""
        environment = {**self._environment}
        del environment["PULSE_SERVER"]
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [
                    *("pulseaudio", "-n", "-F", str(self._folder / "default.pa")),
                    *(
                        "--daemonize=no",
                        "--exit-idle-time=-1",
                        "--realtime=no",
                        "--use-pid-file=no",
                    ),
                ],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until(self._answers)
        for name in ("desk_mic", "usb_mic"):
            self.plug(name)
        self.pactl("set-default-source", "desk_mic")

    def _answers(self) -> bool:
        assert self._server is not None
        assert self._server.poll() is None, (self._folder / "log").read_text()
        asked = subprocess.run(
            ["pactl", "info"], env=self._environment, capture_output=True, check=False
        )
        return asked.returncode == 0

    def pactl(self, *words: str) -> str:
        """Run pactl, and return what it prints."""
        return subprocess.run(
            ["pactl", *words], env=self._environment, capture_output=True, check=True, text=True
        ).stdout.strip()

    def load(self, *words: str) -> str:
        """Load a module, and return its number."""
        return self.pactl("load-module", *words)

    def plug(self, name: str) -> None:
        """Plug this microphone in."""
        self._modules[name] = self.load(*_MIC.format(name).split())

    def unplug(self, name: str) -> None:
        """Unplug it."""
        self.pactl("unload-module", self._modules.pop(name))

    def play(self, samples: Samples, sink: str, rate: int = 48_000) -> None:
        """Play mono samples, ±1, until `close`; they should last as long as the test."""
        path = self._folder / f"{sink}-{len(self._players)}.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes((samples * 32_767).astype("<i2").tobytes())
        self._players.append(
            subprocess.Popen(
                ["paplay", f"--device={sink}", str(path)],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        inputs = len(self._players)
        until(lambda: len(self.pactl("list", "short", "sink-inputs").splitlines()) >= inputs)

    def die(self) -> None:
        """End at once, without a word."""
        assert self._server is not None
        self._server.kill()
        self._server.wait()
        (self._run / "native").unlink(missing_ok=True)
        self._modules.clear()

    def close(self) -> None:
        """End everything."""
        for player in self._players:
            player.kill()
            player.wait()
        if self._server is not None:
            self._server.kill()
            self._server.wait()


def until(ready: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for another process, so long at most."""
    limit = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < limit, "the sound server did nothing"
        time.sleep(0.02)


def tone(hertz: float, seconds: float, rate: int = 48_000, loud: float = 0.5) -> Samples:
    """A sine."""
    return loud * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def clicks(seconds: float, rate: int = 48_000) -> Samples:
    """A click of 10 ms each half second, over a hum that is no silence."""
    sound = tone(300, seconds, rate, loud=0.01)
    step, length = round(CLICK * rate), rate // 100
    for start in range(0, len(sound) - length, step):
        sound[start : start + length] = tone(1000, 0.01, rate)
    return sound


def strength(heard: Samples, hertz: int) -> float:
    """The largest amplitude of a frequency (a multiple of 10 Hz) in any 0.1 s of int16 samples."""
    window = RATE // 10
    shape = np.hanning(window)
    parts = [
        np.abs(np.fft.rfft(heard[at : at + window] * shape))[hertz // 10]
        for at in range(0, len(heard) - window, window // 2)
    ]
    return float(max(parts, default=0.0)) / (window / 4)


def phases(heard: Samples) -> Samples:
    """Where each click lies within its half second, around their median, in seconds."""
    loud = np.flatnonzero(np.abs(heard) > 5_000)
    starts = loud[np.diff(loud, prepend=-RATE) > RATE // 10] / RATE
    assert len(starts) > 3, "no clicks were heard"
    turns: Samples = 2 * np.pi * starts / CLICK
    middle = np.arctan2(np.median(np.sin(turns)), np.median(np.cos(turns)))
    offsets: Samples = ((turns - middle + np.pi) % (2 * np.pi) - np.pi) / (2 * np.pi) * CLICK
    return offsets
