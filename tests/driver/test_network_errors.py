"""The classification of errors of the operating system and of TLS."""

from __future__ import annotations

import errno
import pickle
import socket
import ssl

import pytest

from openline.reconnect.verdicts import ErrorKind
from openline_driver.network_errors import (
    DialError,
    name_os_error,
    name_tls_error,
    unusable_key_log,
)


def test_a_failed_dial_can_be_told_to_another_process() -> None:
    found = pickle.loads(pickle.dumps(DialError(ErrorKind.REFUSED, "nothing listens")))  # noqa: S301  # our own
    assert (type(found), found.kind, str(found)) == (DialError, ErrorKind.REFUSED, found.detail)


def caused(by: BaseException) -> BaseException:
    error = RuntimeError("broken")
    error.__cause__ = by
    return error


def certificate(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "x")
    error.verify_code, error.verify_message = code, "not trusted"
    return error


def ssl_error(reason: str | None) -> ssl.SSLError:
    error = ssl.SSLError(1, "x")
    error.reason = reason  # type: ignore[assignment]  # OpenSSL may give none
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OSError(errno.ECONNREFUSED, "x"), ErrorKind.REFUSED),
        (OSError(errno.ECONNRESET, "x"), ErrorKind.RESET),
        (OSError(errno.ECONNABORTED, "x"), ErrorKind.RESET),
        (OSError(errno.ENETUNREACH, "x"), ErrorKind.UNREACHABLE),
        (OSError(errno.EHOSTUNREACH, "x"), ErrorKind.UNREACHABLE),
        (OSError(errno.ENETDOWN, "x"), ErrorKind.UNREACHABLE),
        (OSError(errno.EHOSTDOWN, "x"), ErrorKind.UNREACHABLE),
        (OSError(errno.EADDRNOTAVAIL, "x"), ErrorKind.UNREACHABLE),
        (OSError(errno.ETIMEDOUT, "x"), ErrorKind.TIMED_OUT),
        (OSError(errno.EBADF, "x"), ErrorKind.OS_OTHER),
        (RuntimeError("x"), ErrorKind.OS_OTHER),
        (socket.gaierror(socket.EAI_AGAIN, "x"), ErrorKind.DNS_AGAIN),
        (socket.gaierror(socket.EAI_NONAME, "x"), ErrorKind.DNS_NOT_FOUND),
        (socket.gaierror(socket.EAI_FAIL, "x"), ErrorKind.DNS_OTHER),
        (socket.gaierror("no number"), ErrorKind.DNS_OTHER),
        (caused(OSError(errno.EPIPE, "x")), ErrorKind.RESET),
    ],
)
def test_os_error_has_a_kind(error: BaseException, kind: ErrorKind) -> None:
    assert name_os_error(error)[0] is kind


def test_text_of_an_os_error_repeats_no_address() -> None:
    error = OSError(errno.ECONNREFUSED, "connect call failed ('::1', 8000)")
    assert name_os_error(error) == (ErrorKind.REFUSED, "connection refused")


def test_text_of_the_resolver_is_its_own() -> None:
    error = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    assert name_os_error(error) == (ErrorKind.DNS_NOT_FOUND, "name or service not known")
    assert name_os_error(socket.gaierror("No Number")) == (ErrorKind.DNS_OTHER, "no number")


def test_a_refusal_outranks_errors_of_other_addresses() -> None:
    others = [OSError(errno.ENETUNREACH, "x"), OSError(errno.ETIMEDOUT, "x")]
    group = ExceptionGroup("x", [*others, OSError(errno.ECONNREFUSED, "x")])
    assert name_os_error(group)[0] is ErrorKind.REFUSED
    assert name_os_error(ExceptionGroup("x", others))[0] is ErrorKind.UNREACHABLE


@pytest.mark.parametrize(
    ("error", "named"),
    [
        (certificate(10), (ErrorKind.TLS_DATES, "not trusted")),
        (certificate(64), (ErrorKind.TLS_HOSTNAME, "not trusted")),
        (certificate(62), (ErrorKind.TLS_HOSTNAME, "not trusted")),
        (certificate(18), (ErrorKind.TLS_CERTIFICATE, "not trusted")),
        (ssl.SSLEOFError(8, "x"), (ErrorKind.TLS_CUT, "the TLS handshake was cut short")),
        (ssl_error("WRONG_VERSION"), (ErrorKind.TLS_OTHER, "wrong version")),
        (ssl_error(None), (ErrorKind.TLS_OTHER, "tls error")),
        (OSError(errno.EPIPE, "Broken Pipe"), (ErrorKind.TLS_CUT, "broken pipe")),
        (OSError(), (ErrorKind.TLS_CUT, "")),
        (RuntimeError("x"), (ErrorKind.TLS_CUT, "the TLS handshake was cut short")),
        (caused(certificate(9)), (ErrorKind.TLS_DATES, "not trusted")),
    ],
)
def test_tls_error_has_a_kind(error: BaseException, named: tuple[ErrorKind, str]) -> None:
    assert name_tls_error(error, agreed=False) == named


#: Alerts by which a server refuses a client's certificate: 42 to 46, 48 and 116.
ALERTS = [
    "SSLV3_ALERT_BAD_CERTIFICATE",
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
    "SSLV3_ALERT_CERTIFICATE_REVOKED",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
    "TLSV1_ALERT_UNKNOWN_CA",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED",
]


@pytest.mark.parametrize("reason", ALERTS)
def test_a_refused_client_certificate_has_its_own_kind(reason: str) -> None:
    named = (ErrorKind.TLS_CLIENT_CERTIFICATE, reason.replace("_", " ").lower())
    assert name_tls_error(caused(ssl_error(reason)), agreed=False) == named
    assert name_os_error(caused(ssl_error(reason))) == named


def test_alert_40_means_the_certificate_once_a_cipher_is_agreed() -> None:
    alert = ssl_error("SSLV3_ALERT_HANDSHAKE_FAILURE")
    assert name_tls_error(alert, agreed=False)[0] is ErrorKind.TLS_OTHER
    assert name_tls_error(alert, agreed=True)[0] is ErrorKind.TLS_CLIENT_CERTIFICATE
    assert name_tls_error(ssl_error("WRONG_VERSION"), agreed=True)[0] is ErrorKind.TLS_OTHER
    assert name_os_error(caused(alert))[0] is ErrorKind.TLS_CLIENT_CERTIFICATE


def test_any_other_alert_after_the_handshake_is_no_os_error() -> None:
    """Its text is that of OpenSSL, without the place in the binding."""
    named = name_os_error(caused(ssl_error("BAD_RECORD_MAC")))
    assert named == (ErrorKind.OS_OTHER, "bad record mac")


def test_dial_error_keeps_kind_and_text() -> None:
    error = DialError(ErrorKind.REFUSED, "connection refused")
    assert (error.kind, error.detail, str(error)) == (
        ErrorKind.REFUSED,
        "connection refused",
        "connection refused",
    )


def test_a_key_log_that_cannot_be_opened() -> None:
    error = unusable_key_log(PermissionError(errno.EACCES, "Permission denied", "/keys"))
    assert str(error) == (
        "SSLKEYLOGFILE: /keys: Permission denied: name a file that can be written, or unset it"
    )
