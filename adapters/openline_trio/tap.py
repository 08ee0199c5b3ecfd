"""A byte stream that remembers how it ended.

The WebSocket library reports every broken stream as 1006 and forgets why, drops what
has already arrived when a send fails, and hangs if the stream ends before the upgrade.
This wrapper sits under it and keeps what it forgets: the error's kind, an end of
stream, a close frame that the library sent, and an event for the end.

Before the upgrade it reads the head of the answer first. A refusal ends there, with its
status and headers: its body may be endless, and the library would wait for all of it,
or forget the status at an end of stream. What is no HTTP at all ends there too.

A failed send is not raised but remembered, and the reader has a moment to take in what has
already arrived: a close frame that is here outranks a broken pipe.
"""

from __future__ import annotations

import math
import re
from typing import Final

import trio

from openline.reconnect.verdicts import ErrorKind
from openline_trio.network import name_os_error

#: Seconds that a failed send leaves the reader to take in what has already arrived.
DRAIN: Final = 1.0
#: Bytes of the head of an answer to the upgrade that are read before giving up.
MAX_HEAD: Final = 65_536
_CLOSE_FRAME: Final = b"\x88"  # FIN and opcode 8, RFC 6455 §5.2; no request begins so
_NO_STATUS: Final = 1005  # for a close frame without a code, RFC 6455 §7.1.5
_HTTP: Final = b"HTTP/1."
_STATUS: Final = re.compile(rb"HTTP/1\.[0-9] ([0-9]{3})(?:[ \r\n]|$)")
_BLANK_LINE: Final = re.compile(rb"\n\r?\n")


class ObservedStream(trio.abc.Stream):
    """Wraps ``stream``; the attributes say how it ended."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._head: bytes | None = b""  # of the answer; None once it has been read
        self._drain_until = math.inf
        self._receiving = trio.CancelScope()
        self.opened = False  # set by the owner once the upgrade succeeded
        self.status: int | None = None  # of an answer that refused the upgrade
        self.headers: dict[str, str] = {}  # its headers
        self.ended = trio.Event()
        self.error: ErrorKind | None = None
        self.detail = ""
        self.sent_close: int | None = None

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send; a failure is remembered, and ends the reader when it had its moment."""
        if self.sent_close is None and data[:1] == _CLOSE_FRAME:
            self.sent_close = _close_code(bytes(data))
        try:
            await self._stream.send_all(data)
        except trio.BrokenResourceError as exc:
            self._note(exc)
            self._drain_until = min(self._drain_until, trio.current_time() + DRAIN)
            self._receiving.deadline = self._drain_until

    async def wait_send_all_might_not_block(self) -> None:
        """Pass the question on."""
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """Receive; the end, and an answer that never ends, are remembered."""
        data: bytes | bytearray = b""  # after a broken send, silence is the end as well
        try:
            with trio.CancelScope(deadline=self._drain_until) as self._receiving:
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
        elif self._head is not None:
            self._head = self._read_head(self._head + data)
            if self.status is not None or self.error is ErrorKind.BAD_UPGRADE:
                self.ended.set()
                raise trio.BrokenResourceError(self.detail)
        return data

    def _read_head(self, head: bytes) -> bytes | None:
        """Look at what there is of the answer; returns what to look at again."""
        end = _BLANK_LINE.search(head)
        status = _STATUS.match(head)
        if head[: len(_HTTP)] != _HTTP[: len(head)] or (end and not status):
            self.fail_upgrade("the answer to the upgrade is not HTTP")
        elif len(head) > MAX_HEAD and end is None:
            self.fail_upgrade("an endless answer to the upgrade")
        elif status is None or end is None:
            return head
        elif int(status[1]) != 101:
            self.status = int(status[1])
            for line in head[: end.start()].decode("latin-1").split("\n")[1:]:
                name, _, value = line.partition(":")
                self.headers[name.strip().lower()] = value.strip()
        return None

    def fail_upgrade(self, detail: str = "the answer to the upgrade is no WebSocket's") -> None:
        """Remember that the answer to the upgrade makes no sense."""
        self._name(ErrorKind.BAD_UPGRADE, detail)

    async def aclose(self) -> None:
        """Close. Before the upgrade only the library does so, at an answer it cannot read."""
        if not self.opened:
            self.fail_upgrade()
        self.ended.set()
        await self._stream.aclose()

    def _note(self, exc: BaseException) -> None:
        kind, detail = name_os_error(exc)
        # A stream that broke without an errno was cut all the same.
        self._name(ErrorKind.CUT if kind is ErrorKind.OS_OTHER else kind, detail)

    def _name(self, kind: ErrorKind, detail: str) -> None:
        if self.error is None:
            self.error, self.detail = kind, detail


def _close_code(frame: bytes) -> int:
    """The code of a client's own close frame: masked, RFC 6455 §5.3 and §5.5.1."""
    if len(frame) < 8:
        return _NO_STATUS
    mask, body = frame[2:6], frame[6:8]
    return (body[0] ^ mask[0]) << 8 | (body[1] ^ mask[1])
