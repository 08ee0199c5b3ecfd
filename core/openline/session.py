"""The face of the core: events in, commands out, and one ordered pull.

    commands = connection.receive(event, now)     # whenever anything happens
    deadline = connection.next_deadline()         # then wait no longer than this
    outgoing = connection.next_message(now)       # whenever the last send completed

``receive`` stores the fact, fires the chart's events that it means (having made the plan
that a loss leads to), then runs the timers that are due: so a pong that is delivered
late still beats its deadline. What the chart has no row for is late: it is counted and
changes nothing. An impossible request of the app raises ``LocalProtocolError`` and
changes nothing either. Time is whatever clock the caller uses, in seconds, as long as
it never runs back.

``next_message`` is all that ever goes over the wire, in order: the start, pings, audio
as the windows allow, the stop. Pull again when the send has completed; after None, pull
again after every ``receive`` and at ``next_deadline``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Final, cast

from openline.audio.streams import PastSource
from openline.backend import Backend
from openline.commands import Command, DiscardStore, Outgoing, Report
from openline.dialects.checking import check_dialect
from openline.dialects.protocol import Dialect
from openline.dialects.registry import DEFAULT
from openline.events import AbortRequested, Event, OpenRequested, SourceKind, StopRequested
from openline.machine.actions import Actions
from openline.machine.chart import Chart
from openline.machine.handlers import HANDLERS, LocalProtocolError, on_timer
from openline.machine.reports import announce, is_done, result, statistics
from openline.machine.sender import next_message
from openline.machine.table import compile_chart, fire
from openline.machine.timers import FIRES, OFF, Timer
from openline.policy import Policy
from openline.updates import SAMPLE_RATE, State, Statistics, Transcript

__all__ = [
    "EVENTS",
    "FACTS",
    "FINAL_STATES",
    "TABLE",
    "LocalProtocolError",
    "PastSource",
    "SessionMachine",
]

#: The events of the chart that a fact or a message fires.
FACTS: Final = frozenset(
    {
        *("open_requested", "stop_requested", "abort_requested", "network_restored"),
        *("credential_ready", "credential_failed", "socket_opened", "redirected"),
        *("socket_lost", "pong", "acked", "status", "remark", "refused"),
        *("heard", "measured", "noticed", "final_message"),
    }
)
#: Every event of the chart: fired by a fact, a message, or a timer.
EVENTS: Final = FACTS | {name for name in FIRES.values() if name is not None}
TABLE: Final = compile_chart(Chart, Actions, EVENTS)
FINAL_STATES: Final = frozenset({State.CLOSED, State.FAILED})

_REQUESTS: Final = (OpenRequested, StopRequested, AbortRequested)
_DEFAULT_POLICY: Final = Policy()
_NO_KINDS: Final[Mapping[str, SourceKind]] = MappingProxyType({})
#: The contract's limit on ids.
_ID_LENGTH: Final = 256


class SessionMachine:
    """One session over any number of sockets. Pure: no I/O, no clock, no randomness.

    ``session_id`` and ``attempt_id`` are non-blank strings of at most 256 characters.
    ``sources`` are the names that audio may carry. ``random`` gives floats in [0, 1).
    ``has_provider``: the adapter can be asked for a (fresh) credential.
    ``may_pause``: the sources whose silence is no sign that they hang.
    ``kinds``: which sources are stores and which devices; one that is not named is a device.
    ``disk_seconds``: audio per source that the adapter can keep on disk; 0: none.
    ``past`` and ``past_transcript``: what an earlier process left of this session; its
    audio is fetched from disk, and its gaps and finals stand in the result.
    Raises ValueError for ids, sources or a policy that cannot work, TypeError for a kind that
    is no SourceKind, and DialectError for a dialect that is none. ``next_message`` raises
    DialectError if the dialect returns neither text nor bytes.
    """

    __slots__ = ("_link",)

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
    ) -> None:
        if dialect is not DEFAULT:
            check_dialect(dialect)
        policy.check_buffer(dialect.traits.horizon)
        for name, value in (("session_id", session_id), ("attempt_id", attempt_id)):
            if not value.strip() or len(value) > _ID_LENGTH:
                raise ValueError(
                    f"{name}: give a non-blank text of at most {_ID_LENGTH} characters"
                )
        known = dialect.traits.sources
        if not sources or len(set(sources)) < len(sources) or not {*sources} <= {*known}:
            raise ValueError(f"sources {list(sources)}: give some of {list(known)}, once")
        if unknown := {*kinds} - {*sources}:
            raise ValueError(f"kinds: {min(unknown)!r} is no source of this session: leave it out")
        for name, kind in kinds.items():
            if not isinstance(cast("object", kind), SourceKind):
                raise TypeError(
                    f"the kind of source {name!r} is {type(kind).__name__}: give a SourceKind"
                )
        self._link = Actions(
            backend=backend,
            policy=policy,
            dialect=dialect,
            session_id=session_id,
            attempt_id=attempt_id,
            sources=sources,
            random=random,
            has_provider=has_provider,
            may_pause=may_pause,
            kinds=kinds,
            disk_samples=round(disk_seconds * SAMPLE_RATE),
        )
        for source in past:
            self._link.streams.restore(source)
            self._link.spooled = True
        self._link.timeline.restore(past_transcript)

    @property
    def state(self) -> State:
        """Where the session stands."""
        return State(self._link.state)

    @property
    def ended(self) -> bool:
        """Whether the session is over for good."""
        return self._link.state in FINAL_STATES

    @property
    def dial(self) -> int:
        """The number of the last dial, from 1; 0 before the first."""
        return self._link.dial

    @property
    def transcript(self) -> tuple[Transcript, ...]:
        """The finals so far, in order of session time."""
        return self._link.timeline.finals

    @property
    def statistics(self) -> Statistics:
        """Counts so far."""
        return statistics(self._link)

    @property
    def backlog_seconds(self) -> float:
        """Seconds of audio captured and not confirmed, of the source that has most."""
        return self._link.streams.due_seconds

    @property
    def has_room(self) -> bool:
        """Whether a source that can wait, such as a file, should deliver more now."""
        return self._link.streams.has_room

    def next_deadline(self) -> float | None:
        """When, on the clock of ``now``, a Tick is due if nothing else happens first; or None."""
        soonest = min(self._link.deadlines)
        return None if soonest == OFF else soonest

    def receive(self, event: Event, now: float) -> list[Command]:
        """Take in ``event``, which happened or was noticed at ``now`` (seconds).

        Returns what to do, in order. Raises LocalProtocolError for an impossible request
        and ValueError if time ran backwards.
        """
        session = self._link
        if now < session.now:
            raise ValueError(f"time ran backwards, from {session.now} to {now}")
        session.now = now
        over = session.state in FINAL_STATES
        for name in HANDLERS[type(event)](session, event):
            if not self._fire(name):
                if isinstance(event, _REQUESTS):
                    raise LocalProtocolError(f"{name.replace('_', ' ')} while {session.state}")
                session.count_late()
        session.message = None  # it may be as long as a message can be
        deadlines = session.deadlines
        while (soonest := min(deadlines)) <= now:
            timer = Timer(deadlines.index(soonest))
            deadlines[timer] = OFF
            due = on_timer(session, timer)
            if due is not None:
                self._fire(due)
        if session.streams.has_disk:
            session.fetch()
        commands = session.out
        if not commands:
            return []
        session.out = []
        # The result was the last word: what comes later is counted and no more is said.
        return [] if over else commands

    def next_message(self, now: float) -> Outgoing | None:
        """What to send next, or None. Pulling says that the last send has completed."""
        session = self._link
        if now > session.now:
            session.now = now
        return next_message(session)

    def _fire(self, event: str) -> bool:
        """Fire one event of the chart; tell of a new state ahead of what it caused."""
        session = self._link
        before, mark = session.state, len(session.out)
        plan, session.planning = session.planning, None
        if plan is not None and event in TABLE[before]:
            plan()
        if not self._step(event):
            return False
        if session.state != before:
            state = State(session.state)
            session.out.insert(mark, Report(announce(session, state)))
            if state in FINAL_STATES:
                ended = result(session, state)
                session.report(ended)
                if session.streams.has_disk and is_done(ended):
                    session.out.append(DiscardStore())
        return True

    def _step(self, event: str) -> bool:
        """One step of the machine: the seam for whoever interprets the chart instead."""
        return fire(TABLE, self._link, event)
