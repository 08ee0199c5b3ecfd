"""``openline replay``: replay a journal on this version's core, step by step.

Steps that carry audio and cause no command are counted and printed as one row. The last line
states whether the core still does the same.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from openline import events as e
from openline.commands import (
    Command,
    OpenSocket,
    Outgoing,
    Report,
    SendBytes,
    SendPing,
    StoreAudio,
)
from openline.dialects.protocol import Dialect
from openline.journal.reader import Journal, JournalError
from openline.journal.replay import DivergedError, Step
from openline.journal.replay import replay as play
from openline.text import harmless
from openline.updates import SAMPLE_RATE, Ended, State, StateChanged, Transcript
from openline_cli.dialects import blamed, check_known, find_dialect
from openline_cli.journals import choose_journal, open_journals
from openline_cli.problems import COMPLETE, FAILED, Problem

_LONGEST: Final = 100  # characters of a message or an update that are printed
_IDS: Final = frozenset({"session_id", "attempt_id", "connection_id"})


class ReplayLine(NamedTuple):
    """Seconds since the opening, the event, and the commands that it caused."""

    at: float
    what: str
    came: tuple[str, ...]


def replay(
    path: Path, *, dialect: str | None = None, number: int | None = None, quiet: bool = False
) -> int:
    """Print the steps of each journal in a file; return the exit status. Raises Problem.

    ``dialect`` None: the one that each journal names. ``number``: that journal alone, from 1
    on. ``quiet``: the last line of each alone.
    """
    spoken = find_dialect(dialect)
    journals = open_journals(path) if number is None else [choose_journal(path, number)]
    with blamed(dialect):
        for journal in journals:
            check_known(path, journal, spoken)
        same = [
            _show(journal, spoken, lead=_lead(at, len(journals)), quiet=quiet)
            for at, journal in enumerate(journals, 1)
        ]
    return COMPLETE if all(same) else FAILED


def _lead(at: int, count: int) -> str:
    """The journal's number, if the file holds several."""
    return f"{at} of {count}: " if count > 1 else ""


def _show(journal: Journal, dialect: Dialect | None, *, lead: str, quiet: bool) -> bool:
    opening = journal.opening
    if not quiet:
        _print(f"{lead}session {opening.session_id} to {opening.backend.url}, {opening.dialect}")
        lead = ""
    count = 0
    state = State.IDLE

    def steps() -> Iterator[Step]:
        nonlocal count, state
        for step in play(journal, dialect=dialect):
            count, state = count + 1, step.state
            yield step

    try:
        for row in rows(steps()):
            if quiet:
                continue
            _print(f"{row.at:11.3f}  {row.what}")
            for each in row.came:
                _print(f"{'':>13}  {each}")
    except DivergedError as error:
        for line in f"{lead}{error}".splitlines():
            _print(line)
        return False
    except JournalError as error:
        raise Problem(str(error)) from None
    torn = ", its last line was torn" if journal.torn else ""
    over = "" if state in {State.CLOSED, State.FAILED} else ", and does not end there"
    _print(f"{lead}the core still does the same: {count} steps to {state}{over}{torn}")
    return True


def rows(steps: Iterable[Step]) -> Iterator[ReplayLine]:
    """The rows to print for the steps."""
    zero: float | None = None
    quiet = _Quiet()
    for step in steps:
        zero = step.now if zero is None else zero
        at = step.now - zero
        came = tuple(text for text in map(_command, step.commands) if text)
        if step.raised:
            came = (*came, f"raised {step.raised}")
        if came or not quiet.takes(step, at):
            yield from quiet.take()
            yield ReplayLine(at, _event(step), came)
    yield from quiet.take()


class _Quiet:
    """Counts the steps that caused no command."""

    def __init__(self) -> None:
        self._at = 0.0
        self._captured: Counter[str] = Counter()
        self._sent = 0

    def takes(self, step: Step, at: float) -> bool:
        """Whether the step needs no row of its own."""
        if isinstance(step.event, e.AudioCaptured):
            self._captured[step.event.source] += len(step.event.pcm) // 2
        elif step.audio:
            self._sent += 1
        else:
            return isinstance(step.event, e.Tick) or (step.event is None and not step.outgoing)
        self._at = at
        return True

    def take(self) -> Iterator[ReplayLine]:
        """The row for the steps counted so far, if any; then count from zero."""
        parts = [
            f"{n / SAMPLE_RATE:.2f} s of {name} captured" for name, n in self._captured.items()
        ]
        if self._sent:
            parts.append(f"{self._sent} messages of audio sent")
        if parts:
            yield ReplayLine(self._at, f"({', '.join(parts)})", ())
        self._captured.clear()
        self._sent = 0


def _event(step: Step) -> str:
    match step.event:
        case None:
            return _outgoing(step.outgoing)
        case e.MessageReceived(dial, data):
            return f"{dial} < {_message(data)}"
        case e.PongReceived(dial, mark):
            return f"{dial} < pong {mark.decode('latin-1')}"
        case e.AudioCaptured(source, pcm):
            return f"{len(pcm) // 2 / SAMPLE_RATE:.2f} s of {source} captured"
        case e.AudioFetched(source, start, pcm):
            return f"{len(pcm) // 2} samples of {source} fetched from {start} on"
        case event:
            return f"{type(event).__name__} {_fields(event)}".strip()


def _outgoing(outgoing: Outgoing | None) -> str:
    match outgoing:
        case None:
            return "nothing to send"
        case SendPing(dial, mark):
            return f"{dial} > ping {mark.decode('latin-1')}"
        case SendBytes(dial, data):
            return f"{dial} > {len(data)} bytes"
        case _:
            return f"{outgoing.dial} > {_message(outgoing.data)}"


def _message(data: str | bytes) -> str:
    """A message, without the ids that all messages carry."""
    if isinstance(data, bytes):
        return f"{len(data)} bytes"
    try:
        fields = msgspec.json.decode(data, type=dict[str, Any])
    except msgspec.DecodeError:
        return _short(data)
    kind = fields.pop("type", "")
    shown = (f"{name}={value}" for name, value in fields.items() if name not in _IDS)
    return _short(" ".join([str(kind), *shown]))


def _command(command: Command) -> str:
    """A command as text; empty for audio on its way to the disk."""
    match command:
        case StoreAudio():
            return ""
        case OpenSocket(dial, backend, with_credential):
            # The core knows only where a token must not go, not whether there is one.
            bare = "" if with_credential else ", without a token"
            return f"OpenSocket {dial} {backend.url}{bare}"
        case Report(StateChanged(state=state, reason=reason, retry_in=retry_in)):
            wait = "" if retry_in is None else f", again in {retry_in:.2f} s"
            return f"→ {state}{f': {reason}' if reason else ''}{wait}"
        case Report(Transcript(source=source, text=text, final=final, start=start, end=end)):
            kind = "final" if final else "partial"
            return f"{kind} of {source} {start:.2f}-{end:.2f}: {_short(text)}"
        case Report(Ended(complete=complete, reason=reason, missing=missing)):
            whole = "complete" if complete else f"{len(missing)} gaps"
            return f"Ended: {reason}, {whole}"
        case Report(update):
            return f"{type(update).__name__} {_fields(update)}"
        case _:
            return f"{type(command).__name__} {_fields(command)}"


def _fields(value: msgspec.Struct) -> str:
    """The fields that are not empty."""
    fields = ((name, getattr(value, name)) for name in value.__struct_fields__)
    return _short(" ".join(f"{k}={v}" for k, v in fields if v not in (None, "", ())))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _print(line: str) -> None:
    sys.stdout.write(f"{harmless(line)}\n")
