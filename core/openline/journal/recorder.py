"""A journal: all that went into a session's core and came out of it, to be played again.

The core is pure, so what goes in decides what comes out: the options of the connection,
the random numbers it drew, every ``receive(event, now)`` and every ``next_message(now)``. A
``Recorder`` is a ``SessionMachine`` that writes these down as it goes, one JSON object a line;
``read`` reads them, and ``replay.replay`` plays them. So a fault of the core that happened
once, anywhere, happens again on any machine; and a journal that is kept is a test.

    recorder = Recorder(backend, write=file.write, session_id=…, …)   # then as a Connection

A journal holds what the backend said, word for word, and so the transcript: it is as
private as the speech. It holds no credential, for none ever reaches the core, and audio
only if asked for (see ``journal_codec``). A session of one source writes about 11 KB a
second while it speaks and next to nothing while it is silent. A file may hold several
journals, one after the other. A line that a crash tore is the last of its file, has no newline
and is cut; a whole line that cannot be read is damage, and refused.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import msgspec

from openline.audio.streams import PastSource
from openline.backend import Backend
from openline.commands import Command, Outgoing
from openline.dialects.protocol import Dialect
from openline.dialects.registry import DEFAULT
from openline.events import Event, SourceKind
from openline.journal.codec import (
    Plain,
    command_to_plain,
    event_from_plain,
    event_to_plain,
    from_line,
    mask_query,
    outgoing_to_plain,
    to_line,
)
from openline.policy import Policy
from openline.session import SessionMachine
from openline.updates import Transcript

#: Of the format. A journal of another one is refused.
VERSION: Final = 1
#: How the first line begins: what tells a torn one from somebody's own file.
_BEGINS: Final = b'{"journal":'
_DEFAULT_POLICY: Final = Policy()
_NO_KINDS: Final[Mapping[str, SourceKind]] = MappingProxyType({})


class JournalError(ValueError):
    """Not a journal, or one that this version cannot play; one line with its number."""


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """The first line: the version, and the options of the connection."""

    journal: int
    session_id: str
    attempt_id: str
    sources: tuple[str, ...]
    dialect: str
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
    """One line that follows: an event, or without one a pull, and what came of it.

    ``out`` is plain data: the commands, or what was pulled. ``raised`` is the error's text.
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


class Recorder(SessionMachine):
    """A connection that keeps a journal.

    ``write`` is handed one whole line at a time and must not raise. ``keep_audio`` writes
    the speech itself. All else is as for ``SessionMachine``.
    """

    __slots__ = ("_drawn", "_keep_audio", "_text_is_audio", "_write")

    def __init__(
        self,
        backend: Backend,
        *,
        write: Callable[[bytes], object],
        keep_audio: bool = False,
        session_id: str,
        attempt_id: str,
        random: Callable[[], float],
        sources: Sequence[str] = ("mic",),
        policy: Policy = _DEFAULT_POLICY,
        dialect: Dialect = DEFAULT,
        has_provider: bool = False,
        may_pause: Collection[str] = (),
        kinds: Mapping[str, SourceKind] = _NO_KINDS,
        disk_seconds: float = 0.0,
        past: Sequence[PastSource] = (),
        past_transcript: Sequence[Transcript] = (),
    ) -> None:
        self._write = write
        self._keep_audio = keep_audio
        drawn = self._drawn = list[float]()

        def draw() -> float:
            drawn.append(random())
            return drawn[-1]

        super().__init__(
            backend,
            session_id=session_id,
            attempt_id=attempt_id,
            random=draw,
            sources=sources,
            policy=policy,
            dialect=dialect,
            has_provider=has_provider,
            may_pause=may_pause,
            kinds=kinds,
            disk_seconds=disk_seconds,
            past=past,
            past_transcript=past_transcript,
        )
        self._text_is_audio = speaks_text(dialect)
        opening = Opening(
            journal=VERSION,
            session_id=session_id,
            attempt_id=attempt_id,
            sources=tuple(sources),
            dialect=dialect.name,
            has_provider=has_provider,
            may_pause=tuple(sorted(may_pause)),
            kinds=dict(sorted(kinds.items())),
            disk_seconds=disk_seconds,
            keeps_audio=keep_audio,
            backend=backend,
            policy=policy,
            past=tuple(past),
            past_transcript=tuple(past_transcript),
        )
        plain: Plain = msgspec.to_builtins(opening)
        plain["backend"]["query"] = mask_query(backend.query)
        write(to_line(plain))

    def receive(self, event: Event, now: float) -> list[Command]:
        """As a connection does; what it raises is written down too."""
        try:
            commands = super().receive(event, now)
        except Exception as exc:
            self._note(now, event=event_to_plain(event, keep_audio=self._keep_audio), raised=exc)
            raise
        plain = event_to_plain(event, keep_audio=self._keep_audio)
        if commands:
            told = [command_to_plain(each, keep_audio=self._keep_audio) for each in commands]
            self._note(now, event=plain, commands=told)
        else:
            self._note(now, event=plain)
        return commands

    def next_message(self, now: float) -> Outgoing | None:
        """As a connection does."""
        outgoing = super().next_message(now)
        pulled = outgoing_to_plain(
            outgoing, keep_audio=self._keep_audio, text_is_audio=self._text_is_audio
        )
        self._note(now, pulled=pulled)
        return outgoing

    def _note(self, now: float, *, raised: Exception | None = None, **parts: Any) -> None:
        plain: Plain = {"now": now, **parts}
        if self._drawn:
            plain["random"] = list(self._drawn)
            self._drawn.clear()
        if raised is not None:
            plain["raised"] = error_text(raised)
        self._write(to_line(plain))


def read(lines: Iterable[bytes]) -> list[Journal]:
    """The journals that ``lines`` (with their ends) hold. Raises JournalError."""
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
    """The journal with that number, from 1 on; None: the only one there is.

    Raises JournalError, which names the choice; ``by`` is what makes it, as an option.
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

    ``line`` is its first line with its end, or less if there is no more: of an empty file
    nothing, of one that a crash tore as much as was written.
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
    """An error as a journal holds it."""
    return f"{type(exc).__name__}: {exc}"


def speaks_text(dialect: Dialect) -> bool:
    """Whether a dialect's audio is text, which then is as private."""
    return isinstance(dialect.audio(dialect.traits.sources[0], b"\0\0"), str)
