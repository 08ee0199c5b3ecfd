"""One source on one connection of the ideal backend: its queue, and where its audio lies.

Counts are samples of the connection, of which the backend's clock leaves out the dropped ones;
spans are samples of the session. A dial may skip audio, so a run of the session follows another.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque

from openline_testing.theorem.words import Hearing


class IdealRecognizer:
    """One source on one connection. Counts are connection samples, spans session samples."""

    __slots__ = (
        "captured_until",
        "credit",
        "dequeued",
        "dropped",
        "frames",
        "hearing",
        "marks",
        "name",
        "next_end",
        "past",
        "received",
        "settled",
        "speech",
        "starts",
        "wait",
    )

    def __init__(self, name: str, hearing: Hearing | None) -> None:
        self.name = name
        self.hearing = hearing  # None: its finals are of stretches of audio, without words
        self.received: int = 0
        self.dequeued: int = 0
        self.settled: int = 0  # all before this is finalised or discarded
        self.frames: deque[int] = deque()
        self.marks: list[int] = []
        self.starts: list[int] = []
        self.captured_until: int = -1  # session position after the last frame
        self.dropped: list[tuple[int, int]] = []
        self.past: deque[tuple[float, int]] = deque()  # when so much had been dequeued
        self.credit = 0.0  # samples that it may still take from its queue
        self.next_end: int = 0  # of the current segment
        self.speech = False
        self.wait: int = 0  # samples after a segment's end that it takes to decide

    def take(self, at: int, samples: int) -> None:
        """A frame arrived."""
        if at != self.captured_until:
            self.marks.append(self.received)
            self.starts.append(at)
        self.captured_until = at + samples
        self.received += samples
        self.frames.append(samples)

    def dequeue(self, until: int) -> None:
        """It takes whole frames up to connection sample ``until`` out of its queue."""
        before = self.dequeued
        while self.frames and self.dequeued + self.frames[0] <= until:
            self.dequeued += self.frames.popleft()
        if self.hearing is not None:
            self.hearing.listen(self.spans(before, self.dequeued), before)

    def drop(self, samples: int) -> int:
        """It loses at least so many samples of its queue; returns the number of frames."""
        start = self.dequeued
        frames: int = 0
        while self.dequeued < start + samples:
            self.dequeued += self.frames.popleft()
            frames += 1
        return frames

    def place(self, sample: int) -> int:
        """The session sample of a connection sample."""
        i = max(0, bisect_right(self.marks, sample) - 1)
        return self.starts[i] + max(0, sample) - self.marks[i]

    def clock(self, sample: int) -> int:
        """The backend's count: all samples before ``sample`` but the dropped ones (A2)."""
        return sample - sum(max(0, min(end, sample) - start) for start, end in self.dropped)

    def spans(self, start: int, end: int) -> list[tuple[int, int]]:
        """Session samples of [start, end), less the dropped ones."""
        parts = [(start, end)]
        for a, b in self.dropped:
            parts = [
                part
                for lo, hi in parts
                for part in ((lo, min(hi, a)), (max(lo, b), hi))
                if part[0] < part[1]
            ]
        found: list[tuple[int, int]] = []
        for lo, hi in parts:
            i = bisect_right(self.marks, lo) - 1
            while lo < hi:
                until = min(hi, self.marks[i + 1] if i + 1 < len(self.marks) else hi)
                shift = self.starts[i] - self.marks[i]
                found.append((lo + shift, until + shift))
                lo, i = until, i + 1  # noqa: PLW2901  # the rest of it
        return found
