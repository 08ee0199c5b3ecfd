"""A stream that can be held, silenced, cut in the middle of a frame, or reset.

What lies below the WebSocket happens here, between the server and its accepted stream. Each
direction has a time until which it is *held*: bytes that have come are not passed on,
bytes to send wait, and behind them the kernel's buffers fill, as they do when a process is
stopped. ``dead`` holds reading for ever and swallows what is sent, as a network does that has
lost a route. A hold may be prolonged while somebody waits in it.

trio-websocket passes one whole frame to ``send_all`` each time, and a server's frames are
neither masked nor compressed; so a frame can be told by its first byte (a pong is ``8A``), a
message by its text, and half of either is half of what was passed.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from math import inf
from typing import Final

import trio

_PONG: Final = 0x8A
_FRAME: Final = 0x80


class Wire(trio.abc.HalfCloseableStream):
    """A stream over ``stream`` with which things can go wrong."""

    def __init__(self, stream: trio.abc.Stream, frozen_until: Callable[[], float]) -> None:
        """``frozen_until``: the time until which nothing moves on any wire."""
        self._stream = stream
        self._frozen_until = frozen_until
        self._sending = trio.Lock()
        self._cut_within: tuple[Callable[[bytes], bool], Callable[[], None]] | None = None
        self._cut = False
        #: Nothing is read, or sent, before these times.
        self.reads_from = self.sends_from = -inf
        #: Nothing arrives at either side any more.
        self.dead = False
        #: Pongs are lost.
        self.swallows_pongs = False

    def cut_within(self, here: Callable[[bytes], bool], over: Callable[[], None]) -> None:
        """Send half of the next frame that is ``here``, nothing after it, and call ``over``."""
        self._cut_within = here, over

    def reset(self) -> None:
        """Let closing be a reset, where there is a socket."""
        if isinstance(self._stream, trio.SocketStream):
            linger = struct.pack("ii", 1, 0)
            self._stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send, if and when it may be sent."""
        async with self._sending:
            await self._held(lambda: self.sends_from)
            piece = bytes(data)
            if self.dead or self._cut or (self.swallows_pongs and piece[:1] == bytes([_PONG])):
                return
            if self._cut_within is not None and piece[0] & _FRAME:
                here, over = self._cut_within
                if here(piece):
                    self._cut = True
                    await self._stream.send_all(piece[: len(piece) // 2])
                    over()
                    return
            await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        """Wait until there is room."""
        await self._held(lambda: self.sends_from)
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """Receive, when it may be received."""
        await self._held(self._readable)
        data = await self._stream.receive_some(max_bytes)
        await self._held(self._readable)  # it may have come in a hold that began meanwhile
        return data

    async def send_eof(self) -> None:
        """Say that no more comes, where the stream can."""
        if isinstance(self._stream, trio.abc.HalfCloseableStream) and not self.dead:
            await self._held(lambda: self.sends_from)
            await self._stream.send_eof()

    async def aclose(self) -> None:
        """Close the stream."""
        await self._stream.aclose()

    def _readable(self) -> float:
        return inf if self.dead else self.reads_from

    async def _held(self, until: Callable[[], float]) -> None:
        now = trio.current_time()
        while (then := max(until(), self._frozen_until())) > now:
            await trio.sleep_until(then)
            now = then
