"""From a backend's address to an open byte stream, every failure with its kind.

DNS, TCP and TLS are done here rather than inside the WebSocket library, which swallows a
failed certificate or an early end and hangs. There are no timeouts: the driver aborts a dial
that takes too long. Certificates are always verified.
"""

from __future__ import annotations

import ssl
from typing import Protocol

import trio

from openline.backend import Backend
from openline.reconnect.verdicts import ErrorKind
from openline_driver.network_errors import DialError, name_os_error, name_tls_error


class Connect(Protocol):
    """Opens a byte stream to a backend, or raises DialError."""

    async def __call__(self, backend: Backend) -> trio.abc.Stream:
        """Connect, with TLS if the backend is secure."""
        ...


def connector(ssl_context: ssl.SSLContext | None = None) -> Connect:
    """A ``Connect`` over real sockets; ``ssl_context`` None: the system's trust store."""

    async def connect(backend: Backend) -> trio.abc.Stream:
        try:
            tcp = await trio.open_tcp_stream(backend.host, backend.port)
        except OSError as exc:
            kind, said = name_os_error(exc)
            raise DialError(kind, f"{said}: {backend.address}") from exc
        except ValueError as exc:  # the IDNA codec: an empty label, or one that is too long
            raise DialError(ErrorKind.DNS_NOT_FOUND, "no host can have this name") from exc
        if not backend.is_secure:
            return tcp
        context = ssl_context or ssl.create_default_context()
        tls = trio.SSLStream(tcp, context, server_hostname=backend.host, https_compatible=True)
        try:
            await tls.do_handshake()
        except trio.BrokenResourceError as exc:
            await trio.aclose_forcefully(tls)
            raise DialError(*name_tls_error(exc)) from exc
        except trio.Cancelled:
            await trio.aclose_forcefully(tls)
            raise
        return tls

    return connect
