"""From a backend's address to an open byte stream, every failure with its kind.

DNS, TCP, proxies and TLS are done here rather than inside the WebSocket library, which swallows a
failed certificate or an early end and hangs. There are no timeouts: the driver aborts a dial
that takes too long. Certificates are always verified.
"""

from __future__ import annotations

import os
import ssl
from contextlib import AsyncExitStack
from typing import Any, Protocol

import trio

from openline.backend import Backend
from openline.reconnect.verdicts import ErrorKind
from openline_driver.addresses import Addresses
from openline_driver.network_errors import DialError, name_os_error, name_tls_error
from openline_driver.proxies import Proxies, Proxy, Tunnel
from openline_driver.tls import early_context
from openline_driver.version import user_agent
from openline_trio.addresses import open_named
from openline_trio.socks import through_socks


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
    known = addresses or Addresses()
    early = early_context(ssl_context, proxies, os.environ, ssl.create_default_context)
    ssl_context = ssl_context or early

    async def connect(backend: Backend) -> trio.abc.Stream:
        proxy = None if proxies is None else proxies.of(backend)
        async with AsyncExitStack() as undo:
            stream: trio.abc.Stream
            if proxy is None:
                stream = await open_named(known, backend.host, backend.port, backend.address)
            elif proxy.is_http:
                stream = await _through(proxy, backend, early, known)
            else:
                stream = await through_socks(proxy, backend)
            undo.push_async_callback(trio.aclose_forcefully, stream)
            if backend.is_secure:
                stream = await _secure(stream, backend.host, ssl_context)
            undo.pop_all()
        return stream

    return connect


async def _secure(
    stream: trio.abc.Stream, host: str, context: ssl.SSLContext | None
) -> trio.SSLStream[trio.abc.Stream]:
    settings = _Settings(context or ssl.create_default_context())
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


async def _through(
    proxy: Proxy, backend: Backend, context: ssl.SSLContext | None, known: Addresses
) -> trio.abc.Stream:
    """A stream to the backend through a proxy that speaks HTTP CONNECT."""
    try:
        stream: trio.abc.Stream = await open_named(known, proxy.host, proxy.port, proxy.address)
    except DialError as exc:
        raise proxy.error(ErrorKind.PROXY_UNREACHABLE, exc.detail) from exc
    async with AsyncExitStack() as undo:
        undo.push_async_callback(trio.aclose_forcefully, stream)
        try:
            if proxy.scheme == "https":
                stream = await _secure(stream, proxy.host, context)
            tunnel = Tunnel(proxy, backend, user_agent())
            await stream.send_all(tunnel.request)
            while not tunnel.receive(await stream.receive_some()):
                pass
        except DialError as exc:
            if exc.kind.name.startswith("TLS"):
                raise proxy.error(ErrorKind.PROXY_FAILED, exc.detail) from exc
            raise
        except trio.BrokenResourceError as exc:
            raise proxy.error(ErrorKind.PROXY_FAILED, name_os_error(exc)[1]) from exc
        undo.pop_all()
    return stream
