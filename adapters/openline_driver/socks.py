"""How python-socks is called for a proxy, and what its failures mean for a dial.

``openline_network.proxied`` calls its client that blocks, without a socket.
"""

from __future__ import annotations

from typing import Any, Final

from python_socks import ProxyConnectionError, ProxyError, ProxyType

from openline.backend import Backend
from openline.reconnect.verdicts import ErrorKind
from openline_driver.network_errors import DialError, name_os_error
from openline_driver.proxies import Proxy

#: Seconds after which the library gives up: long after the driver has aborted the dial.
PATIENCE: Final = 86_400.0
#: How the library names a refusal of the user (RFC 1929 §2), or of none (RFC 1928 §3). Neither has
#: a code. Everything else without a code is an answer that it cannot read.
_REFUSALS: Final = ("authentication failure", "No acceptable authentication methods")


def socks_arguments(proxy: Proxy) -> dict[str, Any]:
    """The arguments of the library's ``Proxy``, in each of its clients."""
    return {
        "proxy_type": ProxyType.SOCKS5 if _version(proxy) == 5 else ProxyType.SOCKS4,
        "host": proxy.host,
        "port": proxy.port,
        "username": proxy.username,
        "password": proxy.password,
        "rdns": proxy.looks_up,
    }


def socks_failure(proxy: Proxy, backend: Backend, exc: Exception) -> DialError:
    """The failure of a dial to ``backend`` for what the library raised."""
    match exc:
        case ProxyConnectionError():
            what = name_os_error(exc.__cause__ or exc)[1]
            return proxy.error(ErrorKind.PROXY_UNREACHABLE, what)
        case ProxyError(error_code=None) if "closed" in str(exc):
            return proxy.error(ErrorKind.PROXY_FAILED, "it closed without an answer")
        case ProxyError(error_code=None) if any(each in str(exc) for each in _REFUSALS):
            what = "it refused the user or the password"
            if proxy.username is None:
                what = "it wants a user and a password"
            return proxy.error(ErrorKind.PROXY_CREDENTIALS, what)
        case ProxyError(error_code=int(code)):
            return proxy.socks_error(code)
        case ProxyError():
            what = f"its answer is not SOCKS {_version(proxy)}"
            return proxy.error(ErrorKind.PROXY_FAILED, what)
        case ConnectionError():
            return proxy.error(ErrorKind.PROXY_FAILED, "it broke the connection off")
        case OSError():  # this machine looked the backend's name up
            kind, said = name_os_error(exc)
            return DialError(kind, f"{said}: {backend.address}")
        case UnicodeError():  # the IDNA codec: an empty label, or one that is too long
            return DialError(ErrorKind.DNS_NOT_FOUND, "no host can have this name")
        case _:
            return proxy.error(ErrorKind.PROXY_FAILED, "it broke the connection off")


def _version(proxy: Proxy) -> int:
    return 5 if proxy.scheme.startswith("socks5") else 4
