"""The CPU time of a session on asyncio, beside the same session on trio.

The same core, backend and audio: eight sessions at a time stream 20 ms frames in real time to the
reference backend in a process of its own, without TLS, as in ``sending``. The peer is the face for
trio.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from importlib import import_module
from importlib.util import find_spec

from bench.ratios import Figure, figure
from bench.sending import FRAME, SESSIONS, backend, cpu, frames, with_openline
from openline import Backend, Ended
from openline_asyncio import open_session
from openline_audio.source import FRAME_SAMPLES, SAMPLE_RATE, Sink

_LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "a session on asyncio": asyncio.new_event_loop
}
if find_spec("uvloop") is not None:
    _LOOPS["a session on uvloop"] = import_module("uvloop").new_event_loop
FIGURES = tuple(_LOOPS)
PEER = "the same on trio"


class Silence:
    """A source: ``duration`` seconds of silence, as from a microphone."""

    def __init__(self, duration: float) -> None:
        self.duration = duration

    async def run(self, sink: Sink) -> None:
        now = asyncio.get_running_loop().time
        start = now()
        sink.started(start)
        for number in range(1, frames(self.duration) + 1):
            due = start + number * FRAME_SAMPLES / SAMPLE_RATE
            await asyncio.sleep(max(0.0, due - now()))
            sink.audio(FRAME)


async def on_asyncio(url: str, seconds: float) -> None:
    """One session; raises RuntimeError if a sample is missing at its end."""
    async with open_session(Backend.from_url(url), {"mic": Silence(seconds)}) as session:
        async for update in session:
            if isinstance(update, Ended) and not update.complete:
                raise RuntimeError(f"faces: a session ended incomplete: {update.reason}")


def cpu_on(
    loop: Callable[[], asyncio.AbstractEventLoop],
    one: Callable[[], Awaitable[None]],
    seconds: float,
) -> float:
    """Milliseconds of this process's CPU for each second of audio of one session."""

    async def all_of_them() -> None:
        await asyncio.gather(*(one() for _ in range(SESSIONS)))

    before = time.process_time()
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(all_of_them())
    return (time.process_time() - before) / (SESSIONS * seconds) * 1000


def measure(*, rounds: int = 8, seconds: float = 3.0) -> Iterator[Figure]:
    """Every figure, of ``rounds`` rounds in which each session has ``seconds`` of audio."""
    with backend() as url:
        ours = partial(on_asyncio, url, seconds)
        theirs = partial(with_openline, url, ("mic",), seconds)
        cpu(theirs, seconds)
        for name, loop in _LOOPS.items():
            cpu_on(loop, ours, seconds)  # one-time work of the process is not part of the figure
            pairs = [(cpu_on(loop, ours, seconds), cpu(theirs, seconds)) for _ in range(rounds)]
            yield figure(name, PEER, "ms CPU/s of audio", pairs)
