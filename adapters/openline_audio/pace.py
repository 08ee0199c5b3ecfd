"""When a frame is due, and reading ahead so that it is there by then.

Theory of operation. A frame is *available* when its last sample has been captured, so
the frame that brings the delivered total to ``n`` samples is due at

    start + n / (16,000 x speed)

on the clock of the event loop. Every due time is reckoned from ``start`` and from a count of
samples, never from the frame before: a late wake-up delays its own frame and shifts no other, and
nothing accumulates over hours. A frame that is overdue goes out at once.

A *store* can wait: each of its frames first asks the sink for ``room``, so nothing of it is lost
while the line is away, at any speed; what is overdue then goes out as fast as there is room,
several frames at once. A *live* stream never waits, and its arrival sets the pace.

Nothing here knows a loop: a face brings a `Runtime`. `play` puts a blocking `FrameReader` behind
that schedule: a task reads about a second at a time in a worker thread, one block ahead of the
block that is being delivered, so that neither the event loop nor the schedule waits for a disk.
Threads are not abandoned: a cancelled `play` returns when the read that is under way (a second of
audio) has returned, and the reader is closed then.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Protocol, TypeAlias, TypeVar, runtime_checkable

from openline_audio.source import SAMPLE_RATE, Sink, SourceError

T = TypeVar("T")
#: Frames that are delivered at once if all of them are due: 0.1 s, which is a message of most
#: dialects.
TOGETHER: Final = 5
Frames: TypeAlias = list[bytes]
#: Hands a block over, and waits until there is place for the next.
Put: TypeAlias = Callable[[Frames], Awaitable[None]]


class Worker(Protocol):
    """Runs a blocking function without stopping the event loop."""

    async def __call__(self, blocking: Callable[[], T], /, *, abandon: bool = False) -> T:
        """Run it; with ``abandon``, a cancellation leaves it behind instead of waiting."""
        ...


class Runtime(Protocol):
    """What a source needs of its event loop."""

    @property
    def in_thread(self) -> Worker:
        """The loop's worker threads."""
        ...

    def now(self) -> float:
        """Seconds on the loop's clock."""
        ...

    @property
    def sleep_until(self) -> Callable[[float], Awaitable[None]]:
        """Waits until that time, or a little longer; always a checkpoint. In this loop only."""
        ...

    async def wait_readable(self, fd: int) -> None:
        """Wait until there is something to read. PermissionError: it is always ready."""
        ...

    def from_thread(self, wait: Callable[[int], Coroutine[Any, Any, bytes]], size: int) -> bytes:
        """Call ``wait`` in the loop from a thread of ``in_thread``; a cancellation ends it."""
        ...

    async def within(self, seconds: float, wait: Callable[[], Awaitable[T]]) -> T | None:
        """What ``wait`` returns; None if it takes longer."""
        ...

    async def shielded(self, seconds: float, wait: Callable[[], Awaitable[None]]) -> None:
        """Await it, whatever is cancelled meanwhile; leave it if it takes longer."""
        ...

    def ahead(
        self, produce: Callable[[Put], Awaitable[None]]
    ) -> AbstractAsyncContextManager[AsyncIterator[Frames]]:
        """Run ``produce`` in a task, one block ahead of what is taken here."""
        ...


class FrameReader(Protocol):
    """A blocking producer of frames."""

    def read(self) -> list[bytes]:
        """About a second of frames; empty at the end. Raises SourceError where it breaks."""
        ...

    def close(self) -> None:
        """Release everything; called once, from the event loop's thread."""
        ...


@runtime_checkable
class Passing(Protocol):
    """A reader of which a part may be wanted: what is before that is read and dropped."""

    @property
    def is_ahead(self) -> bool:
        """Whether all that was read is before the part."""
        ...

    def pass_over(self) -> None:
        """Read on towards the part; it blocks for a while at most. Raises as ``read``."""
        ...


def check_speed(speed: object) -> float:
    """Return ``speed`` if it is a finite number above 0; else raise ValueError."""
    if isinstance(speed, int | float) and not isinstance(speed, bool) and 0 < speed < math.inf:
        return speed
    raise ValueError(f"speed must be a finite number above 0, not {speed!r}")


class Pace:
    """Delivers frames to a sink on the absolute schedule that begins at ``start``.

    ``start`` is the moment, in seconds on the loop's clock, at which the first sample was
    captured; the sink gets it at once. ``speed`` is how many seconds of audio pass in one.
    ``waits``: the audio is stored, and waits for room.
    """

    def __init__(
        self, runtime: Runtime, sink: Sink, *, start: float, speed: float, waits: bool
    ) -> None:
        self._runtime = runtime
        self._sleep_until = runtime.sleep_until
        self._sink = sink
        self._start = start
        self._rate = SAMPLE_RATE * speed  # samples a second
        self._waits = waits
        self._samples = 0
        sink.started(start)

    def joined(self, frames: Frames) -> Iterator[bytes]:
        """``frames`` in pieces to ``deliver``: those that are due already go together.

        Up to ``TOGETHER`` of them: a store that is played fast then has a fifth of the turns.
        """
        while frames:
            count, now = 1, self._runtime.now()
            samples = self._samples + sum(len(each) // 2 for each in frames[:TOGETHER])
            if self._start + samples / self._rate <= now:
                count = min(TOGETHER, len(frames))
            piece, frames = frames[:count], frames[count:]
            yield piece[0] if count == 1 else b"".join(piece)

    async def deliver(self, frame: bytes) -> None:
        """Hand ``frame`` (s16le) over when it is due; always a checkpoint."""
        if self._waits:
            await self._sink.room()
        self._samples = samples = self._samples + len(frame) // 2
        await self._sleep_until(self._start + samples / self._rate)
        self._sink.audio(frame)


async def play(
    runtime: Runtime,
    open_reader: Callable[[], FrameReader],
    sink: Sink,
    *,
    speed: float,
    worker: Worker,
) -> None:
    """Deliver all frames of a blocking reader, on schedule.

    Raises the SourceError that opening or reading raised, after delivering the frames
    before it. The schedule starts when the first block has been read; a reader that is
    empty delivers nothing and starts nothing.
    """
    failures: list[SourceError] = []

    async def read(put: Put) -> None:
        # A failure is handed over in a list, for it must not overtake the frames before it
        # (an exception would cancel the delivery) nor arrive wrapped in a group.
        try:
            reader = await worker(open_reader)
            try:
                while isinstance(reader, Passing) and reader.is_ahead:
                    await worker(reader.pass_over)  # a cancellation comes between two
                while frames := await worker(reader.read):
                    await put(frames)
            finally:
                reader.close()
        except SourceError as lost:
            failures.append(lost)

    async with runtime.ahead(read) as blocks:
        pace: Pace | None = None
        async for frames in blocks:
            if pace is None:
                pace = Pace(runtime, sink, start=runtime.now(), speed=speed, waits=True)
            for piece in pace.joined(frames):
                await pace.deliver(piece)
    for failure in failures:
        raise failure
