"""The finals of one source that are not proved yet: those of the live dial, and of earlier ones.

``marks`` holds the finals of the live dial. At a loss they are put aside, for their audio is
sent again and the new dial will probably repeat them, perhaps in other words. A final that
was put aside is settled when the new dial's mark passes its end: if finals of the new dial
repeat it by half, they replace it, and it is dropped. Else it is told after all, and those that
become final with it and have no words but its own are dropped. At the end of the session, of two
readings of one place the one that reaches farther counts. Words may still follow the final message
of the backend: so what it leaves open is decided at the end.

An example: dial 1 held "one two three four", 10 to 14 s, and is lost. Dial 2 is sent the audio
from 9.8 s on, and holds "one two", 10 to 12 s, when the session ends. The older reading reaches
farther, so it counts, and "one two" is dropped.

All or nothing: replay begins at or before a final that was put aside, or behind it. If its
beginning leaves memory first, it is told, and its audio is not sent again.

Where finals prove nothing at all (``Ends.NONE``), they are final at once and nothing is held. A
loss before their proof sends their audio again. What is not proved when the session ends is told.
"""

from __future__ import annotations

from collections.abc import Iterable

from openline.audio.marks import Marks
from openline.audio.readings import Reading, compete, repeated, replaced
from openline.audio.settling import Settling
from openline.dialects.traits import Ends
from openline.updates import Transcript, to_samples


