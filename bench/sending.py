"""The CPU time of a session while it streams, for each second of audio.

Eight sessions at a time stream live audio, in real time, to the reference backend in a
process of its own. The peer is a minimal sender with trio-websocket, the library
underneath: dial, `start`, wait for the ack, send each frame when it is due, read messages,
`stop`. It has no ping of its own, keeps nothing, and would lose everything at the first
cut. Both are measured in this process, from the first dial to the last message; time spent
waiting is not CPU time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager
from functools import partial

import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_client_stream

from bench.ratios import Figure, figure
from openline import Backend, Ended
from openline.dialects.echopanel import EchoPanel
from openline.dialects.protocol import Encoded, Ids, Sent
from openline_audio.source import FRAME_SAMPLES, SAMPLE_RATE, Sink
from openline_trio import open_session
from openline_trio.sources.pace import Pace

FIGURES = ("a session of one source", "a session of two sources")
#: The number of sessions that the reference backend accepts.
SESSIONS = 8
FRAME = bytes(2 * FRAME_SAMPLES)
DIALECT = EchoPanel()
PEER = "a bare trio-websocket sender"


class Silence:
    """A source: ``duration`` seconds of silence, as from a microphone."""

    def __init__(self, duration: float) -> None:
        self.duration = duration

    async def run(self, sink: Sink) -> None:
        pace = Pace(sink, start=trio.current_time(), speed=1.0, waits=False)
        for _ in range(frames(self.duration)):
            await pace.deliver(FRAME)


def frames(seconds: float) -> int:
    """The number of frames in ``seconds``."""
    return round(seconds * SAMPLE_RATE / FRAME_SAMPLES)


async def with_openline(url: str, sources: tuple[str, ...], seconds: float) -> None:
    """One session; raises RuntimeError if a sample is missing at its end."""
    audio = {name: Silence(seconds) for name in sources}
    async with open_session(Backend.from_url(url), audio) as session:
        async for update in session:
            if isinstance(update, Ended) and not update.complete:
                raise RuntimeError(f"sending: a session ended incomplete: {update.reason}")


async def send_all(socket: WebSocketConnection, made: Encoded) -> None:
    """Send what a dialect without memory made."""
    for message in made[1]:
        await socket.send_message(message)


async def with_a_bare_sender(url: str, sources: tuple[str, ...], seconds: float) -> None:
    """The same audio to the same backend, without a session."""
    ids = Ids(session_id="session", attempt_id="attempt", connection_id="connection")
    backend = Backend.from_url(url)
    stream = await trio.open_tcp_stream(backend.host, backend.port)
    async with stream, trio.open_nursery() as nursery:
        host = f"{backend.host}:{backend.port}"
        socket = await wrap_client_stream(nursery, stream, host, backend.path)
        await send_all(socket, DIALECT.start(None, ids))
        await until(socket, "status")
        summary = trio.Event()

        async def read() -> None:
            await until(socket, "final_summary")
            summary.set()

        async def send(name: str) -> None:
            start = trio.current_time()
            for number in range(1, frames(seconds) + 1):
                await trio.sleep_until(start + number * FRAME_SAMPLES / SAMPLE_RATE)
                await send_all(socket, DIALECT.audio(None, name, FRAME, number - 1))

        nursery.start_soon(read)
        async with trio.open_nursery() as senders:
            for name in sources:
                senders.start_soon(send, name)
        await send_all(socket, DIALECT.stop(None, ids, Sent()))
        await summary.wait()
        await socket.aclose()


async def until(socket: WebSocketConnection, wanted: str) -> None:
    """Read up to the first message of this type. Raises RuntimeError if none comes."""
    try:
        while json.loads(await socket.get_message())["type"] != wanted:
            pass
    except ConnectionClosed as closed:
        raise RuntimeError(f"sending: the backend ended without a {wanted}: {closed}") from None


def cpu(one: Callable[[], Awaitable[None]], seconds: float) -> float:
    """Milliseconds of this process's CPU for each second of audio of one session."""

    async def all_of_them() -> None:
        async with trio.open_nursery() as nursery:
            for _ in range(SESSIONS):
                nursery.start_soon(one)

    before = time.process_time()
    trio.run(all_of_them)
    return (time.process_time() - before) / (SESSIONS * seconds) * 1000


@contextmanager
def backend() -> Generator[str]:
    """The reference backend in a process of its own: its URL."""
    serve = [sys.executable, "-m", "openline_cli", "serve", "--recognizer", "echo"]
    environment = {k: v for k, v in os.environ.items() if k != "OPENLINE_TOKEN"}
    with subprocess.Popen(
        [*serve, "--port", "0", "--max-sessions", str(SESSIONS)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        try:
            assert process.stdout is not None  # noqa: S101 -- requested as a pipe
            line = process.stdout.readline()
            if not line.startswith("listening on "):
                raise RuntimeError("sending: the backend did not start")
            yield line.removeprefix("listening on ").strip()
        finally:
            process.terminate()


def measure(*, rounds: int = 8, seconds: float = 3.0) -> Iterator[Figure]:
    """Every figure, of ``rounds`` rounds in which each session has ``seconds`` of audio."""
    with backend() as url:
        for name, sources in zip(FIGURES, (("mic",), ("mic", "system")), strict=True):
            ours = partial(with_openline, url, sources, seconds)
            bare = partial(with_a_bare_sender, url, sources, seconds)
            cpu(ours, seconds)  # one-time work of the process is not part of the figure
            pairs = [(cpu(ours, seconds), cpu(bare, seconds)) for _ in range(rounds)]
            yield figure(name, PEER, "ms CPU/s of audio", pairs)
