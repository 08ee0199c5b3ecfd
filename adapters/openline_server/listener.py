"""One source of one connection: from its queue through cutter and recogniser to transcripts.

Two tasks. ``_drain`` takes audio from the queue and feeds the cutter; ``_recognize`` takes
the cut segments and asks the recogniser, one question at a time. Draining goes on while a
question is out, so that recognition costs no audio, up to two limits:

* the **horizon**: audio taken from the queue is held 15 s at most before it is finalised
  or discarded. Clients rely on this to confirm silence (audio that left the queue 15 s
  ago yields no further word). So at 15 s draining *stops*, the queue fills, and the
  oldest audio drops, visibly.
* the **rate**: a second of audio at once, then ``drain_rate`` seconds per second;
  or, where the server is to be slow, 1/X of real time from the start.

A *flush* cuts at the audio queued so far: what is open becomes a final, and ``flushed`` is called
behind it. ``progressed`` is called whenever audio was taken or a final recognised.

Finals are never skipped, and never overtaken. A partial is asked for only when nothing
else is waiting, and only the latest one: under load partials thin out first.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import trio

from openline.updates import SAMPLE_RATE
from openline_server.audioqueue import ITEM_BYTES, AudioQueue, Dropped
from openline_server.contract import BYTES_PER_SECOND, Source
from openline_server.hearing import Hearing
from openline_server.recognizer import Hypothesis, Question, Recognizer, RecognizerError, Segment

log: Final = logging.getLogger(__name__)

HORIZON_SAMPLES: Final = 15 * SAMPLE_RATE
_BLOCK_BYTES: Final = BYTES_PER_SECOND // 10
_FREE_SECONDS: Final = 1.0

Ask = Callable[[Question], Awaitable[Hypothesis | None]]
SendTranscript = Callable[[Source, Segment, Hypothesis], Awaitable[None]]
Fail = Callable[[Source, Segment], Awaitable[None]]
Slowness = Callable[[], float]
Taking = Callable[[Source], Awaitable[None]]
Took = Callable[[Source, int], None]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a source is, in samples: given to the recogniser, and settled.

    No word that is still to come begins before ``settled``. ``waiting``: a final is cut and
    not recognised yet.
    """

    taken: int
    settled: int
    waiting: bool


