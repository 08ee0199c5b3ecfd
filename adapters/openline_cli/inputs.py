"""From the FILE arguments of ``stream`` to sources.

FILE is the name of a recording or of a pipe, or ``-`` for standard input. ``FILE:left`` and
``FILE:right`` are one channel of it; ``--split`` makes the two channels of one recording two
sources. ``mic:`` and ``mic:NAME`` are microphones, ``system:`` and ``system:NAME`` what an output
plays. A file that is really called so wins. Everything is opened and checked here, before anything
is dialled.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from openline.text import os_reason
from openline_audio.source import Source, SourceError
from openline_cli.problems import FAILED, Problem, printable

STDIN: Final = "-"
#: The names of channels, by number.
CHANNELS: Final = ("left", "right")
_RAW_RATE, _RAW_CHANNELS = 16_000, 1
#: The kinds of devices, which are the usual names of their sources as well.
MIC, SYSTEM = "mic", "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How all files are read: the options of the command."""

    speed: float = 1.0
    rate: int | None = None
    channels: int | None = None
    stream: int | None = None
    begin: float = 0.0
    until: float | None = None
    split: bool = False
    allow_empty: bool = False
    device_policy: str = "hold"


def name_sources(files: Sequence[str], known: Sequence[str], first: str | None) -> list[str]:
    """The names of the sources of ``files``, in their order, and then those that are left.

    A device has the name of its kind. ``first`` is what the user calls the first file.
    """
    claims = [device_of(file) for file in files[: len(known)]]
    names = [None if claim is None else claim[0] for claim in claims]
    if first is not None and names:
        names[0] = first
    taken: list[str | None] = []
    for name in names:
        taken.append(name if name in known and name not in taken else None)
    left = [name for name in known if name not in taken]
    return [left.pop(0) if name is None else name for name in taken] + left


def device_of(file: str) -> tuple[str, str] | None:
    """The kind of a device and its name, empty for the default; None: it is a file."""
    kind, colon, name = file.partition(":")
    if not colon or kind not in {MIC, SYSTEM} or Path(file).exists():
        return None
    return kind, name


def is_pipe(file: str) -> bool:
    """Whether it is standard input or a named pipe, as a shell's ``<(command)`` is."""
    return file == STDIN or Path(file).is_fifo()


def recordings(files: Sequence[str]) -> list[Path]:
    """The recordings among ``files`` that exist."""
    names = [Path(_channel_of(file)[0]) for file in files]
    return [name for name in names if name.is_file()]


def open_sources(files: Sequence[str], names: Sequence[str], reading: Reading) -> dict[str, Source]:
    """The sources by the first of ``names``, the first file's first. Raises Problem."""
    inputs = [_channel_of(file) for file in files]
    _check_part(files, reading)
    if reading.split:
        inputs = _split(inputs, names)
    if len(inputs) > len(names):
        most = "one" if len(names) == 1 else f"at most {len(names)}"
        raise Problem(f"{len(files)} files: give {most}, for the backend takes no more sources")
    piped = [file for file, _ in inputs if is_pipe(file)]
    for file in piped:
        if piped.count(file) > 1:
            what = "stands for standard input" if file == STDIN else "is a pipe"
            raise Problem(f"{file} {what}, which can be read only once")
    if not piped:
        for name, value in (("--rate", reading.rate), ("--channels", reading.channels)):
            if value is not None:
                raise Problem(f"{name} is for raw PCM (FILE is -); a recording has its own")
    return {
        name: _open(file, channel, reading)
        for name, (file, channel) in zip(names, inputs, strict=False)
    }


def _check_part(files: Sequence[str], reading: Reading) -> None:
    """Raise Problem where a part is asked for that is none, or of what has no parts."""
    if reading.until is not None and reading.until <= reading.begin:
        raise Problem("--until is not behind --from: give two times of the recording, in order")
    given = {"--from": reading.begin, "--until": reading.until}
    option = next((name for name, value in given.items() if value), None)
    for file in files if option else ():
        device = device_of(file)
        if device is not None:
            raise Problem(f"{option} is for recordings; {device[0]}: is captured as time passes")
        if is_pipe(file):
            raise Problem(
                f"{option} is for a recording by its name; cut what is piped in, as in "
                "ffmpeg -ss 12:30 -i FILE -f wav - | openline stream -"
            )


