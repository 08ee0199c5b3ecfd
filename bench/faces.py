"""The CPU time of a session on asyncio, beside the same session on trio, and beside a bare loop.

The same core, backend and audio: eight sessions at a time stream 20 ms frames in real time to the
reference backend in a process of its own, without TLS, as in ``sending``. The one peer is the face
for trio. The other is a bare loop over the transport and the library of the face: dial, ``start``,
wait for the ack, send each frame when it is due, read messages, ``stop``. It keeps nothing, and
would lose everything at the first cut.
"""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from importlib import import_module
from importlib.util import find_spec

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import WebSocketURI

from bench.ratios import Figure, figure
from bench.sending import DIALECT, FRAME, SESSIONS, backend, cpu, frames, with_openline
from openline import Backend, Ended
from openline.dialects.protocol import Encoded, Ids, Sent
from openline_asyncio import open_session
from openline_asyncio.sources.runtime import ASYNCIO
from openline_asyncio.transport import SocketTransport
from openline_audio.pace import Pace
from openline_audio.source import Sink

TRIO = "the same on trio"
BARE = "a bare loop"
_LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
if find_spec("uvloop") is not None:
    _LOOPS["uvloop"] = import_module("uvloop").new_event_loop
FIGURES = tuple(f"a session on {loop}{beside}" for loop in _LOOPS for beside in ("", ", overhead"))


class Silence:
    """A source: ``duration`` seconds of silence, as from a microphone."""

    def __init__(self, duration: float) -> None:
        self.duration = duration

    async def run(self, sink: Sink) -> None:
        pace = Pace(ASYNCIO, sink, start=ASYNCIO.now(), speed=1.0, waits=False)
        for _ in range(frames(self.duration)):
            await pace.deliver(FRAME)


async def on_asyncio(url: str, seconds: float) -> None:
    """One session; raises RuntimeError if a sample is missing at its end."""
    async with open_session(Backend.from_url(url), {"mic": Silence(seconds)}) as session:
        async for update in session:
            if isinstance(update, Ended) and not update.complete:
                raise RuntimeError(f"faces: a session ended incomplete: {update.reason}")


class _Bare(asyncio.Protocol):
    """websockets' sans-I/O protocol over a transport; a sink for ``Pace``."""

    def __init__(self, to: Backend) -> None:
        uri = WebSocketURI(secure=False, host=to.host, port=to.port, path=to.path, query=to.query)
        self._websocket = ClientProtocol(uri)
        self._sent = 0
        self.texts: asyncio.Queue[bytes] = asyncio.Queue()
        self.opened = asyncio.Event()
        self.gone = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101
        self._transport = transport
        self._websocket.send_request(self._websocket.connect())
        self._flush()

    def data_received(self, data: bytes) -> None:
        self._websocket.receive_data(data)
        self._flush()
        for event in self._websocket.events_received():
            if not isinstance(event, Frame):
                self.opened.set()
            elif event.opcode is Opcode.TEXT:
                self.texts.put_nowait(bytes(event.data))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # as asyncio calls it
        self.gone.set()

    def send(self, made: Encoded) -> None:
        for message in made[1]:
            if isinstance(message, bytes):
                self._websocket.send_binary(message)
            else:
                self._websocket.send_text(message.encode())
            self._flush()

    async def until(self, wanted: str) -> None:
        while json.loads(await self.texts.get())["type"] != wanted:
            pass

    def started(self, at: float) -> None:
        """The first frame begins."""

    def hole(self, samples: int) -> None:
        """There is none."""

    async def room(self) -> None:
        """There always is."""

    def audio(self, pcm: bytes) -> None:
        self.send(DIALECT.audio(None, "mic", pcm, self._sent))
        self._sent += 1

    def _flush(self) -> None:
        for data in self._websocket.data_to_send():
            if data:
                self._transport.write(data)


async def on_a_bare_loop(url: str, seconds: float) -> None:
    """The same audio to the same backend, without a session."""
    loop = asyncio.get_running_loop()
    ids = Ids(session_id="session", attempt_id="attempt", connection_id="connection")
    to = Backend.from_url(url)
    tcp = socket.socket()
    tcp.setblocking(False)  # noqa: FBT003  # its only argument
    tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    await loop.sock_connect(tcp, (to.host, to.port))
    line = _Bare(to)
    transport = SocketTransport(loop, tcp, line)
    await line.opened.wait()
    line.send(DIALECT.start(None, ids))
    await line.until("status")
    reading = asyncio.create_task(line.until("final_summary"))
    pace = Pace(ASYNCIO, line, start=loop.time(), speed=1.0, waits=False)
    for _ in range(frames(seconds)):
        await pace.deliver(FRAME)
    line.send(DIALECT.stop(None, ids, Sent()))
    await reading
    transport.abort()
    await line.gone.wait()


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
        ours, bare = partial(on_asyncio, url, seconds), partial(on_a_bare_loop, url, seconds)
        trio = partial(with_openline, url, ("mic",), seconds)
        cpu(trio, seconds)  # one-time work of the process is not part of the figure
        for name, loop in _LOOPS.items():
            for each in (ours, bare):
                cpu_on(loop, each, seconds)
            found = [
                (cpu_on(loop, ours, seconds), cpu(trio, seconds), cpu_on(loop, bare, seconds))
                for _ in range(rounds)
            ]
            unit, session = "ms CPU/s of audio", f"a session on {name}"
            yield figure(session, TRIO, unit, [(each[0], each[1]) for each in found])
            yield figure(f"{session}, overhead", BARE, unit, [(each[0], each[2]) for each in found])