Progressed: TypeAlias = Callable[[Source, Progress], Awaitable[None]]
Flushed: TypeAlias = Callable[[Source, int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Mark:
    """Where a flush cut, in samples; it stands between the finals."""

    start: int


class Pace:
    """How fast a queue may be emptied: a token bucket of seconds of audio."""

    def __init__(self, rate: float, free: float, now: float) -> None:
        """``free`` seconds at once, then ``rate`` seconds per second."""
        self._rate, self._free = rate, max(free, _BLOCK_BYTES / BYTES_PER_SECOND)
        self._credit, self._at = self._free, now

    def wait_for(self, seconds: float, now: float) -> float:
        """Take ``seconds`` of audio; return how long to wait before doing so."""
        self._credit = min(self._free, self._credit + (now - self._at) * self._rate) - seconds
        self._at = now
        return max(0.0, -self._credit / self._rate)


def pace(slow: float, drain_rate: float, now: float) -> Pace:
    """The pace of a server that is ``slow`` (1.0: as fast as ``drain_rate``)."""
    return Pace(drain_rate, _FREE_SECONDS, now) if slow == 1.0 else Pace(1 / slow, 0.0, now)


class Listener:
    """Recognizes one source."""

    def __init__(
        self,
        source: Source,
        recognizer: Recognizer,
        pacing: Pace,
        *,
        ask: Ask,
        send: SendTranscript,
        fail: Fail,
        slowness: Slowness,
        taking: Taking,
        took: Took,
        hearing: Hearing,
        flushed: Flushed | None = None,
        progressed: Progressed | None = None,
        queue: AudioQueue | None = None,
    ) -> None:
        """``ask`` is the recogniser (with faults), ``send`` and ``fail`` send to the client;
        ``slowness`` is the seconds that a second of audio takes at least, if above 1.0;
        ``taking`` is awaited before audio is taken, ``took`` gets the samples taken so far."""
        self.source: Source = source
        self.queue = queue or AudioQueue()
        self._recognizer = recognizer
        self._cutter = recognizer.cutter()
        self._pace = pacing
        self._ask, self._send, self._fail = ask, send, fail
        self._slowness = slowness
        self._taking, self._took, self._hearing = taking, took, hearing
        self._flushed, self._progressed = flushed, progressed
        self._wake = trio.Event()
        self._finishing = False
        self._drained = False
        self._position = 0
        self._odd = b""
        #: Bytes taken from the queue, and the counts at which a flush cuts.
        self._given = 0
        self._cuts: deque[int] = deque()
        self._finals: deque[Segment | _Mark] = deque()
        self._partial: Segment | None = None
        self._asking: Question | None = None
        self._infer_seconds = 0.0
        self._infer_audio = 0.0
        self._infers = 0
        #: Cancelled: recognition stops, whatever is queued.
        self.hearing = trio.CancelScope()
        self.done = trio.Event()

    def push(self, pcm: bytes, place: int) -> Dropped | None:
        """Queue audio that was at byte ``place`` of its source; return what was dropped."""
        before = self.queue.size + len(pcm)
        dropped = self.queue.put(pcm, place)
        gone = before - self.queue.size
        if gone and self._cuts:  # what was dropped will not be taken
            self._cuts = deque(max(self._given, cut - gone) for cut in self._cuts)
        self._notify()
        return dropped

    def flush(self) -> None:
        """Recognize what is queued; then call ``flushed``, and go on."""
        self._cuts.append(self._given + self.queue.size)
        self._notify()

    def finish(self) -> None:
        """No more audio comes: recognize what is queued, then set ``done``."""
        self._finishing = True
        self._notify()

    async def run(self) -> None:
        """Recognize until finished."""
        with self.hearing:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._drain)
                nursery.start_soon(self._recognize)
            self.done.set()

    def metrics(self) -> dict[str, object]:
        """This source's members of a ``metrics`` message."""
        infers = max(1, self._infers)
        return {
            "source": self.source,
            "queue_depth": self.queue.depth,
            "queue_max_frames": self.queue.limit // ITEM_BYTES,
            "queue_fill_ratio": round(self.queue.fill, 3),
            "queue_bytes": self.queue.size,
            "queue_bytes_max": self.queue.limit,
            "max_backlog_seconds": self.queue.limit / BYTES_PER_SECOND,
            "backlog_seconds": round(self.queue.seconds, 3),
            "avg_infer_ms": round(1000 * self._infer_seconds / infers, 1),
            "realtime_factor": round(self._factor(), 3),
        }

    def _factor(self) -> float:
        """Seconds of recognition per second of audio.

        A question that is out counts as soon as it makes this larger: a recogniser that is slow is
        told to be, and not only once it has answered.
        """
        factor = self._infer_seconds / max(0.001, self._infer_audio)
        asking = self._asking
        if asking is None or asking.asked_at is None:
            return factor
        seconds = self._infer_seconds + trio.current_time() - asking.asked_at
        audio = self._infer_audio + asking.segment.t1 - asking.segment.t0
        return max(factor, seconds / max(0.001, audio))

    async def _drain(self) -> None:
        while True:
            self._cut()
            while not (self.queue and self._within_horizon()):
                if self._finishing and not self.queue:
                    break
                await self._wake.wait()
                self._cut()
            if not self.queue:
                break
            most = (
                _BLOCK_BYTES if not self._cuts else min(_BLOCK_BYTES, self._cuts[0] - self._given)
            )
            seconds = min(self.queue.seconds, most / BYTES_PER_SECOND)
            wait, slowness = self._pace.wait_for(seconds, trio.current_time()), self._slowness()
            await trio.sleep(max(wait, slowness * seconds) if slowness > 1.0 else wait)
            await self._taking(self.source)
            taken, runs = self.queue.get(round(seconds * BYTES_PER_SECOND))
            self._given += len(taken)
            block = self._odd + taken
            whole = len(block) - len(block) % 2
            block, self._odd = block[:whole], block[whole:]
            start, self._position = self._position, self._position + len(block) // 2
            self._take(self._cutter.push(block))
            self._hearing.took(self.source, runs, start, self._position, self._cutter.held_from)
            self._took(self.source, self._position)
            await self._progress()
            while self._recognizer.immediate and self._busy():
                await self._wake.wait()
        self._take(self._cutter.flush())
        self._hearing.took(self.source, [], self._position, self._position, self._position)
        self._drained = True
        self._notify()

    async def _recognize(self) -> None:
        while not (self._drained and not self._finals):
            if self._finals:
                segment = self._finals.popleft()
                if isinstance(segment, _Mark):
                    if self._flushed is not None:
                        await self._flushed(self.source, segment.start)
                    self._notify()
                    await self._progress()
                    continue
            elif self._partial is not None:
                segment, self._partial = self._partial, None
            else:
                await self._wake.wait()
                continue
            self._asking = Question(segment)
            await self._put(self._asking)
            self._asking = None
            self._notify()
            await self._progress()

    async def _progress(self) -> None:
        if self._progressed is not None:
            waits = bool(self._finals) or (self._asking is not None and self._asking.segment.final)
            await self._progressed(
                self.source, Progress(self._position, min(self._position, self._oldest()), waits)
            )

    def _cut(self) -> None:
        """Cut where a flush is due."""
        while self._cuts and (self._given >= self._cuts[0] or not self.queue):
            self._cuts.popleft()
            self._take(self._cutter.flush())
            self._finals.append(_Mark(self._position))
            self._notify()

    async def _put(self, question: Question) -> None:
        began = trio.current_time()
        try:
            answer = await self._ask(question)
        except RecognizerError as error:
            log.warning("source %s: %s", self.source, error)
            if question.segment.final:
                await self._fail(self.source, question.segment)
            return
        if answer is None:
            return
        segment = question.segment
        self._infers += 1
        self._infer_seconds += trio.current_time() - (question.asked_at or began)
        self._infer_audio += segment.t1 - segment.t0
        overtaken = bool(self._finals)
        if segment.final or (answer.text and not overtaken):
            await self._send(self.source, segment, answer)

    def _take(self, segments: list[Segment]) -> None:
        asking = self._asking
        for segment in segments:
            if segment.final:
                self._hearing.cut(self.source, segment)
                self._finals.append(segment)
                self._partial = None
                if asking is not None and not asking.segment.final:
                    asking.withdraw()
            elif asking is None or asking.segment.final or not asking.renew(segment):
                self._partial = segment
        if segments:
            self._notify()

    def _busy(self) -> bool:
        return bool(self._finals or self._partial or self._asking)

    def _within_horizon(self) -> bool:
        return self._position + _BLOCK_BYTES // 2 - self._oldest() <= HORIZON_SAMPLES

    def _oldest(self) -> int:
        """The oldest sample that a transcript may still be about."""
        oldest = min([self._cutter.held_from, *(segment.start for segment in self._finals)])
        return oldest if self._asking is None else min(oldest, self._asking.segment.start)

    def _notify(self) -> None:
        self._wake.set()
        self._wake = trio.Event()
