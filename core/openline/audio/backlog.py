"""The audio of one source that this dial has not sent: frames in memory, and behind them the disk.

With a spool, memory holds the front of the queue alone; the rest is runs of positions on disk
(``disk_runs``), fetched when the front has been sent. After the disk failed, new audio stays in
memory, behind the runs, and is sent when those have been fetched:

    frames in memory ── runs on disk ── later frames in memory

Positions are samples of session time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from openline.audio.disk_runs import DiskRuns

#: Samples in a frame on the wire: 20 ms.
FRAME_SAMPLES = 320
_FRAME_BYTES = 2 * FRAME_SAMPLES


class Backlog:
    """A queue of frames, each with its position. ``samples`` of them are in memory."""

    __slots__ = ("_later", "disk", "frames", "samples")

    def __init__(self) -> None:
        self.frames: deque[tuple[int, bytes]] = deque()
        self.disk = DiskRuns()
        self._later: deque[tuple[int, bytes]] = deque()
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
        (self._later if self.disk else self.frames).append((at, pcm))
        self.samples += len(pcm) // 2

    def put_back(self, frames: Iterable[tuple[int, bytes]], samples: int) -> None:
        """Frames that were sent on a lost dial, the last one first, go in front again."""
        self.frames.extendleft(frames)
        self.samples += samples

    @property
    def front(self) -> int | None:
        """The first position; None: there is none, or only behind a disk."""
        if self.frames:
            return self.frames[0][0]
        return self.disk.front if self.disk else None

    def shed(self) -> tuple[int, int]:
        """Drop the oldest frame in memory, or of the disk if memory holds none."""
        # Dropping from the disk frees no memory, so frames behind it go before it does.
        if frames := self.frames or self._later:
            at, pcm = frames.popleft()
            self.samples -= len(pcm) // 2
            return at, at + len(pcm) // 2
        return self.disk.shed(FRAME_SAMPLES)

    def skip(self, to: int) -> None:
        """Drop all audio before ``to``."""
        for frames in (self.frames, self._later):
            while frames and frames[0][0] < to:
                at, pcm = frames.popleft()
                rest = pcm[2 * (to - at) :]
                if rest:
                    frames.appendleft((to, rest))
                self.samples -= (len(pcm) - len(rest)) // 2
        self.disk.skip(to)

    def cut(self, start: int, end: int) -> None:
        """Drop the audio of [start, end) from memory; what lies around it stays."""
        kept: list[tuple[int, bytes]] = []
        while self.frames and self.frames[0][0] < end:
            at, pcm = self.frames.popleft()
            head, tail = pcm[: 2 * max(start - at, 0)], pcm[2 * (end - at) :]
            kept += [(place, part) for place, part in ((at, head), (end, tail)) if part]
            self.samples -= (len(pcm) - len(head) - len(tail)) // 2
        self.frames.extendleft(reversed(kept))

    def fetched(self, start: int, pcm: bytes) -> tuple[int, int] | None:
        """Audio from the disk, empty if it is gone. Returns the run that is gone, or None."""
        gone = self.disk.fetched(start, len(pcm) // 2)
        if gone is None:
            return None
        for i in range(0, len(pcm), _FRAME_BYTES):
            frame = pcm[i : i + _FRAME_BYTES]
            self.frames.append((start + i // 2, frame))
            self.samples += len(frame) // 2
        if not self.disk:
            self.frames.extend(self._later)
            self._later.clear()
        return None if pcm else gone

    def clear(self) -> list[tuple[int, int]]:
        """Drop everything; returns the runs of it, in order."""
        runs = [(at, at + len(pcm) // 2) for at, pcm in self.frames]
        runs += self.disk.clear()
        runs += [(at, at + len(pcm) // 2) for at, pcm in self._later]
        self.frames.clear()
        self._later.clear()
        self.samples = 0
        return runs
