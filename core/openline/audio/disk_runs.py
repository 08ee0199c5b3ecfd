"""The audio of one source that is to be sent and is on disk alone: runs, fetched in order.

Positions are samples of session time. All runs lie behind the frames that are sent next, and
before or between later frames in memory (``backlog``). One part is asked for at a time. Only its
position says what an answer is, so one that comes after the line has moved on, to audio that is
wanted no more, is of no use, and the part that is wanted now is asked for next.
"""

from __future__ import annotations

from openline.updates import SAMPLE_RATE

#: Samples fetched from the disk at a time, at most: 5 s.
FETCH = 5 * SAMPLE_RATE


class DiskRuns:
    """Runs of audio on disk, the first one being fetched next, ``part`` samples at a time."""

    __slots__ = ("_fetching", "_part", "runs")

    def __init__(self, part: int = FETCH) -> None:
        self.runs: list[tuple[int, int]] = []  # a list: few, and without any it takes 56 bytes
        self._part = part
        self._fetching = 0  # samples that are asked for

    def __bool__(self) -> bool:
        return bool(self.runs)

    @property
    def front(self) -> int:
        """The first position of the first run; there must be one."""
        return self.runs[0][0]

    def extend(self, start: int, end: int) -> None:
        """Add [start, end), behind all runs."""
        if start < end:
            if self.runs and self.runs[-1][1] == start:
                start = self.runs.pop()[0]
            self.runs.append((start, end))

    def put(self, start: int, end: int) -> None:
        """Add [start, end) in its place among the runs."""
        behind: list[tuple[int, int]] = []
        while self.runs and self.runs[-1][0] > start:
            behind.append(self.runs.pop())
        self.extend(start, end)
        for run in reversed(behind):
            self.extend(*run)

    def cut(self, start: int, end: int) -> None:
        """Take out what lies in [start, end)."""
        runs = self.clear()
        for low, high in runs:
            self.extend(low, min(high, start))
            self.extend(max(low, end), high)

    def shed(self, samples: int) -> tuple[int, int]:
        """Take the first ``samples`` out, or what there is of the first run."""
        start, end = self.runs[0]
        if end - start > samples:
            self.runs[0] = start + samples, end
            return start, start + samples
        return self.runs.pop(0)

    def skip(self, to: int) -> None:
        """Take out all before ``to``."""
        while self.runs and self.runs[0][0] < to:
            _, end = self.runs.pop(0)
            if end > to:
                self.runs.insert(0, (to, end))

    def clear(self) -> list[tuple[int, int]]:
        """Take out everything; returns the runs."""
        runs, self.runs = self.runs, []
        return runs

    @property
    def may_fetch(self) -> bool:
        """Whether there is something to fetch, and no fetch is under way."""
        return bool(self.runs) and not self._fetching

    def wanted(self) -> tuple[int, int]:
        """(position, samples) to fetch next, where there is something."""
        start, end = self.runs[0]
        self._fetching = min(end - start, self._part)
        return start, self._fetching

    def put_off(self) -> None:
        """The answer to ``wanted`` comes when there is no room for it: it is fetched again."""
        self._fetching = 0

    def fetched(self, start: int, samples: int) -> tuple[int, int] | None:
        """The answer to ``wanted``: ``samples`` are there, none if it is gone. They are taken out.

        Returns the run that is taken out; the disk may have the audio behind it. None: the answer
        is of no use: the run was taken out meanwhile, or nothing was asked for.
        """
        asked, self._fetching = self._fetching, 0
        if not asked or not self.runs or self.runs[0][0] != start:
            return None
        return self.shed(samples or asked)
