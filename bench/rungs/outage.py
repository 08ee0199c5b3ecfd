"""An outage: the memory of a session while the backend is away for ten minutes.

The peers keep every frame until it is taken, in a list or in an ``asyncio.Queue`` without a bound:
a quick first version. The bare one is the audio itself. A session of the default dialect keeps
80 s and reports the audio that it dropped (``buffer_seconds`` is a knob); with a spool it keeps
all of it, on disk.

The ten minutes pass on a clock that jumps, so they take seconds. Memory is counted as Python's
allocator reports it since the session was opened; nothing is timed, so one round is enough.
"""

from __future__ import annotations

import asyncio
import gc
import tempfile
import tracemalloc
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import trio
from trio.testing import MockClock

from bench.ladder import Measure, Rung
from openline import Backend, Gap, Policy
from openline.dialects.registry import DEFAULT
from openline.reconnect.verdicts import ErrorKind
from openline_audio.source import FRAME_SAMPLES, SAMPLE_RATE, Sink
from openline_trio import DialError, Session, open_session
from openline_trio.sources.pace import Pace

IN_MEMORY = "openline, all in memory"
ON_DISK = "openline, all on disk"
LIST = "a list of frames"
QUEUE = "a queue without a bound"
BARE = "the bytes alone"
MEGABYTE = 1e6


class Speech:
    """A source: ``duration`` seconds of audio, and then one that is open and silent."""

    may_pause = True

    def __init__(self, duration: float) -> None:
        self.duration = duration
        self.captured = trio.Event()

    async def run(self, sink: Sink) -> None:
        pace = Pace(sink, start=trio.current_time(), speed=1.0, waits=False)
        for frame in frames(self.duration):
            await pace.deliver(frame)
        self.captured.set()
        await trio.sleep_forever()


def frames(seconds: float) -> Iterator[bytes]:
    """The audio, each frame an object of its own."""
    for _ in range(round(seconds * SAMPLE_RATE / FRAME_SAMPLES)):
        yield bytes(2 * FRAME_SAMPLES)


async def no_network(backend: Backend) -> trio.abc.Stream:
    """A network on which nothing listens."""
    raise DialError(ErrorKind.REFUSED, f"nothing listens at {backend.host}")


async def kept_by_a_session(seconds: float, buffer: float, spool: Path | None) -> float:
    """Megabytes that a session keeps after ``seconds`` without a backend."""
    source = Speech(seconds)
    policy = Policy(give_up_after=None, buffer_seconds=buffer)
    gc.collect()
    tracemalloc.start()
    try:
        async with open_session(
            Backend(), {"mic": source}, policy=policy, connect=no_network, spool=spool
        ) as session:
            await source.captured.wait()
            gc.collect()
            kept = tracemalloc.get_traced_memory()[0] / MEGABYTE
            check(session, seconds, keeps_all=spool is not None or buffer >= seconds)
            return kept
    finally:
        tracemalloc.stop()


def check(session: Session, seconds: float, *, keeps_all: bool) -> None:
    """Raise RuntimeError unless the session reported exactly the audio that it dropped."""
    gone = 0.0
    while update := session.poll():
        gone += update.seconds if isinstance(update, Gap) else 0.0
    if (gone == 0.0) != keeps_all:
        raise RuntimeError(f"outage: {gone:.0f} s of {seconds:.0f} s were dropped")


def kept_by(container: Callable[[Iterator[bytes]], object], seconds: float) -> float:
    """Megabytes that the same audio takes in ``container``."""
    gc.collect()
    tracemalloc.start()
    kept = container(frames(seconds))
    size = tracemalloc.get_traced_memory()[0] / MEGABYTE
    tracemalloc.stop()
    del kept
    return size


def queued(audio: Iterator[bytes]) -> asyncio.Queue[bytes]:
    """The audio in a queue."""
    queue = asyncio.Queue[bytes]()
    for frame in audio:
        queue.put_nowait(frame)
    return queue


def joined(audio: Iterator[bytes]) -> bytearray:
    """The audio as one piece."""
    whole = bytearray()
    for frame in audio:
        whole += frame
    return whole


def _session(seconds: float, buffer: float, folder: Path | None) -> float:
    clock = MockClock(autojump_threshold=0)
    if folder is None:
        return trio.run(kept_by_a_session, seconds, buffer, None, clock=clock)
    with tempfile.TemporaryDirectory(dir=folder) as spool:
        return trio.run(kept_by_a_session, seconds, buffer, Path(spool) / "spool", clock=clock)


@contextmanager
def contenders(*, seconds: float = 600.0) -> Generator[Mapping[str, Measure]]:
    """An outage of ``seconds``."""
    default = Policy().buffer_of(DEFAULT.traits)
    with tempfile.TemporaryDirectory(prefix="openline-bench-") as folder:
        yield {
            "openline": partial(_session, seconds, default, None),
            IN_MEMORY: partial(_session, seconds, max(default, seconds), None),
            ON_DISK: partial(_session, seconds, default, Path(folder)),
            LIST: partial(kept_by, list, seconds),
            QUEUE: partial(kept_by, queued, seconds),
            BARE: partial(kept_by, joined, seconds),
        }


RUNG = Rung(
    what="an outage of ten minutes: the memory of a session",
    unit="MB",
    rounds=1,  # it is the same each time
    pairs=(
        ("openline", LIST),
        ("openline", QUEUE),
        ("openline", BARE),
        (IN_MEMORY, LIST),
        (ON_DISK, LIST),
    ),
    contenders=contenders,
)
