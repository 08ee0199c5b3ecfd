"""Replays a journal: a new machine receives the same events and must do the same.

    for journal in read(file):
        for step in replay(journal):
            print(step.now, step.event, step.commands)

Time and randomness come from the journal, so a replay takes as long as the core needs and
never waits. The output is compared in its journal form; the first difference ends the replay
with a DivergedError that shows both sides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import Any

import msgspec

from openline.commands import Command, Outgoing
from openline.dialects.options import configured
from openline.dialects.protocol import Dialect
from openline.dialects.registry import BUILT_IN
from openline.events import Event
from openline.journal.codec import as_read, command_to_plain, outgoing_to_plain, to_line
from openline.journal.reader import Entry, Journal, JournalError, error_text, speaks_text
from openline.observer import Observer
from openline.session import SessionMachine
from openline.updates import State


class DivergedError(Exception):
    """The output differs from the recorded one; the text shows both."""


class Step(msgspec.Struct, frozen=True):
    """One step of a replay. If ``event`` is None, the step is a pull.

    ``state`` is the state after it. ``now`` is in seconds. ``audio``: the pulled message carries
    audio, as bytes or text. That audio has the recorded length. It is silence if the journal did
    not record audio.
    """

    line: int
    now: float
    event: Event | None
    commands: tuple[Command, ...]
    outgoing: Outgoing | None
    raised: str
    state: State
    audio: bool


def replay(
    journal: Journal,
    *,
    dialect: Dialect | None = None,
    observers: Sequence[Observer] = (),
    make: Callable[..., SessionMachine] = SessionMachine,
) -> Iterator[Step]:
    """Replay a journal on a new machine, step by step; ``dialect`` None: the one it names.

    The dialect gets the options that the journal has.

    ``observers`` watch the machine, and ``make`` makes it, with the arguments of
    ``SessionMachine``.

    Raises DivergedError at the first step whose output differs, and JournalError for an unknown
    dialect, for another than the journal's, or for options that this version refuses.
    """
    opening = journal.opening
    spoken = dialect_of(journal, dialect)
    draws: list[float] = []

    def draw() -> float:
        if not draws:
            raise DivergedError("it draws more random numbers than it did")
        return draws.pop(0)

    try:
        machine = make(
            opening.backend,
            session_id=opening.session_id,
            attempt_id=opening.attempt_id,
            random=draw,
            sources=opening.sources,
            policy=opening.policy,
            dialect=spoken,
            has_provider=opening.has_provider,
            may_pause=opening.may_pause,
            kinds=opening.kinds,
            disk_seconds=opening.disk_seconds,
            past=opening.past,
            past_transcript=opening.past_transcript,
            observers=observers,
        )
    except ValueError as exc:
        raise JournalError(f"line 1: {exc}") from None
    is_text = speaks_text(spoken)
    for entry in journal.entries:
        draws[:] = entry.random
        step = _step(machine, entry)
        if entry.event is None:
            out: Any = outgoing_to_plain(
                step.outgoing, keep_audio=opening.keeps_audio, text_is_audio=is_text
            )
        else:
            out = [command_to_plain(c, keep_audio=opening.keeps_audio) for c in step.commands]
        _compare(entry, step, as_read(out))
        if draws:
            raise DivergedError(f"{_where(entry)}: it draws fewer random numbers than it did")
        yield step


def dialect_of(journal: Journal, given: Dialect | None = None) -> Dialect:
    """The dialect of a journal, ``given`` or built in, with the journal's options.

    Raises JournalError, one line, for one that is neither, for another than the journal's, or for
    an option that it does not have.
    """
    name = journal.opening.dialect
    if given is not None:
        check_spoken(journal, given)
    elif name not in BUILT_IN:
        raise JournalError(f"dialect {name!r}: not known here: give it to replay")
    try:
        return configured(given or BUILT_IN[name], journal.opening.dialect_options)
    except ValueError as exc:
        raise JournalError(f"line 1: {exc}") from None


def check_spoken(journal: Journal, dialect: Dialect) -> None:
    """Raise JournalError, one line, for a dialect of another name than the journal's.

    It would send other messages, and a difference then shows nothing about the core.
    """
    named = journal.opening.dialect
    if dialect.name != named:
        raise JournalError(f"the journal is of {named}, and not of {dialect.name}: give {named}")


def _step(machine: SessionMachine, entry: Entry) -> Step:
    commands: list[Command] = []
    outgoing: Outgoing | None = None
    raised = ""
    audio = False
    try:
        if entry.event is None:
            sent = _sent(machine)
            outgoing = machine.next_message(entry.now)
            audio = _sent(machine) > sent
        else:
            commands = machine.receive(entry.event, entry.now)
    except Exception as exc:  # noqa: BLE001  # whatever it raised then it must raise now
        raised = error_text(exc)
    return Step(
        line=entry.line,
        now=entry.now,
        event=entry.event,
        commands=tuple(commands),
        outgoing=outgoing,
        raised=raised,
        state=machine.state,
        audio=audio,
    )


def _sent(machine: SessionMachine) -> int:
    return sum(each.sent for each in machine.statistics.sources.values())


def _compare(entry: Entry, step: Step, out: Any) -> None:
    """Raise DivergedError, with the first difference, if the step is not what it was."""
    then, now = entry.out, out
    if step.raised != entry.raised:
        then, now = entry.raised or "no error", step.raised or "no error"
    elif then == now:
        return
    elif entry.event is not None:
        pairs = zip_longest(then, now, fillvalue="nothing")
        then, now = next((a, b) for a, b in pairs if a != b)
    raise DivergedError(f"{_where(entry)}\n  recorded: {_show(then)}\n  now:      {_show(now)}")


def _where(entry: Entry) -> str:
    what = "a pull" if entry.event is None else type(entry.event).__name__
    return f"line {entry.line}, {what} at {entry.now:.6g} s: the core no longer does what it did"


def _show(plain: Any) -> str:
    return plain if isinstance(plain, str) else to_line({"": plain}).decode()[4:-2]
