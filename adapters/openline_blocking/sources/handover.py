"""``openline_audio.handover`` without an event loop: a thread wakes the session by its poller."""

from __future__ import annotations

import time

from openline_audio import handover
from openline_audio.handover import LIMIT_SAMPLES, Item
from openline_blocking.poller import Poller
from openline_blocking.tasks import Pause, here


class Handover(handover.Handover):
    """A bounded queue of s16le audio and holes, from any thread to one session."""

    def __init__(self, limit: int = LIMIT_SAMPLES) -> None:
        super().__init__(limit)
        self._poller: Poller | None = None

    def put_here(self, pcm: bytes) -> bool:
        """``put`` and wake the session; from any thread."""
        kept = self.put(pcm)
        self.notify()
        return kept

    def notify(self) -> None:
        """Wake the session; from any thread."""
        self._stamp()
        if self._poller is not None:
            self._poller.wake()

    notify_from_thread = notify

    async def take(self) -> list[Item]:
        """Wait for items and return all of them; empty once closed and drained."""
        self._poller = here().poller
        while True:
            closed = self._closed  # read before taking, so everything put before is taken
            items = self.take_nowait()
            if items or closed:
                return items
            await Pause(check=lambda: bool(self._queue) or self._closed)

    def _now(self) -> float:
        return time.monotonic() if self._poller is None else self._poller.now()
