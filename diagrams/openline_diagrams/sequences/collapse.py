"""Collapses the steps of a journal into the items of a diagram: repetitions become one.

Flowing audio is one message, with its count and its stretch of session time, until another
event comes between; audio from the app and audio sent on stand side by side. Pings and
figures are one message for as long as a state lasts, except for pings without a pong:
these are one of their own. Pulls that gave nothing, ticks, and commands for the disk
are left out.
"""

from __future__ import annotations

from typing import Final

from openline import events as e
from openline.audio.backlog import FRAME_SAMPLES
from openline.commands import (
    AbortSocket,
    CancelCredential,
    Command,
    Outgoing,
    Report,
    RequestCredential,
    SendPing,
)
from openline.dialects import protocol as d
from openline.dialects.checking import begin_checked, decode_or_malformed
from openline.dialects.protocol import Dialect
from openline.journal.reader import Journal
from openline.updates import (
    SAMPLE_RATE,
    BackendMetrics,
    BackendStatus,
    State,
    StateChanged,
    Transcript,
)
from openline_diagrams.sequences import words
from openline_diagrams.sequences.model import Alarm, Item, Message, Note, Style, Turn, Who
from openline_diagrams.sequences.steps import Entered, Fired, Mark, Seen

#: Seconds of a frame.
_FRAME: Final = FRAME_SAMPLES / SAMPLE_RATE


class _Run:
    """Messages drawn as one, while more of them may come."""

    def __init__(self, first: Message) -> None:
        self.first = first
        self.name = first.text
        self.times: list[float] = []
        self.answered = 0
        self.marks: tuple[Mark, ...] = ()
        self.span: tuple[float, float] | None = None

    def is_of(self, tail: Who, head: Who, name: str) -> bool:
        """Whether one more such message belongs to the run."""
        return (self.first.tail, self.first.head, self.name) == (tail, head, name)

    def items(self) -> list[Message]:
        """The run as a message; a ping without a pong is one of its own."""
        count, first = len(self.times), self.first._replace(marks=self.marks)
        if self.name == "ping":
            found: list[Message] = []
            if self.answered:
                text = _times("ping, pong", self.answered)
                found.append(first._replace(text=text, both=True))
            if self.answered < count:
                text = _times("ping", count - self.answered)
                found.append(first._replace(at=self.times[self.answered], text=text))
            return found
        if self.span is not None:
            times = count if first.head is Who.BACKEND else 1
            text = f"{_times(self.name, times)}, {words.span(*self.span)}"
            return [first._replace(text=text)]
        return [first._replace(text=_times(self.name, count))]


def _times(name: str, count: int) -> str:
    return name if count == 1 else f"{name} × {count}"


