"""The sound server: its devices, the watch, and a stream, over a server that is made up."""

from __future__ import annotations

import ctypes
import queue
import sys
from collections.abc import Callable
from typing import Any, cast

import pytest

from openline_audio import pulse
from openline_audio.devices import Captured, Device, Fact, Listed, Lost, Opened, Suspended
from openline_audio.pulse import PulseSystem, PulseWatch
from openline_audio.pulse_stream import Library, PulseStream
from openline_audio.source import SourceError
from tests.audio.support_pulse import LibPulse, PulseError, Server, source

USB = Device(
    name="usb",
    description="the usb",
    rate=48_000,
    channels=2,
    is_default=True,
    number=4,
    positions=(1, 2),
)
SPEAKERS = Device(
    name="speakers.monitor",
    description="the speakers.monitor",
    rate=44_100,
    channels=1,
    is_monitor=True,
    is_default=True,
    number=1,
    positions=(1,),
)
SOURCES = (
    source("usb", 4),
    source("speakers.monitor", 1, sink="speakers", rate=44_100, channels=1),
)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    made = Server(*SOURCES)
    monkeypatch.setitem(sys.modules, "pulsectl", cast("Any", made))
    monkeypatch.setattr(pulse, "Library", LibPulse)
    monkeypatch.setattr(sys, "platform", "linux")
    return made


class Facts(queue.SimpleQueue[Fact]):
    def next(self) -> Fact:
        return self.get(timeout=10)


# The devices.


def test_the_sources_of_the_server_are_devices(server: Server) -> None:
    system = PulseSystem()
    assert system.is_watched
    assert system.devices() == (USB, SPEAKERS)
    assert all(connection.is_closed for connection in server.connections)


def test_no_server_is_one_line(server: Server) -> None:
    server.die()
    with pytest.raises(SourceError) as caught:
        PulseSystem().devices()
    assert str(caught.value) == "no sound server answers (PulseAudio or PipeWire)"
    assert all(connection.is_closed for connection in server.connections)


def test_a_server_that_hangs_is_left(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "_ANSWER", 0.01)
    server.hangs = True
    with pytest.raises(SourceError, match="no sound server answers"):
        PulseSystem().devices()


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setitem(sys.modules, "pulsectl", None)
    with pytest.raises(SourceError, match=r'pip install "openline\[microphone\]"'):
        PulseSystem()

    def fail(_: str) -> object:
        raise OSError("libpulse.so.0: cannot open")

    monkeypatch.setattr(pulse, "import_module", fail)
    with pytest.raises(SourceError, match="install libpulse0"):
        PulseSystem()
    monkeypatch.setattr(ctypes, "CDLL", fail)
    with pytest.raises(SourceError, match="install libpulse0"):
        Library()
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(SourceError, match="sound servers of Linux"):
        PulseSystem()


# The watch.


def test_the_watch_lists_at_once_and_after_each_event(server: Server) -> None:
    facts = Facts()
    watch = PulseSystem().watch(facts.put)
    assert facts.next() == Listed((USB, SPEAKERS))
    assert server.connections[-1].masks == ("source", "server")
    server.change(SOURCES[1])
    assert facts.next() == Listed((SPEAKERS,))
    watch.close()
    assert watch.join(10)
    assert server.connections[-1].is_closed


def test_a_server_that_dies_lists_nothing_until_it_is_back(server: Server) -> None:
    facts = Facts()
    watch = PulseWatch(server, facts.put)
    facts.next()
    server.die()
    assert facts.next() == Listed((), "the sound server went away")
    server.is_up = True
    found = facts.next()
    while found == Listed((), "the sound server went away"):
        found = facts.next()
    assert found == Listed((USB, SPEAKERS))
    watch.close()
    assert watch.join(10)


def test_a_watch_of_no_server_can_be_closed(server: Server) -> None:
    server.is_up = False
    facts = Facts()
    watch = PulseWatch(server, facts.put)
    assert facts.next() == Listed((), "the sound server went away")
    watch.close()
    assert watch.join(10)
    assert PulseError in pulse.failures(server)


# The stream.


def ready(library: LibPulse) -> None:
    library.context = 4


def begins(library: LibPulse) -> None:
    library.stream = 2


def does(**changes: object) -> Callable[[LibPulse], None]:
    return lambda library: vars(library).update(changes)


def hears(*pieces: bytes | int) -> Callable[[LibPulse], None]:
    return lambda library: library.hears(*pieces)


