"""Audio from a thread that must not wait to a task that may: bounded, and in order.

Theory of operation. Any thread puts audio or holes; one trio task takes. A lock covers
the queue; it is held for a few list operations, so not even a sound card's callback
waits for it. At most ``limit`` samples are kept. What comes above that is not kept: it
becomes a hole at its place in the queue, so memory is bounded and time stays right.

A thread wakes the loop through its token, idempotently, so a stalled loop collects at
most one wake-up. Where there is no loop yet, things just queue. The loop itself wakes its
task directly (`put_here`), which no other thread can: there that is refused before anything
is kept, or the caller would take audio for lost that is delivered.

When the first sample was heard is reckoned when the loop first learns of the queue: that
moment less the audio and the holes that are in it, since what comes from a capture is
handed over when its last sample has been heard.
"""

from __future__ import annotations

import threading
from collections import deque

import trio

from openline_audio.source import SAMPLE_RATE, Sink

#: Samples kept, if nobody says how many, for a consumer that is not there yet, or not fast
#: enough: 10 s.
LIMIT_SAMPLES = 10 * SAMPLE_RATE


class Handover:
    """A bounded queue of s16le audio and holes, from any thread to one trio task."""

    def __init__(self, limit: int = LIMIT_SAMPLES) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._queue: deque[bytes | int] = deque()  # audio, or a hole's length in samples
        self._kept = 0
        self._token = _token_here()
        self._wake = trio.Event()
        self._heard: float | None = None
        self._announced = False
        self._closed = False

    def put(self, pcm: bytes) -> bool:
        """Queue 16 kHz mono s16le, and a hole for what the limit leaves no room for.

        Returns whether all of it found room. Raises trio.ClosedResourceError after ``close``.
        From any thread; wakes nobody.
        """
        samples = len(pcm) // 2
        with self._lock:
            if self._closed:
                raise trio.ClosedResourceError("this source of audio is closed")
            fits = min(samples, self._limit - self._kept)
            if fits:
                self._queue.append(pcm[: 2 * fits])
                self._kept += fits
            self._append_hole(samples - fits)
        return fits == samples

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
        else:  # another trio than the one that takes: to that one, this is a thread as any
            self.notify_from_thread()
        return kept

    def put_hole(self, samples: int) -> None:
        """Queue a hole of ``samples``. From any thread; wakes nobody."""
        with self._lock:
            self._append_hole(samples)

    def close(self) -> None:
        """Nothing more will come. From any thread, any number of times; wakes nobody."""
        with self._lock:
            self._closed = True

    def notify(self) -> None:
        """Tell the task that something happened; from the trio thread."""
        self._stamp()
        self._wake.set()

    def notify_from_thread(self) -> None:
        """The same from any thread: ``notify`` runs soon, if there is a loop to run it."""
        token = self._token
        if token is None:
            return
        try:
            token.run_sync_soon(self.notify, idempotent=True)
        except trio.RunFinishedError:  # that loop is over: there is nobody to wake
            self._token = None

    async def take(self) -> list[bytes | int]:
        """Wait for something and return all of it; empty once closed and used up."""
        self._token = trio.lowlevel.current_trio_token()
        await trio.lowlevel.checkpoint()
        while True:
            self._wake = trio.Event()  # before looking, or a wake-up could be missed
            closed = self._closed  # before taking: what was put before it is taken then
            items = self.take_nowait()
            if items or closed:
                return items
            await self._wake.wait()

    def take_nowait(self) -> list[bytes | int]:
        """All that is there, perhaps nothing; from the trio thread."""
        self._stamp()
        with self._lock:
            items = list(self._queue)
            self._queue.clear()
            self._kept = 0
        return items

    def deliver(self, items: list[bytes | int], sink: Sink) -> None:
        """Tell ``sink`` what was taken; the first time also when it began."""
        if self._heard is not None and not self._announced:
            self._announced = True
            sink.started(self._heard)
        for item in items:
            if isinstance(item, int):
                sink.hole(item)
            else:
                sink.audio(item)

    def _stamp(self) -> None:
        if self._heard is not None:
            return
        with self._lock:
            waiting = sum(item if isinstance(item, int) else len(item) // 2 for item in self._queue)
        if waiting:
            self._heard = trio.current_time() - waiting / SAMPLE_RATE

    def _append_hole(self, samples: int) -> None:
        if samples <= 0:
            return
        last = self._queue[-1] if self._queue else None
        if isinstance(last, int):
            self._queue[-1] = last + samples
        else:
            self._queue.append(samples)


def _token_here() -> trio.lowlevel.TrioToken | None:
    try:
        return trio.lowlevel.current_trio_token()
    except RuntimeError:  # made before trio.run: the task that takes brings the token
        return None
