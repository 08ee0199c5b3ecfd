"""Where one source of a session delivers: what it hears becomes events of that source.

A sink knows its source's name and nothing else; the session knows what to do.
"""

from __future__ import annotations

from typing import Protocol

from openline.events import AudioCaptured, CaptureHole, Event, SourceStarted
from openline.session import LocalProtocolError
from openline_audio.samples import as_pcm


class SourceHost(Protocol):
    """What a sink needs of the session."""

    def feed(self, event: Event) -> None:
        """Take in an event now."""
        ...

    async def room(self) -> None:
        """Wait until there is room for audio that can wait."""
        ...


class SessionSink:
    """Where one source of a session delivers."""

    def __init__(self, session: SourceHost, name: str) -> None:
        self._session = session
        self._name = name
        self.frame = b""  #: the last that was heard

    def started(self, at: float) -> None:
        """The first sample was heard. Raises LocalProtocolError for no finite time."""
        self._session.feed(SourceStarted(self._name, at))

    def audio(self, pcm: bytes) -> None:
        """Something was heard. Raises LocalProtocolError for what is no audio."""
        if type(pcm) is not bytes:
            try:
                pcm = as_pcm(pcm)
            except TypeError as exc:
                raise LocalProtocolError(str(exc)) from None
        self._session.feed(AudioCaptured(self._name, pcm))
        self.frame = pcm

    def hole(self, samples: int) -> None:
        """Something was not heard. Raises LocalProtocolError for less than no samples."""
        self._session.feed(CaptureHole(self._name, samples))

    async def room(self) -> None:
        """Wait until the session would rather have more."""
        await self._session.room()
