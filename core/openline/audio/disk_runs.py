"""The audio of one source that is on disk alone: runs of positions, fetched in order.

Positions are samples of session time. All runs lie behind the audio that is in memory, but
for audio that was captured after the disk failed.
"""

from __future__ import annotations

from collections import deque

from openline.updates import SAMPLE_RATE

#: Samples fetched from the disk at a time: 5 s.
FETCH = 5 * SAMPLE_RATE


class DiskRuns:
    """Runs of audio on disk, the first one being fetched next."""

    __slots__ = ("_fetching", "runs")

    def __init__(self) -> None:
        self.runs: deque[tuple[int, int]] = deque()
        self._fetching = False

    def __bool__(self) -> bool:
        return bool(self.runs)

    @property
    def front(self) -> int:
        """The first position of the first run; there must be one."""
        return self.runs[0][0]

    def extend(self, start: int, end: int) -> None:
        """Add [start, end), behind all runs."""
        if self.runs and self.runs[-1][1] == start:
            start = self.runs.pop()[0]
        if start < end:
            self.runs.append((start, end))

    def shed(self, samples: int) -> tuple[int, int]:
        """Take the first ``samples`` out, or what there is of the first run."""
        start, end = self.runs.popleft()
        if end - start > samples:
            self.runs.appendleft((start + samples, end))
            end = start + samples
        return start, end

    def skip(self, to: int) -> None:
        """Take out all before ``to``."""
        while self.runs and self.runs[0][0] < to:
            _, end = self.runs.popleft()
            if end > to:
                self.runs.appendleft((to, end))

    def clear(self) -> list[tuple[int, int]]:
        """Take out everything; returns the runs."""
        runs = list(self.runs)
        self.runs.clear()
        return runs

    def wanted(self) -> tuple[int, int] | None:
        """(position, samples) to fetch next; None if there is nothing, or a fetch is under way."""
        if not self.runs or self._fetching:
            return None
        start, end = self.runs[0]
        self._fetching = True
        return start, min(end - start, FETCH)

    def fetched(self, start: int, samples: int) -> tuple[int, int] | None:
        """The answer to ``wanted``: ``samples`` are there, and taken out.

        Returns the run that the disk does not have, empty if it has some; the disk may have the
        audio behind it. None: the answer is of no use, since the run was taken out meanwhile.
        """
        self._fetching = False
        if not self.runs or self.runs[0][0] != start:
            return None
        _, end = self.runs.popleft()
        until = start + samples if samples else min(start + FETCH, end)
        if until < end:
            self.runs.appendleft((until, end))
        return start, start if samples else until
