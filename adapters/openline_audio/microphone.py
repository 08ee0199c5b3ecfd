"""Devices as sources: the microphone, and what the speakers play.

Theory of operation. A `CaptureThread` captures in threads of its own, and puts audio, holes and
news of the device into a bounded hand-over; the source's task delivers them. What becomes of the
source when its device is unplugged, suspended or replaced is decided by `device_machine`, by the
policy. Where the device is a sound server's, its changes are watched; PortAudio reports none.

The end waits 2 s at most for the device: a driver that hangs keeps an idle thread, but never the
session.
"""

from __future__ import annotations

from typing import ClassVar, Final, Literal, TypeAlias

from openline.events import SourceKind
from openline_audio.capture_thread import CaptureThread, new_converter
from openline_audio.device_machine import DeviceMachine
from openline_audio.devices import Device, DevicePolicy, System
from openline_audio.finding import find_microphone, find_system_audio
from openline_audio.handover import Handover
from openline_audio.pace import Runtime, Worker
from openline_audio.source import Sink

#: Seconds that a device may take to close.
CLOSING: Final = 2.0

PolicyName: TypeAlias = DevicePolicy | Literal["hold", "follow", "fail"]


class DeviceSource:
    """A device of ``system`` as a source. ``is_named``: not only because it was the default."""

    kind = SourceKind.DEVICE
    _runtime: ClassVar[Runtime]  # of a face
    _handovers: ClassVar[type[Handover]]

    def __init__(
        self,
        found: tuple[System, Device],
        policy: PolicyName,
        worker: Worker | None,
        *,
        is_named: bool,
    ) -> None:
        self._system, self._device = found
        if policy not in set(DevicePolicy):
            raise ValueError(f"policy: give hold, follow or fail, not {policy!r}")
        self.policy = DevicePolicy(policy)
        self._worker = worker or self._runtime.in_thread
        self._is_named = is_named
        self._running: tuple[CaptureThread, Handover] | None = None  # the run that began last
        new_converter(self._device)  # that it can be converted

    @property
    def device(self) -> Device:
        """The device that was found, by its own rate and channels."""
        return self._device

    @property
    def duration(self) -> None:
        """None: unknown."""
        return None

    async def run(self, sink: Sink) -> None:
        """Deliver captured audio until cancelled; may be called again afterwards.

        Raises SourceError if the device cannot be opened and, by the policy FAIL, if it goes away,
        is suspended, or gives no sound.
        """
        handover = self._handovers()
        machine = DeviceMachine(
            self.policy,
            self._device,
            is_named=self._is_named,
            is_watched=self._system.is_watched,
        )
        capture = CaptureThread(self._system, machine, handover)
        self._running = capture, handover
        capture.start()

        async def join() -> None:
            await self._worker(lambda: capture.join(CLOSING), abandon=True)

        try:
            while items := await handover.take():
                handover.deliver(items, sink)
            capture.check()
        finally:
            capture.close()
            await self._runtime.shielded(CLOSING, join)

    def flush(self, sink: Sink) -> None:
        """Deliver what the loop had no turn for yet: a stop overtakes nothing that was captured.

        While the device is away, the time until now is a hole.
        """
        if self._running is not None:
            capture, handover = self._running
            capture.finish()
            handover.deliver(handover.take_nowait(), sink)


class Microphone(DeviceSource):
    """An input device: ``device`` is a name, a part of one, or a number of PortAudio's.

    None is the system's default input. A device is captured in its own form and converted. The
    constructor looks for it (it blocks meanwhile), and raises SourceError, one line, if there is
    none, if it supports nothing, or if a library is missing. The monitor of an output is no
    microphone.

    ``policy`` (`DevicePolicy`) says what becomes of the source when the device goes away, is
    suspended or gives no sound: HOLD waits for it, and the time between is a hole; FOLLOW goes on
    with the default input; FAIL loses the source. The session reports ``SourceHeld`` and
    ``SourceChanged``. ValueError: for any other policy. ``worker`` runs the blocking calls and is
    of interest to tests.
    """

    def __init__(
        self,
        device: int | str | None = None,
        *,
        policy: PolicyName = DevicePolicy.HOLD,
        worker: Worker | None = None,
    ) -> None:
        found = find_microphone(device)
        super().__init__(found, policy, worker, is_named=device is not None)


class SystemAudio(DeviceSource):
    """What an output plays, from PulseAudio or PipeWire: ``output`` is its name, or a part of it.

    None is the default output. Raises as `Microphone` does, and SourceError on other systems. While
    nothing plays it gives digital silence, which is not reported as `muted`.
    """

    may_be_silent = True

    def __init__(
        self,
        output: str | None = None,
        *,
        policy: PolicyName = DevicePolicy.HOLD,
        worker: Worker | None = None,
    ) -> None:
        found = find_system_audio(output)
        super().__init__(found, policy, worker, is_named=output is not None)
