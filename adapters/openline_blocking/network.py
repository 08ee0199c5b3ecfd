"""From a backend's address to a connected socket, every failure with its kind.

TCP, proxies and TLS never hold the session up: each step waits as a coroutine of it
(``openline_blocking.tasks``). A name is looked up here and now, for the system has no other way
without a thread; a Ctrl-C ends it as soon as the system returns. There are no timeouts: the driver
aborts a dial that takes too long. Certificates are always verified.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl
from collections import deque
from collections.abc import Coroutine, Sequence
from functools import partial
from typing import Any, Final, Protocol, TypeAlias

from openline.backend import Backend
from openline.reconnect.verdicts import ErrorKind
from openline_blocking.interrupts import interruptible
from openline_blocking.proxied import through
from openline_blocking.tasks import Pause, Task, here, readable, writable
from openline_driver.addresses import HAPPY_EYEBALLS, Addresses, in_turns
from openline_driver.network_errors import DialError, name_os_error, name_tls_error
from openline_driver.proxies import Proxies
from openline_driver.tls import early_context

#: A family, and the address in it.
Address: TypeAlias = tuple[int, Any]
#: What ``connect_ex`` gives where the answer is still to come.
_UNDER_WAY: Final = frozenset({errno.EINPROGRESS, errno.EWOULDBLOCK})


class Connect(Protocol):
    """Opens a socket to a backend, or raises DialError. A plain function will do."""

    def __call__(self, backend: Backend) -> socket.socket | Coroutine[Any, Any, socket.socket]:
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
    known = addresses or Addresses()
    early = early_context(ssl_context, proxies, os.environ, ssl.create_default_context)
    ssl_context = ssl_context or early

    async def connect(backend: Backend) -> socket.socket:
        proxy = None if proxies is None else proxies.of(backend)
        if proxy is None:
            tcp = await _open_named(known, backend.host, backend.port, backend.address)
        else:
            tcp = await through(proxy, backend, partial(_open_named, known))
        return await _start_tls(tcp, ssl_context, backend.host) if backend.is_secure else tcp

    return connect


async def _open_named(known: Addresses, host: str, port: int, named: str) -> socket.socket:
    """A socket to ``host``, ``named`` so in an error. Raises DialError."""
    try:
        return await _open(known.order(_look_up(host, port)), known)
    except (OSError, ExceptionGroup) as exc:
        kind, said = name_os_error(exc)
        raise DialError(kind, f"{said}: {named}") from exc
    except ValueError as exc:  # the IDNA codec: an empty label, or one that is too long
        raise DialError(ErrorKind.DNS_NOT_FOUND, "no host can have this name") from exc


def _look_up(host: str, port: int) -> list[Address]:
    """The addresses of ``host``, the families in turns."""
    look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = interruptible(look_up)
    return in_turns((family, address) for family, _, _, _, address in found)


async def _open(addresses: Sequence[Address], known: Addresses) -> socket.socket:
    """A socket to the first of ``addresses`` that answers; each has a head start.

    Raises a group of the errors of all. However it ends, no other socket is left.
    """
    tasks, errors = here(), list[BaseException]()
    trying: list[Task[socket.socket]] = []
    rest = deque(addresses)
    try:
        while rest or trying:
            if rest:
                trying.append(tasks.start(_connect(rest.popleft(), known), joins=True))
            next_one = tasks.poller.now() + HAPPY_EYEBALLS if rest else float("inf")
            await Pause(next_one, lambda: any(each.done for each in trying))
            for task in [each for each in trying if each.done]:
                trying.remove(task)
                try:
                    return task.result()
                except OSError as exc:
                    errors.append(exc)
    finally:
        for task in trying:
            task.cancel()
            if task.done and task.has_result:
                task.result().close()
    raise BaseExceptionGroup("no address answered", errors)


async def _connect(to: Address, known: Addresses) -> socket.socket:
    family, address = to
    known.attempt(to)
    tcp = socket.socket(family, socket.SOCK_STREAM)
    try:
        tcp.setblocking(False)  # noqa: FBT003  # its only argument
        # Audio is many small packets, each of which should go out now.
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        number = tcp.connect_ex(address)
        if number in _UNDER_WAY:
            await writable(tcp.fileno())
            number = tcp.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    except BaseException as exc:
        if isinstance(exc, OSError):
            known.failed(to)
        tcp.close()
        raise
    if number:
        known.failed(to)
        tcp.close()
        raise OSError(number, os.strerror(number))
    known.reached(to)
    return tcp


async def _start_tls(
    tcp: socket.socket, context: ssl.SSLContext | None, host: str
) -> ssl.SSLSocket:
    """Handshake over ``tcp``, which is closed if that fails. Raises DialError."""
    sock, agreed = tcp, False
    try:
        context = context or ssl.create_default_context()
        tcp.getpeername()  # raises if it was reset: ``wrap_socket`` would leave it open then
        sock = tls = context.wrap_socket(tcp, server_hostname=host, do_handshake_on_connect=False)
        while True:
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                await readable(tls.fileno())
            except ssl.SSLWantWriteError:
                await writable(tls.fileno())
            except ssl.SSLError:
                agreed = tls.cipher() is not None
                raise
            else:
                return tls
    except OSError as exc:
        sock.close()
        raise DialError(*name_tls_error(exc, agreed=agreed)) from exc
    except BaseException:
        sock.close()
        raise
