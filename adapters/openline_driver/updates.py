"""The updates that the app has not read yet, in order, bounded without losing any that counts.

Finals, gaps and their withdrawals, ends and devices of sources and the end of the session are
durable: each
is kept until it is read. They are the session's own transcript, so keeping them here costs a
reference. Any other update replaces the unread one of the same kind and source, and moves to the
end. State changes are durable too, but a line that flaps for days in front of an app that never
reads keeps only the last ``MAX_STATES`` of them.

Example: unread are [partial "he", state, partial "hello"]; the app finds [state, partial
"hello"].

Nothing here waits. A face adds the event on which a reader waits, and sets it when the queue
is no longer empty, or ``exhausted``.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from openline.updates import (
    BackendMetrics,
    Ended,
    Gap,
    GapWithdrawn,
    PartialRetracted,
    SourceChanged,
    SourceEnded,
    SourceHeld,
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
        #: Whether ``Ended`` has been taken, so that nothing more comes.
        self.exhausted = False

    def put(self, update: Update) -> None:
        """Add an update, and drop the unread one that it replaces."""
        self._count += 1
        key: object = self._count
        if type(update) is BackendMetrics:  # once a second and source
            key = ("BackendMetrics", update.source)
            self._unread.pop(key, None)
        elif isinstance(update, StateChanged):
            self._states[key] = None
            if len(self._states) > MAX_STATES:
                del self._unread[self._states.popitem(last=False)[0]]
        elif not _is_durable(update):
            key = self._place(update)
            self._unread.pop(key, None)
        elif isinstance(update, Transcript) and not update.settled:
            # A final replaces the unread partial that it was. A settled one is read before its
            # final, for it replaces a live partial that the app may show.
            self._unread.pop(self._place(update), None)
        self._unread[key] = update

    def _place(self, update: Update) -> object:
        """The key of a passing update; a later one with the same key replaces it.

        The live partial of a source and its retraction share a place: the later one is the
        truth. A settled partial has a place of its own. A retraction of all of them removes
        the unread settled ones: they are retracted before they were read.
        """
        if isinstance(update, Transcript):
            return ("settled", update.source, update.id) if update.settled else self._live(update)
        if not isinstance(update, PartialRetracted):
            source = getattr(update, "source", None)
            return (type(update).__name__, source or getattr(update, "kind", None))
        if update.settled:
            for key in [key for key in self._unread if _is_settled(key, update.source)]:
                del self._unread[key]
            self._unread.pop(("partial", update.source), None)
            return ("retracted", update.source)
        return self._live(update)

    @staticmethod
    def _live(update: Transcript | PartialRetracted) -> object:
        return ("partial", update.source)

    def take(self) -> Update | None:
        """The oldest unread update, or None if there is none."""
        if not self._unread:
            return None
        key, update = self._unread.popitem(last=False)
        self._states.pop(key, None)
        if isinstance(update, Ended):
            self.exhausted = True
        return update

    def __len__(self) -> int:
        return len(self._unread)


_DURABLE: Final = (Gap, GapWithdrawn, SourceHeld, SourceChanged, SourceEnded, Ended)


def _is_durable(update: Update) -> bool:
    if isinstance(update, Transcript):
        return update.final
    return isinstance(update, _DURABLE)


def _is_settled(key: object, source: str) -> bool:
    return isinstance(key, tuple) and key[:2] == ("settled", source)
