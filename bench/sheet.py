"""Pictures of figures: a few SVG shapes, in the colours of the drawings of the machine.

Coordinates are pixels, rounded to a tenth, so that the same figures give the same bytes. Text is
drawn by the reader's own font; nothing is measured, so texts get room to spare.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Final

from openline_diagrams.theme import DARK, LIGHT, Palette

#: The suffix of a picture's file → its palette.
PALETTES: Final = (("", LIGHT), ("-dark", DARK))
FONT: Final = "Arial, Helvetica, 'Liberation Sans', 'DejaVu Sans', sans-serif"


class Sheet:
    """A picture that is being drawn."""

    def __init__(self, width: int, height: int, palette: Palette, title: str) -> None:
        self.palette = palette
        size = f'width="{width}" height="{height}"'
        self._parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {width} {height}"',
            f'  role="img" font-family="{FONT}" font-size="12">',
            f"<title>{escape(title)}</title>",
            f'<rect {size} fill="{palette.ground}"/>',
        ]

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        colour: str = "",
        anchor: str = "start",
        size: int = 0,
        bold: bool = False,
    ) -> None:
        """``words`` at a baseline; ``anchor`` is start, middle or end."""
        more = f' font-size="{size}"' if size else ""
        more += ' font-weight="bold"' if bold else ""
        more += f' text-anchor="{anchor}"' if anchor != "start" else ""
        fill = colour or self.palette.text
        self._parts.append(
            f'<text x="{_n(x)}" y="{_n(y)}" fill="{fill}"{more}>{escape(words)}</text>'
        )

    def line(
        self,
        points: Iterable[tuple[float, float]],
        colour: str,
        *,
        width: float = 1,
        dash: str = "",
    ) -> None:
        """A line through ``points``; ``dash`` as in SVG."""
        through = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
        more = f' stroke-dasharray="{dash}"' if dash else ""
        self._parts.append(
            f'<polyline points="{through}" fill="none" stroke="{colour}"'
            f' stroke-width="{_n(width)}" stroke-linejoin="round"{more}/>'
        )

    def box(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """A filled rectangle."""
        self._parts.append(
            f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"'
            f' fill="{colour}"/>'
        )

    def dot(self, x: float, y: float, colour: str, *, radius: float = 3.5) -> None:
        """A filled circle, with a rim of the ground, so that two that meet stay apart."""
        self._parts.append(
            f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}" fill="{colour}"'
            f' stroke="{self.palette.ground}" stroke-width="1"/>'
        )

    def svg(self) -> str:
        """The text of the picture."""
        return "\n".join([*self._parts, "</svg>", ""])


def _n(number: float) -> str:
    return f"{round(number, 1):g}"
