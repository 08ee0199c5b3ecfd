"""A byte stream that remembers how it ended.

The WebSocket library reports every broken stream as 1006 and forgets why, drops what
has already arrived when a send fails, and hangs if the stream ends before the upgrade.
This wrapper sits under it and keeps what it forgets: the error's kind, an end of
stream, a close frame that the library sent on its own account, and an event for the
end. A failed send waits a moment, so that the reader can still take in a close frame
that is already here: it outranks a broken pipe.
"""

from __future__ import annotations

from typing import Final

import trio

from openline.verdicts import ErrorKind

from .network import name_os_error

#: Seconds that a failed send leaves the reader to take in what has already arrived.
DRAIN: Final = 1.0
#: Bytes of an answer to the upgrade, headers and body, that are read before giving up.
MAX_ANSWER: Final = 65_536
_CLOSE_FRAME: Final = 0x88  # FIN and opcode 8, RFC 6455 §5.2


class Tap(trio.abc.Stream):
    """Wraps ``stream``; the attributes say how it ended."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._answer = 0
        self.opened = False  # set by the owner once the upgrade succeeded
        self.ended = trio.Event()
        self.error: ErrorKind | None = None
        self.detail = ""
        self.sent_close: int | None = None

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send; a failure is remembered, and raised after the reader had its moment."""
        if self.opened and data and data[0] == _CLOSE_FRAME:
            self.sent_close = _close_code(bytes(data))
        try:
            await self._stream.send_all(data)
        except trio.BrokenResourceError as exc:
            self._note(exc)
            with trio.move_on_after(DRAIN):
                await self.ended.wait()
            raise

    async def wait_send_all_might_not_block(self) -> None:
        """Pass the question on."""
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """Receive; the end, and an answer that never ends, are remembered."""
        try:
            data = await self._stream.receive_some(max_bytes)
        except trio.BrokenResourceError as exc:
            self._note(exc)
            self.ended.set()
            raise
        except trio.ClosedResourceError:
            self._name(ErrorKind.CUT, "the connection was closed on this side")
            self.ended.set()
            raise
        if not data:
            self._name(ErrorKind.CUT, "the connection ended without a close frame")
            self.ended.set()
        elif not self.opened:
            self._answer += len(data)
            if self._answer > MAX_ANSWER:
                self._name(ErrorKind.BAD_UPGRADE, "an endless answer to the upgrade")
                self.ended.set()
                raise trio.BrokenResourceError(self.detail)
        return data

    async def aclose(self) -> None:
        """Close. Before the upgrade only the library does so, at an answer it cannot read."""
        if not self.opened:
            self._name(ErrorKind.BAD_UPGRADE, "the answer to the upgrade is no WebSocket's")
        self.ended.set()
        await self._stream.aclose()

    def _note(self, exc: BaseException) -> None:
        kind, detail = name_os_error(exc)
        # A stream that broke without an errno was cut all the same.
        self._name(ErrorKind.CUT if kind is ErrorKind.OS_OTHER else kind, detail)

    def _name(self, kind: ErrorKind, detail: str) -> None:
        if self.error is None:
            self.error, self.detail = kind, detail


def _close_code(frame: bytes) -> int | None:
    """The code of a client's own close frame: masked, RFC 6455 §5.3 and §5.5.1."""
    if len(frame) < 8 or not frame[1] & 0x80:
        return None
    mask, body = frame[2:6], frame[6:8]
    return (body[0] ^ mask[0]) << 8 | (body[1] ^ mask[1])
