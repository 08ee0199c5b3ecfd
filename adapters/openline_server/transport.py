"""The stream under a WebSocket, which its owner closes after lingering.

trio-websocket closes the stream itself, at moments of its own. Here that only marks
the transport; the server, which owns the connection, closes it in ``finish``: at once
if it was aborted, else after a short lingering, so that the client reads the last
message before its kernel may see a reset.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

import trio
from trio_websocket import CloseReason

from openline_server.no_upgrade import MOST_BYTES

log: Final = logging.getLogger(__name__)

_LINGER_SECONDS: Final = 1.0
#: The first byte of a close frame.
_CLOSE: Final = b"\x88"
#: What a client's bytes are closed with that are no WebSocket (RFC 6455 §7.4.1).
_NO_WEBSOCKET: Final = {1002, 1007}
_MAX_REASON: Final = 123


class Transport(trio.abc.Stream):
    """A stream that calls back when it is over, and closes when its owner calls ``finish``."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        """Take ownership of ``stream``."""
        self._stream = stream
        self._over = False
        self._aborted = False
        self._closed = False
        self._on_over: Callable[[], None] | None = None
        #: What came until the request was read; None behind it.
        self._head: bytes | None = b""
        self._refuse: Callable[[bytes, bytes], bytes] | None = None

    def on_no_upgrade(self, refuse: Callable[[bytes, bytes], bytes]) -> None:
        """Send what ``refuse`` makes of a request, and of the answer to it that is no 101."""
        self._refuse = refuse

    def requested(self) -> None:
        """The request is read, and asks for an upgrade."""
        self._head = None

    def on_over(self, call: Callable[[], None]) -> None:
        """Call ``call`` when nothing more can be read."""
        self._on_over = call

    @property
    def aborted(self) -> bool:
        """Whether ``finish`` closes at once."""
        return self._aborted

    def abort(self) -> None:
        """Make ``finish`` close at once."""
        self._aborted = True

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send everything."""
        if self._head is not None and self._refuse is not None:
            data, self._head = self._refuse(self._head, bytes(data)), None
        self._closed = self._closed or bytes(data[:1]) == _CLOSE
        await self._stream.send_all(data)

    async def close_broken(self, reason: CloseReason | None, number: int) -> None:
        """Close for what connection ``number`` sent, if it was no WebSocket.

        To wsproto such bytes are a close by the client, which trio-websocket 0.12 leaves as it is.
        """
        if reason is None or reason.code not in _NO_WEBSOCKET or self._closed:
            return
        why = str(reason.reason or "").encode()[:_MAX_REASON]
        body = int(reason.code).to_bytes(2, "big") + why
        text = why.decode(errors="replace")
        log.warning(
            "connection %d sent what is no WebSocket: closed with %d %s", number, reason.code, text
        )
        with trio.move_on_after(_LINGER_SECONDS):
            try:
                await self.send_all(_CLOSE + bytes([len(body)]) + body)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                self._over = True

    async def wait_send_all_might_not_block(self) -> None:
        """Wait until there is room."""
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """Receive some bytes; none at the end."""
        try:
            data = await self._stream.receive_some(max_bytes)
        except trio.BrokenResourceError:
            self._end()
            raise
        if not data:
            self._end()
        if self._head is not None:
            self._head = (self._head + bytes(data))[:MOST_BYTES]
        return data

    async def aclose(self) -> None:
        """The WebSocket no longer needs it."""
        self._end(eof=False)
        await trio.lowlevel.checkpoint()

    async def finish(self) -> None:
        """Close the stream."""
        try:
            if not self._aborted and not self._over:
                with trio.move_on_after(_LINGER_SECONDS):
                    await self._linger()
        finally:
            await trio.aclose_forcefully(self._stream)

    async def _linger(self) -> None:
        try:
            if isinstance(self._stream, trio.abc.HalfCloseableStream):
                await self._stream.send_eof()
            while await self._stream.receive_some():
                pass
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self._over = True  # the client closed first

    def _end(self, *, eof: bool = True) -> None:
        self._over = self._over or eof
        if self._on_over is not None:
            self._on_over()
