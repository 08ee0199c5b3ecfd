"""A journal replayed, with what stands between events and commands: which timer fired.

A replay shows what went in and what came out. ``Watch`` is an observer that adds why a state
was left: each timer that fired and each state that was entered, at its place among the
commands; and where the audio stands after each step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from openline.commands import Command
from openline.dialects.protocol import Dialect, Memory
from openline.events import Event
from openline.journal.reader import Journal
from openline.journal.replay import Step, replay
from openline.machine.table import Transition
from openline.machine.timers import SESSION_TIMERS, STATE_TIMERS, Timer
from openline.observer import Observer
from openline.snapshot import MachineOptions, Snapshot
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
    """One step and its effects. ``idle``: it changed nothing, as a late event does.

    ``memory`` is the dialect's, after it.
    """

    step: Step
    fired: tuple[Fired, ...]
    entered: tuple[Entered, ...]
    marks: tuple[Mark, ...]
    idle: bool
    memory: Memory


class Watch(Observer):
    """Notes which timers fired and which states were entered, since ``take``."""

    __slots__ = ("_armed", "_commands", "_deadlines", "_due", "_entered", "_fired", "_look")

    def __init__(self) -> None:
        self._look: Callable[[], Snapshot]
        self._deadlines: Mapping[Timer, float] = {}
        self._armed: dict[Timer, float] = {}
        self._commands = 0
        self._due: Fired | None = None
        self._fired: list[Fired] = []
        self._entered: list[Entered] = []

    def on_begin(
        self,
        options: MachineOptions,  # noqa: ARG002  # as the hook has it
        look: Callable[[], Snapshot],
    ) -> None:
        """Keep the way to look."""
        self._look = look

    def on_event(self, event: Event, now: float) -> None:  # noqa: ARG002  # as the hook has it
        """A new step begins."""
        self._commands = 0
        self._due = None

    def on_command(self, command: Command, now: float) -> None:  # noqa: ARG002  # as the hook has it
        """Count it: that is the place of what comes next."""
        self._commands += 1

    def on_timer(self, timer: Timer, now: float) -> None:
        """It fires if a transition follows."""
        self._note_armed()
        after = round(now - self._armed.get(timer, 0.0), 6)
        self._due = Fired(self._commands, timer, after)

    def on_transition(self, transition: Transition, now: float) -> None:
        """Note the timer behind it, and the state that it leads to."""
        if self._due is not None and self._due.timer not in _SILENT:
            self._fired.append(self._due)
        self._due = None
        before = self._deadlines
        deadlines = self._note_armed()
        if transition.target is not None:
            timers = tuple(
                (timer.name, round(deadlines[timer] - now, 6))
                for timer in _SHOWN
                if timer in deadlines and deadlines[timer] != before.get(timer)
            )
            self._entered.append(Entered(State(transition.target), timers))

    def _note_armed(self) -> Mapping[Timer, float]:
        """Note when each timer was armed that has another deadline than at the last look."""
        snapshot = self._look()
        for timer, at in snapshot.deadlines.items():
            if self._deadlines.get(timer) != at:
                self._armed[timer] = snapshot.now
        self._deadlines = snapshot.deadlines
        return self._deadlines

    def take(self, step: Step, unused: int) -> tuple[Seen, int]:
        """A step with what was seen since the last call; and what was of no use so far."""
        self._note_armed()
        fired, entered = tuple(self._fired), tuple(self._entered)
        self._fired.clear()
        self._entered.clear()
        snapshot = self._look()
        marks = tuple(
            Mark(
                source,
                at.origin / SAMPLE_RATE,
                at.captured / SAMPLE_RATE,
                at.sent / SAMPLE_RATE,
                at.confirmed / SAMPLE_RATE,
            )
            for source, at in snapshot.sources.items()
        )
        count = sum(snapshot.counts.values())
        return Seen(step, fired, entered, marks, count > unused, snapshot.memory), count


def steps(journal: Journal, dialect: Dialect | None = None) -> Iterator[Seen]:
    """The steps of ``journal``, replayed. Raises as ``replay`` does."""
    watch = Watch()
    unused = 0
    for step in replay(journal, dialect=dialect, observers=[watch]):
        seen, unused = watch.take(step, unused)
        yield seen
