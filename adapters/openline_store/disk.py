"""The disk of a session: carries out the driver's storage effects on a spool, if there is one.

Nothing here raises into a capture path. The first failed write is fed as ``SpoolFailed``; from
then on nothing is written, and stored audio can still be read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from openline import events as e
from openline.commands import (
    DiscardStore,
    FetchAudio,
    StoreAssumed,
    StoreAudio,
    StoreConfirmed,
    StoreFinal,
    StoreGap,
    StoreReplaced,
    StoreTold,
    StoreWithdrawn,
)
from openline.text import os_reason
from openline_driver.effects import NoteRead, Stored
from openline_store.records import (
    Assumed,
    Finished,
    Lost,
    Record,
    Replaced,
    Said,
    Told,
    Withdrawn,
)
from openline_store.spool import Spool

#: What becomes one record of the log, and no more.
Note: TypeAlias = (
    StoreFinal | StoreTold | StoreAssumed | StoreReplaced | StoreGap | StoreWithdrawn | NoteRead
)


class Disk:
    """Passes events to ``feed``; the driver queues their effects behind those under way."""

    def __init__(self, spool: Spool | None, feed: Callable[[e.Event], None]) -> None:
        self._spool = spool
        self._feed = feed
        self._takes_more = spool is not None
        self.keeps = False  #: the spool stays when the session is done

    def perform(self, command: Stored) -> None:
        """Carry out a storage command."""
        match command:
            case StoreAudio(source, start, pcm):
                self._write(lambda spool: spool.keep(source, start, pcm))
            case StoreConfirmed(source, position):
                self._write(lambda spool: spool.confirm(source, position))
            case FetchAudio(source, start, samples):
                self._feed(e.AudioFetched(source, start, self._read(source, start, samples)))
            case DiscardStore():
                if self._spool is not None and not self.keeps:
                    self._spool.discard()
                    self._spool = None
            case _:
                record = _record(command)
                self._write(lambda spool: spool.note(record))

    def close(self) -> None:
        """Close the folder and leave it; it can be resumed."""
        if self._spool is not None:
            self._spool.close()
            self._spool = None

    def _write(self, what: Callable[[Spool], None]) -> None:
        if self._spool is None or not self._takes_more:
            return
        try:
            what(self._spool)
        except OSError as exc:
            self._takes_more = False
            self._feed(e.SpoolFailed(os_reason(exc)))

    def _read(self, source: str, start: int, samples: int) -> bytes:
        if self._spool is None:
            return b""
        try:
            return self._spool.read(source, start, samples)
        except OSError:
            return b""  # unreadable: the core reports a gap


def _record(note: Note) -> Record:
    """What a note on disk is in the log."""
    match note:
        case StoreFinal(transcript, held, proves):
            return Said(transcript, held, proves)
        case StoreTold(source, start, end):
            return Told(source, start, end)
        case StoreAssumed(source, start, end, unmeasured):
            return Assumed(source, start, end, unmeasured)
        case StoreReplaced(name):
            return Replaced(name)
        case StoreGap(gap):
            return Lost(gap)
        case StoreWithdrawn(gap):
            return Withdrawn(gap)
        case NoteRead(source):
            return Finished(source)
