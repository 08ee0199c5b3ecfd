"""An ideal backend: it keeps the assumptions of the theorem, and draws everything else.

It counts accepted samples from 0 on every connection, without those that it dropped (A2);
its finals of a source are monotone (A1), and nothing before the end of one is finalised
later (A3); audio taken out of its queue it finalises or discards within the horizon (A4);
and it reports a drop before any later message. Its speed, its segments and its reports are
drawn from the schedule's seed. A ``Speech`` encodes its messages, so it works with any
dialect.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from random import Random
from typing import Any, Final, Protocol

from openline.dialects.protocol import Ids
from openline.reconnect.verdicts import ErrorKind, Sender
from openline.updates import SAMPLE_RATE as S
from openline_testing.theorem.schedule import Schedule
from openline_testing.theorem.simulation import Simulation
from openline_testing.theorem.speech import Encoded, Words

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

    def pong(self, mark: bytes) -> None:
        """Answer a ping."""
        ...

    def ends(self, **fields: Any) -> None:
        """Close it, or break it."""
        ...


class IdealRecognizer:
    """One source on one connection. Counts are connection samples, spans session samples."""

    __slots__ = (
        "captured_until",
        "credit",
        "dequeued",
        "dropped",
        "frames",
        "marks",
        "name",
        "next_end",
        "received",
        "settled",
        "speech",
        "starts",
        "wait",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.received: int = 0
        self.dequeued: int = 0
        self.settled: int = 0  # all before this is finalised or discarded
        self.frames: deque[int] = deque()
        self.marks: list[int] = []
        self.starts: list[int] = []
        self.captured_until: int = -1  # session position after the last frame
        self.dropped: list[tuple[int, int]] = []
        self.credit = 0.0  # samples that it may still take from its queue
        self.next_end: int = 0  # of the current segment
        self.speech = False
        self.wait: int = 0  # samples after a segment's end that it takes to decide

    def take(self, at: int, samples: int) -> None:
        """A frame arrived."""
        if at != self.captured_until:
            self.marks.append(self.received)
            self.starts.append(at)
        self.captured_until = at + samples
        self.received += samples
        self.frames.append(samples)

    def clock(self, sample: int) -> int:
        """The backend's count: all samples before ``sample`` but the dropped ones (A2)."""
        return sample - sum(max(0, min(end, sample) - start) for start, end in self.dropped)

    def spans(self, start: int, end: int) -> list[tuple[int, int]]:
        """Session samples of [start, end), less the dropped ones."""
        parts = [(start, end)]
        for a, b in self.dropped:
            parts = [
                part
                for lo, hi in parts
                for part in ((lo, min(hi, a)), (max(lo, b), hi))
                if part[0] < part[1]
            ]
        found: list[tuple[int, int]] = []
        for lo, hi in parts:
            i = bisect_right(self.marks, lo) - 1
            while lo < hi:
                until = min(hi, self.marks[i + 1] if i + 1 < len(self.marks) else hi)
                shift = self.starts[i] - self.marks[i]
                found.append((lo + shift, until + shift))
                lo, i = until, i + 1  # noqa: PLW2901 -- the rest of it
        return found


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
        self._queue = round(traits.queue * S)
        self._streams: dict[str, IdealRecognizer] = {}
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
        self._wire.down(self._speech.ack(self._ids))
        self._figures_at = self._simulation.now + self._simulation.schedule.metrics
        self._simulation.at(TICK, self.tick)

    def stops(self) -> None:
        """The stop arrived; a second one changes nothing."""
        if not self.stopping:
            self.stopping = True
            self._finish_if_done()

    def audio_arrives(self, source: str, at: int, samples: int) -> None:
        """A frame of audio arrived."""
        stream = self._streams.get(source)
        if stream is None:
            stream = self._streams[source] = IdealRecognizer(source)
            self._next_segment(stream)
        stream.take(at, samples)
        if not self._rate and self._simulation.now >= self.paused_until:
            self._dequeue(stream, stream.received)
        queued = stream.received - stream.dequeued
        if queued > self._queue and self._can_report_drops(source):
            self._drop(stream, queued - self._queue)

    def _can_report_drops(self, source: str) -> bool:
        return self._speech.figures(self._ids, source, 0.0, 0) is not None

    def _drop(self, stream: IdealRecognizer, samples: int) -> None:
        start, before = stream.dequeued, self._dropped
        while stream.dequeued < start + samples:
            stream.dequeued += stream.frames.popleft()
            self._dropped += 1
        frames = self._dropped - before
        self._simulation.ledger.dropped(stream.name, stream.spans(start, stream.dequeued), frames)
        stream.dropped.append((start, stream.dequeued))
        self._send_figures(stream)
        self._settle(stream)

    # Recognition.

    def _dequeue(self, stream: IdealRecognizer, until: int) -> None:
        while stream.frames and stream.dequeued + stream.frames[0] <= until:
            stream.dequeued += stream.frames.popleft()
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
            self._decide(stream, stream.next_end)
            self._next_segment(stream)

    def _decide(self, stream: IdealRecognizer, end: int) -> None:
        start, stream.settled = stream.settled, end
        spans = stream.spans(start, end)
        if stream.speech:
            self._words += 1
            key = f"{self._wire.number}/{self._words}"
            self._simulation.ledger.finalised(key, stream.name, spans)
            self._send_words(key, stream, start, end, final=True)
        else:
            self._simulation.ledger.discarded(stream.name, spans)

    def _send_words(
        self, text: str, stream: IdealRecognizer, start: int, end: int, *, final: bool
    ) -> None:
        words = Words(text, stream.name, stream.clock(start) / S, stream.clock(end) / S, final)
        self._wire.down(self._speech.words(self._ids, words), text if final else None)

    def _send_figures(self, stream: IdealRecognizer) -> None:
        backlog = (stream.received - stream.dequeued) / S
        figures = self._speech.figures(self._ids, stream.name, backlog, self._dropped)
        if figures is not None:
            self._wire.down(figures)

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
            for stream in self._streams.values():
                self._send_figures(stream)
        if self.stopping:
            self._finish_if_done()
        simulation.at(TICK, self.tick)

    def _work(self, schedule: Schedule) -> None:
        for stream in self._streams.values():
            if not self._rate:
                self._dequeue(stream, stream.received)
            elif stream.frames:
                stream.credit += self._rate * TICK * S
                before = stream.dequeued
                self._dequeue(stream, before + int(stream.credit))
                stream.credit -= stream.dequeued - before
            if not stream.frames:
                stream.credit = 0.0
            if (
                stream.speech
                and stream.dequeued > stream.settled
                and self._rng.random() < schedule.partials
            ):
                self._send_words("...", stream, stream.settled, stream.dequeued, final=False)

    def _finish_if_done(self) -> None:
        if any(stream.frames for stream in self._streams.values()) or self.finished:
            return
        self.finished = True
        for stream in self._streams.values():
            while stream.settled < stream.dequeued:
                self._decide(stream, min(stream.next_end, stream.dequeued))
                self._next_segment(stream)
        self._simulation.at(self._simulation.schedule.summary, self._send_summary)

    def _send_summary(self) -> None:
        self._wire.down(self._speech.summary(self._ids))
        self._simulation.at(0.001, lambda: self._wire.ends(code=1000, sender=Sender.REMOTE))
