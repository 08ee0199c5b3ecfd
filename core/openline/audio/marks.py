"""Which finals of one source are held, and how far the mark may move: one dial of one source.

The mark is the watermark before which no audio is sent again. Where the ends of finals are
exact, a final moves the mark to its end and is final at once. Where they are claims, an end
may lie seconds behind the audio that the backend had, so it proves nothing. Then a final is
*held*, and the mark moves by what can be trusted:

- *Into a pause.* Beginnings are good to ``error``. So where a final begins at least two errors
  behind all earlier ends, the mark moves to the middle of that pause, but to 2 s before the
  beginning at most: the end before may be early.
- *To the horizon*: audio that the backend drained so long ago is transcribed or discarded. The
  mark takes the last place there that lies in no held final, nor behind a live partial.
- *By length.* Where speech has no pause, a run of held finals longer than ``longest`` moves the
  mark to the beginning of the newest final.

The mark never lies inside a held final, so that a cut sends all of its audio again, or none. A
held final becomes final when the mark has passed it.

An example, in seconds, with an error of 0.3. 27.5 s were sent. A "24.0 to 39.9" ends, for the
mark, at 27.5. B "26.2 to 28.0" follows: A ends at 26.2, and the mark stays. C "29.0 to 30.5"
begins 1.0 behind the latest end: the mark moves to 28.5, and A and B are final.

All positions are samples of session time.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from openline.updates import SAMPLE_RATE, Transcript

#: The mark stays at most this far before the beginning of a final.
_BEFORE = 2 * SAMPLE_RATE


class Reading(NamedTuple):
    """A final that is not final yet, and the audio that it covers for the mark."""

    start: int
    end: int
    final: Transcript


class Marks:
    """The held finals of one source on one dial, and the places where the mark may lie."""

    __slots__ = ("_error", "_held", "_live", "_longest", "edge")

    def __init__(self, begin: int, error: int, longest: int) -> None:
        self._error = error
        self._longest = longest
        self.edge = begin  # the latest end of all finals of this dial
        self._held: list[Reading] = []  # in order of their beginnings
        self._live: int | None = None  # where the live partial begins

    def note_partial(self, start: int | None) -> None:
        """The live partial begins at ``start``; None: there is none any more."""
        self._live = start

    def hold(self, reading: Reading) -> int:
        """Hold a final; returns where the mark may move. A mark never moves back."""
        self._live = None
        start, edge = reading.start, self.edge
        self.edge = max(edge, reading.end)
        self._held.append(reading)
        self._held.sort(key=lambda each: each.start)
        if start - edge >= 2 * self._error:
            return max((edge + start) // 2, start - _BEFORE)
        if start - self._held[0].start > self._longest:
            return start
        return 0

    def at_horizon(self, position: int) -> int:
        """The last place up to ``position`` at which the mark may lie."""
        if self._live is not None:
            position = min(position, self._live - self._error)
        for each in reversed(self.held):
            if each.start - self._error < position < each.end + self._error:
                position = each.start - self._error
        return position

    def passed(self, mark: int) -> list[Reading]:
        """The held finals that end before ``mark``; they are held no longer."""
        if not self._held or self._held[0].start > mark:
            return []
        held = self.held
        passed = [each for each in held if each.end <= mark]
        self._held = [each for each in held if each.end > mark]
        return passed

    @property
    def held(self) -> list[Reading]:
        """The held finals, each cut where the next final or the live partial begins."""
        cut: list[Reading] = []
        following = self._live
        for each in reversed(self._held):
            end = each.end
            if following is not None and each.start < following:
                end = min(end, following)
            cut.append(each._replace(end=end))
            following = each.start
        return cut[::-1]

    def clear(self) -> list[Reading]:
        """Hold nothing any more; returns the held finals."""
        held, self._held, self._live = self.held, [], None
        return held


def covered(reading: Reading, others: Iterable[tuple[int, int]]) -> bool:
    """Whether ``others``, as intervals, cover at least half of ``reading``."""
    if reading.start == reading.end:
        return any(start <= reading.start <= end for start, end in others)
    at, total = reading.start, 0
    for start, end in sorted(others):
        low, high = max(start, at), min(end, reading.end)
        if low < high:
            total, at = total + high - low, high
    return 2 * total >= reading.end - reading.start


def compete(old: list[Reading], new: list[Reading]) -> tuple[list[Reading], list[Reading]]:
    """Of two readings of the same audio, the finals that count, and those that they replace.

    The reading that reaches farther counts, the newer one if both reach equally far. Of the
    other one, each final counts that it does not cover by half.
    """
    if not old or not new:
        return [*old, *new], []
    farthest = max(each.end for each in old), max(each.end for each in new)
    best, other = (old, new) if farthest[0] > farthest[1] else (new, old)
    spans = [(each.start, each.end) for each in best]
    replaced = [each for each in other if covered(each, spans)]
    kept = [each for each in other if not covered(each, spans)]
    return sorted([*best, *kept], key=lambda each: each.start), replaced
