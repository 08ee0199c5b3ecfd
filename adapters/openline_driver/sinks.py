"""What the sources of a session deliver to, and how a stop takes from them what they hold.

A source is the app's, or a device's. Whatever it raises is reported as the loss of that source, and
goes no further. ``flush`` delivers what a source holds through the same sink as its task, even
before that task has begun: so a stop overtakes no audio.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any, TypeAlias

from openline.events import AudioCaptured, CaptureHole, Event, SourceStarted
from openline.session import LocalProtocolError
from openline_audio.samples import as_pcm, level
from openline_audio.source import Holding, Source
from openline_driver.facts import Fact, SourceRaised

Feed: TypeAlias = Callable[[Event | Fact], None]
#: Waits for room for audio of the source with this name.
Room: TypeAlias = Callable[[str], Coroutine[Any, Any, None]]


class SessionSink:
    """The sink of the source ``name``. Each method raises LocalProtocolError for what cannot be."""

    def __init__(self, feed: Feed, room: Room, name: str) -> None:
        self._feed = feed
        self._name = name
        #: Waits until the session would rather have more.
        self.room = partial(room, name)
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


class Sinks:
    """The sources of a session, by name, and their sinks. ``feed`` and ``room`` are its own."""

    def __init__(self, feed: Feed, room: Room, sources: Mapping[str, Source]) -> None:
        self.feed = feed
        self.sources = dict(sources)
        self.sinks = {name: SessionSink(feed, room, name) for name in sources}

    def flush(self) -> None:
        """Have the sources deliver what they hold; they take no more then."""
        for name, source in self.sources.items():
            if isinstance(source, Holding):
                try:
                    source.flush(self.sinks[name])
                except Exception as exc:  # noqa: BLE001  # an app's source may raise anything
                    self.feed(SourceRaised(name, exc))

    def level(self, name: str) -> float:
        """The level of a source's last frame; 0.0 where there is none."""
        return level(self.sinks[name].frame) if name in self.sinks else 0.0
