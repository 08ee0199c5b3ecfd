"""Any events in any order: a hypothesis state machine to subclass.

    class MyFuzzer(SessionFuzzer):
        dialect = MyDialect()
        messages = {"ack": '{"ready":true}', "words": '{"text":"yes","from":0,"to":1}'}

    TestMine = MyFuzzer.TestCase

One session receives any event at any time, in and out of turn, of this dial and of others.
A ``World`` observes it. At the end no event comes any more, and every session has to end.
Hypothesis shrinks a failure to the fewest steps and prints each event with its time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import hypothesis.strategies as st
from hypothesis import note
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.strategies import SearchStrategy

from openline import events as e
from openline.backend import Backend
from openline.commands import Command, Outgoing, SendPing
from openline.dialects.protocol import Dialect, Ids
from openline.dialects.registry import DEFAULT
from openline.machine.handlers import LocalProtocolError
from openline.policy import Policy
from openline.session import SessionMachine
from openline.updates import SAMPLE_RATE, State
from openline_testing import strategies
from openline_testing.draws import Draws
from openline_testing.laws import broken
from openline_testing.samples import Sample, Samples, acks_of, fill, final_of, samples_of
from openline_testing.scope import check_scope
from openline_testing.steps import Noted
from openline_testing.world import Session, World

_STAGES = 7
_FOREVER = 5000  # more deadlines than any silence has; most are checks of silent sources


def _of(what: Callable[[Any], SearchStrategy[Any]]) -> SearchStrategy[Any]:
    """A strategy that the subclass supplies."""
    return st.runner().flatmap(what)


class SessionFuzzer(RuleBasedStateMachine):
    """One session that receives any event at any time; a World observes it.

    Subclass it and set your options as class attributes; hypothesis runs its ``TestCase``.

    - ``dialect`` and ``messages`` go together. The default dialect has samples of its own.
      For another one set ``messages`` to samples of its backend's messages, the
      acknowledgement among them: a list or a mapping from names, each a text, bytes, or a
      function from ``Ids`` to one of these. (A dialect may have them as its attribute
      ``samples`` instead.)
    - ``backend``, ``sources`` (None: any of the dialect's), ``session_id``, ``attempt_id``.
    - ``policies`` and ``endings``: strategies for the policy and for how a dial ends.
    - ``make(**options)``: the session under test, an ``openline.SessionMachine`` by default, or
      any object with its interface, such as two of them side by side.
    - ``received(event, commands)``, ``sent(outgoing)``, ``ended()``: further checks.

    A rule of your own calls ``feed(event)``; ``world.seen`` has the live dial and its ids.
    Raises ValueError, one line, for samples with which no session can begin, and ScopeError for a
    dialect that the laws do not know.
    """

    dialect: ClassVar[Dialect] = DEFAULT
    messages: ClassVar[Samples | None] = None
    backend: ClassVar[Backend] = Backend()
    sources: ClassVar[Sequence[str] | None] = None
    policies: ClassVar[SearchStrategy[Policy]] = strategies.policies()
    endings: ClassVar[SearchStrategy[dict[str, Any]]] = strategies.endings()
    session_id: ClassVar[str] = "session"
    attempt_id: ClassVar[str] = "attempt"

    def __init__(self) -> None:
        super().__init__()
        check_scope(self.dialect)
        samples = samples_of(self.dialect, self.messages)
        self._messages = strategies.messages(self.dialect, self.messages)
        self._acks = acks_of(self.dialect, samples)
        self._ack, self._final = self._acks[0], final_of(self.dialect, samples)
        self._session: Session | None = None
        self.now: float = 0.0

    # To be overridden.

    def make(self, **options: Any) -> Session:
        """The session under test, made with the keyword arguments of ``SessionMachine``."""
        return SessionMachine(self.backend, **options)

    def received(self, event: e.Event, commands: Sequence[Command]) -> None:
        """After ``event`` was received, with the resulting commands."""

    def sent(self, outgoing: Outgoing) -> None:
        """After ``outgoing`` was pulled."""

    def ended(self) -> None:
        """After the session has ended, at the latest by silence."""

    # The session.

    @property
    def session(self) -> Session:
        """The session under test."""
        if self._session is None:
            raise RuntimeError("the session is made by the first step")
        return self._session

    @initialize(
        policy=_of(lambda self: self.policies),
        draws=st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=5),
        sources=_of(lambda self: st.sampled_from([*self._choices()])),
        has_provider=st.booleans(),
        stage=st.tuples(st.integers(0, _STAGES), st.integers(0, 1)),
    )
    def begin(
        self,
        policy: Policy,
        draws: list[float],
        sources: tuple[str, ...],
        has_provider: bool,  # noqa: FBT001  # hypothesis passes by name
        stage: tuple[int, int],
    ) -> None:
        """A session somewhere along the way: a random walk rarely gets past the handshake."""
        stages, ack = stage
        self._ack = self._acks[ack % len(self._acks)]
        self.policy = policy
        self.names = sources
        self.marks: list[bytes] = []
        common: dict[str, Any] = {
            "sources": sources,
            "session_id": self.session_id,
            "attempt_id": self.attempt_id,
            "has_provider": has_provider,
            "may_pause": sources[1:],
        }
        self.world = World(policy, self.dialect, **common)
        self._session = self.make(
            policy=policy, dialect=self.dialect, random=Draws(draws), **common
        )
        if stages > 0:
            self.feed(e.OpenRequested())
            if has_provider:
                self.feed(e.CredentialReady(1))
        if stages > 1:
            self.now += 0.3
            self.feed(e.SocketOpened(1, "connection 1"))
        if stages > 2:
            self.pull(1)
        if stages > 3:
            self._receive(self._ack)
        if stages > 4:
            self.feed(e.AudioCaptured(sources[0], bytes(640 * 100 + 2)))
            self.pull(200)
        if stages > 5:
            self.feed(e.StopRequested())
            self.pull(200)
        if stages > 6 and self._final is not None:
            self._receive(self._final)

    def _choices(self) -> list[tuple[str, ...]]:
        sources = tuple(self.sources or self.dialect.traits.sources[:2])
        return [(sources[0],), sources]

    def feed(self, event: e.Event) -> None:
        """``event`` happens now; a refused one is replaced by a Tick."""
        note(Noted(self.now, self.session.state, event))  # printed for the smallest failure
        try:
            commands = self.world.receive(self.session, event, self.now)
        except LocalProtocolError:
            event = e.Tick()
            commands = self.world.receive(self.session, event, self.now)
        self.received(event, commands)

    def _receive(self, sample: Sample, age: int = 0) -> None:
        dial = self.world.seen.dial - age
        name = f"connection {dial}"
        ids = Ids(session_id=self.session_id, attempt_id=self.attempt_id, connection_id=name)
        self.feed(e.MessageReceived(dial, fill(sample, ids)))

    # The app.

    @rule()
    def open(self) -> None:
        """The app opens the line."""
        self.feed(e.OpenRequested())

    @rule()
    def stop(self) -> None:
        """The app stops."""
        self.feed(e.StopRequested())

    @rule(really=st.integers(0, 9))
    def abort(self, really: int) -> None:
        """The app aborts; rarely, as that ends the session."""
        if not really:
            self.feed(e.AbortRequested())

    @rule(skips=st.booleans())
    def network(self, skips: bool) -> None:  # noqa: FBT001  # what hypothesis draws
        """The app reports that the network is back, or skips to live audio."""
        self.feed(e.SkipRequested() if skips else e.NetworkRestored())

    @rule(source=st.integers(0, 2), frames=st.integers(0, 120), tail=st.booleans())
    def capture(self, source: int, frames: int, tail: bool) -> None:  # noqa: FBT001  # as above
        """A source captures audio; the third one does not belong to the session."""
        self.feed(e.AudioCaptured(self._source(source), bytes(640 * frames + 2 * tail)))

    @rule()
    def capture_more_than_the_buffer(self) -> None:
        """More audio than memory holds."""
        seconds = self.policy.buffer_of(self.dialect.traits) + 1
        self.feed(e.AudioCaptured(self.names[0], bytes(2 * round(SAMPLE_RATE * seconds))))

    @rule(source=st.integers(0, 2), what=st.integers(0, 7))
    def source_event(self, source: int, what: int) -> None:
        """A source starts, has a hole, ends or fails, or its device is away, or muted."""
        name = self._source(source)
        events: list[e.Event] = [
            e.SourceStarted(name, self.now - 0.5),
            e.CaptureHole(name, 1600),
            e.CaptureHole(name, -1),
            e.SourceFinished(name),
            e.SourceFailed(name, "unplugged"),
            e.DeviceLost(name, "usb", "unplugged"),
            e.DeviceFound(name, "usb", "it is back"),
            e.SilenceHeard(name, 10.0),
        ]
        self.feed(events[what])

    def _source(self, number: int) -> str:
        return [*self.names, "no source", "no source"][number]

    # The environment.

    @rule(age=strategies.ages(), answer=strategies.answers())
    def credential(self, age: int, answer: strategies.Answer) -> None:
        """The provider answers, fails, fails for good, or gives an unusable answer."""
        self.feed(answer(self.world.seen.requested - age))

    @rule(age=strategies.ages())
    def opened(self, age: int) -> None:
        """A socket opens."""
        dial = self.world.seen.dial - age
        self.feed(e.SocketOpened(dial, f"connection {dial}"))

    @rule(age=strategies.ages(), location=strategies.locations())
    def redirected(self, age: int, location: str) -> None:
        """A dial is answered with a redirect."""
        self.feed(e.Redirected(self.world.seen.dial - age, 302, location))

    @rule(age=strategies.ages(), message=_of(lambda self: self._messages))
    def server_message(self, age: int, message: Sample) -> None:
        """The backend sends a message."""
        self._receive(message, age)

    @rule(age=strategies.ages(), known=st.booleans())
    def pong(self, age: int, known: bool) -> None:  # noqa: FBT001  # as above
        """A pong arrives."""
        mark = self.marks[-1] if known and self.marks else b"?"
        self.feed(e.PongReceived(self.world.seen.dial - age, mark))

    @rule(age=strategies.ages(), fields=_of(lambda self: self.endings))
    def lost(self, age: int, fields: dict[str, Any]) -> None:
        """A dial is over."""
        self.feed(e.SocketLost(dial=self.world.seen.dial - age, **fields))

    @rule(seconds=strategies.pauses())
    def pause(self, seconds: float) -> None:
        """Time passes without a tick: deadlines may be missed."""
        self.now += seconds
        self.feed(e.Tick())

    @precondition(lambda self: self._session and self._session.next_deadline() is not None)
    @rule(times=st.integers(1, 3))
    def deadline(self, times: int) -> None:
        """Time runs exactly to the next deadline, where most faults hide."""
        for _ in range(times):
            self._run_to_deadline()

    def _run_to_deadline(self) -> None:
        deadline = self.session.next_deadline()
        if deadline is not None:
            self.now = max(self.now, deadline)
            self.feed(e.Tick())

    @rule(times=st.sampled_from([1, 2, 50, 300]))
    def pull(self, times: int) -> None:
        """The sender is idle."""
        for _ in range(times):
            if (outgoing := self.world.pull(self.session, self.now)) is None:
                return
            if isinstance(outgoing, SendPing):
                self.marks.append(outgoing.mark)
            self.sent(outgoing)

    @rule()
    def line_opens(self) -> None:
        """The next events of a good backend, all at once."""
        seen = self.world.seen
        for _ in range(3):
            if seen.state is State.RECONNECTING:
                self._run_to_deadline()
        if seen.request is not None:
            self.feed(e.CredentialReady(seen.request))
        if seen.state is State.CONNECTING:
            self.opened(0)
        if seen.state is State.AWAITING_ACK:
            self.now += self.policy.start_delay_of(self.dialect.traits)
            self.feed(e.Tick())
            self.pull(1)
            self._receive(self._ack)
            self.pull(50)

    @invariant()
    def rests(self) -> None:
        """After any step, the session keeps the laws."""
        if self._session is not None:
            self.world.rest(self._session)

    def teardown(self) -> None:
        """From here on no event comes: every session ends, or keeps dialling."""
        if self._session is None or self._session.state is State.IDLE:
            return
        patient = self.policy.max_attempts is None and self.policy.give_up_after is None
        self._fall_silent(dials=3 if patient else None)
        if patient and not self._session.ended:
            with contextlib.suppress(LocalProtocolError):
                self.feed(e.StopRequested())
            self._fall_silent()
        if not self._session.ended:
            broken("silence ends", f"it is still {self._session.state}", self.now)
        self.ended()

    def _fall_silent(self, dials: int | None = None) -> None:
        """Let time pass until it ends, or has dialled so often that it goes on for ever."""
        most = None if dials is None else self.world.seen.dial + dials
        for _ in range(_FOREVER):
            if self.session.ended or self.world.seen.dial == most:
                break
            self.pull(5000)
            self._run_to_deadline()
