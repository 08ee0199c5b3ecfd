"""Whether the backend ignores a source, and its gap, which grows while the source is captured.

An example: the backend ignores ``mic`` from 3 s on, and the dial is lost at 25 s. [3 s, 13 s)
is reported at 13 s, [13 s, 23 s) at 23 s, and [23 s, 25 s) at the loss. The next dial is sent
audio from 25 s on, for it may not ignore the source.
"""

from __future__ import annotations

from openline.audio.gaps import GapLog
from openline.updates import SAMPLE_RATE, GapCause

#: The gap is reported when it is so long: 10 s, in samples.
_LONG = 10 * SAMPLE_RATE


class IgnoredRun:
    """A run of audio that is lost as it is captured. Positions are samples of session time."""

    __slots__ = ("_losses", "begin")

    def __init__(self, losses: GapLog) -> None:
        self._losses = losses
        self.begin: int | None = None  # of the run; None: the source is not ignored

    def grow(self, captured: int) -> None:
        """Audio up to ``captured`` was captured."""
        if self.begin is not None and captured - self.begin >= _LONG:
            self.lose(captured)

    def lose(self, captured: int) -> None:
        """Lose all of it up to ``captured``; what follows is another gap."""
        if self.begin is not None:
            self._losses.lose_rest(self.begin, captured, GapCause.IGNORED)
            self.begin = captured

    def end(self, captured: int) -> None:
        """The source is ignored no longer."""
        self.lose(captured)
        self.begin = None
