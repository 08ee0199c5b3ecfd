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


def socks_arguments(proxy: Proxy) -> dict[str, Any]:
    """The arguments of the library's ``Proxy``, in each of its clients."""
    is_five = proxy.scheme.startswith("socks5")
    return {
        "proxy_type": ProxyType.SOCKS5 if is_five else ProxyType.SOCKS4,
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
        case ProxyError(error_code=code):
            return proxy.socks_error(code)
        case ConnectionError():
            return proxy.error(ErrorKind.PROXY_FAILED, "it broke the connection off")
        case OSError():  # this machine looked the backend's name up
            kind, said = name_os_error(exc)
            return DialError(kind, f"{said}: {backend.address}")
        case UnicodeError():  # the IDNA codec: an empty label, or one that is too long
            return DialError(ErrorKind.DNS_NOT_FOUND, "no host can have this name")
        case _:
            return proxy.error(ErrorKind.PROXY_FAILED, "it broke the connection off")
