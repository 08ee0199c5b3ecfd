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
- *When the dial is left* for the next one, and nothing moved the mark on it. Then a run of any
  length counts as too long: else the next dial would hear the same audio, and so on for ever.

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

from collections.abc import Collection, Iterable
from typing import NamedTuple

from openline.audio.chunks import ROUNDING, Chunks
from openline.audio.readings import Reading, letters
from openline.updates import LONGEST, SAMPLE_RATE

#: Pauses, in errors: one that counts at once, in a long run, and in one that is too long.
_CERTAIN, _WIDE, _PAUSE = 6, 4, 2
#: In multiples of ``longest``: a run that is long enough for an edge, and one that is too long. A
#: mark in the first part of a run frees little.
_LONG, _TOO_LONG, _FIRST_PART = 0.5, 1.1, 0.3
#: Letters a second, at most: fast speech has 8 syllables of 2.5 letters. An estimate.
_LETTERS = 25
#: Behind all audio.
_END = round(LONGEST * SAMPLE_RATE)


class Pause(NamedTuple):
    """``width`` samples between an end and the next beginning, and the place for the mark there."""

    width: int
    place: int


class Marks:
    """The held finals of one source on one dial, and the places where the mark may lie."""

    __slots__ = (
        "_began",
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
        self._mark = self._began = begin
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
        least = letters([reading]) * SAMPLE_RATE // _LETTERS
        latest = sent - least - 3 * self.error // 2
        is_wide = reading.end - reading.start >= least
        return is_wide and reading.end < sent and reading.start <= latest

    def leave(self) -> list[int]:
        """The dial is left: the places to which the mark may move, if nothing moved it so far."""
        if self._mark > self._began or len(self._held) < 2:
            return []
        *others, last = self._held
        width = last.start - max(each.end for each in others)
        place = last.start - min(max(width // 2, 0), 2 * self.error)
        return self._by_length(place, is_left=True)

    def _by_length(self, newest: int, *, is_left: bool = False) -> list[int]:
        """Where a run of held finals that is too long may be cut; ``is_left``: any one is."""
        begin = self._held[0].start
        run = newest - begin
        is_long = is_left or run > self._longest
        is_too_long = is_left or run > _TOO_LONG * self._longest
        widest: list[int] = []  # between two chunks, of the meetings that count, in this order
        if run > _LONG * self._longest and self.chunks.show_edges:
            widest.append(ROUNDING)
        if is_long:
            widest.append(self.error)
        if is_too_long:
            widest.append(_PAUSE * self.error)
        meetings = self._meetings[::-1]
        places = [each.place for most in widest for each in meetings if each.width <= most]
        if is_long:
            least = (_PAUSE if is_too_long else _WIDE) * self.error
            pauses = [each for each in self._pauses if each.width >= least]
            places += [each.place for each in sorted(pauses, reverse=True)]
        first = begin + (0 if is_left else _FIRST_PART * self._longest)
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
