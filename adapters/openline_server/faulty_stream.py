"""A stream that can be held, silenced, cut in the middle of a frame, or reset.

Faults below the WebSocket happen here, between the server and its accepted stream. Each
direction has a time until which it is *held*: received bytes are not passed on, bytes to
send wait, and behind them the kernel's buffers fill, as they do when a process is
stopped. ``dead`` holds reading for ever and discards what is sent, as a network does that
has lost a route. A hold may be prolonged while a task waits in it.

trio-websocket passes one whole frame to ``send_all`` each time, and a server's frames are
neither masked nor compressed. So the first byte identifies a frame (a pong is ``8A``), the
text identifies a message, and half of either is half of the bytes passed.
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


class FaultyStream(trio.abc.HalfCloseableStream):
    """A stream over ``stream`` that can be held, cut or reset."""

    def __init__(self, stream: trio.abc.Stream, frozen_until: Callable[[], float]) -> None:
        """``frozen_until``: the time until which nothing moves on any faulty stream."""
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
        """Send half of the next frame that matches ``here``, then nothing, and call ``over``."""
        self._cut_within = here, over

    def reset(self) -> None:
        """Make the close a TCP reset, if the stream has a socket."""
        if isinstance(self._stream, trio.SocketStream):
            linger = struct.pack("ii", 1, 0)
            self._stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send, unless held or dead."""
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
        """Receive, once no hold is in force."""
        await self._held(self._readable)
        data = await self._stream.receive_some(max_bytes)
        await self._held(self._readable)  # a new hold may have begun while we received
        return data

    async def send_eof(self) -> None:
        """Send EOF, if the stream can."""
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
