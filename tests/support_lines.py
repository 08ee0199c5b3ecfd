"""A backend in memory for the adapter's tests: raw frames, so that it can break the protocol.

``Net(nursery, script)`` is a ``Connect``: each dial gets one end of a stream in memory,
and ``script`` plays the other end with a ``Peer``. It enforces nothing of RFC 6455 and uses
nothing of trio-websocket, so a test sees the raw bytes on the wire.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import struct
import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeAlias

import trio
from trio.testing import memory_stream_pair

from openline.backend import Backend
from openline_audio.source import Sink

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
FRAME = bytes(640)
Streams: TypeAlias = Callable[[], tuple[trio.abc.Stream, trio.abc.Stream]]


def frame(opcode: int, payload: bytes = b"", *, first: int = 0x80) -> bytes:
    """An unmasked frame; ``first`` has the FIN and reserved bits."""
    size = len(payload)
    if size < 126:
        length = bytes([size])
    elif size < 65536:
        length = b"\x7e" + struct.pack("!H", size)
    else:
        length = b"\x7f" + struct.pack("!Q", size)
    return bytes([first | opcode]) + length + payload


def close(code: int | None = None, reason: str = "") -> bytes:
    """A close frame; without a code it has no payload."""
    return frame(CLOSE, b"" if code is None else struct.pack("!H", code) + reason.encode())


def answer(request: bytes, **headers: str) -> bytes:
    """The 101 to ``request``."""
    key = re.search(rb"(?i)sec-websocket-key: (\S+)", request)
    assert key is not None
    digest = hashlib.sha1(key[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()  # noqa: S324 -- RFC 6455
    lines = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Accept": base64.b64encode(digest).decode(),
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 101 Switching Protocols\r\n{text}\r\n".encode("latin-1")


class Peer:
    """The server's end of one dial."""

    def __init__(self, stream: trio.abc.Stream, number: int, backend: Backend) -> None:
        self.stream = _Locked(stream)
        self.number = number
        self.backend = backend
        self.request = b""
        self.start: dict[str, Any] = {}
        self.pongs = True
        self.heard: list[tuple[int, bytes]] = []
        self.gone = trio.Event()  # the client has closed its end
        self._bytes = bytearray()

    @property
    def headers(self) -> dict[str, str]:
        """The request's headers, with names in lower case."""
        lines = self.request.decode().split("\r\n")[1:]
        return {k.lower(): v for k, _, v in (line.partition(": ") for line in lines) if k}

    @property
    def target(self) -> str:
        """The request target."""
        return self.request.split(b" ")[1].decode()

    async def read_request(self) -> bytes:
        """The handshake's request."""
        while b"\r\n\r\n" not in self.request:
            data = await self.stream.receive_some()
            if not data:
                raise trio.BrokenResourceError("the client is gone")
            self.request += data
        return self.request

    async def upgrade(self, extra: bytes = b"") -> None:
        """Answer 101, with ``extra`` in the same write."""
        await self.stream.send_all(answer(await self.read_request()) + extra)

    async def refuse(self, status: int, *headers: str, body: bytes = b"") -> None:
        """Answer with another status."""
        await self.read_request()
        lines = "".join(f"{line}\r\n" for line in headers)
        await self.stream.send_all(f"HTTP/1.1 {status} No\r\n{lines}\r\n".encode() + body)

    async def receive(self) -> tuple[int, bytes]:
        """The next frame, unmasked; (CLOSE, b"EOF") when the client is gone."""
        while (found := self._parse()) is None:
            data: bytes | bytearray = b""
            with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                data = await self.stream.receive_some()
            if not data:
                return CLOSE, b"EOF"
            self._bytes += data
        self.heard.append(found)
        return found

    def _parse(self) -> tuple[int, bytes] | None:
        data = self._bytes
        if len(data) < 6:
            return None
        assert data[1] & 0x80, "a client's frames are masked"
        size, at = data[1] & 0x7F, 2
        if size == 126:
            size, at = int.from_bytes(data[2:4], "big"), 4
        if len(data) < at + 4 + size:
            return None
        mask = data[at : at + 4]
        mask *= size // 4 + 1
        masked = int.from_bytes(data[at + 4 : at + 4 + size], "big")
        payload = (masked ^ int.from_bytes(mask[:size], "big")).to_bytes(size, "big")
        opcode = data[0] & 0x0F
        del data[: at + 4 + size]
        return opcode, payload

    async def send(self, kind: str, **fields: Any) -> None:
        """A message with this dial's ids."""
        ids = {k: self.start[k] for k in ("attempt_id", "connection_id") if k in self.start}
        text = json.dumps({"type": kind} | ids | fields)
        await self.stream.send_all(frame(TEXT, text.encode()))

    async def final(self, text: str, start: float, end: float, source: str = "mic") -> None:
        """A final."""
        await self.send("asr_final", text=text, t0=start, t1=end, source=source)

    async def open(self, *, exact: bool = True) -> dict[str, Any]:
        """Open as in the contract, up to the ack; ``exact``: its ends of finals are proof."""
        await self.upgrade()
        await self.send("status", state="connected")
        while not self.start:
            opcode, payload = await self.receive()
            if payload == b"EOF":
                raise trio.BrokenResourceError("the client is gone")
            assert (opcode, payload[:1]) == (TEXT, b"{"), (opcode, payload)
            self.start = json.loads(payload)
        assert self.start["type"] == "start"
        await self.send("status", state="streaming", **{"final_ends": "exact"} if exact else {})
        return self.start

    async def serve(self, *, finish: bool = True) -> list[bytes]:
        """Receive audio and answer pings until the end; finish on a stop message."""
        audio: list[bytes] = []
        while True:
            opcode, payload = await self.receive()
            if opcode == CLOSE:
                return audio
            if opcode == BINARY:
                audio.append(payload[4:])
            elif opcode == PING and self.pongs:
                await self.stream.send_all(frame(PONG, payload))
            elif opcode == TEXT and b'"stop"' in payload and finish:
                await self.finish()

    async def finish(self) -> None:
        """The final message, and the closing handshake as the backend does it."""
        await self.send("final_summary", markdown="", json={})
        await self.stream.send_all(close(1000))


