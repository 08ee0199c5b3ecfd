"""A system of devices that is made up, and a hand-over without a loop."""

from __future__ import annotations

from openline_audio import handover
from openline_audio.devices import Captured, Device, Listed, Lost, Opened, Report
from openline_audio.handover import Item

#: 16 kHz and one channel: what it gives is passed on bit for bit.
USB = Device(name="usb", description="USB", rate=16_000, channels=1, is_default=True, number=1)
HIFI = Device(name="hifi", description="Hi-fi", rate=44_100, channels=2, number=2)


class Still(handover.Handover):
    """A hand-over that a test takes from."""

    def notify_from_thread(self) -> None:
        """Nobody waits."""

    def _now(self) -> float:
        return 0.0


class Stream:
    """A stream that a test plays."""

    def __init__(self, number: int, device: Device, report: Report) -> None:
        self.number, self.device, self.report = number, device, report
        self.is_closed = False
        self.has_ended = True
        self.joins = 0

    def opens(self) -> None:
        self.report(Opened(self.number))

    def hears(self, pcm: bytes, at: float) -> None:
        second = 2 * self.device.rate * self.device.channels
        self.report(Captured(self.number, pcm, len(pcm) / second, at))

    def loses(self, reason: str) -> None:
        self.report(Lost(self.number, reason))

    def close(self) -> None:
        self.is_closed = True

    def join(self, seconds: float) -> bool:
        self.joins += 1
        return self.is_closed and self.has_ended


class System:
    """A system with these devices."""

    is_watched = True

    def __init__(self, *devices: Device) -> None:
        self.listed = devices
        self.streams: list[Stream] = []
        self.report: Report | None = None  # of the watch
        self.is_closed = False

    def devices(self) -> tuple[Device, ...]:
        return self.listed

    def open(self, stream: int, device: Device, report: Report) -> Stream:
        self.streams.append(Stream(stream, device, report))
        return self.streams[-1]

    def watch(self, report: Report) -> System:
        self.report = report
        report(Listed(self.listed))
        return self

    def plug(self, *devices: Device) -> None:
        assert self.report is not None
        self.listed = devices
        self.report(Listed(devices))

    def close(self) -> None:
        self.is_closed = True

    def join(self, seconds: float) -> bool:
        return True


def kinds(items: list[Item]) -> list[object]:
    """The items, with audio as its count of samples, and pieces of it joined."""
    found: list[object] = []
    for item in items:
        if not isinstance(item, bytes):
            found.append(item)
        elif found and isinstance(found[-1], str):
            found[-1] = str(int(found[-1]) + len(item) // 2)
        else:
            found.append(str(len(item) // 2))
    return found
