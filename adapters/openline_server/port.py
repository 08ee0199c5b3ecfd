"""A port that can be closed for a while and opened again, and stays the same.

While it is closed no connection gets in: the sockets stay bound to the address but do not
listen, so the kernel refuses clients and gives the port to no other process. A client that
had dialled and was not yet accepted is reset.

A process without a free file accepts nothing; a line each ten seconds says so.
"""

from __future__ import annotations

import errno
import logging
import socket
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from math import inf
from typing import Any, Final, NamedTuple

import trio

from openline_server.config import AddressError, BackendError, ServerConfig

log: Final = logging.getLogger(__name__)

_BACKLOG: Final = 128
#: What ends once another connection or another process ends.
_SHORTAGES: Final = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS}
_RETRY_SECONDS: Final = 0.1
_SAY_SECONDS: Final = 10.0


class _Kind(NamedTuple):
    """The parameters of a listening socket, to make another like it."""

    family: int
    type: int
    address: tuple[Any, ...]


class PatientListener(trio.abc.Listener[trio.SocketStream]):
    """Waits where trio would log a traceback each tenth of a second."""

    def __init__(self, listener: trio.abc.Listener[trio.SocketStream]) -> None:
        """Take ownership of ``listener``."""
        self._listener = listener
        self._said_at = -inf

    async def accept(self) -> trio.SocketStream:
        """The next connection. Raises OSError."""
        while True:
            try:
                return await self._listener.accept()
            except OSError as error:
                if error.errno not in _SHORTAGES:
                    raise
                self._say(error.strerror)
            await trio.sleep(_RETRY_SECONDS)

    async def aclose(self) -> None:
        """Close the listener."""
        await self._listener.aclose()

    def _say(self, why: str | None) -> None:
        now = trio.current_time()
        if now - self._said_at >= _SAY_SECONDS:
            self._said_at = now
            log.warning(
                "cannot accept a connection: %s; it waits until another one ends (more at a time:"
                " a higher ulimit -n)",
                why,
            )


class Port:
    """Listening sockets of one port, open."""

    def __init__(self, listeners: list[trio.SocketListener]) -> None:
        """Take ownership of the listeners."""
        self._listeners = listeners
        self._sockets = [listener.socket for listener in listeners]
        # Serving closes the sockets when it ends: keep the parameters for new ones.
        self._kinds = [_Kind(each.family, each.type, each.getsockname()) for each in self._sockets]
        self.host: str = self._kinds[0].address[0]
        self.number: int = self._kinds[0].address[1]

    async def serve(
        self, handler: Callable[[trio.SocketStream], Awaitable[object]], nursery: trio.Nursery
    ) -> None:
        """Accept until cancelled."""
        serve = partial(trio.serve_listeners, handler_nursery=nursery)
        await serve(handler, [PatientListener(each) for each in self._listeners])

    async def close(self) -> None:
        """Refuse every client. Idempotent. Raises BackendError if another process got the port."""
        if self._listeners:
            self._listeners = []
            self.finish()
            try:
                self._sockets = [await _bound(kind) for kind in self._kinds]
            except OSError as error:
                raise self._lost(error) from None

    def open(self) -> None:
        """Listen. Idempotent. Raises BackendError if another process got the port."""
        if not self._listeners:
            try:
                for each in self._sockets:
                    each.listen(_BACKLOG)
            except OSError as error:
                raise self._lost(error) from None
            self._listeners = [trio.SocketListener(each) for each in self._sockets]

    def finish(self) -> None:
        """Close the sockets."""
        for each in self._sockets:
            each.close()

    def _lost(self, error: OSError) -> BackendError:
        where = f"{self.host}:{self.number}"
        return BackendError(f"cannot keep {where}: {error.strerror or error}")


async def _bound(kind: _Kind) -> trio.socket.SocketType:
    """A socket of this kind that does not listen."""
    new = trio.socket.socket(kind.family, kind.type)
    try:
        if sys.platform != "win32":
            new.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if kind.family == socket.AF_INET6:
            new.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        await new.bind(kind.address)
    except BaseException:
        new.close()
        raise
    return new


@asynccontextmanager
async def open_port(config: ServerConfig) -> AsyncGenerator[Port]:
    """The port of a configuration, listening. Raises BackendError."""
    try:
        listeners = await trio.open_tcp_listeners(config.port, host=config.host)
    except OSError as error:
        where = f"{config.host}:{config.port}"
        line = f"cannot listen on {where}: {error.strerror or error}"
        raise AddressError(line, taken=error.errno == errno.EADDRINUSE) from None
    # With port 0 every address of a name would get a port of its own: keep one.
    kept, spare = (listeners[:1], listeners[1:]) if config.port == 0 else (listeners, [])
    for listener in spare:
        listener.socket.close()
    port = Port(kept)
    try:
        yield port
    finally:
        port.finish()
