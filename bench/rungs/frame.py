"""One frame: 20 ms of audio captured, added to the outbox, made a message of the dialect, pulled.

The peers make a WebSocket frame of the same bytes, and nothing else. Any client pays for that, so
it is what the core costs beside what cannot be avoided. The bare one masks the bytes and puts a
header before them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Generator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from websockets.client import ClientProtocol
from websockets.protocol import OPEN
from websockets.speedups import apply_mask
from websockets.uri import WebSocketURI
from wsproto.connection import Connection as WebSocket
from wsproto.connection import ConnectionType
from wsproto.events import BytesMessage

from bench.charts import fresh, streaming
from bench.ladder import Measure, Rung
from bench.ratios import microseconds
from openline import events as e
from openline.commands import SendPing

FRAME = bytes(640)
METRICS = '{"type":"metrics","source":"mic","backlog_seconds":0.0}'
BARE = "a bare mask"
_HEADER = b"EP\x01\x01"


def openline_frame() -> Callable[[], object]:
    """The core, on a live line in real time: relayed where it can be, as a face does it.

    Every 25th frame is followed by the ping and the pong of a real line, every 50th by the figures,
    so their cost is in the figure.
    """
    line = streaming(fresh)
    clock = [1.0, 0.0]

    def pull() -> None:
        marks: list[bytes] = []
        while (sent := line.next_message(clock[0])) is not None:
            if isinstance(sent, SendPing):
                marks.append(sent.mark)
        for mark in marks:
            pong = e.PongReceived(1, mark)
            if not line.pong(pong, clock[0]):
                line.receive(pong, clock[0])

    def frame() -> None:
        clock[0] += 0.02
        clock[1] += 1
        if line.relay("mic", FRAME, clock[0]) is None:
            line.receive(e.AudioCaptured("mic", FRAME), clock[0])
            pull()
        elif line.wants_pull:
            pull()
        if clock[1] % 50 == 0:
            line.receive(e.MessageReceived(1, METRICS), clock[0])
            if not line.is_idle():
                pull()

    return frame


def wsproto_frame() -> Callable[[], object]:
    """wsproto, pure Python."""
    socket = WebSocket(ConnectionType.CLIENT)
    message = BytesMessage(data=_HEADER + FRAME)
    return lambda: socket.send(message)


def websockets_frame() -> Callable[[], object]:
    """websockets' sans-I/O protocol, with a mask in C."""
    protocol = ClientProtocol(
        WebSocketURI(secure=False, host="127.0.0.1", port=80, path="/", query="")
    )
    protocol.state = OPEN

    def frame() -> None:
        protocol.send_binary(_HEADER + FRAME)
        protocol.data_to_send()

    return frame


class _Nowhere:
    """What aiohttp's writer needs of a transport and of a protocol."""

    _paused = False

    def is_closing(self) -> bool:
        return False

    def write(self, data: bytes) -> None:
        """It goes nowhere."""

    def writelines(self, data: object) -> None:
        """It goes nowhere."""


def aiohttp_frame() -> Callable[[], object]:
    """aiohttp's writer, with a mask in C; its coroutine never waits."""
    library: Any = import_module("aiohttp._websocket.writer")
    kinds: Any = import_module("aiohttp")
    nowhere = _Nowhere()
    writer = library.WebSocketWriter(nowhere, nowhere, use_mask=True)
    binary = kinds.WSMsgType.BINARY

    def frame() -> None:
        made: Coroutine[Any, Any, None] = writer.send_frame(_HEADER + FRAME, binary)
        try:
            made.send(None)
        except StopIteration:
            return
        raise RuntimeError("frame: aiohttp's writer waits")

    return frame


def bare_frame() -> Callable[[], object]:
    """A header, and the bytes masked."""
    head = b"\x82\xfe" + (len(FRAME) + 4).to_bytes(2, "big")

    def frame() -> bytes:
        mask = os.urandom(4)
        return head + mask + apply_mask(_HEADER + FRAME, mask)

    return frame


@contextmanager
def contenders(*, calls: float = 2_000) -> Generator[Mapping[str, Measure]]:
    """Each makes ``calls`` frames a round."""
    made = {
        "openline": openline_frame(),
        "wsproto": wsproto_frame(),
        "websockets, sans-I/O": websockets_frame(),
        BARE: bare_frame(),
    }
    if find_spec("aiohttp") is not None:
        made["aiohttp's writer"] = aiohttp_frame()
    yield {name: partial(microseconds, call, int(calls)) for name, call in made.items()}


RUNG = Rung(
    what="one frame: 20 ms of audio, kept and made a message",
    unit="µs",
    rounds=25,
    pairs=tuple(
        ("openline", peer) for peer in ("wsproto", "websockets, sans-I/O", "aiohttp's writer", BARE)
    ),
    needs={"aiohttp's writer": "aiohttp"},
    contenders=contenders,
)
