"""The audio of one source that this dial sent, and that the backend has not confirmed.

It is sent again if the dial is lost. The newest frames are in memory. Where memory is full the
oldest leaves it. If the disk has its audio too, that is on disk alone from then on (``stored``);
otherwise its run is *at risk*: lost if the dial is lost before the backend confirms it, and no
loss otherwise.

    on disk alone, or at risk ── frames in memory

Positions are samples of session time. A frame is kept as its bytes alone, for there are a hundred
in each session where the backend confirms every two seconds. Nearly all of them follow each other,
so the position of the first one gives those of all. Where audio is missing there is a *jump*:

    frames A B │ C        A begins at 640, C at 1600, and 320 samples are missing before C
    _front 640, _jumps (1280, 1600), end 1920
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

Frame = tuple[int, bytes]
Run = tuple[int, int]


class Unconfirmed:
    """A queue of frames in memory, and of runs on disk alone before them.

    ``audio`` is what the frames hold, ``samples`` how much that is, and ``end`` the position behind
    them, where a frame that follows the last one begins.
    """

    __slots__ = ("_at_risk", "_front", "_jumps", "audio", "end", "samples", "stored")

    def __init__(self) -> None:
        self.audio: deque[bytes] = deque()
        self.samples = 0
        self._front = self.end = 0  # equal while there is no frame
        self._jumps: deque[Run] = deque()  # from the end of a frame to the next one
        self._at_risk: list[Run] = []
        self.stored: list[Run] = []

    def __bool__(self) -> bool:
        return bool(self.audio or self.stored)

    def add(self, at: int, pcm: bytes) -> None:
        """A frame was sent; it begins at ``at``, or later than all that is here."""
        if at != self.end:
            if self.audio:
                self._jumps.append((self.end, at))
            else:
                self._front = at
        samples = len(pcm) // 2
        self.audio.append(pcm)
        self.samples += samples
        self.end = at + samples

    def _pop(self) -> int:
        """The oldest frame leaves memory; its samples."""
        samples = len(self.audio.popleft()) // 2
        self.samples -= samples
        self._front += samples
        jumps = self._jumps
        if jumps and jumps[0][0] == self._front:
            self._front = jumps.popleft()[1]
        return samples

    @property
    def frames(self) -> Iterator[Frame]:
        """The frames in memory, each with its position."""
        at, jumps = self._front, dict(self._jumps)
        for pcm in self.audio:
            at = jumps.get(at, at)
            yield at, pcm
            at += len(pcm) // 2

    @property
    def front(self) -> int | None:
        """The oldest sample that can be sent again; None: there is none."""
        if self.stored:
            return self.stored[0][0]
        return self._front if self.audio else None

    def is_stored(self, stored_to: int) -> bool:
        """Whether the disk has the oldest frame too, as all audio before ``stored_to``."""
        return bool(self.audio) and self._front + len(self.audio[0]) // 2 <= stored_to

    def leave(self, confirmed: int, stored_to: int) -> bool:
        """The oldest frame leaves memory; what lies before ``confirmed`` is at no risk.

        The disk has the audio before ``stored_to`` too. Returns whether the frame is at risk.
        """
        at = self._front
        samples = self._pop()
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
        audio = self.audio
        if not self._jumps:  # as nearly always, and so a hundred frames take 10 µs and not 30
            front = first = self._front
            while audio and (behind := front + len(audio[0]) // 2) <= position:
                audio.popleft()
                front = behind
            self._front = front
            self.samples -= front - first
        while audio and self._front + len(audio[0]) // 2 <= position:
            self._pop()
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
        stored, frames = self.stored, deque(self.frames)
        self.stored, self.samples = [], 0
        self.audio.clear()
        self._jumps.clear()
        self._front = self.end
        return stored, frames


def _append(runs: list[Run], start: int, end: int) -> None:
    """Add [start, end), which joins the last run or lies behind it."""
    if runs and runs[-1][1] == start:
        start = runs.pop()[0]
    runs.append((start, end))
