"""The stream of one connection: how it is read, and how a peer that is gone is found."""

from __future__ import annotations

import asyncio
import socket
from typing import Final

#: The most bytes of one event: two minutes of speech.
MOST: Final = 1 << 22
#: TCP's probes: seconds of rest before the first, seconds between two, and how many without an
#: answer end the connection. So a client that lost its network is found within two minutes.
_PROBES: Final = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))


class Bounded:
    """A reader that refuses an event of a length that no memory should be given to."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self.readline, self.read = reader.readline, reader.read
        self._reader = reader

    async def readexactly(self, count: int) -> bytes:
        """``count`` bytes. Raises ValueError for too many."""
        if count > MOST:
            raise ValueError(f"{count} bytes are too many")
        return await self._reader.readexactly(count)


def probe(writer: asyncio.StreamWriter) -> None:
    """Have TCP probe a connection that is at rest."""
    plug: socket.socket = writer.get_extra_info("socket")
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _PROBES:
        option: int | None = getattr(socket, name, None)  # not on every system
        if option is not None:
            plug.setsockopt(socket.IPPROTO_TCP, option, value)


def address(writer: asyncio.StreamWriter) -> str:
    """HOST:PORT of the peer, for the log."""
    peer: tuple[str, int] | None = writer.get_extra_info("peername")
    if not peer:  # it was gone before it was accepted
        return "a client"
    host, port = peer[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
