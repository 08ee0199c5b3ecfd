"""A byte stream through a SOCKS proxy, by python-socks; its errors get their kinds here."""

from __future__ import annotations

import math

import trio
from python_socks import ProxyConnectionError, ProxyError, ProxyType
from python_socks.async_.trio.v2 import Proxy as SocksProxy

from openline.backend import Backend
from openline.reconnect.verdicts import ErrorKind
from openline_driver.network_errors import DialError, name_os_error
from openline_driver.proxies import Proxy


async def through_socks(proxy: Proxy, backend: Backend) -> trio.abc.Stream:
    """A stream to the backend. Raises DialError. There is no timeout, as in ``network``."""
    socks = SocksProxy(
        ProxyType.SOCKS5 if proxy.scheme.startswith("socks5") else ProxyType.SOCKS4,
        proxy.host,
        proxy.port,
        proxy.username,
        proxy.password,
        rdns=proxy.looks_up,
    )
    try:
        stream = await socks.connect(backend.host, backend.port, timeout=math.inf)
    except ProxyConnectionError as exc:
        what = name_os_error(exc.__cause__ or exc)[1]
        raise proxy.error(ErrorKind.PROXY_UNREACHABLE, what) from exc
    except ProxyError as exc:
        if exc.error_code is None and "closed" in str(exc):
            raise proxy.error(ErrorKind.PROXY_FAILED, "it closed without an answer") from exc
        raise proxy.socks_error(exc.error_code) from exc
    except OSError as exc:  # this machine looked the backend's name up
        kind, said = name_os_error(exc)
        raise DialError(kind, f"{said}: {backend.address}") from exc
    except UnicodeError as exc:  # the IDNA codec, as in ``network``
        raise DialError(ErrorKind.DNS_NOT_FOUND, "no host can have this name") from exc
    except trio.BrokenResourceError as exc:
        raise proxy.error(ErrorKind.PROXY_FAILED, "it broke the connection off") from exc
    return stream.trio_stream
