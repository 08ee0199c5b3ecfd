"""The laws of transcripts and gaps: captured audio is finalised, or reported missing, once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

from openline.events import AbortRequested, AudioCaptured, CaptureHole
from openline.updates import (
    Ended,
    Gap,
    PartialRetracted,
    SourceEnded,
    SourceStatistics,
    State,
    Transcript,
    Update,
)
from openline_testing.laws import broken
from openline_testing.observation import OVER, Observation

_START = SourceStatistics(captured=0, sent=0, confirmed=0, missing=0)


class TranscriptLaws:
    """Observes transcripts, gaps and the result."""

    __slots__ = (
        "captured",
        "figures",
        "final_until",
        "finals",
        "grew",
        "lost",
        "partials",
        "seen",
    )

    def __init__(self, seen: Observation) -> None:
        self.seen = seen
        self.captured: Counter[str] = Counter()  # samples that may not be refused
        self.grew: bool = False  # this event added to them
        self.lost: Counter[str] = Counter()  # samples that were reported missing
        self.final_until: dict[str, float] = {}
        self.partials: set[str] = set()
        self.finals: list[Transcript] = []
        self.figures: dict[str, SourceStatistics] = {}

    def happened(self) -> None:
        """After the event was noted: count audio that must be kept."""
        event, seen = self.seen.event, self.seen
        self.grew = False
        if seen.ended is not None or seen.stop_wanted:
            return
        if isinstance(event, AudioCaptured):
            samples = len(event.pcm) // 2
        elif isinstance(event, CaptureHole):
            samples = event.samples
        else:
            return
        if event.source not in seen.over:
            self.grew = True
            self.captured[event.source] += samples

    def reported(self, update: Update) -> None:
        """Check an update against the laws."""
        now = self.seen.now
        match update:
            case Transcript():
                self._transcribed(update)
            case PartialRetracted(source=source):
                if source not in self.partials:
                    broken("partials end", f"retracted one of {source} that is not there", now)
                self.partials.discard(source)
            case Gap():
                if update.samples <= 0 or update.end < update.start:
                    broken("gaps add up", f"a gap of {update.samples} samples", now)
                if update.exact and update.samples != update.end - update.start:
                    broken("gaps add up", f"an exact gap that is not: {update}", now)
                self.lost[update.source] += update.samples
            case _:
                pass

    def _transcribed(self, update: Transcript) -> None:
        now, source = self.seen.now, update.source
        before = self.final_until.get(source, 0.0)
        if not before <= update.start <= update.end:
            broken(
                "transcripts in order",
                f"{update.start:.3f} to {update.end:.3f} s of {source}, final until {before:.3f}",
                now,
            )
        if not update.final:
            self.partials.add(source)
            return
        self.partials.discard(source)
        self.final_until[source] = update.end
        self.finals.append(update)

    def rest(self) -> None:
        """The session rests: a partial lives no longer than its dial."""
        if self.partials and not (self.seen.live and self.seen.acked):
            broken("partials end", f"one of {min(self.partials)} outlives its dial", self.seen.now)

    def measure(self, figures: Mapping[str, SourceStatistics]) -> None:
        """Check the watermarks against the laws, and against their values before."""
        for source, now in figures.items():
            before = self.figures.get(source, _START)
            falling = now.captured < before.captured or now.confirmed < before.confirmed
            if falling or not now.captured >= now.sent >= now.confirmed:
                broken("watermarks", f"{source}: {now} after {before}", self.seen.now)
            if now.captured != self.captured[source]:
                more = now.captured > self.captured[source]
                law = "stop wins" if more and self.seen.stop_wanted else "watermarks"
                counted = f"{now.captured} samples of {source}, not {self.captured[source]}"
                broken(law, counted, self.seen.now)
            self.figures[source] = now

    def ends(self, ended: Ended, broke_off: Sequence[SourceEnded]) -> None:
        """Check the result against the reports; ``broke_off`` are the sources that broke off."""
        seen, now = self.seen, self.seen.now
        if ended.state is not seen.state or ended.state not in OVER:
            broken("one end", f"the result has {ended.state} and the state is {seen.state}", now)
        well = ended.state is State.CLOSED and not isinstance(seen.event, AbortRequested)
        if list(ended.lost_sources) != list(broke_off):
            found = f"{len(broke_off)} sources broke off, and it names {len(ended.lost_sources)}"
            broken("complete", found, now)
        if ended.complete != (well and not broke_off and not ended.missing):
            why = "aborted" if isinstance(seen.event, AbortRequested) else str(ended.state)
            found = f"{why}, {len(broke_off)} sources broke off, {len(ended.missing)} gaps"
            broken("complete", f"complete={ended.complete}: {found}", now)
        finals = sorted(self.finals, key=lambda final: (final.start, final.end))
        if list(ended.transcript) != finals:
            found = f"{len(finals)} finals were reported, the result has {len(ended.transcript)}"
            broken("complete", found, now)
        missing = Counter[str]()
        for gap in ended.missing:
            missing[gap.source] += gap.samples
        if missing != self.lost:
            broken("gaps add up", f"{dict(missing)} missing, {dict(self.lost)} reported", now)
        self.measure(ended.statistics.sources)
        for source, figures in ended.statistics.sources.items():
            self._adds_up(source, figures, ended)

    def _adds_up(self, source: str, figures: SourceStatistics, ended: Ended) -> None:
        now = self.seen.now
        exact = [gap for gap in ended.missing if gap.source == source and gap.exact]
        for one, other in pairwise(exact):
            if one.end > other.start:
                broken("gaps add up", f"sample {other.start} of {source} is missing twice", now)
        if sum(gap.samples for gap in exact) < figures.captured - figures.confirmed:
            broken("gaps add up", f"samples of {source} were lost in silence", now)
