"""Sessions worth drawing, each with a backend that keeps the contract or breaks it once.

``Stage`` plays the app and an ideal backend in virtual time: a heap of scheduled actions,
and the core's own deadlines between them. Nothing is random and nothing sleeps, so a scenario
is the same on every machine. A *speech* is a list of phrases in session time. The backend
finalises each phrase a moment after it received all of it, wherever its connection began. A
*part* is a backend that breaks the contract on one dial, in place of the ideal one.

``journals/record.py`` records the journals, ``test_journals`` replays them, and
``diagrams/draw.py`` draws them.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from openline import events as e
from openline.backend import Backend
from openline.commands import (
    AbortSocket,
    CloseSocket,
    Command,
    OpenSocket,
    Outgoing,
    RequestCredential,
    SendBytes,
    SendPing,
    SendText,
)
from openline.journal.recorder import Recorder
from openline.reconnect.verdicts import ErrorKind, Sender
from openline.session import SessionMachine
from openline.updates import SAMPLE_RATE, State

CHUNK = 0.1
LATENCY = 0.02  # one way
LATE = 0.01  # from the end of a piece to its arrival
THINKING = 0.25  # from the last sound of a phrase to its final
HEADERS = {b"EP\x01\x00": "system", b"EP\x01\x01": "mic"}


class Phrase(NamedTuple):
    """Words between two session times, in seconds."""

    start: float
    end: float
    text: str
    source: str = "mic"


class Dial:
    """One connection, seen from the backend; a subclass breaks the contract once."""

    def __init__(self, stage: Stage, number: int) -> None:
        self.stage = stage
        self.number = number
        self.alive = True
        self.began: dict[str, float] = {}  # the session time of a source's first sample here
        self.heard: dict[str, float] = {}  # the session time up to which it was received
        self.said = 0  # phrases that are finalised or were confirmed before
        self.stopping = False

    # The network and the backend.

    def dialled(self) -> None:
        """The socket opens after three one-way delays, as TCP and the upgrade need."""
        self.later(3 * LATENCY, self.opened)

    def opened(self) -> None:
        self.tell(e.SocketOpened(self.number, f"connection {self.number}"))
        self.later(LATENCY, partial(self.say, "status", state="connected", message="Connected"))

    def started(self) -> None:
        self.later(LATENCY, partial(self.say, "status", state="streaming", final_ends="exact"))

    def listened(self, source: str) -> None:
        """More audio arrived: a phrase that is complete is finalised soon."""
        speech = self.stage.speech
        for at, phrase in enumerate(speech):
            done = self.heard.get(phrase.source, -1.0) >= phrase.end - 1e-6
            if at == self.said and phrase.start >= self.stage.proved[phrase.source] and done:
                self.said += 1
                self.later(THINKING, partial(self.finalise, phrase))
            elif at == self.said and phrase.end <= self.stage.proved[phrase.source]:
                self.said += 1

    def pinged(self, mark: bytes) -> None:
        self.later(2 * LATENCY, lambda: self.tell(e.PongReceived(self.number, mark)))

    def stopped(self) -> None:
        """Finalise the phrases that were received, then send the summary."""
        self.stopping = True
        self.later(THINKING + 0.1, self.sum_up)

    def sum_up(self) -> None:
        self.say("final_summary", markdown="# Summary", json={"transcript": []})

    def closed(self) -> None:
        self.later(2 * LATENCY, partial(self.lose, code=1000, sender=Sender.REMOTE))

    # Helpers.

    def later(self, seconds: float, what: Callable[[], object]) -> None:
        """Call ``what`` after ``seconds``, if the connection is still alive."""
        self.stage.at(self.stage.now + seconds, lambda: self.alive and what())

    def tell(self, event: e.Event) -> None:
        self.stage.feed(event)

    def say(self, kind: str, **fields: object) -> None:
        ids = {"connection_id": f"connection {self.number}", "attempt_id": "the attempt"}
        self.tell(e.MessageReceived(self.number, json.dumps({"type": kind} | ids | fields)))

    def finalise(self, phrase: Phrase) -> None:
        self.stage.proved[phrase.source] = phrase.end
        self.words("asr_final", phrase)

    def words(self, kind: str, phrase: Phrase) -> None:
        began = self.began[phrase.source]
        t0, t1 = round(phrase.start - began, 3), round(phrase.end - began, 3)
        self.say(kind, text=phrase.text, t0=t0, t1=t1, source=phrase.source)

    def lose(self, **facts: object) -> None:
        self.alive = False
        self.tell(e.SocketLost(dial=self.number, **facts))  # type: ignore[arg-type]

    # Messages of openline.

    def receive(self, outgoing: Outgoing, start: float) -> None:
        """``start``: the session time of the audio, if it is audio."""
        match outgoing:
            case SendBytes(_, data):
                source = HEADERS[data[:4]]
                self.began.setdefault(source, start)
                self.heard[source] = start + (len(data) - 4) / 2 / SAMPLE_RATE
                self.listened(source)
            case SendPing(_, mark):
                self.pinged(mark)
            case SendText(_, data):
                {"start": self.started, "stop": self.stopped}[json.loads(data)["type"]]()


class Stage:
    """One session from its opening to its end.

    ``seconds``: how long each source captures. ``parts``: the backend of each dial; the last
    one plays all dials that follow. ``stop``: when the app requests a stop.
    """

    def __init__(
        self,
        write: Callable[[bytes], object],
        *,
        speech: Sequence[Phrase],
        stop: float,
        seconds: float,
        parts: Sequence[type[Dial]] = (Dial,),
        sources: Sequence[str] = ("mic",),
        has_provider: bool = False,
    ) -> None:
        self.now = 0.0
        self.speech = speech
        self.proved = dict.fromkeys(sources, 0.0)
        self._parts = parts
        self._heap: list[tuple[float, int, Callable[[], object]]] = []
        self._count = 0
        self._dial: Dial | None = None
        self.core = SessionMachine(
            Backend(),
            observers=[Recorder(write)],
            session_id="the session",
            attempt_id="the attempt",
            random=lambda: 0.5,
            sources=sources,
            has_provider=has_provider,
            may_pause=sources,
        )
        self.at(0.0, lambda: self.feed(e.OpenRequested()))
        for number in range(1, round(seconds / CHUNK) + 1):
            for source in sources:
                pcm = bytes(2 * round(CHUNK * SAMPLE_RATE))
                self.at(number * CHUNK + LATE, partial(self.hear, e.AudioCaptured(source, pcm)))
        for source in sources:
            self.at(0.0, partial(self.feed, e.SourceStarted(source, 0.0)))
        self.at(stop, lambda: self.feed(e.StopRequested()))

    def at(self, when: float, what: Callable[[], object]) -> None:
        self._count += 1
        heapq.heappush(self._heap, (round(when, 6), self._count, what))

    def hear(self, event: e.AudioCaptured) -> None:
        if self.core.state not in {State.CLOSED, State.FAILED}:
            self.feed(event)

    def feed(self, event: e.Event) -> None:
        for command in self.core.receive(event, self.now):
            self._carry_out(command)
        if not self.core.ended:
            self._send()

    def _carry_out(self, command: Command) -> None:
        match command:
            case OpenSocket(number):
                part = self._parts[min(number, len(self._parts)) - 1]
                self._dial = part(self, number)
                self._dial.dialled()
            case CloseSocket() if self._dial:
                self._dial.closed()
            case AbortSocket() if self._dial:
                self._dial.alive = False
            case RequestCredential(request):
                self.at(self.now + 0.15, lambda: self.feed(e.CredentialReady(request)))
            case _:
                pass

    def _send(self) -> None:
        while self._pull() is not None:
            pass

    def _pull(self) -> Outgoing | None:
        before = {name: each.sent for name, each in self.core.statistics.sources.items()}
        outgoing = self.core.next_message(self.now)
        if outgoing is not None and self._dial is not None and self._dial.alive:
            source = HEADERS.get(outgoing.data[:4]) if isinstance(outgoing, SendBytes) else None
            start = before[source] / SAMPLE_RATE if source else 0.0
            self._dial.later(LATENCY, partial(self._dial.receive, outgoing, start))
        return outgoing

    def play(self) -> None:
        while not self.core.ended:
            due = self.core.next_deadline()
            if due is not None and (not self._heap or due < self._heap[0][0]):
                self.now = max(self.now, due)
                self.feed(e.Tick())
            else:
                self.now, _, what = heapq.heappop(self._heap)
                what()


# Backends that break the contract.


class Partial(Dial):
    """Sends one partial."""

    def started(self) -> None:
        super().started()
        phrase = self.stage.speech[0]
        so_far = phrase._replace(end=0.4, text=phrase.text.split()[0])
        self.later(0.75, partial(self.words, "asr_partial", so_far))
        figures = {"source": phrase.source, "backlog_seconds": 0.0, "dropped_total": 0}
        self.later(1.0, partial(self.say, "metrics", **figures))


class Dropped(Dial):
    """The connection breaks in the middle of a phrase, after a partial."""

    def started(self) -> None:
        super().started()
        phrase = self.stage.speech[1]
        so_far = phrase._replace(end=phrase.start + 0.5, text=phrase.text.split()[0])
        self.later(phrase.start + 0.5, partial(self.words, "asr_partial", so_far))
        self.later(phrase.start + 0.8, partial(self.lose, error=ErrorKind.RESET))


class Unauthorized(Dial):
    """Refuses the token, by a status message and by its close code."""

    def started(self) -> None:
        text = "Unauthorized websocket connection"
        self.later(LATENCY, partial(self.say, "status", state="error", message=text))
        lost = e.SocketLost(dial=self.number, code=1008, sender=Sender.REMOTE)
        self.stage.at(self.stage.now + 2 * LATENCY, lambda: self.late(lost))

    def late(self, event: e.Event) -> None:
        """Feed an event that follows the refusal, unless the session has ended."""
        if not self.stage.core.ended:
            self.tell(event)


class Full(Dial):
    """Waits 5 s for a free place and finds none."""

    def started(self) -> None:
        text = "Server at capacity, please try again later"
        self.later(5.0, partial(self.say, "status", state="error", message=text))


class Frozen(Dial):
    """Freezes after its first final: still receives, and answers nothing."""

    @property
    def frozen(self) -> bool:
        return any(self.stage.proved.values())

    def listened(self, source: str) -> None:
        if not self.frozen:
            super().listened(source)

    def pinged(self, mark: bytes) -> None:
        if not self.frozen:
            super().pinged(mark)


class Restarting(Dial):
    """Closes with the code of a restart."""

    def started(self) -> None:
        super().started()
        self.later(1.2, partial(self.lose, code=1012, sender=Sender.REMOTE))


class Scene(NamedTuple):
    """A scenario: its title, its description, and the stage that plays it."""

    title: str
    about: str
    play: Callable[[Callable[[bytes], object]], Stage]


HELLO = Phrase(0.0, 0.8, "hello world")
REST = Phrase(0.9, 1.5, "and that is all")
SAFE = Phrase(0.0, 1.2, "this much is safe")
AGAIN = Phrase(1.3, 2.6, "and this is sent again")
MIC, SYSTEM = Phrase(0.0, 0.6, "hello"), Phrase(0.1, 0.8, "and welcome", "system")

#: Each scenario by the name of its journal.
SCENES: dict[str, Scene] = {
    "happy-path": Scene(
        "The happy path",
        "Audio is captured from the opening on and is sent after the ack. Each final confirms "
        "the audio that it covers; the final message confirms the rest.",
        partial(Stage, speech=[HELLO, REST], stop=1.7, seconds=1.6, parts=[Partial]),
    ),
    "two-sources": Scene(
        "Two sources on one line",
        "The microphone and the system audio share one line. Each source has its own watermarks.",
        partial(Stage, speech=[MIC, SYSTEM], stop=1.2, seconds=1.0, sources=("mic", "system")),
    ),
    "drop-and-replay": Scene(
        "A dropped connection, and the replay",
        "The connection breaks in the middle of a phrase. The partial is retracted and new audio "
        "is buffered. The next dial sends all audio again that no final has confirmed.",
        partial(Stage, speech=[SAFE, AGAIN], stop=4.4, seconds=2.8, parts=[Dropped, Dial]),
    ),
    "wrong-token-with-a-provider": Scene(
        "A wrong token, with a provider",
        "The session asks the provider for a fresh token. The refusal was judged when it arrived, "
        "so the close that follows it changes nothing.",
        partial(
            Stage, speech=[HELLO], stop=1.5, seconds=1.0, parts=[Unauthorized, Dial],
            has_provider=True,
        ),
    ),
    "wrong-token-without-a-provider": Scene(
        "A wrong token, without a provider",
        "Without a provider there is no other token, and the same token would be refused again. "
        "The session fails at once, and its error names what is missing.",
        partial(Stage, speech=[HELLO], stop=1.5, seconds=1.0, parts=[Unauthorized]),
    ),
    "capacity": Scene(
        "A backend that is full",
        "The backend reports after 5 s that it is full. The next dial follows after 5 s plus a "
        "random delay. Audio captured in between is buffered and sent then.",
        partial(Stage, speech=[HELLO], stop=12.0, seconds=1.0, parts=[Full, Dial]),
    ),
    "frozen-backend": Scene(
        "A backend that freezes",
        "The backend still receives audio and answers nothing. A ping without a pong for 5 s ends "
        "the dial. There is no closing handshake, because the backend would not answer it.",
        partial(Stage, speech=[HELLO, REST], stop=8.0, seconds=1.6, parts=[Frozen, Dial]),
    ),
    "stop-during-a-reconnect": Scene(
        "Stopped while reconnecting",
        "The app stops while there is no line. Some captured audio is not confirmed yet, so the "
        "session dials once more and goes from the ack straight to finishing.",
        partial(Stage, speech=[HELLO], stop=1.7, seconds=1.2, parts=[Restarting, Dial]),
    ),
}  # fmt: skip
SCENARIOS = tuple(SCENES)


def record(name: str) -> bytes:
    """The journal of a scenario."""
    lines = list[bytes]()
    SCENES[name].play(lines.append).play()
    return b"".join(lines)