class Run:
    """A stream over a libpulse with this script."""

    def __init__(
        self, *script: Callable[[LibPulse], object], device: Device = USB, refuses: str = ""
    ) -> None:
        self.library = LibPulse(*script)
        self.library.refuses = refuses
        self.facts = Facts()
        self.stream = PulseStream(
            cast("Library", self.library), 3, device, report=self.facts.put, clock=lambda: 7.0
        )

    def all(self) -> list[Fact]:
        """What was reported until the stream was over by itself."""
        assert self.stream.join(10)
        return [self.facts.next() for _ in range(self.facts.qsize())]


SECOND = 48_000 * 4


def test_a_stream_may_not_be_moved_and_has_the_form_of_its_source() -> None:
    run = Run(ready, begins)
    assert run.facts.next() == Opened(3)
    assert run.library.form == (3, 48_000, 2, 1, 2)
    name, fragment, most, flags = run.library.connected
    assert (name, fragment, most) == (b"usb", SECOND // 50, 0xFFFF_FFFF)
    assert flags == 0x0200 | 0x2000, "DONT_MOVE and ADJUST_LATENCY"
    run.stream.close()
    assert run.all() == []
    assert run.library.calls[-5:] == [
        "stream_disconnect",
        "stream_unref",
        "context_disconnect",
        "context_unref",
        "mainloop_free",
    ]
    run.stream.close()


def test_audio_of_an_iteration_is_one_block_and_a_hole_divides_it() -> None:
    a, b, c = b"a" * SECOND, b"b" * SECOND, b"c" * (SECOND // 2)
    run = Run(ready, begins, hears(a, b), hears(a, SECOND // 4, c), does(stream=3))
    assert run.all() == [
        Opened(3),
        Captured(3, a + b, 2.0, 7.0),
        Captured(3, a, 1.0, 7.0),
        Captured(3, c, 0.5, 7.0, missing=0.25),
        Lost(3, "usb went away"),
    ]


def test_a_suspension_is_reported_behind_the_audio_before_it() -> None:
    def suspends(library: LibPulse) -> None:
        library.hears(b"a" * SECOND)
        library.is_suspended = True

    run = Run(ready, begins, suspends, does(is_suspended=False), does(stream=3))
    assert run.all()[1:4] == [
        Captured(3, b"a" * SECOND, 1.0, 7.0),
        Suspended(3, is_suspended=True),
        Suspended(3, is_suspended=False),
    ]


def test_no_sample_of_another_source_is_passed_on_though_a_server_moves_the_stream() -> None:
    def moves(library: LibPulse) -> None:
        library.hears(b"m" * SECOND)
        library.index = 1

    assert Run(ready, begins, moves).all() == [
        Opened(3),
        Lost(3, "usb went away: the sound server moved its stream"),
    ]


def test_the_death_of_the_server_ends_a_stream() -> None:
    assert Run(ready, begins, does(context=5)).all()[-1] == Lost(3, "the sound server went away")


@pytest.mark.parametrize(
    ("at_first", "script", "reason"),
    [
        ("", [does(context=5, errno=6)], "no sound server answers (Connection refused)"),
        ("context_connect", [], "no sound server answers (unknown)"),
        ("mainloop_iterate", [], "no sound server answers (unknown)"),
        ("", [ready, does(stream=3, errno=5)], "usb cannot be captured (No such entity)"),
        ("stream_connect_record", [ready], "usb cannot be captured (unknown)"),
        (
            "",
            [does(context=4, refuses="mainloop_iterate")],
            "usb cannot be captured any more: libpulse failed",
        ),
    ],
)
def test_a_stream_that_cannot_be_opened_is_lost(
    at_first: str, script: list[Callable[[LibPulse], object]], reason: str
) -> None:
    assert Run(*script, refuses=at_first).all() == [Lost(3, reason)]


def test_a_stream_that_is_closed_while_it_connects_reports_nothing() -> None:
    run = Run()
    run.stream.close()
    assert run.all() == []
    run = Run(ready)
    run.stream.close()
    assert run.all() == []


def test_a_source_without_places_leaves_them_to_the_server() -> None:
    plain = Device(name="usb", description="usb", rate=48_000, channels=1, number=4)
    run = Run(ready, begins, device=plain)
    run.facts.next()
    assert run.library.form == (3, 48_000, 1)
    run.stream.close()
    run.all()
