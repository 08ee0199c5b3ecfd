"""An ideal backend: all that the theorem asks of one, and everything else drawn.

It counts accepted samples from 0 on every connection, without those that it dropped (A2);
its finals of a source are monotone (A1), and nothing before the end of one is finalised
later (A3); what it took out of its queue it finalises or discards within the horizon (A4);
and it tells of what it dropped before it says anything later. How fast it is, how it cuts
speech, and what it reports is drawn from the schedule's seed. What it says is worded by a
``Speech``, so it speaks any dialect.
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
from openline_testing.theorem.speech import Said, Words
from openline_testing.theorem.stage import Simulation

#: The seconds of a tick.
TICK: Final = 0.1


class Wire(Protocol):
    """What a backend can do to its connection."""

    number: int
    way: str
    over: bool
    frozen_until: float

    def down(self, item: Said, key: str | None = None) -> None:
        """Say it; ``key`` is that of a final."""
        ...

    def pong(self, mark: bytes) -> None:
        """Answer a ping."""
        ...

    def ends(self, **facts: Any) -> None:
        """Close it, or break it."""
        ...


class IdealRecognizer:
    """One source on one connection. Counts are connection samples, spans session samples."""

    __slots__ = (
        "credit",
        "dequeued",
        "dropped",
        "frames",
        "heard_until",
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
        self.heard_until: int = -1  # session position after the last frame
        self.dropped: list[tuple[int, int]] = []
        self.credit = 0.0  # samples that it may still take from its queue
        self.next_end: int = 0  # of the segment that it is in
        self.speech = False
        self.wait: int = 0  # samples after a segment's end that it takes to decide

    def take(self, at: int, samples: int) -> None:
        """A frame arrived."""
        if at != self.heard_until:
            self.marks.append(self.received)
            self.starts.append(at)
        self.heard_until = at + samples
        self.received += samples
        self.frames.append(samples)

    def clock(self, sample: int) -> int:
        """What it counts: all before ``sample`` but what it dropped (A2)."""
        return sample - sum(max(0, min(end, sample) - start) for start, end in self.dropped)

    def spans(self, start: int, end: int) -> list[tuple[int, int]]:
        """Session samples of [start, end), less what was dropped."""
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

    def __init__(self, stage: Simulation, wire: Wire, ids: Ids) -> None:
        self._stage = stage
        self._wire = wire
        self._rate = stage.schedule.rate
        self._ids = ids
        self._speech = stage.speech
        traits = stage.speech.dialect.traits
        self._horizon = round(traits.horizon * S)
        self._queue = round(traits.queue * S)
        self._ears: dict[str, IdealRecognizer] = {}
        self._rng = Random(f"{stage.schedule.seed} {wire.number}")
        self.stopping = False
        self.finished = False
        self.paused_until = 0.0
        self._figures_at = 0.0
        self._dropped: int = 0
        self._words: int = 0

    # What arrives.

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
            self._stage.at(0.3 if way == "slow" else 0.002, self._acks)

    def _acks(self) -> None:
        self._wire.down(self._speech.ack(self._ids))
        self._figures_at = self._stage.now + self._stage.schedule.metrics
        self._stage.at(TICK, self.tick)

    def stops(self) -> None:
        """The stop arrived; a second one changes nothing."""
        if not self.stopping:
            self.stopping = True
            self._finish_if_done()

    def hears(self, source: str, at: int, samples: int) -> None:
        """A frame of audio arrived."""
        ear = self._ears.get(source)
        if ear is None:
            ear = self._ears[source] = IdealRecognizer(source)
            self._next_segment(ear)
        ear.take(at, samples)
        if not self._rate and self._stage.now >= self.paused_until:
            self._dequeue(ear, ear.received)
        queued = ear.received - ear.dequeued
        if queued > self._queue and self._tells_of_drops(source):
            self._drop(ear, queued - self._queue)

    def _tells_of_drops(self, source: str) -> bool:
        return self._speech.figures(self._ids, source, 0.0, 0) is not None

    def _drop(self, ear: IdealRecognizer, samples: int) -> None:
        start, before = ear.dequeued, self._dropped
        while ear.dequeued < start + samples:
            ear.dequeued += ear.frames.popleft()
            self._dropped += 1
        frames = self._dropped - before
        self._stage.ledger.dropped(ear.name, ear.spans(start, ear.dequeued), frames)
        ear.dropped.append((start, ear.dequeued))
        self._tell_figures(ear)
        self._settle(ear)

    # What becomes of it.

    def _dequeue(self, ear: IdealRecognizer, until: int) -> None:
        while ear.frames and ear.dequeued + ear.frames[0] <= until:
            ear.dequeued += ear.frames.popleft()
        self._settle(ear)

    def _next_segment(self, ear: IdealRecognizer) -> None:
        rng = self._rng
        if not self._horizon:  # nothing may wait, so nothing is cut into segments
            ear.speech = rng.random() < 0.7
            return
        longest = min(round(self._stage.schedule.talk * S), self._horizon)
        length = longest if rng.random() < 0.1 else rng.randint(1, longest)
        ear.next_end = ear.settled + length
        ear.speech = rng.random() < 0.7
        room = self._horizon - length
        ear.wait = rng.choice((0, room, rng.randint(0, room)))

    def _settle(self, ear: IdealRecognizer) -> None:
        if not self._horizon:
            if ear.settled < ear.dequeued:
                self._decide(ear, ear.dequeued)
                self._next_segment(ear)
            return
        while ear.next_end + ear.wait <= ear.dequeued:
            self._decide(ear, ear.next_end)
            self._next_segment(ear)

    def _decide(self, ear: IdealRecognizer, end: int) -> None:
        start, ear.settled = ear.settled, end
        spans = ear.spans(start, end)
        if ear.speech:
            self._words += 1
            key = f"{self._wire.number}/{self._words}"
            self._stage.ledger.finalised(key, ear.name, spans)
            self._speaks(key, ear, start, end, final=True)
        else:
            self._stage.ledger.discarded(ear.name, spans)

    def _speaks(
        self, text: str, ear: IdealRecognizer, start: int, end: int, *, final: bool
    ) -> None:
        words = Words(text, ear.name, ear.clock(start) / S, ear.clock(end) / S, final)
        self._wire.down(self._speech.words(self._ids, words), text if final else None)

    def _tell_figures(self, ear: IdealRecognizer) -> None:
        backlog = (ear.received - ear.dequeued) / S
        figures = self._speech.figures(self._ids, ear.name, backlog, self._dropped)
        if figures is not None:
            self._wire.down(figures)

    def tick(self) -> None:
        """Every tenth of a second: the recogniser works."""
        stage, wire = self._stage, self._wire
        if wire.over or self.finished:
            return
        now, schedule = stage.now, stage.schedule
        if now < wire.frozen_until:
            stage.at(wire.frozen_until - now, self.tick)
            return
        if now >= self.paused_until:
            self._work(schedule)
        if schedule.metrics and now >= self._figures_at:
            self._figures_at = now + schedule.metrics
            for ear in self._ears.values():
                self._tell_figures(ear)
        if self.stopping:
            self._finish_if_done()
        stage.at(TICK, self.tick)

    def _work(self, schedule: Schedule) -> None:
        for ear in self._ears.values():
            if not self._rate:
                self._dequeue(ear, ear.received)
            elif ear.frames:
                ear.credit += self._rate * TICK * S
                before = ear.dequeued
                self._dequeue(ear, before + int(ear.credit))
                ear.credit -= ear.dequeued - before
            if not ear.frames:
                ear.credit = 0.0
            if ear.speech and ear.dequeued > ear.settled and self._rng.random() < schedule.partials:
                self._speaks("...", ear, ear.settled, ear.dequeued, final=False)

    def _finish_if_done(self) -> None:
        if any(ear.frames for ear in self._ears.values()) or self.finished:
            return
        self.finished = True
        for ear in self._ears.values():
            while ear.settled < ear.dequeued:
                self._decide(ear, min(ear.next_end, ear.dequeued))
                self._next_segment(ear)
        self._stage.at(self._stage.schedule.summary, self._sums_up)

    def _sums_up(self) -> None:
        self._wire.down(self._speech.summary(self._ids))
        self._stage.at(0.001, lambda: self._wire.ends(code=1000, sender=Sender.REMOTE))
