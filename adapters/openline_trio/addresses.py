"""From the name of a host to a TCP stream: its addresses are dialled side by side, each with a head
start, and the first that answers counts (RFC 8305). Their order is the driver's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import trio

from openline.reconnect.verdicts import ErrorKind
from openline_driver.addresses import HAPPY_EYEBALLS, Addresses, in_turns
from openline_driver.network_errors import DialError, name_os_error

#: A family, and the address in it.
Address: TypeAlias = tuple[int, Any]


async def open_named(known: Addresses, host: str, port: int, named: str) -> trio.SocketStream:
    """A stream to ``host``, ``named`` so in an error. Raises DialError."""
    try:
        return await _open(known.order(await _look_up(host, port)), known)
    except (OSError, ExceptionGroup) as exc:
        kind, said = name_os_error(exc)
        raise DialError(kind, f"{said}: {named}") from exc
    except ValueError as exc:  # the IDNA codec: an empty label, or one that is too long
        raise DialError(ErrorKind.DNS_NOT_FOUND, "no host can have this name") from exc


async def _look_up(host: str, port: int) -> list[Address]:
    found = await trio.socket.getaddrinfo(host, port, type=trio.socket.SOCK_STREAM)
    return in_turns((family, address) for family, _, _, _, address in found)


async def _open(addresses: Sequence[Address], known: Addresses) -> trio.SocketStream:
    """A stream to the first of ``addresses`` that answers.

    Raises the error, or a group of the errors of all. However it ends, no other socket is left.
    """
    errors: list[OSError] = []
    opened: list[trio.socket.SocketType] = []

    async def dial(to: Address, failed: trio.Event) -> None:
        try:
            opened.append(await _connect(to, known))
            racing.cancel_scope.cancel()
        except OSError as exc:
            errors.append(exc)
            failed.set()

    try:
        async with trio.open_nursery() as racing:
            for each in addresses:
                failed = trio.Event()
                racing.start_soon(dial, each, failed)
                with trio.move_on_after(HAPPY_EYEBALLS):
                    await failed.wait()
    except BaseException:
        for each_opened in opened:
            each_opened.close()
        raise
    for second in opened[1:]:
        second.close()
    if not opened:
        raise errors[0] if len(errors) == 1 else ExceptionGroup("no address answered", errors)
    return trio.SocketStream(opened[0])


async def _connect(to: Address, known: Addresses) -> trio.socket.SocketType:
    family, address = to
    known.attempt(to)
    tcp = trio.socket.socket(family, trio.socket.SOCK_STREAM)
    try:
        await tcp.connect(address)
    except BaseException as exc:
        if isinstance(exc, OSError):
            known.failed(to)
        tcp.close()
        raise
    known.reached(to)
    return tcp
