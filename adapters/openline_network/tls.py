"""TLS over a connected socket, and within TLS over another, in whichever way a face waits."""

from __future__ import annotations

import ssl
from collections.abc import Callable

from openline_driver.network_errors import DialError, name_tls_error
from openline_driver.tls_in_tls import TlsInTls
from openline_network.waits import Connected, Waits, attempt


async def start_tls(
    waits: Waits, sock: Connected, context: Callable[[], ssl.SSLContext], host: str
) -> ssl.SSLSocket | TlsInTls:
    """Handshake over ``sock``, which is closed if that fails. Raises DialError.

    ``sock`` has one layer of TLS at most.
    """
    opened, agreed = sock, False
    try:
        settings = context()
        sock.getpeername()  # raises if it was reset: ``wrap_socket`` would leave it open then
        tls: ssl.SSLSocket | TlsInTls
        if isinstance(sock, ssl.SSLSocket | TlsInTls):
            opened = tls = TlsInTls(sock, settings, host)
        else:
            opened = tls = settings.wrap_socket(
                sock, server_hostname=host, do_handshake_on_connect=False
            )
        try:
            await attempt(waits, tls, tls.do_handshake)
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
