"""Clients on asyncio and uvloop."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any, TypeAlias

from websockets.asyncio.client import connect
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import WebSocketURI

from bench.clients.load import DIALLING, HEADER, PATIENCE, START, STOP, Load, Window, paced
from openline import Backend, Ended, State, StateChanged
from openline_asyncio import open_session
from openline_asyncio.sources.runtime import ASYNCIO
from openline_asyncio.transport import SocketTransport
from openline_audio.pace import Pace
from openline_audio.source import Sink

Client: TypeAlias = Callable[[Load, Window], Awaitable[None]]


def _is(wanted: str, text: str | bytes) -> bool:
    return bool(json.loads(text)["type"] == wanted)


async def _paced(load: Load, send: Callable[[bytes], Awaitable[object]]) -> None:
    await paced(load, send, asyncio.get_running_loop().time, asyncio.sleep)


class _Source:
    """Silence, as from a microphone, from the moment at which all lines are open."""

    may_pause = True  # until then it is not lost

    def __init__(self, load: Load, window: Window) -> None:
        self._load, self._window = load, window
        self.duration = load.seconds
        self.opened = asyncio.Event()

    async def run(self, sink: Sink) -> None:
        await self.opened.wait()
        await self._window.begin()
        pace = Pace(ASYNCIO, sink, start=ASYNCIO.now(), speed=1.0, waits=False)
        pcm = self._load.pcm
        for _ in range(self._load.count):
            await pace.deliver(pcm)
        self._window.end()


async def openline(load: Load, window: Window) -> None:
    """A session; raises RuntimeError if a sample is missing at its end."""
    source = _Source(load, window)
    to = Backend.from_url(load.url)
    async with open_session(
        to, {"mic": source}, dialect=load.dialect, ssl_context=load.tls
    ) as session:
        async for update in session:
            if isinstance(update, StateChanged) and update.state is State.STREAMING:
                source.opened.set()
            elif isinstance(update, Ended) and not update.complete:
                raise RuntimeError(f"a session ended incomplete: {update.reason}")


async def websockets(load: Load, window: Window) -> None:
    """websockets' client."""
    async with connect(load.url, compression=None, ssl=load.tls, open_timeout=PATIENCE) as socket:
        await socket.send(START)
        while not _is("status", await socket.recv()):
            pass

        async def read() -> None:
            async for message in socket:
                if _is("final_summary", message):
                    return

        reading = asyncio.create_task(read())
        await window.begin()
        await _paced(load, socket.send)
        window.end()
        await socket.send(STOP)
        await reading


async def aiohttp(load: Load, window: Window) -> None:
    """aiohttp's client."""
    library: Any = import_module("aiohttp")
    async with (
        library.ClientSession() as session,
        session.ws_connect(load.url, ssl=True if load.tls is None else load.tls) as socket,
    ):
        await socket.send_str(START)
        while not _is("status", await socket.receive_str()):
            pass

        async def read() -> None:
            while not _is("final_summary", await socket.receive_str()):
                pass

        reading = asyncio.create_task(read())
        await window.begin()
        await _paced(load, socket.send_bytes)
        window.end()
        await socket.send_str(STOP)
        await reading


class _PicowsLine:
    """A connection of picows: its texts, by type."""

    def __init__(self, transport: Any, texts: asyncio.Queue[str], kinds: Any) -> None:
        self._transport, self._texts, self._kinds = transport, texts, kinds

    def text(self, words: str) -> None:
        self._transport.send(self._kinds.TEXT, words.encode())

    def binary(self, data: bytes) -> None:
        self._transport.send(self._kinds.BINARY, data)

    async def until(self, wanted: str) -> None:
        while not _is(wanted, await self._texts.get()):
            pass

    async def end(self) -> None:
        self._transport.disconnect()
        await self._transport.wait_disconnected()


