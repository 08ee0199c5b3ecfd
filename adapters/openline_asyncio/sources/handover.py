"""``openline_audio.handover`` on asyncio: a thread wakes the loop by ``call_soon_threadsafe``.

While the task waits, and nothing is queued, what the loop's own thread puts is delivered at once:
the task would do the same in the loop's next turn. An error of that is raised in the task.
"""

from __future__ import annotations

import asyncio

from openline_asyncio.workers import in_loop
from openline_audio import handover
from openline_audio.handover import LIMIT_SAMPLES, Item


class Handover(handover.Handover):
    """A bounded queue of s16le audio and holes, from any thread to one asyncio task."""

    def __init__(self, limit: int = LIMIT_SAMPLES) -> None:
        super().__init__(limit)
        self._loop = _loop_here()
        self._wake = asyncio.Event()
        self._is_woken = False  # from a thread, and the loop had no turn since
        self._is_waiting = False  # the task, in ``take``
        self._error: Exception | None = None  # what the task has to raise

    def put_here(self, pcm: bytes) -> bool:
        """``put`` and wake the task at once; from the loop's thread.

        Raises RuntimeError in a thread without a running loop, before it keeps anything.
        """
        here = _loop_here()
        if here is None and not self._closed:
            raise RuntimeError("send: no loop runs in this thread: call send_from_thread")
        if self._is_waiting and here is self._loop and self._deliver_here(pcm):
            return True
        kept = self.put(pcm)
        if self._loop in (None, here):
            self.notify()
        else:  # another loop than the taker's: for that one, this is a foreign thread
            self.notify_from_thread()
        return kept

    def _deliver_here(self, pcm: bytes) -> bool:
        """Deliver it in place of the task, if nothing is before it."""
        if self._queue or self._closed or self._error or self.sink is None or not self._announced:
            return False
        try:
            self.sink.audio(pcm)
        except Exception as exc:  # noqa: BLE001  # of the session, not of who pushes
            self._error = exc
            self._wake.set()
        return True

    def notify(self) -> None:
        """Wake the task; from the loop's thread."""
        self._is_woken = False
        self._stamp()
        self._wake.set()

    def notify_from_thread(self) -> None:
        """Wake the task from any thread: ``notify`` runs soon, if there is a loop to run it."""
        if self._loop is not None and not self._is_woken:
            self._is_woken = True
            in_loop(self._loop, self.notify)

    async def take(self) -> list[Item]:
        """Wait for items and return all of them; empty once closed and drained."""
        self._loop = asyncio.get_running_loop()
        while True:
            self._wake.clear()  # before looking, or a wake-up could be missed
            closed = self._closed  # read before taking, so everything put before is taken
            items = self.take_nowait()
            if items or closed:
                return items
            self._is_waiting = True
            try:
                await self._wake.wait()
            finally:
                self._is_waiting = False
            if self._error is not None:
                raise self._error

    def _would_take_here(self) -> bool:
        here = _loop_here()
        return here is not None and self._loop in (None, here)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _loop_here() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:  # made before the loop runs: the task that takes brings it
        return None