class _Locked(trio.abc.Stream):
    """A stream on which several tasks may send."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._lock = trio.Lock()

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        async with self._lock:
            await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        return await self._stream.receive_some(max_bytes)

    async def aclose(self) -> None:
        await self._stream.aclose()


Script: TypeAlias = Callable[[Peer], Awaitable[object]]


class Net:
    """Opens streams in memory and has ``script`` play the other end of each.

    A script that returns closes its end. ``dials`` are the peers.
    """

    def __init__(
        self, nursery: trio.Nursery, script: Script, streams: Streams = memory_stream_pair
    ) -> None:
        self.dials: list[Peer] = []
        self.times: list[float] = []
        self._nursery = nursery
        self._script = script
        self._streams = streams

    async def __call__(self, backend: Backend) -> trio.abc.Stream:
        """Connect."""
        await trio.lowlevel.checkpoint()
        here, there = self._streams()
        peer = Peer(there, len(self.dials) + 1, backend)
        self.dials.append(peer)
        self.times.append(trio.current_time())
        self._nursery.start_soon(self._play, peer)
        return _Watched(here, peer.gone)

    async def _play(self, peer: Peer) -> None:
        try:
            await self._script(peer)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # the client closed first
        finally:
            await trio.aclose_forcefully(peer.stream)


class _Watched(_Locked):
    """The client's end; it records that it was closed."""

    def __init__(self, stream: trio.abc.Stream, closed: trio.Event) -> None:
        super().__init__(stream)
        self._closed = closed

    async def aclose(self) -> None:
        self._closed.set()
        await self._stream.aclose()


class Silent:
    """A source that delivers no audio and never ends."""

    duration = None
    may_pause = True

    async def run(self, sink: Sink) -> None:
        await trio.sleep_forever()


class Frames:
    """A source of ``count`` frames in real time; each sample encodes its position."""

    duration = None

    def __init__(self, count: int, *, then: BaseException | None = None, ends: bool = True) -> None:
        self.count = count
        self.sent = 0
        self._then = then
        self._ends = ends

    async def run(self, sink: Sink) -> None:
        start = trio.current_time()
        sink.started(start)
        for number in range(self.count):
            await trio.sleep_until(start + (number + 1) * 0.02)
            sink.audio(numbered(number))
            self.sent += 1
        if self._then is not None:
            raise self._then
        if not self._ends:
            await trio.sleep_forever()


def numbered(number: int) -> bytes:
    """Frame ``number``, distinct from all others."""
    return struct.pack("<h", number % 32768) * 320


def number_of(pcm: bytes) -> int:
    """The number of the frame at the start of ``pcm``."""
    return int(struct.unpack_from("<h", pcm)[0])


def descriptors() -> list[str]:
    """The open socket descriptors of this process."""
    found: list[str] = []
    for path in Path("/proc/self/fd").iterdir():
        try:
            found.append(os.readlink(path))
        except OSError:
            continue
    return sorted(name for name in found if name.startswith("socket:"))


@contextmanager
def all_delivered() -> Generator[None]:
    """Check that the block leaves no task, no socket and no busy thread."""
    tasks = trio.lowlevel.current_statistics().tasks_living
    sockets = descriptors()
    threads = {*threading.enumerate()}
    yield
    assert trio.lowlevel.current_statistics().tasks_living == tasks
    assert descriptors() == sockets
    left = {*threading.enumerate()} - threads  # one of an earlier test may have ended
    assert not {each for each in left if not each.name.startswith("Trio")}
