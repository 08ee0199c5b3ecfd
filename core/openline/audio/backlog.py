"""The audio of one source that this dial has not sent: frames in memory, and behind them the disk.

With a spool, memory holds the front of the queue; behind it are runs of positions that are on disk
alone (``disk_runs``), fetched when the front has nearly been sent, and *later* frames, which are in
memory and wait until the runs before them have been fetched:

    frames in memory ── a run on disk ── later frames in memory ── a run on disk

Later frames are the newest that a lost dial was sent, for what it was sent before is on disk
alone; and what is captured after the disk failed. Positions are samples of session time, and order
the runs and the later frames.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable

from openline.audio.disk_runs import DiskRuns

#: Samples in a frame on the wire: 20 ms.
FRAME_SAMPLES = 320
_FRAME_BYTES = 2 * FRAME_SAMPLES


class Backlog:
    """A queue of frames, each with its position. ``samples`` of them are in memory."""

    __slots__ = ("_later", "disk", "frames", "samples")

    def __init__(self, part: int) -> None:
        """``part``: samples that are fetched at a time, at most."""
        self.frames: deque[tuple[int, bytes]] = deque()
        self.disk = DiskRuns(part)
        self._later: list[tuple[int, bytes]] = []
        self.samples = 0

    def __bool__(self) -> bool:
        return bool(self.frames or self.disk)

    def ready(self, most: int) -> int:
        """Samples in memory that may be sent without the disk, up to ``most``."""
        if not self._later:
            return min(self.samples, most)
        total = 0
        for _, pcm in self.frames:
            total += len(pcm) // 2
            if total >= most:
                return most
        return total

    def take(self, samples: int) -> list[tuple[int, bytes]]:
        """Take the first ``samples`` out, which must be ready; the last frame may be cut."""
        frames, taken = self.frames, list[tuple[int, bytes]]()
        self.samples -= samples
        while samples:
            at, pcm = frames.popleft()
            if len(pcm) > 2 * samples:
                frames.appendleft((at + samples, pcm[2 * samples :]))
                pcm = pcm[: 2 * samples]
            taken.append((at, pcm))
            samples -= len(pcm) // 2
        return taken

    def add(self, at: int, pcm: bytes) -> None:
        """A frame was captured."""
        frames = self._later if self.disk else self.frames
        frames.append((at, pcm))
        self.samples += len(pcm) // 2

    def put_back(self, stored: Iterable[tuple[int, int]], frames: deque[tuple[int, bytes]]) -> None:
        """What was sent on a lost dial goes in front again: runs on disk, and then frames."""
        self.samples += sum(len(pcm) for _, pcm in frames) // 2
        frames.extend(self.frames)
        self.frames = frames
        for start, end in stored:
            self.disk.put(start, end)
        if self.disk and frames and self.disk.front < frames[0][0]:
            self._later[:0] = frames
            self.frames = deque()

    @property
    def front(self) -> int | None:
        """The first position; None: there is none, or only behind a disk."""
        if self.frames:
            return self.frames[0][0]
        return self.disk.front if self.disk else None

    def shed(self) -> tuple[int, int]:
        """Drop the oldest frame in memory.

        To drop what is on disk alone would free no memory, so frames behind it go before it does.
        """
        at, pcm = self.frames.popleft() if self.frames else self._later.pop(0)
        self.samples -= len(pcm) // 2
        return at, at + len(pcm) // 2

    def shed_oldest(self) -> tuple[int, int]:
        """Drop the oldest audio, wherever it is: what the disk keeps is too much."""
        if self.frames or not self.disk:
            return self.shed()
        run = self.disk.shed(FRAME_SAMPLES)
        self._join()
        return run

    def leave(self, samples: int, stored_to: int) -> None:
        """``samples`` of the later frames leave memory, the last ones, if the disk has them too.

        It has all audio before ``stored_to``.
        """
        start = end = -1
        while samples > 0 and self._later:
            at, pcm = self._later[-1]
            size = len(pcm) // 2
            if at + size > stored_to:
                break
            self._later.pop()
            self.samples -= size
            samples -= size
            if at + size != start:
                self.disk.put(start, end)
                end = at + size
            start = at
        self.disk.put(start, end)

    def _join(self) -> None:
        """Later frames before the first run come to the front."""
        if later := self._later:
            until = self.disk.front if self.disk else later[-1][0] + 1
            first = bisect_left(later, until, key=_position)
            self.frames.extend(later[:first])
            del later[:first]

    def skip(self, to: int) -> None:
        """Drop all audio before ``to``."""
        while self.frames and self.frames[0][0] < to:
            at, pcm = self.frames.popleft()
            rest = pcm[2 * (to - at) :]
            if rest:
                self.frames.appendleft((to, rest))
            self.samples -= (len(pcm) - len(rest)) // 2
        self._cut_later(0, to)
        self.disk.skip(to)
        self._join()

    def cut(self, start: int, end: int) -> None:
        """Drop the audio of [start, end); what lies around it stays."""
        kept: list[tuple[int, bytes]] = []
        while self.frames and self.frames[0][0] < end:
            kept += self._around(*self.frames.popleft(), start, end)
        self.frames.extendleft(reversed(kept))
        self._cut_later(start, end)
        self.disk.cut(start, end)
        self._join()

    def _cut_later(self, start: int, end: int) -> None:
        if self._later:
            frames = [self._around(*frame, start, end) for frame in self._later]
            self._later = [part for parts in frames for part in parts]

    def _around(self, at: int, pcm: bytes, start: int, end: int) -> list[tuple[int, bytes]]:
        """What is left of a frame without [start, end)."""
        if at + len(pcm) // 2 <= start or end <= at:
            return [(at, pcm)]
        head, tail = pcm[: 2 * max(start - at, 0)], pcm[2 * (end - at) :]
        self.samples -= (len(pcm) - len(head) - len(tail)) // 2
        return [(place, part) for place, part in ((at, head), (end, tail)) if part]

    def fetched(self, start: int, pcm: bytes) -> tuple[int, int] | None:
        """Audio from the disk, empty if it is gone. Returns the run that is gone, or None."""
        taken = self.disk.fetched(start, len(pcm) // 2)
        if taken is None:
            return None
        pcm = pcm[: 2 * (taken[1] - start)] if pcm else pcm
        for i in range(0, len(pcm), _FRAME_BYTES):
            frame = pcm[i : i + _FRAME_BYTES]
            self.frames.append((start + i // 2, frame))
            self.samples += len(frame) // 2
        self._join()
        return None if pcm else taken

    def clear(self) -> list[tuple[int, int]]:
        """Drop everything; returns the runs of it, in order."""
        runs = [(at, at + len(pcm) // 2) for at, pcm in (*self.frames, *self._later)]
        runs = sorted(runs + self.disk.clear())
        self.frames.clear()
        self._later.clear()
        self.samples = 0
        return runs


def _position(frame: tuple[int, bytes]) -> int:
    return frame[0]
