"""From a backend to a connected socket: its proxy, its addresses, its TLS, every failure named.

There are no timeouts: the driver aborts a dial that takes too long. Certificates are always
verified. A face hands in how it waits (``waits``), the environment, and what makes the usual
settings of TLS.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from ssl import SSLContext

from openline.backend import Backend
from openline_driver.addresses import Addresses
from openline_driver.proxies import Proxies
from openline_driver.tls import early_context
from openline_network.proxied import through
from openline_network.tcp import open_named
from openline_network.tls import start_tls
from openline_network.waits import Connected, Waits


class Reach:
    """Opens sockets for one session, or several.

    ``ssl_context`` None: what ``usual`` makes. ``proxies`` None: no proxy. ``addresses`` is the
    session's memory of them. Raises ValueError, one line, if the variable SSLKEYLOGFILE of
    ``environ`` names a file that cannot be opened.
    """

    def __init__(
        self,
        waits: Waits,
        environ: Mapping[str, str],
        usual: Callable[[], SSLContext],
        *,
        ssl_context: SSLContext | None,
        proxies: Proxies | None,
        addresses: Addresses | None,
    ) -> None:
        early = early_context(ssl_context, proxies, environ, usual)
        self._waits = waits
        self._given = ssl_context
        self._proxies = proxies
        self._known = addresses or Addresses()
        #: Settings for a proxy by https://.
        self.usual = usual if early is None else lambda: early

    async def __call__(self, backend: Backend) -> Connected:
        """A connected socket, with TLS if the backend is secure. Raises DialError."""
        sock = await self.plain(backend)
        if backend.is_secure:
            return await start_tls(self._waits, sock, self.settings, backend.host)
        return sock

    async def plain(self, backend: Backend) -> Connected:
        """A connected socket, as yet without the backend's TLS. Raises DialError."""
        proxy = None if self._proxies is None else self._proxies.of(backend)
        if proxy is None:
            return await self.tcp(backend.host, backend.port, backend.address)
        return await through(self._waits, proxy, backend, self.tcp, self.usual)

    async def tcp(self, host: str, port: int, named: str) -> socket.socket:
        """A socket to this address, ``named`` so in an error. Raises DialError."""
        return await open_named(self._waits, self._known, host, port, named)

    def settings(self) -> SSLContext:
        """Those for the backend's TLS."""
        return self._given or self.usual()
