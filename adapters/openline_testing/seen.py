"""One session as seen from outside: what happened to it, and what it said of itself.

Nothing here judges; the laws in the modules beside this one do. What a fact means is
read off it alone: a message by the dialect's ``decode``, a loss by what it says.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

from openline.backend import Backend
from openline.dialects.checking import DialectError, check_dialect, decode_strict
from openline.dialects.dry_run import dry_run_headers
from openline.dialects.protocol import (
    Dialect,
    FinalMessage,
    Heard,
    Ids,
    Malformed,
    Message,
    Metrics,
    Noticed,
    Refusal,
    Remark,
    Status,
    Unknown,
)
from openline.events import (
    AbortRequested,
    AudioCaptured,
    CaptureHole,
    CredentialFailed,
    CredentialReady,
    Event,
    MessageReceived,
    NetworkRestored,
    OpenRequested,
    PongReceived,
    Redirected,
    SocketLost,
    SocketOpened,
    SourceFailed,
    SourceFinished,
    SourceStarted,
    StopRequested,
)
from openline.policy import Policy
from openline.reconnect.verdicts import Action, Rule
from openline.updates import Ended, State
from openline_testing.endings import meaning
from openline_testing.laws import broken

_Readable: TypeAlias = (
    Status | Heard | Metrics | Noticed | Refusal | Remark | FinalMessage | Unknown
)
OVER = frozenset({State.CLOSED, State.FAILED})


def with_cause(exc: DialectError) -> str:
    """What is wrong with a dialect, and what it raised: in a test nothing is secret."""
    cause = exc.__cause__
    return f"{exc}: {cause}" if cause is not None else str(exc)


class Observation:
    """The outside of a session. Times are on the caller's clock, in seconds."""

    __slots__ = (
        "acked",
        "aheard",
        "attempt_id",
        "backend",
        "connection_id",
        "cross_origin",
        "dial",
        "dial_from",
        "dialect",
        "dialled_at",
        "ended",
        "event",
        "finish_by",
        "finished",
        "fresh",
        "has_provider",
        "heard_at",
        "hinted",
        "holes",
        "hops",
        "line_since",
        "live",
        "lost_by",
        "now",
        "over",
        "pinged_at",
        "policy",
        "pulled_at",
        "redirected",
        "refused",
        "request",
        "requested",
        "requested_at",
        "retry_at",
        "ruling",
        "said",
        "session_id",
        "settled_at",
        "since",
        "sources",
        "start_delay",
        "starts",
        "state",
        "stop_wanted",
        "stopping",
        "stops",
        "waited",
    )

    def __init__(
        self,
        policy: Policy,
        dialect: Dialect,
        sources: Sequence[str],
        session_id: str,
        attempt_id: str,
        *,
        has_provider: bool,
    ) -> None:
        check_dialect(dialect)
        dry_run_headers(dialect)
        self.policy = policy
        self.dialect = dialect
        self.start_delay = policy.start_delay_of(dialect.traits)
        self.sources = tuple(sources)
        self.session_id = session_id
        self.attempt_id = attempt_id
        self.has_provider = has_provider
        self.now = 0.0
        self.event: Event | None = None
        # What it said of itself.
        self.state = State.IDLE
        self.since = 0.0  # when that state was told
        self.retry_at = 0.0  # when the wait that was told is over
        self.dial_from = 0.0  # the same, or when a hint ended it
        self.ended: Ended | None = None
        # What this event means.
        self.lost_by: Event | None = None  # the fact that ended the dial or the request
        self.waited: bool = False  # it was a credential or a redirect, which the gate may stop
        self.hinted: bool = False
        self.said: Message | None = None  # what the backend said on its open line
        self.ruling: Rule | None = None  # what the dialect makes of a refusal
        # The dial.
        self.live: int | None = None
        self.dial: int = 0
        self.backend: Backend | None = None
        self.redirected = False  # the last dial was answered with a redirect
        self.cross_origin = False
        self.hops: int = 0
        self.dialled_at = 0.0
        self.settled_at: float | None = None
        self.connection_id: str | None = None
        self.starts: int = 0
        self.stops: int = 0
        self.acked = False
        self.line_since = 0.0
        self.heard_at = 0.0
        self.aheard: float | None = None  # by when something must be heard, or the line left
        self.pinged_at = 0.0
        self.pulled_at: float | None = None  # what was pulled then is being sent
        # The credential.
        self.request: int | None = None
        self.requested: int = 0
        self.requested_at = 0.0
        self.fresh = False
        # The end.
        self.over: set[str] = set()  # sources that ended
        self.holes: set[str] = set()  # sources that could not hear for a while
        self.stop_wanted = False
        self.stopping: bool = False  # the same, before this event
        self.finish_by = 0.0
        self.refused = ""  # somebody said never to come back, and what
        self.finished = False  # the final message has arrived

    @property
    def ids(self) -> Ids:
        """The ids of the live dial."""
        return Ids(
            session_id=self.session_id,
            attempt_id=self.attempt_id,
            connection_id=self.connection_id or "",
        )

    def is_late(self, event: Event) -> bool:
        """Whether ``event`` is about a dial or request that is no longer out."""
        match event:
            case CredentialReady(request) | CredentialFailed(request):
                return request != self.request
            case SocketOpened() | Redirected() | MessageReceived() | PongReceived() | SocketLost():
                return event.dial != self.live
            case _:
                return False

    def is_foreign(self, event: Event) -> bool:
        """Whether ``event`` is a message on the live dial that carries the ids of another."""
        if not isinstance(event, MessageReceived):
            return False
        if self.ended is not None or self.is_late(event):
            return False
        message = self._read(event.data)  # a dialect must not choke on it, whenever it comes
        if self.connection_id is None:
            return False
        return not (isinstance(message, Malformed) or self._is_ours(message))

    def _read(self, data: str | bytes) -> Message:
        try:
            return decode_strict(self.dialect, data)
        except DialectError as exc:
            broken("the dialect", with_cause(exc), self.now)

    def is_possible(self, event: Event) -> bool:
        """Whether the app may ask for ``event`` now; facts are always possible."""
        match event:
            case OpenRequested():
                return self.state is State.IDLE
            case AudioCaptured(source, pcm):
                return source in self.sources and not len(pcm) & 1
            case CaptureHole(source, samples):
                return source in self.sources and samples >= 0
            case SourceStarted(source, at):
                return source in self.sources and math.isfinite(at)
            case SourceFinished(source) | SourceFailed(source):
                return source in self.sources
            case StopRequested() | AbortRequested():
                return self.state not in OVER
            case _:
                return True

    def happened(self, event: Event, now: float, due: float) -> None:
        """Note ``event``; ``due`` seconds of audio were not confirmed when it came."""
        self.now = now
        self.event = event
        self.stopping = self.stop_wanted
        self.lost_by = self.ruling = self.said = None
        self.waited = self.hinted = False
        if self.ended is not None or self.is_late(event):
            return
        if isinstance(event, CredentialReady | CredentialFailed):
            self.request = None
            self._answered(event)
        elif isinstance(event, SocketOpened | Redirected | SocketLost | MessageReceived):
            self._of_the_dial(event)
        elif isinstance(event, PongReceived):
            self._heard()
        else:
            self._of_the_app(event, due)

    def _of_the_app(self, event: Event, due: float) -> None:
        match event:
            case OpenRequested():
                self._stops(due, sources_over=True)
            case StopRequested():
                self._stops(due)
            case SourceFinished(source) | SourceFailed(source, _):
                self.loses_source(source, due)
            case CaptureHole(source):
                self.holes.add(source)
            case NetworkRestored():
                self.hinted = True
            case _:
                pass

    def loses_source(self, source: str, due: float) -> None:
        """A source delivers no more; when all are over that is a stop."""
        self.over.add(source)
        if self.state is not State.IDLE:
            self._stops(due, sources_over=True)

    def _answered(self, event: CredentialReady | CredentialFailed) -> None:
        if isinstance(event, CredentialReady):
            self.waited = True
        else:
            self._loses(event)

    def _of_the_dial(self, event: SocketOpened | Redirected | SocketLost | MessageReceived) -> None:
        match event:
            case SocketOpened(_, connection_id):
                if self.state is State.CONNECTING:
                    self.connection_id = connection_id
            case Redirected():
                if self.state is State.CONNECTING:
                    self.live = None
                    self.waited = self.redirected = True
            case SocketLost():
                self.live = None
                self._loses(event)
            case MessageReceived(_, data):
                self._heard()
                if self.connection_id is not None and not self.finished:
                    self._understood(self._read(data))

    def _stops(self, due: float, *, sources_over: bool = False) -> None:
        if not self.stop_wanted and (not sources_over or self.over >= {*self.sources}):
            self.stop_wanted = True
            self.finish_by = self.now + self.policy.finish_timeout + due

    def _loses(self, event: Event) -> None:
        self.lost_by = event
        means = meaning(event, self.dialect)
        no_retry = means is Action.REAUTH and not self.has_provider
        if means is Action.FATAL or no_retry:
            self.refused = type(event).__name__

    def _heard(self) -> None:
        self.heard_at = self.now
        self.aheard = None

    def _is_ours(self, message: _Readable) -> bool:
        ours = message.connection_id in {None, self.connection_id}
        return ours and message.attempt_id in {None, self.attempt_id}

    def _understood(self, message: Message) -> None:
        if isinstance(message, Malformed | Unknown):
            return
        if not self._is_ours(message):
            return
        if self.acked:
            self.said = message
        if isinstance(message, Status):
            if message.ack and self.starts and not self.acked:
                self.acked = True
                self.line_since = self.pinged_at = self.now
        elif isinstance(message, Refusal):
            self.ruling = message.row
            self.lost_by = self.event
            if message.row.action is Action.FATAL or (
                message.row.action is Action.REAUTH and not self.has_provider
            ):
                self.refused = message.text or "a refusal"
        elif isinstance(message, FinalMessage) and self.stops:
            self.finished = True
