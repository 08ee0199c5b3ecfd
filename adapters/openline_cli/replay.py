"""``openline replay``: replay a journal on this version's core, step by step.

Steps that carry audio and cause no command are counted and printed as one row. The last line
states whether the core still does the same.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from openline import events as e
from openline.dialects.protocol import Dialect
from openline.journal.reader import Journal, JournalError
from openline.journal.replay import DivergedError, Step
from openline.journal.replay import replay as play
from openline.text import harmless
from openline.updates import SAMPLE_RATE, State
from openline_cli.dialects import blamed, check_known, find_dialect
from openline_cli.journals import choose_journal, open_journals
from openline_cli.problems import COMPLETE, FAILED, Problem
from openline_lookup.steps import command_words, event_words, outgoing_words


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
        came = tuple(text for text in map(command_words, step.commands) if text)
        if step.raised:
            came = (*came, f"raised {step.raised}")
        if came or not quiet.takes(step, at):
            yield from quiet.take()
            yield ReplayLine(at, _what(step), came)
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


def _what(step: Step) -> str:
    return outgoing_words(step.outgoing) if step.event is None else event_words(step.event)


def _print(line: str) -> None:
    sys.stdout.write(f"{harmless(line)}\n")