def _channel_of(file: str) -> tuple[str, int | None]:
    """The name of the file, and the number of its channel; None for a mix of all."""
    name, colon, channel = file.rpartition(":")
    is_channel = colon and name and channel in CHANNELS and device_of(file) is None
    if is_channel and not Path(file).exists():
        return name, CHANNELS.index(channel)
    return file, None


def _split(
    inputs: Sequence[tuple[str, int | None]], names: Sequence[str]
) -> list[tuple[str, int | None]]:
    if len(inputs) != 1 or inputs[0][1] is not None:
        raise Problem("--split makes two sources of one file: give one, without its channel")
    if len(names) < len(CHANNELS):
        raise Problem("--split needs two sources, and the backend takes one: give FILE:left")
    if is_pipe(inputs[0][0]):
        raise Problem("--split needs a recording's name, for a pipe can be read only once")
    if device_of(inputs[0][0]) is not None:
        raise Problem("--split is for a recording; a device is one source")
    return [(inputs[0][0], channel) for channel in range(len(CHANNELS))]


def _open(file: str, channel: int | None, reading: Reading) -> Source:
    device = device_of(file)
    if device is not None:
        return _open_device(*device, reading)
    scheme, separator, rest = file.partition("://")
    if separator and scheme.isalpha() and not Path(file).exists():
        place = f"{scheme}://{rest.partition('/')[0].rpartition('@')[2]}"
        raise Problem(
            f"{printable(place)} is not on this machine; pipe it in, as in "
            "curl -sL URL | openline stream -"
        )
    from openline_audio.reader import NoAudioError
    from openline_trio.sources import FileSource, PcmSource

    try:
        if is_pipe(file):
            return PcmSource(
                _standard_input() if file == STDIN else _named_pipe(file),
                rate=_RAW_RATE if reading.rate is None else reading.rate,
                channels=_RAW_CHANNELS if reading.channels is None else reading.channels,
                speed=reading.speed,
                channel=channel,
                stream=reading.stream,
                allow_empty=reading.allow_empty,
            )
        source = FileSource(
            file,
            speed=reading.speed,
            channel=channel,
            stream=reading.stream,
            start=reading.begin,
            until=reading.until,
            allow_empty=reading.allow_empty,
        )
    except NoAudioError as error:
        raise Problem(f"{error}, or pass --allow-empty", status=FAILED) from None
    except (SourceError, OSError) as error:
        raise Problem(str(error)) from None
    except ValueError as error:
        raise Problem(f"--speed: {error}") from None
    if reading.split and source.channels > len(CHANNELS):
        raise Problem(f"--split: {file} has {source.channels} channels, not two")
    return source


def _open_device(kind: str, name: str, reading: Reading) -> Source:
    from openline_trio.sources import DevicePolicy, Microphone, SystemAudio

    if reading.speed != 1:
        raise Problem(f"--speed is for recordings; {kind}: is captured as time passes")
    if reading.stream is not None:
        raise Problem(f"--stream is for containers; {kind}: is a device")
    policy = DevicePolicy(reading.device_policy)
    try:
        if kind == SYSTEM:
            return SystemAudio(name or None, policy=policy)
        return Microphone(int(name) if name.isdecimal() else name or None, policy=policy)
    except SourceError as error:
        raise Problem(str(error)) from None


def _standard_input() -> int:
    """The descriptor of standard input. Raises Problem if it is closed or was replaced."""
    try:
        if sys.stdin is not None:
            return sys.stdin.fileno()
    except (OSError, ValueError):
        pass
    raise Problem("- stands for standard input, which is closed; name a file or open a pipe")


@dataclass(frozen=True, slots=True)
class _NamedPipe:
    """A pipe that stays open until the command ends."""

    name: str
    fd: int

    def fileno(self) -> int:
        return self.fd


def _named_pipe(file: str) -> _NamedPipe:
    """The pipe, open. It may have no writer yet. Raises Problem."""
    try:
        # Not blocking: to open a pipe without a writer would wait for one.
        return _NamedPipe(file, os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK))
    except OSError as error:
        raise Problem(f"{file} cannot be opened ({os_reason(error)})") from None


def remarks(sources: dict[str, Source]) -> list[str]:
    """What the sources noticed about their recordings, a line each, each once."""
    found = [line for source in sources.values() for line in getattr(source, "remarks", ())]
    return list(dict.fromkeys(found))
