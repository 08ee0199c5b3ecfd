"""The sources of a session: each runs in a task of its own, delivers to its sink, fails alone.

A source is the app's, or a device's. Whatever it raises is reported as the loss of that source,
and goes no further. ``flush`` delivers what a source holds through the same sink, even before
its task has begun: so a stop overtakes no audio.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

import trio

from openline.events import AudioCaptured, CaptureHole, Event, SourceFinished, SourceStarted
from openline.session import LocalProtocolError
from openline_audio.samples import as_pcm, level
from openline_audio.source import Holding, Source
from openline_driver.facts import Fact, SourceRaised

Feed: TypeAlias = Callable[[Event | Fact], None]
Room: TypeAlias = Callable[[str], Awaitable[None]]


class SessionSink:
    """The sink of the source ``name``. Each method raises LocalProtocolError for what cannot be."""

    def __init__(self, feed: Feed, room: Room, name: str) -> None:
        self._feed = feed
        self._name = name
        self._room = room
        self.frame = b""  #: the last one

    def started(self, at: float) -> None:
        """The first sample was captured at ``at``, a finite time."""
        self._feed(SourceStarted(self._name, at))

    def audio(self, pcm: bytes) -> None:
        """Whole 16-bit samples were captured."""
        if type(pcm) is not bytes:
            try:
                pcm = as_pcm(pcm)
            except TypeError as exc:
                raise LocalProtocolError(str(exc)) from None
        self._feed(AudioCaptured(self._name, pcm))
        self.frame = pcm

    def hole(self, samples: int) -> None:
        """``samples``, 0 or more, could not be captured."""
        self._feed(CaptureHole(self._name, samples))

    async def room(self) -> None:
        """Wait until the session would rather have more."""
        await self._room(self._name)


class Capture:
    """The sources of a session, by name. ``feed`` and ``room`` are the session's."""

    def __init__(self, feed: Feed, room: Room, sources: Mapping[str, Source]) -> None:
        self._feed = feed
        self._sources = dict(sources)
        self._sinks = {name: SessionSink(feed, room, name) for name in sources}
        self._scopes = {name: trio.CancelScope() for name in sources}

    def start(self, tasks: trio.Nursery) -> None:
        """Run all of them."""
        for name, source in self._sources.items():
            tasks.start_soon(self._run, name, source)

    def close(self, name: str) -> None:
        """Cancel one that hangs."""
        self._scopes[name].cancel()

    def flush(self) -> None:
        """Have the sources deliver what they hold; they take no more then."""
        for name, source in self._sources.items():
            if isinstance(source, Holding):
                try:
                    source.flush(self._sinks[name])
                except Exception as exc:  # noqa: BLE001  # as in _run
                    self._feed(SourceRaised(name, exc))

    def level(self, name: str) -> float:
        """The level of a source's last frame; 0.0 where there is none."""
        return level(self._sinks[name].frame) if name in self._sinks else 0.0

    async def _run(self, name: str, source: Source) -> None:
        try:
            with self._scopes[name]:
                await source.run(self._sinks[name])
        except Exception as exc:  # noqa: BLE001  # an app's source fails alone, whatever it raises
            self._feed(SourceRaised(name, exc))
        else:
            self._feed(SourceFinished(name))
