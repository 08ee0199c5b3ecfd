"""The account of one source: one mark per sample.

With a mark per sample the ledger does not repeat the core's interval arithmetic, so it cannot
repeat a mistake in it.
"""

from __future__ import annotations

from collections.abc import Iterator

from openline.audio.backlog import FRAME_SAMPLES
from openline.updates import Gap


class Account:
    """One source. Positions are session samples; ``room`` exceeds the source's length."""

    __slots__ = (
        "captured",
        "confirmed",
        "done",
        "dropped",
        "holes",
        "lost",
        "origin",
        "proved",
        "said",
        "short",
        "somewhere",
        "stored_until",
        "withdrawn",
    )

    def __init__(self, origin: int, room: int) -> None:
        self.origin = self.captured = origin
        self.confirmed = origin
        self.stored_until: int = -1
        self.proved: int = -1
        self.holes = bytearray(room)
        self.said = bytearray(room)  # the dial whose finals hold it, modulo 255, from 1 on
        self.done = bytearray(room)  # finalised, or discarded as silence on some dial
        self.dropped = bytearray(room)  # by the backend, on some dial
        self.lost = bytearray(room)  # lies in an exact gap that was reported
        self.somewhere: list[Gap] = []
        self.withdrawn: list[Gap] = []
        self.short: int = 0  # samples by which the dropped frames fall short of whole ones

    def unaccounted(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The runs in [start, end) that only a gap of unknown place can account for."""
        at = start
        while (at := self.done.find(0, at, end)) >= 0:
            if self.lost[at]:
                until = self.lost.find(0, at, end)
            else:
                ends = [marks.find(1, at, end) for marks in (self.done, self.lost)]
                until = min((each for each in ends if each >= 0), default=end)
                yield at, until
            if until < 0:
                return
            at = until

    def drops(self, spans: list[tuple[int, int]], frames: int) -> None:
        """The backend dropped these ``frames``; drops are counted as whole frames."""
        self.short += frames * FRAME_SAMPLES
        for start, end in spans:
            self.short -= end - start
            fill(self.dropped, start, end)

    def only_said_on(self, dial: int, start: int, end: int) -> bool:
        """Whether no final of another dial holds a sample of [start, end)."""
        return not self.said[start:end].translate(None, bytes((0, _mark(dial))))

    def says(self, spans: list[tuple[int, int]], start: int, dial: int) -> None:
        """A final of ``dial`` that covers ``spans`` was delivered, and begins at ``start``."""
        for a, b in spans:
            low = max(a, start)
            self.said[low:b] = bytes([_mark(dial)]) * max(0, b - low)
            # Behind a drop the final's audio is done, though its reported place is shifted.
            fill(self.done, a if self.somewhere else low, b)

    def unplaced(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The runs of [start, end) that no gap, of known or unknown place, accounts for."""
        for lost, until in self.unaccounted(start, end):
            at = lost
            for gap in sorted(self.somewhere, key=lambda gap: gap.start):
                if gap.start <= at:
                    at = max(at, gap.end)
            if at < until:
                yield at, until


def _mark(dial: int) -> int:
    return dial % 255 + 1


def runs_of(mark: int, marks: bytearray, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The runs of ``mark``, 0 or 1, in [start, end); they may be changed on the way."""
    at = start
    while (at := marks.find(mark, at, end)) >= 0:
        until = marks.find(1 - mark, at, end)
        until = end if until < 0 else until
        yield at, until
        at = until


def fill(marks: bytearray, start: int, end: int) -> None:
    """Mark [start, end)."""
    marks[start:end] = b"\1" * max(0, end - start)
