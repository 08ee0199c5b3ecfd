"""One connection of a backend that is as bad as its traits allow.

It takes audio out of its queue faster than it comes, decides what it heard a *lag* later, tells
it in finals that end in a pause, and proves it in the way that the traits name:

    received ──── processed ──── frontier (processed less lag) ──── told
                                 words before it are decided     words before it were sent

Ends that are claims lie behind all audio in six of a hundred finals; beginnings are wrong by up
to ``time_error``, and so are exact times if it *errs*. Finals come in as much disorder as the
traits allow (``voices``). Where silence is not proved it says nothing in silence. It closes the
connection at ``longest``, or when no message came for two and a half times ``keepalive``. If it
*leaves* words, those that it is asked to end with stay a partial, and no final has them.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Final, Protocol

from openline.dialects.traits import End, Ends, Traits, Unit
from openline_testing.promise.recognizer import Ear, Told
from openline_testing.promise.speaker import Speaker
from openline_testing.promise.voices import Voices
from openline_testing.promise.wire import encoded, kind_of

#: Seconds between two looks of the backend.
TICK: Final = 0.2
#: How often an end is claimed behind the audio, and by how much at most, in seconds
#: (PROTOCOL, "Observed since": 4 to 29 %, by up to 27 s).
_OFTEN, _FAR = 0.06, 27.0
#: The connection is closed when no message came for so many times ``keepalive``.
_LEFT_ALONE: Final = 2.5
#: Seconds by which more than a pace or a queue may arrive: one message, and rounding.
_SLACK: Final = 0.3


class Side(Protocol):
    """What a connection needs of its network."""

    def say(self, message: str) -> None:
        """Send a message to the client."""

    def hang_up(self, code: int, reason: str) -> None:
        """Close the connection."""

    def accuse(self, what: str) -> None:
        """The client broke a rule of the traits."""


class Connection:
    """A connection that opened at ``now``."""

    def __init__(
        self,
        rng: Random,
        traits: Traits,
        speaker: Speaker,
        side: Side,
        now: float,
        *,
        errs: bool = False,
        leaves: bool = False,
    ) -> None:
        """``errs``: exact times are wrong by up to ``time_error`` too.

        ``leaves``: the words before the end that the client asks for stay partial.
        """
        self._rng, self._traits, self._side, self._errs = rng, traits, side, errs
        self._ear = Ear(speaker, traits.form)
        self._opened = self._heard_at = self._ticked = now
        room = max(traits.horizon - 1.0, 0.6)
        self._lag = min(rng.uniform(0.2, 3.0), room / 3)
        self._longest = min(rng.uniform(3.0, 12.0), room - self._lag)
        self._pause = min(rng.uniform(0.3, 0.9), self._longest / 2)
        self._speed = rng.uniform(1.3, 8.0)
        self._processed = self._told = self._figures_at = 0.0
        self._marks: list[tuple[int, float]] = []  # what is counted, and the seconds with it
        self._messages = self._audio = self._bytes = self._flushes = 0
        self._flushed: list[float] = []
        self._voices, self._keeps = Voices(rng, traits.disorder), room / 2
        self._rough = 0  # finals that were said again
        self._proved = 0.0
        self._leaves = leaves
        self._stopped = self._over = False
        self._credit = 0.0  # seconds of audio that the pace allows
        self.is_deaf = False
        self.expires_at: float | None = None

    # What the client does.

    def opened(self) -> None:
        """The socket is open."""
        if self._traits.greets:
            self._say(("status", {"state": "hello", "ack": True}))

    def received(self, data: str | bytes, now: float) -> None:
        """A message arrived."""
        self._messages += 1
        self._heard_at = now
        if isinstance(data, bytes):
            self._take(data, now)
            return
        match kind_of(data):
            case "start":
                self._say(("status", {"state": "ready", "ack": True}))
            case "flush":
                self._flushes += 1
                self._flushed.append(self._ear.seconds)
                self._count(Unit.FLUSHES, self._flushes)
            case "stop":
                self._stopped = True
            case _:
                pass
        self._count(Unit.MESSAGES, self._messages)

    def _take(self, data: bytes, now: float) -> None:
        before = self._ear.seconds
        self._ear.hear(data)
        self._audio += 1
        self._bytes += len(data)
        self._count(Unit.AUDIO, self._audio)
        self._count(Unit.BYTES, self._bytes)
        self._count(Unit.MESSAGES, self._messages)
        traits = self._traits
        self._process(now)
        if traits.queue is not None:
            over = self._ear.seconds - self._processed - traits.queue
            if over > _SLACK:
                self._side.accuse(f"{over:.2f} s more than its queue holds were sent")
        if traits.pace is not None:
            self._credit -= self._ear.seconds - before
            if self._credit < -traits.form.usual - _SLACK:
                self._side.accuse(f"audio came faster than {traits.pace:g} times as time")

    def _count(self, unit: Unit, count: int) -> None:
        if self._traits.counts is unit:
            self._marks.append((count, self._ear.seconds))

    # What it does.

    def tick(self, now: float) -> None:
        """Time has passed."""
        traits = self._traits
        if self._over:
            return
        self._process(now)
        if traits.longest is not None and now - self._opened >= traits.longest:
            self._end(1008, "the session is too long")
        elif self.expires_at is not None and now >= self.expires_at:
            self._end(1001, "going away")
        elif self._is_left_alone(now):
            self._side.accuse(f"no message came for {now - self._heard_at:.1f} s")
            self._end(1011, "no audio, no keepalive")
        elif not self.is_deaf:
            self._report(now)
            self._decide()

    def _is_left_alone(self, now: float) -> bool:
        """Whether no message came for far too long; after the stop none is due."""
        keepalive = self._traits.keepalive
        return (
            keepalive is not None
            and not self._stopped
            and now - self._heard_at > _LEFT_ALONE * keepalive
        )

    def announce(self, seconds: float, now: float) -> None:
        """This connection ends in ``seconds``."""
        self.expires_at = now + seconds
        self._say(("expires", {"seconds": seconds}))

    def _process(self, now: float) -> None:
        passed, self._ticked = now - self._ticked, now
        waiting = self._ear.seconds
        if self._traits.flush_every is not None and not self._stopped:
            waiting = self._flushed[-1] if self._flushed else 0.0
        self._processed = min(max(waiting, self._processed), self._processed + passed * self._speed)
        pace = self._traits.pace or 1.0
        self._credit = min(self._credit + pace * passed, self._traits.form.usual + 0.1)

    def _report(self, now: float) -> None:
        """Figures, each second: of the queue, or how much was taken out of it."""
        if now - self._figures_at < 1.0 or not self._traits.proves_silence:
            return
        self._figures_at = now
        if self._traits.ends is Ends.CLAIMED:
            if self._traits.queue is None:
                self._say(("proof", {"drained": self._processed}))
            else:
                left = max(self._ear.seconds - self._processed, 0.0)
                self._say(("metrics", {"backlog": left}))

    def _decide(self) -> None:
        ear, done = self._ear, self._stopped and self._processed >= self._ear.seconds
        frontier = ear.seconds if done else self._processed - self._lag
        self._say_final(*self._voices.due(frontier - self._keeps))
        if self._flushed and self._processed >= self._flushed[-1] > self._told:
            frontier = max(frontier, self._flushed[-1])
            end = ear.pause_before(frontier, 0.03, self._told)
            if end is not None:
                self._tell(end)
            self._say_final(*self._voices.rest())
        elif done and self._leaves:
            self._hint(ear.words(self._told, frontier), often=1.0)
        elif done:
            self._tell(frontier)
        elif frontier - self._told > TICK:
            if ear.is_silent(self._told, frontier):
                self._prove_silence(frontier)
            else:
                end = ear.pause_before(frontier, self._pause, self._told)
                if end is None and frontier - self._told > self._longest:
                    end = ear.pause_before(frontier, 0.03, self._told)
                if end is not None and end > self._told:
                    self._tell(end)
                else:
                    self._hint(ear.words(self._told, frontier))
        if done:
            self._say_final(*self._voices.rest())
            self._finish()

    def _hint(self, words: list[Told], often: float = 0.5) -> None:
        if words and self._rng.random() < often:
            text = " ".join(each.text for each in words)
            times: dict[str, Any] = {"start": words[0].start, "end": words[-1].end}
            if self._traits.ends is Ends.NONE:
                times = {"start": None, "end": None}
            self._say(("heard", {"text": text, "final": False, **times}))

    def _tell(self, end: float) -> None:
        """Send the words before ``end``, and prove it as the traits say."""
        words, start = self._ear.words(self._told, end), self._told
        self._told = end
        if words and (self._traits.disorder or self._errs):
            self._say_final(*(self._voices.tell(words) if self._traits.disorder else [words]))
        elif words:
            text = " ".join(each.text for each in words)
            self._say(("heard", {"text": text, "final": True, **self._times(words, start, end)}))
        elif self._traits.ends is Ends.EXACT and self._traits.proves_silence:
            self._say_final(*self._voices.silence(end))
            self._say(("heard", {"text": "", "final": True, "start": start, "end": end}))
        self._prove(end)

    def _times(self, words: list[Told], start: float, end: float) -> dict[str, Any]:
        match self._traits.ends:
            case Ends.EXACT:
                return self._errors(Told("", start, end))
            case Ends.CLAIMED:
                error = self._traits.time_error
                begins = words[0].start + self._rng.uniform(-error, error)
                ends = words[-1].end + self._rng.uniform(-error, error)
                if self._rng.random() < _OFTEN:
                    ends += self._rng.uniform(0.0, _FAR)
                return {"start": max(begins, 0.0), "end": max(ends, 0.0)}
            case _:
                return {"start": None, "end": None}

    def _say_final(self, *finals: list[Told]) -> None:
        for words in finals:
            text = " ".join(each.text for each in words)
            times = self._times(words, words[0].start, words[-1].end)
            timed = [{"text": each.text, **self._errors(each)} for each in words]
            final = {"text": text, "final": True, "words": timed, **times}
            if self._traits.disorder and self._voices.may_revise(words):
                self._rough += 1
                name = f"s{self._rough}"
                self._say(("heard", {**final, "text": f"roughly {name}", "segment_id": name}))
                final |= {"segment_id": name, "replaces": (name,)}
            self._say(("heard", final))

    def _errors(self, word: Told) -> dict[str, float]:
        """The times of a word, in their order, with their errors."""
        error = self._traits.time_error if self._errs else 0.0
        start, end = (
            max(time + self._rng.uniform(-error, error), 0.0) for time in (word.start, word.end)
        )
        return {"start": start, "end": max(start, end)}

    def _prove_silence(self, end: float) -> None:
        self._say_final(*self._voices.silence(end))
        if not self._traits.proves_silence:
            self._told = end
            return
        if self._traits.ends is Ends.EXACT and self._traits.counts is None:
            self._say(("heard", {"text": "", "final": True, "start": self._told, "end": end}))
        self._told = end
        self._prove(end)

    def _prove(self, end: float) -> None:
        """Proof without words, where the traits have such."""
        traits = self._traits
        if traits.counts is not None:
            done = [count for count, seconds in self._marks if seconds <= end + 1e-6]
            if done and done[-1] > self._proved:
                self._proved = done[-1]
                self._marks = [each for each in self._marks if each[0] > done[-1]]
                self._say(("proof", {"unit": traits.counts.value, "confirmed": done[-1]}))
        elif traits.ends is Ends.NONE:
            self._say(("proof", {"confirmed": end}))

    def _finish(self) -> None:
        match self._traits.end:
            case End.MESSAGE:
                self._say(("final", {"until": self._ear.seconds}))
                self._end(1000, "")
            case End.CLOSE:
                self._end(1000, "")
            case _:
                self._over = True

    def _end(self, code: int, reason: str) -> None:
        self._over = True
        self._side.hang_up(code, reason)

    def _say(self, *items: tuple[str, dict[str, Any]]) -> None:
        self._side.say(encoded(*items))


#: Makes the connection of a dial.
MakeConnection = Callable[[Side, float], Connection]
