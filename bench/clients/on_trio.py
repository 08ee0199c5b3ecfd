"""Clients on trio."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import trio
from trio_websocket import wrap_client_stream
from websockets.trio.client import connect

from bench.clients.load import DIALLING, PATIENCE, START, STOP, Load, Window, paced
from openline import Backend, Ended, State, StateChanged
from openline_audio.source import Sink
from openline_trio import open_session
from openline_trio.sources.pace import Pace

Client: TypeAlias = Callable[[Load, Window], Awaitable[None]]


def _is(wanted: str, text: str | bytes) -> bool:
    return bool(json.loads(text)["type"] == wanted)


async def _paced(load: Load, send: Callable[[bytes], Awaitable[object]]) -> None:
    await paced(load, send, trio.current_time, trio.sleep)


class _Source:
    """Silence, as from a microphone, from the moment at which all lines are open."""

    may_pause = True  # until then it is not lost

    def __init__(self, load: Load, window: Window) -> None:
        self._load, self._window = load, window
        self.duration = load.seconds
        self.opened = trio.Event()

    async def run(self, sink: Sink) -> None:
        await self.opened.wait()
        await self._window.begin()
        pace = Pace(sink, start=trio.current_time(), speed=1.0, waits=False)
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


async def trio_websocket(load: Load, window: Window) -> None:
    """trio-websocket, the library below openline's face for trio."""
    to = Backend.from_url(load.url)
    tcp = await trio.open_tcp_stream(to.host, to.port)
    stream: trio.SocketStream | trio.SSLStream[trio.SocketStream] = tcp
    if load.tls is not None:
        stream = trio.SSLStream(tcp, load.tls, server_hostname=to.host, https_compatible=True)
    async with stream, trio.open_nursery() as nursery:
        socket = await wrap_client_stream(nursery, stream, f"{to.host}:{to.port}", to.path)
        await socket.send_message(START)
        while not _is("status", await socket.get_message()):
            pass
        over = trio.Event()

        async def read() -> None:
            while not _is("final_summary", await socket.get_message()):
                pass
            over.set()

        nursery.start_soon(read)
        await window.begin()
        await _paced(load, socket.send_message)
        window.end()
        await socket.send_message(STOP)
        await over.wait()
        await socket.aclose()


async def websockets(load: Load, window: Window) -> None:
    """websockets' client for trio."""
    async with (
        connect(load.url, compression=None, ssl=load.tls) as socket,
        trio.open_nursery() as nursery,
    ):
        await socket.send(START)
        while not _is("status", await socket.recv()):
            pass
        over = trio.Event()

        async def read() -> None:
            while not _is("final_summary", await socket.recv()):
                pass
            over.set()

        nursery.start_soon(read)
        await window.begin()
        await _paced(load, socket.send)
        window.end()
        await socket.send(STOP)
        await over.wait()


def cost(client: Client, load: Load) -> float:
    """What a session of ``client`` costs."""

    async def all_of_them() -> float:
        window = Window(load.sessions, trio.Event(), trio.Semaphore(DIALLING))
        with trio.fail_after(PATIENCE + load.seconds):
            async with trio.open_nursery() as nursery:
                for _ in range(load.sessions):
                    await window.may_dial()
                    nursery.start_soon(client, load, window)
        return window.cost(load)

    return trio.run(all_of_them)
