"""One session observed from outside: its events, and its reports.

Nothing here judges; the laws in the modules beside this one do. An event is interpreted on
its own: a message by the dialect's ``decode``, a loss by its fields.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

from openline.backend import Backend
from openline.dialects.checking import DialectError
from openline.dialects.dry_run import dry_run_headers
from openline.dialects.protocol import (
    Dialect,
    Expires,
    FinalMessage,
    Heard,
    Ids,
    Lost,
    Malformed,
    Message,
    Metrics,
    Noticed,
    Proof,
    Refusal,
    Remark,
    Status,
    Unknown,
)
from openline.events import (
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
    StopRequested,
)
from openline.policy import Policy
from openline.reconnect.verdicts import Action, Rule
from openline.updates import Ended, State
from openline_testing.endings import astray, meaning
from openline_testing.laws import broken
from openline_testing.scope import check_scope, item_of

_Readable: TypeAlias = (
    Status
    | Heard
    | Metrics
    | Proof
    | Expires
    | Lost
    | Noticed
    | Refusal
    | Remark
    | FinalMessage
    | Unknown
)
OVER = frozenset({State.CLOSED, State.FAILED})


def with_cause(exc: DialectError) -> str:
    """The fault of a dialect, with its exception: a test has no secrets."""
    cause = exc.__cause__
    return f"{exc}: {cause}" if cause is not None else str(exc)


class Observation:
    """The observed outside of a session. Times are on the caller's clock, in seconds."""

    __slots__ = (
        "acked",
        "attempt_id",
        "backend",
        "connection_id",
        "cross_origin",
        "decoded",
        "dial",
        "dial_from",
        "dialect",
        "dialled_at",
        "ended",
        "ends",
        "event",
        "finish_by",
        "finish_from",
        "finished",
        "fresh",
        "has_provider",
        "held_since",
        "hinted",
        "holes",
        "hops",
        "line_since",
        "live",
        "lost_by",
        "message",
        "now",
        "opened_at",
        "over",
        "pinged_at",
        "policy",
        "pong_due",
        "pulled_at",
        "received_at",
        "redirected",
        "refused",
        "renew_at",
        "request",
        "requested",
        "requested_at",
        "retry_at",
        "ruling",
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
        "streamed",
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
        check_scope(dialect, policy)
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
        self.opened_at = 0.0
        # Reports.
        self.state = State.IDLE
        self.since = self.held_since = 0.0  # when that state was reported, or since a suspension
        self.retry_at = 0.0  # when the reported delay is over
        self.dial_from = 0.0  # the same, or when a hint ended the delay
        self.ended: Ended | None = None
        # The meaning of the current event.
        self.lost_by: Event | None = None  # the event that ended the dial or the request
        self.waited: bool = False  # a credential or a redirect, which the gate may delay
        self.hinted: bool = False
        self.message: Message | None = None  # the backend's message on its open line
        self.decoded: Message | None = None  # the message of the live dial, whenever it came
        self.ruling: Rule | None = None  # the dialect's rule for a refusal
        # The dial.
        self.live: int | None = None
        self.dial: int = 0
        self.backend: Backend | None = None
        self.redirected = self.cross_origin = False  # the last dial was, or is
        self.hops: int = 0
        self.dialled_at = 0.0
        self.settled_at: float | None = None
        self.connection_id: str | None = None
        self.starts = self.stops = 0
        self.acked = self.streamed = False  # the latter: on some dial
        self.ends = dialect.traits.ends  # what the ends of its finals prove
        self.line_since = self.received_at = 0.0
        self.pong_due: float | None = None  # the line is left unless something arrives before
        self.pinged_at = 0.0
        self.pulled_at: float | None = None  # the send of the message pulled then is under way
        # The credential.
        self.request: int | None = None
        self.requested: int = 0
        self.requested_at = 0.0
        self.fresh = False
        self.renew_at = -math.inf  # from then on a request is allowed though nothing was refused
        # The end.
        self.over: set[str] = set()  # sources that ended
        self.holes: set[str] = set()  # sources that could not capture for a while
        self.stop_wanted = False
        self.stopping: bool = False  # the same, before this event
        self.finish_from = self.finish_by = 0.0  # the stop takes until here, at least and at most
        self.refused = ""  # the fatal ending, by name
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
        """Whether ``event`` is a message on the live dial with the ids of another connection."""
        if not isinstance(event, MessageReceived):
            return False
        if self.ended is not None or self.is_late(event):
            return False
        message = self._read(event.data)  # a dialect must not raise, at any time
        if self.connection_id is None:
            return False
        return not (isinstance(message, Malformed | None) or self._is_ours(message))

    def _read(self, data: str | bytes) -> Message | None:
        try:
            return item_of(self.dialect, data)
        except DialectError as exc:
            broken("the dialect", with_cause(exc), self.now)

    def happened(self, event: Event, now: float) -> None:
        """Note ``event``."""
        self.now = now
        self.event = event
        self.stopping = self.stop_wanted
        self.lost_by = self.ruling = self.message = self.decoded = None
        self.waited = self.hinted = False
        if self.ended is not None or self.is_late(event):
            return
        if isinstance(event, CredentialReady | CredentialFailed):
            self.request = None
            self._answered(event)
        elif isinstance(event, SocketOpened | Redirected | SocketLost | MessageReceived):
            self._of_the_dial(event)
        elif isinstance(event, PongReceived):
            self._note_received()
        else:
            self._of_the_app(event)

    def _of_the_app(self, event: Event) -> None:
        match event:
            case OpenRequested():
                self.opened_at = self.now
                self._stops(sources_over=True)
            case StopRequested():
                self._stops()
            case SourceFinished(source) | SourceFailed(source, _):
                self.loses_source(source)
            case CaptureHole(source):
                self.holes.add(source)
            case NetworkRestored():
                self.hinted = True
            case _:
                pass

    def loses_source(self, source: str) -> None:
        """A source has ended; once all have, that is a stop."""
        self.over.add(source)
        if self.state is not State.IDLE:
            self._stops(sources_over=True)

    def _answered(self, event: CredentialReady | CredentialFailed) -> None:
        if isinstance(event, CredentialReady):
            self.waited = True
            self.renew_at = math.inf if event.due_at is None else event.due_at
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
                    most = self.policy.max_redirects
                    loss = astray(event, self.backend, self.hops, most)
                    self.waited = self.redirected = loss is None
                    if loss is not None:
                        self._loses(loss)
            case SocketLost():
                self.live = None
                self._loses(event)
            case MessageReceived(_, data):
                self._note_received()
                message = self._read(data)
                if message is None:
                    return
                if isinstance(message, Malformed) or self._is_ours(message):
                    self.decoded = message
                    if self.connection_id is not None and not self.finished:
                        self._note_message(message)

    def _stops(self, *, sources_over: bool = False) -> None:
        self.stop_wanted |= not sources_over or self.over >= {*self.sources}

    def _loses(self, event: Event) -> None:
        self.lost_by = event
        if self._is_fatal(meaning(event, self)):
            self.refused = type(event).__name__

    def _is_fatal(self, means: Action | None) -> bool:
        return means is Action.FATAL or (means is Action.REAUTH and not self.has_provider)

    def _note_received(self) -> None:
        self.received_at = self.now
        self.pong_due = None

    def _is_ours(self, message: _Readable) -> bool:
        ours = message.connection_id in {None, self.connection_id}
        return ours and message.attempt_id in {None, self.attempt_id}

    def _note_message(self, message: Message) -> None:
        if isinstance(message, Malformed | Unknown):
            return
        if self.acked:
            self.message = message
        if isinstance(message, Status):
            if message.ack and self.starts and not self.acked:
                self.acked = self.streamed = True
                self.ends = message.ends or self.dialect.traits.ends
                self.line_since = self.pinged_at = self.now
        elif isinstance(message, Refusal):
            self.ruling = message.row
            self.lost_by = self.event
            if self._is_fatal(message.row.action):
                self.refused = message.text or "a refusal"
        elif isinstance(message, FinalMessage) and self.stops:
            self.finished = True
