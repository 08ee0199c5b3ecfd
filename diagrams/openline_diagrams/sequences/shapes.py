"""The shapes of a placed sequence diagram, and the width of a text.

Points, from the top left corner, on a sheet as wide as it will be shown. Colours are named,
not given: the same sheet is drawn light and dark.
"""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

from openline_diagrams.chart.label import ems
from openline_diagrams.theme import Role

WIDTH: Final = 800.0
MARGIN: Final = 14.0
SIZE: Final = 12.5
SMALL: Final = 11.5
TITLE: Final = 17.0
LEADING: Final = 15.5  # from one line of text to the next

#: A colour: of a role (its fill, line or text), or of the sheet (ground, text, quiet, line).
Tone: TypeAlias = tuple[Role | None, str]
TEXT, QUIET, LINE, FRAME = (None, "text"), (None, "quiet"), (None, "line"), (None, "frame")
BAD: Final[Tone] = (Role.FAIL, "line")
Point: TypeAlias = tuple[float, float]


class Text(NamedTuple):
    """A line of text at its baseline, and more of it that is quiet.

    ``anchor``: start, middle or end.
    """

    x: float
    y: float
    text: str
    tone: Tone
    size: float = SIZE
    anchor: str = "start"
    bold: bool = False
    italic: bool = False
    more: str = ""

    @property
    def wide(self) -> float:
        """Its width in a wide font."""
        return self.size * (ems(self.text, bold=self.bold) + ems(self.more))

    @property
    def left(self) -> float:
        """Its left end."""
        return self.x - self.wide * {"start": 0.0, "middle": 0.5, "end": 1.0}[self.anchor]


class Box(NamedTuple):
    """A rectangle with round corners."""

    x: float
    y: float
    w: float
    h: float
    round: float
    fill: Tone
    line: Tone | None = None


class Stroke(NamedTuple):
    """A line through points."""

    points: tuple[Point, ...]
    tone: Tone
    width: float = 1.4
    dashes: str = ""


class Patch(NamedTuple):
    """A filled shape: the head of an arrow."""

    points: tuple[Point, ...]
    tone: Tone


Shape: TypeAlias = Text | Box | Stroke | Patch


class Sheet(NamedTuple):
    """Shapes from the lowest to the topmost, and the height of the sheet."""

    height: float
    shapes: tuple[Shape, ...]


def broken(text: str, room: float, size: float = SIZE, *, bold: bool = False) -> list[str]:
    """``text`` in lines no wider than ``room``; a word that is too long breaks anywhere."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if size * ems(longer, bold=bold) <= room:
            lines[-1] = longer
            continue
        if lines[-1]:
            lines.append("")
        for letter in word:
            if lines[-1] and size * ems(lines[-1] + letter, bold=bold) > room:
                lines.append("")
            lines[-1] += letter
    return lines
