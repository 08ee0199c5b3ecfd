"""Input devices, and the facts that a capture reports of them: plain data.

A *system* is what gives access to devices: PulseAudio (PipeWire answers as one), or PortAudio. A
*stream* captures one device. Each has its own threads, and reports facts. A fact of a stream
carries the stream's number, so that a late one of an earlier stream is recognised.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, TypeAlias

from openline_audio.source import SourceError


class DevicePolicy(StrEnum):
    """What becomes of a source when its device is away, or the default is another one."""

    #: Wait for the device: nothing else is captured, and the time until it is back is a hole.
    HOLD = "hold"
    #: Go on with another device of the same kind, and say so; where there is none, wait.
    FOLLOW = "follow"
    #: The source is lost.
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """An input, by its own rate (Hz) and channel count.

    ``name`` is unique; ``description`` is for people. ``is_monitor``: it gives what is played on
    an output. ``number`` changes when a device is unplugged and plugged in again. ``positions``
    are PulseAudio's numbers of the channels' places, if it is one of PulseAudio's.
    """

    name: str
    description: str
    rate: int
    channels: int
    is_monitor: bool = False
    is_default: bool = False
    number: int = 0
    positions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """These are all devices now; ``reason`` says why there is none, if it is known."""

    devices: tuple[Device, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """The system accepted the stream; audio may still take a while."""

    stream: int


@dataclass(frozen=True, slots=True)
class Captured:
    """``pcm``, s16le with the device's channels, whose last sample came at ``at``.

    ``seconds`` is how long it is, and ``missing`` how much was lost right before it.
    """

    stream: int
    pcm: bytes = field(repr=False)
    seconds: float
    at: float
    missing: float = 0.0


@dataclass(frozen=True, slots=True)
class Suspended:
    """The system suspended the device, or resumed it."""

    stream: int
    is_suspended: bool


@dataclass(frozen=True, slots=True)
class Lost:
    """The stream is over, or could not be opened. ``reason`` is one line for the user."""

    stream: int
    reason: str


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passed."""


Fact: TypeAlias = Listed | Opened | Captured | Suspended | Lost | Tick
Report: TypeAlias = Callable[[Fact], None]


class Stream(Protocol):
    """One capture of one device."""

    def close(self) -> None:
        """Begin to end it, without waiting; any number of times, from any thread."""
        ...

    def join(self, seconds: float) -> bool:
        """Wait until it has ended, so long at most; returns whether it has."""
        ...


class Watch(Protocol):
    """Reports ``Listed`` at once, and whenever the devices or the default have changed."""

    def close(self) -> None:
        """Begin to end it, without waiting; any number of times, from any thread."""
        ...

    def join(self, seconds: float) -> bool:
        """Wait until it has ended, so long at most; returns whether it has."""
        ...


class System(Protocol):
    """Access to devices. What it reports, it reports from threads of its own."""

    @property
    def is_watched(self) -> bool:
        """Whether it says when the devices change."""
        ...

    def devices(self) -> tuple[Device, ...]:
        """All inputs. Raises SourceError if there is no access to them. Blocks for a moment."""
        ...

    def open(self, stream: int, device: Device, report: Report) -> Stream:
        """Begin to capture ``device``, without waiting."""
        ...

    def watch(self, report: Report) -> Watch | None:
        """Watch the devices; None if they cannot be."""
        ...


def pick(devices: Sequence[Device], wanted: str | None, *, monitor: bool) -> Device:
    """The device called ``wanted``, or the default one (None), of those that are ``monitor``s.

    ``wanted`` is a name, a description, or a part of either that fits one device alone; what a
    monitor belongs to is called as it is without ``.monitor``. Raises SourceError.
    """
    kind = "system audio" if monitor else "microphone"
    fitting = [each for each in devices if each.is_monitor is monitor]
    if wanted is None:
        for each in fitting:
            if each.is_default:
                return each
        raise SourceError(f"there is no default {kind}; openline devices lists what there is")
    for names in (_exact, _parts):
        found = [each for each in fitting if names(each, wanted)]
        if len(found) == 1:
            return found[0]
        if found:
            several = " or ".join(each.name for each in found)
            raise SourceError(f"{wanted!r} fits more than one {kind}: give {several}")
    if not monitor and any(_exact(each, wanted) for each in devices):
        raise SourceError(f"{wanted!r} is no microphone but the monitor of an output: system audio")
    known = ", ".join(each.name for each in fitting) or "none"
    raise SourceError(f"there is no {kind} {wanted!r}; openline devices lists them: {known}")


def _exact(device: Device, wanted: str) -> bool:
    return wanted in {device.name, device.description, device.name.removesuffix(".monitor")}


def _parts(device: Device, wanted: str) -> bool:
    part = wanted.casefold()
    return part in device.name.casefold() or part in device.description.casefold()
