"""Which finals of one source are held, and how far the mark may move: one dial of one source.

The mark is the watermark before which no audio is sent again. Where the ends of finals are
exact, a final moves the mark to its end and is final at once. Where they are claims, an end
may lie seconds behind the audio that the backend had, so it proves nothing. Then a final is
*held*, and the mark moves by what can be trusted:

- *Into a wide pause.* Beginnings are good to ``error``, 0.3 s, but 7 % of the ends are early by
  more than that. So a pause counts at once only if it is six errors wide. In a pause the mark
  moves to the middle, but to two errors before the beginning behind it at most.
- *To the horizon*: audio that the backend drained so long ago is transcribed or discarded. The
  mark takes the last place there that lies in no held final, nor within four errors of the end
  of one, nor behind a live partial.
- *By length.* Where a run of held finals is longer than half of ``longest``, the mark moves to
  its newest edge of a chunk that shows (``openline.audio.chunks``). Where it is longer than
  ``longest``, the mark moves to where two chunks meet with at most one error between them, or
  else into its widest pause, of four errors or more. Where it is a tenth longer than that, two
  errors are enough for either; without such a place, the mark moves to before the newest final.
  An end that is clamped to what was sent is no end of a chunk: no two chunks meet there.

A beginning counts only if it is possible: the words take time to say, they lie in audio that
was sent, and the backend takes time to transcribe them. A final whose end is clamped to what was
sent may begin too late too. If a beginning is not possible, the final begins, for the mark,
where the finals before it end.

The mark never lies inside a held final, so that a cut sends all of its audio again, or none. A
held final becomes final when the mark has passed it.

An example, in seconds, with an error of 0.3. 27.5 s were sent. A "24.0 to 39.9" ends, for the
mark, at 27.5. B "26.2 to 28.0" follows: A ends at 26.2, and the mark stays. C "30.0 to 31.5"
begins 2.0 behind the latest end: the mark moves to 29.4, and A and B are final.

Another one: a run is held, from 0.0 on. D "14.1 to 16.9" is the last final of its chunk. E "17.1
to 18.7" and F "20.0 to 21.0" come together, of the next chunk. With G "21.9 to 23.0" the run is
longer than 20 s. Of E's end 1.3 seem to be a pause, but ends are early: a word of E may lie there.
Between the chunks of D and E lie 0.2: the mark moves to 17.0, and all up to D is final.

All positions are samples of session time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from difflib import Match, SequenceMatcher
from typing import NamedTuple

from openline.audio.chunks import ROUNDING, Chunks
from openline.updates import LONGEST, SAMPLE_RATE, Transcript, to_samples

#: Two readings of one word lie at most so far apart.
_NEAR = 2 * SAMPLE_RATE
#: Pauses, in errors: one that counts at once, in a long run, and in one that is too long.
_CERTAIN, _WIDE, _PAUSE = 6, 4, 2
#: In multiples of ``longest``: a run that is long enough for an edge, and one that is too long. A
#: mark in the first part of a run frees little.
_LONG, _TOO_LONG, _FIRST_PART = 0.5, 1.1, 0.3
#: Letters a second, at most: fast speech has 8 syllables of 2.5 letters. An estimate.
_LETTERS = 25
#: Behind all audio.
_END = round(LONGEST * SAMPLE_RATE)
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


class Pause(NamedTuple):
    """``width`` samples between an end and the next beginning, and the place for the mark there."""

    width: int
    place: int


class Marks:
    """The held finals of one source on one dial, and the places where the mark may lie."""

    __slots__ = (
        "_clamped",
        "_held",
        "_live",
        "_longest",
        "_mark",
        "_meetings",
        "_pauses",
        "chunks",
        "edge",
        "error",
    )

    def __init__(self, begin: int, error: int, longest: int) -> None:
        self.error = error
        self.chunks = Chunks()
        self._longest = longest
        self._mark = begin
        self.edge = begin  # the latest end of all finals of this dial
        self._clamped = False  # it claimed what was sent, or more: it lies nowhere near its words
        self._held: list[Reading] = []  # in order of their beginnings
        self._pauses: list[Pause] = []  # those behind the mark that do not count at once
        self._meetings: list[Pause] = []  # where two chunks meet, behind the mark
        self._live: int | None = None  # where the live partial begins

    def note_partial(self, start: int | None) -> None:
        """The live partial begins at ``start``; None: there is none any more."""
        self._live = start

    def hold(self, reading: Reading, sent: int) -> list[int]:
        """Hold a final; returns the places to which the mark may move, the best one first.

        ``sent``: the end of the audio that was sent. A mark never moves back.
        """
        self._live = None
        start, edge = reading.start, self.edge
        is_possible = self._is_possible(reading, sent)
        width = start - edge
        is_first = self.chunks.note_final(start, edge, sent)
        if is_first and not self._clamped and -ROUNDING <= width <= _PAUSE * self.error:
            self._meetings.append(Pause(width, start - max(width, 0) // 2))
        if not is_possible:
            start = min(start, max(edge, self._mark))
            reading = reading._replace(start=start)
        if reading.end >= edge:
            self.edge, self._clamped = reading.end, reading.end >= sent
        self._held = [*(_cut(each, start) for each in self._held), reading]
        self._held.sort(key=lambda each: each.start)
        width = start - edge
        place = start - min(max(width // 2, 0), 2 * self.error)
        if is_possible and width >= _CERTAIN * self.error:
            return [place]
        if is_possible and width >= _PAUSE * self.error:
            self._pauses.append(Pause(width, place))
        return self._by_length(place)

    def take_back(self, segments: Collection[str]) -> list[Reading]:
        """Hold the finals of these segments no longer; returns them."""
        gone = [each for each in self._held if each.final.segment_id in segments]
        self._held = [each for each in self._held if each not in gone]
        return gone

    def _is_possible(self, reading: Reading, sent: int) -> bool:
        """Whether the words can lie where the final says, and be transcribed by now."""
        least = _letters([reading]) * SAMPLE_RATE // _LETTERS
        latest = sent - least - 3 * self.error // 2
        is_wide = reading.end - reading.start >= least
        return is_wide and reading.end < sent and reading.start <= latest

    def _by_length(self, newest: int) -> list[int]:
        """Where a run of held finals that is too long may be cut."""
        begin = self._held[0].start
        run = newest - begin
        is_too_long = run > _TOO_LONG * self._longest
        widest: list[int] = []  # between two chunks, of the meetings that count, in this order
        if run > _LONG * self._longest and self.chunks.show_edges:
            widest.append(ROUNDING)
        if run > self._longest:
            widest.append(self.error)
        if is_too_long:
            widest.append(_PAUSE * self.error)
        meetings = self._meetings[::-1]
        places = [each.place for most in widest for each in meetings if each.width <= most]
        if run > self._longest:
            least = (_PAUSE if is_too_long else _WIDE) * self.error
            pauses = [each for each in self._pauses if each.width >= least]
            places += [each.place for each in sorted(pauses, reverse=True)]
        first = begin + _FIRST_PART * self._longest
        places = [each for each in places if each > first and not self._is_within(each)]
        return [*dict.fromkeys([*places, newest] if is_too_long else places)]

    def _is_within(self, place: int) -> bool:
        """Whether it lies in a held final."""
        return any(each.start < place < each.end for each in self._held)

    def at_horizon(self, position: int) -> int:
        """The last place up to ``position`` at which the mark may lie."""
        position = self.before_live(position)
        for each in reversed(self.held):
            if each.start - 2 * self.error < position < each.end + 4 * self.error:
                position = each.start - 2 * self.error
        return position

    def at_proof(self, position: int) -> int:
        """The last place up to ``position``, which is proved, that lies in no held final."""
        for each in reversed(self.held):
            if each.start < position < each.end:
                position = each.start - 2 * self.error
        return position

    def said(self, readings: Iterable[Reading]) -> list[tuple[int, int]]:
        """The runs of ``readings`` and of the live partial, as wide as the errors make them.

        What follows the beginning of the live partial belongs to it.
        """
        early, late = 2 * self.error, 4 * self.error
        runs = [
            (each.start - early, max(each.end, min(each.end + late, each.sent or _END)))
            for each in readings
        ]
        return runs if self._live is None else [*runs, (self._live - early, _END)]

    def before_live(self, position: int) -> int:
        """``position``, or the place before the live partial if that begins earlier."""
        return position if self._live is None else min(position, self._live - self.error)

    @property
    def is_live(self) -> bool:
        """Whether there is a live partial: words that may still change."""
        return self._live is not None

    def passed(self, mark: int) -> list[Reading]:
        """The held finals that end before ``mark``; they are held no longer."""
        self._mark = max(self._mark, mark)
        if not self._held or self._held[0].start > mark:
            return []
        self._pauses = [each for each in self._pauses if each.place > mark]
        self._meetings = [each for each in self._meetings if each.place > mark]
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
    the error of times, is of another place. So is one that lies there only because its beginning
    is not possible, and counts as an earlier one: other words must be claimed for one place too.
    """
    others = [each for each in others if _shares(reading, each, -_NEAR)]
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
    if near and 2 * _letters(near) >= _letters([reading]):
        return True
    at, total = reading.start, 0
    for each in sorted(near, key=lambda each: each.start):
        low, high = max(each.start, at), min(each.end, reading.end)
        if low < high:
            total, at = total + high - low, high
    return bool(near) and 2 * total >= reading.end - reading.start


def _claimed(reading: Reading) -> Reading:
    """``reading`` in the place that its final claims, if its beginning counts as an earlier one."""
    final = reading.final
    start = to_samples(final.start)
    if start <= reading.start:
        return reading
    return reading._replace(start=start, end=max(start, to_samples(final.end)))


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
