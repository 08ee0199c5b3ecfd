"""Reads what a journal has, whole or damaged: for a person who wants to know what happened.

A replay needs every line, and this version's core (``openline.journal.replay``). A story needs
neither: it is told by what the machine did then, which each line has. So a line that cannot be read
is counted and left out, and three hours take seconds. Nothing is kept of a line once it was read.

    {"now":2.32,"event":{"type":"SocketLost",…},"commands":[…]}    a Record
    {"now":2.34,"pulled":{…}}                                      nothing of interest
    {"now":2.3                                                     torn, if it is the last
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias, cast

import msgspec

from openline.journal.codec import from_line
from openline.updates import (
    BackendStatus,
    Ended,
    Gap,
    GapWithdrawn,
    PartialRetracted,
    Resumed,
    SourceChanged,
    SourceEnded,
    SourceHeld,
    StateChanged,
    Transcript,
    Trouble,
    Update,
)

_TOLD: Final = {
    each.__name__: each
    for each in (
        StateChanged, Transcript, PartialRetracted, Gap, GapWithdrawn, SourceHeld, SourceChanged,
        SourceEnded, Trouble, Resumed, BackendStatus, Ended,
    )
}  # fmt: skip
Plain: TypeAlias = Mapping[str, Any]


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The first line of a session: with whom, and what was streamed. ``url`` has no query."""

    session_id: str
    dialect: str
    sources: tuple[str, ...]
    url: str


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A line: what came in (its kind, and its fields), and the updates that followed."""

    line: int
    now: float
    kind: str
    fields: Plain
    updates: tuple[Update, ...] = ()


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """A line that cannot be read. ``torn``: it has no end, as after a crash."""

    line: int
    torn: bool


def records(lines: Iterable[bytes]) -> Iterator[Head | Record | Broken]:
    """What each line says, in order; lines without interest are left out. Never raises."""
    for number, line in enumerate(lines, 1):
        is_whole = line.endswith(b"\n")
        try:
            found = _read(number, from_line(line))
        except (ValueError, TypeError, KeyError, RecursionError):
            yield Broken(line=number, torn=not is_whole)
        else:
            if found is not None:
                yield found


def _read(number: int, plain: Any) -> Head | Record | None:
    fields = cast("dict[str, Any]", plain)
    if not isinstance(plain, dict):
        raise TypeError
    if "journal" in fields:
        return head(fields)
    if "event" not in fields:
        if "pulled" not in fields:
            raise KeyError("event")
        return None
    event: Plain = fields["event"]
    updates = tuple(_updates(fields.get("commands", ())))
    now = msgspec.convert(fields["now"], float, strict=False)
    if not math.isfinite(now):
        raise ValueError("a time that is none")
    return Record(
        line=number,
        now=now,
        kind=msgspec.convert(event["type"], str),
        fields=event,
        updates=updates,
    )


def head(fields: Plain) -> Head:
    """The head of a session from a journal's first line. Raises KeyError, ValueError."""
    backend = fields["backend"]
    host, port = str(backend["host"]), int(backend["port"])
    shown = f"[{host}]" if ":" in host else host
    secure = backend.get("secure")
    is_near = host in {"127.0.0.1", "::1", "localhost"}
    scheme = "wss" if secure or (secure is None and not is_near) else "ws"
    return Head(
        session_id=str(fields["session_id"]),
        dialect=str(fields["dialect"]),
        sources=msgspec.convert(fields["sources"], tuple[str, ...]),
        url=f"{scheme}://{shown}:{port}{backend['path']}",
    )


def _updates(commands: Iterable[Plain]) -> Iterator[Update]:
    for command in commands:
        if command["type"] != "Report":
            continue
        update: dict[str, Any] = command["update"]
        kind = _TOLD.get(update["type"])
        if kind is not None:
            fields = {name: value for name, value in update.items() if name != "type"}
            yield cast("Update", msgspec.convert(fields, kind, strict=False))
