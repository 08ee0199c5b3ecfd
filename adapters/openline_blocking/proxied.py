"""A socket to a backend through a proxy: HTTP CONNECT, and SOCKS by python-socks.

The library's client blocks, and would hold up the whole session. But it is a function of what the
proxy says: so it is called anew each time that more has come, with a ``_Script`` in place of the
socket. It hears again what has come before, and what it has said before is not sent twice. A
handshake has two or three rounds.
"""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, cast

from python_socks import ProxyError
from python_socks.sync import Proxy as SocksProxy

from openline.backend import Backend
from openline.reconnect.verdicts import ErrorKind
from openline_blocking.interrupts import interruptible
from openline_blocking.tasks import readable, writable
from openline_driver.network_errors import DialError, name_os_error
from openline_driver.proxies import Proxy, Tunnel
from openline_driver.socks import PATIENCE, socks_arguments, socks_failure
from openline_driver.version import user_agent

_CHUNK = 65_536


async def through(
    proxy: Proxy, backend: Backend, opens: Callable[[str, int, str], Awaitable[socket.socket]]
) -> socket.socket:
    """A socket to ``backend``; ``opens`` opens one to the proxy itself. Raises DialError."""
    if proxy.scheme == "https":
        what = "give http:// or socks5h://: openline_blocking reaches no proxy by https://"
        raise proxy.error(ErrorKind.PROXY_FORBIDS, what)
    try:
        tcp = await opens(proxy.host, proxy.port, proxy.address)
    except DialError as exc:
        raise proxy.error(ErrorKind.PROXY_UNREACHABLE, exc.detail) from exc
    try:
        if proxy.is_http:
            await _tunnel(tcp, proxy, backend)
        else:
            await _socks(tcp, proxy, backend)
    except BaseException:
        tcp.close()
        raise
    return tcp


async def _tunnel(tcp: socket.socket, proxy: Proxy, backend: Backend) -> None:
    tunnel = Tunnel(proxy, backend, user_agent())
    try:
        await _send(tcp, tunnel.request)
        while not tunnel.receive(await _receive(tcp, _CHUNK)):
            pass
    except OSError as exc:
        raise proxy.error(ErrorKind.PROXY_FAILED, name_os_error(exc)[1]) from exc


async def _socks(tcp: socket.socket, proxy: Proxy, backend: Backend) -> None:
    heard, said = bytearray(), 0
    is_over = False
    while True:
        script = _Script(bytes(heard), is_over=is_over)
        socks = SocksProxy(**socks_arguments(proxy), forward=cast("Any", _Opened(script)))
        try:
            interruptible(partial(socks.connect, backend.host, backend.port, timeout=PATIENCE))
        except _WaitsError:
            pass
        except (ProxyError, OSError, UnicodeError) as exc:
            raise socks_failure(proxy, backend, exc) from exc
        try:
            await _send(tcp, bytes(script.said[said:]))
            said = len(script.said)
            if not script.waits:
                return
            data = await _receive(tcp, script.waits)  # no byte of what comes behind the reply
        except OSError as exc:
            raise socks_failure(proxy, backend, exc) from exc
        heard += data
        is_over = not data


class _WaitsError(Exception):
    """More has to come."""


class _Script:
    """In place of a socket: ``heard`` has come, ``said`` is what is sent."""

    def __init__(self, heard: bytes, *, is_over: bool) -> None:
        self._heard = heard
        self._is_over = is_over
        self.said = bytearray()
        self.waits = 0  #: bytes that it waits for

    def sendall(self, data: bytes) -> None:
        """Say it."""
        self.said += data

    def recv(self, size: int) -> bytes:
        """Hear what comes next; raises _WaitsError where it has not come yet."""
        data, self._heard = self._heard[:size], self._heard[size:]
        if not data and not self._is_over:
            self.waits = size
            raise _WaitsError
        return data

    def close(self) -> None:
        """It is no socket."""


class _Opened:
    """In place of the proxy before the proxy: it has connected already."""

    def __init__(self, script: _Script) -> None:
        self._script = script

    def connect(self, **_: object) -> _Script:
        """The connection."""
        return self._script


async def _send(tcp: socket.socket, data: bytes) -> None:
    while data:
        try:
            data = data[tcp.send(data) :]
        except (BlockingIOError, InterruptedError):
            await writable(tcp.fileno())


async def _receive(tcp: socket.socket, size: int) -> bytes:
    while True:
        try:
            return tcp.recv(size)
        except (BlockingIOError, InterruptedError):
            await readable(tcp.fileno())
