"""What the records of a log amount to: the state of a session, as an earlier process left it.

A record is written before what it reports takes effect, and the process may be killed behind
any of them. So the order decides, and a record that is missing has one meaning:

- A final that is ``held``, without a later record that it is final or replaced, is still held,
  though the mark may have passed it: then it is final on resuming.
- The end of a final proves nothing, but where its record says so (``proves``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from openline.session import PastSource
from openline.updates import Gap, Transcript
from openline_store.records import (
    Assumed,
    Began,
    Confirmed,
    Finished,
    Lost,
    Record,
    Replaced,
    Said,
    Told,
    Withdrawn,
)


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a session's folder. ``unread`` are the recordings not read to their ends."""

    began: Began
    sources: tuple[PastSource, ...]
    transcript: tuple[Transcript, ...]
    unread: frozenset[str] = frozenset()


class _State:
    """The records so far."""

    def __init__(self) -> None:
        self.began: Began | None = None
        self.first: dict[str, int] = {}
        self.confirmed: dict[str, int] = {}
        self.final: list[Transcript] = []
        self.held: dict[str, Transcript] = {}
        self.told: list[Told] = []
        self.assumed: list[Assumed] = []
        self.gaps: list[Gap] = []
        self.finished: set[str] = set()

    def read(self, record: Record) -> None:
        match record:
            case Began():
                self.began = record
            case Confirmed(source, position):
                self.first.setdefault(source, position)
                self._confirm(source, position)
            case Said():
                self._said(record)
            case Told():
                self.told.append(record)
            case Assumed():
                self.assumed.append(record)
            case Finished(source):
                self.finished.add(source)
            case Replaced(name):
                self.held.pop(name, None)
            case Lost(gap):
                self.gaps.append(gap)
            case Withdrawn(gap):
                self.gaps = [each for each in self.gaps if each != gap]

    def _confirm(self, source: str, position: int) -> None:
        self.confirmed[source] = max(position, self.confirmed.get(source, position))

    def _said(self, record: Said) -> None:
        final = record.transcript
        if record.held:
            self.held[final.id] = final
            return
        self.held.pop(final.id, None)
        self.final.append(final)
        if record.proves is not None:
            self._confirm(final.source, record.proves)


def past_of(
    records: Iterable[Record], segments: Callable[[str], Sequence[tuple[Path, int, int]]]
) -> Past | None:
    """The state after ``records``; None without a first record.

    ``segments`` returns the files of a source: path, first session sample, samples.
    """
    state = _State()
    for record in records:
        state.read(record)
    if state.began is None:
        return None
    sources = tuple(
        PastSource(
            source=source,
            origin=origin,
            confirmed=state.confirmed[source],
            on_disk=tuple((start, start + samples) for _, start, samples in segments(source)),
            gaps=tuple(gap for gap in state.gaps if gap.source == source),
            told=tuple((each.start, each.end) for each in state.told if each.source == source),
            held=tuple(each for each in state.held.values() if each.source == source),
            assumed=tuple(
                (each.start, each.end) for each in state.assumed if each.source == source
            ),
            unmeasured=any(each.unmeasured for each in state.assumed if each.source == source),
        )
        for source, origin in state.first.items()
    )
    unread = frozenset(state.began.recordings) - state.finished
    return Past(began=state.began, sources=sources, transcript=tuple(state.final), unread=unread)
