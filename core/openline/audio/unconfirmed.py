"""The audio of one source that this dial sent, and that the backend has not confirmed.

The frames are kept in memory, for they are sent again if the dial is lost. Where memory is
full the oldest goes, and its run is *at risk*: lost if the dial is lost before the backend
confirms it, and no loss otherwise. So all runs at risk lie before the frames in memory.

Positions are samples of session time.
"""

from __future__ import annotations

from collections import deque

Frame = tuple[int, bytes]
Run = tuple[int, int]


class Unconfirmed:
    """A queue of frames, each with its position. ``samples`` of them are in memory."""

    __slots__ = ("_at_risk", "frames", "samples")

    def __init__(self) -> None:
        self.frames: deque[Frame] = deque()
        self.samples = 0
        self._at_risk: list[Run] = []

    def shed(self, confirmed: int) -> None:
        """The oldest frame leaves memory; what lies before ``confirmed`` is at no risk."""
        at, pcm = self.frames.popleft()
        end = at + len(pcm) // 2
        self.samples -= len(pcm) // 2
        if self._at_risk and self._at_risk[-1][1] == at:
            at = self._at_risk.pop()[0]
        self._at_risk.append((max(at, confirmed), end))

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
        while self._at_risk and self._at_risk[0][0] < position:
            _, end = self._at_risk.pop(0)
            if end > position:
                self._at_risk.insert(0, (position, end))

    @property
    def runs(self) -> list[Run]:
        """The run of each frame in memory, in order."""
        return [(at, at + len(pcm) // 2) for at, pcm in self.frames]

    def take_at_risk(self) -> list[Run]:
        """The runs at risk, in order; there are none any more."""
        at_risk, self._at_risk = self._at_risk, []
        return at_risk

    def clear(self) -> None:
        """Forget all frames; the runs at risk stay."""
        self.frames.clear()
        self.samples = 0
