"""The stream of one connection: how it is read, and how a peer that is gone is found."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Any, Final

from wyoming.event import Event, async_read_event

#: The most bytes of one event: two minutes of speech.
MOST: Final = 1 << 22
#: TCP's probes: seconds of rest before the first, seconds between two, and how many without an
#: answer end the connection. So a client that lost its network is found within two minutes.
_PROBES: Final = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))


class NoEventError(Exception):
    """What came is no event, or one that is too long: one line for the client and the log."""


async def read_event(reader: asyncio.StreamReader) -> Event | None:
    """The next event; None: the client has gone away, in the middle of an event too.

    Raises NoEventError.
    """
    bounded: Any = _Bounded(reader)
    event: Event | None = None
    try:
        event = await async_read_event(bounded)
    except (EOFError, OSError):  # reset, or found dead by the probes
        return None
    except (AttributeError, KeyError, TypeError, RecursionError):
        pass  # other JSON than that of an event, which the library does not check
    if event is None and not bounded.is_over:
        raise NoEventError("no event of the protocol Wyoming came")
    return event


class _Bounded:
    """A reader that refuses an event of a length that no memory should be given to."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self.is_over = False
        self._reader = reader

    async def readline(self) -> bytes:
        """One line, or what is left. Raises NoEventError for too much."""
        try:
            line = await self._reader.readline()
        except ValueError as error:
            raise NoEventError("an event came whose first line is too long") from error
        self.is_over = not line.endswith(b"\n")
        return line

    async def readexactly(self, count: int) -> bytes:
        """``count`` bytes. Raises NoEventError for too many."""
        if count > MOST:
            raise NoEventError(f"an event came with {count} bytes: at most {MOST} are taken")
        return await self._reader.readexactly(count)


def probe(writer: asyncio.StreamWriter) -> None:
    """Have TCP probe a connection that is at rest; one that is closed already stays as it is."""
    plug: socket.socket = writer.get_extra_info("socket")
    with suppress(OSError):
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
