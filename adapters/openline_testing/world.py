"""The oracle: what any correct core may do, stated without looking inside it.

A ``World`` stands between a session and its driver. It observes the events, the commands
and the pulled messages, and checks them against ``LAWS``. It has the policy, the dialect
and the times, but not the chart. It uses only the public interface of a session.

    world = World(policy, dialect, sources=("mic",))
    commands = world.receive(connection, event, now)    # instead of connection.receive
    outgoing = world.pull(connection, now)              # instead of connection.next_message

A broken law raises ``LawBroken``. One World observes one session, from its first event on.
It relies on a caller whose clock does not run back.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Protocol

from msgspec.structs import replace

from openline.commands import (
    CloseSource,
    Command,
    DiscardStore,
    Outgoing,
    Report,
)
from openline.dialects.protocol import Dialect
from openline.events import AbortRequested, Event, StopRequested
from openline.machine.handlers import LocalProtocolError
from openline.policy import Policy
from openline.updates import (
    Ended,
    Gap,
    SourceEnded,
    State,
    StateChanged,
    Statistics,
    Transcript,
    Trouble,
)
from openline_testing.delivery import Delivery
from openline_testing.dialing import Dialing
from openline_testing.laws import SLACK, broken
from openline_testing.observation import OVER, Observation
from openline_testing.patience import Patience
from openline_testing.sending import DISK, Sending
from openline_testing.source_laws import SourceLaws
from openline_testing.states import WAYS, fits, is_possible
from openline_testing.suspensions import Suspensions


class Session(Protocol):
    """The interface that a World uses: the public one of ``openline.SessionMachine``."""

    @property
    def state(self) -> State: ...  # noqa: D102  # each is described on SessionMachine
    @property
    def ended(self) -> bool: ...  # noqa: D102  # as state
    @property
    def statistics(self) -> Statistics: ...  # noqa: D102  # as state
    @property
    def backlog_seconds(self) -> float: ...  # noqa: D102  # as state
    def next_deadline(self) -> float | None: ...  # noqa: D102  # as state
    def receive(self, event: Event, now: float) -> list[Command]: ...  # noqa: D102  # as state
    def next_message(self, now: float) -> Outgoing | None: ...  # noqa: D102  # as state


class World:
    """Observes one session; the arguments are those of its constructor.

    The session has no past of an earlier process. Raises DialectError for an invalid
    dialect, and from ``receive`` and ``pull`` LawBroken and the session's own exceptions.
    """

    __slots__ = (
        "_delivery",
        "_dialing",
        "_patience",
        "_seen",
        "_sending",
        "_sources",
        "_suspensions",
    )

    def __init__(
        self,
        policy: Policy,
        dialect: Dialect,
        *,
        sources: Sequence[str] = ("mic",),
        session_id: str = "session",
        attempt_id: str = "attempt",
        has_provider: bool = False,
        may_pause: Collection[str] = (),
    ) -> None:
        self._seen = seen = Observation(
            policy, dialect, sources, session_id, attempt_id, has_provider=has_provider
        )
        self._dialing = Dialing(seen)
        self._patience = Patience(seen, self._dialing)
        self._sending = Sending(seen)
        self._delivery = Delivery(seen)
        self._sources = SourceLaws(seen, may_pause)
        self._suspensions = Suspensions(seen)

    @property
    def seen(self) -> Observation:
        """The observations so far: the live dial, its ids, the request that is out."""
        return self._seen

    def receive(self, connection: Session, event: Event, now: float) -> list[Command]:
        """Feed ``event`` to ``connection`` and check its commands against the laws.

        Returns the commands. Raises LawBroken, and LocalProtocolError if the session
        rightly refused ``event``: then nothing has happened, and the caller may go on.
        """
        seen = self._seen
        deadline, state, dial = connection.next_deadline(), connection.state, seen.live
        on_time = deadline is None or deadline > now
        late = seen.is_late(event)
        possible = is_possible(seen, event)
        foreign = seen.is_foreign(event)
        figures = connection.statistics if late or foreign or not possible else None
        due = connection.backlog_seconds
        seen.now = now
        if possible:
            self._resumes(deadline)
        try:
            commands = connection.receive(event, now)
        except LocalProtocolError:
            if possible:
                broken("impossible requests", f"{_name(event)} while {state} was refused", now)
            after = connection.state, connection.next_deadline(), connection.statistics
            if after != (state, deadline, figures):
                broken("impossible requests", f"{_name(event)} changed something", now)
            raise
        if not possible:
            broken("impossible requests", f"{_name(event)} while {state} was taken", now)
        seen.happened(event, now)
        self._delivery.happened(connection.statistics)
        self._patience.happened()
        self._sources.happened()
        for command in commands:
            self._commanded(command, due)
        if on_time and figures is not None and (late or foreign):
            self._ignored(connection, commands, (state, deadline, figures), late=late)
        if seen.ruling is not None and dial is not None and seen.live == dial:
            broken("refused on arrival", f"dial {dial} is still out", now)
        if isinstance(event, AbortRequested) and seen.state is not State.CLOSED:
            broken("abort is now", f"it is {seen.state} after an abort", now)
        if seen.stop_wanted and not seen.stopping:
            self._stopped(state, due)
        self._delivery.settle()
        self.rest(connection)
        self._suspensions.ends(commands, connection.next_deadline())
        return commands

    def _resumes(self, deadline: float | None) -> None:
        """An event comes after ``deadline``: was the process suspended?"""
        gap = self._suspensions.comes(deadline, self._seen.now)
        for part in (self._patience, self._delivery, self._sources) if gap else ():
            part.suspended(gap)

    def pull(self, connection: Session, now: float) -> Outgoing | None:
        """Pull the next message of ``connection``, the last send having completed.

        Returns it, or None if there is none. Raises LawBroken.
        """
        self._seen.now = now
        outgoing = self._sending.asked(connection.next_message)
        if outgoing is None:
            figures = connection.statistics
            self._sending.rested(figures.sources, self._delivery.window)
            self._delivery.rested(figures, spooled=self._sending.spooled)
        elif self._sending.pulled(outgoing):
            self._delivery.pulled(outgoing, connection.statistics)
        return outgoing

    def rest(self, connection: Session) -> None:
        """Check a session that rests against the laws; ``receive`` has done so already."""
        seen, now = self._seen, self._seen.now
        state = seen.state
        if connection.state is not state:
            broken("state fits", f"it is {connection.state}, and {state} was reported", now)
        if connection.ended != (seen.ended is not None) or (state in OVER) != connection.ended:
            result = "was reported" if seen.ended else "was not reported"
            broken("one end", f"{state}, and the result {result}", now)
        fits(seen)
        self._sending.rest()
        self._patience.rest()
        self._delivery.rest(lambda: connection.statistics)
        self._sources.rest(connection.backlog_seconds)
        deadline = connection.next_deadline()
        if state is State.IDLE or state in OVER:
            if deadline is not None:
                broken("silence ends", f"{state} has a deadline", now)
            return
        if deadline is None:
            broken("silence ends", f"{state} has no deadline", now)
        if deadline <= now:
            broken("no deadline in the past", f"{now - deadline:.3f} s ago", now)
        for limit, law in self._limits(state):
            if deadline > limit + SLACK:
                broken(law, f"{state} is left alone {deadline - limit:.3f} s too long", now)

    def _ignored(
        self,
        connection: Session,
        commands: Sequence[Command],
        before: tuple[State, float | None, Statistics],
        *,
        late: bool,
    ) -> None:
        """A late or foreign event must change nothing but its counter."""
        state, deadline, figures = before
        if late:
            law, figures = "late events", replace(figures, late=figures.late + 1)
        else:  # any frame is a sign of life, which may move a deadline
            law, figures = "foreign messages", replace(figures, foreign=figures.foreign + 1)
            deadline = connection.next_deadline()
        done = [_name(each) for each in commands if not _is_overdue(each, remark=not late)]
        after = connection.state, connection.next_deadline(), connection.statistics
        pairs = zip((state, deadline, figures), after, strict=True)
        done += [f"{b} became {a}" for b, a in pairs if a != b]
        if done:
            broken(law, f"{_name(self._seen.event)} while {state}: {done}", self._seen.now)

    def _limits(self, state: State) -> list[tuple[float, str]]:
        """The latest times at which this state must be left, each with its law."""
        seen, policy = self._seen, self._seen.policy
        limits: list[tuple[float, str]] = []
        match state:
            case State.AUTHORIZING:
                limits.append((seen.requested_at + policy.auth_timeout, "silence ends"))
            case State.CONNECTING:
                limits.append((seen.since + policy.connect_timeout, "silence ends"))
            case State.AWAITING_ACK if seen.settled_at is None:
                limits.append((seen.dialled_at + seen.start_delay, "the start"))
            case State.AWAITING_ACK:
                limits.append(((seen.settled_at or 0) + policy.ack_timeout, "silence ends"))
            case State.RECONNECTING:
                limits.append((seen.retry_at, "the delay"))
            case State.CLOSING:
                limits.append((seen.since + policy.close_timeout, "finish in time"))
            case _:
                silent_by = seen.received_at + policy.ping_interval + policy.pong_timeout
                limits.append((seen.pong_due or silent_by, "a dead line is left"))
                limits += self._delivery.limits
                if seen.pulled_at is not None:
                    sent = seen.pulled_at + policy.send_timeout
                    limits.append((sent, "a dead line is left"))
        if state is not State.CLOSING:
            limits.append((self._sources.silent_by, "a source that hangs"))
        if seen.stop_wanted and state is not State.CLOSING:
            limits.append((seen.finish_by, "finish in time"))
        gives_up = self._patience.gives_up_at
        if gives_up is not None and state not in {State.STREAMING, State.FINISHING, State.CLOSING}:
            limits.append((gives_up, "patience"))
        return limits

    def _stopped(self, state: State, due: float) -> None:
        seen = self._seen
        asleep = state is State.IDLE and isinstance(seen.event, StopRequested)
        nowhere = state not in {State.STREAMING, State.FINISHING, State.CLOSING} and not due
        if seen.state not in OVER and (asleep or nowhere):
            broken("stop wins", f"it is {seen.state} after a stop, nothing being due", seen.now)

    def _commanded(self, command: Command, due: float) -> None:
        seen = self._seen
        if seen.ended is not None and not isinstance(command, DiscardStore):
            broken("one end", f"{_name(command)} after the result", seen.now)
        if isinstance(command, DISK):
            self._sending.spooled = True
        elif isinstance(command, CloseSource):
            self._sources.commanded(command)
        elif not isinstance(command, Report):
            self._dialing.commanded(command, due)
        elif isinstance(command.update, StateChanged):
            self._changes(command.update)
        elif isinstance(command.update, SourceEnded):
            self._sources.reported(command.update)
            self._delivery.finishing.happened()  # it may have been the last one
        elif isinstance(command.update, Ended):
            self._delivery.ends(command.update, self._sources.broke_off)
            seen.ended = command.update
        else:
            self._delivery.reported(command.update)
            if isinstance(command.update, Transcript):
                self._patience.transcribed(command.update)

    def _changes(self, update: StateChanged) -> None:
        seen, state = self._seen, update.state
        if state not in WAYS[seen.state]:
            broken("transitions", f"from {seen.state} to {state}", seen.now)
        if state is State.STREAMING and seen.stop_wanted:
            broken("stop wins", "it streams after a stop", seen.now)
        self._patience.reported(update)
        seen.state = state
        seen.since = seen.held_since = seen.now


def _is_overdue(command: Command, *, remark: bool) -> bool:
    """Whether an earlier pull or confirmation may have caused it; or it is a mere ``remark``."""
    if isinstance(command, Report):
        return isinstance(command.update, Gap) or (remark and isinstance(command.update, Trouble))
    return isinstance(command, DISK)


def _name(what: Any) -> str:
    return type(what).__name__
