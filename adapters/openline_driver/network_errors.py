"""What the operating system's errors, and those of TLS, mean for a dial.

Each face opens its sockets in its own way, but the errors are the same: an errno, a failure of
the resolver, a refused certificate. Here each gets its kind, for which the verdict table has a
rule. This module names constants and exceptions of the operating system; it calls nothing but
``strerror``.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl
from collections.abc import Iterator
from typing import Final, cast

from openline.reconnect.verdicts import ErrorKind


class DialError(Exception):
    """A stream could not be opened; ``kind`` tells how, ``detail`` is one line."""

    def __init__(self, kind: ErrorKind, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail

    def __reduce__(self) -> tuple[type[DialError], tuple[ErrorKind, str]]:
        """With both arguments, for another process."""
        return type(self), (self.kind, self.detail)


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
#: Alerts by which a server refuses a client's certificate, or the lack of one (RFC 8446 §6.2), by
#: OpenSSL's names. A server refuses nothing else by them, but for ``handshake_failure`` (40): until
#: both sides have agreed on a cipher it stands for much else.
_CLIENT_CERTIFICATE: Final = frozenset(
    {
        "SSLV3_ALERT_BAD_CERTIFICATE",  # 42
        "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
        "SSLV3_ALERT_CERTIFICATE_REVOKED",
        "SSLV3_ALERT_CERTIFICATE_EXPIRED",
        "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
        "TLSV1_ALERT_UNKNOWN_CA",  # 48
        "TLSV13_ALERT_CERTIFICATE_REQUIRED",  # 116
    }
)
_HANDSHAKE_FAILURE: Final = "SSLV3_ALERT_HANDSHAKE_FAILURE"


def name_os_error(exc: BaseException) -> tuple[ErrorKind, str]:
    """The kind of an operating system's error, and its text.

    A dial that tried several addresses raises a group: of its errors a refusal explains most,
    for there is a host that answered. After a TLS handshake it may be the server's alert about
    the certificate of this client.
    """
    named: list[tuple[ErrorKind, str]] = []
    text = str(exc)
    for each in _causes(exc):
        if isinstance(each, ssl.SSLError):
            if each.reason in {*_CLIENT_CERTIFICATE, _HANDSHAKE_FAILURE}:
                return ErrorKind.TLS_CLIENT_CERTIFICATE, _tls_text(each)
            text = _tls_text(each)  # its own text ends with a line number of OpenSSL's binding
        elif isinstance(each, socket.gaierror):
            kind = _DNS.get(each.errno or 0, ErrorKind.DNS_OTHER)
            named.append((kind, (each.strerror or str(each)).lower()))
        elif isinstance(each, OSError) and each.errno in _ERRNOS:
            # Its own text repeats the address, in the form of a tuple.
            named.append((_ERRNOS[each.errno], os.strerror(each.errno).lower()))
    named.sort(key=lambda pair: pair[0] is not ErrorKind.REFUSED)
    return named[0] if named else (ErrorKind.OS_OTHER, text)


def is_end(exc: BaseException) -> bool:
    """Whether the other side ended the stream, without the goodbye that TLS has for it."""
    return any(isinstance(each, ssl.SSLEOFError) for each in _causes(exc))


def name_tls_error(exc: BaseException, *, agreed: bool) -> tuple[ErrorKind, str]:
    """The kind of a failed TLS handshake, and its text.

    ``agreed``: a cipher was chosen (``cipher()`` of the ssl module gives it). What the client sends
    after that is its certificate and what follows from the cipher, so that alert 40 of a TLS 1.2
    server means the certificate (RFC 5246 §7.4.6).
    """
    for each in _causes(exc):
        if isinstance(each, ssl.SSLCertVerificationError):
            kind = _CERTIFICATES.get(each.verify_code, ErrorKind.TLS_CERTIFICATE)
            return kind, each.verify_message
        if isinstance(each, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return ErrorKind.TLS_CUT, "the TLS handshake was cut short"
        if isinstance(each, ssl.SSLError):
            alerts = {*_CLIENT_CERTIFICATE, *[_HANDSHAKE_FAILURE] * agreed}
            refused = each.reason in alerts
            kind = ErrorKind.TLS_CLIENT_CERTIFICATE if refused else ErrorKind.TLS_OTHER
            return kind, _tls_text(each)
        if isinstance(each, OSError):
            return ErrorKind.TLS_CUT, (each.strerror or "").lower()
    return ErrorKind.TLS_CUT, "the TLS handshake was cut short"


def unusable_key_log(exc: OSError) -> ValueError:
    """The error of a TLS context that could not open the file of the variable SSLKEYLOGFILE."""
    return ValueError(
        f"SSLKEYLOGFILE: {exc.filename}: {exc.strerror}: name a file that can be written, or "
        "unset it"
    )


def _tls_text(exc: ssl.SSLError) -> str:
    return (exc.reason or "TLS error").replace("_", " ").lower()


def _causes(exc: BaseException) -> Iterator[BaseException]:
    """An error, what caused it, and the members of groups among them."""
    yield exc
    if isinstance(exc, BaseExceptionGroup):
        for each in cast("BaseExceptionGroup[BaseException]", exc).exceptions:
            yield from _causes(each)
    if exc.__cause__ is not None:
        yield from _causes(exc.__cause__)
