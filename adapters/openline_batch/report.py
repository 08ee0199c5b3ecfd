"""The report of a batch: a line of JSON for each recording, and the sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from openline_batch.coordinator import Item
from openline_batch.files import encode, write_over
from openline_batch.ledger import COMPLETE, OPEN, Missing

_HOUR = 3600.0


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A recording in the results. ``cost`` is in the currency of the price; None without one.

    ``id`` is the one in the manifest, else the key. ``key`` is empty if the file cannot be read.
    """

    id: str
    key: str
    path: str
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
    hours = 0.0 if outcome is None else outcome.seconds / _HOUR
    key = outcome.id if outcome is not None else (item.identity.key if item.identity else "")
    return Row(
        id=key if recording.id is None else recording.id,
        key=key,
        path=recording.name,
        state=OPEN if outcome is None else outcome.state,
        reason="not begun" if outcome is None else outcome.reason,
        transcript=None if outcome is None else outcome.transcript,
        hours=round(hours, 6),
        words=0 if outcome is None else outcome.words,
        gaps=() if outcome is None else outcome.missing,
        cost=None if price is None else round(price * hours, 6),
        labels=recording.labels,
    )
