"""One caller's sockets, which a fault can cut, or leave unread for a while.

``Line`` is what a session on asyncio takes as ``connect``: it opens each dial's transport with the
usual connector and remembers it, for a fault acts on the one that is open. It counts the dials for
which this process had no file left to open, since these are no failures of the backend.
"""

from __future__ import annotations

import asyncio
import errno
from typing import Final

from openline.backend import Backend
from openline_asyncio.network import Connect
from openline_driver.exception_groups import leaves
from openline_driver.network_errors import DialError

_NO_FILE: Final = frozenset({errno.EMFILE, errno.ENFILE})


class Line:
    """The sockets of one session, one after the other."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._transport: asyncio.WriteTransport | None = None
        #: Dials that failed because this process may open no more files.
        self.starved = 0

    async def __call__(
        self, backend: Backend, protocol: asyncio.Protocol
    ) -> asyncio.WriteTransport:
        """Dial. Raises DialError."""
        self._transport = None
        try:
            self._transport = await self._connect(backend, protocol)
        except DialError as error:
            self.starved += _lacks_file(error.__cause__)
            raise
        return self._transport

    @property
    def is_open(self) -> bool:
        """Whether there is a socket to strike."""
        return self._transport is not None and not self._transport.is_closing()

    def cut(self) -> None:
        """Close the socket without a word."""
        if self._transport is not None:
            self._transport.abort()

    async def freeze(self, seconds: float) -> None:
        """Read nothing for so long; another dial meanwhile is read."""
        frozen = self._transport
        if isinstance(frozen, asyncio.Transport):
            frozen.pause_reading()
            await asyncio.sleep(seconds)
            frozen.resume_reading()


def _lacks_file(error: BaseException | None) -> bool:
    found = [] if error is None else leaves(error)
    return any(isinstance(each, OSError) and each.errno in _NO_FILE for each in found)
