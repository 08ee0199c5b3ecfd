"""Where one source of a session delivers: what it hears becomes events of that source.

A sink knows its source's name and nothing else; the session knows what to do.
"""

from __future__ import annotations

from typing import Protocol

from openline.events import CaptureHole, Event, SourceStarted


class Listener(Protocol):
    """What a sink needs of the session."""

    def feed(self, event: Event) -> None:
        """Take in an event now."""
        ...

    def hear(self, name: str, pcm: bytes) -> None:
        """A source heard something."""
        ...

    async def room(self) -> None:
        """Wait until there is room for audio that can wait."""
        ...


class SessionSink:
    """Where one source of a session delivers."""

    def __init__(self, session: Listener, name: str) -> None:
        self._session = session
        self._name = name

    def started(self, at: float) -> None:
        """The first sample was heard."""
        self._session.feed(SourceStarted(self._name, at))

    def audio(self, pcm: bytes) -> None:
        """Something was heard."""
        self._session.hear(self._name, pcm)

    def hole(self, samples: int) -> None:
        """Something was not heard."""
        self._session.feed(CaptureHole(self._name, samples))

    async def room(self) -> None:
        """Wait until the session would rather have more."""
        await self._session.room()
