"""A bounded, ordered queue of audio from a thread that must not block to a task of a loop.

Theory of operation. Any thread puts audio, holes, or news of a device; one task takes. A lock
covers the queue; it is held for a few list operations, so not even a sound card's callback waits
for it. At most ``limit`` samples are kept. Audio above that becomes a hole at its
place in the queue, so memory is bounded and time stays right.

How the task is woken is the face's: a thread wakes the loop so that a stalled loop collects at
most one wake-up, and without a loop yet, items just queue. The loop's own thread wakes the task
directly (`put_here`). In any other thread `put_here` raises before it keeps anything;
otherwise the caller would count audio as lost that is delivered.

The capture time of the first sample is computed when the loop first sees the queue: that
moment less the audio and the holes in it, since a capture hands each piece over when its
last sample is captured.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from openline_audio.source import SAMPLE_RATE, DeviceSink, Sink

#: Default limit in samples, for a consumer that has not started or is not fast enough: 10 s.
LIMIT_SAMPLES = 10 * SAMPLE_RATE


class SourceClosedError(RuntimeError):
    """A source of audio is closed, and takes no more."""


@dataclass(frozen=True, slots=True)
class News:
    """What becomes of the device, at this place in the audio; ``is_held``: the source waits."""

    device: str
    reason: str
    is_held: bool

    def tell(self, sink: Sink) -> None:
        """Report it to a sink that wants to know."""
        if isinstance(sink, DeviceSink):
            (sink.held if self.is_held else sink.changed)(self.device, self.reason)


@dataclass(frozen=True, slots=True, eq=False)
class Mark:
    """A place in the audio: ``reached`` is called once the session has taken all before it."""

    reached: Callable[[], object]


#: Audio, the length of a hole in samples, news of the device, or a mark.
Item: TypeAlias = bytes | int | News | Mark


class Handover:
    """A bounded queue of s16le audio, holes and news, from any thread to one task.

    A face adds what knows its loop: ``put_here``, ``notify``, ``notify_from_thread``, ``take`` and
    ``_now``; ``closed`` is the error that it raises for audio after the end.
    """

    closed: ClassVar[type[Exception]] = SourceClosedError

    def __init__(self, limit: int = LIMIT_SAMPLES) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._queue: deque[Item] = deque()
        self._kept = 0
        self._heard: float | None = None
        self._announced = False
        self._closed = False
        self._taker = 0  # the thread of the task that takes
        #: Of the task that takes: a face may deliver audio at once while that waits for it.
        self.sink: Sink | None = None

    def put(self, pcm: bytes) -> bool:
        """Queue 16 kHz mono s16le, and a hole for the part above the limit.

        Returns whether all of it found room. Raises ``closed`` after ``close``.
        From any thread; it does not wake the task.
        """
        samples = len(pcm) // 2
        with self._lock:
            if self._closed:
                raise self.closed("this source of audio is closed")
            fits = min(samples, self._limit - self._kept)
            if fits:
                self._queue.append(pcm[: 2 * fits])
                self._kept += fits
            self._append_hole(samples - fits)
        return fits == samples

    def put_here(self, pcm: bytes) -> bool:
        """``put`` and wake the task at once; from the loop's thread.

        Raises RuntimeError in a thread without a loop, before it keeps anything.
        """
        raise NotImplementedError

    def put_hole(self, samples: int) -> None:
        """Queue a hole of ``samples``. From any thread; it does not wake the task."""
        with self._lock:
            self._append_hole(samples)

    def put_news(self, news: News) -> None:
        """Queue news of the device. From any thread; it does not wake the task."""
        with self._lock:
            self._queue.append(news)

    def put_mark(self, mark: Mark) -> None:
        """Queue ``mark``; once it is closed there is nothing to wait for: it is reached at once.

        From any thread; it does not wake the task.
        """
        with self._lock:
            if not self._closed:
                self._queue.append(mark)
                return
        mark.reached()

    def drop_mark(self, mark: Mark) -> None:
        """Forget ``mark`` if it is still queued: its caller waits no more. From any thread."""
        with self._lock:
            if mark in self._queue:
                self._queue.remove(mark)

    @property
    def is_here(self) -> bool:
        """Whether the task that takes runs in this thread, or will, and goes on."""
        runs_here = self._taker == threading.get_ident() or self._would_take_here()
        return not self._closed and runs_here

    def _would_take_here(self) -> bool:
        """Whether a loop runs in this thread that may be the one of the task that takes."""
        return False

    def close(self) -> None:
        """No more audio. From any thread, any number of times; it does not wake the task."""
        with self._lock:
            self._closed = True

    def notify(self) -> None:
        """Wake the task; from the loop's thread."""
        raise NotImplementedError

    def notify_from_thread(self) -> None:
        """Wake the task from any thread: ``notify`` runs soon, if there is a loop to run it."""
        raise NotImplementedError

    async def take(self) -> list[Item]:
        """Wait for items and return all of them; empty once closed and drained."""
        raise NotImplementedError

    def take_nowait(self) -> list[Item]:
        """All queued items, perhaps none; from the loop's thread."""
        self._taker = threading.get_ident()
        self._stamp()
        with self._lock:
            items = list(self._queue)
            self._queue.clear()
            self._kept = 0
        return items

    def deliver(self, items: list[Item], sink: Sink) -> list[Mark]:
        """Pass the taken items to ``sink``; the first time also the start time.

        Returns the marks among them.
        """
        if self._heard is not None and not self._announced:
            self._announced = True
            sink.started(self._heard)
        for item in items:
            if isinstance(item, int):
                sink.hole(item)
            elif isinstance(item, News):
                item.tell(sink)
            elif isinstance(item, bytes):
                sink.audio(item)
        return [item for item in items if isinstance(item, Mark)]

    def _now(self) -> float:
        """Seconds on the loop's clock."""
        raise NotImplementedError

    def _stamp(self) -> None:
        if self._heard is not None:
            return
        with self._lock:
            waiting = sum(map(_samples, self._queue))
        if waiting:
            self._heard = self._now() - waiting / SAMPLE_RATE

    def _append_hole(self, samples: int) -> None:
        if samples <= 0:
            return
        last = self._queue[-1] if self._queue else None
        if isinstance(last, int):
            self._queue[-1] = last + samples
        else:
            self._queue.append(samples)


def _samples(item: Item) -> int:
    match item:
        case bytes():
            return len(item) // 2
        case int():
            return item
        case News() | Mark():
            return 0
