"""A socket to a backend through a proxy: HTTP CONNECT, and SOCKS by python-socks."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

from python_socks import ProxyError
from python_socks.async_.asyncio import Proxy as SocksProxy

from openline.backend import Backend
from openline.reconnect.verdicts import ErrorKind
from openline_driver.network_errors import DialError, name_os_error
from openline_driver.proxies import Proxy, Tunnel
from openline_driver.socks import PATIENCE, socks_arguments, socks_failure
from openline_driver.version import user_agent

_CHUNK = 65_536


async def through(
    proxy: Proxy, backend: Backend, opens: Callable[[str, int, str], Awaitable[socket.socket]]
) -> socket.socket:
    """A socket to ``backend``; ``opens`` opens one to the proxy itself. Raises DialError."""
    if not proxy.is_http:
        return await _socks(proxy, backend)
    if proxy.scheme == "https":
        what = "give http:// or socks5h://: openline_asyncio reaches no proxy by https://"
        raise proxy.error(ErrorKind.PROXY_FORBIDS, what)
    try:
        tcp = await opens(proxy.host, proxy.port, proxy.address)
    except DialError as exc:
        raise proxy.error(ErrorKind.PROXY_UNREACHABLE, exc.detail) from exc
    loop, tunnel = asyncio.get_running_loop(), Tunnel(proxy, backend, user_agent())
    try:
        await loop.sock_sendall(tcp, tunnel.request)
        while not tunnel.receive(await loop.sock_recv(tcp, _CHUNK)):
            pass
    except OSError as exc:
        tcp.close()
        raise proxy.error(ErrorKind.PROXY_FAILED, name_os_error(exc)[1]) from exc
    except BaseException:
        tcp.close()
        raise
    return tcp


async def _socks(proxy: Proxy, backend: Backend) -> socket.socket:
    socks = SocksProxy(**socks_arguments(proxy))
    try:
        return await socks.connect(backend.host, backend.port, timeout=PATIENCE)
    except (ProxyError, OSError, UnicodeError) as exc:
        raise socks_failure(proxy, backend, exc) from exc
