"""From a backend's address to an open transport, every failure with its kind.

DNS, TCP and TLS are done here, one after the other: the loop's ``create_connection`` would do all
three in one call whose errors overlap, and uvloop's knows no happy eyeballs. There are no timeouts:
the driver aborts a dial that takes too long. Certificates are always verified.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import Any, Protocol, TypeAlias

from openline.backend import Backend
from openline.reconnect.verdicts import ErrorKind
from openline_asyncio.proxied import through
from openline_asyncio.tls import Connected, start_tls
from openline_asyncio.transport import SocketTransport
from openline_asyncio.workers import in_thread
from openline_driver.addresses import HAPPY_EYEBALLS, Addresses, in_turns
from openline_driver.network_errors import DialError, name_os_error
from openline_driver.proxies import Proxies
from openline_driver.tls import early_context

#: A family, and the address in it.
Address: TypeAlias = tuple[int, Any]


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
    known = addresses or Addresses()
    early = early_context(ssl_context, proxies, os.environ, ssl.create_default_context)
    ssl_context = ssl_context or early

    async def connect(backend: Backend, protocol: asyncio.Protocol) -> asyncio.WriteTransport:
        loop = asyncio.get_running_loop()
        proxy = None if proxies is None else proxies.of(backend)
        tcp: Connected
        if proxy is None:
            tcp = await _open_named(known, backend.host, backend.port, backend.address)
        else:
            tcp = await through(proxy, backend, partial(_open_named, known), early)
        if backend.is_secure:
            tcp = await start_tls(tcp, ssl_context, backend.host)
        return SocketTransport(loop, tcp, protocol)

    return connect


async def _open_named(known: Addresses, host: str, port: int, named: str) -> socket.socket:
    """A socket to ``host``, ``named`` so in an error. Raises DialError."""
    loop = asyncio.get_running_loop()
    try:
        return await _open(loop, known.order(await _look_up(host, port)), known)
    except (OSError, ExceptionGroup) as exc:
        kind, said = name_os_error(exc)
        raise DialError(kind, f"{said}: {named}") from exc
    except ValueError as exc:  # the IDNA codec: an empty label, or one that is too long
        raise DialError(ErrorKind.DNS_NOT_FOUND, "no host can have this name") from exc


async def _look_up(host: str, port: int) -> list[Address]:
    """The addresses of ``host``, the families in turns."""
    try:  # a number needs no thread
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        look = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        found = await in_thread(look, abandon=True)  # the loop's own pool would hold up its end
    return in_turns((family, address) for family, _, _, _, address in found)


async def _open(
    loop: asyncio.AbstractEventLoop, addresses: Sequence[Address], known: Addresses
) -> socket.socket:
    """A socket to the first of ``addresses`` that answers; each has a head start.

    Raises a group of the errors of all. However it ends, no other socket is left.
    """
    if len(addresses) == 1:
        return await _connect(loop, addresses[0], known)
    errors: list[BaseException] = []
    opened: list[socket.socket] = []
    trying: set[asyncio.Task[socket.socket]] = set()
    rest = deque(addresses)
    try:
        while rest or trying:
            if rest:
                trying.add(loop.create_task(_connect(loop, rest.popleft(), known)))
            done, trying = await asyncio.wait(
                trying,
                timeout=HAPPY_EYEBALLS if rest else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in done:
                error = task.exception()
                if error is None:
                    opened.append(task.result())
                else:
                    errors.append(error)
            for second in opened[1:]:
                second.close()
            if opened:
                return opened[0]
    finally:
        for task in trying:
            task.add_done_callback(_drop)
            task.cancel()
        if trying:
            try:
                await asyncio.wait(trying)
            except asyncio.CancelledError:  # while this waited for the others to end
                for first in opened:
                    first.close()
                raise
    raise BaseExceptionGroup("no address answered", errors)


async def _connect(loop: asyncio.AbstractEventLoop, to: Address, known: Addresses) -> socket.socket:
    family, address = to
    known.attempt(to)
    tcp = socket.socket(family, socket.SOCK_STREAM)
    try:
        tcp.setblocking(False)  # noqa: FBT003  # its only argument
        # Audio is many small packets, each of which should go out now.
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await loop.sock_connect(tcp, address)
    except BaseException as exc:
        if isinstance(exc, OSError):
            known.failed(to)
        tcp.close()
        raise
    known.reached(to)
    return tcp


def _drop(task: asyncio.Task[socket.socket]) -> None:
    """Close what an address opened that came too late."""
    if not task.cancelled() and task.exception() is None:
        task.result().close()
