"""From a backend's address to an open byte stream, every failure with its name.

DNS, TCP and TLS are done here rather than inside the WebSocket library, which swallows
a failed certificate or an early end and hangs. There are no timeouts: whoever dials is
cancelled when the core's CONNECT is due. Certificates are always verified.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl
from collections.abc import Iterator
from typing import Final, Protocol, cast

import trio

from openline.backend import Backend
from openline.reconnect.verdicts import ErrorKind


class DialError(Exception):
    """The stream could not be opened; ``kind`` says how, the text is one line."""

    def __init__(self, kind: ErrorKind, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail


class Connect(Protocol):
    """Opens a byte stream to a backend, or raises DialError."""

    async def __call__(self, backend: Backend) -> trio.abc.Stream:
        """Connect, with TLS if the backend is secure."""
        ...


_ERRNOS: Final = {
    errno.ECONNREFUSED: ErrorKind.REFUSED,
    errno.ECONNRESET: ErrorKind.RESET,
    errno.ECONNABORTED: ErrorKind.RESET,
    errno.EPIPE: ErrorKind.RESET,
    errno.ETIMEDOUT: ErrorKind.TIMED_OUT,
    errno.ENETUNREACH: ErrorKind.UNREACHABLE,
    errno.EHOSTUNREACH: ErrorKind.UNREACHABLE,
    errno.ENETDOWN: ErrorKind.UNREACHABLE,
    errno.EHOSTDOWN: ErrorKind.UNREACHABLE,
    errno.EADDRNOTAVAIL: ErrorKind.UNREACHABLE,
}
_DNS: Final = {
    socket.EAI_AGAIN: ErrorKind.DNS_AGAIN,
    socket.EAI_NONAME: ErrorKind.DNS_NOT_FOUND,
    getattr(socket, "EAI_NODATA", socket.EAI_NONAME): ErrorKind.DNS_NOT_FOUND,
}
#: OpenSSL's X509_V_ERR_* (openssl-verification-options(1)).
_CERTIFICATES: Final = {
    9: ErrorKind.TLS_DATES,  # not yet valid
    10: ErrorKind.TLS_DATES,  # expired
    62: ErrorKind.TLS_HOSTNAME,
    64: ErrorKind.TLS_HOSTNAME,  # IP address mismatch
}


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
            raise DialError(*_name_tls_error(exc)) from exc
        except trio.Cancelled:
            await trio.aclose_forcefully(tls)
            raise
        return tls

    return connect


def name_os_error(exc: BaseException) -> tuple[ErrorKind, str]:
    """The kind of an operating system's error, and what it says."""
    named: list[tuple[ErrorKind, str]] = []
    for each in _causes(exc):
        if isinstance(each, socket.gaierror):
            kind = _DNS.get(each.errno or 0, ErrorKind.DNS_OTHER)
            named.append((kind, (each.strerror or str(each)).lower()))
        elif isinstance(each, OSError) and each.errno in _ERRNOS:
            # Its own text repeats the address, in the form of a tuple.
            named.append((_ERRNOS[each.errno], os.strerror(each.errno).lower()))
    # Of several addresses the refusal tells most: somebody was there.
    named.sort(key=lambda pair: pair[0] is not ErrorKind.REFUSED)
    return named[0] if named else (ErrorKind.OS_OTHER, str(exc))


def _name_tls_error(exc: BaseException) -> tuple[ErrorKind, str]:
    for each in _causes(exc):
        if isinstance(each, ssl.SSLCertVerificationError):
            kind = _CERTIFICATES.get(each.verify_code, ErrorKind.TLS_CERTIFICATE)
            return kind, each.verify_message
        if isinstance(each, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return ErrorKind.TLS_CUT, "the TLS handshake was cut short"
        if isinstance(each, ssl.SSLError):
            return ErrorKind.TLS_OTHER, (each.reason or "TLS error").replace("_", " ").lower()
        if isinstance(each, OSError):
            return ErrorKind.TLS_CUT, (each.strerror or "").lower()
    return ErrorKind.TLS_CUT, "the TLS handshake was cut short"


def _causes(exc: BaseException) -> Iterator[BaseException]:
    """An error, what caused it, and the members of groups among them."""
    yield exc
    if isinstance(exc, BaseExceptionGroup):
        for each in cast("BaseExceptionGroup[BaseException]", exc).exceptions:
            yield from _causes(each)
    if exc.__cause__ is not None:
        yield from _causes(exc.__cause__)
