"""The audio of one utterance, as a source of its session."""

from __future__ import annotations

import asyncio
from typing import Final

from openline.events import SourceKind
from openline_audio.source import Sink

#: Frames of 20 ms that wait for the session.
_FRAMES: Final = 50


class Speech:
    """The audio of one utterance: a source that can wait."""

    kind = SourceKind.STORE
    duration = None

    def __init__(self) -> None:
        self._frames: asyncio.Queue[bytes | None] = asyncio.Queue(_FRAMES)
        self._is_dropped = False

    async def put(self, frames: list[bytes], *, last: bool = False) -> None:
        """Queue frames, and wait while there is no room. ``last``: no more follow."""
        for frame in (*frames, None) if last else frames:
            if not self._is_dropped:
                await self._frames.put(frame)

    def drop(self) -> None:
        """Discard all frames, those to come as well; ``put`` no longer waits."""
        self._is_dropped = True
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
