"""From a backend's address to a connected socket, every failure with its kind.

The driver does it (``openline_network.reaching``), and never holds the session up: each step waits
as a coroutine of it (``openline_blocking.tasks``). But a name is looked up here and now, for the
system has no other way without a thread; a Ctrl-C ends it as soon as the system returns.
"""

from __future__ import annotations

import math
import os
import socket
import ssl
from collections.abc import Collection, Coroutine
from functools import partial
from typing import Any, Final, Protocol

from openline.backend import Backend
from openline_blocking.interrupts import interruptible
from openline_blocking.tasks import Pause, here
from openline_driver.addresses import Addresses
from openline_driver.proxies import Proxies
from openline_network.reaching import Reach
from openline_network.waits import Address, Connected


class Connect(Protocol):
    """Opens a socket to a backend, or raises DialError. A plain function will do."""

    def __call__(self, backend: Backend) -> Connected | Coroutine[Any, Any, Connected]:
        """A connected socket, an ``ssl.SSLSocket`` if the backend is secure.

        Nothing else of the session goes on meanwhile, and no timeout ends it.
        """
        ...


def connector(
    ssl_context: ssl.SSLContext | None = None,
    proxies: Proxies | None = None,
    addresses: Addresses | None = None,
) -> Connect:
    """A ``Connect`` over real sockets, which holds nothing up but for the look-up of a name.

    ``ssl_context`` None: the system's trust store. ``proxies`` None: no proxy. ``addresses`` is the
    session's memory of them. Raises ValueError, one line, if the variable SSLKEYLOGFILE names a
    file that cannot be opened.
    """
    return Reach(
        WAITS,
        os.environ,
        ssl.create_default_context,
        ssl_context=ssl_context,
        proxies=proxies,
        addresses=addresses,
    )


class _Waits:
    """How a dial waits without a loop."""

    async def look_up(self, host: str, port: int) -> list[Address]:
        """The addresses of ``host``."""
        look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        return [(family, address) for family, _, _, _, address in interruptible(look_up)]

    async def ready(
        self, numbers: Collection[int], seconds: float, *, writes: bool
    ) -> Collection[int]:
        """Those of the descriptors that are ready, once there are any, or so many seconds later."""
        poller = here().poller
        found: list[int] = []

        def note(number: int) -> None:
            poller.watch(number)
            found.append(number)

        how = "writes" if writes else "reads"
        for number in numbers:
            poller.watch(number, **{how: partial(note, number)})
        try:
            until = math.inf if seconds == math.inf else poller.now() + seconds
            await Pause(until, lambda: bool(found))
        finally:
            for number in numbers:
                poller.watch(number)
        return found


WAITS: Final = _Waits()
