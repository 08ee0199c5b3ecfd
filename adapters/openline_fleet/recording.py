"""A recording that a shard plays: read in few threads, paced by the shard's wheel.

As ``openline_audio.pace`` has it: each frame is due when its last sample has passed, reckoned from
the start and a count of samples, so nothing accumulates. A recording is stored and waits for room.
But there is no task: the wheel calls when the next frame is due, and the session when there is
room. About a second is read at a time, in a thread of a pool that all recordings of a shard share,
as soon as less than half a second is left.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import Final, Protocol

from openline.events import SourceFinished
from openline_asyncio.sources.files import FileSource
from openline_asyncio.sources.pacer import Pacer
from openline_audio.pace import FrameReader
from openline_audio.source import FRAME_SAMPLES, SAMPLE_RATE, SourceError
from openline_driver.facts import SourceRaised
from openline_driver.sinks import SessionSink
from openline_fleet.spec import SourceSpec

#: Frames to deliver in one turn of the loop, so that a fast recording delays no session.
_TURN: Final = 16
#: Seconds of audio below which the next second is read.
_LOW: Final = 0.5


class _File(FileSource):
    """A recording whose frames are asked for."""

    def reader(self) -> FrameReader:
        """Open it. Blocks on the disk; raises SourceError."""
        return self._open()


class Host(Protocol):
    """The session of a recording."""

    def feed(self, event: SourceFinished | SourceRaised) -> None:
        """Hand the driver an event."""
        ...

    def has_room(self, source: str) -> bool:
        """Whether there is room for more audio of it."""
        ...

    def when_room(self, source: str, call: Callable[[], object]) -> None:
        """Call it once there is."""
        ...

    def fail(self, fault: BaseException) -> None:
        """An error that is ours."""
        ...


class Recording:
    """Plays the recording of ``spec`` to ``sink``, at ``speed`` seconds of it in one."""

    def __init__(
        self, spec: SourceSpec, speed: float, host: Host, sink: SessionSink, pacer: Pacer
    ) -> None:
        self.spec = spec
        self._speed = speed
        self._host = host
        self._sink = sink
        self._pacer = pacer
        self._frames: deque[bytes] = deque()
        self._start: float | None = None  # when its first sample passed
        self._samples = 0  # delivered
        self._reader: FrameReader | None = None
        self._reading: asyncio.Future[list[bytes]] | None = None
        self._is_read = False  # to its end
        self._error: Exception | None = None
        self._is_waiting = False  # for frames; else for its time, or for room
        self.over = False  #: nothing more of it is delivered
        self.is_played = False  #: to its end

    def start(self, loop: asyncio.AbstractEventLoop, pool: Executor) -> None:
        """Begin to read; the first frame is due as soon as it is there."""
        self._loop = loop
        self._pool = pool
        self._is_waiting = True
        self._read()

    def close(self) -> None:
        """Play no more."""
        self.over = True
        self._frames.clear()
        if self._reading is None:
            self._close_reader()

    def due(self, now: float) -> None:
        """Deliver what is due, as the wheel has it."""
        try:
            self._deliver(now)
        except Exception as exc:  # noqa: BLE001  # a bug of ours
            self.close()
            self._host.fail(exc)

    def _deliver(self, now: float) -> None:
        name = self.spec.name
        for _ in range(_TURN):
            if self.over:
                return
            if not self._frames:
                self._wait_for_frames()
                return
            if not self._host.has_room(name):
                self._host.when_room(name, self._go_on)
                return
            frame = self._frames[0]
            assert self._start is not None  # noqa: S101  # set with the first frames
            samples = self._samples + len(frame) // 2
            at = self._start + samples / (SAMPLE_RATE * self._speed)
            if at > now:
                self._pacer.put(self, at)
                return
            self._samples = samples
            self._frames.popleft()
            self._sink.audio(frame)
            self._read_ahead()
        self._go_on()

    def _go_on(self) -> None:
        """Deliver more in the loop's next turn."""
        self._loop.call_soon(self._deliver_now)

    def _deliver_now(self) -> None:
        self.due(self._loop.time())

    def _wait_for_frames(self) -> None:
        if not self._is_read:
            self._is_waiting = True
            self._read_ahead()
            return
        self.over, name = True, self.spec.name
        self.is_played = self._error is None
        self._host.feed(
            SourceFinished(name) if self._error is None else SourceRaised(name, self._error)
        )

    def _read_ahead(self) -> None:
        low = _LOW / self.spec.frame_seconds
        if self._reading is None and not self._is_read and len(self._frames) < low:
            self._read()

    def _read(self) -> None:
        block = partial(self._block, self._reader)
        self._reading = self._loop.run_in_executor(self._pool, block)
        self._reading.add_done_callback(self._take)

    def _block(self, reader: FrameReader | None) -> list[bytes]:
        """The next second; in a thread."""
        if reader is None:
            source = _File(self.spec.path or "", channel=self.spec.channel)
            self._reader = reader = source.reader()
        return reader.read()

    def _take(self, reading: asyncio.Future[list[bytes]]) -> None:
        """The next second is there, or there is none."""
        self._reading = None
        if reading.cancelled() or self.over:
            self._close_reader()
            return
        error = reading.exception()
        frames = [] if error is not None else reading.result()
        if error is not None and not isinstance(error, SourceError):
            self.close()
            self._host.fail(error)
            return
        if not frames:
            self._is_read, self._error = True, error
            self._close_reader()
        self._frames += _joined(frames, self.spec.frame_seconds)
        if self._start is None and frames:
            self._start = self._loop.time()
            self._sink.started(self._start)
        if self._is_waiting:
            self._is_waiting = False
            self.due(self._loop.time())

    def _close_reader(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()


def _joined(frames: list[bytes], seconds: float) -> list[bytes]:
    """The frames, of 20 ms each, put together to longer ones."""
    count = max(1, round(seconds * SAMPLE_RATE / FRAME_SAMPLES))
    if count == 1:
        return frames
    return [b"".join(frames[at : at + count]) for at in range(0, len(frames), count)]
