"""The devices of PulseAudio, or of PipeWire, which answers as one: listed and watched by pulsectl.

Theory of operation. The watch has a connection and a thread of its own. The server sends an event
when a source or its default changes; each is answered with a new list. When the server is gone, an
empty list says so, and the watch tries to connect again until it is back.

pulsectl keeps the form of a source (rate, channels) as a view of memory that libpulse uses again.
So each source of a list would have the form of the last one. The rate is copied in a hook in which
pulsectl has a class read the memory; the channels are counted by their places, which it copies.

pulsectl is optional and has no stubs: what is used of it is read by name here, and nowhere else.
"""

from __future__ import annotations

import sys
import threading
from contextlib import suppress
from importlib import import_module
from typing import Any, Final

from openline_audio.devices import Device, Listed, Report
from openline_audio.pulse_stream import Library, PulseStream
from openline_audio.source import SourceError

#: Seconds that a server may take to answer.
_ANSWER: Final = 5.0
#: Seconds after which a server that is gone is looked for again.
_AGAIN: Final = 0.2
#: Seconds between two looks whether the watch was closed: it is woken as well, but a wake-up right
#: before the wait would be missed.
_LOOK: Final = 0.5


class PulseSystem:
    """Access to the devices of the sound server that runs for this user.

    Raises SourceError where there is no pulsectl or no libpulse, or another system than Linux.
    """

    is_watched = True

    def __init__(self) -> None:
        if not sys.platform.startswith("linux"):
            raise SourceError("PulseAudio and PipeWire are sound servers of Linux")
        try:
            self._pulsectl: Any = import_module("pulsectl")
        except ImportError as error:
            raise SourceError(
                "PulseAudio and PipeWire need the pulsectl package; "
                'pip install "openline[microphone]"'
            ) from error
        except OSError as error:
            raise SourceError("libpulse is missing; install libpulse0 (Debian, Ubuntu)") from error
        self._library = Library()

    def devices(self) -> tuple[Device, ...]:
        """All sources. Raises SourceError if no server answers."""
        found: list[tuple[Device, ...]] = []

        def ask() -> None:
            with suppress(*failures(self._pulsectl)), connected(self._pulsectl) as pulse:
                found.append(sources(pulse))

        # pulsectl's own limit waits that long for a server that answers at once.
        asking = threading.Thread(target=ask, name="openline lists the devices", daemon=True)
        asking.start()
        asking.join(_ANSWER)
        if not found:
            raise SourceError("no sound server answers (PulseAudio or PipeWire)")
        return found[0]

    def open(self, stream: int, device: Device, report: Report) -> PulseStream:
        """Begin to capture ``device``, without waiting."""
        return PulseStream(self._library, stream, device, report=report)

    def watch(self, report: Report) -> PulseWatch:
        """Report the sources now, and whenever they change."""
        return PulseWatch(self._pulsectl, report)


class PulseWatch:
    """Reports ``Listed`` at once, and whenever a source or the default has changed."""

    def __init__(self, pulsectl: Any, report: Report) -> None:
        self._pulsectl = pulsectl
        self._report = report
        self._closed = threading.Event()
        self._has_news = False
        self._pulse: Any = None
        self._thread = threading.Thread(
            target=self._run, name="openline watches the devices", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Begin to end it, without waiting."""
        self._closed.set()
        pulse = self._pulse
        if pulse is not None:
            pulse.event_listen_stop()

    def join(self, seconds: float) -> bool:
        """Wait until it has ended, so long at most; returns whether it has."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                with connected(self._pulsectl) as pulse:
                    self._listen(pulse)
            except failures(self._pulsectl):
                self._report(Listed((), "the sound server went away"))
                self._closed.wait(_AGAIN)

    def _listen(self, pulse: Any) -> None:
        pulse.event_mask_set("source", "server")
        pulse.event_callback_set(self._note)
        self._pulse = pulse
        try:
            self._has_news = True
            while not self._closed.is_set():
                if self._has_news:
                    self._has_news = False
                    self._report(Listed(sources(pulse)))
                if not self._has_news:
                    pulse.event_listen(timeout=_LOOK)
        finally:
            self._pulse = None

    def _note(self, _event: Any) -> None:
        self._has_news = True
        raise self._pulsectl.PulseLoopStop


def connected(pulsectl: Any) -> Any:
    """A connection, as a context manager. Raises one of `failures` if no server answers."""
    pulsectl.PulseSourceInfo._init_from_struct = _copy_rate  # noqa: SLF001  # its hook
    pulse = pulsectl.Pulse("openline", connect=False)
    try:
        pulse.connect()
    except pulsectl.PulseError:
        pulse.close()
        raise
    return pulse


def failures(pulsectl: Any) -> tuple[type[Exception], ...]:
    """What its calls raise when the server is gone."""
    return (pulsectl.PulseError, pulsectl.PulseDisconnected)


def sources(pulse: Any) -> tuple[Device, ...]:
    """All sources of this server."""
    default = pulse.server_info().default_source_name
    sink = pulse.server_info().default_sink_name
    found: list[Device] = []
    for each in pulse.source_list():
        played = each.monitor_of_sink_name
        positions = tuple(each.channel_list_raw)
        found.append(
            Device(
                name=each.name,
                description=each.description,
                rate=each.rate,
                channels=len(positions),
                is_monitor=played is not None,
                is_default=each.name == default if played is None else played == sink,
                number=each.index,
                positions=positions,
            )
        )
    return tuple(found)


def _copy_rate(info: Any, struct: Any) -> None:
    """Keep the rate of the source ``info`` while ``struct``, libpulse's memory, has it."""
    info.rate = struct.sample_spec.rate
