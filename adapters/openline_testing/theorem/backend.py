"""An ideal backend: it keeps the assumptions of the theorem, and draws everything else.

It counts accepted samples from 0 on every connection, without those that it dropped (A2);
its finals of a source are monotone (A1), and nothing before the end of one is finalised
later (A3), but that a second speaker's final may follow, which lies within the first one's;
audio taken out of its queue it finalises or discards within the horizon (A4); and it
reports a drop before any later message. Its speed, its segments and its reports are drawn
from the schedule's seed. A ``Speech`` encodes its messages, so it works with any dialect.

In half of the sessions it *claims* its ends (``claiming``): its finals are of words, their times
are off, and A3 and A4 hold of the words' own times. On some dials it is deaf (it answers pings
alone) or ignores a source; it may announce another queue, and say the last words after its
final message.
"""

from __future__ import annotations

from random import Random
from typing import Any, Final, Protocol

from openline.dialects.protocol import Ids
from openline.reconnect.verdicts import ErrorKind, Sender
from openline.updates import SAMPLE_RATE as S
from openline_testing.scope import queue_of
from openline_testing.theorem.claiming import Claims
from openline_testing.theorem.recognizer import IdealRecognizer
from openline_testing.theorem.schedule import Schedule
from openline_testing.theorem.simulation import Simulation
from openline_testing.theorem.speech import Encoded, Words, announcing, exact_ack, ignoring
from openline_testing.theorem.words import Hearing

#: The seconds of a tick.
TICK: Final = 0.1


class Wire(Protocol):
    """The backend's side of its connection."""

    number: int
    way: str
    over: bool
    frozen_until: float

    def down(self, item: Encoded, key: str | None = None) -> None:
        """Send it; ``key`` is that of a final."""
        ...

    def figures(self, item: Encoded, source: str, backlog: int) -> None:
        """Send figures: so many samples of a source are queued."""
        ...

    def pong(self, mark: bytes) -> None:
        """Answer a ping."""
        ...

    def ends(self, **fields: Any) -> None:
        """Close it, or break it."""
        ...


