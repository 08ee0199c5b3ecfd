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

from collections import Counter
from collections.abc import Iterable
from difflib import Match, SequenceMatcher
from typing import NamedTuple

from openline.updates import SAMPLE_RATE, Transcript

#: The mark stays at most this far before the beginning of a final.
_BEFORE = 2 * SAMPLE_RATE
#: So many words of a reading are compared with another one, from its end.
_WORDS = 200


class Reading(NamedTuple):
    """A final that is not final yet, and the audio that it covers for the mark.

    ``known``: when it came, the backend was known to have processed the audio before this; 0:
    it was not. Without proof, no more than that counts as told.
    """

    start: int
    end: int
    final: Transcript
    known: int = 0

    @property
    def told_until(self) -> int:
        """The end of the audio that counts as told if nothing proves the final."""
        return min(self.end, self.known) if self.known else self.end


class Marks:
    """The held finals of one source on one dial, and the places where the mark may lie."""

    __slots__ = ("_held", "_live", "_longest", "edge", "error")

    def __init__(self, begin: int, error: int, longest: int) -> None:
        self.error = error
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
        self._held = [*(_cut(each, start) for each in self._held), reading]
        self._held.sort(key=lambda each: each.start)
        if start - edge >= 2 * self.error:
            return max((edge + start) // 2, start - _BEFORE)
        if start - self._held[0].start > self._longest:
            return start
        return 0

    def at_horizon(self, position: int) -> int:
        """The last place up to ``position`` at which the mark may lie."""
        if self._live is not None:
            position = min(position, self._live - self.error)
        for each in reversed(self.held):
            if each.start - self.error < position < each.end + self.error:
                position = each.start - self.error
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
        """The held finals, each cut where a later one, or the live partial, begins within it."""
        if self._live is None:
            return self._held.copy()
        return [_cut(each, self._live) for each in self._held]

    def clear(self) -> list[Reading]:
        """Hold nothing any more; returns the held finals."""
        held, self._held, self._live = self.held, [], None
        return held


def _cut(reading: Reading, start: int) -> Reading:
    """``reading`` up to ``start``, if that lies within it."""
    return reading._replace(end=start) if reading.start < start < reading.end else reading


def replaced(reading: Reading, others: Iterable[Reading], error: int) -> bool:
    """Whether ``others``, heard from the same audio, replace ``reading``.

    They do if half of its words are among theirs within 2 s: times are claims, and a short
    final may miss the second hearing of itself. Or if those that lie in its place cover half of
    it, or have half as much text, though in other words. A final that only touches it, within
    the error of times, is of another place.
    """
    others = [each for each in others if _shares(reading, each, -_BEFORE)]
    words = Counter(reading.final.text.casefold().split())
    again = Counter(word for each in others for word in each.final.text.casefold().split())
    if 2 * (words & again).total() >= words.total():
        return True
    near = [each for each in others if _shares(reading, each, 2 * error)]
    if near and 2 * _letters(near) >= _letters([reading]):
        return True
    at, total = reading.start, 0
    for each in sorted(near, key=lambda each: each.start):
        low, high = max(each.start, at), min(each.end, reading.end)
        if low < high:
            total, at = total + high - low, high
    return bool(near) and 2 * total >= reading.end - reading.start


def _shares(one: Reading, other: Reading, least: int) -> bool:
    """Whether they have so many samples in common, or half of the shorter one."""
    shared = min(one.end, other.end) - max(one.start, other.start)
    shorter = min(one.end - one.start, other.end - other.start)
    return shared >= min(least, shorter // 2)


def compete(
    old: list[Reading], new: list[Reading], error: int
) -> tuple[list[Reading], list[Reading]]:
    """Of two readings of the same audio, the finals that count, and those that they replace.

    The one that reaches farther counts. Ends are claims, and do not show that; it has more text
    behind the last words that both have, or more text at all. The newer one counts if both have
    equally much. Of the other one, each final counts that it does not replace.
    """
    if not old or not new:
        return [*old, *new], []
    best, other = (old, new) if _reaches_farther(old, new) else (new, old)
    gone = [each for each in other if replaced(each, best, error)]
    kept = [each for each in other if each not in gone]
    return sorted([*best, *kept], key=lambda each: each.start), gone


def _reaches_farther(old: list[Reading], new: list[Reading]) -> bool:
    """Whether ``old`` has more text than ``new`` behind the last words that both have.

    A reading may begin with a word that was final before, so more text alone does not show it.
    """
    ours, theirs = _words(old), _words(new)
    *_, last, _ = (
        Match(0, 0, 0),
        *SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks(),
    )
    behind = [
        sum(map(len, ours[last.a + last.size :])),
        sum(map(len, theirs[last.b + last.size :])),
    ]
    if last.size and behind[0] != behind[1]:
        return behind[0] > behind[1]
    return _letters(old) > _letters(new)


def _words(readings: list[Reading]) -> list[str]:
    """The last words of a reading."""
    return [word for each in readings for word in each.final.text.casefold().split()][-_WORDS:]


def _letters(readings: Iterable[Reading]) -> int:
    return sum(not character.isspace() for each in readings for character in each.final.text)