async def _picows_line(load: Load) -> _PicowsLine:
    library: Any = import_module("picows")
    texts = asyncio.Queue[str]()

    class Listener(library.WSListener):  # type: ignore[misc]  # picows is imported late
        """Puts texts into a queue; picows answers pings itself."""

        def on_ws_frame(self, _transport: Any, frame: Any) -> None:
            if frame.msg_type == library.WSMsgType.TEXT:
                texts.put_nowait(frame.get_payload_as_utf8_text())

    transport, _ = await library.ws_connect(
        Listener, load.url, ssl_context=load.tls, websocket_handshake_timeout=PATIENCE
    )
    line = _PicowsLine(transport, texts, library.WSMsgType)
    line.text(START)
    await line.until("status")
    return line


async def picows(load: Load, window: Window) -> None:
    """picows, a loop of its own for each line."""
    line = await _picows_line(load)

    async def send(data: bytes) -> None:
        line.binary(data)

    await window.begin()
    await _paced(load, send)
    window.end()
    line.text(STOP)
    await line.until("final_summary")
    await line.end()


async def picows_paced(load: Load, window: Window) -> None:
    """picows, all lines in one loop that sends what is due: the limit for many lines."""
    lines: list[_PicowsLine] = []
    while len(lines) < load.sessions:
        more = min(DIALLING, load.sessions - len(lines))
        lines += await asyncio.gather(*(_picows_line(load) for _ in range(more)))
    await asyncio.gather(*(window.begin() for _ in lines))
    loop, pcm = asyncio.get_running_loop(), load.pcm
    start = loop.time()
    for number in range(1, load.count + 1):
        await asyncio.sleep(max(0.0, start + number * load.message - loop.time()))
        for line in lines:
            line.binary(HEADER + pcm)
    for _ in lines:
        window.end()
    for line in lines:
        line.text(STOP)
    await asyncio.gather(*(line.until("final_summary") for line in lines))
    await asyncio.gather(*(line.end() for line in lines))


class _Bare(asyncio.Protocol):
    """websockets' sans-I/O protocol over a transport."""

    def __init__(self, to: Backend) -> None:
        uri = WebSocketURI(secure=False, host=to.host, port=to.port, path=to.path, query=to.query)
        self._websocket = ClientProtocol(uri)
        self.texts = asyncio.Queue[bytes]()
        self.opened = asyncio.Event()
        self.gone = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101  # of the loop's
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

    def text(self, words: str) -> None:
        self._websocket.send_text(words.encode())
        self._flush()

    async def binary(self, data: bytes) -> None:
        self._websocket.send_binary(data)
        self._flush()

    async def until(self, wanted: str) -> None:
        while not _is(wanted, await self.texts.get()):
            pass

    def _flush(self) -> None:
        for data in self._websocket.data_to_send():
            if data:
                self._transport.write(data)


async def bare(load: Load, window: Window) -> None:
    """A loop over the transport and the library of openline's face, and nothing else."""
    loop = asyncio.get_running_loop()
    to = Backend.from_url(load.url)
    tcp = socket.socket()
    tcp.setblocking(False)  # noqa: FBT003  # its only argument
    tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    await loop.sock_connect(tcp, (to.host, to.port))
    line = _Bare(to)
    transport = SocketTransport(loop, tcp, line)
    await line.opened.wait()
    line.text(START)
    await line.until("status")
    reading = asyncio.create_task(line.until("final_summary"))
    await window.begin()
    await _paced(load, line.binary)
    window.end()
    line.text(STOP)
    await reading
    transport.abort()
    await line.gone.wait()


def cost(client: Client, load: Load, *, loop: str = "", alone: bool = True) -> float:
    """What a session of ``client`` costs, on asyncio or the ``loop`` of that module.

    ``alone``: a coroutine for each session; else one for all of them.
    """

    async def all_of_them() -> float:
        window = Window(load.sessions, asyncio.Event(), asyncio.Semaphore(DIALLING))
        async with asyncio.timeout(PATIENCE + load.seconds), asyncio.TaskGroup() as group:
            for _ in range(load.sessions if alone else 1):
                await window.may_dial()
                group.create_task(client(load, window))  # type: ignore[arg-type]  # either kind of client
        return window.cost(load)

    factory: Any = import_module(loop).new_event_loop if loop else asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(all_of_them())
