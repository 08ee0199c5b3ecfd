"""A journal played again, with what nobody outside can see: which timer did it.

A replay tells what went in and what came out. Why a state was left stands between the two:
``Watched`` is a connection that notes each timer that fired and each state that was entered,
at its place among the commands; and where the audio stands after each step.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from openline.dialects.protocol import Dialect
from openline.journal.recorder import Journal
from openline.journal.replay import Step, replay
from openline.machine.timers import FIRES, OFF, SESSION_TIMERS, STATE_TIMERS, Timer
from openline.session import SessionMachine
from openline.updates import SAMPLE_RATE, State

#: Timers that tell no story: the sender's own, those of a ping, and who is still speaking.
_SILENT = frozenset({Timer.PACE, Timer.PING, Timer.SOURCE})
#: Timers that a state waits for, its own first.
_SHOWN = [
    timer
    for timer in (*list(Timer)[STATE_TIMERS], *list(Timer)[SESSION_TIMERS])
    if timer not in _SILENT
]


class Mark(NamedTuple):
    """Where a source's audio stands: seconds of session time."""

    source: str
    origin: float
    captured: float
    sent: float
    confirmed: float


class Fired(NamedTuple):
    """A timer fired ``after`` seconds; it stands before command number ``place``."""

    place: int
    timer: Timer
    after: float


class Entered(NamedTuple):
    """A state was entered; ``timers`` are those that it waits for, in seconds from then."""

    state: State
    timers: tuple[tuple[str, float], ...]


class Seen(NamedTuple):
    """One step, and what was seen of it. ``idle``: it came too late, or was nobody's."""

    step: Step
    fired: tuple[Fired, ...]
    entered: tuple[Entered, ...]
    marks: tuple[Mark, ...]
    idle: bool


class Watched(SessionMachine):
    """A connection that can be asked what its last step was about."""

    __slots__ = ("_armed", "_deadlines", "entered", "fired")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._deadlines = [OFF] * len(Timer)
        self._armed = [0.0] * len(Timer)
        self.fired: list[Fired] = []
        self.entered: list[Entered] = []

    def marks(self) -> tuple[Mark, ...]:
        """Where each source stands."""
        boxes = (stream.box for stream in self._link.streams.all)
        return tuple(
            Mark(
                box.source,
                box.origin / SAMPLE_RATE,
                box.captured / SAMPLE_RATE,
                box.sent / SAMPLE_RATE,
                box.confirmed / SAMPLE_RATE,
            )
            for box in boxes
        )

    def unused(self) -> int:
        """How many facts were of no use so far."""
        return sum(self._link.counts.values())

    def look(self) -> None:
        """Note which timers have been armed since the last look."""
        session = self._link
        if session.deadlines != self._deadlines:
            for timer, (old, new) in enumerate(
                zip(self._deadlines, session.deadlines, strict=True)
            ):
                if old != new:
                    self._armed[timer] = session.now
            self._deadlines = list(session.deadlines)

    def _step(self, event: str) -> bool:
        session, before, place = self._link, self._link.state, len(self._link.out)
        due = [
            Fired(place, timer, round(session.now - self._armed[timer], 6))
            for timer, name in FIRES.items()
            if name == event
            and self._deadlines[timer] <= session.now
            and session.deadlines[timer] == OFF
        ]
        self.look()
        running = list(session.deadlines)
        moved = super()._step(event)
        if moved:
            self.fired += [each for each in due if each.timer not in _SILENT]
        self.look()
        if session.state != before:
            timers = tuple(
                (timer.name, round(session.deadlines[timer] - session.now, 6))
                for timer in _SHOWN
                if session.deadlines[timer] not in {OFF, running[timer]}
            )
            self.entered.append(Entered(State(session.state), timers))
        return moved


def steps(journal: Journal, dialect: Dialect | None = None) -> Iterator[Seen]:
    """The steps of ``journal``, played again. Raises as ``replay`` does."""
    made: list[Watched] = []

    def make(*args: Any, **options: Any) -> Watched:
        made.append(Watched(*args, **options))
        return made[0]

    unused = 0
    for step in replay(journal, dialect=dialect, make=make):
        line = made[0]
        line.look()
        before, unused = unused, line.unused()
        yield Seen(step, tuple(line.fired), tuple(line.entered), line.marks(), unused > before)
        line.fired.clear()
        line.entered.clear()
