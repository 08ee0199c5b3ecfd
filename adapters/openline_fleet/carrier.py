"""How picows is brought to read and write frames on a transport of ours.

picows wants to make the whole connection itself. So its protocol is given a transport that stands
for ours: the request that it writes is kept, and answered here, so that it takes what follows for
frames. From then on its writes are ours. To a plain socket it writes by a call of its own, as long
as the transport has nothing unsent; where that may not be, as under TLS, it is told that there is
TLS, and uses the transport.

``WSProtocol`` is no public name of picows. What is used of it is little, and
``tests/fleet/test_websocket.py`` tells where a later version differs.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import socket
from collections.abc import Callable
from typing import Any, Final, cast

import picows.picows as library
from picows import WSListener

from openline_asyncio.transport import SocketTransport
from openline_driver.effects import MAX_MESSAGE

_PROTOCOL: Final[Any] = cast("Any", library).WSProtocol
#: Bytes that the library's buffer for reading begins with: it grows as it must.
_BUFFER: Final = 2048
_KEY: Final = re.compile(rb"Sec-WebSocket-Key: (\S+)")
#: RFC 6455 §1.3.
_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def framed(listener: WSListener, transport: asyncio.WriteTransport) -> Any:
    """picows's protocol on ``transport``, ready for frames, which go to ``listener``."""
    carrier = _Carrier(transport)
    protocol = _PROTOCOL(
        host_port="host",
        ws_path="/",
        is_client_side=True,
        ws_listener_factory=lambda: listener,
        logger=_MUTE,
        disconnect_on_exception=False,
        websocket_handshake_timeout=None,
        enable_auto_ping=False,
        auto_ping_idle_timeout=1,
        auto_ping_reply_timeout=1,
        auto_ping_strategy=library.WSAutoPingStrategy.PING_WHEN_IDLE,
        enable_auto_pong=True,
        max_frame_size=MAX_MESSAGE,
        extra_headers=None,
        read_buffer_init_size=_BUFFER,
    )
    protocol.connection_made(carrier)
    answer = carrier.answer()
    protocol.get_buffer(-1)[: len(answer)] = answer
    protocol.buffer_updated(len(answer))
    carrier.is_open = True
    return protocol


class _Carrier:
    """The transport that picows is given: ours, once its own handshake is made up.

    Where the library may not write to the socket itself, as under TLS, it finds a ``ssl_object``.
    """

    def __init__(self, transport: asyncio.WriteTransport) -> None:
        self.is_open = False
        self._request = b""
        self._transport = transport
        self._socket = transport.get_extra_info("socket")
        self._is_plain = False
        # The library asks at each message: of our own transport without a call of Python.
        self.get_write_buffer_size: Callable[[], int] = transport.get_write_buffer_size
        if type(transport) is SocketTransport:
            self._is_plain = type(self._socket) is socket.socket
            self.get_write_buffer_size = transport.unsent.__len__

    def write(self, data: bytes) -> None:
        """Its request is kept here; all else goes out."""
        if self.is_open:
            self._transport.write(data)
        else:
            self._request += data

    def answer(self) -> bytes:
        """The answer to its request."""
        key = _KEY.search(self._request)
        assert key is not None  # noqa: S101  # it is RFC 6455's
        accept = base64.b64encode(hashlib.sha1(key[1] + _GUID).digest())  # noqa: S324  # RFC 6455's
        return (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What it asks for: the socket, and whether TLS is above it."""
        if name == "socket":
            return self._socket if self._is_plain else _NO_SOCKET
        if name == "ssl_object":
            return None if self._is_plain else self
        return default

    def close(self) -> None:
        """Nothing: a dial closes its socket itself."""

    abort = close


class _NoSocket:
    """Stands for a socket to which the library must not write."""

    def fileno(self) -> int:
        """None."""
        return -1

    def setsockopt(self, *given: object) -> None:
        """There is none to set."""

    def getsockopt(self, *given: object) -> int:  # noqa: ARG002  # as a socket has it
        """There is none."""
        return 0


_NO_SOCKET: Final = _NoSocket()


class _Mute:
    """The library's own log, which would have each message of a backend, and a token with it."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: ARG002, N802  # the library's names
        """Never."""
        return False

    def log(self, *given: object) -> None:
        """Nothing."""

    debug = info = warning = error = exception = log


_MUTE: Final = _Mute()
