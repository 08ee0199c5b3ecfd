"""What becomes of a capture when its device goes, stalls or comes back: a pure state machine.

Theory of operation. Facts and the time come in (`receive`), actions go out, and ``deadline`` says
when a ``Tick`` is due. The machine holds at most one stream at a time and numbers them; of an
earlier one it drops everything. It knows four phases:

- OPENING: a stream was asked for and has given no audio. A suspended or slow device may take
  ``FIRST_BLOCK`` seconds.
- CAPTURING: audio comes. After ``STALL`` seconds without any, the device counts as away.
- SUSPENDED: the stream stands, and its device is suspended.
- WAITING: there is no stream. A list with a fitting device opens the next one, or else a retry.
  The device that was just lost may still be in a list that is older than its loss: it is opened
  after a list without it, or by a retry.

A hole is as long as the clock says: from the arrival of the last audio to that of the next, less
the length of the latter. It is known when there is audio again, so that is when it is reported.

Which device is opened is decided here alone: the sound server is not allowed to move a stream.
A monitor never stands in for a microphone, nor a microphone for a monitor.

An example, with the policy HOLD, in seconds: audio comes until 10.0, then ``Lost``. Out go
``Close`` and ``Held``. At 13.2 a list has the device again: ``Open``. At 13.3 come 0.02 s of audio:
``Hole`` of 3.28 s, ``Changed``, ``Pass``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, TypeAlias

from openline_audio.devices import (
    Captured,
    Device,
    DevicePolicy,
    Fact,
    Listed,
    Lost,
    Opened,
    Suspended,
    Tick,
)
from openline_audio.source import SAMPLE_RATE

#: Seconds until the first audio of a stream. On PulseAudio it came after up to 2.4 s from a
#: suspended source, by a stream with the server's default latency of 2 s.
FIRST_BLOCK: Final = 5.0
#: Seconds without audio after which a device that gave some counts as away.
STALL: Final = 2.0
#: Seconds until a device that was given up is tried again, if the system reports no change before.
RETRY: Final = 1.0


@dataclass(frozen=True, slots=True)
class Open:
    """Capture ``device`` by the stream of this number."""

    stream: int
    device: Device


@dataclass(frozen=True, slots=True)
class Close:
    """End the stream."""

    stream: int


@dataclass(frozen=True, slots=True)
class Pass:
    """Pass on what this device gave."""

    audio: Captured
    device: Device


@dataclass(frozen=True, slots=True)
class Hole:
    """``samples``, at 16 kHz, were not captured."""

    samples: int


@dataclass(frozen=True, slots=True)
class Held:
    """Report that the source waits for a device."""

    device: str
    reason: str


@dataclass(frozen=True, slots=True)
class Changed:
    """Report that the audio comes from ``device`` from here on."""

    device: str
    reason: str


@dataclass(frozen=True, slots=True)
class Fail:
    """The source is lost."""

    reason: str


Action: TypeAlias = Open | Close | Pass | Hole | Held | Changed | Fail


class Phase(Enum):
    """Where a capture stands."""

    OPENING = auto()
    CAPTURING = auto()
    SUSPENDED = auto()
    WAITING = auto()
    OVER = auto()


class DeviceMachine:
    """One capture that began with ``chosen``.

    ``is_named``: the user named that device; else it was the default. ``is_watched``: the system
    reports ``Listed``; else a device is looked for by opening it.
    """

    def __init__(
        self, policy: DevicePolicy, chosen: Device, *, is_named: bool, is_watched: bool
    ) -> None:
        self._policy = policy
        self._chosen = chosen
        self._is_named = is_named
        self._is_watched = is_watched
        self._devices: tuple[Device, ...] = (chosen,)
        self._stream = 0
        self._suspect: Device | None = None  # that was lost, and in no list since
        self._known = chosen.name  # the device that the app believes it hears
        self._was_opened = False  # a stream, once
        self._is_told = False  # the app knows that the source waits
        self._is_suspended = False
        self._end: float | None = None  # when the last audio came that was passed on
        self._out: list[Action] = []
        self.phase = Phase.WAITING
        self.deadline = math.inf  #: when a ``Tick`` is due

    def start(self, now: float) -> list[Action]:
        """Begin with the chosen device."""
        self._open(self._chosen, now)
        return self._taken()

    def receive(self, fact: Fact, now: float) -> list[Action]:
        """Take in what happened, or was noticed, at ``now`` (seconds); returns what to do."""
        match fact:
            case _ if self.phase is Phase.OVER:
                pass
            case Listed(devices, reason):
                self._list(devices, reason, now)
            case Tick():
                if now >= self.deadline:
                    self._time_is_up(now)
            case _ if fact.stream != self._stream or self.phase is Phase.WAITING:
                pass  # of an earlier stream
            case Opened():
                self._was_opened = True
            case Captured():
                self._pass_on(fact)
            case Suspended(_, is_suspended):
                self._suspend(now, is_suspended=is_suspended)
            case Lost(_, reason):
                self._lose(reason, now)
        return self._taken()

    def finish(self, now: float) -> list[Action]:
        """The source is stopped: the hole until now, if the device is away."""
        if self._end is not None and self.phase is not Phase.CAPTURING:
            self._hole(now - self._end)
            self._end = now
        return self._taken()

    # The facts.

    def _pass_on(self, fact: Captured) -> None:
        device, self._was_opened = self._current, True
        if self.phase is Phase.CAPTURING:
            self._hole(fact.missing)
        elif self._end is not None:
            self._hole(fact.at - fact.seconds - self._end)
        if device.name != self._known:
            self._out.append(Changed(device.name, f"instead of {self._known}"))
        elif self._is_told:
            since = "" if self._end is None else f" after {fact.at - self._end:.1f} s"
            self._out.append(Changed(device.name, f"it gives audio again{since}"))
        self._known, self._is_told = device.name, False
        self._end = fact.at
        self.phase, self.deadline = Phase.CAPTURING, fact.at + STALL
        self._out.append(Pass(fact, device))

    def _suspend(self, now: float, *, is_suspended: bool) -> None:
        self._is_suspended = is_suspended
        if is_suspended and self.phase is Phase.CAPTURING:
            self._wait_suspended()
        elif not is_suspended and self.phase is Phase.SUSPENDED:
            self.deadline = now + FIRST_BLOCK

    def _wait_suspended(self) -> None:
        reason = f"{self._current.name} is suspended"
        if self._policy is DevicePolicy.FAIL:
            self._fail(reason)
            return
        self.phase, self.deadline = Phase.SUSPENDED, math.inf
        self._hold(reason)

    def _lose(self, reason: str, now: float) -> None:
        if self._was_opened:
            self._away(reason, now)
        else:  # a mistake of the user, or no server: nothing to wait for
            self._fail(reason)

    def _list(self, devices: tuple[Device, ...], reason: str, now: float) -> None:
        self._devices = devices
        if self._suspect is not None and not _has(devices, self._suspect):
            self._suspect = None
        device = self._fitting()
        if self.phase is Phase.WAITING:
            if device is not None:
                self._open_unless_lost(device, now)
        elif not _has(devices, self._current):
            self._away(reason or f"{self._current.name} went away", now)
        elif device is not None and device.name != self._current.name:  # only where it FOLLOWs
            self._close()
            self._open(device, now)

    def _time_is_up(self, now: float) -> None:
        name = self._current.name
        match self.phase:
            case Phase.OPENING if self._is_suspended:
                self._wait_suspended()
            case Phase.OPENING | Phase.SUSPENDED:
                self._away(f"{name} has given no sound for {FIRST_BLOCK:.0f} s", now)
            case Phase.CAPTURING:
                self._away(f"{name} has given no sound for {STALL:.0f} s", now)
            case Phase.WAITING | Phase.OVER:  # of the latter there is no deadline
                device = self._fitting() if self._is_watched else self._chosen
                if device is None:
                    self.deadline = math.inf
                else:
                    self._open(device, now)

    # The actions.

    def _away(self, reason: str, now: float) -> None:
        """The device gives nothing more: wait for it, or take another one."""
        if self._policy is DevicePolicy.FAIL:
            self._fail(reason)
            return
        self._close()
        self.phase, self.deadline = Phase.WAITING, now + RETRY
        self._suspect = self._current if _has(self._devices, self._current) else None
        device = self._fitting()
        if device is not None:
            self._open_unless_lost(device, now)
        if self.phase is Phase.WAITING:
            self._hold(f"{reason}; waiting for it")

    def _open_unless_lost(self, device: Device, now: float) -> None:
        if self._suspect is None or not _has((device,), self._suspect):
            self._open(device, now)
        elif self.deadline == math.inf:
            self.deadline = now + RETRY

    def _fitting(self) -> Device | None:
        """The device to capture now, of those that are there."""
        kind = [each for each in self._devices if each.is_monitor is self._chosen.is_monitor]
        is_free = self._policy is DevicePolicy.FOLLOW
        if self._is_named or not is_free:
            for each in kind:
                if each.name == self._chosen.name:
                    return each
        if not is_free:
            return None
        return next((each for each in kind if each.is_default), kind[0] if kind else None)

    def _open(self, device: Device, now: float) -> None:
        self._stream += 1
        self._current = device
        self._is_suspended = False
        self.phase, self.deadline = Phase.OPENING, now + FIRST_BLOCK
        self._out.append(Open(self._stream, device))

    def _close(self) -> None:
        self._out.append(Close(self._stream))

    def _fail(self, reason: str) -> None:
        self._close()
        self.phase, self.deadline = Phase.OVER, math.inf
        self._out.append(Fail(reason))

    def _hold(self, reason: str) -> None:
        if not self._is_told:
            self._is_told = True
            self._out.append(Held(self._current.name, reason))

    def _hole(self, seconds: float) -> None:
        samples = round(seconds * SAMPLE_RATE)
        if samples > 0:
            self._out.append(Hole(samples))

    def _taken(self) -> list[Action]:
        out, self._out = self._out, []
        return out


def _has(devices: tuple[Device, ...], device: Device) -> bool:
    """Whether it is there, and was not unplugged between."""
    return any((each.name, each.number) == (device.name, device.number) for each in devices)
