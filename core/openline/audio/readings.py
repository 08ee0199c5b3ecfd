"""The readings of one source: finals that are not final yet, and which of two of them counts.

After a cut audio is sent again, and the new dial says it once more, in other words perhaps. Two
readings of one audio *compete*: the one that reaches farther counts, and of the other one what it
does not replace.

All positions are samples of session time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from difflib import Match, SequenceMatcher
from typing import NamedTuple

from openline.text import is_one_word
from openline.updates import SAMPLE_RATE, Transcript, to_samples

#: Two readings of one word lie at most so far apart.
_NEAR = 2 * SAMPLE_RATE
#: Letters a second, at least: half of what slow speech has, 100 words a minute. An estimate.
_SLOW = 5
#: So many words of a reading are compared with another one, from its end.
_WORDS = 200


class Reading(NamedTuple):
    """A final that is not final yet, and the audio that it covers for the mark.

    ``known``: when it came, the backend was known to have processed the audio before this; 0:
    it was not. Without proof, no more than that counts as told. ``sent``: what had been sent
    then, which bounds its words however wrong its times are; 0: that is not known.
    """

    start: int
    end: int
    final: Transcript
    known: int = 0
    sent: int = 0

    @property
    def told_until(self) -> int:
        """The end of the audio that counts as told if nothing proves the final."""
        return min(self.end, self.known) if self.known else self.end

    @property
    def claimed_until(self) -> int:
        """Its end; its beginning where the end is clamped to what was sent: that is no claim."""
        return self.start if 0 < self.sent <= self.end else self.end

    @property
    def heard_until(self) -> int:
        """``claimed_until``, but for a claim behind what figures show: that may be far off."""
        return self.start if 0 < self.known < self.end else self.claimed_until


def replaced(reading: Reading, others: Iterable[Reading], error: int) -> bool:
    """Whether ``others``, heard from the same audio, replace ``reading``.

    They do if half of its words are among theirs within 2 s: times are claims, and a short
    final may miss the second hearing of itself. Or if those that lie in its place cover half of
    it, or have half as much text, though in other words. A final that only touches it, within
    the error of times, is of another place. So is one that lies there only because its beginning
    is not possible, and counts as an earlier one: other words must be claimed for one place too.

    An example of one that touches it: the mark lay in a word by 1 ms, before "yes". The new dial
    hears the end of that word again, and claims an end before all audio that it was sent. So the
    final begins and ends at the mark, where "yes" begins.
    """
    others = [each for each in others if _shared(reading, each) >= -_NEAR]
    words = Counter(reading.final.text.casefold().split())
    again = Counter(word for each in others for word in each.final.text.casefold().split())
    if 2 * (words & again).total() >= words.total():
        return True
    near = [
        each
        for each in others
        if _shares(reading, each, 2 * error)
        and _shares(_claimed(reading), _claimed(each), 2 * error)
    ]
    if near and 2 * letters(near) >= letters([reading]):
        return True
    at, total = reading.start, 0
    for each in sorted(near, key=lambda each: each.start):
        low, high = max(each.start, at), min(each.end, reading.end)
        if low < high:
            total, at = total + high - low, high
    return bool(near) and 2 * total >= reading.end - reading.start


def repeated(reading: Reading, others: Iterable[Reading]) -> bool:
    """Whether ``others``, which count, have all words of ``reading`` in its place.

    Their ends are claims: a word that begins long behind the time that their words take is another.
    """
    words = Counter(reading.final.text.casefold().split())
    near = [
        each
        for each in others
        if each.start < reading.end
        and reading.start < min(each.end, each.start + letters([each]) * SAMPLE_RATE // _SLOW)
    ]
    return words <= Counter(word for each in near for word in each.final.text.casefold().split())


def _claimed(reading: Reading) -> Reading:
    """``reading`` in the place that its final claims, if its beginning counts as an earlier one."""
    final = reading.final
    start = to_samples(final.start)
    if start <= reading.start:
        return reading
    return reading._replace(start=start, end=max(start, to_samples(final.end)))


def _shared(one: Reading, other: Reading) -> int:
    """The samples that they have in common; below 0: those that lie between them."""
    return min(one.end, other.end) - max(one.start, other.start)


def _shares(one: Reading, other: Reading, least: int) -> bool:
    """Whether they have so many samples in common, or half of the shorter one.

    One without samples lies in the other one, or has the same place.
    """
    if one.end <= other.start or other.end <= one.start:
        return one[:2] == other[:2]
    shorter = min(one.end - one.start, other.end - other.start)
    return _shared(one, other) >= min(least, shorter // 2)


def compete(
    old: list[Reading], new: list[Reading], error: int
) -> tuple[list[Reading], list[Reading]]:
    """Of two readings of the same audio, the finals that count, and those that they replace.

    The one that reaches farther counts. Ends are claims, and do not show that; it has more text
    behind the last words that both have, or more text at all. The newer one counts if both have
    equally much. Of the other one, each final counts that it does not replace.

    A lone word right behind a cut reaches no farther than any other reading: it may be the word
    before the cut, which is final. An example: "four yes" was said, the mark lay at the end of
    "four", and "yes" was held when the dial was lost. The next dial is sent the last 10 ms of
    "four", says "four" again, and is lost too. "yes" counts, though it is shorter. If the cut lay
    in a pause, both are hearings of one word, and either may count.
    """
    if not old or not new:
        return [*old, *new], []
    best, other = (old, new) if _reaches_farther(old, new, error) else (new, old)
    gone = [each for each in other if replaced(each, best, error)]
    kept = [each for each in other if each not in gone]
    return sorted([*best, *kept], key=lambda each: each.start), gone


def _reaches_farther(old: list[Reading], new: list[Reading], error: int) -> bool:
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
    if not last.size and _is_cut_off(old, new, error) != _is_cut_off(new, old, error):
        return _is_cut_off(new, old, error)
    return letters(old) > letters(new)


def _is_cut_off(readings: list[Reading], others: list[Reading], error: int) -> bool:
    """Whether they are one word alone, which may lie before the cut behind which ``others`` begin.

    Beginnings are good to ``error``: a word that begins later was not cut there.
    """
    first, *more = readings
    is_lone = first.final.seam and not more and is_one_word(first.final.text)
    return is_lone and _claimed(first).start <= others[0].start + error


def _words(readings: list[Reading]) -> list[str]:
    """The last words of a reading."""
    return [word for each in readings for word in each.final.text.casefold().split()][-_WORDS:]


def letters(readings: Iterable[Reading]) -> int:
    """The letters of all words."""
    return sum(not character.isspace() for each in readings for character in each.final.text)
