"""Lines as styled text in rows of a given width: the labels, for any renderer.

Widths are those of DejaVu Sans, the widest of the fonts that stand in for Arial, so no
reader's font gets cut. A line that is too long breaks before its actions, then between
them; a heading between states.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from math import fsum
from typing import Final, NamedTuple, TypeAlias

from openline_diagrams.chart.model import CLOCKED, Line


class Style(Enum):
    """How a piece of text looks."""

    EVENT = "bold"
    CLOCK = "italic"
    QUIET = "quiet"
    HEAD = "quiet and italic"
    NAME = "bold and larger"
    COUNT = "bold, a number"
    NEVER = "bold, in the colour of never"
    UNKNOWN = "bold, in the colour of uncounted"


class Span(NamedTuple):
    """A piece of text in one style."""

    text: str
    style: Style


#: An empty row is a gap.
Row: TypeAlias = tuple[Span, ...]

#: Points. The size of text and of a state's name, and the height of a row.
SIZE: Final = 12.0
NAME_SIZE: Final = 14.0
ROW: Final = 16.0
GAP: Final = 4.0
#: Advances in DejaVu Sans, in em.
_ADVANCE: Final = {
    letter: advance
    for letters, advance in (
        ("ijlI", 0.29),
        (" ,.", 0.32),
        ("/:;", 0.34),
        ("f-", 0.36),
        ("rt[]()", 0.40),
        ("_csz", 0.53),
        ("ABCDEFGHJKLNOPQRSTUVXYZ", 0.70),
        ("w", 0.82),
        ("mMW", 0.98),
        ("“”", 0.52),
        ("×", 0.84),
        ("…", 1.0),
    )
    for letter in letters
}
_OTHER: Final = 0.615
_IDEOGRAPHS: Final = "\N{CJK RADICAL REPEAT}"
_BOLD: Final = 1.11
_INDENT: Final = Span("    ", Style.QUIET)


_HEAVY: Final = frozenset({Style.NAME, Style.EVENT, Style.COUNT, Style.NEVER, Style.UNKNOWN})
#: Words of a note that begin another colour.
_TURNS: Final = {"never": Style.NEVER, "uncounted": Style.UNKNOWN}


def ems(text: str, *, bold: bool = False) -> float:
    """The width of ``text`` in a wide font, in em."""
    wide = fsum(_ADVANCE.get(letter, _OTHER if letter < _IDEOGRAPHS else 1.0) for letter in text)
    return wide * (_BOLD if bold else 1.0)


def width(row: Iterable[Span]) -> float:
    """Points that ``row`` takes in a wide font."""
    total = 0.0
    for text, style in row:
        size = NAME_SIZE if style is Style.NAME else SIZE
        total += size * ems(text, bold=style in _HEAVY)
    return total


def height(rows: Iterable[Row]) -> float:
    """Points from the top of the first of ``rows`` to the bottom of the last."""
    return sum(ROW if row else GAP for row in rows)


def quiet(text: str) -> Row:
    """A row of a note."""
    return (Span(text, Style.QUIET),)


def rows_of(line: Line, room: float) -> list[Row]:
    """``line`` in rows no wider than ``room``, if its words allow."""
    head: list[Row] = [(_event(name),) for name in line.events]
    head = [(*row, Span(",", Style.QUIET)) for row in head[:-1]] + head[-1:]
    if line.guard:
        head.append(quiet(f"[{line.guard}]"))
    tail = _list("/ ", line.actions) + _note(line.note)
    whole = list(_fill([*head, *tail], room))
    if len(whole) == 1 or not tail:
        return whole
    rest = list(_fill(tail, room - width((_INDENT,))))
    return [*_fill(head, room), *((_INDENT, *row) for row in rest)]


def heading(text: str, room: float) -> list[Row]:
    """The states that the lines below are about, in rows no wider than ``room``."""
    words = [(Span(word, Style.HEAD),) for word in f"{text}:".split(" ")]
    return list(_fill(words, room))


def listed(head: str, names: tuple[str, ...], room: float) -> list[Row]:
    """``head`` and some names, as of timers, in rows no wider than ``room``."""
    return list(_fill(_list(head, names), room)) if names else []


def _note(note: str) -> list[Row]:
    """A count: a number, then in a colour of its own the rows that never fired."""
    found: list[Row] = []
    style = Style.COUNT
    for word in note.split():
        style = _TURNS.get(word.rstrip(":;"), style)
        found.append((Span(word, style),))
    return found


def _event(name: str) -> Span:
    return Span(name, Style.CLOCK if name in CLOCKED else Style.EVENT)


def _list(head: str, names: tuple[str, ...]) -> list[Row]:
    words = [f"{name}," for name in names[:-1]] + list(names[-1:])
    return [quiet(head * (not at) + word) for at, word in enumerate(words)]


def _fill(words: Iterable[Row], room: float) -> Iterator[Row]:
    """Words with spaces between them, a new row where one would be too wide."""
    row: Row = ()
    for word in words:
        longer = (*row, Span(" ", Style.QUIET), *word) if row else word
        if row and width(longer) > room:
            yield row
            row = word
        else:
            row = longer
    yield row
