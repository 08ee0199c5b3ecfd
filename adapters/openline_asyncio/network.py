"""From a backend's address to an open transport, every failure with its kind.

The driver does it (``openline_network.reaching``), and this waits for it. The loop's
``create_connection`` would do DNS, TCP and TLS in one call whose errors overlap, and uvloop's knows
no happy eyeballs.
"""

from __future__ import annotations

import asyncio
import math
import os
import socket
import ssl
from collections.abc import Collection
from functools import partial
from typing import Final, Protocol

from openline.backend import Backend
from openline_asyncio.transport import SocketTransport
from openline_asyncio.workers import in_thread, resolve
from openline_driver.addresses import Addresses
from openline_driver.proxies import Proxies
from openline_network.reaching import Reach
from openline_network.waits import Address


class Connect(Protocol):
    """Opens a transport to a backend and joins ``protocol`` to it, or raises DialError.

    Any transport of asyncio's will do. Its protocol gets ``connection_made`` at once.
    """

    async def __call__(
        self, backend: Backend, protocol: asyncio.Protocol
    ) -> asyncio.WriteTransport:
        """Connect, with TLS if the backend is secure."""
        ...


def connector(
    ssl_context: ssl.SSLContext | None = None,
    proxies: Proxies | None = None,
    addresses: Addresses | None = None,
) -> Connect:
    """A ``Connect`` over real sockets.

    ``ssl_context`` None: the system's trust store. ``proxies`` None: no proxy. ``addresses`` is the
    session's memory of them. Raises ValueError, one line, if the variable SSLKEYLOGFILE names a
    file that cannot be opened.
    """
    reach = Reach(
        WAITS,
        os.environ,
        ssl.create_default_context,
        ssl_context=ssl_context,
        proxies=proxies,
        addresses=addresses,
    )

    async def connect(backend: Backend, protocol: asyncio.Protocol) -> asyncio.WriteTransport:
        sock = await reach(backend)
        return SocketTransport(asyncio.get_running_loop(), sock, protocol)

    return connect


class _Waits:
    """How a dial waits on asyncio."""

    async def look_up(self, host: str, port: int) -> list[Address]:
        """The addresses of ``host``."""
        look = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        try:  # a number needs no thread
            found = look(flags=socket.AI_NUMERICHOST)
        except socket.gaierror:
            found = await in_thread(look, abandon=True)  # the loop's own pool would hold up its end
        return [(family, address) for family, _, _, _, address in found]

    async def ready(
        self, numbers: Collection[int], seconds: float, *, writes: bool
    ) -> Collection[int]:
        """Those of the descriptors that are ready, once there are any, or so many seconds later."""
        loop = asyncio.get_running_loop()
        add, remove = (
            (loop.add_writer, loop.remove_writer)
            if writes
            else (loop.add_reader, loop.remove_reader)
        )
        found, some = list[int](), loop.create_future()

        def note(number: int) -> None:
            remove(number)
            found.append(number)
            resolve(some)

        timer = None if seconds == math.inf else loop.call_later(seconds, resolve, some)
        for number in numbers:
            add(number, note, number)
        try:
            await some
        finally:
            if timer is not None:
                timer.cancel()
            for number in numbers:
                remove(number)
        return found


WAITS: Final = _Waits()
