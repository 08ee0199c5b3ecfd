"""The thread of a capture: streams are opened and closed, audio is converted, and all in order."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator
from dataclasses import replace

import pytest

from openline_audio.capture_thread import CaptureThread, new_converter
from openline_audio.device_machine import DeviceMachine
from openline_audio.devices import Device, DevicePolicy, Report, Suspended
from openline_audio.handover import News
from openline_audio.source import SourceError
from tests.audio.support_system import HIFI, USB, Still, Stream, System, kinds


def until(ready: Callable[[], object]) -> None:
    """Wait for another thread, 10 s at most."""
    limit = time.monotonic() + 10
    while not ready():
        assert time.monotonic() < limit, "the thread did nothing"
        time.sleep(0.001)


class Run:
    """A capture of ``device`` in its thread. Its clock stands still."""

    def __init__(self, device: Device = USB, policy: DevicePolicy = DevicePolicy.HOLD) -> None:
        self.now = 100.0
        self.system = System(USB, HIFI)
        self.handover = Still()
        machine = DeviceMachine(policy, device, is_named=True, is_watched=True)
        self.thread = CaptureThread(self.system, machine, self.handover, lambda: self.now)
        self.thread.start()
        until(lambda: self.system.streams)
        self.stream.opens()

    @property
    def stream(self) -> Stream:
        return self.system.streams[-1]

    def items(self) -> list[object]:
        """All that was captured so far."""
        self.thread.finish()
        return kinds(self.handover.take_nowait())

    def close(self) -> None:
        self.thread.close()
        self.thread.join(10)
        assert self.system.is_closed
        assert all(stream.is_closed for stream in self.system.streams)


@pytest.fixture
def run() -> Generator[Run]:
    made = Run()
    yield made
    made.close()


def test_audio_in_the_form_of_a_session_is_passed_on_bit_for_bit(run: Run) -> None:
    pcm = bytes(range(256)) * 10
    run.stream.hears(pcm, 100.0)
    run.thread.finish()
    pieces = [item for item in run.handover.take_nowait() if isinstance(item, bytes)]
    assert b"".join(pieces) == pcm


def test_audio_of_another_form_is_converted() -> None:
    run = Run(HIFI)
    for _ in range(100):
        run.stream.hears(bytes(4 * 441), 100.0)
    [samples] = run.items()
    assert samples == "16000"
    run.close()


def test_what_is_in_the_converter_ends_before_the_hole(run: Run) -> None:
    run.stream.hears(bytes(2 * 100), 100.0)  # less than a frame
    run.stream.loses("usb went away")
    again = replace(USB, number=9)
    run.system.plug(again)
    until(lambda: len(run.system.streams) == 2)
    run.stream.hears(bytes(2 * 320), 101.0)
    assert run.items() == [
        "100",
        News("usb", "usb went away; waiting for it", is_held=True),
        round((101.0 - 0.02 - 100.0) * 16_000),
        News("usb", "it gives audio again after 1.0 s", is_held=False),
        "320",
    ]


def test_a_stop_while_the_device_is_away_ends_with_the_hole_until_now(run: Run) -> None:
    run.stream.hears(bytes(640), 100.0)
    run.stream.report(Suspended(1, is_suspended=True))
    run.now = 102.5
    assert run.items() == ["320", News("usb", "usb is suspended", is_held=True), 40_000]


def test_a_loss_is_raised_where_the_source_runs() -> None:
    run = Run(policy=DevicePolicy.FAIL)
    run.stream.hears(bytes(640), 100.0)
    run.stream.loses("usb went away")
    run.thread.join(10)
    with pytest.raises(SourceError, match="usb went away"):
        run.thread.check()
    assert kinds(run.handover.take_nowait()) == ["320"]
    run.thread.finish()
    assert run.handover.take_nowait() == []


def test_a_stop_may_be_the_first_to_see_a_loss() -> None:
    run = Run(policy=DevicePolicy.FAIL)
    run.stream.hears(bytes(640), 100.0)
    run.stream.loses("usb went away")
    run.thread.finish()
    run.thread.join(10)
    with pytest.raises(SourceError):
        run.thread.check()


def test_a_deadline_comes_without_any_fact(run: Run) -> None:
    run.stream.hears(bytes(640), 100.0)
    run.thread.finish()
    run.now = 103.0  # the thread waits by its own clock for the rest of the 2 s
    run.stream.report(Suspended(0, is_suspended=True))  # of an earlier stream: looks at the clock
    until(lambda: run.stream.is_closed)
    assert run.items()[1] == News("usb", "usb has given no sound for 2 s; waiting for it", True)


def test_a_stream_that_has_ended_is_forgotten(run: Run) -> None:
    run.stream.has_ended = False  # its driver hangs
    for count in (2, 3, 4):
        run.stream.loses("usb went away")
        run.system.plug()
        run.system.plug(replace(USB, number=count))
        while len(run.system.streams) < count:
            time.sleep(0.001)
    run.thread.finish()
    assert [stream.joins for stream in run.system.streams] == [3, 1, 1, 0]


def test_an_error_of_a_system_is_not_swallowed() -> None:
    class Broken(System):
        def open(self, stream: int, device: Device, report: Report) -> Stream:
            raise ZeroDivisionError("mine")

    handover = Still()
    machine = DeviceMachine(DevicePolicy.HOLD, USB, is_named=True, is_watched=True)
    thread = CaptureThread(Broken(), machine, handover)
    thread.start()
    thread.join(10)
    with pytest.raises(ZeroDivisionError, match="mine"):
        thread.check()


def test_a_stop_after_the_end_finds_nothing(run: Run) -> None:
    run.close()
    assert run.items() == []


def test_what_came_before_the_end_is_delivered(run: Run) -> None:
    run.stream.hears(bytes(640), 100.0)
    run.close()
    assert kinds(run.handover.take_nowait()) == ["320"]


def test_what_comes_after_the_end_is_dropped(run: Run) -> None:
    run.close()
    run.stream.hears(bytes(640), 100.0)
    assert run.items() == []


def test_without_numpy_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "openline_audio.convert")
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(SourceError, match=r'numpy; pip install "openline\[microphone\]"'):
        new_converter(USB)
