"""The oracle: what any correct core may do, stated without looking inside it.

A ``World`` stands between a session and whoever drives it. It sees what happened, what was
commanded and what was pulled, and holds them against ``LAWS``. It knows the policy, the
dialect and the calendar, not the chart: all that it asks of a connection is what every
caller may ask.

    world = World(policy, dialect, sources=("mic",))
    commands = world.receive(connection, event, now)    # instead of connection.receive
    outgoing = world.pull(connection, now)              # instead of connection.next_message

Whatever breaks a law raises ``LawBroken``. One World watches one session, from its first
event on. It believes that the caller keeps time: that its clock does not run back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, Protocol

from msgspec.structs import replace

from openline.commands import (
    CloseSource,
    Command,
    DiscardStore,
    FetchAudio,
    Outgoing,
    Report,
    SendPing,
    StoreAudio,
    StoreConfirmed,
    StoreFinal,
    StoreGap,
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
from openline_testing.dialing import Dialing
from openline_testing.flow import WindowLaws
from openline_testing.hearing import SourceLaws
from openline_testing.laws import SLACK, broken
from openline_testing.patience import Patience
from openline_testing.seen import OVER, Observation
from openline_testing.sending import Sending
from openline_testing.words import TranscriptLaws

_S: Final = State
#: Where a session may go from each state.
WAYS: Final[Mapping[State, frozenset[State]]] = {
    _S.IDLE: frozenset({_S.AUTHORIZING, _S.CONNECTING, _S.CLOSED}),
    _S.AUTHORIZING: frozenset({_S.CONNECTING, _S.RECONNECTING, *OVER}),
    _S.CONNECTING: frozenset({_S.AWAITING_ACK, _S.RECONNECTING, *OVER}),
    _S.AWAITING_ACK: frozenset({_S.STREAMING, _S.FINISHING, _S.RECONNECTING, *OVER}),
    _S.STREAMING: frozenset({_S.FINISHING, _S.RECONNECTING, *OVER}),
    _S.RECONNECTING: frozenset({_S.AUTHORIZING, _S.CONNECTING, *OVER}),
    _S.FINISHING: frozenset({_S.CLOSING, _S.RECONNECTING, *OVER}),
    _S.CLOSING: frozenset({_S.CLOSED}),
    _S.CLOSED: frozenset(),
    _S.FAILED: frozenset(),
}
#: What must have been seen in each state: is a dial out, open, acked; is a request out; has
#: the final message come. None: either.
_FITS: Final[Mapping[State, tuple[bool | None, ...]]] = {
    _S.IDLE: (False, None, None, False, False),
    _S.AUTHORIZING: (False, None, None, True, False),
    _S.CONNECTING: (True, False, False, False, False),
    _S.AWAITING_ACK: (True, True, False, False, False),
    _S.STREAMING: (True, True, True, False, False),
    _S.RECONNECTING: (False, None, None, False, False),
    _S.FINISHING: (True, True, True, False, False),
    _S.CLOSING: (True, True, True, False, True),
    _S.CLOSED: (False, None, None, False, None),
    _S.FAILED: (False, None, None, False, False),
}
_FIT_LAWS: Final = (  # of each: that it is so, that it is not, and the law about it
    ("a dial is out", "no dial is out", "told as it is"),
    ("a socket is open", "no socket is open", "told as it is"),
    ("its start was acked", "no start was acked", "the ack opens"),
    ("a request is out", "no request is out", "told as it is"),
    ("the final message came", "no final message came", "the final message"),
)
_DISK: Final = (StoreAudio, StoreConfirmed, StoreFinal, StoreGap, FetchAudio, DiscardStore)


class Session(Protocol):
    """What a World asks of a connection: the public face of ``openline.SessionMachine``."""

    @property
    def state(self) -> State: ...  # noqa: D102 (each is described on Connection)
    @property
    def ended(self) -> bool: ...  # noqa: D102 (as state)
    @property
    def statistics(self) -> Statistics: ...  # noqa: D102 (as state)
    @property
    def backlog_seconds(self) -> float: ...  # noqa: D102 (as state)
    def next_deadline(self) -> float | None: ...  # noqa: D102 (as state)
    def receive(self, event: Event, now: float) -> list[Command]: ...  # noqa: D102 (as state)
    def next_message(self, now: float) -> Outgoing | None: ...  # noqa: D102 (as state)


class World:
    """Watches one session; the arguments are those that its connection was made with.

    The connection has no past of an earlier process. Raises DialectError for a dialect that
    is none, and from ``receive`` and ``pull`` LawBroken and what the connection itself raises.
    """

    __slots__ = ("_dialing", "_flow", "_hearing", "_patience", "_seen", "_sending", "_words")

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
        self._flow = WindowLaws(seen)
        self._words = TranscriptLaws(seen)
        self._hearing = SourceLaws(seen, may_pause)

    @property
    def seen(self) -> Observation:
        """What was seen so far: the live dial, its ids, the request that is out."""
        return self._seen

    def receive(self, connection: Session, event: Event, now: float) -> list[Command]:
        """Tell ``connection`` of ``event`` and hold what it does to the laws.

        Returns its commands. Raises LawBroken, and LocalProtocolError if the connection
        rightly refused ``event``: then nothing has happened, and the caller may go on.
        """
        seen = self._seen
        deadline, state, dial = connection.next_deadline(), connection.state, seen.live
        on_time = deadline is None or deadline > now
        late = seen.is_late(event)
        possible = seen.is_possible(event)
        foreign = seen.is_foreign(event)
        figures = connection.statistics if late or foreign or not possible else None
        due = connection.backlog_seconds
        seen.now = now
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
        seen.happened(event, now, due)
        self._patience.happened()
        self._words.happened()
        self._hearing.happened()
        if self._flow.is_new:
            self._flow.opens(connection.statistics.sources)
        self._flow.happened()
        for command in commands:
            self._commanded(command, due)
        if on_time and figures is not None and (late or foreign):
            self._unheeded(connection, commands, (state, deadline, figures), late=late)
        if seen.ruling is not None and dial is not None and seen.live == dial:
            broken("refused on arrival", f"dial {dial} is still out", now)
        if isinstance(event, AbortRequested) and seen.state is not State.CLOSED:
            broken("abort is now", f"it is {seen.state} after an abort", now)
        if seen.stop_wanted and not seen.stopping:
            self._stopped(state, due)
        self.rest(connection)
        return commands

    def pull(self, connection: Session, now: float) -> Outgoing | None:
        """Pull what ``connection`` sends next, the last send having completed.

        Returns it, None if there is nothing. Raises LawBroken.
        """
        self._seen.now = now
        outgoing = self._sending.asked(connection.next_message)
        if outgoing is None:
            figures = connection.statistics.sources
            self._words.measure(figures)
            self._sending.rested(figures)
            if self._sending.is_open and not self._sending.spooled:
                self._flow.rested(figures)
        elif self._sending.pulled(outgoing):
            if isinstance(outgoing, SendPing):
                self._flow.pinged(outgoing.mark)
            else:
                self._flow.pulled(outgoing, connection.statistics.sources)
        return outgoing

    def rest(self, connection: Session) -> None:
        """Hold a connection that rests to the laws; ``receive`` has done so already."""
        seen, now = self._seen, self._seen.now
        state = seen.state
        if connection.state is not state:
            broken("told as it is", f"it is {connection.state}, and {state} was told", now)
        if connection.ended != (seen.ended is not None) or (state in OVER) != connection.ended:
            told = "was told" if seen.ended else "was not told"
            broken("one end", f"{state}, and the result {told}", now)
        self._fits(state)
        self._sending.rest()
        self._patience.rest()
        self._words.rest()
        if self._words.hears:
            self._words.measure(connection.statistics.sources)
        self._hearing.rest(connection.backlog_seconds)
        deadline = connection.next_deadline()
        if state is _S.IDLE or state in OVER:
            if deadline is not None:
                broken("silence ends", f"{state} waits for something", now)
            return
        if deadline is None:
            broken("silence ends", f"{state} waits for nothing", now)
        if deadline <= now:
            broken("no deadline in the past", f"{now - deadline:.3f} s ago", now)
        for limit, law in self._limits(state):
            if deadline > limit + SLACK:
                broken(law, f"{state} is left alone {deadline - limit:.3f} s too long", now)

    def _unheeded(
        self,
        connection: Session,
        commands: Sequence[Command],
        before: tuple[State, float | None, Statistics],
        *,
        late: bool,
    ) -> None:
        """What came is not for this session as it is now: it is counted, and that is all."""
        state, deadline, figures = before
        if late:
            law, figures = "late facts", replace(figures, late=figures.late + 1)
        else:  # any frame proves that the backend lives, which may move a deadline
            law, figures = "messages of others", replace(figures, foreign=figures.foreign + 1)
            deadline = connection.next_deadline()
        done = [_name(each) for each in commands if not _is_overdue(each, remark=not late)]
        after = connection.state, connection.next_deadline(), connection.statistics
        pairs = zip((state, deadline, figures), after, strict=True)
        done += [f"{b} became {a}" for b, a in pairs if a != b]
        if done:
            broken(law, f"{_name(self._seen.event)} while {state}: {done}", self._seen.now)

    def _fits(self, state: State) -> None:
        seen = self._seen
        is_so = (
            seen.live is not None,
            seen.connection_id is not None,
            seen.acked,
            seen.request is not None,
            seen.finished,
        )
        for have, want, (what, other, law) in zip(is_so, _FITS[state], _FIT_LAWS, strict=True):
            if want is not None and have is not want:
                broken(law, f"{state}, though {what if have else other}", seen.now)

    def _limits(self, state: State) -> list[tuple[float, str]]:
        """The latest times for which this state may wait, and the law that says so."""
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
                limits.append((seen.retry_at, "the wait"))
            case State.CLOSING:
                limits.append((seen.since + policy.close_timeout, "finish in time"))
            case _:
                heard = seen.heard_at + policy.ping_interval + policy.pong_timeout
                limits.append((seen.aheard or heard, "a dead line is noticed"))
                limits.append((self._flow.stalls_at, "a backend that stalls"))
                if seen.pulled_at is not None:
                    sent = seen.pulled_at + policy.send_timeout
                    limits.append((sent, "a dead line is noticed"))
        if state is not State.CLOSING:
            limits.append((self._hearing.silent_by, "a source that hangs"))
        if seen.stop_wanted and state is not State.CLOSING:
            limits.append((seen.finish_by, "finish in time"))
        gives_up = self._patience.gives_up_at
        if gives_up is not None and state not in {_S.STREAMING, _S.FINISHING, _S.CLOSING}:
            limits.append((gives_up, "patience"))
        return limits

    def _stopped(self, state: State, due: float) -> None:
        seen = self._seen
        asleep = state is _S.IDLE and isinstance(seen.event, StopRequested)
        nowhere = state not in {_S.STREAMING, _S.FINISHING, _S.CLOSING} and not due
        if seen.state not in OVER and (asleep or nowhere):
            broken("stop wins", f"it is {seen.state} after a stop, nothing being due", seen.now)

    def _commanded(self, command: Command, due: float) -> None:
        seen = self._seen
        if seen.ended is not None:
            broken("one end", f"{_name(command)} after the result", seen.now)
        if isinstance(command, _DISK):
            self._sending.spooled = True
        elif isinstance(command, CloseSource):
            self._hearing.commanded(command)
        elif not isinstance(command, Report):
            self._dialing.commanded(command, due)
        elif isinstance(command.update, StateChanged):
            self._changes(command.update)
        elif isinstance(command.update, SourceEnded):
            self._hearing.told(command.update, due)
        elif isinstance(command.update, Ended):
            self._words.ends(command.update, self._hearing.broke_off)
            seen.ended = command.update
        else:
            self._words.told(command.update)
            if isinstance(command.update, Transcript):
                self._patience.heard(command.update)

    def _changes(self, update: StateChanged) -> None:
        seen, state = self._seen, update.state
        if state not in WAYS[seen.state]:
            broken("the way", f"from {seen.state} to {state}", seen.now)
        if state is State.STREAMING and seen.stop_wanted:
            broken("stop wins", "it streams after a stop", seen.now)
        self._patience.told(update)
        seen.state, seen.since = state, seen.now


def _is_overdue(command: Command, *, remark: bool) -> bool:
    """Whether it may be owed to an earlier pull or proof; or to be a mere ``remark``."""
    if isinstance(command, Report):
        return isinstance(command.update, Gap) or (remark and isinstance(command.update, Trouble))
    return isinstance(command, _DISK)


def _name(what: Any) -> str:
    return type(what).__name__
