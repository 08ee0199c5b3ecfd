"""The parts of a drawing once everything has its place, and the sheet's measures.

Points, from the top left corner. The columns are fixed, from left to right: a lane, the
spine (with a line of its own, and lines on both sides for steps that jump over a box), a lane.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from openline_diagrams.chart.label import Row
from openline_diagrams.chart.model import Box
from openline_diagrams.theme import Role

WIDTH: Final = 882.0
MARGIN: Final = 10.0  # around the whole
PAD: Final = 12.0  # between a frame and what is in it
INSET: Final = 9.0  # between a border and text
NEAR: Final = 8.0  # between a line and its label
STEP: Final = 34.0  # between two boxes, at least
APART: Final = 38.0  # between a card and a box: an arrow's length
TITLE: Final = 22.0  # the height of a state's name
CAPTION: Final = 22.0  # the height of a frame's name
RING: Final = 4.0  # the second border of a final state lies this far outside

LANE: Final = 248.0  # a lane's width
BOX: Final = 244.0  # the width of the spine's boxes
LEFT: Final = MARGIN + PAD
SPINE: Final = LEFT + LANE + 4 * PAD
BACK: Final = SPINE - 25  # a line on the left of the spine, the outermost one
TRUNK: Final = SPINE + 34  # the spine's own line; labels stand on its right
JUMP: Final = SPINE + BOX + 17  # one on its right
FRAME_END: Final = JUMP + 2 * PAD
RIGHT: Final = WIDTH - MARGIN - LANE


class Place(NamedTuple):
    """A rectangle: left, top, width, height."""

    x: float
    y: float
    w: float
    h: float

    @property
    def right(self) -> float:
        """The right border."""
        return self.x + self.w

    @property
    def bottom(self) -> float:
        """The lower border."""
        return self.y + self.h

    @property
    def middle(self) -> float:
        """Half-way down."""
        return self.y + self.h / 2


class Text(NamedTuple):
    """Rows of text; a card has a border in its role's colour."""

    name: str
    place: Place
    rows: tuple[Row, ...]
    card: Role | None = None


class Panel(NamedTuple):
    """A state's box: its name, then compartments of rows."""

    box: Box
    place: Place
    parts: tuple[tuple[Row, ...], ...]


class Frame(NamedTuple):
    """The frame of a group; its name stands at the top, from ``caption`` on."""

    place: Place
    caption: float


class Route(NamedTuple):
    """A line through ``points``, straight up, down or across; ``to``: its end's role."""

    tail: str
    head: str
    points: tuple[tuple[float, float], ...]
    to: Role
    arrow: bool = True
    heavy: bool = False
    heat: int | None = None


class Layout(NamedTuple):
    """Everything to draw, and where; ``frames`` from the widest."""

    height: int
    panels: dict[str, Panel]
    frames: dict[str, Frame]
    texts: list[Text]
    routes: list[Route]
    swatches: list[tuple[Role | int, Place]]
