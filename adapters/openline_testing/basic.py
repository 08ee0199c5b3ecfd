"""The basic laws: those that need to know nothing of a dialect but its traits.

A ``World`` predicts what a session says and sends, for the one kind of backend that ``scope``
describes. A ``BasicWorld`` stands in its place where the dialect is of another kind: it opens its
line without a reply, replaces its dials, proves by counts, remembers something. It knows neither
what a message says nor what one means, so it checks only what holds whatever is said:

- dials, requests for a credential, reports and states come in turn, and the gate is kept;
- late events change nothing, and impossible requests raise;
- audio flows on an open line alone, and none while a dial is replaced;
- watermarks are ordered and do not fall, a final is told once, and the accounts add up;
- a state that is not final has a deadline ahead, so that time alone ends it (``proofs``).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any, Final

from msgspec.structs import replace

from openline.commands import (
    AbortSocket,
    CancelCredential,
    CloseSocket,
    Command,
    OpenSocket,
    Outgoing,
    Report,
    RequestCredential,
    SendPing,
)
from openline.dialects.checking import DialectError, check_dialect
from openline.dialects.protocol import Dialect
from openline.events import (
    AbortRequested,
    CredentialFailed,
    CredentialReady,
    Event,
    MessageReceived,
    OpenRequested,
    PongReceived,
    Redirected,
    SocketLost,
    SocketOpened,
)
from openline.machine.handlers import LocalProtocolError
from openline.policy import Policy
from openline.updates import Ended, SourceStatistics, State, StateChanged, Transcript, Update
from openline_testing.dialing import MINUTE
from openline_testing.laws import GRACE, SLACK, broken
from openline_testing.observation import OVER
from openline_testing.sending import MARK_LIMIT
from openline_testing.states import WAYS, is_possible
from openline_testing.world import Session

#: The states in which a dial is out, and those in which audio flows.
_OUT: Final = frozenset(
    {
        *(State.CONNECTING, State.AWAITING_ACK, State.STREAMING, State.DRAINING),
        *(State.FINISHING, State.CLOSING),
    }
)
_FLOWS: Final = frozenset({State.STREAMING, State.FINISHING})


class Seen:
    """What a ``BasicWorld`` has observed: the state, the dial and the request that are out."""

    __slots__ = (
        *("dial", "ended", "finals", "live", "request", "requested"),
        *("since", "sources", "state", "stopped"),
    )

    def __init__(self, sources: Sequence[str]) -> None:
        self.sources = tuple(sources)
        self.state = State.IDLE
        self.since = 0.0
        self.live: int | None = None
        self.dial: int = 0
        self.request: int | None = None
        self.requested: int = 0
        self.stopped = False
        self.finals: set[str] = set()  # their ids
        self.ended: Ended | None = None

    def is_late(self, event: Event) -> bool:
        """Whether ``event`` is about a dial or request that is no longer out."""
        match event:
            case CredentialReady(request) | CredentialFailed(request):
                return request != self.request
            case SocketOpened() | Redirected() | MessageReceived() | PongReceived() | SocketLost():
                return event.dial != self.live
            case _:
                return False


class BasicWorld:
    """Observes one session by the basic laws; its interface is that of ``World``.

    ``seen`` is what was observed. Raises as a ``World`` does.
    """

    __slots__ = ("_dialect", "_figures", "_now", "_passes", "_policy", "seen")

    def __init__(
        self,
        policy: Policy,
        dialect: Dialect,
        *,
        sources: Sequence[str] = ("mic",),
        session_id: str = "session",  # noqa: ARG002  # as a World has them
        attempt_id: str = "attempt",  # noqa: ARG002  # what the machine takes
        has_provider: bool = False,  # noqa: ARG002  # what the machine takes
        may_pause: Collection[str] = (),  # noqa: ARG002  # what the machine takes
    ) -> None:
        check_dialect(dialect)
        self._policy, self._dialect = policy, dialect
        self._now = 0.0
        self._passes: list[float] = []
        self._figures: dict[str, SourceStatistics] = {}
        self.seen = Seen(sources)

    def receive(self, connection: Session, event: Event, now: float) -> list[Command]:
        """Feed ``event`` to ``connection`` and check its commands, as ``World.receive``."""
        self._now, seen = now, self.seen
        deadline, state = connection.next_deadline(), connection.state
        on_time = deadline is None or deadline > now
        late, possible = seen.is_late(event), is_possible(seen, event)
        before = state, deadline, connection.statistics
        due = connection.backlog_seconds
        try:
            commands = connection.receive(event, now)
        except LocalProtocolError:
            after = connection.state, connection.next_deadline(), connection.statistics
            if possible or after != before:
                what = "was refused" if possible else "changed something"
                broken("impossible requests", f"{_name(event)} while {state} {what}", now)
            raise
        if not possible:
            broken("impossible requests", f"{_name(event)} while {state} was taken", now)
        self._happened(event, late=late)
        for command in commands:
            self._commanded(command, event, due)
        if late and on_time:
            expected = state, deadline, replace(before[2], late=before[2].late + 1)
            after = connection.state, connection.next_deadline(), connection.statistics
            if after != expected:
                broken("late events", f"{_name(event)} while {state} changed something", now)
        if isinstance(event, AbortRequested) and seen.state is not State.CLOSED:
            broken("abort is now", f"it is {seen.state} after an abort", now)
        self._rest(connection)
        return commands

    def pull(self, connection: Session, now: float) -> Outgoing | None:
        """Pull the next message of ``connection``, as ``World.pull``."""
        self._now, seen = now, self.seen
        try:
            outgoing = connection.next_message(now)
        except DialectError as exc:
            broken("the dialect", str(exc), now)
        sent = {name: each.sent for name, each in self._figures.items()}
        self._note_figures(connection)
        if outgoing is None:
            return None
        if seen.ended is not None or outgoing.dial != seen.live:
            broken("only for the live dial", f"pulled for dial {outgoing.dial}", now)
        if isinstance(outgoing, SendPing) and len(outgoing.mark) > MARK_LIMIT:
            broken("frames", f"a ping's mark of {len(outgoing.mark)} bytes", now)
        went = [name for name, each in self._figures.items() if each.sent > sent.get(name, 0)]
        if went and seen.state not in _FLOWS:
            broken("no audio before the ack", f"audio of {went[0]} while {seen.state}", now)
        return outgoing

    def _happened(self, event: Event, *, late: bool) -> None:
        seen = self.seen
        if late or seen.ended is not None:
            return
        match event:
            case CredentialReady() | CredentialFailed():
                seen.request = None
            case SocketLost():
                seen.live = None
            case Redirected() if seen.state is State.CONNECTING:
                seen.live = None
            case _:
                pass

    def _commanded(self, command: Command, event: Event, due: float) -> None:
        seen, now = self.seen, self._now
        if seen.ended is not None:
            broken("one end", f"{_name(command)} after the result", now)
        match command:
            case OpenSocket() | RequestCredential():
                self._comes_back(command, event, due)
            case CancelCredential(request):
                if request != seen.request:
                    broken("credential first", f"cancelled request {request}, not out", now)
                seen.request = None
            case AbortSocket(dial) | CloseSocket(dial):
                if dial != seen.live:
                    broken("one socket", f"ended dial {dial}, which is not out", now)
                if isinstance(command, AbortSocket):
                    seen.live = None
            case Report(update):
                self._reported(update)
            case _:
                pass

    def _comes_back(
        self, command: OpenSocket | RequestCredential, event: Event, due: float
    ) -> None:
        """A dial, or a request for a credential, goes out."""
        seen, now = self.seen, self._now
        if seen.stopped and not due and not isinstance(event, OpenRequested):
            broken("stop wins", "it dials though stopped, with nothing to deliver", now)
        match command:
            case OpenSocket(dial=dial):
                if seen.live is not None or dial != seen.dial + 1 or seen.request is not None:
                    broken("one socket", f"dialled {dial} after {seen.dial}", now)
                seen.live = seen.dial = dial
                self._passes.append(now)
                limit = min(self._policy.dials_per_minute, 15)
                if len(self._passes) > limit and now - self._passes.pop(0) <= MINUTE - SLACK:
                    broken("the gate", f"{limit + 1} dials in a minute", now)
            case RequestCredential(request):
                if seen.live is not None or seen.request is not None:
                    broken("credential first", "asked while a dial or a request is out", now)
                if request != seen.requested + 1:
                    broken("credential first", f"request {request} is out of turn", now)
                seen.request = seen.requested = request

    def _reported(self, update: Update) -> None:
        seen, now = self.seen, self._now
        match update:
            case StateChanged(state=state):
                if state not in WAYS[seen.state]:
                    broken("transitions", f"from {seen.state} to {state}", now)
                seen.state, seen.since = state, now
                seen.stopped |= state in {State.FINISHING, *OVER}
            case Transcript(final=True, id=name):
                if name in seen.finals:
                    broken("transcripts in order", f"final {name} is told again", now)
                seen.finals.add(name)
            case Ended():
                seen.ended = update
                for name, each in update.accounts.items():
                    found = each.confirmed + each.assumed + each.told + each.missing
                    if found != each.captured:
                        broken("accounts", f"{each.captured} of {name}, and {found} told of", now)
            case _:
                pass

    def _note_figures(self, connection: Session) -> None:
        for name, each in connection.statistics.sources.items():
            old = self._figures.get(name)
            if not each.captured >= each.sent >= each.confirmed:
                broken("watermarks", f"{name}: {each}", self._now)
            if old and (each.captured < old.captured or each.confirmed < old.confirmed):
                broken("watermarks", f"{name} fell from {old} to {each}", self._now)
            self._figures[name] = each

    def _rest(self, connection: Session) -> None:
        """The session rests after an event."""
        seen, now, state = self.seen, self._now, self.seen.state
        self._note_figures(connection)
        if connection.state is not state:
            broken("state fits", f"it is {connection.state}, and {state} was reported", now)
        if connection.ended != (seen.ended is not None) or (state in OVER) != connection.ended:
            broken("one end", f"{state}, and its result does not fit", now)
        if (state in _OUT) != (seen.live is not None):
            broken("state fits", f"{state}, and dial {seen.live} is out", now)
        if (state is State.AUTHORIZING) != (seen.request is not None):
            broken("state fits", f"{state}, and request {seen.request} is out", now)
        deadline = connection.next_deadline()
        if (deadline is None) != (state is State.IDLE or state in OVER):
            broken("silence ends", f"{state} has the deadline {deadline}", now)
        if deadline is None:
            return
        if deadline <= now:
            broken("no deadline in the past", f"{now - deadline:.3f} s ago", now)
        policy = self._policy
        limits = {
            State.AUTHORIZING: policy.auth_timeout,
            State.CONNECTING: policy.connect_timeout,
            State.CLOSING: policy.close_timeout,
        }
        until = max(seen.since + limits.get(state, math.inf), now + GRACE)  # of a suspension
        if deadline > until + SLACK:
            broken("silence ends", f"{state} is left too late", now)


def _name(what: Any) -> str:
    return type(what).__name__
