"""One session against such a backend, in virtual time, and what became of its words.

The network has a latency; it cuts, freezes and refuses dials as ``Faults`` say. The session is the
pure machine: this module is its clock, its sockets and its microphone.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Final

from openline import commands as c
from openline import events as e
from openline.audio.loudness import LOUD, WITHIN
from openline.backend import Backend
from openline.dialects.traits import Drain, Ends, Traits
from openline.policy import Policy
from openline.reconnect.verdicts import ErrorKind, Sender
from openline.session import SessionMachine
from openline.updates import Ended, Transcript, Trouble, Update
from openline_testing.promise.backend import TICK, Connection
from openline_testing.promise.outcome import PATIENCE, Faults, Outcome
from openline_testing.promise.speaker import RATE, Speaker, Spoken
from openline_testing.promise.wire import WireDialect

#: The part of backends that leave their last words partial.
_LEAVING: Final = 0.3
#: Samples of a word that a gap may touch without covering it.
_TOUCH: Final = 16


def promise(
    traits: Traits,
    seed: int,
    *,
    seconds: float = 60.0,
    policy: Policy | None = None,
    faults: Faults | None = None,
    leaves: bool | None = None,
) -> Outcome:
    """Play the session of ``seed`` with a dialect of these traits.

    ``seconds`` is how long is spoken; ``leaves`` is whether the words before each end that the
    client asks for stay partial. The policy is the default one, and the rest is drawn, if none is
    given.
    """
    play = _Play(traits, seed, seconds, policy or Policy(), faults)
    if leaves is not None:
        play.leaves = leaves
    return play.run()


class _Socket:
    """The network of one dial: messages take ``latency`` and stay in order."""

    def __init__(self, play: _Play, dial: int) -> None:
        self._play, self.dial = play, dial
        self.is_open = False
        self.is_frozen = False
        self.connection: Connection | None = None

    def say(self, message: str) -> None:
        if self.is_open and not self.is_frozen:
            self._play.later(lambda: self._arrive(message))

    def _arrive(self, message: str) -> None:
        if self.is_open and not self.is_frozen:
            self._play.feed(e.MessageReceived(self.dial, message))

    def hang_up(self, code: int, reason: str) -> None:
        self._play.later(lambda: self.lose(code=code, sender=Sender.REMOTE, reason=reason))

    def accuse(self, what: str) -> None:
        self._play.accusations.append(f"dial {self.dial}: {what}")

    def lose(
        self,
        *,
        code: int | None = None,
        sender: Sender | None = None,
        reason: str = "",
        error: ErrorKind | None = None,
    ) -> None:
        if self.is_open:
            self.is_open = False
            self._play.feed(
                e.SocketLost(dial=self.dial, code=code, sender=sender, reason=reason, error=error)
            )


class _Play:
    """The session, its clock and its microphone."""

    def __init__(
        self, traits: Traits, seed: int, seconds: float, policy: Policy, faults: Faults | None
    ) -> None:
        self._seed, self._traits = seed, traits
        self._rng = rng = Random(seed)  # noqa: S311  # a schedule, not a secret
        self._speaker = Speaker(rng, seconds, silence=min(1.5 * traits.horizon + 5, 40.0))
        drawn = Faults.draw(rng)
        self._faults = drawn if faults is None else faults
        self._now = 0.0
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._sockets: dict[int, _Socket] = {}
        self.accusations: list[str] = []
        self._updates: list[Update] = []
        self._source = traits.names[0]
        is_store = rng.random() < 0.3
        self._machine = SessionMachine(
            Backend(),
            session_id="s",
            attempt_id="a",
            random=rng.random,
            sources=(self._source,),
            policy=policy,
            dialect=WireDialect(traits),
            kinds={self._source: e.SourceKind.STORE if is_store else e.SourceKind.DEVICE},
        )
        self._is_store = is_store
        self._errs = policy.careful_seams  # without it, words at a seam are as exact as times
        self.leaves = Random(f"leaves {seed}").random() < _LEAVING  # noqa: S311  # a schedule
        self._cut = round(rng.choice((0.02, 0.03, 0.1)) * RATE)
        self._captured = 0

    def run(self) -> Outcome:
        self.feed(e.OpenRequested())
        self.at(0.0, self._capture)
        limit = self._speaker.samples / RATE + PATIENCE
        while not self._machine.ended and self._now < limit:
            deadline = self._machine.next_deadline()
            if self._queue and (deadline is None or self._queue[0][0] <= deadline):
                self._now, _, do = heapq.heappop(self._queue)
                do()
            elif deadline is not None:
                self._now = max(self._now, deadline)
                self.feed(e.Tick())
            else:
                break
        return self._outcome()

    # The clock.

    def at(self, time: float, do: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (time, next(self._numbers), do))

    def later(self, do: Callable[[], None], delay: float | None = None) -> None:
        self.at(self._now + (self._faults.latency if delay is None else delay), do)

    # The microphone.

    def _capture(self) -> None:
        if self._machine.ended:
            return
        start = self._captured
        if self._is_store and not self._machine.has_room(self._source):
            self.later(self._capture, 0.1)
            return
        end = min(start + self._cut, self._speaker.samples)
        pcm, peak = self._speaker.pcm(start, end)
        self._captured = end
        self.feed(e.AudioCaptured(self._source, pcm, peak))
        if end == self._speaker.samples:
            self.feed(e.SourceFinished(self._source))
        else:
            pace = 0.25 if self._is_store else 1.0
            self.later(self._capture, pace * self._cut / RATE)

    # The sockets.

    def feed(self, event: e.Event) -> None:
        for command in self._machine.receive(event, self._now):
            self._carry_out(command)
        self._send()

    def _send(self) -> None:
        while (out := self._machine.next_message(self._now)) is not None:
            socket = self._sockets.get(out.dial)
            if socket is not None and socket.is_open:
                self._deliver(socket, out)

    def _deliver(self, socket: _Socket, out: c.Outgoing) -> None:
        def arrive() -> None:
            connection = socket.connection
            if connection is None or not socket.is_open or socket.is_frozen:
                return
            if isinstance(out, c.SendPing):
                mark = out.mark
                self.later(lambda: self._pong(socket, mark))
            else:
                connection.received(out.data, self._now)

        self.later(arrive)

    def _pong(self, socket: _Socket, mark: bytes) -> None:
        if socket.is_open and not socket.is_frozen:
            self.feed(e.PongReceived(socket.dial, mark))

    def _carry_out(self, command: c.Command) -> None:
        match command:
            case c.Report(update):
                self._updates.append(update)
            case c.OpenSocket(dial=dial):
                self._sockets[dial] = socket = _Socket(self, dial)
                self.later(lambda: self._open(socket))
            case c.AbortSocket(dial):
                self._sockets[dial].is_open = False
            case c.CloseSocket(dial, code):
                socket = self._sockets[dial]
                self.later(lambda: socket.lose(code=code, sender=Sender.LOCAL))
            case _:
                pass

    def _open(self, socket: _Socket) -> None:
        if socket.dial in self._faults.refused:
            socket.is_open = True
            socket.lose(error=ErrorKind.REFUSED)
            return
        socket.is_open = True
        rng = Random(self._seed * 1000 + socket.dial)  # noqa: S311  # a schedule, not a secret
        socket.connection = connection = Connection(
            *(rng, self._traits, self._speaker, socket, self._now),
            errs=self._errs,
            leaves=self.leaves,
        )
        self.feed(e.SocketOpened(socket.dial, f"c{socket.dial}"))
        connection.opened()
        self._tick(socket)
        if socket.dial <= len(self._faults.ends):
            kind, after = self._faults.ends[socket.dial - 1]
            self.later(lambda: self._strike(socket, kind), after)

    def _tick(self, socket: _Socket) -> None:
        if socket.is_open and socket.connection is not None:
            if not socket.is_frozen:
                socket.connection.tick(self._now)
            self.later(lambda: self._tick(socket), TICK)

    def _strike(self, socket: _Socket, kind: str) -> None:
        connection = socket.connection
        if connection is None or not socket.is_open:
            return
        match kind:
            case "cut":
                socket.lose(error=ErrorKind.RESET)
            case "freeze":
                socket.is_frozen = True
            case "deaf":
                connection.is_deaf = True
            case _:
                connection.announce(self._rng.uniform(0.0, 20.0), self._now)

    # The words.

    def _outcome(self) -> Outcome:
        ended = next((each for each in self._updates if isinstance(each, Ended)), None)
        said = Counter(
            word
            for each in self._updates
            if isinstance(each, Transcript) and each.final
            for word in each.text.split()
        )
        gaps = [(gap.start, gap.end) for gap in (() if ended is None else ended.missing)]
        lost = [
            word
            for word in self._speaker.words
            if not said[word.text]
            and word.end <= self._captured
            and not any(
                low < word.end - _TOUCH and word.start + _TOUCH < high for low, high in gaps
            )
        ]
        if not self._traits.proves_silence and any(kind == "deaf" for kind, _ in self._faults.ends):
            lost = [word for word in lost if not _is_cough(word, lost)]
        unfinal = self._unfinal()
        lost = [word for word in lost if word.text not in unfinal]
        twice = [word for word, times in said.items() for _ in range(times - 1)]
        dials = self._machine.dial
        traits = self._traits
        cuts = traits.ends is Ends.NONE and traits.drain is Drain.STOP
        seams = dials - 1 if cuts or traits.ends is Ends.CLAIMED else 0
        faults = self._faults
        return Outcome(
            seed=self._seed,
            faults=faults,
            ended=ended,
            lost=lost,
            twice=twice,
            dials=dials,
            unfinal=unfinal,
            accusations=self.accusations,
            allowed=seams,
            calm=not faults.ends and not faults.refused,
        )

    def _unfinal(self) -> list[str]:
        """The words of the last partial, if the session reports that it never became final."""
        shown: list[str] = []
        for each in self._updates:
            if isinstance(each, Transcript) and not (each.final or each.settled):
                shown = each.text.split()
            elif isinstance(each, Trouble) and each.kind == "unfinal":
                return shown
        return []


def _is_cough(word: Spoken, lost: list[Spoken]) -> bool:
    """Whether so little was said around ``word`` that a deaf backend passes it off as silence."""
    near = [each for each in lost if abs(each.start - word.start) < WITHIN]
    return sum(each.end - each.start for each in near) < LOUD
