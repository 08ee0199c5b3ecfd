"""From the name of a host to a TCP connection, in whichever way a face waits.

The addresses of a host are dialled side by side, each with a head start, and the first that answers
counts (RFC 8305). One that refuses gives the next its turn at once. Their order, and what is
remembered of them, is ``Addresses``.

    0 ms    the first is dialled, and stays mute
    250 ms  the second is dialled, and refuses at 260 ms
    260 ms  the third is dialled, and answers: the first is closed
"""

from __future__ import annotations

import errno
import math
import os
import socket
from collections import deque
from collections.abc import Sequence
from typing import Final

from openline.reconnect.verdicts import ErrorKind
from openline_driver.addresses import HAPPY_EYEBALLS, Addresses, in_turns
from openline_driver.network_errors import DialError, name_os_error
from openline_network.waits import Address, Waits

#: What ``connect_ex`` gives where the answer is still to come.
_UNDER_WAY: Final = frozenset({errno.EINPROGRESS, errno.EWOULDBLOCK})


async def open_named(
    waits: Waits, known: Addresses, host: str, port: int, named: str
) -> socket.socket:
    """A socket to ``host``, ``named`` so in an error. Raises DialError."""
    try:
        found = in_turns(await waits.look_up(host, port))
        return await open_first(waits, known.order(found), known)
    except (OSError, ExceptionGroup) as exc:
        kind, said = name_os_error(exc)
        raise DialError(kind, f"{said}: {named}") from exc
    except ValueError as exc:  # the IDNA codec: an empty label, or one that is too long
        raise DialError(ErrorKind.DNS_NOT_FOUND, "no host can have this name") from exc


async def open_first(waits: Waits, addresses: Sequence[Address], known: Addresses) -> socket.socket:
    """A socket to the first of ``addresses`` that answers.

    Raises the error, or a group of the errors of all. However it ends, no other socket is left.
    """
    rest, errors = deque(addresses), list[OSError]()
    trying: dict[int, _Attempt] = {}
    opened: list[socket.socket] = []
    try:
        while (rest or trying) and not opened:
            if rest:
                try:
                    new = _Attempt(rest.popleft(), known)
                except OSError as exc:
                    errors.append(exc)
                    continue
                trying[new.socket.fileno()] = new
            left = HAPPY_EYEBALLS if rest else math.inf
            for number in await waits.ready(tuple(trying), left, writes=True):
                each = trying.pop(number)
                try:
                    opened.append(each.answered())
                except OSError as exc:
                    errors.append(exc)
    finally:
        for each in trying.values():
            each.socket.close()
    for second in opened[1:]:
        second.close()
    if not opened:
        raise errors[0] if len(errors) == 1 else ExceptionGroup("no address answered", errors)
    return opened[0]


class _Attempt:
    """A socket on its way to ``to``. Raises OSError, as its parts do, and is closed then."""

    def __init__(self, to: Address, known: Addresses) -> None:
        self._to = to
        self._known = known
        known.attempt(to)
        try:
            self.socket = socket.socket(to[0], socket.SOCK_STREAM)
        except OSError:
            known.failed(to)
            raise
        try:
            self.socket.setblocking(False)  # noqa: FBT003  # its only argument
            # Audio is many small packets, each of which should go out now.
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            number = self.socket.connect_ex(to[1])
        except BaseException:  # an address that is none
            self._fail()
            raise
        if number and number not in _UNDER_WAY:
            self._fail()
            raise OSError(number, os.strerror(number))

    def answered(self) -> socket.socket:
        """The socket, once it is ready."""
        number = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            self._fail()
            raise OSError(number, os.strerror(number))
        self._known.reached(self._to)
        return self.socket

    def _fail(self) -> None:
        self._known.failed(self._to)
        self.socket.close()
