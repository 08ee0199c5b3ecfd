"""The audio of one utterance, as a source of its session, and how long it may wait.

The client is read while its audio waits, so its end and its ``audio-stop`` are seen at once. Audio
of ``HELD`` seconds is held. With more, the client is held back until the session has taken some.
"""

from __future__ import annotations

import asyncio
from typing import Final

from openline.events import SourceKind
from openline_audio.source import Sink

#: Seconds of audio that wait for the session, at most, and what is left of one event: 10 MB. It is
#: as long as the outage for which a session dials on by default, ``Policy.give_up_after``.
HELD: Final = 300
#: Of 20 ms.
_FRAMES: Final = HELD * 50


class Speech:
    """The audio of one utterance: a source that can wait. ``limit`` is entered by its session.

    ``limit`` expires ``patience`` seconds after the end of the audio, or after the session last
    took some, if that is later. While the client is held back it counts as well.
    """

    kind = SourceKind.STORE
    duration = None

    def __init__(self, patience: float) -> None:
        self.limit = asyncio.timeout(None)
        self.is_finished = False
        self._patience = patience
        self._frames: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._is_dropped = False

    def add(self, frames: list[bytes]) -> None:
        """Hold frames until the session takes them."""
        if not self._is_dropped:
            for frame in frames:
                self._frames.put_nowait(frame)
            if self._frames.qsize() >= _FRAMES:
                self._has_room.clear()
                self._restart()

    def finish(self, frames: list[bytes]) -> None:
        """These frames are the last."""
        if not self._is_dropped:
            for frame in (*frames, None):
                self._frames.put_nowait(frame)
            self.is_finished = True
            self._restart()

    async def room(self) -> None:
        """Wait while too much is held."""
        await self._has_room.wait()

    def drop(self) -> None:
        """Discard all frames, those to come as well; there is room."""
        self._is_dropped = True
        self._has_room.set()
        while not self._frames.empty():
            self._frames.get_nowait()

    async def run(self, sink: Sink) -> None:
        """Deliver."""
        frame = await self._frames.get()
        sink.started(asyncio.get_running_loop().time())
        while frame is not None:
            sink.audio(frame)
            await sink.room()
            frame = await self._frames.get()
            self._took()

    def _took(self) -> None:
        was_full = not self._has_room.is_set()
        if self._frames.qsize() < _FRAMES:
            self._has_room.set()
        if self.is_finished or not self._has_room.is_set():
            self._restart()
        elif was_full:
            self._limit_at(None)

    def _restart(self) -> None:
        self._limit_at(asyncio.get_running_loop().time() + self._patience)

    def _limit_at(self, when: float | None) -> None:
        if not self.limit.expired():
            self.limit.reschedule(when)
