"""Coloured text in columns without an extra package, for commands that print once and end.

``explain`` works in a bare install and starts fast, so it needs no more than this. The live
views redraw themselves and use rich. Widths count characters: the texts are our own, and each of
their characters is one cell wide.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from shutil import get_terminal_size
from textwrap import wrap
from typing import Final, NamedTuple

#: SGR codes (ECMA-48 §8.3.117) by the names that ``colours`` uses.
_CODES: Final[Mapping[str, str]] = {
    "bold": "1",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "magenta": "35",
    "cyan": "36",
    "bright_black": "90",
}
#: Columns of output to a file or a pipe.
_UNSEEN_WIDTH: Final = 100
_LEAST_WIDTH: Final = 40


class Paper(NamedTuple):
    """The output: its width in characters, and whether it has colours."""

    width: int
    coloured: bool

    def paint(self, text: str, style: str) -> str:
        """``text`` in a style, such as ``bold yellow``."""
        if not self.coloured or not text or not style:
            return text
        codes = ";".join(_CODES[each] for each in style.split())
        return f"\x1b[{codes}m{text}\x1b[0m"


class Cell(NamedTuple):
    """A text to be wrapped, and its style."""

    text: str
    style: str = ""


def find_paper() -> Paper:
    """The terminal if stdout is one, else plain text; ``NO_COLOR`` and ``FORCE_COLOR`` count."""
    terminal = sys.stdout.isatty()
    coloured = terminal and os.environ.get("TERM") != "dumb"
    if os.environ.get("FORCE_COLOR"):
        coloured = True
    if os.environ.get("NO_COLOR"):
        coloured = False
    width = get_terminal_size().columns if terminal else _UNSEEN_WIDTH
    return Paper(max(width, _LEAST_WIDTH), coloured)


def row(paper: Paper, cells: Sequence[Cell], widths: Sequence[int], *, gap: int = 2) -> list[str]:
    """The lines of one row: each cell is wrapped to its width, in characters."""
    columns = [
        wrap(cell.text, width, break_on_hyphens=False) or [""]
        for cell, width in zip(cells, widths, strict=True)
    ]
    lines: list[str] = []
    for parts in zip_longest(*columns, fillvalue=""):
        last = max((at for at, part in enumerate(parts) if part), default=0)
        painted = (
            paper.paint(part, cell.style) + (" " * (width - len(part) + gap) if at < last else "")
            for at, (part, cell, width) in enumerate(zip(parts, cells, widths, strict=True))
        )
        lines.append("".join(painted).rstrip())
    return lines


def shared(width: int, ratios: Sequence[int]) -> list[int]:
    """``width`` divided by ``ratios``; the remainder goes to the last."""
    whole = sum(ratios)
    parts = [width * ratio // whole for ratio in ratios]
    parts[-1] += width - sum(parts)
    return parts