class IdealBackend:
    """The backend's side of one dial."""

    def __init__(self, simulation: Simulation, wire: Wire, ids: Ids) -> None:
        self._simulation = simulation
        self._wire = wire
        self._rate = simulation.schedule.rate
        self._ids = ids
        self._speech = simulation.speech
        traits = simulation.speech.dialect.traits
        self._horizon = round(traits.horizon * S)
        # Without proof of silence the horizon is of time: audio may stop, and time goes on.
        self._decides_after = None if traits.proves_silence else traits.horizon / 2
        self._announces: float | None = None
        if announcing(self._speech, ids, traits.sources[0], 0.0, 0, 1.0) is not None:
            self._announces = simulation.schedule.queue
        self._queue = round((self._announces or queue_of(traits)) * S)
        self._claims = Claims(simulation, wire) if simulation.claims else None
        self._ignored: str | None = None
        if wire.way == "ignores":
            names = [source.name for source in simulation.schedule.sources]
            rng = Random(f"ignored {simulation.schedule.seed} {wire.number}")
            self._ignored = rng.choice(names)
        self._afterwards: list[tuple[Encoded, str]] = []  # sent after the final message
        self.streams: dict[str, IdealRecognizer] = {}
        self._rng = Random(f"{simulation.schedule.seed} {wire.number}")
        self.stopping = False
        self.finished = False
        self.paused_until = 0.0
        self._figures_at = 0.0
        self._dropped: int = 0
        self._words: int = 0

    # Incoming.

    def starts(self) -> None:
        """The start arrived."""
        way = self._wire.way
        if way == "mute":
            return
        if way == "full":
            refusal = self._speech.full(self._ids)
            if refusal is not None:
                self._wire.down(refusal)
            self._wire.ends(code=1000 if refusal is not None else 1013, sender=Sender.REMOTE)
        elif way == "cut":
            self._wire.ends(error=ErrorKind.RESET)
        elif way == "restart":
            self._wire.ends(code=1012, sender=Sender.REMOTE)
        else:
            self._simulation.at(0.3 if way == "slow" else 0.002, self._acks)

    def _acks(self) -> None:
        exact = None if self._claims else exact_ack(self._speech, self._ids)
        self._wire.down(exact or self._speech.ack(self._ids))
        if self._wire.way == "deaf":
            return
        self._figures_at = self._simulation.now + self._simulation.schedule.metrics
        self._simulation.at(TICK, self.tick)

    def stops(self) -> None:
        """The stop arrived; a second one changes nothing."""
        if not self.stopping and self._wire.way != "deaf":
            self.stopping = True
            self._finish_if_done()

    def audio_arrives(self, source: str, at: int, samples: int) -> None:
        """A frame of audio arrived."""
        way = self._wire.way
        if way == "deaf":
            return
        if source == self._ignored:
            warning = ignoring(self._speech, self._ids, source)
            if warning is not None:
                self._simulation.ledger.ignored(source)
                self._wire.down(warning)
                return
        stream = self.streams.get(source)
        if stream is None:
            stream = self.streams[source] = IdealRecognizer(source, self._hears(source))
            self._next_segment(stream)
        stream.take(at, samples)
        if not self._rate and self._simulation.now >= self.paused_until:
            self._dequeue(stream, stream.received)
        queued = stream.received - stream.dequeued
        if queued > self._queue and self._can_report_drops(source):
            self._drop(stream, queued - self._queue)

    def _can_report_drops(self, source: str) -> bool:
        return self._speech.figures(self._ids, source, 0.0, 0) is not None

    def _hears(self, source: str) -> Hearing | None:
        return self._claims.hears(source) if self._claims is not None else None

    def _drop(self, stream: IdealRecognizer, samples: int) -> None:
        start = stream.dequeued
        if stream.hearing is not None:  # it transcribes what it has before it reports
            stream.hearing.breaks_off()
            self._decide(stream, start)
        frames = stream.drop(samples)
        self._dropped += frames
        spans = stream.spans(start, stream.dequeued)
        stream.dropped.append((start, stream.dequeued))
        self._simulation.ledger.dropped(stream.name, spans, frames)
        self._send_figures(stream)
        self._settle(stream)

    # Recognition.

    def _dequeue(self, stream: IdealRecognizer, until: int) -> None:
        stream.dequeue(until)
        self._settle(stream)

    def _next_segment(self, stream: IdealRecognizer) -> None:
        rng = self._rng
        if not self._horizon:  # nothing may wait, so nothing is cut into segments
            stream.speech = rng.random() < 0.7
            return
        longest = min(round(self._simulation.schedule.talk * S), self._horizon)
        length = longest if rng.random() < 0.1 else rng.randint(1, longest)
        stream.next_end = stream.settled + length
        stream.speech = rng.random() < 0.7
        room = self._horizon - length
        stream.wait = rng.choice((0, room, rng.randint(0, room)))

    def _settle(self, stream: IdealRecognizer) -> None:
        if not self._horizon:
            if stream.settled < stream.dequeued:
                self._decide(stream, stream.dequeued)
                self._next_segment(stream)
            return
        while stream.next_end + stream.wait <= stream.dequeued:
            end: int | None = stream.next_end
            if stream.hearing is not None:
                end = stream.hearing.fit(stream.settled, stream.next_end)
            if end is None:
                return
            self._decide(stream, end)
            self._next_segment(stream)

    def _decide_old(self, stream: IdealRecognizer, before: float) -> None:
        """Decide what was taken out of the queue before this time."""
        stream.past.append((self._simulation.now, stream.dequeued))
        while stream.past and stream.past[0][0] <= before:
            _, until = stream.past.popleft()
            while stream.settled < until:
                self._decide(stream, min(stream.next_end, until))
                self._next_segment(stream)

    def _decide(self, stream: IdealRecognizer, end: int) -> None:
        start, stream.settled = stream.settled, end
        spans = stream.spans(start, end)
        if self._claims is not None:
            for words, key in self._claims.finals(stream, end, spans):
                self._down(words, key)
        elif stream.speech:
            self._final(stream, start, end)
            if end - start > 1 and self._rng.random() < self._simulation.schedule.speakers:
                begin = self._rng.randint(start, end - 1)
                self._final(stream, begin, self._rng.randint(begin + 1, end))
        else:
            self._simulation.ledger.discarded(stream.name, spans)

    def _final(self, stream: IdealRecognizer, start: int, end: int) -> None:
        self._words += 1
        key = f"{self._wire.number}/{self._words}"
        self._simulation.ledger.finalised(key, stream.name, stream.spans(start, end))
        self._down(self._words_of(key, stream, start, end, final=True), key)

    def _down(self, words: Words, key: str | None) -> None:
        item = self._speech.words(self._ids, words)
        if self.finished and key is not None and self._simulation.schedule.after:
            # The final message speaks for this audio, so the backend must not lose it.
            self._simulation.ledger.promised(key)
            self._afterwards.append((item, key))
        else:
            self._wire.down(item, key)

    def _words_of(
        self, text: str, stream: IdealRecognizer, start: int, end: int, *, final: bool
    ) -> Words:
        return Words(text, stream.name, stream.clock(start) / S, stream.clock(end) / S, final)

    def _begun(self, stream: IdealRecognizer) -> Words:
        """A partial of what it has heard, and has not decided."""
        return self._words_of("and so on", stream, stream.settled, stream.dequeued, final=False)

    def _send_figures(self, stream: IdealRecognizer) -> None:
        queued = stream.received - stream.dequeued
        backlog = queued / S
        figures = None
        if self._announces is not None:
            figures = announcing(
                self._speech, self._ids, stream.name, backlog, self._dropped, self._announces
            )
        else:
            figures = self._speech.figures(self._ids, stream.name, backlog, self._dropped)
        if figures is not None:
            self._wire.figures(figures, stream.name, queued)

    def tick(self) -> None:
        """Every tenth of a second: the recogniser works."""
        simulation, wire = self._simulation, self._wire
        if wire.over or self.finished:
            return
        now, schedule = simulation.now, simulation.schedule
        if now < wire.frozen_until:
            simulation.at(wire.frozen_until - now, self.tick)
            return
        if now >= self.paused_until:
            self._work(schedule)
        if schedule.metrics and now >= self._figures_at:
            self._figures_at = now + schedule.metrics
            for stream in self.streams.values():
                self._send_figures(stream)
        if self.stopping:
            self._finish_if_done()
        simulation.at(TICK, self.tick)

    def _work(self, schedule: Schedule) -> None:
        for stream in self.streams.values():
            if not self._rate:
                self._dequeue(stream, stream.received)
            elif stream.frames:
                stream.credit += self._rate * TICK * S
                before = stream.dequeued
                self._dequeue(stream, before + int(stream.credit))
                stream.credit -= stream.dequeued - before
            if not stream.frames:
                stream.credit = 0.0
            if self._decides_after is not None:
                self._decide_old(stream, self._simulation.now - self._decides_after)
            if self._claims is not None:
                partial = self._claims.partial(stream)
                if partial is not None and self._rng.random() < schedule.partials:
                    self._down(partial, None)
            elif (
                stream.speech
                and stream.dequeued > stream.settled
                and self._rng.random() < schedule.partials
            ):
                self._down(self._begun(stream), None)

    def _finish_if_done(self) -> None:
        if any(stream.frames for stream in self.streams.values()) or self.finished:
            return
        self.finished = True
        for stream in self.streams.values():
            if stream.hearing is not None:
                stream.hearing.breaks_off()
            while stream.settled < stream.dequeued:
                end: int | None = min(stream.next_end, stream.dequeued)
                if stream.hearing is not None:
                    end = stream.hearing.fit(stream.settled, min(stream.next_end, stream.dequeued))
                until = stream.dequeued if end is None else end
                if until < stream.dequeued or not self._leaves(stream):
                    self._decide(stream, until)
                self._next_segment(stream)
            if self._simulation.schedule.metrics:
                self._send_figures(stream)
        self._simulation.at(self._simulation.schedule.summary, self._send_summary)

    def _leaves(self, stream: IdealRecognizer) -> bool:
        """Leave the rest of its words partial, if the backend does so and it has any."""
        schedule = self._simulation.schedule
        if not schedule.leaves or schedule.after:
            return False
        if self._claims is not None:
            words = self._claims.partial(stream)
        elif stream.speech:
            words = self._begun(stream)
        else:
            words = None
        if words is None:
            return False
        spans = stream.spans(stream.settled, stream.dequeued)
        heard = stream.hearing.heard if stream.hearing is not None else ()
        self._simulation.ledger.left(stream.name, spans, {each.word.text for each in heard})
        stream.settled = stream.dequeued
        self._down(words, None)
        return True

    def _send_summary(self) -> None:
        self._wire.down(self._speech.summary(self._ids))
        for item, key in self._afterwards:
            self._simulation.ledger.happens("said after the end")
            self._wire.down(item, key)
        self._simulation.at(0.001, lambda: self._wire.ends(code=1000, sender=Sender.REMOTE))
