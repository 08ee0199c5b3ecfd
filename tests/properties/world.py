"""The oracle: what any correct core may do, stated without looking inside it.

``World`` sees what happened, what was commanded and what was pulled, and holds them
against the laws of the design. It knows the wire and the calendar, not the chart: the
only thing that it asks of a connection is what every caller may ask.

``Walk`` is a session that hypothesis leads through any events in any order, watched by a
World. Its subclasses add what else must hold at every step.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from itertools import pairwise
from typing import Any, cast

import hypothesis.strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from openline import events as e
from openline.backend import Backend
from openline.commands import (
    AbortSocket,
    CancelCredential,
    CloseSocket,
    Command,
    OpenSocket,
    Outgoing,
    Report,
    RequestCredential,
    SendBytes,
    SendPing,
    SendText,
)
from openline.connection import Connection, LocalProtocolError
from openline.messages import (
    SAMPLE_RATE,
    Ended,
    Gap,
    HowLost,
    SourceLost,
    SourceStatistics,
    State,
    StateChanged,
    Transcript,
    Update,
)
from openline.policy import Policy
from openline.verdicts import ErrorKind, Sender

SESSION, ATTEMPT = "session", "attempt"
ACKS = {"streaming", "backpressure", "buffering", "overloaded", "warning", "no_asr_provider"}
OVER = {State.CLOSED, State.FAILED}

#: Endings after which no client may ever come back, each told by one fact alone.
FATAL_CODES = {1002, 1003, 1007, 1009, 1010, 3003, 4003, 4004, 4403}
FATAL_STATUSES = {400, 402, 404, 405, 407, 410, 418, 426, 501, 505}
FATAL_ERRORS = {ErrorKind.TLS_CERTIFICATE, ErrorKind.TLS_DATES, ErrorKind.TLS_HOSTNAME}

#: The state in which a session must say it is when it gives a command.
TOLD: dict[type, set[State]] = {
    OpenSocket: {State.CONNECTING},
    RequestCredential: {State.AUTHORIZING},
    CancelCredential: {State.CLOSED, State.FAILED, State.RECONNECTING},
    CloseSocket: {State.CLOSING},
    AbortSocket: {State.CLOSED, State.FAILED, State.RECONNECTING},
}


class World:
    """One session as seen from outside. ``now`` is the time of the last thing seen."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.now = 0.0
        self.state = State.IDLE
        self.live: int | None = None
        self.dial = 0
        self.dialled_at = 0.0
        self.connection_id: str | None = None
        self.starts = 0
        self.acked = False
        self.stops = 0
        self.stop_wanted = False
        self.sources: tuple[str, ...] = ()
        self.over: set[str] = set()
        self.heard: dict[str, float] = {}  # when a source was last heard
        self.request: int | None = None
        self.refused = False  # somebody said: never come back
        self.finished = False  # the final message has arrived
        self.passes: list[float] = []
        self.ended: Ended | None = None
        self.lost: Counter[str] = Counter()
        self.said_until: dict[str, float] = {}

    # Facts.

    def happened(self, event: e.Event, now: float, sources: tuple[str, ...]) -> None:
        """Before the connection is told."""
        self.now = now
        self.sources = sources
        match event:
            case e.StopRequested():
                self.stop_wanted = True
            case e.AudioCaptured(source) | e.CaptureHole(source):
                self.heard[source] = now
            case e.CredentialReady(request) if request == self.request:
                self.request = None
            case e.CredentialFailed(request, fatal) if request == self.request:
                self.request = None
                self.refused |= fatal
            case e.SocketOpened(dial, connection_id) if dial == self.live:
                # Said twice it would be nonsense; the first one counts.
                self.connection_id = self.connection_id or connection_id
            case e.Redirected(dial) if dial == self.live and self.connection_id is None:
                self.live = None
            case e.SocketLost() if event.dial == self.live:
                self.live = None
                self.refused |= is_fatal(event)
            case e.MessageReceived(dial, data) if dial == self.live and self.starts:
                self._heard(data)
            case _:
                pass

    def _heard(self, data: str | bytes) -> None:
        try:
            message: Any = json.loads(data)
        except ValueError:
            return
        if isinstance(message, dict):
            self._understood(cast("dict[str, Any]", message))

    def _understood(self, message: dict[str, Any]) -> None:
        ours = message.get("connection_id") in {None, self.connection_id}
        if not ours or message.get("attempt_id") not in {None, ATTEMPT} or self.finished:
            return
        self.acked |= message["type"] == "status" and message["state"] in ACKS
        self.refused |= message["type"] == "error"
        self.finished |= message["type"] == "final_summary" and self.stops > 0

    # Commands.

    def commanded(self, commands: list[Command]) -> None:
        """After the connection was told."""
        for command in commands:
            assert self.ended is None, f"{command} after the end"
            allowed = TOLD.get(type(command))
            assert allowed is None or self.state in allowed, f"{command} while {self.state}"
            match command:
                case OpenSocket(dial):
                    self._dials(dial)
                case RequestCredential(request):
                    assert self.live is None, "a credential is asked for while a dial is out"
                    assert self.request is None, "two requests at once"
                    self.request = request
                    self._passes()
                case CancelCredential():
                    self.request = None
                case AbortSocket(dial):
                    assert dial == self.live, "aborted a socket that is not there"
                    self.live = None
                case CloseSocket(dial, code):
                    assert dial == self.live, "closed a socket that is not there"
                    assert self.finished, "closed before the final message"
                    assert code == 1000
                case Report(update):
                    self._told(update)
                case _:
                    pass  # the disk has a model of its own

    def _dials(self, dial: int) -> None:
        assert self.live is None, "a second socket"
        assert self.request is None, "dialled without the credential that was asked for"
        assert not self.refused, "dialled after it was told never to come back"
        assert not self.finished, "dialled after the final message"
        assert dial == self.dial + 1, "dials are counted"
        self.live = self.dial = dial
        self.dialled_at = self.now
        self.connection_id = None
        self.starts = self.stops = 0
        self.acked = False
        self._passes()

    def _passes(self) -> None:
        self.passes.append(self.now)
        if len(self.passes) > 15:
            assert self.now - self.passes[-16] > 60, "more than 15 dials in a minute"

    def _told(self, update: Update) -> None:
        match update:
            case StateChanged(state=state):
                assert state is not self.state, "told twice"
                self.state = state
            case Gap():
                assert update.samples > 0
                assert not update.exact or update.samples == update.end - update.start
                self.lost[update.source] += update.samples
            case Transcript():
                before = self.said_until.get(update.source, 0.0)
                assert before <= update.start <= update.end, "words overlap"
                if update.final:
                    self.said_until[update.source] = update.end
            case SourceLost(source=source, how=how):
                assert source not in self.over, "a source is lost once"
                self.over.add(source)
                self.stop_wanted |= self.over >= {*self.sources}
                if how is HowLost.STALLED:
                    assert self.policy.source_timeout is not None
                    silent = self.now - self.heard.get(source, 0.0)
                    assert silent >= self.policy.source_timeout, "it was not silent for long"
            case Ended():
                self._ends(update)
            case _:
                pass

    def _ends(self, ended: Ended) -> None:
        assert self.live is None or self.state in OVER, "ended with the socket open"
        assert self.request is None, "ended with a request unanswered"
        assert ended.state is self.state
        assert self.state in OVER
        assert ended.complete == (not ended.missing)
        self.ended = ended
        told = Counter[str]()
        for gap in ended.missing:
            told[gap.source] += gap.samples
        assert told == self.lost, "what is missing is what was told"
        for source, stats in ended.statistics.sources.items():
            self._adds_up(source, stats, ended)

    def _adds_up(self, source: str, stats: SourceStatistics, ended: Ended) -> None:
        exact = [gap for gap in ended.missing if gap.source == source and gap.exact]
        assert stats.captured >= stats.sent >= stats.confirmed
        for one, next_one in pairwise(exact):
            assert one.end <= next_one.start, "a sample is missing twice"
        missing = sum(gap.samples for gap in exact)
        assert missing >= stats.captured - stats.confirmed, "a sample was lost in silence"

    # The wire.

    def pulled(self, outgoing: Outgoing, now: float) -> None:
        """The connection gave this to the sender."""
        self.now = now
        assert self.ended is None, f"{outgoing} after the end"
        assert outgoing.dial == self.live, f"{outgoing} for a dial that is not there"
        assert not self.finished, "spoke after the final message"
        match outgoing:
            case SendText(_, data):
                self._says(json.loads(data))
            case SendBytes():
                assert self.acked, "audio before the ack"
                assert not self.stops, "audio after the stop"
                assert len(outgoing.data) <= 644
            case SendPing():
                assert self.acked, "a ping before the ack"
                assert len(outgoing.mark) <= 125

    def _says(self, message: dict[str, Any]) -> None:
        assert message["session_id"] == SESSION
        if message["type"] == "start":
            assert not self.starts, "a second start on one dial"
            assert self.connection_id is not None, "the start before the socket is open"
            assert message["connection_id"] == self.connection_id
            assert message["attempt_id"] == ATTEMPT
            assert self.now >= self.dialled_at + self.policy.start_delay, "the start too early"
            self.starts += 1
        else:
            assert message["type"] == "stop"
            assert self.acked, "the stop before the ack"
            assert self.stop_wanted, "a stop that nobody asked for"
            assert not self.stops, "a second stop on one dial"
            self.stops += 1

    # At any time.

    def check(self, connection: Connection) -> None:
        """Whenever the connection rests."""
        assert connection.state is self.state, "a state that nobody was told of"
        assert connection.ended == (self.ended is not None)
        deadline = connection.next_deadline()
        assert deadline is None or deadline > self.now, "a deadline in the past"
        if self.state not in OVER | {State.IDLE}:
            assert deadline is not None, "silence would last for ever"


