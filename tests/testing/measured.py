"""Sessions against a recogniser with the measured errors: words gone or twice per cut.

The theorem is about a backend that keeps its assumptions. This model does not: beginnings
and ends are as wrong as the real backend's were measured to be (``openline_server.claims``).
So a word may be lost or doubled at a cut, and this program counts how many. Words that the
recogniser loses or doubles at the edges of its own chunks do not count.

    python -m tests.testing.measured 1000                       # so many cuts, of every shape
    python -m tests.testing.measured 1000 measured "no dots"    # of these shapes
    python -m tests.testing.measured 1000 --seed 5000           # from this seed on

The measurement is of one server. So backends and speech of other shapes are played too: ends that
are early twice as often, beginnings that are early as often as late, chunks whose edges
do not show, speech without pauses, two sources on one line.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import TYPE_CHECKING

from openline import Policy
from openline.backend import Backend
from openline.commands import AbortSocket, CloseSocket, OpenSocket, Report, SendPing
from openline.dialects.echopanel import HEADERS, EchoPanel
from openline.dialects.protocol import Ids
from openline.events import (
    AudioCaptured,
    MessageReceived,
    OpenRequested,
    PongReceived,
    SocketLost,
    SocketOpened,
    StopRequested,
    Tick,
)
from openline.reconnect.verdicts import ErrorKind, Sender
from openline.session import SessionMachine
from openline.updates import SAMPLE_RATE as S
from openline.updates import Ended
from openline_server.claims import ClaimingRecognizer, Errors, Word, measured
from openline_testing.theorem import EchoSpeech, Words

if TYPE_CHECKING:
    from collections.abc import Callable

    from openline.events import Event

#: The seconds of a session, its cuts, and the seconds of audio in a capture.
LENGTH, CUTS, CAPTURE = 60.0, 3, 0.1
#: Seconds that the recogniser takes for a chunk, per second of it.
WORK = 0.25
SILENCE = bytes(round(CAPTURE * S) * 2)
SPEECH = EchoSpeech()
#: The name of a source by the fourth byte of its frames.
NAMES = {header[3]: name for name, header in HEADERS.items()}


@dataclass
class Outcome:
    """Words that are wrong at the end of one session."""

    gone: list[str] = field(default_factory=list[str])
    twice: list[str] = field(default_factory=list[str])
    cuts: int = 0
    seams: int = 0
    #: Seconds sent again, and the most by which the mark lagged.
    again: float = 0.0
    lag: float = 0.0


def as_measured(errors: Errors) -> Errors:
    """As the real backend was measured."""
    return errors


def early_ends(errors: Errors) -> Errors:
    """Ends are early twice as often."""
    (_, least), *rest = errors.end
    later = ((min(2 * share, 0.4 + 0.6 * share), late) for share, late in rest)
    return replace(errors, end=((0, least), *later))


def even_starts(errors: Errors) -> Errors:
    """Beginnings are off by up to 0.4 s, early or late, each as often."""
    return replace(errors, start=((0, -0.4), (1, 0.4)))


def no_dots(errors: Errors) -> Errors:
    """Noise becomes no dots."""
    return replace(errors, chain=0)


@dataclass(frozen=True)
class Shape:
    """A kind of backend and of speech."""

    errors: Callable[[Errors], Errors] = as_measured
    pauses: float = 0.02  #: the share of words before a pause of 0.6 to 3 s
    blur: float = 0.0  #: the edges of chunks show by this many seconds less exactly
    longest: float = 4.0  #: seconds of the longest chunk
    sources: tuple[str, ...] = ("mic",)


MEASURED = Shape()
SHAPES = {
    "measured": MEASURED,
    "early ends": Shape(early_ends),
    "even starts": Shape(even_starts),
    "no dots": Shape(no_dots),
    "no pauses": Shape(pauses=0.0),
    "halting": Shape(pauses=0.1),
    "blurred": Shape(blur=0.1),
    "blurred, early": Shape(early_ends, blur=0.1),
    "blurred, no pauses": Shape(pauses=0.0, blur=0.1),
    "long chunks": Shape(longest=8.0),
    "two sources": Shape(sources=("mic", "system")),
}


def talk(random: Random, source: str, pauses: float) -> list[Word]:
    """Continuous speech: two pauses a minute that are long enough to cut in, and shorter ones.

    ``pauses``: the share of words before such a pause.
    """
    words: list[Word] = []
    at = random.uniform(0.2, 2.0)
    while at < LENGTH - 1:
        end = at + random.uniform(0.12, 0.55)
        words.append(Word(at, end, f"{source}{len(words)}"))
        at = end + random.choice([0.0, 0.02, 0.05, 0.1, 0.2])
        if random.random() < 0.08:
            at += random.uniform(0.1, 0.5)
        if random.random() < pauses:
            at += random.uniform(0.6, 3.0)
    return words


class Ear:
    """The recogniser of one source on one dial."""

    def __init__(self, dial: Dial, source: str, random: Random) -> None:
        self.dial, self.source, self.random = dial, source, random
        shape = dial.model.shape
        self.begins: int | None = None  # the session sample of its first
        self.received = 0
        self.chunk = 0.0  # where the chunk begins that it listens to
        self.size = random.uniform(2.0, shape.longest)
        self.recognizer = ClaimingRecognizer(random, shape.errors(measured(self.size)))

    def takes(self, samples: int) -> None:
        """A frame arrived."""
        if self.begins is None:
            self.begins = self.dial.model.sent(self.source) - samples
        self.received += samples
        while self.received >= (self.chunk + self.size) * S:
            self.hears(self.chunk + self.size)

    def hears(self, end: float) -> None:
        """A chunk is full: its finals come when they are made."""
        dial, model = self.dial, self.dial.model
        begins = (self.begins or 0) / S
        words = [
            Word(word.start - begins, word.end - begins, word.text)
            for word in model.words[self.source]
        ]
        near = [word for word in words if word.end > self.chunk and word.start < end]
        claims = self.recognizer.hear(near, self.chunk, end)
        said = {word.text for claim in claims for word in claim.words}
        for word in near:
            # An edge cuts it, so it may be in neither chunk, or in both.
            if not (self.chunk <= word.start and word.end <= end) or word.text not in said:
                model.at_an_edge.add(word.text)
        dial.busy_until = max(dial.busy_until, model.now) + WORK * (end - self.chunk)
        blur = model.shape.blur
        for claim in claims:
            t0 = max(0.0, claim.t0 + self.random.uniform(-blur, blur))
            t1 = max(t0, claim.t1 + self.random.uniform(-blur, blur))
            text = SPEECH.words(dial.ids, Words(claim.text, self.source, t0, t1, final=True))
            names = tuple(word.text for word in claim.words)
            model.at(dial.busy_until - model.now, partial(dial.says, text, names))
        self.chunk = end

    def hears_the_rest(self) -> None:
        """The last chunk is as long as what is left."""
        if self.received > self.chunk * S:
            self.hears(self.received / S)


class Dial:
    """The backend of one dial."""

    def __init__(self, model: Model, number: int) -> None:
        self.model, self.number = model, number
        self.ids = Ids(session_id="s", attempt_id="a", connection_id=f"c{number}")
        self.over = False
        self.busy_until = 0.0
        self.ears = {
            source: Ear(self, source, Random(f"{model.seed} {number}{' system' * at}"))
            for at, source in enumerate(model.shape.sources)
        }

    def says(self, text: str | bytes, names: tuple[str, ...]) -> None:
        """A final goes out."""
        if not self.over:
            self.model.said.update(names)
            self.model.feed(MessageReceived(self.number, text))

    def figures(self) -> None:
        """Once a second."""
        if not self.over:
            for source in self.ears:
                text = SPEECH.figures(self.ids, source, 0.0, 0)
                assert text is not None
                self.model.feed(MessageReceived(self.number, text))
            self.model.at(1.0, self.figures)

    def stops(self) -> None:
        """The rest is heard, then comes the final message."""
        for ear in self.ears.values():
            ear.hears_the_rest()
        self.model.at(self.busy_until - self.model.now + 0.01, self.ends)

    def ends(self) -> None:
        """The final message, and the close."""
        if not self.over:
            self.model.feed(MessageReceived(self.number, SPEECH.summary(self.ids)))
            self.lost(code=1000)

    def lost(self, code: int | None = None) -> None:
        """The dial is over."""
        if not self.over:
            self.over = True
            self.model.dial = None
            if code is None:
                self.model.feed(SocketLost(dial=self.number, error=ErrorKind.RESET))
            else:
                self.model.feed(SocketLost(dial=self.number, code=code, sender=Sender.REMOTE))


class Model:
    """One session in virtual time; the recogniser keeps up, and the network is quick."""

    def __init__(self, seed: int, *, abrupt: bool = False, shape: Shape = MEASURED) -> None:
        self.seed = seed
        self.shape = shape
        random = Random(seed)
        self.words = {source: talk(random, source, shape.pauses) for source in shape.sources}
        self.core = SessionMachine(
            Backend(),
            session_id="s",
            attempt_id="a",
            random=random.random,
            sources=shape.sources,
            policy=Policy(),
            dialect=EchoPanel(),
        )
        self.now = 0.0
        self.dial: Dial | None = None
        self.said: set[str] = set()
        self.at_an_edge: set[str] = set()
        self.ended: Ended | None = None
        self.outcome = Outcome()
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._count = count()
        self._starts: dict[int, str | bytes] = {}
        self.at(0.0, lambda: self.feed(OpenRequested()))
        self.at(0.1, self.capture)
        for _ in range(CUTS):
            self.at(random.uniform(3, LENGTH), self.cut)
        if abrupt:
            self.at(LENGTH - random.uniform(0, 20), self.cut_for_good)
        self._no_network = False

    def at(self, delay: float, do: Callable[[], None]) -> None:
        """Call ``do`` after a delay."""
        heappush(self._heap, (self.now + max(delay, 0.0), next(self._count), do))

    def capture(self) -> None:
        """The microphone has a piece more."""
        for source in self.shape.sources:
            self.feed(AudioCaptured(source, SILENCE))
        if self.now < LENGTH:
            self.at(CAPTURE, self.capture)
        else:
            self.feed(StopRequested())

    def sent(self, source: str) -> int:
        """How far the audio of a source was sent, in samples of the session."""
        return self.core.statistics.sources[source].sent

    @property
    def lags(self) -> dict[str, float]:
        """The seconds by which the marks lag behind what was sent."""
        sources = self.core.statistics.sources
        return {name: (each.sent - each.confirmed) / S for name, each in sources.items()}

    def cut(self) -> None:
        """The connection is reset."""
        if self.dial is not None and any(each.received for each in self.dial.ears.values()):
            self.outcome.cuts += 1
            self.outcome.again += sum(self.lags.values())
            self.dial.lost()

    def cut_for_good(self) -> None:
        """There is no network any more."""
        self._no_network = True
        self.cut()

    def feed(self, event: Event) -> None:
        """An event, its commands, and all that goes out."""
        for command in self.core.receive(event, self.now):
            match command:
                case OpenSocket(number):
                    self.at(0.05, partial(self.opens, number))
                case AbortSocket() | CloseSocket():
                    self.at(0.01, self.closes)
                case Report(Ended() as update):
                    self.ended = update
                case _:
                    pass
        sent: set[str] = set()
        while (outgoing := self.core.next_message(self.now)) is not None:
            dial = self.dial
            assert dial is not None
            if isinstance(outgoing, SendPing):
                self.at(0.02, partial(self.pong, dial, outgoing.mark))
            elif isinstance(outgoing.data, bytes):
                source = NAMES[outgoing.data[3]]
                sent.add(source)
                dial.ears[source].takes((len(outgoing.data) - 4) // 2)
            elif '"start"' in outgoing.data:
                self.at(0.02, partial(self.acks, dial))
            else:
                self.at(0.02, dial.stops)
        for source in sent:
            assert self.dial is not None
            ear = self.dial.ears[source]
            assert self.sent(source) == (ear.begins or 0) + ear.received, "this model has no skips"
        if sent:
            self.outcome.lag = max(self.outcome.lag, *self.lags.values())

    def pong(self, dial: Dial, mark: bytes) -> None:
        """A ping is answered."""
        if not dial.over:
            self.feed(PongReceived(dial.number, mark))

    def acks(self, dial: Dial) -> None:
        """The start is accepted."""
        if not dial.over:
            self.feed(MessageReceived(dial.number, SPEECH.ack(dial.ids)))
            self.at(1.0, dial.figures)

    def opens(self, number: int) -> None:
        """A dial is answered."""
        if self._no_network:
            self.feed(SocketLost(dial=number, error=ErrorKind.UNREACHABLE))
        else:
            self.dial = Dial(self, number)
            self.feed(SocketOpened(number, self.dial.ids.connection_id))

    def closes(self) -> None:
        """The client ends the dial."""
        if self.dial is not None:
            self.dial.lost(code=1000)

    def run(self) -> Outcome:
        """To the end."""
        while self.ended is None:
            deadline = self.core.next_deadline()
            if deadline is not None and (not self._heap or deadline <= self._heap[0][0]):
                self.now = max(self.now, deadline)
                self.feed(Tick())
            else:
                self.now, _, do = heappop(self._heap)
                do()
        dials: dict[str, set[str]] = {}
        times = Counter[str]()
        for final in self.ended.transcript:
            self.outcome.seams += final.seam
            for word in final.text.split():
                times[word] += 1
                dials.setdefault(word, set()).add(final.id.rsplit(".", 1)[0])
        for word in sorted(self.said):
            if not times[word] and word not in self.at_an_edge:
                self.outcome.gone.append(word)
            if times[word] > 1 and len(dials[word]) > 1 and word not in self.at_an_edge:
                self.outcome.twice.append(word)
        return self.outcome


def figures(seeds: range, *, abrupt: bool = False, shape: Shape = MEASURED) -> Outcome:
    """All sessions together."""
    whole = Outcome()
    for seed in seeds:
        outcome = Model(seed, abrupt=abrupt, shape=shape).run()
        whole.gone += [f"{seed}:{w}" for w in outcome.gone]
        whole.twice += [f"{seed}:{w}" for w in outcome.twice]
        whole.cuts += outcome.cuts
        whole.seams += outcome.seams
        whole.again += outcome.again
        whole.lag = max(whole.lag, outcome.lag)
    return whole


def show(cuts: int, first: int, name: str, *, abrupt: bool) -> None:
    """Print the figures of a shape."""
    seeds = range(first, first + cuts // CUTS + 1)
    out = figures(seeds, abrupt=abrupt, shape=SHAPES[name])
    print(
        f"{name}, {'abrupt' if abrupt else 'orderly'} end: {len(out.gone)} words gone, "
        f"{len(out.twice)} twice, {out.seams} seams in {out.cuts} cuts; "
        f"{out.again / out.cuts:.1f} s sent again, lag {out.lag:.1f} s",
        *out.gone,
        *out.twice,
        flush=True,
    )


def main() -> None:
    """Play the shapes, each with an orderly end and with an abrupt one."""
    parser = argparse.ArgumentParser()
    parser.add_argument("cuts", type=int, help="of each shape and end, about")
    parser.add_argument("shapes", nargs="*", help=", ".join(SHAPES))
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    options = parser.parse_args()
    for each in options.shapes or SHAPES:
        for abrupt in (False, True):
            show(options.cuts, options.seed, each, abrupt=abrupt)


if __name__ == "__main__":
    main()
