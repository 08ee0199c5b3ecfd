"""Watches a session, and makes a row of each step: see the package for their form.

    recorder = Recorder()
    SessionMachine(backend, observers=[recorder], ...)
    recorder.take()        # the rows since the last time

A journal that is replayed and a session that lives make the same rows. Each hook of the observer
adds to one row, which is done when the call of the machine is: with the watermarks and deadlines of
a snapshot, written as what has changed. ``take`` may be called from another thread.

The story grows with the session, and a live page wants it before the end. With ``live`` it is added
after what is worth a sentence, once in a second of the session at most, and at the end.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable
from typing import Any, Final, TypeAlias, get_args

import msgspec

from openline import events as e
from openline.commands import Command, Outgoing, Report, SendText, StoreFinal
from openline.events import Event
from openline.journal.codec import event_to_plain
from openline.journal.reader import error_text, speaks_text
from openline.machine.table import Transition
from openline.machine.timers import Timer
from openline.observer import Observer
from openline.reconnect.verdicts import Verdict
from openline.session import TABLE
from openline.snapshot import MachineOptions, Snapshot
from openline.updates import (
    BackendMetrics,
    BackendStatus,
    Ended,
    Insight,
    PartialRetracted,
    State,
    Transcript,
    Update,
)
from openline_diagrams import rows as rows_of
from openline_inspect.updates import short
from openline_lookup.records import Record, head
from openline_lookup.steps import command_words, event_words, outgoing_words
from openline_lookup.story import Teller, hidden

#: What a row may be: the events, what goes out, and the steps of the model.
KINDS: Final = (
    *(kind.__name__ for kind in get_args(Event)),
    *("AudioSent", "SendText", "SendBytes", "SendPing", "Pull", "ModelStep"),
)
#: The states, at their numbers.
STATES: Final = tuple(str(state) for state in State)
#: The watermarks of a source, at their slots.
MARKS: Final = ("captured", "sent", "received", "confirmed")
#: The transitions, by their names, at their numbers.
NUMBERS: Final = {row.name: number for number, row in enumerate(rows_of(TABLE))}

_KIND: Final = {name: number for number, name in enumerate(KINDS)}
_STATE: Final = {name: number for number, name in enumerate(STATES)}
#: Characters of a message that a row holds. The journal has all of it.
_LONGEST: Final = 400
#: Updates that make no sentence: without any other, the story has not changed.
_QUIET: Final = (Transcript, PartialRetracted, BackendStatus, BackendMetrics)
#: Seconds of a session between two of its stories, at least.
_STORY_EVERY: Final = 1.0
_MICRO: Final = 1e6

Row: TypeAlias = list[Any] | dict[str, Any]


class Recorder(Observer):
    """Makes the rows of one session.

    ``text``: with what was said, and with what the messages say; else these are counted. ``live``:
    the story comes between the rows as it grows. ``name`` is the title of the recording.
    """

    __slots__ = (
        "_at",
        "_commands",
        "_deadlines",
        "_dial",
        "_head",
        "_held",
        "_is_grown",
        "_live",
        "_look",
        "_marks",
        "_more",
        "_name",
        "_numbers",
        "_offsets",
        "_rows",
        "_state",
        "_story_due",
        "_teller",
        "_text",
        "_text_is_audio",
        "_updates",
        "_zero",
    )  # fmt: skip

    def __init__(self, *, text: bool = True, live: bool = False, name: str = "") -> None:
        self._text, self._live, self._name = text, live, name
        self._rows: deque[Row] = deque()
        self._head: dict[str, Any] = {}
        self._zero: float | None = None
        self._at = 0  # microseconds
        self._state, self._dial = _STATE[State.IDLE], 0
        self._deadlines: dict[Timer, float] = {}
        self._offsets: dict[Timer, int] = {}
        self._more: dict[str, Any] = {}
        self._commands: list[str] = []
        self._updates: list[Update] = []
        self._story_due, self._is_grown = 0.0, False

    @property
    def head(self) -> dict[str, Any]:
        """What is known before the first row; empty until the session begins."""
        return self._head

    def take(self) -> list[Row]:
        """The rows that were added since the last call."""
        found: list[Row] = []
        while self._rows:
            found.append(self._rows.popleft())
        return found

    def story(self) -> Row:
        """What the session tells so far, as an element of its own."""
        told = copy.deepcopy(self._teller).story()
        return {"story": msgspec.to_builtins(told)}

    # The hooks.

    def on_begin(self, options: MachineOptions, look: Callable[[], Snapshot]) -> None:
        """Note the head."""
        self._look = look
        self._numbers = {name: number for number, name in enumerate(options.sources)}
        self._marks = [0] * (len(MARKS) * len(options.sources))
        self._text_is_audio = speaks_text(options.dialect)
        there, traits = options.backend, options.dialect.traits
        plain = {name: getattr(there, name) for name in ("host", "port", "path", "secure")}
        known = head({
            "session_id": options.session_id,
            "dialect": options.dialect.name,
            "sources": options.sources,
            "backend": plain,
        })  # fmt: skip
        self._teller = Teller(known, lives=self._live, text=self._text)
        self._head = {
            "name": self._name or options.session_id,
            "session": options.session_id,
            "attempt": options.attempt_id,
            "url": known.url,
            "dialect": known.dialect,
            "sources": list(options.sources),
            "kinds": [str(options.kinds.get(name, "device")) for name in options.sources],
            "buffer": None if options.disk_seconds else options.policy.buffer_of(traits),
            "timeless": False,
            "trouble": "",
        }

    def on_timer(self, timer: Timer, now: float) -> None:  # noqa: ARG002  # as the hook has it
        """Note that it was due."""
        self._more.setdefault("f", []).append(int(timer))

    def on_verdict(self, verdict: Verdict, now: float) -> None:  # noqa: ARG002  # the observer's
        """Note the action, the reason and its source."""
        said = [str(verdict.action), verdict.why, verdict.source, int(verdict.strike)]
        self._more.setdefault("v", []).append(said)

    def on_transition(self, transition: Transition, now: float) -> None:  # noqa: ARG002  # the observer's
        """Note it by its number."""
        self._more.setdefault("x", []).append(NUMBERS[transition.name])

    def on_command(self, command: Command, now: float) -> None:  # noqa: ARG002  # the observer's
        """Note it in words."""
        if not self._text:
            command = _unsaid(command)
        if words := command_words(command, _LONGEST):
            self._commands.append(words)

    def on_update(self, update: Update, now: float) -> None:  # noqa: ARG002  # the observer's
        """Keep it for the lanes and the story."""
        self._updates.append(update)

    def on_done(self, event: Event, now: float) -> None:
        """Make the row of an event."""
        at = self._time(now)
        if isinstance(event, e.SourceStarted) and "o" not in self._head:
            self._more["o"] = self._head["o"] = round((event.at - (self._zero or 0.0)) * _MICRO)
        moved = self._moved()
        if not (moved and isinstance(event, e.AudioCaptured)):
            self._more["w"] = self._event_words(event)
        self._tell(event, now)
        self._close(at, type(event).__name__, moved)

    def on_pull(self, outgoing: Outgoing | None, now: float) -> None:
        """Make the row of a message that goes out."""
        if outgoing is None:
            return
        at = self._time(now)
        moved = self._moved()
        is_audio = any(slot % len(MARKS) == 1 and by > 0 for slot, by in _pairs(moved))
        if is_audio:
            kind = "AudioSent"
        else:
            kind = type(outgoing).__name__
            self._more["w"] = self._outgoing_words(outgoing)
        self._close(at, kind, moved)

    def on_error(self, error: Exception, event: Event | None, now: float) -> None:
        """Make the row of a call that raised."""
        at = self._time(now)
        self._more["r"] = error_text(error)
        self._more["w"] = "nothing to send" if event is None else self._event_words(event)
        self._close(at, "Pull" if event is None else type(event).__name__, self._moved())

    # The parts of a row.

    def _time(self, now: float) -> int:
        """Microseconds from the first row on."""
        if self._zero is None:
            self._zero = now
        return max(self._at, round((now - self._zero) * _MICRO))

    def _moved(self) -> list[int]:
        """The watermarks that moved, flat; the last ones are kept."""
        found: list[int] = []
        self._held = self._look()
        for name, marks in self._held.sources.items():  # those that have started
            slot = self._numbers[name] * len(MARKS)
            for here in (marks.captured, marks.sent, marks.received, marks.confirmed):
                if here != self._marks[slot]:
                    found += (slot, here - self._marks[slot])
                    self._marks[slot] = here
                slot += 1
        return found

    def _close(self, at: int, kind: str, moved: list[int]) -> None:
        """Add what the snapshot shows, and the row."""
        seen, more = self._held, self._more
        self._teller.see(at / _MICRO, seen.sources, seen.counts)
        state = _STATE[seen.state]
        if state != self._state:
            more["s"] = self._state = state
        if seen.dial != self._dial:
            more["d"] = self._dial = seen.dial
        if changed := self._changed(seen, at):
            more["z"] = changed
        if self._commands:
            more["c"], self._commands = self._commands, []
        said = [short(each, self._numbers.__getitem__, text=self._text) for each in self._updates]
        if any(said):
            more["u"] = [each for each in said if each]
        self._updates = []
        row: list[Any] = [at - self._at, _KIND[kind]]
        if moved or more:
            row.append(moved)
        if more:
            row.append(more)
        self._rows.append(row)
        self._at, self._more = at, {}
        if self._live and self._is_grown and at >= self._story_due:
            self._rows.append(self.story())
            self._story_due, self._is_grown = at + _STORY_EVERY * _MICRO, False

    def _changed(self, seen: Snapshot, at: int) -> list[int]:
        """The deadlines that are other ones, flat."""
        found: list[int] = []
        for timer in self._deadlines.keys() - seen.deadlines.keys():
            found += (2 * timer, -1)
        for timer, due in seen.deadlines.items():
            if self._deadlines.get(timer) == due:
                continue
            offset = max(0, round((due - (self._zero or 0.0)) * _MICRO) - at)
            if self._offsets.get(timer) == offset:
                found.append(2 * timer + 1)
            else:
                found += (2 * timer, offset)
                self._offsets[timer] = offset
        self._deadlines = dict(seen.deadlines)
        return found

    # Words.

    def _event_words(self, event: Event) -> str:
        if not self._text and isinstance(event, e.MessageReceived):
            return f"{event.dial} < a message of {len(event.data)} characters"
        return event_words(event, _LONGEST)

    def _outgoing_words(self, outgoing: Outgoing) -> str:
        if isinstance(outgoing, SendText) and self._text_is_audio:  # it may be audio
            return f"{outgoing.dial} > {len(outgoing.data)} characters"
        return outgoing_words(outgoing, _LONGEST)

    def _tell(self, event: Event, now: float) -> None:
        """Add the event to the story."""
        match event:
            case e.AudioCaptured(pcm=pcm):
                fields: dict[str, Any] = {"bytes": len(pcm)}
            case e.MessageReceived() | e.AudioFetched() | e.PongReceived() | e.Tick():
                fields = {}
            case _:
                fields = event_to_plain(event, keep_audio=False)
        kind = type(event).__name__
        self._teller.take(
            Record(line=0, now=now, kind=kind, fields=fields, updates=tuple(self._updates))
        )
        if fields and kind != "AudioCaptured":
            self._is_grown = True
        for update in self._updates:
            if not isinstance(update, _QUIET):
                self._is_grown = True
            if isinstance(update, Ended):  # nothing may follow, in which the rest could be told
                self._story_due = 0.0


def _unsaid(command: Command) -> Command:
    """The command without words that were said."""
    match command:
        case Report(Transcript() as said):
            return Report(_hushed(said))
        case Report(Insight() as found):
            return Report(msgspec.structs.replace(found, payload={}))
        case StoreFinal(transcript=said):
            return msgspec.structs.replace(command, transcript=_hushed(said))
        case _:
            return command


def _hushed(said: Transcript) -> Transcript:
    return msgspec.structs.replace(said, text=hidden(said.text), words=())


def _pairs(flat: list[int]) -> list[tuple[int, int]]:
    return list(zip(flat[::2], flat[1::2], strict=True))
