"""The report of a batch: a line of JSON for each recording, and the sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from openline_batch.files import encode, write_over
from openline_batch.identity import marks_of
from openline_batch.ledger import COMPLETE, OPEN, Missing, Outcome
from openline_batch.recordings import Recording
from openline_batch.standing import Item

_HOUR = 3600.0


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A recording in the results. ``cost`` is in the currency of the price; None without one.

    ``id`` is the one in the manifest, else the key. ``key`` is empty if the file cannot be read.
    ``path`` is as in the manifest, or from the directory on; ``file`` is the whole path.
    """

    id: str
    key: str
    path: str
    file: str
    state: str
    reason: str
    transcript: str | None
    hours: float
    words: int
    gaps: tuple[Missing, ...]
    cost: float | None
    labels: Mapping[str, Any]


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """The sums. ``hours`` of audio, ``gap_seconds`` of them in ``gaps``."""

    states: dict[str, int]
    hours: float
    words: int
    gaps: int
    gap_seconds: float
    cost: float | None

    @property
    def recordings(self) -> int:
        """All of them."""
        return sum(self.states.values())

    @property
    def is_complete(self) -> bool:
        """Whether each recording is."""
        return self.states.get(COMPLETE, 0) == self.recordings


def rows(items: Iterable[Item], price: float | None = None) -> list[Row]:
    """A row for each recording, in their order. ``price`` is that of an hour of audio."""
    return [_row(item, price) for item in items]


def earlier(
    items: Collection[Item], outcomes: Iterable[Outcome], price: float | None = None
) -> list[Row]:
    """A row for each recording that is none of ``items``, sorted by file.

    They are of other archives, or of earlier runs: what is in the spool, with its last outcome.
    """
    recordings = [each.recording for each in items]
    ours = {_work(each.path, each.id, marks_of(each)) for each in recordings}
    keys = {each.outcome.id for each in items if each.outcome is not None}
    last = {
        _work(each.path, each.given, each.marks): each
        for each in sorted(outcomes, key=lambda each: each.changed_ns)
        if each.id not in keys
    }
    found = [last[work] for work in sorted(last.keys() - ours)]
    return [
        _told(
            each,
            Recording(path=each.path, name=each.name, id=each.given, labels=each.labels),
            price,
        )
        for each in found
    ]


def _work(path: str, given: str | None, marks: str) -> tuple[str, str, str]:
    return path, "" if given is None else given, marks


def totals(found: Iterable[Row]) -> Totals:
    """The sums of rows."""
    found = list(found)
    costs = [each.cost for each in found if each.cost is not None]
    return Totals(
        states=dict(Counter(each.state for each in found)),
        hours=sum(each.hours for each in found),
        words=sum(each.words for each in found),
        gaps=sum(len(each.gaps) for each in found),
        gap_seconds=sum(gap.seconds for each in found for gap in each.gaps),
        cost=round(sum(costs), 6) if costs else None,
    )


def write(path: Path, found: Iterable[Row]) -> None:
    """Write the results as JSON lines. Raises OSError; then the file is as it was."""
    write_over(path, b"".join(encode(each) + b"\n" for each in found))


def _row(item: Item, price: float | None) -> Row:
    recording, outcome = item.recording, item.outcome
    if outcome is None:
        key = item.identity.key if item.identity else ""
        outcome = Outcome(id=key, name=recording.name, state=OPEN, reason="not begun")
    return _told(outcome, recording, price)


def _told(outcome: Outcome, recording: Recording, price: float | None) -> Row:
    hours = outcome.seconds / _HOUR
    return Row(
        id=outcome.id if recording.id is None else recording.id,
        key=outcome.id,
        path=recording.name,
        file=recording.path,
        state=outcome.state,
        reason=outcome.reason,
        transcript=outcome.transcript,
        hours=round(hours, 6),
        words=outcome.words,
        gaps=outcome.missing,
        cost=None if price is None else round(price * hours, 6),
        labels=recording.labels,
    )
