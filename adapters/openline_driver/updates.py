"""What the app has not read yet, in order, and never more than it is worth.

Finals, gaps and the end are durable: each is kept until it is read. They are the session's
own transcript, so keeping them here costs a reference. A passing update replaces the
unread one of the same kind and source, and moves to the end. State changes are durable
too, but a line that flaps for days in front of an app that never reads keeps the last
``MAX_STATES`` only.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import trio

from openline.updates import (
    Ended,
    Gap,
    PartialRetracted,
    SourceEnded,
    StateChanged,
    Transcript,
    Update,
)

#: Unread state changes that are kept.
MAX_STATES: Final = 256


class Updates:
    """A queue with one reader, bounded by what happened and not by how often."""

    def __init__(self) -> None:
        self._unread: OrderedDict[object, Update] = OrderedDict()
        self._count = 0
        self._states: OrderedDict[object, None] = OrderedDict()
        self._news = trio.Event()
        self._is_awaited = False
        self._all_read = False

    @property
    def exhausted(self) -> bool:
        """Whether the end has been read, so that nothing more comes."""
        return self._all_read

    def put(self, update: Update) -> None:
        """Add an update; an older passing one of its kind goes."""
        self._count += 1
        key: object = self._count
        if isinstance(update, StateChanged):
            self._states[key] = None
            if len(self._states) > MAX_STATES:
                del self._unread[self._states.popitem(last=False)[0]]
        elif not _is_durable(update):
            # A partial and its retraction share a place: the later one is the truth.
            about_partial = isinstance(update, Transcript | PartialRetracted)
            kind = "partial" if about_partial else type(update).__name__
            key = (kind, getattr(update, "source", None) or getattr(update, "kind", None))
            self._unread.pop(key, None)
        elif isinstance(update, Transcript):
            # The final takes the place of a partial that nobody has read.
            self._unread.pop(("partial", update.source), None)
        self._unread[key] = update
        self._news.set()

    async def wait(self) -> None:
        """Wait until there is something unread, or nothing more comes.

        Raises trio.BusyResourceError while another task waits here: each update is read once,
        so what one of them got the other would wait for.
        """
        if self._is_awaited:
            raise trio.BusyResourceError(
                "another task is waiting for the updates of this session: read them in one task"
            )
        self._is_awaited = True
        try:
            while not (self._unread or self._all_read):
                self._news = trio.Event()
                await self._news.wait()
        finally:
            self._is_awaited = False
        await trio.lowlevel.checkpoint()

    def take(self) -> Update | None:
        """The oldest unread update, if there is one."""
        if not self._unread:
            return None
        key, update = self._unread.popitem(last=False)
        self._states.pop(key, None)
        if isinstance(update, Ended):
            self._all_read = True
            self._news.set()
        return update

    def __len__(self) -> int:
        return len(self._unread)


def _is_durable(update: Update) -> bool:
    if isinstance(update, Transcript):
        return update.final
    return isinstance(update, Gap | SourceEnded | Ended)
