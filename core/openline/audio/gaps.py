"""The lost audio of one source: each gap reported once, and withdrawn if it is confirmed later.

A gap may grow until it is reported. Audio that is in a final, and was not confirmed otherwise,
is *told*: it is no gap, and it is not sent again. Nor is audio that was *assumed* to be processed,
for it was quiet.

A backend that reports a drop does not report its place, so such a gap has bounds and a length.
If the dial is lost, the audio within the bounds may be sent again. So the gap is withdrawn,
as a whole, once later dials have confirmed all of its bounds and lost nothing there.

An example, in samples. On dial 1 the backend drops 320 of [1000, 5000), and 900 is confirmed
when the dial is lost. Dial 2 begins at 900. When it has confirmed 5000, the gap is withdrawn.
Had 1200 been confirmed on dial 1, the drop may lie before 1200: the gap stays.

A gap is withdrawn as well if its audio was heard before it was lost, and the words of then are
told after all (``reclaim``). What lies around them stays a gap.

All positions are samples of session time.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

from openline.updates import Gap, GapCause

#: The causes of gaps that resuming the session can fill: it ended too early.
AT_THE_END = frozenset({GapCause.UNDELIVERED, GapCause.UNCONFIRMED})
#: The causes of gaps whose audio an earlier dial may have been sent: it left memory.
HEARD_PERHAPS = frozenset({GapCause.OVERFLOW, GapCause.SPOOL, GapCause.SKIPPED, GapCause.UNPROVEN})


def _order(gap: Gap) -> tuple[int, int]:
    return (gap.start, gap.end)


def _end(gap: Gap) -> int:
    return gap.end


def _first(run: tuple[int, int]) -> int:
    return run[0]


def _second(run: tuple[int, int]) -> int:
    return run[1]


class GapLog:
    """The gaps of one source, and the audio that is told."""

    __slots__ = (
        *("_again", "_assumed", "_gaps", "_live", "_reported", "_told", "_withdrawn"),
        *("unmeasured", "source"),
    )

    def __init__(self, source: str) -> None:
        self.source = source
        self._gaps: list[Gap] = []
        self._reported = 0  # how many of them the app has
        self._told: list[tuple[int, int]] = []
        self._assumed: list[tuple[int, int]] = []  # in order
        self.unmeasured = False  # no peaks show that some that was assumed was quiet
        self._live: list[Gap] = []  # inexact, of the live dial
        self._again: list[Gap] = []  # inexact, of earlier dials, sent again
        self._withdrawn: list[Gap] = []  # reported, and not yet reported as withdrawn

    def restore(
        self,
        gaps: Iterable[Gap],
        told: Iterable[tuple[int, int]],
        confirmed: int,
        runs: Iterable[tuple[int, int]],
        assumed: Iterable[tuple[int, int]] = (),
    ) -> tuple[list[tuple[int, int]], int]:
        """Restore the gaps that an earlier process lost and reported, and what it told.

        Returns the runs still to send, and their end. A reported gap stays lost, even if its
        audio is there; audio that is neither there nor reported is lost now.
        """
        # An example: confirmed = 100, the disk has [50, 300) and [400, 600), and the gap
        # [150, 200) was reported. Audio before 100 or within the gap is not sent again, so
        # [100, 150), [200, 300) and [400, 600) are kept. [300, 400) is neither on disk nor
        # reported: it is lost, with the cause SPOOL. The captured audio ends at 600.
        self._gaps = list(gaps)
        self._reported = len(self._gaps)
        # A final may be told over a hole, which is in a gap of its own.
        exact = [(gap.start, gap.end) for gap in self._gaps if gap.exact]
        self._told = [each for run in told for each in without(*run, exact)]
        for start, end in sorted(assumed):  # a run may be noted, and the mark not have passed it
            self.assume(start, min(end, confirmed))
        self._again = [gap for gap in self._gaps if not gap.exact and gap.start >= confirmed]
        settled = list(self._settled())
        kept = [(max(start, confirmed), end) for start, end in runs if end > confirmed]
        kept = [piece for start, end in kept for piece in without(start, end, settled)]
        at = confirmed
        for start, end in sorted(kept + settled):
            self.lose(at, max(at, start), GapCause.SPOOL)
            at = max(at, end)
        return sorted(kept), at

    def _settled(self) -> Iterator[tuple[int, int]]:
        """The runs that are in an exact gap, or told."""
        yield from ((gap.start, gap.end) for gap in self._gaps if gap.exact)
        yield from self._told

    def tell(self, start: int, end: int) -> list[tuple[int, int]]:
        """[start, end) is in a final; returns the runs of it that are told from now on."""
        runs = list(without(start, end, self._settled()))
        for low, high in runs:
            self.unassume(low, high)
        self._told += runs
        return runs

    def reclaim(self, start: int, end: int) -> list[tuple[int, int]]:
        """[start, end) was lost, and is told after all; returns the runs of it that were lost.

        Causes that say that the backend cannot have heard it are left alone.
        """
        lost = [
            gap
            for gap in self._gaps
            if gap.cause in HEARD_PERHAPS and max(start, gap.start) < min(end, gap.end)
        ]
        for gap in lost:
            self._withdraw(gap)
            for low, high in without(gap.start, gap.end, [(start, end)]):
                self._add(low, high, gap.cause)
        runs = [(max(start, gap.start), min(end, gap.end)) for gap in lost]
        self._told += runs
        return runs

    def assume(self, start: int, end: int) -> list[tuple[int, int]]:
        """[start, end) is assumed to be processed; returns the runs of it that are from now on."""
        runs = list(without(start, end, [*self._settled(), *self._assumed_in(start, end)]))
        for low, high in runs:
            joins = bool(self._assumed) and self._assumed[-1][1] == low
            self._assumed.append((self._assumed.pop()[0] if joins else low, high))
        self._assumed.sort()
        return runs

    def _assumed_in(self, start: int, end: int) -> list[tuple[int, int]]:
        """The assumed runs that share audio with [start, end)."""
        first = bisect_right(self._assumed, start, key=_second)
        last = bisect_left(self._assumed, end, key=_first)
        return self._assumed[first:last]

    def unassume(self, start: int, end: int) -> list[tuple[int, int]]:
        """[start, end) is not assumed to be processed any more; returns what of it was."""
        within = self._assumed_in(start, end) if start < end else []
        if within:
            gone = [(start, end)]
            self._assumed = [each for run in self._assumed for each in without(*run, gone)]
        return [(max(low, start), min(high, end)) for low, high in within]

    def somewhere(self, start: int, end: int, samples: int) -> None:
        """The backend reports ``samples`` dropped, somewhere within [start, end)."""
        gap = Gap(
            source=self.source,
            start=start,
            end=end,
            samples=samples,
            cause=GapCause.BACKEND,
            exact=False,
        )
        self._gaps.append(gap)
        self._live.append(gap)

    def lose(self, start: int, end: int, cause: GapCause) -> None:
        """Lose what is neither told nor assumed of [start, end); no exact gap may lie there yet."""
        if not self._told and not self._assumed:
            self._add(start, end, cause)
            return
        for low, high in without(start, end, [*self._told, *self._assumed_in(start, end)]):
            self._add(low, high, cause)

    def lose_rest(self, start: int, end: int, cause: GapCause) -> None:
        """Lose what is neither told, nor assumed, nor in an exact gap of [start, end)."""
        settled = [*self._settled(), *self._assumed_in(start, end)]
        for low, high in without(start, end, settled):
            self._add(low, high, cause)

    def _add(self, start: int, end: int, cause: GapCause) -> None:
        """Add a gap; it joins the last gap if that is adjacent and not yet reported."""
        if start >= end:
            return
        if self.has_news:
            last = self._gaps[-1]
            # Only ``somewhere`` reports audio that the backend dropped, so both are exact.
            if last.end == start and last.cause is cause:
                start = last.start
                self._gaps.pop()
        self._gaps.append(
            Gap(source=self.source, start=start, end=end, samples=end - start, cause=cause)
        )

    # Gaps whose audio is sent again.

    def end_dial(self, confirmed: int) -> None:
        """The dial is lost: what lies behind ``confirmed`` is sent again."""
        self._again += [gap for gap in self._live if gap.start >= confirmed]
        self._live.clear()

    def confirm(self, confirmed: int) -> None:
        """All audio before ``confirmed`` is confirmed: withdraw the gaps that are not true."""
        for gap in sorted((gap for gap in self._again if gap.end <= confirmed), key=_end):
            self._again.remove(gap)
            others = [each for each in self._gaps if each is not gap and each not in self._again]
            runs = [*((each.start, each.end) for each in others), *self._told]
            if not any(start < gap.end and gap.start < end for start, end in runs):
                self._withdraw(gap)

    def _withdraw(self, gap: Gap) -> None:
        at = self._gaps.index(gap)
        del self._gaps[at]
        if at < self._reported:
            self._reported -= 1
            self._withdrawn.append(gap)

    def settle(self) -> None:
        """The session is over: no sample may be in two gaps, nor in a gap and told.

        A drop without a place takes the first samples within its bounds that nothing else
        accounts for, then those that were assumed. If there are fewer than were dropped, the gap
        is made smaller.
        """
        settled = list(self._settled())
        for gap in [gap for gap in self._gaps if not gap.exact]:
            left = gap.samples
            for assumed in (self._assumed_in(gap.start, gap.end), []):
                for start, end in list(without(gap.start, gap.end, [*settled, *assumed])):
                    taken = min(left, end - start)
                    settled.append((start, start + taken))
                    self.unassume(start, start + taken)
                    left -= taken
            if left:
                self._withdraw(gap)
                if left < gap.samples:
                    self.somewhere(gap.start, gap.end, gap.samples - left)

    # Reports.

    @property
    def has_news(self) -> bool:
        """Whether there are gaps that ``take`` has not handed out."""
        return len(self._gaps) > self._reported

    def take(self) -> list[Gap]:
        """The gaps since the last call; they do not grow any more."""
        unreported = self._gaps[self._reported :]
        self._reported = len(self._gaps)
        return unreported

    def take_withdrawn(self) -> list[Gap]:
        """The reported gaps that were withdrawn since the last call."""
        withdrawn, self._withdrawn = self._withdrawn, []
        return withdrawn

    @property
    def told(self) -> int:
        """How many samples are told."""
        return sum(end - start for start, end in self._told)

    @property
    def assumed(self) -> int:
        """How many samples are assumed to be processed."""
        return sum(end - start for start, end in self._assumed)

    @property
    def lost(self) -> int:
        """How many samples are in gaps."""
        return sum(gap.samples for gap in self._gaps)

    def missing(self) -> list[Gap]:
        """All gaps in order of time, adjacent ones of one cause merged."""
        merged: list[Gap] = []
        for gap in sorted((g for g in self._gaps if g.exact), key=_order):
            last = merged[-1] if merged else None
            if last and (last.end, last.cause) == (gap.start, gap.cause):
                merged[-1] = Gap(
                    source=gap.source,
                    start=last.start,
                    end=gap.end,
                    samples=last.samples + gap.samples,
                    cause=gap.cause,
                )
            else:
                merged.append(gap)
        return sorted([*merged, *(g for g in self._gaps if not g.exact)], key=_order)


def without(start: int, end: int, runs: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The pieces of [start, end) that lie in none of ``runs``."""
    for low, high in sorted(runs):
        if high <= start:
            continue
        if low >= end:
            break
        if start < low:
            yield start, low
        start = max(start, high)
    if start < end:
        yield start, end