class Book:
    """Collects steps as items; ``fold``: transcripts become runs too."""

    def __init__(self, journal: Journal, dialect: Dialect, *, fold: bool) -> None:
        self.now = 0.0
        self._dialect = dialect
        self._memory = begin_checked(dialect)
        self._several = len(journal.opening.sources) > 1
        self._fold = fold
        self._has_provider = journal.opening.has_provider
        self._zero: float | None = None
        self._state = State.IDLE
        self._items: list[Item | _Run] = []
        self._line = 0  # where the current state begins
        self._block = 0  # where audio began to flow undisturbed
        self._marks: dict[str, Mark] = {}
        self._again: dict[str, float] = {}  # how far a lost dial had sent each source

    def items(self) -> list[Item]:
        """All items, in the order of their beginning."""
        found: list[Item] = []
        for each in self._items:
            found += each.items() if isinstance(each, _Run) else [each]
        return sorted(found, key=lambda item: item.at)  # a ping without a pong comes later

    def take(self, seen: Seen) -> None:
        """Add one step."""
        step = seen.step
        self._zero = step.now if self._zero is None else self._zero
        self.now = round(step.now - self._zero, 6)
        before = dict(self._marks)
        self._marks = {mark.source: mark for mark in seen.marks}
        for source, mark in before.items():
            if self._marks[source].sent < mark.sent:  # a lost dial: all behind is sent again
                self._again[source] = mark.sent
        if step.event is not None:
            self._receive(step.event, before, late=seen.idle)
            self._do(seen)
        elif step.outgoing is not None:
            self._send(step.outgoing, before)
        self._memory = seen.memory
        if step.raised:
            why = step.raised.partition(": ")[2]
            self._add(Who.LINE, Who.APP, f"refused: {words.short(why)}", Style.ANSWER)

    # Incoming events.

    def _receive(self, event: e.Event, before: dict[str, Mark], *, late: bool) -> None:
        if isinstance(event, e.AudioCaptured):
            old, new = before.get(event.source), self._marks.get(event.source)
            start = old.captured if old else 0.0
            if new and new.captured > start:  # after the stop it is refused
                self._flow(Who.APP, event.source, max(start, new.origin), new.captured)
            return
        if isinstance(event, e.PongReceived):
            self._answer()
            return
        style, tail = Style.ANSWER, Who.BACKEND
        match event:
            case e.MessageReceived(_, data):
                _, items = decode_or_malformed(self._dialect, self._memory, data)
                text = words.message_label(items)
                if not late and items and all(map(self._folds, items)):
                    is_wide = not any(isinstance(each, d.Heard) for each in items)
                    self._repeat(tail, Who.LINE, text, style, wide=is_wide)
                    return
            case e.CredentialReady() | e.CredentialFailed():
                tail, text = Who.PROVIDER, words.event_label(event)
            case e.SocketOpened() | e.Redirected():
                text = words.event_label(event)
            case e.SocketLost():
                asked = self._state is State.CLOSING and event.code is not None
                style, text = Style.ANSWER if asked else Style.CUT, words.event_label(event)
            case _:
                style, tail, text = Style.CALL, Who.APP, words.event_label(event)
        if late:
            style, text = Style.LATE, f"{text} (too late)"
        if text:
            self._add(tail, Who.LINE, text, style)

    def _folds(self, message: d.Message) -> bool:
        is_figure = isinstance(message, d.Metrics | d.Proof)
        return is_figure or (self._fold and isinstance(message, d.Heard))

    # Commands.

    def _do(self, seen: Seen) -> None:
        entered = iter(seen.entered)
        alarms = list(seen.fired)
        for place, command in enumerate(seen.step.commands):
            while alarms and alarms[0].place <= place:
                self._alarm(alarms.pop(0))
            if isinstance(command, Report) and isinstance(command.update, StateChanged):
                self._turn(command.update, next(entered))
            else:
                self._carry_out(command)
        for alarm in alarms:
            self._alarm(alarm)

    def _alarm(self, fired: Fired) -> None:
        self._put(Alarm(self.now, fired.timer.name, fired.after))

    def _turn(self, change: StateChanged, entered: Entered) -> None:
        self._state = change.state
        self._put(
            Turn(self.now, change.state, entered.timers, change.reason, (*self._marks.values(),))
        )
        self._line = len(self._items)

    def _carry_out(self, command: Command) -> None:
        text = words.command_label(command, has_provider=self._has_provider)
        match command:
            case Report(BackendStatus() | BackendMetrics()):
                return
            case Report(Transcript() as transcript) if self._fold:
                name = "final" if transcript.final else "partial"
                self._repeat(Who.LINE, Who.APP, name, Style.ANSWER)
                return
            case Report():
                head, style = Who.APP, Style.ANSWER
            case RequestCredential() | CancelCredential():
                head, style = Who.PROVIDER, Style.CALL
            case AbortSocket():
                head, style = Who.BACKEND, Style.CUT
            case _:
                head, style = Who.BACKEND, Style.CALL
        if text:
            self._add(Who.LINE, head, text, style)

    # Outgoing messages.

    def _send(self, outgoing: Outgoing, before: dict[str, Mark]) -> None:
        if isinstance(outgoing, SendPing):
            run = self._run(Who.LINE, Who.BACKEND, "ping", Style.CALL, since=self._line)
            run.times.append(self.now)
            return
        for source, mark in self._marks.items():
            if mark.sent > before[source].sent:
                start = max(before[source].sent, mark.sent - _FRAME)
                if start < self._again.get(source, 0.0):
                    text = f"sends {self._name(source)} again from {start:.2f} s"
                    self._put(Note(self.now, text))
                self._again.pop(source, None)
                self._flow(Who.LINE, source, start, mark.sent)
                return
        self._add(Who.LINE, Who.BACKEND, words.sent_label(outgoing.data), Style.CALL)

    # Items.

    def _put(self, item: Item) -> None:
        self._items.append(item)
        self._block = len(self._items)

    def _add(self, tail: Who, head: Who, text: str, style: Style) -> None:
        self._put(Message(self.now, tail, head, text, style, (*self._marks.values(),)))

    def _run(self, tail: Who, head: Who, name: str, style: Style, *, since: int) -> _Run:
        """The run that goes on, if it began at item number ``since`` or later; or a new one."""
        for each in reversed(self._items[since:]):
            if isinstance(each, _Run) and each.is_of(tail, head, name):
                return each
        run = _Run(Message(self.now, tail, head, name, style))
        self._items.append(run)
        return run

    def _flow(self, tail: Who, source: str, start: float, end: float) -> None:
        """Audio of ``source`` goes from the app to openline, or from there on."""
        head = Who.LINE if tail is Who.APP else Who.BACKEND
        speaking = self._state in {State.STREAMING, State.FINISHING}
        since = self._block if speaking else self._line
        name = self._name(source)
        run = self._run(tail, head, name, Style.CALL, since=since)
        if not run.times and speaking:
            self._pair(run, name)
        run.times.append(self.now)
        run.marks = (*self._marks.values(),)
        run.span = (run.span[0] if run.span else start), end

    def _pair(self, run: _Run, name: str) -> None:
        """Audio that is captured and sent in one go is drawn side by side."""
        for place in range(self._block, len(self._items) - 1):
            other = self._items[place]
            if isinstance(other, _Run) and other.name == name:
                run.first = run.first._replace(at=other.first.at)
                self._items.insert(place + (run.first.tail is Who.LINE), self._items.pop())
                return

    def _name(self, source: str) -> str:
        return source if self._several else "audio"

    def _repeat(self, tail: Who, head: Who, name: str, style: Style, *, wide: bool = True) -> None:
        since = self._line if wide else self._block
        self._run(tail, head, name, style, since=since).times.append(self.now)

    def _answer(self) -> None:
        """A pong is the answer to the oldest ping without one."""
        for each in self._items[self._line :]:
            if isinstance(each, _Run) and each.name == "ping":
                each.answered = min(each.answered + 1, len(each.times))
                return
