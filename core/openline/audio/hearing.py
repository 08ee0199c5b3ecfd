"""The finals of one source that are not final yet: those of the live dial, and of earlier ones.

``marks`` holds the finals of the live dial. At a loss they are put aside, for their audio is
sent again and the new dial will probably repeat them, perhaps in other words. A final that
was put aside is settled when the new dial's mark passes its end: if finals of the new dial
cover half of it, they replace it, and it is dropped; else it is told after all. At the end of
the session, of two readings of one place the one counts that reaches farther.

An example: dial 1 held "one two three four", 10 to 14 s, and is lost. Dial 2 is sent the audio
from 9.8 s on, and holds "one two", 10 to 12 s, when the session ends. The older reading reaches
farther, so it counts, and "one two" is dropped.

All or nothing: replay begins at or before a final that was put aside, or behind it. If its
beginning leaves memory first, it is told, and its audio is not sent again.
"""

from __future__ import annotations

from collections.abc import Iterable

from openline.audio.marks import Marks, Reading, compete, covered
from openline.updates import Transcript, to_samples


class Hearing:
    """The readings of one source. Positions are samples of session time."""

    __slots__ = ("_aside", "_dropped", "_spans", "exact", "marks", "seam")

    def __init__(self, marks: Marks) -> None:
        self.marks = marks
        self.exact = False  # on this dial ends are exact, and nothing is held
        self.seam = False  # the next final is the first one behind a cut
        self._aside: list[Reading] = []
        self._spans: list[tuple[int, int]] = []  # final on this dial, while some are aside
        self._dropped: list[Reading] = []  # replaced, and not yet handed out

    def restore(self, held: Iterable[Transcript]) -> None:
        """Put aside what earlier processes held, by their dials, the oldest first."""
        dials: dict[tuple[str, ...], list[Reading]] = {}
        for each in held:
            reading = Reading(to_samples(each.start), to_samples(each.end), each)
            dials.setdefault(tuple(each.id.split(".")[:2]), []).append(reading)
        for readings in dials.values():
            self._put_aside(readings)
        self.seam = True

    def begin_dial(self, marks: Marks, *, exact: bool) -> None:
        """A line was acknowledged."""
        self.marks = marks
        self.exact = exact

    def note_final(self, start: int, end: int) -> None:
        """A final of this dial covers [start, end)."""
        if self._aside:
            self._spans.append((start, end))

    def pass_mark(self, mark: int) -> list[Reading]:
        """The mark moves: returns the readings that are final now."""
        told = self.marks.passed(mark)
        if self._aside:
            for each in told:
                self._spans.append((each.start, each.end))
            spans = [*self._spans, *((each.start, each.end) for each in self.marks.held)]
            due = [each for each in self._aside if each.end <= mark]
            self._aside = [each for each in self._aside if each.end > mark]
            for each in due:
                (self._dropped if covered(each, spans) else told).append(each)
            told.sort(key=_start)
        return told

    def end_dial(self) -> None:
        """The dial is lost: put what it held aside."""
        self._put_aside(self.marks.clear())
        self._spans.clear()

    def leave(self, start: int, end: int) -> list[Reading]:
        """The readings that begin in [start, end), which leaves memory: they are final now."""
        if not self._aside:
            return []
        left = [each for each in self._aside if start <= each.start < end]
        self._aside = [each for each in self._aside if each not in left]
        return left

    def finish(self) -> list[Reading]:
        """No more is heard of it: returns what is final now."""
        self._put_aside(self.marks.clear())
        told, self._aside = self._aside, []
        return told

    def _put_aside(self, readings: list[Reading]) -> None:
        old = self._aside
        if old and self._spans:
            self._dropped += [each for each in old if covered(each, self._spans)]
            old = [each for each in old if not covered(each, self._spans)]
        self._aside, dropped = compete(old, readings)
        self._dropped += dropped

    def take_dropped(self) -> list[Reading]:
        """The readings that were replaced since the last call."""
        dropped, self._dropped = self._dropped, []
        return dropped


def _start(reading: Reading) -> int:
    return reading.start
