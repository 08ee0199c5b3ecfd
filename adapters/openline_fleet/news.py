"""Which sessions of a shard have unread updates, and the one task that reads them.

The sessions have their turn one after the other, an update each, so that a talkative one holds no
other up. After some the loop has a turn, so that a reader who never waits does not stop everything.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from openline.updates import Update

#: Updates that are read before other tasks of the loop have a turn.
_TURN: Final = 64


class Talker(Protocol):
    """A session."""

    is_listed: bool

    @property
    def session_id(self) -> str:
        """Its name."""
        ...

    @property
    def has_updates(self) -> bool:
        """Whether there is one to ``poll``."""
        ...

    def poll(self) -> Update | None:
        """The next update, if there is one."""
        ...


class News:
    """An iterator over the updates of all. ``is_over`` tells whether no more can come."""

    def __init__(self, is_over: Callable[[], bool]) -> None:
        self._is_over = is_over
        self._ready: deque[Talker] = deque()
        self._wakes: asyncio.Event | None = None  # of the task that waits
        self._count = 0

    def add(self, talker: Talker) -> None:
        """It has an update to read."""
        if not talker.is_listed:
            talker.is_listed = True
            self._ready.append(talker)
            self.wake()

    def wake(self) -> None:
        """The task that waits looks again."""
        if self._wakes is not None:
            self._wakes.set()

    def __aiter__(self) -> News:
        return self

    async def __anext__(self) -> tuple[str, Update]:
        """The next one. Raises RuntimeError while another task waits for it."""
        if self._wakes is not None:
            raise RuntimeError("another task reads the updates of this shard: read them in one")
        self._count += 1
        if self._count % _TURN == 0:
            await asyncio.sleep(0)
        while True:
            while self._ready:
                talker = self._ready.popleft()
                talker.is_listed = False
                update = talker.poll()
                if talker.has_updates:
                    self.add(talker)
                if update is not None:
                    return talker.session_id, update
            if self._is_over():
                raise StopAsyncIteration
            self._wakes = asyncio.Event()
            try:
                await self._wakes.wait()
            finally:
                self._wakes = None
