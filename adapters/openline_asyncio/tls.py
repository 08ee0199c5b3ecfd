"""TLS over a connected socket, and within TLS over another, as a task that waits."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import TypeAlias, TypeVar

from openline_asyncio.workers import when_ready
from openline_driver.network_errors import DialError, name_tls_error
from openline_driver.tls_in_tls import TlsInTls

T = TypeVar("T")

#: A connected socket, whatever is above it.
Connected: TypeAlias = socket.socket | TlsInTls


async def when_possible(sock: ssl.SSLSocket | TlsInTls, call: Callable[[], T]) -> T:
    """The result of ``call``, once TLS does not have to wait any more."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            return call()
        except ssl.SSLWantReadError:
            await when_ready(loop.add_reader, loop.remove_reader, sock.fileno())
        except ssl.SSLWantWriteError:
            await when_ready(loop.add_writer, loop.remove_writer, sock.fileno())


async def start_tls(
    sock: Connected, context: ssl.SSLContext | None, host: str
) -> ssl.SSLSocket | TlsInTls:
    """Handshake over ``sock``, which is closed if that fails. Raises DialError."""
    opened, agreed = sock, False
    try:
        context = context or ssl.create_default_context()
        sock.getpeername()  # raises if it was reset: ``wrap_socket`` would leave it open then
        tls: ssl.SSLSocket | TlsInTls
        if isinstance(sock, ssl.SSLSocket):
            opened = tls = TlsInTls(sock, context, host)
        else:
            assert isinstance(sock, socket.socket)  # noqa: S101  # two layers are the most
            opened = tls = context.wrap_socket(
                sock, server_hostname=host, do_handshake_on_connect=False
            )
        try:
            await when_possible(tls, tls.do_handshake)
        except ssl.SSLError:
            agreed = tls.cipher() is not None
            raise
    except OSError as exc:
        opened.close()
        raise DialError(*name_tls_error(exc, agreed=agreed)) from exc
    except BaseException:
        opened.close()
        raise
    return tls