def is_fatal(event: e.SocketLost) -> bool:
    """Whether the one fact that this ending tells says never to come back."""
    match event:
        case e.SocketLost(code=int(code), sender=Sender.PEER, status=None, error=None):
            return code in FATAL_CODES
        case e.SocketLost(code=None, status=int(status), error=None):
            return status in FATAL_STATUSES
        case e.SocketLost(code=None, status=None, error=error):
            return error in FATAL_ERRORS
        case _:
            return False


# Any events in any order.

policies = st.builds(
    Policy,
    max_attempts=st.sampled_from([None, None, 0, 1, 3]),
    give_up_after=st.sampled_from([None, 300.0, 300.0, 20.0]),
    dials_per_minute=st.sampled_from([15, 15, 1, 2]),
    start_delay=st.sampled_from([0.2, 0.0]),
    stable_after=st.sampled_from([10.0, 0.5]),
    source_timeout=st.sampled_from([None, 10.0, 1.0]),
)
#: How long ago the dial or the request was made that a fact is about: mostly the last one.
ages = st.sampled_from([0, 0, 0, 0, 0, 1, 2, -1])
names = st.sampled_from(["mic", "system", None, "other"])
times = st.one_of(st.floats(0, 3), st.sampled_from([0.0, 20.0, 1e305]))
codes = st.one_of(
    st.sampled_from([1000, 1001, 1006, 1008, 1011, 1012, 1013, 4001, 4003]),
    st.integers(-1, 5000),
)
statuses = st.one_of(st.sampled_from([401, 403, 404, 429, 500, 503, 200]), st.integers(0, 600))
endings = st.one_of(
    st.fixed_dictionaries({"code": codes, "sender": st.sampled_from([*Sender, None])}),
    st.fixed_dictionaries({"status": statuses, "retry_after": st.sampled_from([None, 7.0, 1e9])}),
    st.fixed_dictionaries({"error": st.sampled_from(ErrorKind)}),
    st.fixed_dictionaries(
        {
            "code": st.none() | codes,
            "sender": st.none() | st.sampled_from(Sender),
            "status": st.none() | statuses,
            "error": st.none() | st.sampled_from(ErrorKind),
            "reason": st.sampled_from(["", "again later", "timeout"]),
        }
    ),
)
messages = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("status"), "state": st.sampled_from([*sorted(ACKS), "connected"])},
        optional={"source": names},
    ),
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["asr_final", "asr_partial"]),
            "text": st.just("yes"),
            "t0": times,
            "t1": times,
            "source": names,
        }
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("metrics"),
            "source": names,
            "backlog_seconds": times,
            "dropped_total": st.integers(-1, 4),
        }
    ),
    st.sampled_from(
        [
            {"type": "status", "state": "error", "message": "Unauthorized"},
            {"type": "status", "state": "error", "message": "Server at capacity"},
            {"type": "status", "state": "error", "message": "something else"},
            {"type": "final_summary"},
            {"type": "entities_update"},
            {"type": "who knows"},
            {"type": "asr_final"},
        ]
    ),
    st.just({"type": "error", "message": "Invalid start message"}),
)
locations = st.sampled_from(
    ["/elsewhere", "ws://localhost:9000/x", "wss://example.org/x", "http://example.org", "::"]
)


