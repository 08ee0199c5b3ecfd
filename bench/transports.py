"""What a frame costs on each WebSocket client that the asyncio face could be built on.

Each client sends 20 ms frames over loopback to a raw sink in another process, which answers the
upgrade and throws the frames away: eight connections, each frame when it is due. The peer is
websockets' sans-I/O protocol on the face's own transport, which is what the face uses. ``memory``
is what a connection keeps in this process, idle.

    python -m bench.transports

It is not part of ``make bench``: it decided how a face is built, and measures nothing that is.
"""

from __future__ import annotations

import asyncio
import gc
import socket
import subprocess
import sys
import time
import tracemalloc
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from importlib import import_module
from typing import Any, Final, TypeAlias

from websockets.asyncio.client import connect
from websockets.client import ClientProtocol
from websockets.protocol import OPEN
from websockets.uri import WebSocketURI

from bench.ratios import Figure, figure
from openline_asyncio.transport import SocketTransport

FRAME: Final = bytes(644)
CONNECTIONS: Final = 8
PEER: Final = "sans-I/O, own transport"
Send: TypeAlias = Callable[[bytes], Awaitable[None]]
Client: TypeAlias = Callable[[int], AbstractAsyncContextManager[Send]]

#: Answers each upgrade, and reads until the client is gone.
SINK: Final = """
import asyncio, base64, hashlib, re, sys
async def serve(reader, writer):
    head = await reader.readuntil(b"\\r\\n\\r\\n")
    key = re.search(rb"(?i)sec-websocket-key: (\\S+)", head)[1]
    digest = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    writer.write(b"HTTP/1.1 101 Sure\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n"
                 b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\\r\\n\\r\\n")
    while data := await reader.read(65536):
        if data[0] == 0x88:
            break
    writer.transport.abort()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


class _SansIO(asyncio.Protocol):
    """websockets' sans-I/O protocol, as the face drives it."""

    def __init__(self) -> None:
        uri = WebSocketURI(secure=False, host="127.0.0.1", port=80, path="/", query="")
        self.websocket = ClientProtocol(uri)
        self.open = asyncio.Event()
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.websocket.receive_data(data)
        self.flush()
        if self.websocket.state is OPEN:
            self.open.set()

    def flush(self) -> None:
        for data in self.websocket.data_to_send():
            self.transport.write(data)

    async def begin(self) -> None:
        self.websocket.send_request(self.websocket.connect())
        self.flush()
        await self.open.wait()

    async def send(self, data: bytes) -> None:
        self.websocket.send_binary(data)
        self.flush()


@asynccontextmanager
async def own_transport(port: int) -> AsyncGenerator[Send]:
    loop = asyncio.get_running_loop()
    tcp = socket.socket()
    tcp.setblocking(False)  # noqa: FBT003  # its only argument
    await loop.sock_connect(tcp, ("127.0.0.1", port))
    protocol = _SansIO()
    transport = SocketTransport(loop, tcp, protocol)
    await protocol.begin()
    yield protocol.send
    transport.abort()


@asynccontextmanager
async def loops_transport(port: int) -> AsyncGenerator[Send]:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_connection(_SansIO, "127.0.0.1", port)
    await protocol.begin()
    yield protocol.send
    transport.abort()


@asynccontextmanager
async def asyncio_client(port: int) -> AsyncGenerator[Send]:
    async with connect(f"ws://127.0.0.1:{port}/", compression=None, ping_interval=None) as client:
        yield client.send
        client.transport.abort()


@asynccontextmanager
async def picows(port: int) -> AsyncGenerator[Send]:
    library: Any = import_module("picows")
    transport, _ = await library.ws_connect(library.WSListener, f"ws://127.0.0.1:{port}/")
    binary = library.WSMsgType.BINARY

    async def send(data: bytes) -> None:
        transport.send(binary, data)

    yield send
    transport.disconnect()


@asynccontextmanager
async def aiohttp(port: int) -> AsyncGenerator[Send]:
    library: Any = import_module("aiohttp")
    url = f"ws://127.0.0.1:{port}/"
    async with library.ClientSession() as session, session.ws_connect(url) as client:
        yield client.send_bytes


CLIENTS: Final[dict[str, Client]] = {
    PEER: own_transport,
    "sans-I/O, the loop's transport": loops_transport,
    "websockets' asyncio client": asyncio_client,
    "picows": picows,
    "aiohttp": aiohttp,
}


async def stream(client: Client, port: int, seconds: float) -> None:
    """One connection with frames that are due each 20 ms."""
    loop = asyncio.get_running_loop()
    async with client(port) as send:
        start = loop.time()
        for number in range(1, round(seconds * 50) + 1):
            await asyncio.sleep(max(0.0, start + number * 0.02 - loop.time()))
            await send(FRAME)


def cpu(client: Client, port: int, seconds: float) -> float:
    """Microseconds of this process's CPU for a frame."""

    async def all_of_them() -> None:
        await asyncio.gather(*(stream(client, port, seconds) for _ in range(CONNECTIONS)))

    before = time.process_time()
    asyncio.run(all_of_them())
    return (time.process_time() - before) / (CONNECTIONS * seconds * 50) * 1e6


def memory(client: Client, port: int, count: int = 50) -> float:
    """The memory that one idle connection keeps, in units of 1,000 bytes."""

    async def main() -> float:
        async with client(port):  # what is imported and cached once
            pass
        gc.collect()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        opened = [client(port) for _ in range(count)]
        for each in opened:
            await each.__aenter__()
        gc.collect()
        size = (tracemalloc.get_traced_memory()[0] - before) / count / 1000
        tracemalloc.stop()
        for each in opened:
            await each.__aexit__(None, None, None)
        return size

    return asyncio.run(main())


@contextmanager
def sink() -> Generator[int]:
    """A raw sink in a process of its own: its port."""
    with subprocess.Popen([sys.executable, "-c", SINK], stdout=subprocess.PIPE, text=True) as there:
        try:
            assert there.stdout is not None  # noqa: S101  # requested as a pipe
            yield int(there.stdout.readline())
        finally:
            there.terminate()


def measure(*, rounds: int = 5, seconds: float = 2.0) -> Iterator[tuple[Figure, float]]:
    """For each client its CPU a frame, beside the peer's, and its memory a connection."""
    with sink() as port:
        for name, client in CLIENTS.items():
            cpu(client, port, seconds)
            pairs = [
                (cpu(client, port, seconds), cpu(own_transport, port, seconds))
                for _ in range(rounds)
            ]
            yield figure(name, PEER, "µs CPU a frame", pairs), memory(client, port)


if __name__ == "__main__":
    for each, kilobytes in measure():
        print(f"{each}{kilobytes:>8.1f} kB a connection", flush=True)