class Hearing:
    """The readings of one source. Positions are samples of session time."""

    __slots__ = ("_aside", "_dropped", "_finals", "_unproved", "ends", "marks", "seam", "told")

    def __init__(self, marks: Marks) -> None:
        self.marks = marks
        self.ends = Ends.CLAIMED  # what the ends of finals prove on this dial
        self.seam = False  # the next final is the first one behind a cut
        self._aside: list[Reading] = []
        self._finals: list[Reading] = []  # final on this dial, while some are aside
        self._unproved: list[Reading] = []  # final at once, and the mark has not passed them
        self.told: list[Reading] = []  # final though not confirmed, each with its audio
        self._dropped: list[Reading] = []  # replaced, and not yet handed out

    def restore(self, held: Iterable[Transcript], mark: int, error: int) -> None:
        """Put aside what earlier processes held, by their dials, the oldest first.

        The mark lies in no held final, so one that begins before it had been passed by it: the
        process was killed before it noted that the final is final. ``error``: that of times.
        """
        self.marks = Marks(mark, error, 0)
        dials: dict[tuple[str, ...], list[Reading]] = {}
        for each in held:
            reading = Reading(to_samples(each.start), to_samples(each.end), each)
            dials.setdefault(tuple(each.id.split(".")[:2]), []).append(reading)
        for readings in dials.values():
            self._put_aside(self._tell_begun(readings, mark))
        self.seam = True

    @property
    def holds(self) -> bool:
        """Whether finals of this dial are held until the mark passes them."""
        return self.ends is Ends.CLAIMED or self.settling is not None

    @property
    def is_exact(self) -> bool:
        """Whether a final proves all before its end: that is exact, and none follows before it."""
        return self.ends is Ends.EXACT and self.settling is None

    @property
    def settling(self) -> Settling | None:
        """The marks of this dial, if its finals are held although others may come before them."""
        return self.marks if isinstance(self.marks, Settling) else None

    def begin_dial(self, marks: Marks, ends: Ends) -> None:
        """A line was acknowledged."""
        marks.chunks = self.marks.chunks  # it is the same backend
        marks.chunks.begin_dial()
        if isinstance(marks, Settling):
            marks.aside = [(each.start, each.end) for each in self._aside]
        self.marks = marks
        self.ends = ends

    def hold(self, reading: Reading, sent: int) -> int:
        """Hold a final of this dial; returns where the mark may move, or 0."""
        return self._first_allowed(self.marks.hold(reading, sent))

    def leave_dial(self) -> int:
        """The dial is left for the next one; returns where the mark may move, or 0."""
        return self._first_allowed(self.marks.leave()) if self.ends is Ends.CLAIMED else 0

    def _first_allowed(self, places: Iterable[int]) -> int:
        return next(filter(self.allows, places), 0)

    def note_final(self, reading: Reading) -> None:
        """A final of this dial, which is final at once."""
        self.marks.edge = max(self.marks.edge, reading.end)
        if self._aside:
            self._finals.append(reading)
        if self.ends is Ends.NONE and reading.start < reading.end:
            self._unproved.append(reading)

    def allows(self, mark: int) -> bool:
        """Whether the mark may lie there: not inside a final that was put aside.

        Its audio is sent again from its beginning, or not at all; and only as a whole can it
        be compared with what this dial hears. Where ends are exact, they are proof.
        """
        return self.is_exact or not any(each.start < mark < each.end for each in self._aside)

    def divide(self, mark: int) -> Iterable[Transcript]:
        """The parts of held finals that ``mark`` lies in, before it moves there."""
        return () if self.settling is None else self.settling.divide(mark)

    def pass_mark(self, mark: int) -> list[Reading]:
        """The mark moves: returns the readings that are final now."""
        passed = self.marks.passed(mark)
        if self._unproved:
            self._unproved = [each for each in self._unproved if each.end > mark]
        if not self._aside:
            return passed
        heard = [*self._finals, *passed, *self.marks.held]
        due = [each for each in self._aside if each.end <= mark]
        self._aside = [each for each in self._aside if each.end > mark]
        gone = [each for each in due if replaced(each, heard, self.marks.error)]
        after_all = [each for each in due if each not in gone]
        again = [each for each in passed if repeated(each, after_all)]
        self._dropped += [*gone, *again]
        told = [each for each in passed if each not in again]
        self._finals += told
        return sorted([*after_all, *told], key=_start)

    def end_dial(self, mark: int) -> None:
        """The dial is lost, and the next one is sent audio from ``mark`` on."""
        self._put_aside(self._tell_begun(self.marks.clear(), mark))
        self._finals.clear()

    def _tell_begun(self, readings: list[Reading], mark: int) -> list[Reading]:
        """Tell what begins before ``mark``, for no other dial can say all of it; the rest.

        A beginning that is off by the error of times may only seem to lie before the mark.
        """
        first = mark - self.marks.error
        self.told += [
            each._replace(start=mark, end=mark) for each in readings if each.start < first
        ]
        return [each for each in readings if each.start >= first]

    def leave(self, start: int, end: int, gone: int) -> list[Reading]:
        """The readings that begin in [start, end), which leaves memory: they are final now.

        So are those whose words are claimed to begin in [gone, end): each from there on. One that
        begins before ``start`` is else repeated, at least in part (``openline.audio.kept``).
        """
        left: list[Reading] = []
        for each in self._aside:
            claimed = to_samples(each.final.start)
            if start <= each.start < end:
                left.append(each)
            elif each.start < gone <= claimed < end:
                left.append(each._replace(start=claimed))
        if left:
            ids = {each.final.id for each in left}
            self._aside = [each for each in self._aside if each.final.id not in ids]
        return left

    def aside_in(self, start: int, end: int) -> list[tuple[str, int, int]]:
        """The readings that were put aside and lie in [start, end): of each the id, and the run."""
        return [
            (each.final.id, max(start, each.start), min(end, each.end))
            for each in self._aside
            if each.start < end and start < each.end
        ]

    @property
    def _open(self) -> list[Reading]:
        """The readings that the mark has not passed."""
        return [*self._aside, *self._unproved, *self.marks.held]

    @property
    def words(self) -> list[tuple[int, int]]:
        """The runs of audio that are in finals, and that the mark has not passed."""
        return [(each.start, each.end) for each in self._open]

    @property
    def said(self) -> list[tuple[int, int]]:
        """The same, as wide as the errors make them, and the live partial."""
        return self.marks.said(self._open)

    def take_unproved(self) -> list[Reading]:
        """The finals that were final at once, and that nothing has proved."""
        unproved, self._unproved = self._unproved, []
        return unproved

    def finish(self) -> list[Reading]:
        """No more is heard of it: returns what is final now."""
        self.decide()
        told, self._aside = self._aside, []
        return told

    @property
    def is_open(self) -> bool:
        """Whether a final was put aside that the finals of this dial do not replace so far."""
        heard = [*self._finals, *self.marks.held]
        return any(not replaced(each, heard, self.marks.error) for each in self._aside)

    def decide(self) -> None:
        """No more is heard of it: what was put aside, and what is held, compete."""
        self._put_aside(self.marks.clear())
        self._finals.clear()

    def tell(self, reading: Reading) -> None:
        """A final is final, though its audio is not confirmed."""
        self.told.append(reading)

    def take_told(self) -> list[Reading]:
        """The finals that were told since the last call, each with the audio that it covers."""
        told, self.told = self.told, []
        return told

    def _put_aside(self, readings: list[Reading]) -> None:
        old, error = self._aside, self.marks.error
        gone = [each for each in old if replaced(each, self._finals, error)]
        old = [each for each in old if each not in gone]
        self._aside, dropped = compete(old, readings, error)
        self._dropped += gone
        self._dropped += dropped

    def take_dropped(self) -> list[Reading]:
        """The readings that were replaced since the last call."""
        dropped, self._dropped = self._dropped, []
        return dropped


def _start(reading: Reading) -> int:
    return reading.start
