"""The audio of one source that this dial sent, and that the backend has not confirmed.

It is sent again if the dial is lost. The newest frames are in memory. Where memory is full the
oldest leaves it. If the disk has its audio too, that is on disk alone from then on (``stored``);
otherwise its run is *at risk*: lost if the dial is lost before the backend confirms it, and no
loss otherwise.

    on disk alone, or at risk ── frames in memory

Positions are samples of session time.
"""

from __future__ import annotations

from collections import deque

Frame = tuple[int, bytes]
Run = tuple[int, int]


class Unconfirmed:
    """A queue of frames in memory, each with its position, and of runs on disk alone before them.

    ``samples`` are in memory.
    """

    __slots__ = ("_at_risk", "frames", "samples", "stored")

    def __init__(self) -> None:
        self.frames: deque[Frame] = deque()
        self.samples = 0
        self._at_risk: list[Run] = []
        self.stored: list[Run] = []

    def __bool__(self) -> bool:
        return bool(self.frames or self.stored)

    @property
    def front(self) -> int | None:
        """The oldest sample that can be sent again; None: there is none."""
        if self.stored:
            return self.stored[0][0]
        return self.frames[0][0] if self.frames else None

    def is_stored(self, stored_to: int) -> bool:
        """Whether the disk has the oldest frame too, as all audio before ``stored_to``."""
        if not self.frames:
            return False
        at, pcm = self.frames[0]
        return at + len(pcm) // 2 <= stored_to

    def leave(self, confirmed: int, stored_to: int) -> bool:
        """The oldest frame leaves memory; what lies before ``confirmed`` is at no risk.

        The disk has the audio before ``stored_to`` too. Returns whether the frame is at risk.
        """
        at, pcm = self.frames.popleft()
        samples = len(pcm) // 2
        self.samples -= samples
        is_stored = at + samples <= stored_to
        _append(self.stored if is_stored else self._at_risk, max(at, confirmed), at + samples)
        return not is_stored

    def drop(self, samples: int) -> None:
        """The disk drops ``samples`` of its oldest run, or what there is of it: it is at risk."""
        start, end = self.stored.pop(0)
        if end - start > samples:
            self.stored.insert(0, (start + samples, end))
            end = start + samples
        _append(self._at_risk, start, end)

    def confirm(self, position: int) -> None:
        """All audio before ``position`` is confirmed; a frame is kept until all of it is."""
        frames, gone = self.frames, 0
        while frames:  # a hundred of them, where the backend confirms every two seconds
            at, pcm = frames[0]
            samples = len(pcm) // 2
            if at + samples > position:
                break
            frames.popleft()
            gone += samples
        self.samples -= gone
        for runs in (self._at_risk, self.stored):
            while runs and runs[0][0] < position:
                _, end = runs.pop(0)
                if end > position:
                    runs.insert(0, (position, end))

    @property
    def runs(self) -> list[Run]:
        """The runs that can be sent again: those on disk alone, and each frame in memory."""
        return [*self.stored, *((at, at + len(pcm) // 2) for at, pcm in self.frames)]

    def take_at_risk(self) -> list[Run]:
        """The runs at risk, in order; there are none any more."""
        at_risk, self._at_risk = self._at_risk, []
        return at_risk

    def take(self) -> tuple[list[Run], deque[Frame]]:
        """Take out what is on disk alone, and the frames; the runs at risk stay."""
        stored, frames = self.stored, self.frames
        self.stored, self.frames, self.samples = [], deque(), 0
        return stored, frames


def _append(runs: list[Run], start: int, end: int) -> None:
    """Add [start, end), which joins the last run or lies behind it."""
    if runs and runs[-1][1] == start:
        start = runs.pop()[0]
    runs.append((start, end))
