"""Which system gives access to the device that a user names, and which devices there are.

On Linux it is the sound server, if one runs for the user: its devices can be watched. PortAudio is
for the rest: other systems, a machine without a sound server, and a device that is given by
PortAudio's number or name.
"""

from __future__ import annotations

import sys
from typing import Final

from openline_audio.devices import Device, System, pick
from openline_audio.portaudio import PortAudioSystem
from openline_audio.pulse import PulseSystem
from openline_audio.source import SourceError

#: ALSA's names of the sound server: what is behind them is the server's default.
_SERVER: Final = frozenset({"default", "sysdefault", "pulse", "pipewire"})


def find_microphone(wanted: int | str | None) -> tuple[System, Device]:
    """The input called ``wanted``; None: the default. Raises SourceError, one line."""
    server = _server()
    if server is None:
        system = PortAudioSystem(wanted)
        return system, system.find()
    pulse, devices = server
    if isinstance(wanted, str) and wanted not in _SERVER:
        try:
            return pulse, pick(devices, wanted, monitor=False)
        except SourceError as missing:
            try:
                other = PortAudioSystem(wanted)
                found = other.find()
            except SourceError:
                raise missing from None
            if found.name not in _SERVER:
                return other, found
    elif isinstance(wanted, int):
        other = PortAudioSystem(wanted)
        found = other.find()
        if found.name not in _SERVER:
            return other, found
    return pulse, pick(devices, None, monitor=False)


def find_system_audio(wanted: str | None) -> tuple[System, Device]:
    """The monitor of the output called ``wanted``; None: of the default. Raises SourceError."""
    if not sys.platform.startswith("linux"):
        raise SourceError(
            "system audio is captured on Linux alone, from PulseAudio or PipeWire; elsewhere "
            "install a loopback device and capture it as a microphone"
        )
    pulse = PulseSystem()
    return pulse, pick(pulse.devices(), wanted, monitor=True)


def list_devices() -> tuple[Device, ...]:
    """All inputs, and the monitors of outputs where there is a sound server. Raises SourceError."""
    server = _server()
    return PortAudioSystem().devices() if server is None else server[1]


def _server() -> tuple[PulseSystem, tuple[Device, ...]] | None:
    """The sound server and its devices, if one runs for this user and can be used."""
    try:
        pulse = PulseSystem()
        return pulse, pulse.devices()
    except SourceError:
        return None
