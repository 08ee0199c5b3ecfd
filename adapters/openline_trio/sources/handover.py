"""``openline_audio.handover`` on trio: a thread wakes the loop through its token."""

from __future__ import annotations

import trio

from openline_audio import handover
from openline_audio.handover import LIMIT_SAMPLES, Item


class Handover(handover.Handover):
    """A bounded queue of s16le audio and holes, from any thread to one trio task."""

    closed = trio.ClosedResourceError

    def __init__(self, limit: int = LIMIT_SAMPLES) -> None:
        super().__init__(limit)
        self._token = _token_here()
        self._wake = trio.Event()

    def put_here(self, pcm: bytes) -> bool:
        """``put`` and wake the task at once; from the trio thread.

        Raises RuntimeError in a thread without trio, before it keeps anything.
        """
        here = _token_here()
        if here is None and not self._closed:
            raise RuntimeError("send: there is no trio in this thread: call send_from_thread")
        kept = self.put(pcm)
        if self._token in (None, here):
            self.notify()
        else:  # another trio run than the taker's: for that one, this is a foreign thread
            self.notify_from_thread()
        return kept

    def notify(self) -> None:
        """Wake the task; from the trio thread."""
        self._stamp()
        self._wake.set()

    def notify_from_thread(self) -> None:
        """Wake the task from any thread: ``notify`` runs soon, if there is a loop to run it."""
        token = self._token
        if token is None:
            return
        try:
            token.run_sync_soon(self.notify, idempotent=True)
        except trio.RunFinishedError:  # that loop is over: no task to wake
            self._token = None

    async def take(self) -> list[Item]:
        """Wait for items and return all of them; empty once closed and drained."""
        self._token = trio.lowlevel.current_trio_token()
        await trio.lowlevel.checkpoint()
        while True:
            self._wake = trio.Event()  # before looking, or a wake-up could be missed
            closed = self._closed  # read before taking, so everything put before is taken
            items = self.take_nowait()
            if items or closed:
                return items
            await self._wake.wait()

    def _would_take_here(self) -> bool:
        here = _token_here()
        return here is not None and self._token in (None, here)

    def _now(self) -> float:
        return trio.current_time()


def _token_here() -> trio.lowlevel.TrioToken | None:
    try:
        return trio.lowlevel.current_trio_token()
    except RuntimeError:  # made before trio.run: the task that takes brings the token
        return None
