"""Drives a session by hand, with a clock that only the test moves.

``Drive`` plays the adapter and the backend. It decides nothing: each method feeds one event
at ``now`` and records the commands (``commands``) and the pulled messages (``sent``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Self, TypeVar

from openline import events as e
from openline.backend import Backend
from openline.commands import (
    Command,
    OpenSocket,
    Outgoing,
    Report,
    RequestCredential,
    SendBytes,
    SendPing,
    SendText,
)
from openline.dialects.echopanel import EchoPanel
from openline.dialects.protocol import Dialect
from openline.machine.actions import Actions
from openline.observer import Observer
from openline.policy import Policy
from openline.reconnect.verdicts import ErrorKind, Sender
from openline.session import SessionMachine
from openline.updates import SAMPLE_RATE, Ended, Gap, State, StateChanged, Transcript, Update

U = TypeVar("U", bound=Update)
FRAME = 320
#: Memory holds a minute of audio.
MINUTE = Policy(buffer_seconds=60.0)
#: Seconds in a frame.
BEAT = FRAME / SAMPLE_RATE
SESSION, ATTEMPT = "the session", "the attempt"


def pcm(samples: int) -> bytes:
    return bytes(2 * samples)


class Drive:
    """One session in a test's hands.

    ``random`` is the result of every draw; ``watched`` are the sources watched for silence.
    ``ends``: what the ack says that the ends of finals are; a claim proves nothing.
    """

    def __init__(
        self,
        *,
        sources: Sequence[str] = ("mic",),
        policy: Policy | None = None,
        has_provider: bool = False,
        random: float | Callable[[], float] = 0.5,
        backend: Backend | None = None,
        dialect: Dialect | None = None,
        disk_seconds: float = 0.0,
        watched: Collection[str] = (),
        make: Callable[..., SessionMachine] = SessionMachine,
        observers: Sequence[Observer] = (),
        ends: str = "exact",
        kinds: Mapping[str, e.SourceKind] | None = None,
    ) -> None:
        self.ends = ends
        value = random
        self.core = make(
            backend or Backend(),
            session_id=SESSION,
            attempt_id=ATTEMPT,
            random=value if callable(value) else lambda: value,
            sources=sources,
            policy=policy or MINUTE,
            dialect=dialect or EchoPanel(),
            has_provider=has_provider,
            disk_seconds=disk_seconds,
            may_pause=set(sources) - set(watched),
            kinds=kinds or {},
            observers=observers,
        )
        self.now = 100.0
        self.ticks = 0
        self.commands: list[Command] = []
        self.sent: list[Outgoing] = []

    @property
    def session(self) -> Actions:
        """The internal state, which a test may read and change beyond the snapshot."""
        return self.core._session  # pyright: ignore[reportPrivateUsage]  # the one access for tests

    # Time and events.

    def feed(self, event: e.Event, *, after: float = 0.0) -> list[Command]:
        """Feed ``event``, ``after`` seconds from now."""
        self.now += after
        commands = self.core.receive(event, self.now)
        self.commands += commands
        return commands

    def tick(self) -> list[Command]:
        """Move the clock to the next deadline and feed a tick."""
        deadline = self.core.next_deadline()
        assert deadline is not None, "there is nothing to wait for"
        self.ticks += 1
        assert self.ticks < 20_000, "it goes on for ever"
        self.now = max(self.now, deadline)
        return self.feed(e.Tick())

    def wait(self, seconds: float, *, pulling: bool = True) -> list[Command]:
        """Let time pass with a tick at every deadline and a sender that pulls at once."""
        end = self.now + seconds
        commands: list[Command] = []
        if pulling:
            self.drain()
        while (deadline := self.core.next_deadline()) is not None and deadline <= end:
            commands += self.tick()
            if pulling:
                self.drain()
        self.now = end
        commands += self.feed(e.Tick())
        return commands

    def run_out(self) -> None:
        """Tick without any other event until the session ends."""
        while not self.core.ended:
            self.tick()

    def pull(self) -> Outgoing | None:
        """Pull the next message; the last send has completed."""
        outgoing = self.core.next_message(self.now)
        if outgoing is not None:
            self.sent.append(outgoing)
        return outgoing

    def drain(self) -> list[Outgoing]:
        """Pull every message that may be sent now."""
        sent: list[Outgoing] = []
        while (outgoing := self.pull()) is not None:
            sent.append(outgoing)
            assert len(sent) < 100_000, "the sender never rests"
        return sent

    def serve(self, *sources: str) -> None:
        """Drain; the backend answers pings and sends metrics for ``sources``."""
        while sent := self.drain():
            for outgoing in sent:
                if isinstance(outgoing, SendPing):
                    self.feed(e.PongReceived(outgoing.dial, outgoing.mark))
            for source in sources:
                self.figures(source=source)

    # The app.

    def open(self) -> list[Command]:
        return self.feed(e.OpenRequested())

    def stop(self) -> list[Command]:
        return self.feed(e.StopRequested())

    def abort(self) -> list[Command]:
        return self.feed(e.AbortRequested())

    def audio(self, frames: int = 1, source: str = "mic") -> list[Command]:
        return self.feed(e.AudioCaptured(source, pcm(frames * FRAME)))

    def speak(self, seconds: float, source: str = "mic") -> None:
        """Live audio: a frame each 20 ms, sent when allowed; the backend answers pings."""
        for _ in range(round(seconds / BEAT)):
            self.wait(BEAT, pulling=False)
            self.audio(source=source)
            self.serve()

    # The backend and the network.

    def opened(self, *, after: float = 0.2, date: float | None = None) -> list[Command]:
        opened = e.SocketOpened(self.core.dial, self.connection_id, date)
        return self.feed(opened, after=after)

    @property
    def connection_id(self) -> str:
        return f"connection {self.core.dial}"

    def say(self, kind: str, *, after: float = 0.0, **fields: Any) -> list[Command]:
        """The backend sends a message on the live dial, with the dial's ids."""
        ids = {"connection_id": self.connection_id, "attempt_id": ATTEMPT}
        message = {"type": kind} | ids | fields
        return self.feed(e.MessageReceived(self.core.dial, json.dumps(message)), after=after)

    def ack(self, state: str = "streaming", **fields: Any) -> list[Command]:
        known: dict[str, Any] = {"final_ends": self.ends} | fields
        return self.say("status", state=state, **known)

    def final(self, start: float, end: float, text: str = "words", **more: Any) -> list[Command]:
        return self.say("asr_final", text=text, t0=start, t1=end, **more)

    def partial(self, start: float, end: float, text: str = "word", **more: Any) -> list[Command]:
        return self.say("asr_partial", text=text, t0=start, t1=end, **more)

    def summary(self) -> list[Command]:
        return self.say("final_summary", markdown="# Summary", json={"transcript": []})

    def figures(self, backlog: float = 0.0, dropped: int = 0, source: str = "mic") -> list[Command]:
        return self.say("metrics", source=source, backlog_seconds=backlog, dropped_total=dropped)

    def refuse(self, text: str = "Server at capacity, please try again later") -> list[Command]:
        return self.say("status", state="error", message=text)

    def lose(self, code: int | None = None, **facts: Any) -> list[Command]:
        """The live dial is lost; without ``facts`` by a connection reset."""
        if code is not None:
            facts.setdefault("sender", Sender.REMOTE)
            facts["code"] = code
        elif not facts:
            facts["error"] = ErrorKind.RESET
        return self.feed(e.SocketLost(dial=self.core.dial, **facts))

    def connect(self) -> None:
        """Open, start and acknowledge the pending dial."""
        self.opened()
        self.drain()
        self.ack()

    def stream(self) -> Self:
        """From idle to streaming."""
        self.open()
        self.connect()
        assert self.state == "streaming"
        return self

    def redial(self) -> None:
        """Wait for the next dial."""
        dial = self.core.dial
        while self.core.dial == dial:
            self.tick()

    def redial_or_ask(self) -> None:
        """Wait for the next dial or the next credential request."""
        before = len(self.dials), len(self.requests)
        while (len(self.dials), len(self.requests)) == before:
            self.tick()

    # Results.

    @property
    def state(self) -> str:
        return self.core.state.value

    @property
    def updates(self) -> list[Update]:
        return [command.update for command in self.commands if isinstance(command, Report)]

    def told(self, kind: type[U]) -> list[U]:
        return [update for update in self.updates if isinstance(update, kind)]

    @property
    def states(self) -> list[State]:
        return [change.state for change in self.told(StateChanged)]

    @property
    def last_change(self) -> StateChanged:
        return self.told(StateChanged)[-1]

    @property
    def ended(self) -> Ended:
        [ended] = self.told(Ended)
        return ended

    @property
    def finals(self) -> list[Transcript]:
        return [words for words in self.told(Transcript) if words.final]

    @property
    def settled(self) -> list[Transcript]:
        """The finals that were held when they were told."""
        return [words for words in self.told(Transcript) if words.settled and not words.final]

    @property
    def gaps(self) -> list[Gap]:
        return self.told(Gap)

    @property
    def dials(self) -> list[OpenSocket]:
        return [command for command in self.commands if isinstance(command, OpenSocket)]

    @property
    def requests(self) -> list[RequestCredential]:
        return [command for command in self.commands if isinstance(command, RequestCredential)]

    @property
    def texts(self) -> list[tuple[int, str]]:
        """The dial and the message type of every text that was sent."""
        return [
            (outgoing.dial, json.loads(outgoing.data)["type"])
            for outgoing in self.sent
            if isinstance(outgoing, SendText)
        ]

    def frames(self, dial: int | None = None) -> int:
        """The number of audio frames sent, on one dial or on all."""
        return sum(
            isinstance(outgoing, SendBytes) and dial in {None, outgoing.dial}
            for outgoing in self.sent
        )
