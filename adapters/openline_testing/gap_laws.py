"""The laws of gaps and of the result: what became of every captured sample.

Captured audio is confirmed, or in a final though its audio was not confirmed, or in a gap; and
each gap is reported. A gap that the backend reported, somewhere within its bounds, is
withdrawn once a later dial has confirmed all audio within them. Another one is withdrawn when a
final tells its audio after all, but for what that final does not cover.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final, NoReturn

from openline.audio.gaps import without
from openline.events import AbortRequested, AudioCaptured, CaptureHole, SkipRequested
from openline.updates import (
    Ended,
    Gap,
    GapCause,
    GapWithdrawn,
    SourceEnded,
    SourceStatistics,
    State,
    Transcript,
    to_samples,
)
from openline_testing.laws import broken
from openline_testing.line import Line
from openline_testing.observation import OVER, Observation

_START: Final = SourceStatistics(captured=0, sent=0, confirmed=0, missing=0)


class _Lost:
    """A gap that the backend reported, and where the first later dial began."""

    __slots__ = ("begins", "dial", "gap")

    def __init__(self, gap: Gap, dial: int) -> None:
        self.gap = gap
        self.dial = dial
        self.begins: int | None = None  # None: there was no later dial


class GapLaws:
    """Observes gaps, watermarks and the result."""

    __slots__ = (
        *("_dial", "_line", "_open", "_reclaimed", "_seen", "_spans", "_unmeasured"),
        *("captured", "exact", "figures", "grew", "lost"),
    )

    def __init__(self, seen: Observation, line: Line) -> None:
        self._seen = seen
        self._line = line
        self._dial: int = 0
        self.captured: Counter[str] = Counter()  # samples that may not be refused
        self.grew: bool = False  # this event added to them
        self.lost: Counter[str] = Counter()  # samples that are reported missing
        self.exact: list[Gap] = []
        self._open: list[_Lost] = []  # inexact gaps that were not withdrawn
        self._reclaimed: list[Gap] = []  # exact gaps that were withdrawn since the event
        self._spans: list[tuple[str, int, int]] = []  # of the finals since the event
        self._unmeasured: set[str] = set()  # the sources whose audio came without a peak
        self.figures: dict[str, SourceStatistics] = {}

    def happened(self) -> None:
        """After the event was noted: count audio that must be kept; note where a dial begins."""
        event, seen = self._seen.event, self._seen
        self.grew = False
        self._reclaimed, self._spans = [], []
        self._begins()
        if seen.ended is not None or seen.stop_wanted:
            return
        if isinstance(event, AudioCaptured):
            if event.peak is None:
                self._unmeasured.add(event.source)
            samples = len(event.pcm) // 2
        elif isinstance(event, CaptureHole):
            samples = event.samples
        else:
            return
        if event.source not in seen.over:
            self.grew = True
            self.captured[event.source] += samples

    def _begins(self) -> None:
        line = self._line
        if line.dial == self._dial:
            return
        self._dial = line.dial
        for each in self._open:
            if each.begins is None and each.dial < line.dial:
                each.begins = line.mark(each.gap.source, line.before)

    def reported(self, update: Gap | GapWithdrawn) -> None:
        """Check an update against the laws."""
        if isinstance(update, GapWithdrawn):
            self._withdrawn(update.gap)
            return
        gap, is_skip = update, isinstance(self._seen.event, SkipRequested)
        if gap.cause is GapCause.SKIPPED:
            if not is_skip:
                self._broken("gaps add up", f"a gap is skipped, and no skip was requested: {gap}")
            self._seen.holes.add(gap.source)  # captured and not sent need not mean that it waits
        if gap.samples <= 0 or gap.end < gap.start:
            self._broken("gaps add up", f"a gap of {gap.samples} samples")
        if gap.exact and gap.samples != gap.end - gap.start:
            self._broken("gaps add up", f"an exact gap that is not: {gap}")
        self.lost[gap.source] += gap.samples
        if gap.exact:
            self.exact.append(gap)
        else:
            self._open.append(_Lost(gap, self._line.dial))

    def told(self, final: Transcript) -> None:
        """A final is reported."""
        self._spans.append((final.source, to_samples(final.start), to_samples(final.end)))

    def _withdrawn(self, gap: Gap) -> None:
        if gap.exact and gap in self.exact:
            self.exact.remove(gap)
            self.lost[gap.source] -= gap.samples
            self._reclaimed.append(gap)
            return
        known = next((each for each in self._open if each.gap == gap), None)
        if known is None or gap.cause is not GapCause.BACKEND:
            self._broken("gaps withdrawn", f"it was not reported, or is withdrawn already: {gap}")
        if self._seen.live is not None and not self._is_filled(known):
            self._broken("gaps withdrawn", f"no later dial has confirmed it: {gap}")
        self._open.remove(known)
        self.lost[gap.source] -= gap.samples

    def _is_filled(self, known: _Lost) -> bool:
        """Whether dials after the one of its report may have confirmed all within its bounds."""
        gap, line = known.gap, self._line
        if known.begins is None or known.begins > gap.start:
            return False
        return line.mark(gap.source, line.after) >= gap.end

    def settle(self) -> None:
        """All commands of the event are read: a gap that is filled must be withdrawn."""
        for gap in self._reclaimed:
            told = [span for source, *span in self._spans if source == gap.source]
            runs = [(start, end) for start, end in told]
            runs += [(each.start, each.end) for each in self.exact if each.source == gap.source]
            if any(without(gap.start, gap.end, runs)):
                self._broken("gaps withdrawn", f"no final tells all of it: {gap}")
        if self._seen.ended is not None:
            return
        for each in self._open:
            gap, figures = each.gap, self._line.after.sources.get(each.gap.source, _START)
            if gap.source in self._line.tracks and self._line.tracks[gap.source].ignored:
                continue  # it is in a gap that grows
            others = [*self.exact, *(other.gap for other in self._open if other is not each)]
            within = (
                other.source == gap.source and other.start < gap.end and other.end > gap.start
                for other in others
            )
            if self._is_filled(each) and not figures.told and not any(within):
                self._broken("gaps withdrawn", f"it stays, and was confirmed later: {gap}")

    def measure(self, figures: Mapping[str, SourceStatistics]) -> None:
        """Check the watermarks against the laws, and against their values before."""
        for source, now in figures.items():
            before = self.figures.get(source, _START)
            falling = now.captured < before.captured or now.confirmed < before.confirmed
            if falling or not now.captured >= now.sent >= now.confirmed or now.told < before.told:
                self._broken("watermarks", f"{source}: {now} after {before}")
            if now.captured != self.captured[source]:
                more = now.captured > self.captured[source]
                law = "stop wins" if more and self._seen.stop_wanted else "watermarks"
                counted = f"{now.captured} samples of {source}, not {self.captured[source]}"
                self._broken(law, counted)
            self.figures[source] = now

    def ends(self, ended: Ended, broke_off: Sequence[SourceEnded]) -> None:
        """Check the result against the reports; ``broke_off`` are the sources that broke off."""
        seen = self._seen
        if ended.state is not seen.state or ended.state not in OVER:
            self._broken("one end", f"the result has {ended.state} and the state is {seen.state}")
        well = ended.state is State.CLOSED and not isinstance(seen.event, AbortRequested)
        if list(ended.lost_sources) != list(broke_off):
            found = f"{len(broke_off)} sources broke off, and it names {len(ended.lost_sources)}"
            self._broken("complete", found)
        untold = ended.statistics.untold
        unfinal = ended.statistics.unfinal
        well_heard = well and not (broke_off or ended.missing or untold or unfinal)
        if ended.complete != well_heard and not (well_heard and self._guessed(ended)):
            why = "aborted" if isinstance(seen.event, AbortRequested) else str(ended.state)
            found = f"{why}, {len(broke_off)} sources broke off, {len(ended.missing)} gaps"
            found += f", {untold} untold, {unfinal} unfinal"
            self._broken("complete", f"complete={ended.complete}: {found}")
        missing = Counter[str]()
        for gap in ended.missing:
            missing[gap.source] += gap.samples
        if missing != +self.lost:
            self._broken("gaps add up", f"{dict(missing)} missing, {dict(self.lost)} reported")
        self.measure(ended.statistics.sources)
        if set(ended.accounts) != set(ended.statistics.sources):
            self._broken("accounts", f"it accounts for {sorted(ended.accounts)}")
        for source, figures in ended.statistics.sources.items():
            self._adds_up(source, figures, ended)
            self._accounts(figures, ended, missing[source], source)

    def _guessed(self, ended: Ended) -> bool:
        """Whether some audio may have been taken for silence though nothing shows its level."""
        accounts = ended.accounts.items()
        return any(each.assumed and name in self._unmeasured for name, each in accounts)

    def _adds_up(self, source: str, figures: SourceStatistics, ended: Ended) -> None:
        exact = [gap for gap in ended.missing if gap.source == source and gap.exact]
        for one, other in pairwise(exact):
            if one.end > other.start:
                self._broken("gaps add up", f"sample {other.start} of {source} is missing twice")
        unconfirmed = figures.captured - figures.confirmed
        told = ended.accounts[source].told
        told += ended.accounts[source].assumed
        if sum(gap.samples for gap in exact) + told < unconfirmed:
            self._broken("gaps add up", f"samples of {source} were lost in silence")

    def _accounts(self, figures: SourceStatistics, ended: Ended, missing: int, source: str) -> None:
        account = ended.accounts[source]
        exact = sum(gap.samples for gap in ended.missing if gap.exact and gap.source == source)
        parts = (account.confirmed, account.assumed, account.told, account.missing)
        if min(parts) < 0 or sum(parts) != account.captured:
            self._broken("accounts", f"{source} does not add up: {account}")
        if account.captured != figures.captured:
            self._broken("accounts", f"{source} captured {figures.captured}: {account}")
        if account.assumed and self._seen.dialect.traits.proves_silence:
            self._broken("accounts", f"{source} was assumed, and the backend proves: {account}")
        if account.told < figures.told or account.confirmed > figures.confirmed:
            self._broken("accounts", f"{source} was {figures}: {account}")
        if not exact <= account.missing <= missing:
            self._broken("accounts", f"{missing} samples of {source} are in gaps: {account}")

    def _broken(self, law: str, what: str) -> NoReturn:
        broken(law, what, self._seen.now)