class Walk(RuleBasedStateMachine):
    """One session, told anything at any time; the World watches."""

    backend = Backend()
    session = SESSION
    attempt = ATTEMPT

    def __init__(self) -> None:
        super().__init__()
        self.core: Connection | None = None

    def make(self, **options: Any) -> Connection:
        return Connection(self.backend, session_id=self.session, attempt_id=self.attempt, **options)

    @initialize(
        policy=policies,
        random=st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=5),
        sources=st.sampled_from([("mic",), ("mic", "system")]),
        has_provider=st.booleans(),
        stage=st.integers(0, 7),
    )
    def begin(
        self,
        policy: Policy,
        random: list[float],
        sources: tuple[str, ...],
        has_provider: bool,
        stage: int,
    ) -> None:
        self.options: dict[str, Any] = {
            "random": lambda: random[0],
            "sources": sources,
            "policy": policy,
            "has_provider": has_provider,
            "may_pause": sources[1:],
        }
        self.policy, self.sources = policy, sources
        self.now = 0.0
        self.request = 0
        self.marks: list[bytes] = []
        self.world = World(policy)
        self.core = self.make(**self.options)
        # A random walk rarely gets past the handshake: begin somewhere along it.
        if stage > 0:
            self.feed(e.OpenRequested())
            if has_provider:
                self.feed(e.CredentialReady(self.request))
        if stage > 1:
            self.now += 0.3
            self.feed(e.SocketOpened(1, "connection 1"))
        if stage > 2:
            self.pull(1)
        if stage > 3:
            self.feed(e.MessageReceived(1, '{"type":"status","state":"streaming"}'))
        if stage > 4:
            self.capture("mic", 100, tail=True)
            self.pull(200)
        if stage > 5:
            self.feed(e.StopRequested())
            self.pull(200)

    def feed(self, event: e.Event) -> None:
        core = self.core
        assert core is not None
        before = core.state, core.next_deadline(), core.statistics
        world = self.world
        try:
            commands = self.receive(core, event)
        except LocalProtocolError:
            assert (core.state, core.next_deadline(), core.statistics) == before
            # Whatever was due at this instant is still due.
            event = e.Tick()
            commands = self.receive(core, event)
        world.happened(event, self.now, self.sources)
        for command in commands:
            if isinstance(command, RequestCredential):
                self.request = command.request
        world.commanded(commands)

    def receive(self, core: Connection, event: e.Event) -> list[Command]:
        return core.receive(event, self.now)

    def next_message(self, core: Connection) -> Outgoing | None:
        return core.next_message(self.now)

    @rule()
    def open(self) -> None:
        self.feed(e.OpenRequested())

    @rule()
    def stop(self) -> None:
        self.feed(e.StopRequested())

    @rule(really=st.integers(0, 9))
    def abort(self, really: int) -> None:
        if not really:
            self.feed(e.AbortRequested())

    @rule()
    def network(self) -> None:
        self.feed(e.NetworkRestored())

    @rule(source=st.sampled_from(["mic", "system", "other"]), frames=st.integers(0, 120))
    def capture(self, source: str, frames: int, tail: bool = False) -> None:
        self.feed(e.AudioCaptured(source, bytes(640 * frames + 2 * tail)))

    @rule()
    def capture_more_than_the_buffer(self) -> None:
        self.feed(e.AudioCaptured("mic", bytes(2 * SAMPLE_RATE * 61)))

    @rule(source=st.sampled_from(["mic", "system"]), what=st.integers(0, 4))
    def source_news(self, source: str, what: int) -> None:
        events: list[e.Event] = [
            e.SourceStarted(source, self.now - 0.5),
            e.CaptureHole(source, 1600),
            e.CaptureHole(source, -1),
            e.SourceEnded(source),
            e.SourceLost(source, "unplugged"),
        ]
        self.feed(events[what])

    @rule(age=ages, outcome=st.sampled_from([True, True, True, False, None]))
    def credential(self, age: int, outcome: bool | None) -> None:
        request = self.request - age
        if outcome:
            self.feed(e.CredentialReady(request))
        else:
            self.feed(e.CredentialFailed(request, fatal=outcome is None))

    @rule(age=ages)
    def opened(self, age: int) -> None:
        dial = self.world.dial - age
        self.feed(e.SocketOpened(dial, f"connection {dial}"))

    @rule(age=ages, location=locations)
    def redirected(self, age: int, location: str) -> None:
        self.feed(e.Redirected(self.world.dial - age, 302, location))

    @rule(age=ages, message=messages, ids=st.sampled_from([0, 0, 0, 1, 2]))
    def said(self, age: int, message: dict[str, Any], ids: int) -> None:
        dial = self.world.dial - age
        known = {"connection_id": f"connection {dial}", "attempt_id": ATTEMPT}
        foreign = {"connection_id": "connection 0"}
        data = json.dumps(message | [known, {}, foreign][ids])
        self.feed(e.MessageReceived(dial, data))

    @rule(age=ages, data=st.sampled_from(["", "no JSON", b"\0", "[]", '{"type":1}']))
    def raved(self, age: int, data: str | bytes) -> None:
        self.feed(e.MessageReceived(self.world.dial - age, data))

    @rule(age=ages, known=st.booleans())
    def pong(self, age: int, known: bool) -> None:
        mark = self.marks[-1] if known and self.marks else b"?"
        self.feed(e.PongReceived(self.world.dial - age, mark))

    @rule(age=ages, facts=endings)
    def lost(self, age: int, facts: dict[str, Any]) -> None:
        self.feed(e.SocketLost(dial=self.world.dial - age, **facts))

    @rule(seconds=st.one_of(st.floats(0, 2), st.floats(0, 1000)))
    def pause(self, seconds: float) -> None:
        """Nobody looks for a while: deadlines may be missed."""
        self.now += seconds
        self.feed(e.Tick())

    @precondition(lambda self: self.core is not None and self.core.next_deadline() is not None)
    @rule(times=st.integers(1, 3))
    def deadline(self, times: int) -> None:
        """Time runs exactly to the next deadline: the interesting instant."""
        for _ in range(times):
            self.run_to_deadline()

    def run_to_deadline(self) -> None:
        deadline = self.core.next_deadline() if self.core else None
        if deadline is not None:
            self.now = max(self.now, deadline)
            self.feed(e.Tick())

    @rule(times=st.sampled_from([1, 2, 50, 300]))
    def pull(self, times: int) -> None:
        """The sender is idle."""
        assert self.core is not None
        for _ in range(times):
            outgoing = self.next_message(self.core)
            if outgoing is None:
                return
            self.world.pulled(outgoing, self.now)
            if isinstance(outgoing, SendPing):
                self.marks.append(outgoing.mark)

    @rule()
    def line_opens(self) -> None:
        """What a good backend would do next, all at once."""
        for _ in range(3):
            if self.world.state is State.RECONNECTING:
                self.run_to_deadline()
        if self.world.request is not None:
            self.feed(e.CredentialReady(self.world.request))
        if self.world.state is State.CONNECTING:
            self.opened(0)
        if self.world.state is State.AWAITING_ACK:
            self.now += self.policy.start_delay
            self.feed(e.Tick())
            self.pull(1)
            self.said(0, {"type": "status", "state": "streaming"}, 0)
            self.pull(50)

    @invariant()
    def the_world_is_in_order(self) -> None:
        if self.core is not None:
            self.world.check(self.core)

    def teardown(self) -> None:
        """From here on nobody says a word: every session ends, or is still asking."""
        if self.core is None or self.core.state is State.IDLE:
            return
        self.fall_silent(200)
        patient = self.policy.max_attempts is None and self.policy.give_up_after is None
        if patient and not self.core.ended:
            with contextlib.suppress(LocalProtocolError):
                self.feed(e.StopRequested())
            self.fall_silent(200)
        assert self.core.ended, f"silence does not end {self.core.state}"
        assert self.world.ended is not None

    def fall_silent(self, steps: int) -> None:
        assert self.core is not None
        for _ in range(steps):
            if self.core.ended:
                return
            self.pull(5000)
            self.run_to_deadline()
            self.the_world_is_in_order()
