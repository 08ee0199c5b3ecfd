"""The one watch of a shard for a network that is back: a socket and a clock for all sessions.

Each session of another face has its own (``openline_driver.network_hints``); a thousand of them
would read each piece of news a thousand times. Here it is read once, and a hint goes to every
session that dials beyond this machine. The gate decides how fast they dial then.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

from openline_asyncio.sources.pacer import Pacer
from openline_driver.netlink import news_socket, read_news, sleep_clock
from openline_driver.network_hints import NetworkHints


class NetworkWatch:
    """Calls ``restored`` for each hint."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        pacer: Pacer,
        restored: Callable[[], object],
        clock: Callable[[], float],
    ) -> None:
        self._loop = loop
        self._pacer = pacer
        self._restored = restored
        self._clock = clock
        self._hints = NetworkHints(sleep_clock())
        self._socket = news_socket()
        self._due_at = math.inf
        self._hints.start(clock())
        if self._socket is not None:
            loop.add_reader(self._socket.fileno(), self._read)
        self._watch()

    def close(self) -> None:
        """Look no more."""
        self._hints = NetworkHints()
        if self._socket is not None:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None

    def due(self, now: float) -> None:
        """The pacer calls."""
        if now < self._due_at:
            return
        self._due_at = math.inf
        if self._hints.is_due(now):
            self._restored()
        self._watch()

    def _read(self) -> None:
        if self._socket is not None and (news := read_news(self._socket)) is not None:
            self._hints.receive(news, self._clock())
            self._watch()

    def _watch(self) -> None:
        deadline = self._hints.deadline
        if deadline is not None and deadline < self._due_at:
            self._due_at = deadline
            self._pacer.put(self, deadline)
