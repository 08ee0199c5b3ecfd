"""A byte stream through a SOCKS proxy, by python-socks."""

from __future__ import annotations

from typing import Any

import trio
from python_socks import ProxyError
from python_socks.async_.trio.v2 import Proxy as SocksProxy

from openline.backend import Backend
from openline_driver.proxies import Proxy
from openline_driver.socks import PATIENCE, socks_arguments, socks_failure


async def through_socks(proxy: Proxy, backend: Backend) -> trio.abc.Stream:
    """A stream to the backend. Raises DialError."""
    socks = SocksProxy(**socks_arguments(proxy))
    try:
        stream: Any = await socks.connect(backend.host, backend.port, timeout=PATIENCE)
    except (ProxyError, OSError, UnicodeError, trio.BrokenResourceError) as exc:
        raise socks_failure(proxy, backend, exc) from exc
    opened: trio.abc.Stream = stream.trio_stream
    return opened
