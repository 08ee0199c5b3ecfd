"""From a backend's address to an open byte stream, every failure with its kind.

The driver opens the socket (``openline_network.reaching``), and this waits for it. TLS is trio's:
its streams may be read and written by two tasks. It is done here rather than inside the WebSocket
library, which swallows a failed certificate or an early end and hangs.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Collection
from contextlib import AsyncExitStack
from typing import Any, Final, Protocol, cast

import trio

from openline.backend import Backend
from openline_driver.addresses import Addresses
from openline_driver.network_errors import DialError, name_tls_error
from openline_driver.proxies import Proxies, Proxy, Tunnel
from openline_driver.version import user_agent
from openline_network.proxied import blamed, open_proxy
from openline_network.reaching import Reach
from openline_network.waits import Address


class Connect(Protocol):
    """Opens a byte stream to a backend, or raises DialError."""

    async def __call__(self, backend: Backend) -> trio.abc.Stream:
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

    async def connect(backend: Backend) -> trio.abc.Stream:
        proxy = None if proxies is None else proxies.of(backend)
        async with AsyncExitStack() as undo:
            stream: trio.abc.Stream
            if proxy is not None and proxy.scheme == "https":
                stream = await _through(proxy, backend, reach)
            else:
                stream = _stream(await reach.plain(backend))
            undo.push_async_callback(trio.aclose_forcefully, stream)
            if backend.is_secure:
                stream = await _secure(stream, backend.host, reach.settings)
            undo.pop_all()
        return stream

    return connect


def _stream(sock: object) -> trio.SocketStream:
    return trio.SocketStream(trio.socket.from_stdlib_socket(cast("Any", sock)))


async def _through(proxy: Proxy, backend: Backend, reach: Reach) -> trio.abc.Stream:
    """A stream to the backend through a proxy that speaks TLS itself."""
    stream: trio.abc.Stream = _stream(await open_proxy(proxy, reach.tcp))
    async with AsyncExitStack() as undo:
        undo.push_async_callback(trio.aclose_forcefully, stream)
        with blamed(proxy, trio.BrokenResourceError):
            stream = await _secure(stream, proxy.host, reach.usual)
            tunnel = Tunnel(proxy, backend, user_agent())
            await stream.send_all(tunnel.request)
            while not tunnel.receive(await stream.receive_some()):
                pass
        undo.pop_all()
    return stream


async def _secure(
    stream: trio.abc.Stream, host: str, context: Callable[[], ssl.SSLContext]
) -> trio.SSLStream[trio.abc.Stream]:
    settings = _Settings(context())
    tls = trio.SSLStream(
        stream,
        settings,  # type: ignore[arg-type]  # of a context, trio calls this method alone
        server_hostname=host,
        https_compatible=True,
    )
    try:
        await tls.do_handshake()
    except trio.BrokenResourceError as exc:
        agreed = settings.made is not None and settings.made.cipher() is not None
        raise DialError(*name_tls_error(exc, agreed=agreed)) from exc
    return tls


class _Settings:
    """Settings of TLS that keep what was made of them: trio shows it after the handshake alone."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self.made: ssl.SSLObject | None = None

    def wrap_bio(self, *given: Any, **named: Any) -> ssl.SSLObject:
        self.made = self._context.wrap_bio(*given, **named)
        return self.made


class _Waits:
    """How a dial waits on trio."""

    async def look_up(self, host: str, port: int) -> list[Address]:
        """The addresses of ``host``."""
        found = await trio.socket.getaddrinfo(host, port, type=trio.socket.SOCK_STREAM)
        return [(family, address) for family, _, _, _, address in found]

    async def ready(
        self, numbers: Collection[int], seconds: float, *, writes: bool
    ) -> Collection[int]:
        """Those of the descriptors that are ready, once there are any, or so many seconds later."""
        wait = trio.lowlevel.wait_writable if writes else trio.lowlevel.wait_readable
        found: list[int] = []

        async def note(number: int) -> None:
            await wait(number)
            found.append(number)
            waiting.cancel_scope.cancel()

        with trio.move_on_after(seconds):
            async with trio.open_nursery() as waiting:
                for number in numbers:
                    waiting.start_soon(note, number)
        return found


WAITS: Final = _Waits()
