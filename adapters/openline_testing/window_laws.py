"""The laws of the send window: how far audio may run ahead, and how long it may be shut.

A backend's confirmations are read off its messages: R, the audio that it *received*, by its
pongs; D, the audio that it took out of its queue, by its figures and its words: by their ends
where those are exact; otherwise by their beginnings, and only until figures come. Its queue is
as long as the dialect says, or as its figures announce. Everything unknown from outside counts
in the session's favour: the backend may have dropped any audio, and figures without a source
may be any source's. So a law is broken only if no reading of the observations allows what the
session did.

Counts are samples of one source on one dial.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from openline.commands import SendBytes, SendText
from openline.dialects.protocol import Heard, Metrics, Status
from openline.dialects.traits import Ends
from openline.events import AudioCaptured, CaptureHole, PongReceived, SourceStarted
from openline.policy import FIGURES_LATE
from openline.updates import SAMPLE_RATE, SourceStatistics, Statistics, to_samples
from openline_testing.laws import broken
from openline_testing.line import Line, has_words
from openline_testing.observation import Observation
from openline_testing.samples import audio_of
from openline_testing.scope import queue_of

FRAME: Final = 320
#: Audio that is no older than this is at the live edge.
LIVE_EDGE: Final = int(0.2 * SAMPLE_RATE)
#: Samples of tolerance for rounding.
TOLERANCE: Final = 4
#: Of an announced queue: a backlog is sent up to the first part, live audio to the second.
#: A backend is filling from the first part of it on until it reports less than the second.
WINDOW: Final = 0.8
LIVE: Final = 0.5
#: Seconds: the least of these lengths.
LEAST: Final = 0.1


class Gauge:
    """The observed progress of one source on the live dial."""

    __slots__ = ("backlog", "drained", "figures_at", "filling", "received", "sent", "shut_since")

    def __init__(self, now: float) -> None:
        self.sent: int = 0
        self.received: int = 0
        self.drained: int = 0
        self.filling = False
        self.backlog = math.inf  # the last one reported
        self.figures_at = now
        self.shut_since = math.inf  # audio waits, and no progress came from the backend, since then


class WindowLaws:
    """Observes the window of every source."""

    __slots__ = (
        "_dial",
        "_dropped",
        "_error",
        "_gauges",
        "_line",
        "_marks",
        "_positions",
        "_sizes",
        "seen",
    )

    def __init__(self, seen: Observation, line: Line) -> None:
        self.seen = seen
        self._line = line
        self._error = to_samples(seen.dialect.traits.time_error)
        self._dial: int = 0
        self._dropped: int = 0  # samples, over all sources
        self._gauges: dict[str, Gauge] = {}  # of the sources that have started
        self._marks: dict[bytes, dict[str, int]] = {}
        self._positions: dict[str, int] = {}  # the watermark that the next frame moves
        self._sizes = {
            each: (len(audio_of(seen.dialect, each, 1)), len(audio_of(seen.dialect, each, FRAME)))
            for each in seen.sources
        }

    def happened(self) -> None:
        """After the event was noted: the progress that it confirms."""
        seen, event = self.seen, self.seen.event
        if isinstance(event, AudioCaptured | CaptureHole | SourceStarted):
            if event.source in seen.sources and event.source not in self._gauges:
                self._gauges[event.source] = Gauge(seen.now)
        elif isinstance(event, PongReceived) and seen.acked:
            for name, sent in self._marks.get(event.mark, {}).items():
                gauge = self._gauges[name]
                gauge.received = max(gauge.received, sent)
        match seen.message:
            case Status(filling=True, source=source):
                for each in self._named(source if source in self._gauges else None):
                    each.filling = True
            case Heard(source=source):
                for each in self._named(source):
                    self._hears(each, seen.message)
                    each.shut_since = math.inf
            case Metrics():
                self._figures(seen.message)
            case _:
                pass

    def _named(self, source: str | None) -> list[Gauge]:
        """The gauges that a message may refer to."""
        if source is None:
            return [*self._gauges.values()]
        return [self._gauges[source]] if source in self._gauges else []

    def _hears(self, gauge: Gauge, heard: Heard) -> None:
        if self.seen.ends is Ends.EXACT:
            if heard.end is not None:
                self._drains(gauge, to_samples(heard.end) + self._dropped)
        elif gauge.backlog == math.inf and heard.start is not None and has_words(heard.text):
            self._drains(gauge, to_samples(heard.start) - self._error + self._dropped)

    def _drains(self, gauge: Gauge, sample: int) -> None:
        gauge.drained = max(gauge.drained, min(sample, gauge.sent))
        gauge.received = max(gauge.received, gauge.drained)

    def _figures(self, metrics: Metrics) -> None:
        gauges = self._named(metrics.source)
        before, self._dropped = self._dropped, max(self._dropped, metrics.dropped * FRAME)
        if self._dropped > before:  # any source may have lost it
            for each in self._gauges.values():
                self._drains(each, each.drained + self._dropped - before)
                each.shut_since = math.inf
        if metrics.backlog is None:
            return
        for each in gauges:
            confirmed = each.received - round(metrics.backlog * SAMPLE_RATE) + self._dropped
            if confirmed > each.drained or metrics.backlog < each.backlog or self._dropped:
                each.shut_since = math.inf
            self._drains(each, confirmed)
            each.backlog = metrics.backlog
            if len(gauges) == 1:
                each.figures_at = self.seen.now
                each.filling = metrics.backlog > self._filling(each.filling)
            elif metrics.backlog < self._filling(is_filling=True):
                each.filling = False

    def _filling(self, is_filling: bool) -> float:  # noqa: FBT001  # what it is now
        """Seconds of backlog above which a backend is filling, or goes on filling."""
        queue, traits = self._line.queue, self.seen.dialect.traits
        if queue is None:
            return traits.filling_below if is_filling else traits.filling_above
        return (LIVE if is_filling else WINDOW) * queue

    @property
    def window(self) -> float:
        """Seconds of a backlog that may be out beyond what is drained."""
        queue = self._line.queue
        return self.seen.dialect.traits.window if queue is None else max(WINDOW * queue, LEAST)

    def drained(self, source: str) -> int:
        """D of a source on this dial, at the most."""
        gauge = self._gauges.get(source)
        return gauge.drained if gauge else 0

    def is_out(self, source: str) -> bool:
        """Whether more audio of the source is out and not drained than the queue holds."""
        gauge = self._gauges.get(source)
        queue = queue_of(self.seen.dialect.traits, self._line.queue)
        return gauge is not None and gauge.sent - gauge.drained > queue * SAMPLE_RATE

    def opens(self, statistics: Mapping[str, SourceStatistics]) -> None:
        """A new dial is acked: nothing was sent on it, nothing is confirmed."""
        self._dial = self.seen.dial
        self._dropped = 0
        self._marks.clear()
        self._gauges = {source: Gauge(self.seen.now) for source in self._gauges}
        self._positions = {source: each.sent for source, each in statistics.items()}

    @property
    def is_new(self) -> bool:
        """Whether a line is open for which ``opens`` was not called yet."""
        return self.seen.acked and self.seen.live is not None and self.seen.dial != self._dial

    def pinged(self, mark: bytes) -> None:
        """A ping went out behind all audio sent so far."""
        self._marks[mark] = {source: gauge.sent for source, gauge in self._gauges.items()}

    def pulled(self, audio: SendBytes | SendText, figures: Statistics) -> str:
        """Check a frame of audio, already counted in ``figures``; returns its source."""
        now, statistics = self.seen.now, figures.sources
        ignored = {source for source, each in self._line.tracks.items() if each.ignored}
        moved = [
            source
            for source, each in statistics.items()
            if source not in ignored and each.sent != self._positions.get(source, 0)
        ]
        if not moved and ignored:
            broken("ignored sources", f"audio of {min(ignored)} was sent", now)
        if len(moved) != 1:
            broken("the window", f"a frame moved what was sent of {moved or 'no source'}", now)
        [source] = moved
        self._line.pulled(source, self._samples(source, len(audio.data)), figures)
        self._fits(source, statistics[source], self._samples(source, len(audio.data)))
        return source

    def _fits(self, source: str, figures: SourceStatistics, samples: int) -> None:
        now = self.seen.now
        gauge = self._gauges.setdefault(source, Gauge(now))
        self._positions[source] = figures.sent
        gauge.sent += samples
        gauge.shut_since = math.inf
        # Without figures the backend is assumed to drain received audio in real time.
        passed = max(0, to_samples(now - gauge.figures_at - FIGURES_LATE))
        out = gauge.sent - gauge.drained - min(passed, gauge.received - gauge.drained)
        ahead = out - to_samples(self.window)
        if ahead <= TOLERANCE:
            return
        unsent = figures.captured - figures.sent + samples
        queue, traits = self._line.queue, self.seen.dialect.traits
        live_ahead = traits.live_ahead
        if queue is not None:
            live_ahead = max(min(live_ahead, LIVE * queue), LEAST)
        live = unsent <= LIVE_EDGE and not gauge.filling
        if not live or gauge.sent - gauge.received > to_samples(live_ahead) + TOLERANCE:
            broken("the window", f"{source} is {ahead} samples beyond it", now)
        full = to_samples(queue_of(traits, queue))
        if gauge.backlog < math.inf and out > full + TOLERANCE:
            broken("the window", f"{source} overflows the queue by {out - full} samples", now)

    def _samples(self, source: str, size: int) -> int:
        """Samples in a message of ``size`` bytes; an estimate for a short one."""
        one, full = self._sizes[source]
        return min(FRAME, max(0, 1 + (size - one) * (FRAME - 1) // max(1, full - one)))

    def rested(self, statistics: Mapping[str, SourceStatistics]) -> None:
        """A pull gave nothing: note the sources whose audio waits.

        A source with a hole is left out: the samples counted as captured may be the hole.
        """
        for source, each in statistics.items():
            gauge = None if source in self.seen.holes else self._gauges.get(source)
            if gauge is not None and each.captured - each.sent >= FRAME:
                gauge.shut_since = min(gauge.shut_since, self.seen.now)

    def suspended(self, gap: float) -> None:
        """The process was suspended for ``gap`` seconds up to now."""
        for gauge in self._gauges.values():
            gauge.shut_since += gap

    @property
    def stalls_at(self) -> float:
        """When an open line must be left unless progress comes before; inf: never."""
        tracks = self._line.tracks
        waits = [
            each.shut_since
            for source, each in self._gauges.items()
            if source not in tracks or not tracks[source].ignored
        ]
        since = min(waits, default=math.inf)
        return since + self.seen.policy.stall_timeout
