"""The state of one session, as plain data.

``Actions`` adds the guards and actions of the chart. Nothing here decides: the methods append a
command, arm a timer, or note a confirmation.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from openline.audio.gaps import AT_THE_END
from openline.audio.outbox import Outbox
from openline.audio.silence import SilenceWatchdog
from openline.audio.stream import Stream
from openline.audio.streams import Streams
from openline.audio.timeline import Timeline
from openline.backend import Backend
from openline.commands import (
    Command,
    FetchAudio,
    Report,
    StoreAudio,
    StoreConfirmed,
    StoreFinal,
    StoreGap,
)
from openline.dialects.protocol import Dialect, FinalMessage, Ids
from openline.events import SourceKind
from openline.machine.timers import OFF, Timer
from openline.policy import Policy
from openline.reconnect.retry import Retry
from openline.reconnect.verdicts import Ending
from openline.text import one_line
from openline.updates import (
    SAMPLE_RATE,
    BackendStatus,
    Gap,
    SourceEnded,
    SourceEndReason,
    State,
    Transcript,
    Trouble,
    Update,
)

#: The kinds of input that changed nothing; the result counts each.
_COUNTED = ("late", "foreign", "malformed", "duplicates")


class Plan(NamedTuple):
    """The input of the plan for the next dial.

    ``ending``: how this dial, or request for a credential, ended; None: nothing was lost, and
    the next dial follows at once. ``detail`` is added to the cause, one line for the user.
    """

    ending: Ending | None = None
    detail: str = ""


class SessionState:
    """One session's data. ``state`` is written by the table (or the interpreter) alone."""

    __slots__ = (
        "_attempt_id",
        "_backend",
        "_session_id",
        "backend_error",
        "connection_id",
        "counts",
        "credential_wanted",
        "deadlines",
        "dial",
        "dial_live",
        "dialect",
        "dialled_at",
        "dials",
        "doubtful",
        "dropped",
        "end_reason",
        "has_provider",
        "hops",
        "kinds",
        "line_open",
        "lost_sources",
        "message",
        "now",
        "opened_id",
        "out",
        "ping_wanted",
        "policy",
        "pong",
        "redirect",
        "reported",
        "request",
        "retry",
        "spooled",
        "start_due",
        "start_sent",
        "state",
        "stop_is_sent",
        "stop_wanted",
        "streamed",
        "streams",
        "summary",
        "summary_covers",
        "target",
        "timeline",
        "watch",
        "with_credential",
    )

    def __init__(
        self,
        *,
        backend: Backend,
        policy: Policy,
        dialect: Dialect,
        session_id: str,
        attempt_id: str,
        sources: Sequence[str],
        random: Callable[[], float],
        has_provider: bool,
        disk_samples: int,
        may_pause: Collection[str],
        kinds: Mapping[str, SourceKind],
    ) -> None:
        self.policy = policy
        self.dialect = dialect
        self.has_provider = has_provider
        self.kinds = dict(kinds)
        self._backend = backend
        self._session_id = session_id
        self._attempt_id = attempt_id
        self.state: str = State.IDLE.value
        self.now = 0.0
        self.deadlines = [OFF] * len(Timer)
        self.out: list[Command] = []
        self.retry = Retry(policy, random)
        limit = round(policy.buffer_seconds * SAMPLE_RATE)
        self.streams = Streams(sources, dialect.traits, limit, disk_samples)
        self.spooled = disk_samples > 0  # captured audio is kept on disk as well
        self.watch = SilenceWatchdog(sources, may_pause, policy.source_timeout)
        self.timeline = Timeline()
        # The input that arrived, until a row of the chart processes it.
        self.message: Any = None  # a Message; its type goes with the event that is fired
        self.pong = b""  # the mark of the last pong
        self.opened_id = ""  # the connection_id of the socket that is open
        self.redirect = backend  # where a redirect leads
        self.counts: dict[str, int] = dict.fromkeys(_COUNTED, 0)
        self.reported: frozenset[str] = frozenset()  # the kinds of trouble, once each
        # The credential.
        self.credential_wanted = has_provider
        self.request: int = 0
        # The dial.
        self.dial: int = 0
        self.dials: int = 0
        self.dial_live = False
        self.dialled_at = 0.0
        self.target = backend
        self.with_credential = True
        self.hops = 0
        self.streamed = False  # a start was acknowledged, on some dial
        self.connection_id = ""
        self.backend_error = ""
        self.start_due = False
        self.start_sent = False
        self.line_open = False
        self.ping_wanted = False
        self.dropped: int = 0  # queue items that the backend reported as dropped on this dial
        self.doubtful = False  # the final message will not confirm all sent audio
        # The end.
        self.stop_wanted = False
        self.stop_is_sent = False
        self.end_reason = ""
        self.lost_sources: list[SourceEnded] = []  # those that failed or stalled before the stop
        self.summary: FinalMessage | None = None
        self.summary_covers: dict[str, tuple[int, int]] = {}

    @property
    def ids(self) -> Ids:
        """The ids in this dial's messages."""
        return Ids(
            session_id=self._session_id,
            attempt_id=self._attempt_id,
            connection_id=self.connection_id,
        )

    @property
    def finish_at(self) -> float:
        """The time by which a session that is stopped now has to finish."""
        return self.now + self.policy.finish_timeout + self.streams.due_seconds

    def report(self, update: Update) -> None:
        """Hand ``update`` to the app."""
        self.out.append(Report(update))

    def report_transcript(self, transcript: Transcript) -> None:
        """Hand words to the app; a final is written to disk first."""
        self.timeline.add(transcript)
        if transcript.final and self.spooled:
            self.out.append(StoreFinal(transcript))
        self.report(transcript)

    def report_gaps(self, gaps: Sequence[Gap]) -> None:
        """Hand gaps to the app; one that resuming the session cannot fill is noted on disk."""
        for gap in gaps:
            if self.spooled and gap.cause not in AT_THE_END:
                self.out.append(StoreGap(gap))
            self.out.append(Report(gap))

    def store(self, stream: Stream, pcm: bytes) -> None:
        """Keep ``pcm``, just captured, on disk; before the first, note where its source began."""
        box = stream.box
        if not stream.stored:
            stream.stored = True
            self.out.append(StoreConfirmed(box.source, box.origin))
        self.out.append(StoreAudio(box.source, box.captured - len(pcm) // 2, pcm))

    def fetch(self) -> None:
        """Read audio back from disk once memory has room for it."""
        for source, start, samples in self.streams.wanted():
            self.out.append(FetchAudio(source, start, samples))

    def confirm(self, box: Outbox, position: int) -> None:
        """Confirm a source up to ``position``, on disk too."""
        if box.confirm(position) and self.spooled:
            self.out.append(StoreConfirmed(box.source, position))

    def note_drained(self, stream: Stream) -> None:
        """The backend took audio out of its queue: it is alive, and the horizon moves on."""
        self.note_alive(stream)
        confirmed = stream.window.drained - round(self.dialect.traits.horizon * SAMPLE_RATE)
        if confirmed > 0:
            self.confirm(stream.box, stream.box.span(confirmed, confirmed)[1])

    def note_alive(self, stream: Stream) -> None:
        """The backend processes the audio of this source, so this source does not stall."""
        stream.shut_since = OFF
        self.deadlines[Timer.STALL] = self.streams.shut_since + self.policy.stall_timeout

    def report_status_of(self, state: str, text: str, source: str | None = None) -> None:
        """Report the state that the backend reported, as one line."""
        source = source and one_line(source)
        self.report(BackendStatus(state=one_line(state), text=one_line(text), source=source))

    def lose_source(self, source: str, cause: SourceEndReason, reason: str) -> None:
        """The source delivers no more audio. Reported once, even if it ends more than once."""
        if self.streams.end_source(source):
            self.watch.forget(source)
            lost = SourceEnded(source=source, cause=cause, reason=reason)
            if cause is not SourceEndReason.EXHAUSTED and not self.stop_wanted:
                self.lost_sources.append(lost)
            self.report(lost)

    def trouble(self, kind: str, text: str) -> None:
        """Report a fault that does not end the session to the app, once per kind."""
        if kind not in self.reported:
            self.reported |= {kind}
            self.report(Trouble(kind=kind, text=text))

    def count_trouble(self, kind: str, text: str) -> None:
        """The same, for a kind that the result counts."""
        self.counts[kind] += 1
        self.trouble(kind, text)

    def report_outage(self) -> None:
        """Report an outage that goes on, each five minutes."""
        text = self.retry.outage(self.now)
        if text:
            self.report(Trouble(kind="outage", text=text))

    def is_ours(self, connection_id: str | None, attempt_id: str | None) -> bool:
        """Whether a message's ids are this dial's; absent ones are accepted (contract)."""
        return connection_id in (None, self.connection_id) and attempt_id in (
            None,
            self._attempt_id,
        )

    def make_plan(self, plan: Plan) -> None:
        """Make the plan that the chart's guards read: when to dial again, or never."""
        finish_at = self.deadlines[Timer.FINISH]
        if plan.ending is None:
            self.retry.go_on(self.now, finish_at)
        else:
            codes = self.dialect.traits.codes
            self.retry.judge(plan.ending, codes, plan.detail, self.now, finish_at)

    def arm(self, timer: Timer, delay: float) -> None:
        """Make ``timer`` due in ``delay`` seconds."""
        self.deadlines[timer] = self.now + delay

    def disarm(self, scope: slice) -> None:
        """End the timers of a scope."""
        self.deadlines[scope] = [OFF] * len(self.deadlines[scope])

    def aim(self, target: Backend) -> None:
        """Follow a redirect; a credential never goes to another origin."""
        self.hops += 1
        self.with_credential = self.with_credential and target.origin == self.target.origin
        self.target = target

    def aim_home(self) -> None:
        """Dial the backend itself again."""
        self.hops = 0
        self.with_credential = True
        self.target = self._backend

    def arm_pong(self) -> None:
        """Expect any frame within ``pong_timeout``; an earlier deadline stays."""
        self.arm(Timer.PING, self.policy.ping_interval)
        if self.deadlines[Timer.PONG] == OFF:
            self.arm(Timer.PONG, self.policy.pong_timeout)
