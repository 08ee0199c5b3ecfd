"""What the failures of python-socks mean for a dial."""

from __future__ import annotations

import errno
import socket

import pytest
from python_socks import ProxyConnectionError, ProxyError, ProxyType

from openline.backend import Backend
from openline.reconnect.verdicts import ErrorKind
from openline_driver.proxies import Proxy
from openline_driver.socks import socks_arguments, socks_failure

PROXY = Proxy.read("socks5://me:secret@p.example")
BACKEND = Backend("speech.example", port=443)


def unreachable() -> ProxyConnectionError:
    error = ProxyConnectionError(errno.ECONNREFUSED, "Couldn't connect to proxy p.example")
    error.__cause__ = ConnectionRefusedError(errno.ECONNREFUSED, "refused")
    return error


@pytest.mark.parametrize(
    ("exc", "kind", "detail"),
    [
        (unreachable(), ErrorKind.PROXY_UNREACHABLE, "proxy p.example:1080: connection refused"),
        (
            ProxyConnectionError(errno.ECONNREFUSED, "no cause"),
            ErrorKind.PROXY_UNREACHABLE,
            "proxy p.example:1080: connection refused",
        ),
        (
            ProxyError("Connection closed unexpectedly"),
            ErrorKind.PROXY_FAILED,
            "proxy p.example:1080: it closed without an answer",
        ),
        (
            ProxyError("Username and password authentication failure"),
            ErrorKind.PROXY_CREDENTIALS,
            "proxy p.example:1080: it refused the user or the password",
        ),
        (
            ProxyError("Unexpected SOCKS version number: 72"),
            ErrorKind.PROXY_FAILED,
            "proxy p.example:1080: its answer is not SOCKS 5",
        ),
        (
            ProxyError("no", error_code=2),
            ErrorKind.PROXY_FORBIDS,
            "proxy p.example:1080: not allowed by its rules",
        ),
        (
            ConnectionResetError(errno.ECONNRESET, "reset"),
            ErrorKind.PROXY_FAILED,
            "proxy p.example:1080: it broke the connection off",
        ),
        (
            socket.gaierror(socket.EAI_NONAME, "No Luck"),
            ErrorKind.DNS_NOT_FOUND,
            "no luck: speech.example:443",
        ),
        (UnicodeError("label too long"), ErrorKind.DNS_NOT_FOUND, "no host can have this name"),
        (
            RuntimeError("a loop's own error"),
            ErrorKind.PROXY_FAILED,
            "proxy p.example:1080: it broke the connection off",
        ),
    ],
)
def test_each_failure_has_a_kind(exc: Exception, kind: ErrorKind, detail: str) -> None:
    error = socks_failure(PROXY, BACKEND, exc)
    assert (error.kind, error.detail) == (kind, detail)


@pytest.mark.parametrize(
    "answer", ["No acceptable authentication methods were offered", "authentication failure"]
)
def test_a_proxy_that_wants_a_user_says_so(answer: str) -> None:
    error = socks_failure(Proxy.read("socks5://p.example"), BACKEND, ProxyError(answer))
    assert error.kind is ErrorKind.PROXY_CREDENTIALS
    assert error.detail == "proxy p.example:1080: it wants a user and a password"


@pytest.mark.parametrize(
    ("scheme", "version", "looks_up"),
    [
        ("socks5", ProxyType.SOCKS5, False),
        ("socks5h", ProxyType.SOCKS5, True),
        ("socks4", ProxyType.SOCKS4, False),
        ("socks4a", ProxyType.SOCKS4, True),
    ],
)
def test_the_librarys_arguments(scheme: str, version: ProxyType, looks_up: bool) -> None:
    assert socks_arguments(Proxy.read(f"{scheme}://me:secret@p.example:9")) == {
        "proxy_type": version,
        "host": "p.example",
        "port": 9,
        "username": "me",
        "password": "secret",
        "rdns": looks_up,
    }
