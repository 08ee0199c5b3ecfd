"""Cut a final into cues that a person can read, and put all cues on one timeline.

A cue is shown for at most 7 s and has at most two lines of 42 columns (the common limits of
subtitle guides). A final that is longer becomes several cues. Text is cut at spaces, or within a
word that is wider than a line (Chinese, Thai) between two grapheme clusters, never inside one:
an emoji of five code points stays whole. The end of a sentence or a clause is preferred.

A cue's times come from the times of its words. Where a backend gives none, the time of the final
is shared out by length. Example: "Yes. I see it." from 0 s to 14 s becomes "Yes." from 0 s to 4 s
and "I see it." from 5 s to 12 s, the most that it may last.

Nothing is lost or added: a cut at a space leaves that space out, and another cut nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from openline.updates import LONGEST as SESSION

#: Columns of a line, and milliseconds of a cue, at most.
COLUMNS: Final = 42
LONGEST: Final = 7_000
#: Milliseconds for which a cue stays although another begins: a second, or all of a shorter cue.
LEAST: Final = 1_000
#: What ends a sentence.
SENTENCE: Final = tuple(".!?…。！？।؟")
_CLAUSE: Final = tuple(",;:，、；：،·-–—")
#: Columns by which a cut may miss the middle for a sentence, and for a clause.
_SENTENCE_WORTH: Final = 16
_CLAUSE_WORTH: Final = 8
#: Milliseconds of a pause that are worth a column, and the longest pause that counts.
_PAUSE_COLUMN: Final = 100
_LONG_PAUSE: Final = 3_000
#: A shorter hole between two cues would only flicker.
_FLICKER: Final = 100
#: So few words are not cut because they take long: they are shown for ``LONGEST``.
_FEW: Final = 3
#: Words on either side of the middle that are looked at: more would cost time and are too far away.
_NEAR: Final = 8
#: Numbers of even parts that are tried before parts that are still too long are cut again.
_TRIES: Final = 4
_RUN: Final = re.compile(r"(\s)\s+")


class Word(NamedTuple):
    """A word as the backend timed it: its text, and seconds of session time."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Cue:
    """One or two lines of a voice, from ``begin`` to ``end`` in milliseconds of session time."""

    begin: int
    end: int
    lines: tuple[str, ...]
    voice: str = ""


class _Atom(NamedTuple):
    """A part of the text that stays whole; ``at`` is its offset, ``width`` its columns."""

    text: str
    at: int
    width: int
    spaced: bool  # a space stands behind it


def one_space(text: str) -> str:
    """``text`` with the first of each run of blanks: a line of blanks alone would end a cue."""
    return _RUN.sub(r"\1", text).strip()


