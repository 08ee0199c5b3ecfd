"""A socket to a backend through a proxy: HTTP CONNECT, and SOCKS by python-socks.

The library's client of SOCKS blocks. But it is a function of what the proxy says: so it is called
anew each time that more has come, with a ``_Script`` in place of the socket. It hears again what
has come before, and what it has said before is not sent twice. A handshake has two or three rounds.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Any, TypeAlias, cast

from python_socks import ProxyError
from python_socks.sync import Proxy as SocksProxy

from openline.backend import Backend
from openline.reconnect.verdicts import ErrorKind
from openline_driver.network_errors import DialError, name_os_error
from openline_driver.proxies import Proxy, Tunnel
from openline_driver.socks import PATIENCE, socks_arguments, socks_failure
from openline_driver.version import user_agent
from openline_network.tls import start_tls
from openline_network.waits import Connected, Waits, receive, send_all

_CHUNK = 65_536
#: Opens a socket to a host and port, named so in an error. Raises DialError.
Opens: TypeAlias = Callable[[str, int, str], Awaitable[socket.socket]]


async def open_proxy(proxy: Proxy, opens: Opens) -> socket.socket:
    """A socket to the proxy itself. Raises DialError, which is the proxy's."""
    try:
        return await opens(proxy.host, proxy.port, proxy.address)
    except DialError as exc:
        raise proxy.error(ErrorKind.PROXY_UNREACHABLE, exc.detail) from exc


async def through(
    waits: Waits,
    proxy: Proxy,
    backend: Backend,
    opens: Opens,
    context: Callable[[], ssl.SSLContext],
) -> Connected:
    """A socket to ``backend``; ``opens`` opens one to the proxy itself. Raises DialError.

    ``context`` gives the settings for a proxy by https://.
    """
    tcp = await open_proxy(proxy, opens)
    if not proxy.is_http:
        return await _socks(waits, tcp, proxy, backend)
    sock: Connected = tcp
    try:
        with blamed(proxy, OSError):
            if proxy.scheme == "https":
                sock = await start_tls(waits, tcp, context, proxy.host)
            tunnel = Tunnel(proxy, backend, user_agent())
            await send_all(waits, sock, tunnel.request)
            while not tunnel.receive(await receive(waits, sock, _CHUNK)):
                pass
    except BaseException:
        sock.close()
        raise
    return sock


@contextmanager
def blamed(proxy: Proxy, *broken: type[Exception]) -> Generator[None]:
    """A block on the way to an open tunnel: what goes wrong with TLS, or is ``broken``, is the
    proxy's failure.
    """
    try:
        yield
    except DialError as exc:
        if exc.kind.name.startswith("TLS"):
            raise proxy.error(ErrorKind.PROXY_FAILED, exc.detail) from exc
        raise
    except broken as exc:
        raise proxy.error(ErrorKind.PROXY_FAILED, name_os_error(exc)[1]) from exc


async def _socks(waits: Waits, tcp: socket.socket, proxy: Proxy, backend: Backend) -> socket.socket:
    """``tcp`` once the proxy has joined it to the backend; it is closed if that fails."""
    try:
        host = await _destination(waits, proxy, backend)
        script = _Script(proxy, host, backend.port)
        while True:
            is_done = script.play()
            await send_all(waits, tcp, script.unsent())
            if is_done:
                return tcp
            script.hear(await receive(waits, tcp, script.wanted))  # no byte of what comes behind
    except (ProxyError, OSError, UnicodeError) as exc:
        tcp.close()
        raise socks_failure(proxy, backend, exc) from exc
    except BaseException:
        tcp.close()
        raise


async def _destination(waits: Waits, proxy: Proxy, backend: Backend) -> str:
    """What the proxy is asked for: the backend's name, or an address, IPv4 if there is one.

    SOCKS 4 knows no other (RFC 1928 calls what IPv6 needs version 5).
    """
    if proxy.looks_up:
        return backend.host
    found = sorted(await waits.look_up(backend.host, backend.port))
    if proxy.scheme == "socks4":
        found = [each for each in found if each[0] == socket.AF_INET]
    if not found:
        raise socket.gaierror(socket.EAI_NONAME, "no address of IPv4")
    host: str = found[0][1][0]
    return host


class _WaitsError(Exception):
    """More has to come."""


class _Script:
    """The library's handshake, played from its beginning; in place of a socket, and of the proxy
    before the proxy.
    """

    def __init__(self, proxy: Proxy, host: str, port: int) -> None:
        before = cast("Any", self)
        self._socks = SocksProxy(**socks_arguments(proxy), forward=before)
        self._to = host, port
        self._heard = bytearray()
        self._is_over = False  # nothing more will be heard
        self._sent = 0
        self._said = bytearray()  # in this play
        self._at = 0  # how much of what was heard has been read, in this play
        self.wanted = 0  #: bytes that it waits for

    def play(self) -> bool:
        """Play it as far as it goes; whether that is to its end. Raises what the library raises."""
        self._said.clear()
        self._at = 0
        try:
            self._socks.connect(*self._to, timeout=PATIENCE)
        except _WaitsError:
            return False
        return True

    def unsent(self) -> bytes:
        """What was said for the first time."""
        new, self._sent = bytes(self._said[self._sent :]), len(self._said)
        return new

    def hear(self, data: bytes) -> None:
        """This has come; nothing: the end has."""
        self._heard += data
        self._is_over = not data

    def connect(self, **_: object) -> _Script:
        """The connection to the proxy."""
        return self

    def sendall(self, data: bytes) -> None:
        """Say it."""
        self._said += data

    def recv(self, size: int) -> bytes:
        """Read what comes next; raises _WaitsError where it has not come yet."""
        data = bytes(self._heard[self._at : self._at + size])
        if not data and not self._is_over:
            self.wanted = size
            raise _WaitsError
        self._at += len(data)
        return data

    def close(self) -> None:
        """It is no socket."""
