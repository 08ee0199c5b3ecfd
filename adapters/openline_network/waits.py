"""What the opening of a socket waits for, in whichever way a face waits.

A dial looks a name up, and waits until a descriptor is ready; it does nothing else that takes time.
So a face hands in its ``Waits``, and all the rest of a dial (``tcp``, ``tls``, ``proxied``,
``reaching``) is the same in each: sockets that do not block, and coroutines that await nothing but
these two calls.
"""

from __future__ import annotations

import math
import socket
import ssl
from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import Any, Protocol, TypeAlias, TypeVar

from openline_driver.tls_in_tls import TlsInTls

T = TypeVar("T")

#: A family, and the address in it.
Address: TypeAlias = tuple[int, Any]
#: A connected socket that does not block, whatever is above it.
Connected: TypeAlias = socket.socket | TlsInTls


class Waits(Protocol):
    """The two waits of a face. Its cancellation is raised in them."""

    async def look_up(self, host: str, port: int) -> Iterable[Address]:
        """The addresses of ``host``, as ``getaddrinfo`` has them. Raises what it raises."""
        ...

    async def ready(
        self, numbers: Collection[int], seconds: float, *, writes: bool
    ) -> Collection[int]:
        """Wait until one of these descriptors can be read, or written; those that can.

        None of them after so many seconds. ``math.inf``: as long as it takes.
        """
        ...


async def attempt(
    waits: Waits, sock: Connected, call: Callable[[], T], *, writes: bool = False
) -> T:
    """The result of ``call``, which reads or ``writes``, once it does not have to wait any more.

    TLS may have to write before it can read, and to read before it can write.
    """
    while True:
        try:
            return call()
        except ssl.SSLWantReadError:
            to_write = False
        except ssl.SSLWantWriteError:
            to_write = True
        except (BlockingIOError, InterruptedError):
            to_write = writes
        await waits.ready((sock.fileno(),), math.inf, writes=to_write)


async def send_all(waits: Waits, sock: Connected, data: bytes) -> None:
    """Send all of it."""
    while data:
        sent = await attempt(waits, sock, partial(sock.send, data), writes=True)
        data = data[sent:]


async def receive(waits: Waits, sock: Connected, size: int) -> bytes:
    """At most ``size`` bytes that have arrived; empty at the end."""
    return await attempt(waits, sock, partial(sock.recv, size))