def cut(
    text: str,
    start: float,
    end: float,
    words: Sequence[Word] = (),
    *,
    voice: str = "",
    lead: int = 0,
) -> list[Cue]:
    """The cues of one final, in order and without overlap; none if it has no words.

    ``start`` and ``end`` are seconds. ``text`` has no line ends. ``words`` are in order.
    ``lead``: columns of the first line of each cue that are taken by a label.
    """
    text = one_space(text)
    if not text:
        return []
    lead = min(lead, COLUMNS // 2)
    begin, over = _milliseconds(start), _milliseconds(end)
    times = _clock(text, begin, max(over, begin), words)
    groups = list(_groups(_atoms(text, COLUMNS - lead), times, lead))
    begins = [times(group[0].at) for group in groups]
    cues: list[Cue] = []
    # Nothing follows the last one. The first time is not behind its end: there is no hole to close.
    for group, own, then in zip(groups, begins, [*begins[1:], begins[0]], strict=True):
        gone = _over(group, times)
        if gone < then < gone + _FLICKER:
            gone = then
        shown = max(own, cues[-1].end if cues else 0)
        gone = min(max(gone, shown + 1), shown + LONGEST)
        cues.append(Cue(shown, gone, _lines(group, lead), voice))
    return cues


def settle(cues: Iterable[Cue]) -> list[Cue]:
    """The same cues in the same order, none beginning before the one before it has ended.

    A cue ends where the next begins, but not before it was shown for ``LEAST``; the next one
    begins later then.
    """
    settled: list[Cue] = []
    for cue in cues:
        begin = cue.begin
        if settled:
            last = settled[-1]
            stays = min(last.end, max(begin, last.begin + _least(last)))
            settled[-1] = replace(last, end=stays)
            begin = max(begin, stays)
        settled.append(replace(cue, begin=begin, end=max(cue.end, begin + _least(cue))))
    return settled


def _least(cue: Cue) -> int:
    return min(cue.end - cue.begin, LEAST)


def _milliseconds(seconds: float) -> int:
    return round(min(max(0.0, seconds), SESSION) * 1000)  # max(0.0, nan) is 0.0


def _clock(text: str, begin: int, end: int, words: Sequence[Word]) -> Callable[[int], int]:
    """A function from an offset in ``text`` to milliseconds, linear between the known times."""
    known = _known(text, begin, end, words) or [(0, begin), (len(text), end)]
    offsets = [offset for offset, _ in known]

    def at(offset: int) -> int:
        after = min(max(bisect_right(offsets, offset), 1), len(known) - 1)
        (left, early), (right, late) = known[after - 1], known[after]
        share = min(max(offset - left, 0), right - left)
        return early + (late - early) * share // max(right - left, 1)

    return at


def _known(text: str, begin: int, end: int, words: Sequence[Word]) -> list[tuple[int, int]]:
    """The offsets of the words and their times, never falling; empty if a word is not found."""
    known: list[tuple[int, int]] = []
    offset, now = 0, begin
    for word in words:
        wanted = one_space(word.text)
        found = text.find(wanted, offset)
        if found < 0:
            return []
        for place, seconds in ((found, word.start), (found + len(wanted), word.end)):
            now = min(max(now, _milliseconds(seconds)), end)
            known.append((place, now))
        offset = found + len(wanted)
    return known


def _atoms(text: str, columns: int) -> list[_Atom]:
    """The words of ``text``; one that is wider than a line, in parts."""
    atoms: list[_Atom] = []
    at = 0
    for word in text.split(" "):
        parts = [word] if len(word) <= columns // 2 else list(_parts(word, columns))
        for number, part in enumerate(parts, 1):
            atoms.append(_Atom(part, at, cells(part), number == len(parts)))
            at += len(part)
        at += 1
    return atoms


def _parts(word: str, columns: int) -> Iterator[str]:
    """A long word in parts that fit, cut between clusters, behind punctuation if there is any."""
    from wcwidth import iter_graphemes  # noqa: PLC0415  # of an extra

    part: list[str] = []
    width = 0
    for cluster in iter_graphemes(word):
        wide = cells(cluster)
        least = 1 if cluster.isspace() else 0  # a line of blanks alone would be blank
        while len(part) > least and width + wide > columns:
            last = _last_pause(part, cluster)
            yield "".join(part[:last])
            part = part[last:]
            width = sum(map(cells, part))
        part.append(cluster)
        width += wide
    yield "".join(part)


def _last_pause(clusters: Sequence[str], following: str) -> int:
    """The number of clusters up to the last punctuation in their second half, else all.

    Punctuation or a blank does not begin a line: it takes the cluster before it along.
    """
    pauses = (*SENTENCE, *_CLAUSE)
    stays = following.isspace() or following.startswith(pauses)
    count = len(clusters) - (stays and len(clusters) > 1)
    for last in range(count, len(clusters) // 2, -1):
        if clusters[last - 1] in pauses:
            return last + (last < count and clusters[last].isspace())
    return count


def cells(text: str) -> int:
    """Columns: at least one for each character, two for a wide one, so that no count is over."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth  # noqa: PLC0415  # of an extra

    return max(len(text), wcswidth(text))


def _groups(
    atoms: Sequence[_Atom], times: Callable[[int], int], lead: int
) -> Iterator[Sequence[_Atom]]:
    """Parts of ``atoms`` that fit into a cue each."""
    if _is_cue(atoms, times, lead):
        yield atoms
        return
    least = min(max(2, -(-_columns(atoms) // (2 * COLUMNS - lead))), len(atoms))
    for count in range(least, min(least + _TRIES, len(atoms) + 1)):
        parts = list(_shared(atoms, count, times))
        if all(_is_cue(part, times, lead) for part in parts):
            yield from parts
            return
    for part in _shared(atoms, least, times):
        yield from _groups(part, times, lead)


def _is_cue(atoms: Sequence[_Atom], times: Callable[[int], int], lead: int) -> bool:
    """Whether the atoms fit into one cue; one atom must."""
    brief = len(atoms) <= _FEW or _over(atoms, times) - times(atoms[0].at) <= LONGEST
    return len(atoms) == 1 or (brief and _break(atoms, lead) is not None)


def _over(atoms: Sequence[_Atom], times: Callable[[int], int]) -> int:
    """When the last of the atoms is over, in milliseconds."""
    return times(atoms[-1].at + len(atoms[-1].text))


def _shared(
    atoms: Sequence[_Atom], count: int, times: Callable[[int], int]
) -> Iterator[Sequence[_Atom]]:
    """``atoms`` in ``count`` parts, of about the same width; each has an atom."""
    widths = _running(atoms)
    first = 0
    for left in range(count, 1, -1):
        goal = widths[first] + (widths[-1] - widths[first]) / left
        last = len(atoms) - left + 1
        near = min(bisect_right(widths, goal, first + 1), last)
        choices = range(max(first + 1, near - _NEAR), min(last, near + _NEAR) + 1)
        _, after = min(
            (abs(widths[at] - goal) - _worth(atoms[at - 1], atoms[at], times), at) for at in choices
        )
        yield atoms[first:after]
        first = after
    yield atoms[first:]


def _running(atoms: Sequence[_Atom]) -> list[int]:
    """The columns before each atom, and those of all."""
    total = 0
    sums = [0]
    for atom in atoms:
        total += atom.width + atom.spaced
        sums.append(total)
    return sums


def _worth(before: _Atom, after: _Atom, times: Callable[[int], int]) -> int:
    """The columns by which a cut between two atoms may miss the middle."""
    pause = times(after.at) - times(before.at + len(before.text))
    worth = min(pause, _LONG_PAUSE) // _PAUSE_COLUMN
    if before.text.endswith(SENTENCE):
        return worth + _SENTENCE_WORTH
    return worth + _CLAUSE_WORTH * before.text.endswith(_CLAUSE)


def _columns(atoms: Sequence[_Atom]) -> int:
    return sum(atom.width + atom.spaced for atom in atoms) - atoms[-1].spaced


def _break(atoms: Sequence[_Atom], lead: int) -> int | None:
    """The number of atoms on the first line, so that the longer line is short; None if too much."""
    whole = _columns(atoms)
    if whole + lead <= COLUMNS:
        return len(atoms)
    sums = _running(atoms)
    best: tuple[int, int] | None = None
    for at in range(1, len(atoms)):
        above = lead + sums[at] - atoms[at - 1].spaced
        below = whole - sums[at]
        if max(above, below) <= COLUMNS and (best is None or max(above, below) < best[0]):
            best = (max(above, below), at)
    return None if best is None else best[1]


def _lines(atoms: Sequence[_Atom], lead: int) -> tuple[str, ...]:
    at = _break(atoms, lead) or len(atoms)
    return tuple(_joined(part) for part in (atoms[:at], atoms[at:]) if part)


def _joined(atoms: Sequence[_Atom]) -> str:
    """The text of the atoms; a space is left out at the end of the line."""
    inner = "".join(atom.text + " " * atom.spaced for atom in atoms[:-1])
    return inner + atoms[-1].text
