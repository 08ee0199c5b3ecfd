"""The public face of the core: events in, commands out, and one ordered pull.

    commands = connection.receive(event, now)     # whenever anything happens
    deadline = connection.next_deadline()         # then wait no longer than this
    outgoing = connection.next_message(now)       # whenever the last send completed
    data = connection.relay(source, pcm, now)     # a live frame, at once, if nothing else is due

``receive`` stores the fields of the event, fires the chart's events that follow from it, and
then the timers that are due: so a pong that is delivered late is processed before its deadline.
A chart event without a row in the present state is late: it is counted and changes nothing. An
impossible request of the app raises ``LocalProtocolError`` and changes nothing either. Time is
any clock of the caller, in seconds, that never runs backwards.

``next_message`` returns every message for the wire, in order: the start, pings, audio as the
windows allow, the stop. Pull again when the send has completed; after None, pull again after
every ``receive`` and at ``next_deadline``.

``relay`` does for a live frame what ``receive`` and ``next_message`` do, for a quarter of the cost.
It is never needed: where it returns None nothing has happened, and the two do the work.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from openline.audio.past import PastSource
from openline.backend import Backend
from openline.commands import Command, DiscardStore, Outgoing, Report
from openline.dialects.checking import check_dialect
from openline.dialects.protocol import Dialect
from openline.dialects.registry import DEFAULT
from openline.events import (
    AbortRequested,
    Event,
    OpenRequested,
    SourceKind,
    StopRequested,
)
from openline.machine.actions import Actions
from openline.machine.chart import Chart
from openline.machine.checks import check_names
from openline.machine.handlers import HANDLERS, LocalProtocolError, on_timer
from openline.machine.observing import Observers
from openline.machine.relay import Relaying
from openline.machine.reports import announce, is_done, result, snapshot, statistics
from openline.machine.sender import next_message
from openline.machine.state import Plan
from openline.machine.suspension import NOTICED, note_suspension
from openline.machine.table import Transition, compile_chart, fire
from openline.machine.timers import OFF, TIMERS, Timer
from openline.observer import Observer
from openline.policy import Policy
from openline.snapshot import MachineOptions, Snapshot
from openline.updates import SAMPLE_RATE, State, Statistics, Transcript

__all__ = [
    "EVENTS",
    "EXTERNAL_EVENTS",
    "FINAL_STATES",
    "TABLE",
    "LocalProtocolError",
    "PastSource",
    "SessionMachine",
]

#: The events of the chart that an input or a message fires.
EXTERNAL_EVENTS: Final = frozenset(
    {
        *("open_requested", "stop_requested", "abort_requested", "network_restored"),
        *("credential_ready", "credential_failed", "socket_opened", "redirected"),
        *("redirect_refused", "socket_lost", "pong", "acked", "status", "backend_error", "refused"),
        *("transcript", "metrics", "proved", "ignored", "insight", "final_message", "expiring"),
    }
)
#: Every event of the chart: fired by an input, a message, or a timer.
EVENTS: Final = EXTERNAL_EVENTS | {timer.fires for timer in Timer if timer.fires is not None}
TABLE: Final = compile_chart(Chart, Actions, EVENTS)
#: Makes a function that fires the chart's events on a session's state (``SessionMachine``).
Interpreter: TypeAlias = Callable[[Any], Callable[[str], Transition | bool | None]]
FINAL_STATES: Final = frozenset({State.CLOSED, State.FAILED})

_REQUESTS: Final = (OpenRequested, StopRequested, AbortRequested)
_DEFAULT_POLICY: Final = Policy()
_NO_KINDS: Final[Mapping[str, SourceKind]] = MappingProxyType({})


class SessionMachine(Relaying[Actions]):
    """One session over any number of sockets. Pure: no I/O, no clock, no randomness.

    ``session_id`` and ``attempt_id`` are non-blank strings of at most 256 characters.
    ``sources`` are the names that audio may carry. ``random`` gives floats in [0, 1).
    ``has_provider``: the adapter can provide a (fresh) credential.
    ``may_pause``: the sources whose silence does not mean that they hang.
    ``kinds``: which sources are stores and which devices; the default is a device.
    ``disk_seconds``: audio per source that the adapter can keep on disk; 0: none.
    ``past`` and ``past_transcript``: the state of this session as an earlier process left it;
    its audio is fetched from disk, and the result contains its gaps and finals.
    ``observers`` are called as ``openline.observer`` describes. ``interpreter`` runs the chart in
    place of ``fire``: it is called once, with the session's state, and returns a function that
    takes the name of an event and returns the transition that ran, or True (observers then do
    not see which), or None or False. Tests and benchmarks use it to compare the compiled table
    with python-statemachine.
    Raises ValueError for ids, sources or a policy that cannot work, TypeError for a kind that
    is no SourceKind, and DialectError for an invalid dialect.
    """

    __slots__ = ()
    _pong_row = TABLE[State.STREAMING]["pong"][0]

    def __init__(
        self,
        backend: Backend,
        *,
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
        observers: Sequence[Observer] = (),
        interpreter: Interpreter | None = None,
    ) -> None:
        if dialect is not DEFAULT:
            check_dialect(dialect)
        policy.check_buffer(policy.lag_of(dialect.traits))
        check_names(session_id, attempt_id, sources, kinds, dialect)
        self._observers = watch = Observers(observers) if observers else None
        self._session = session = Actions(
            backend=backend,
            policy=policy,
            dialect=dialect,
            session_id=session_id,
            attempt_id=attempt_id,
            sources=sources,
            random=random if watch is None else watch.drawing(random),
            has_provider=has_provider,
            may_pause=may_pause,
            kinds=kinds,
            disk_samples=round(disk_seconds * SAMPLE_RATE),
        )
        self._lanes, self.wants_pull = {}, False
        self._interpret = None if interpreter is None else interpreter(session)
        session.restore(past, past_transcript)
        if watch is not None:
            options = MachineOptions(
                backend=backend,
                session_id=session_id,
                attempt_id=attempt_id,
                sources=tuple(sources),
                policy=policy,
                dialect=dialect,
                has_provider=has_provider,
                may_pause=tuple(sorted(may_pause)),
                kinds=dict(kinds),
                disk_seconds=disk_seconds,
                past=tuple(past),
                past_transcript=tuple(past_transcript),
            )
            watch.call(Observer.on_begin, options, self.snapshot)

    @property
    def state(self) -> State:
        """The present state."""
        return State(self._session.state)

    @property
    def ended(self) -> bool:
        """Whether the session is over: closed or failed."""
        return self._session.state in FINAL_STATES

    @property
    def dial(self) -> int:
        """The number of the last dial, from 1; 0 before the first."""
        return self._session.dial

    @property
    def transcript(self) -> tuple[Transcript, ...]:
        """The finals so far, in order of session time."""
        return self._session.timeline.finals

    @property
    def statistics(self) -> Statistics:
        """Counts so far."""
        return statistics(self._session)

    @property
    def backlog_seconds(self) -> float:
        """Seconds of audio captured and not confirmed, of the source that has most."""
        return self._session.streams.due_seconds

    def has_room(self, source: str) -> bool:
        """Whether ``source``, if it can wait, as a file can, should deliver more now."""
        return self._session.streams.has_room(source)

    @property
    def observer_errors(self) -> tuple[Exception, ...]:
        """What observers raised, in that order; each was dropped then (see ``Observer``)."""
        return () if self._observers is None else self._observers.errors

    def snapshot(self) -> Snapshot:
        """The session as it is now, as frozen data for tests, logs and tools."""
        return snapshot(self._session)

    def next_deadline(self) -> float | None:
        """When, on the clock of ``now``, a Tick is due if nothing else happens first; or None."""
        soonest = min(self._session.deadlines)
        return None if soonest == OFF else soonest

    def receive(self, event: Event, now: float) -> list[Command]:
        """Process ``event``, which happened or was noticed at ``now`` (seconds).

        Returns the commands to carry out, in order. Raises LocalProtocolError for an impossible
        request, ValueError if time ran backwards, and RuntimeError if an observer calls it.
        """
        self._shut_lanes()  # before an observer is called, so that one that relays is refused
        watch = self._observers
        if watch is None:
            return self._receive(event, now)
        watch.begin()
        watch.call_with(Observer.on_event, event, now)
        try:
            commands = self._receive(event, now)
        except Exception as exc:
            watch.call(Observer.on_error, exc, event, now)
            raise
        watch.call_with(Observer.on_done, event, now)
        return commands

    def next_message(self, now: float) -> Outgoing | None:
        """The message to send next, or None. A pull means that the last send has completed.

        Raises DialectError if the dialect fails, and RuntimeError if an observer calls it.
        """
        session, watch = self._session, self._observers
        self.wants_pull = False
        for lane in self._lanes.values():
            if lane.may_pull(now):
                return self._pull_by(lane, now)
        self._shut_lanes()
        if watch is not None:
            watch.begin()
        if now > session.now:
            session.now = now
        if watch is None:
            return next_message(session)
        try:
            outgoing = next_message(session)
        except Exception as exc:
            watch.call(Observer.on_error, exc, None, now)
            raise
        watch.call_for_pull(outgoing, now)
        return outgoing

    def _receive(self, event: Event, now: float) -> list[Command]:
        session = self._session
        if now < session.now:
            raise ValueError(f"time ran backwards, from {session.now} to {now}")
        session.now = now
        over = session.state in FINAL_STATES
        if now - session.soonest > NOTICED:  # as it was then: a pull may have moved it
            late = now - min(session.deadlines)
            if late > NOTICED:
                note_suspension(session, late)
        for name, plan in HANDLERS[type(event)](session, event):
            if not self._fire(name, plan):
                if isinstance(event, _REQUESTS):
                    raise LocalProtocolError(f"{name.replace('_', ' ')} while {session.state}")
                session.count_late()
        session.message = None  # it may be as long as a message can be
        deadlines = session.deadlines
        while (soonest := min(deadlines)) <= now:
            self._run_timer(TIMERS[deadlines.index(soonest)])
        session.soonest = soonest
        if session.streams.has_disk:
            session.fetch()
        commands = session.out
        if not commands:
            return []
        session.out = []
        if over:  # the result was the last update: a later event is only counted
            return []
        if self._observers is not None:
            self._observers.show(commands, now)
        return commands

    def _run_timer(self, timer: Timer) -> None:
        """``timer`` is due: fire its events."""
        session, watch = self._session, self._observers
        session.deadlines[timer] = OFF
        if watch is not None:
            watch.show(session.out, session.now)
            watch.call(Observer.on_timer, timer, session.now)
        for name, plan in on_timer(session, timer):
            self._fire(name, plan)

    def _fire(self, event: str, plan: Plan | None) -> bool:
        """Fire one event of the chart; False if no row of it runs.

        A plan is made only where the chart has a row for the event, and before any guard reads
        it: a late ending is never judged. The report of a new state goes ahead of the commands
        that the transition caused.
        """
        session, watch = self._session, self._observers
        if watch is not None and session.state not in FINAL_STATES:
            watch.show(session.out, session.now)
        before, mark = session.state, len(session.out)
        if plan is not None and event in TABLE[before]:
            session.make_plan(plan)
            verdict = session.retry.verdict
            if watch is not None and plan.ending is not None and verdict is not None:
                watch.call(Observer.on_verdict, verdict, session.now)
        ran = fire(TABLE, session, event) if self._interpret is None else self._interpret(event)
        if not ran:
            return False
        if session.state != before:
            state = State(session.state)
            session.out.insert(mark, Report(announce(session, state)))
            if state in FINAL_STATES:
                ended = result(session, state)
                session.report(ended)
                if session.streams.has_disk and is_done(session, ended):
                    session.out.append(DiscardStore())
        if watch is not None and isinstance(ran, Transition):
            watch.call(Observer.on_transition, ran, session.now)
        return True
