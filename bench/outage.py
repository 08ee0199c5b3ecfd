"""The memory of a session while the backend is away for ten minutes.

The peer keeps every frame in a list until it is taken: the unbounded queue of a quick first
version. A session of the default dialect keeps 80 s and reports the audio that it dropped
(`buffer_seconds` is a knob); with a spool it keeps all of it, on disk.

The ten minutes pass on a clock that jumps, so they take seconds. Memory is counted as
Python's allocator reports it since the session was opened; nothing is timed, so one round
is enough.
"""

from __future__ import annotations

import gc
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import trio
from trio.testing import MockClock

from bench.ratios import Figure, figure
from openline import Backend, Gap, Policy
from openline.dialects.registry import DEFAULT
from openline.reconnect.verdicts import ErrorKind
from openline_audio.source import FRAME_SAMPLES, SAMPLE_RATE, Sink
from openline_trio import DialError, Session, open_session
from openline_trio.sources.pace import Pace

FIGURES = ("80 s kept, the default", "all kept, in memory", "all kept, on disk")
PEER = "a list of every frame"
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


def kept_by_a_list(seconds: float) -> float:
    """Megabytes that the same audio takes in a list."""
    gc.collect()
    tracemalloc.start()
    kept = list(frames(seconds))
    size = tracemalloc.get_traced_memory()[0] / MEGABYTE
    tracemalloc.stop()
    kept.clear()
    return size


def measure(*, seconds: float = 600.0) -> Iterator[Figure]:
    """Every figure, of an outage of ``seconds``."""
    default = Policy().buffer_of(DEFAULT.traits)
    with tempfile.TemporaryDirectory(prefix="openline-bench-") as folder:
        ways = [(default, None), (max(default, seconds), None), (default, Path(folder) / "spool")]
        for name, (buffer, spool) in zip(FIGURES, ways, strict=True):
            clock = MockClock(autojump_threshold=0)
            ours = trio.run(kept_by_a_session, seconds, buffer, spool, clock=clock)
            yield figure(name, PEER, "MB", [(ours, kept_by_a_list(seconds))])
