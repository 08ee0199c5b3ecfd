"""A socket to a backend through a proxy: HTTP CONNECT, and SOCKS by python-socks."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable

from python_socks import ProxyError
from python_socks.async_.asyncio import Proxy as SocksProxy

from openline.backend import Backend
from openline.reconnect.verdicts import ErrorKind
from openline_asyncio.tls import Connected, start_tls, when_possible
from openline_driver.network_errors import DialError, name_os_error
from openline_driver.proxies import Proxy, Tunnel
from openline_driver.socks import PATIENCE, socks_arguments, socks_failure
from openline_driver.version import user_agent

_CHUNK = 65_536


async def through(
    proxy: Proxy,
    backend: Backend,
    opens: Callable[[str, int, str], Awaitable[socket.socket]],
    context: ssl.SSLContext | None,
) -> Connected:
    """A socket to ``backend``; ``opens`` opens one to the proxy itself. Raises DialError.

    ``context`` is for a proxy by https://; None: the system's trust store.
    """
    if not proxy.is_http:
        return await _socks(proxy, backend)
    sock: Connected
    try:
        sock = tcp = await opens(proxy.host, proxy.port, proxy.address)
    except DialError as exc:
        raise proxy.error(ErrorKind.PROXY_UNREACHABLE, exc.detail) from exc
    tunnel = Tunnel(proxy, backend, user_agent())
    try:
        if proxy.scheme == "https":
            sock = tls = await start_tls(tcp, context, proxy.host)
            await when_possible(tls, lambda: tls.send(tunnel.request))  # one record: all or nothing
            while not tunnel.receive(await when_possible(tls, lambda: tls.recv(_CHUNK))):
                pass
        else:
            loop = asyncio.get_running_loop()
            await loop.sock_sendall(tcp, tunnel.request)
            while not tunnel.receive(await loop.sock_recv(tcp, _CHUNK)):
                pass
    except OSError as exc:
        sock.close()
        raise proxy.error(ErrorKind.PROXY_FAILED, name_os_error(exc)[1]) from exc
    except BaseException as exc:
        sock.close()
        if isinstance(exc, DialError) and exc.kind.name.startswith("TLS"):
            raise proxy.error(ErrorKind.PROXY_FAILED, exc.detail) from exc
        raise
    return sock


async def _socks(proxy: Proxy, backend: Backend) -> socket.socket:
    socks = SocksProxy(**socks_arguments(proxy))
    try:
        return await socks.connect(backend.host, backend.port, timeout=PATIENCE)
    except (ProxyError, OSError, UnicodeError) as exc:
        raise socks_failure(proxy, backend, exc) from exc
