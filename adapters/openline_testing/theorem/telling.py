"""What was told of a session's words, compared with what the backend said.

A final of a backend that claims its ends is told at once, as a settled partial, and becomes
final when its audio is confirmed. This ledger follows each from the message to the last
report, and counts every word at the end.

One word per dial and source may be missing or doubled, where the dial begins with audio that
was sent before: the word lies within the error of times of that place, and the dial's first
final says so (``seam``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

from openline.updates import SAMPLE_RATE as S
from openline.updates import Transcript
from openline_testing.theorem.clauses import fail, hold
from openline_testing.theorem.simulation import Telling
from openline_testing.theorem.words import HeardWord, Word


def _has_word(text: str) -> bool:
    return any(each.isalnum() for each in text)


class WordBook:
    """The words of one session, of all sources. Positions are session samples."""

    def __init__(self, time_error: float, *, resumes: bool = False) -> None:
        self._error: Final = round(time_error * S) + 2
        self._resumes = resumes
        self._tellings: dict[str, tuple[str, Telling]] = {}  # by key: the source, and what
        self._told: dict[str, Telling] = {}  # by the id that the session gave it
        self.visible: dict[str, Transcript] = {}  # settled partials, by id
        self.aside: dict[str, Transcript] = {}  # retracted at a loss, and not final yet
        self._said: dict[tuple[str, str], HeardWord] = {}  # by source and text
        self._reach: dict[str, dict[int, int]] = {}  # the end of what each dial was sent
        self._begins: dict[tuple[str, int], int] = {}  # where a dial's audio begins
        self.spans: dict[str, list[tuple[int, int]]] = {}  # of the finals that were told
        self._shown: dict[str, int] = {}  # by id: what figures showed to be processed
        self.confirmed: dict[str, int] = {}  # by id: the mark when it became final
        self.cuts: dict[str, list[int]] = {}
        self._late: set[tuple[str, str]] = set()  # words behind the final message
        self._unproved: set[tuple[str, str]] = set()  # told so by an earlier process
        self._seamed: set[tuple[str, int]] = set()  # dials whose first final was told
        self._clamped: set[str] = set()  # ids of finals that claim all that was sent, or more
        self._after_all: set[str] = set()  # ids of finals that were aside until they were told
        self.happened: Counter[str] = Counter()

    def resumed(
        self, stored: list[Transcript], held: list[Transcript], marks: Mapping[str, int]
    ) -> WordBook:
        """The book of the next process, which knows what was stored alone.

        ``marks``: by source, what is confirmed.
        """
        book = WordBook((self._error - 2) / S, resumes=True)
        book.cuts = self.cuts
        book.aside = {each.id: each for each in held}
        book._clamped |= self._clamped
        book._after_all |= self._after_all
        for each in (*stored, *held):
            telling = book._told[each.id] = self._told[each.id]
            book.spans[each.id] = self.spans[each.id]
            book.confirmed[each.id] = self.confirmed.get(each.id, marks[each.source])
            if each.id in self._shown:
                book._shown[each.id] = self._shown[each.id]
            for heard in telling.words if each in stored else ():
                if book.told_until(each, heard.word) < heard.word.end:
                    book._unproved.add((each.source, heard.word.text))
            book._said.update({(each.source, word.word.text): word for word in telling.words})
        return book

    # From the simulation.

    def finalised(self, key: str, source: str, telling: Telling) -> None:
        """The backend made a final; ``key`` names it."""
        self._tellings[key] = source, telling

    def promised(self, key: str) -> None:
        """This final follows the final message, and may come too late."""
        source, telling = self._tellings[key]
        self._late |= {(source, each.word.text) for each in telling.words}

    def sent(self, source: str, dial: int, start: int, end: int, *, after_hole: bool) -> None:
        """The session sent this; ``after_hole``: what precedes it was not captured."""
        reach = self._reach.setdefault(source, {})
        if reach.get(dial) == start:  # as nearly always
            reach[dial] = end
            return
        if dial not in reach:
            self._begins[source, dial] = start
            if self._is_replay(source, dial) or (self._resumes and not self._earlier(source, dial)):
                self.cuts.setdefault(source, []).append(start)
        elif not after_hole:
            self.cuts.setdefault(source, []).append(start)
        reach[dial] = end

    def _earlier(self, source: str, dial: int) -> int:
        """Up to where earlier dials were sent audio; 0: they were not."""
        reach = self._reach.get(source, {})
        return max((end for each, end in reach.items() if each < dial), default=0)

    def _is_replay(self, source: str, dial: int) -> bool:
        return self._begins[source, dial] < self._earlier(source, dial)

    # From the session.

    def must_tell(self, key: str) -> bool:
        """Whether the final of this key has words."""
        return _has_word(self._tellings[key][1].text)

    def is_told(self, update: Transcript, key: str, shown: int | None) -> None:
        """The session reports the final that it just received.

        ``shown``: up to where the figures show its source to be processed; None: there are none.
        """
        source, telling = self._tellings[key]
        what = f"{update.source}: {update.text!r} at [{update.start:g}, {update.end:g})"
        hold("words", _has_word(telling.text), f"{what} has no word")
        if (update.source, update.text) != (source, telling.text):
            fail("in place", f"{what} is reported, but {source} said {telling.text!r}")
        hold("held", bool(update.id), f"{what} has no id")
        known = self._told.setdefault(update.id, telling)
        hold("held", known is telling, f"{what} has the id of another, {update.id}")
        dial = int(key.split("/", maxsplit=1)[0])
        if shown is not None:
            self._shown[update.id] = shown
        if round(update.end * S) >= self._reach[source][dial]:
            self._clamped.add(update.id)
        self._check_place(update, telling, what)
        self._check_seam(update, dial, what)
        for each in telling.words:
            before = self._said.get((source, each.word.text))
            if before is None or not before.whole:
                self._said[source, each.word.text] = each

    def is_stored(self, update: Transcript, key: str, spans: list[tuple[int, int]]) -> None:
        """The disk has it, though the process may be killed before it is reported."""
        if update.id not in self._told:
            self._told[update.id] = self._tellings[key][1]
            self.spans[update.id] = spans

    def _check_place(self, update: Transcript, telling: Telling, what: str) -> None:
        start, end = round(update.start * S), round(update.end * S)
        off = abs(update.start * S - start) + abs(update.end * S - end)
        hold("in place", off < 1e-6, f"{what} is {off} samples off")
        hold("in place", start <= end, f"{what} ends before it begins")
        if telling.bounds is not None:
            low, high, until = telling.bounds
            hold("in place", low <= start <= high, f"{what} begins in [{low / S:g}, {high / S:g}]")
            hold("in place", until <= end, f"{what} ends before {until / S:g}")

    def _check_seam(self, update: Transcript, dial: int, what: str) -> None:
        source = update.source
        is_first = (source, dial) not in self._seamed
        self._seamed.add((source, dial))
        if is_first and self._is_replay(source, dial):
            hold("words", update.seam, f"{what} begins a replay, and carries no seam")
        elif not is_first or not (self._resumes or self._earlier(source, dial)):
            hold("words", not update.seam, f"{what} carries a seam, and nothing was cut")
        self.happened["a seam"] += update.seam

    def settles(self, update: Transcript) -> None:
        """A settled partial is shown."""
        self.visible[update.id] = update
        self.happened["a final that is held"] += 1

    def becomes_final(self, update: Transcript) -> bool:
        """A final is reported; False if it was not told before."""
        known = self.visible.pop(update.id, None)
        if known is None:
            known = self.aside.pop(update.id, None)
            if known is not None:
                self.happened["a final told after all"] += 1
                self._after_all.add(update.id)
        if known is None:
            return False
        same = (known.source, known.text, known.start, known.end)
        now = (update.source, update.text, update.start, update.end)
        hold("held", same == now, f"{known.id} was {same}, and became final as {now}")
        return True

    def retracted(self, source: str) -> bool:
        """The partials of a source are retracted; whether it had settled ones."""
        gone = [each for each in self.visible.values() if each.source == source]
        for each in gone:
            self.aside[each.id] = self.visible.pop(each.id)
        return bool(gone)

    # The end.

    def told_until(self, update: Transcript, word: Word) -> int:
        """The end of the part of ``word`` that no gap may hold, as it is in this final.

        A final that is told without proof counts for the audio alone that figures showed to be
        processed when it came. So does one that is told after all: its audio may be lost since
        then. Neither counts for any if its end is doubtful: if it claimed all that was sent or,
        told after all, more than figures showed.
        """
        after_all = update.id in self._after_all
        if self.confirmed[update.id] >= word.end and not after_all:
            return word.end
        shown = self._shown.get(update.id, word.end)
        too_far = after_all and update.id in self._shown and round(update.end * S) > shown
        return word.start if update.id in self._clamped or too_far else min(word.end, shown)

    def words_of(self, update: Transcript) -> tuple[HeardWord, ...]:
        """The words of a final that was told."""
        return self._told[update.id].words

    def is_behind_drop(self, update: Transcript) -> bool:
        """Whether the backend had dropped something when it made this final that was told."""
        return self._told[update.id].bounds is None

    def close(
        self,
        finals: list[Transcript],
        uncertain: dict[str, list[tuple[int, int]]],
        is_lost: Callable[[str, int, int], bool],
    ) -> None:
        """All is reported: every word that was said stands in one of ``finals``.

        ``uncertain`` are the ranges in which the backend dropped something. ``is_lost`` tells
        whether audio of a source in [start, end) is in a gap. What an earlier dial heard may be
        replaced by a dial that was sent its beginning, and not all of the rest.
        """
        if self.visible:
            fail("held", f"{min(self.visible)} is not final at the end")
        times = Counter[tuple[str, str]]()
        for final in finals:
            times.update((final.source, each.word.text) for each in self.words_of(final))
        self.happened["a final replaced"] += len(self.aside)
        cuts = {source: sorted(cuts) for source, cuts in self.cuts.items()}
        for (source, text), heard in self._said.items():
            count = times[source, text]
            if count == 2 and (source, text) in self._late | self._unproved:
                continue
            if not count and (not heard.whole or self._is_cut(source, heard.word, is_lost)):
                continue  # it was cut each time, and may be heard or not
            if count == 1 or self._is_excused(source, heard.word, cuts, uncertain):
                continue
            word = heard.word
            what = f"{source}: {text} at [{word.start / S:g}, {word.end / S:g})"
            if not count:
                fail("words", f"{what} was told, and is in no final")
            fail("said twice", f"{what} is in {count} finals")

    def _is_cut(self, source: str, word: Word, is_lost: Callable[[str, int, int], bool]) -> bool:
        """Whether audio of ``word`` is in a gap that lies behind the beginning of its finals."""
        finals = [
            each
            for each in self.aside.values()
            if each.source == source
            and any(word.text == held.word.text for held in self.words_of(each))
        ]
        begins = [round(each.start * S) for each in finals]
        return is_lost(source, word.start, word.end) and not any(
            is_lost(source, begin, begin + 1) for begin in begins
        )

    def check_all_told(
        self,
        source: str,
        words: list[Word],
        finals: list[Transcript],
        uncertain: dict[str, list[tuple[int, int]]],
    ) -> None:
        """Each of ``words``, which were captured and are in no gap, stands in a final."""
        told = {each.word.text for final in finals for each in self.words_of(final)}
        cuts = {source: sorted(self.cuts.get(source, []))}
        for word in words:
            if (
                word.text in told
                or (source, word.text) in self._late
                or self._is_excused(source, word, cuts, uncertain)
            ):
                continue
            what = f"{source}: {word.text} at [{word.start / S:g}, {word.end / S:g})"
            fail("words", f"{what} is in no final and no gap")

    def _is_excused(
        self,
        source: str,
        word: Word,
        cuts: dict[str, list[int]],
        uncertain: dict[str, list[tuple[int, int]]],
    ) -> bool:
        """One word per cut, or one where the backend dropped something."""
        early, late = word.start - self._error, word.end + self._error
        for low, high in uncertain.get(source, []):
            if early < high and low < late:
                return True
        for cut in cuts.get(source, []):
            if abs(cut - word.start) <= self._error or abs(cut - word.end) <= self._error:
                cuts[source].remove(cut)
                self.happened["a word at a seam"] += 1
                return True
        return False
