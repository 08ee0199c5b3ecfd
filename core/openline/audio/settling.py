"""Finals that are held though their ends are exact: where others may still come before them.

An exact end moves the mark to itself at once. That is wrong in two cases, and there a final is held
as one whose end is a claim is (``openline.audio.marks``): the app has its words at once, and it
becomes final when the mark has passed it. So what is final is never revised nor sent again.

- *Disorder* (``Traits.disorder``). Decoders work in parallel, or two people speak at once, so a
  final that is still to come may begin before the latest end, by so much at most. All before the
  latest end less that is *settled*: no final that is still to come begins there.
- *Careful seams* (``Policy.careful_seams``). Times are wrong by ``time_error``, so a cut at the end
  of a final may lose or double a word. Then a mark lies only in a pause of four errors.

The mark is the highest settled place that lies in no word of a held final, with a *margin* of two
errors on both sides where seams are careful. A final that the mark would lie in is divided there,
between two words (``openline.audio.dividing``): the mark would never move while two people talk,
each beginning before the other one ends. Where no place with a margin was found for the
``longest_run``, one without counts.

An example, in seconds, with a disorder of 3. A "one … four", 10.0 to 16.0, is held, and all before
13.0 is settled. Its words are at 10.0, 12.0, 12.8 to 13.4 and 15.5: the mark moves to 12.8, and
"one two" is final. B "yes", 13.2 to 14.0, may still come: all of its audio is kept.

All positions are samples of session time.
"""

from __future__ import annotations

from collections.abc import Iterator

from openline.audio.dividing import divided, word_runs
from openline.audio.marks import Marks
from openline.audio.readings import Reading
from openline.updates import Transcript


class Settling(Marks):
    """The held finals of one source on one dial, and the settled places in no word of them."""

    __slots__ = ("_disorder", "_margin", "_settled", "aside")

    def __init__(self, begin: int, error: int, longest: int, disorder: int, margin: int) -> None:
        """``margin``: how far the mark has to lie from a word, unless a run is too long."""
        super().__init__(begin, error, longest)
        self._disorder = disorder
        self._margin = margin
        self._settled = begin  # no final that is still to come begins before this
        self.aside: list[tuple[int, int]] = []  # the runs of finals of earlier dials

    def prove(self, position: int) -> int:
        """All finals that end before ``position`` were told; returns the place for the mark."""
        return self._settle(position - self._disorder)

    def hold(self, reading: Reading, sent: int) -> list[int]:  # noqa: ARG002  # as for claims
        """Hold a final, which is proved already; returns the place for the mark."""
        self._live = None
        self.edge = max(self.edge, reading.end)
        self._held = sorted([*self._held, reading], key=_start)
        return [self._place()]

    def at_horizon(self, position: int) -> int:
        """The place up to ``position``, before which all is transcribed or discarded."""
        return self._settle(self.before_live(position))

    def at_proof(self, position: int) -> int:
        """The place up to ``position``, before which all words were sent."""
        return self._settle(position)

    def end(self) -> None:
        """The session ends: no seam follows that has to be careful."""
        self._margin = 0

    def _settle(self, position: int) -> int:
        self._settled = max(self._settled, position)
        return self._place()

    def _place(self) -> int:
        """The highest settled place at which the mark may lie."""
        runs = [*self.aside, *(run for each in self._held for run in word_runs(each))]
        runs.sort(reverse=True)
        settled = self.before_live(self._settled)
        place = _free(settled, runs, self._margin)
        is_too_long = settled - self._mark > self._longest
        return _free(settled, runs, 0) if place <= self._mark and is_too_long else place

    @property
    def held(self) -> list[Reading]:
        """The held finals. Others may lie within them: no end is cut."""
        return self._held.copy()

    def divide(self, mark: int) -> Iterator[Transcript]:
        """Divide the held finals that ``mark`` lies in; returns both parts of each."""
        parts: list[Reading] = []
        for each in self._held:
            if not each.start < mark < each.end:
                parts.append(each)
                continue
            pieces = divided(each, mark)
            parts += pieces
            if len(pieces) > 1:
                yield from (piece.final for piece in pieces)
        self._held = sorted(parts, key=_start)


def _free(position: int, runs: list[tuple[int, int]], margin: int) -> int:
    """The highest place up to ``position`` that is ``margin`` before or behind each of ``runs``.

    ``runs`` are in order of their beginnings, the last one first. So a run that was passed over
    ends before the place, or begins behind it.
    """
    position -= margin
    for start, end in runs:
        if start - margin < position < end + margin:
            position = start - margin
    return position


def _start(reading: Reading) -> int:
    return reading.start
