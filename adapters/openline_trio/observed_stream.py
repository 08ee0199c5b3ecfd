"""A byte stream that remembers how it ended.

The WebSocket library reports every broken stream as 1006 and forgets why, drops what has
already arrived when a send fails, and hangs if the stream ends before the upgrade. This wrapper
sits under it and keeps what it forgets: the kind of the error, the close frame that the library
sent, and an event for the end.

Before the upgrade it reads the head of the answer first (``openline_driver.ending``), and hands
nothing on until all of it is here. A refusal ends there, with its status and headers. A failed
send is not raised but remembered, and the reader goes on for ``DRAIN`` seconds: a close frame that
has already arrived explains more than a broken pipe.

``send_now`` hands bytes to the kernel without a checkpoint, on a plain socket that nothing else is
sent on. What the kernel does not take goes ahead of the next ``send_all``, so that nothing is sent
within a frame.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from typing import Final

import trio

from openline_driver.effects import DRAIN
from openline_driver.ending import Ending, UpgradeError

_CLOSE_FRAME: Final = b"\x88"  # FIN and opcode 8, RFC 6455 §5.2; no request begins so
_NO_STATUS: Final = 1005  # for a close frame without a code, RFC 6455 §7.1.5


class ObservedStream(Ending, trio.abc.Stream):
    """Wraps ``stream``; the attributes tell how it ended."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        super().__init__()
        self._stream = stream
        self._drain_until = math.inf
        self._receiving = trio.CancelScope()
        self._sending = trio.Lock()
        self._rest = b""  # of what was sent at once
        self.ended = trio.Event()
        self.sent_close: int | None = None
        #: Called when a close frame is about to be sent, the first.
        self.closing: Callable[[], object] = _nothing

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send; a failure is remembered, and ends the reader ``DRAIN`` seconds later."""
        if self.sent_close is None and data[:1] == _CLOSE_FRAME:
            self.sent_close = _close_code(bytes(data))
            self.closing()
        try:
            self._sending.acquire_nowait()  # as nearly always, and without a checkpoint
        except trio.WouldBlock:
            await self._sending.acquire()
        rest, self._rest = self._rest, b""
        try:
            if rest or data:  # the rest may be out by now
                await self._stream.send_all(rest + data if rest else data)
        except trio.BrokenResourceError as exc:
            self._fail(exc)
        finally:
            self._sending.release()

    @property
    def is_free(self) -> bool:
        """Whether ``send_now`` may be called."""
        return (
            isinstance(self._stream, trio.SocketStream)
            and self.sent_close is None
            and not self.is_sending
            and not self.ended.is_set()
        )

    @property
    def is_sending(self) -> bool:
        """Whether the kernel has not taken all that was sent."""
        return bool(self._rest) or self._sending.locked()

    def send_now(self, data: bytes) -> bool:
        """Send what the kernel takes now, while it ``is_free``; False: ``send_all`` the rest."""
        assert isinstance(self._stream, trio.SocketStream)  # noqa: S101  # it is free
        try:
            sent = os.write(self._stream.socket.fileno(), data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError as exc:
            self._fail(exc)
            return True  # it is lost, as what ``send_all`` fails to send
        self._rest = data[sent:]
        return not self._rest

    def _fail(self, exc: Exception) -> None:
        self.note(exc)
        self._drain_until = min(self._drain_until, trio.current_time() + DRAIN)
        self._receiving.deadline = self._drain_until

    async def wait_send_all_might_not_block(self) -> None:
        """Pass it on."""
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """Receive; the end, and an answer that refuses, are remembered."""
        while True:
            data: bytes | bytearray = b""  # after a failed send silence is the end as well
            try:
                with trio.CancelScope(deadline=self._drain_until) as self._receiving:
                    data = await self._stream.receive_some(max_bytes)
            except (trio.BrokenResourceError, trio.ClosedResourceError) as exc:
                self.note(exc)
                self.ended.set()
                raise
            if not data:
                self.note_end()
                self.ended.set()
            else:
                try:
                    data = self.read_answer(data)
                except UpgradeError as exc:
                    self.ended.set()
                    raise trio.BrokenResourceError(str(exc)) from exc
                if not data:
                    continue  # more of the answer's head is to come
            return data

    async def aclose(self) -> None:
        """Close. Before the upgrade only the library does so, at an answer it cannot read."""
        if not self.opened:
            self.fail_upgrade()
        self.ended.set()
        await self._stream.aclose()


def _nothing() -> None:
    """Nobody wants to know."""


def _close_code(frame: bytes) -> int:
    """The code of a client's own close frame: masked, RFC 6455 §5.3 and §5.5.1."""
    if len(frame) < 8:
        return _NO_STATUS
    mask, body = frame[2:6], frame[6:8]
    return (body[0] ^ mask[0]) << 8 | (body[1] ^ mask[1])
