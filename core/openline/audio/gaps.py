"""The gaps of one source: lost audio, each gap reported once, adjacent ones merged.

A gap may grow until it is reported. All positions are samples of session time.
"""

from __future__ import annotations

from collections.abc import Iterable

from openline.updates import Gap, GapCause

#: The causes of gaps that resuming the session can fill: it ended too early.
AT_THE_END = frozenset({GapCause.UNDELIVERED, GapCause.UNCONFIRMED})


def _order(gap: Gap) -> tuple[int, int]:
    return (gap.start, gap.end)


class GapLog:
    """The lost audio of one source."""

    __slots__ = ("_gaps", "_reported", "source")

    def __init__(self, source: str) -> None:
        self.source = source
        self._gaps: list[Gap] = []
        self._reported = 0  # how many of them the app has

    def restore(
        self, gaps: Iterable[Gap], confirmed: int, runs: Iterable[tuple[int, int]]
    ) -> tuple[list[tuple[int, int]], int]:
        """Restore the gaps that an earlier process lost and reported.

        Returns the runs still to send, and their end. A reported gap stays lost, even if its
        audio is there; audio that is neither there nor reported is lost now.
        """
        # An example: confirmed = 100, the disk has [50, 300) and [400, 600), and the gap
        # [150, 200) was reported. Audio before 100 or within the gap is not sent again, so
        # [100, 150), [200, 300) and [400, 600) are kept. [300, 400) is neither on disk nor
        # reported: it is lost, with the cause SPOOL. The captured audio ends at 600.
        self._gaps = list(gaps)
        self._reported = len(self._gaps)
        lost = [(gap.start, gap.end) for gap in self.missing() if gap.exact]
        kept = [(max(start, confirmed), end) for start, end in runs if end > confirmed]
        for a, b in lost:
            halves = [half for lo, hi in kept for half in ((lo, min(hi, a)), (max(lo, b), hi))]
            kept = [(lo, hi) for lo, hi in halves if lo < hi]
        at = confirmed
        for start, end in sorted(kept + lost):
            self.lose(at, max(at, start), GapCause.SPOOL)
            at = max(at, end)
        return sorted(kept), at

    def somewhere(self, start: int, end: int, samples: int) -> None:
        """The backend reports ``samples`` dropped, somewhere within [start, end)."""
        self._gaps.append(
            Gap(
                source=self.source,
                start=start,
                end=end,
                samples=samples,
                cause=GapCause.BACKEND,
                exact=False,
            )
        )

    def lose(self, start: int, end: int, cause: GapCause) -> None:
        """Lose [start, end); it joins the last gap if that is adjacent and not yet reported."""
        if start == end:
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

    @property
    def has_news(self) -> bool:
        """Whether there are gaps that ``take`` has not handed out."""
        return len(self._gaps) > self._reported

    def take(self) -> list[Gap]:
        """The gaps since the last call; they do not grow any more."""
        unreported = self._gaps[self._reported :]
        self._reported = len(self._gaps)
        return unreported

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
