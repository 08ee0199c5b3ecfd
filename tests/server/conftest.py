"""The fixtures of the server's tests: a client of the contract, over a stream in memory.

Time is trio's MockClock, which jumps when all tasks wait, so that eight seconds of
waiting cost none.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import pytest
import trio
from trio.testing import memory_stream_pair
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_client_stream

from openline_server.config import ServerConfig
from openline_server.contract import PATH
from openline_server.hooks import Hooks
from openline_server.recognizer import Echo, Recognizer
from openline_server.server import Server
from tests.server.wires import Talk

DATA = Path(__file__).parents[1] / "data"

START: dict[str, object] = {
    "type": "start",
    "session_id": "s-1",
    "attempt_id": "a-1",
    "connection_id": "c-1",
    "sample_rate": 16000,
    "format": "pcm_s16le",
    "channels": 1,
    "client_features": {"client_vad_enabled": True},
}
FRAME = b"EP\x01\x01" + bytes(640)


class Client:
    """Encodes messages of the contract and stores the answers."""

    def __init__(self, ws: WebSocketConnection) -> None:
        self.ws = ws
        self.received: list[dict[str, Any]] = []
        self.times: list[float] = []
        self.code = 0
        self._read = 0
        self._more = trio.Event()

    async def listen(self) -> None:
        """Receive until the end."""
        try:
            while True:
                text = await self.ws.get_message()
                self.received.append(json.loads(str(text).removeprefix("\ufeff")))
                self._note()
        except ConnectionClosed as closed:
            self.code = int(closed.reason.code) if closed.reason is not None else 1006
            self._note()

    def _note(self) -> None:
        self.times.append(trio.current_time())
        self._more.set()
        self._more = trio.Event()

    async def send(self, message: Mapping[str, object] | bytes | str) -> None:
        await self.ws.send_message(
            message if isinstance(message, str | bytes) else json.dumps(message)
        )

    async def next(self) -> dict[str, Any]:
        """The next message that no earlier call returned."""
        while self._read == len(self.received):
            assert not self.code, f"closed with {self.code}"
            await self._more.wait()
        self._read += 1
        return self.received[self._read - 1]

    async def until(self, kind: str) -> dict[str, Any]:
        """The next message of type or state ``kind``."""
        while True:
            message = await self.next()
            if kind in (message["type"], message.get("state")):
                return message

    async def end(self) -> int:
        """Wait for the end; the close code."""
        while not self.code:
            await self._more.wait()
        return self.code

    async def start(self, **changes: object) -> dict[str, Any]:
        """Start; the ack."""
        assert (await self.next())["state"] == "connected"
        await self.send(START | changes)
        return await self.next()

    async def speak(self, seconds: float, frame: bytes = FRAME, pace: float = 0.02) -> None:
        """Frames of 20 ms, in real time."""
        for _ in range(round(seconds / 0.02)):
            await self.send(frame)
            await trio.sleep(pace)

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The received messages of a type."""
        return [message for message in self.received if message["type"] == kind]

    def states(self) -> list[str]:
        """The received states."""
        return [message["state"] for message in self.of("status")]

    def texts(self, kind: str = "asr_final") -> list[str]:
        """The received texts."""
        return [message["text"] for message in self.of(kind)]


@asynccontextmanager
async def _opened(
    url: str, headers: list[tuple[bytes, bytes]] | None = None
) -> AsyncGenerator[WebSocketConnection]:
    """A WebSocket over TCP whose socket is closed in the end; trio-websocket leaves it open
    where the server has closed first."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    async with (
        await trio.open_tcp_stream(parts.hostname, parts.port) as stream,
        trio.open_nursery() as nursery,
    ):
        ws = await wrap_client_stream(nursery, stream, "test", target, extra_headers=headers)
        yield ws
        await ws.aclose()
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def _dialled(url: str) -> AsyncGenerator[Client]:
    """A client over TCP."""
    async with _opened(url) as ws, trio.open_nursery() as nursery:
        client = Client(ws)
        nursery.start_soon(client.listen)
        yield client
        await ws.aclose()


Serving: TypeAlias = Callable[..., Server]
Connect: TypeAlias = Callable[..., Awaitable[Client]]
Talking: TypeAlias = Callable[..., Awaitable[Talk]]
Refused: TypeAlias = Callable[..., Awaitable[str]]
Dialled: TypeAlias = Callable[[str], AbstractAsyncContextManager[Client]]
Opened: TypeAlias = Callable[..., AbstractAsyncContextManager[WebSocketConnection]]


@pytest.fixture
def serving() -> Serving:
    """A server that is not listening yet."""

    def make(
        recognizer: Recognizer | None = None, hooks: Hooks | None = None, **config: Any
    ) -> Server:
        return Server(ServerConfig(recognizer="echo", **config), recognizer or Echo(), hooks)

    return make


@pytest.fixture
async def connect(nursery: trio.Nursery, serving: Serving) -> Connect:
    """A client of a server (a new one, unless one is given)."""

    async def dial(
        server: Server | None = None,
        *,
        path: str = PATH,
        headers: list[tuple[bytes, bytes]] | None = None,
        **config: Any,
    ) -> Client:
        here: Any  # trio-websocket takes any stream, though its annotation is a socket
        here, there = memory_stream_pair()
        nursery.start_soon((server or serving(**config)).handle, there)
        ws = await wrap_client_stream(nursery, here, "test", path, extra_headers=headers)
        client = Client(ws)
        nursery.start_soon(client.listen)
        return client

    return dial


@pytest.fixture
async def talk(nursery: trio.Nursery, serving: Serving) -> Talking:
    """A client of any contract: ``talk(dialect, path, hooks=…)``."""

    async def dial(
        dialect: str,
        path: str | None = None,
        *,
        server: Server | None = None,
        headers: list[tuple[bytes, bytes]] | None = None,
        subprotocols: list[str] | None = None,
        **options: Any,
    ) -> Talk:
        here: Any  # trio-websocket takes any stream, though its annotation is a socket
        here, there = memory_stream_pair()
        server = server or serving(dialect=dialect, **options)
        nursery.start_soon(server.handle, there)
        ws = await wrap_client_stream(
            nursery, here, "test", path or server.contract.path,
            extra_headers=headers, subprotocols=subprotocols,
        )  # fmt: skip
        client = Talk(ws)
        nursery.start_soon(client.listen)
        return client

    return dial


@pytest.fixture
async def refused(nursery: trio.Nursery, serving: Serving) -> Refused:
    """Send a handshake that is refused; returns the HTTP answer."""

    async def ask(dialect: str, path: str, *headers: str, **options: Any) -> str:
        here, there = memory_stream_pair()
        nursery.start_soon(serving(dialect=dialect, **options).handle, there)
        lines = [
            f"GET {path} HTTP/1.1", "Host: test", "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Version: 13", *headers,
        ]  # fmt: skip
        await here.send_all("".join(f"{line}\r\n" for line in [*lines, ""]).encode())
        answer = b""
        while b"\r\n\r\n" not in answer or not answer.startswith(b"HTTP/1.1 101"):
            more = await here.receive_some()
            if not more:
                break
            answer += more
        return answer.decode("latin-1")

    return ask


@pytest.fixture
def data() -> Path:
    """The directory of the recordings."""
    return DATA


@pytest.fixture
def opened() -> Opened:
    """Open a WebSocket over TCP."""
    return _opened


@pytest.fixture
def dialled() -> Dialled:
    """Open a WebSocket over TCP, and listen."""
    return _dialled
