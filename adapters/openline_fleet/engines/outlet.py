"""The way of events from an engine's tasks to the one reader: bounded, and closed by ``stop``."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Final

from openline_fleet.engines.contract import Event

#: Events that may wait for the reader; then who puts one waits.
_MOST: Final = 256


class Outlet:
    """A queue. After ``close`` nothing waits: what is put is dropped, and reading ends."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self._readable, self._writable = asyncio.Event(), asyncio.Event()
        self._closed = False

    async def put(self, event: Event) -> None:
        """Add an event; wait first while there are too many."""
        while len(self._events) >= _MOST and not self._closed:
            self._writable.clear()
            await self._writable.wait()
        self.put_now(event)

    def put_now(self, event: Event) -> None:
        """Add an event, however many there are: for one that the reader itself causes."""
        if not self._closed:
            self._events.append(event)
            self._readable.set()

    def close(self) -> None:
        """Drop what is there, and end the reading."""
        self._closed = True
        self._events.clear()
        self._readable.set()
        self._writable.set()

    def take(self) -> list[Event]:
        """What is there now."""
        events = list(self._events)
        self._events.clear()
        self._writable.set()
        return events

    async def events(self) -> AsyncIterator[Event]:
        """The events, in order, until ``close``."""
        while True:
            while not self._events and not self._closed:
                self._readable.clear()
                await self._readable.wait()
            if self._closed:
                return
            event = self._events.popleft()
            self._writable.set()
            yield event
