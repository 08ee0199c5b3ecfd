"""Reads a journal: its lines become data that can be replayed.

    with open(path, "rb") as file:
        journals = read(file)

A file may hold several journals, one after the other. A last line without a newline is a
partial write and is dropped (``Journal.torn``). Any complete line that does not parse is an
error: JournalError names the line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from openline.audio.past import PastSource
from openline.backend import Backend
from openline.dialects.protocol import Dialect
from openline.events import Event, SourceKind
from openline.journal.codec import Plain, event_from_plain, from_line
from openline.policy import Policy
from openline.updates import Transcript

#: The version of the format. A journal of another version is refused.
VERSION: Final = 1
#: The begin of the first line, which distinguishes a partial write from another kind of file.
_BEGINS: Final = b'{"journal":'


class JournalError(ValueError):
    """Not a journal, or one that this version cannot play; one line with its number."""


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """The first line: the version, and the options of the connection.

    ``dialect_options``: the dialect's own, where they differ from the defaults.
    """

    journal: int
    session_id: str
    attempt_id: str
    sources: tuple[str, ...]
    dialect: str
    dialect_options: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    has_provider: bool
    may_pause: tuple[str, ...] = ()
    kinds: Mapping[str, SourceKind] = msgspec.field(default_factory=dict[str, SourceKind])
    disk_seconds: float
    keeps_audio: bool
    backend: Backend
    policy: Policy
    past: tuple[PastSource, ...] = ()
    past_transcript: tuple[Transcript, ...] = ()


class Entry(msgspec.Struct, frozen=True):
    """One line that follows: an event, or without one a pull, and its output.

    ``now`` is in seconds. ``out`` is plain data: the commands, or the pulled message.
    ``raised`` is the text of the error, or empty.
    """

    line: int
    now: float
    event: Event | None
    random: tuple[float, ...]
    out: Any
    raised: str


class Journal(msgspec.Struct, frozen=True):
    """One session's journal. ``torn``: a crash cut off its last line."""

    opening: Opening
    entries: tuple[Entry, ...]
    torn: bool = False


def read(lines: Iterable[bytes]) -> list[Journal]:
    """The journals in ``lines``, which keep their newlines. Raises JournalError."""
    journals: list[Journal] = []
    entries: list[Entry] = []
    opening: Opening | None = None
    torn = 0
    for number, line in enumerate(lines, 1):
        if torn:
            raise JournalError(f"line {torn}: has no newline at its end, and others follow it")
        if not line.endswith(b"\n"):
            torn = number
            continue
        try:
            plain = from_line(line)
        except ValueError:
            raise JournalError(
                f"line {number}: not JSON: this is not a journal, or it was changed"
            ) from None
        if isinstance(plain, dict) and "journal" in plain:
            if opening is not None:
                journals.append(Journal(opening, tuple(entries)))
            entries = []
            opening = _opening(number, plain)  # pyright: ignore[reportUnknownArgumentType]  # JSON
        elif opening is None:
            raise JournalError(f"line {number}: not a journal: it does not begin as one")
        else:
            entries.append(_entry(number, plain))
    if opening is None:
        raise JournalError("line 1: an empty journal: nothing was recorded")
    return [*journals, Journal(opening, tuple(entries), torn=bool(torn))]


def choose(journals: Sequence[Journal], number: int | None, *, by: str) -> Journal:
    """Return journal ``number`` (the first is 1). With None, return the only journal.

    Raises JournalError if there is no such journal, or if None is ambiguous. Its message lists
    the valid numbers and ``by``, the option that selects one.
    """
    count = len(journals)
    if number is None and count > 1:
        raise JournalError(f"holds {count} sessions: choose one with {by} 1 to {count}")
    wanted = 1 if number is None else number
    if not 1 <= wanted <= count:
        there = "1 session" if count == 1 else f"{count} sessions"
        last = "" if count == 1 else f" to {count}"
        raise JournalError(f"holds {there}: {by} is {wanted}: give 1{last}")
    return journals[wanted - 1]


def check_start(line: bytes) -> None:
    """Raise JournalError unless a file that starts with ``line`` may take another journal.

    ``line`` is its first line with the newline: empty for an empty file, and without a newline
    if a crash cut it off.
    """
    if not line.endswith(b"\n"):
        if not line.startswith(_BEGINS[: len(line)]):
            raise JournalError("holds something else than journals")
        return
    try:
        plain = from_line(line)
    except ValueError:
        plain = None
    if not isinstance(plain, dict) or "journal" not in plain:
        raise JournalError("holds something else than journals")
    _opening(1, plain)  # pyright: ignore[reportUnknownArgumentType]  # JSON


def _opening(number: int, plain: Plain) -> Opening:
    if plain["journal"] != VERSION:
        raise JournalError(
            f"line {number}: a journal of version {plain['journal']!r}: "
            "replay it with the openline that wrote it"
        )
    try:
        return msgspec.convert(plain, Opening)
    except ValueError as exc:
        raise JournalError(f"line {number}: {exc}") from None


def _entry(number: int, plain: Any) -> Entry:
    try:
        fields = msgspec.convert(plain, dict[str, Any])
        event = event_from_plain(fields["event"]) if "event" in fields else None
        return Entry(
            line=number,
            now=msgspec.convert(fields["now"], float),
            event=event,
            random=msgspec.convert(fields.get("random", ()), tuple[float, ...]),
            out=fields["pulled"]
            if event is None
            else msgspec.convert(fields.get("commands", []), list[Any]),
            raised=msgspec.convert(fields.get("raised", ""), str),
        )
    except KeyError as exc:
        raise JournalError(f"line {number}: no {exc.args[0]} in it") from None
    except ValueError as exc:
        raise JournalError(f"line {number}: {exc}") from None


def error_text(exc: Exception) -> str:
    """An error in its journal form."""
    return f"{type(exc).__name__}: {exc}"


def speaks_text(dialect: Dialect) -> bool:
    """Whether a dialect's audio is text, which is redacted like bytes."""
    made = dialect.audio(dialect.begin(), dialect.traits.names[0], b"\0\0\0\0", 0)
    return any(isinstance(each, str) for each in made[1])
