"""Reads rows as the page does, and says what a session was like at each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

from openline.journal.reader import Journal, read
from openline_inspect import KINDS, MARKS, STATES

JOURNALS = sorted((Path(__file__).parents[1] / "journals").glob("*.jsonl"))


class Seen(NamedTuple):
    """One row, read: the time in microseconds, and what holds after it."""

    at: int
    kind: str
    state: str
    dial: int
    marks: tuple[int, ...]
    due: dict[int, int]  # by timer, in microseconds from the start
    more: dict[str, Any]


def seen(rows: Iterable[Any], sources: int) -> Iterator[Seen]:
    at, state, dial = 0, 0, 0
    marks = [0] * (len(MARKS) * sources)
    due: dict[int, int] = {}
    offsets: dict[int, int] = {}
    for row in rows:
        if isinstance(row, dict):
            continue
        passed, kind, *rest = row
        moved: list[int] = rest[0] if rest else []
        more: dict[str, Any] = rest[1] if len(rest) > 1 else {}
        at += passed
        for slot, by in zip(moved[::2], moved[1::2], strict=True):
            marks[slot] += by
        state, dial = more.get("s", state), more.get("d", dial)
        numbers = iter(more.get("z", ()))
        for number in numbers:
            timer, is_same = number >> 1, number & 1
            offset = offsets.get(timer, 0) if is_same else next(numbers)
            if offset < 0:
                del due[timer]
            else:
                offsets[timer] = offset
                due[timer] = at + offset
        yield Seen(at, KINDS[kind], STATES[state], dial, tuple(marks), dict(due), more)


def stories_in(rows: Iterable[Any]) -> list[dict[str, Any]]:
    """The stories among rows."""
    return [cast("dict[str, Any]", row)["story"] for row in rows if isinstance(row, dict)]


def journal(path: Path) -> Journal:
    with path.open("rb") as file:
        [found] = read(file)
    return found
