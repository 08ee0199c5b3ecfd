"""The state of one session, as plain data.

``Actions`` adds the guards and actions of the chart. Nothing here decides: the methods append a
command, arm a timer, or note a confirmation.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple

from openline.audio.past import PastSource
from openline.audio.silence import SilenceWatchdog
from openline.audio.streams import Streams
from openline.audio.timeline import Timeline
from openline.audio.upkeep import Upkeep
from openline.backend import Backend
from openline.commands import (
    Command,
)
from openline.dialects.protocol import Dialect, FinalMessage, Ids, Memory, Sent, Wire
from openline.dialects.traits import End
from openline.events import CredentialReady, Move, SourceKind
from openline.machine.life import Leaving, Life
from openline.machine.timers import OFF, Timer
from openline.policy import Policy
from openline.reconnect.retry import Retry
from openline.reconnect.verdicts import Ending
from openline.updates import (
    SAMPLE_RATE,
    SourceEnded,
    State,
    Transcript,
)

#: The kinds of input that changed nothing; the result counts each.
_COUNTED = ("late", "foreign", "malformed", "replaced", "untold", "unfinal")


#: Most sessions name none; nobody writes to it.
_NO_KINDS: Final[Mapping[str, SourceKind]] = {}


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
        "_finals",
        "_process",
        "_session_id",
        "backend_error",
        "connection_id",
        "counts",
        "credential",
        "credential_due_at",
        "credential_refused",
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
        "ends",
        "flushing_since",
        "granted",
        "greeted",
        "has_provider",
        "hops",
        "kinds",
        "life",
        "line_open",
        "lost_sources",
        "memory",
        "message",
        "move",
        "now",
        "opened_id",
        "out",
        "ping_wanted",
        "policy",
        "pong",
        "queued",
        "realtime_factor",
        "redirect",
        "reported",
        "request",
        "retry",
        "sent_audio",
        "sent_messages",
        "soonest",
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
        "tail_is_sent",
        "target",
        "timeline",
        "upkeep",
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
        self.policy, self.dialect, self._backend = policy, dialect, backend
        self.has_provider, self.kinds = has_provider, dict(kinds) if kinds else _NO_KINDS
        self._session_id, self._attempt_id = session_id, attempt_id
        self.state: str = State.IDLE.value
        self.now = 0.0
        self.deadlines = [OFF] * len(Timer)
        self.soonest = OFF  # of them, when the last event was processed
        self.granted: dict[Timer, float] = {}  # deadlines that a suspension has put off
        self.out: list[Command] = []
        self.retry = Retry(policy, random)
        limit = round(policy.buffer_of(dialect.traits) * SAMPLE_RATE)
        stores = frozenset(name for name, kind in kinds.items() if kind is SourceKind.STORE)
        self.streams = Streams(
            sources,
            dialect.traits,
            limit,
            disk_samples,
            stores,
            memory=policy.memory_samples,
            careful=policy.careful_seams,
        )
        self.upkeep = Upkeep(dialect.traits)
        self.spooled = disk_samples > 0  # captured audio is kept on disk as well
        self.watch = SilenceWatchdog(sources, {*may_pause, *stores}, policy.source_timeout)
        self.timeline = Timeline()
        # The input that arrived, until a row of the chart processes it.
        self.message: Any = None  # a Message; its type goes with the event that is fired
        self.pong = b""  # the mark of the last pong
        self.redirect = backend  # where a redirect leads
        # The processes that ran this session, and the finals on this dial.
        self._process, self._finals = 1, 0
        self.counts: dict[str, int] = dict.fromkeys(_COUNTED, 0)
        self.reported: dict[str, float] = {}  # the kinds of trouble, and when each may come again
        # The credential.
        self.credential = CredentialReady(0)  # the provider's last answer
        self.credential_wanted = has_provider
        self.credential_refused = False  # the backend refused the last one
        # When to ask again though nothing was refused; the stop on a dial, or later progress.
        self.credential_due_at = self.flushing_since = OFF
        self.request: int = 0
        # The dial.
        self.dialled_at, self.life = 0.0, Life(random)
        self.target, self.with_credential = backend, True
        self.dial: int = 0
        self.dials = self.hops = 0
        self.streamed = False  # on some dial a start was acknowledged, or something proved or said
        self.connection_id = self.opened_id = ""  # those of the dial, and of the socket that opened
        self.backend_error = ""
        self.memory: Memory = None  # what the dialect remembers of this dial
        self.queued: list[Wire] = []  # messages of the dialect that go before all others
        self.sent_audio = self.sent_messages = 0  # messages of this dial
        self.ends = dialect.traits.ends  # what the ends of finals prove on this dial
        self.start_due = self.start_sent = self.ping_wanted = False
        self.dial_live = self.line_open = self.greeted = False
        self.realtime_factor = 1.0  # seconds of recognition per second of audio, at least 1
        self.dropped: int = 0  # queue items that the backend reported as dropped on this dial
        self.doubtful = False  # the final message will not confirm all sent audio
        # The end.
        self.stop_wanted = self.stop_is_sent = self.tail_is_sent = False
        self.end_reason = ""
        self.move: Move | None = None  # how another process goes on with it
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
    def sent(self) -> Sent:
        """What was sent on this dial so far."""
        return Sent(
            seconds=self.streams.sent_samples / SAMPLE_RATE,
            audio=self.sent_audio,
            messages=self.sent_messages,
        )

    @property
    def finish_at(self) -> float:
        """The time by which a session that is stopped now has to finish."""
        traits = self.dialect.traits
        due = self.streams.finish_seconds(live=self.line_open) * self.realtime_factor
        if traits.end is End.NEVER:
            due += traits.settle
        return self.now + self.policy.finish_timeout + due + traits.tail

    def restore(self, past: Sequence[PastSource], transcript: Sequence[Transcript]) -> None:
        """Restore the state of a session as an earlier process left it."""
        for source in past:
            self.streams.restore(source)
            self.spooled = True
        self.timeline.restore(transcript)
        known = [*transcript, *(each for source in past for each in source.held)]
        self._process += max((_process_of(each.id) for each in known), default=0)

    def next_id(self) -> str:
        """The id of the next final: unique in the session, also if it is resumed."""
        self._finals += 1
        return f"{self._process}.{self.dial}.{self._finals}"

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
            self.retry.judge(
                plan.ending,
                self.dialect.traits.rulings,
                plan.detail,
                self.now,
                finish_at,
                renewing=self.life.leaving is not Leaving.NOT,
            )

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

    def move_home(self, backend: Backend) -> None:
        """Dial another backend from now on: the provider said where its credential is good."""
        self._backend = backend
        self.aim_home()

    def arm_pong(self) -> None:
        """Expect any frame within the dialect's patience, or ``pong_timeout``.

        An earlier deadline stays.
        """
        self.arm(Timer.PING, self.policy.ping_interval)
        if self.deadlines[Timer.PONG] == OFF:
            patience = self.dialect.traits.pong_patience
            self.arm(Timer.PONG, self.policy.pong_timeout if patience is None else patience)


def _process_of(name: str) -> int:
    """The number of the process in the id of a final; 0 if it is of another form."""
    first = name.partition(".")[0]
    return int(first) if first.isascii() and first.isdecimal() else 0
