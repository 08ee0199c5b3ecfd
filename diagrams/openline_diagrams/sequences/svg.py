"""A sequence diagram as SVG, with no other program: the sheet's shapes written down.

Fonts are requested by family, with their substitutes; the layout leaves room for the
widest. The file loads nothing from elsewhere.
"""

from __future__ import annotations

from html import escape
from typing import Final

from openline_diagrams.sequences.layout import layout
from openline_diagrams.sequences.model import Sequence
from openline_diagrams.sequences.shapes import WIDTH, Box, Point, Shape, Stroke, Text, Tone
from openline_diagrams.theme import LIGHT, Palette

_FONTS: Final = "Arial, Helvetica, 'Liberation Sans', 'DejaVu Sans', sans-serif"


def sequence_svg(seq: Sequence, look: Palette = LIGHT) -> str:
    """The picture of ``seq``, 800 px wide, in the colours of ``look``."""
    sheet = layout(seq)
    size = f'width="{WIDTH:g}" height="{sheet.height:g}" viewBox="0 0 {WIDTH:g} {sheet.height:g}"'
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="{_FONTS}">',
        f"<title>{escape(seq.title)}</title>",
        *([f"<desc>{escape(seq.about)}</desc>"] if seq.about else []),
        f'<rect width="100%" height="100%" fill="{look.ground}"/>',
        *(_drawn(shape, look) for shape in sheet.shapes),
        "</svg>",
    ]
    return "\n".join(out) + "\n"


def _colour(tone: Tone, look: Palette) -> str:
    role, part = tone
    return str(getattr(look if role is None else look.roles[role], part))


def _drawn(shape: Shape, look: Palette) -> str:
    match shape:
        case Text():
            return _text(shape, look)
        case Box(x, y, w, h, corner, fill, line):
            border = f' stroke="{_colour(line, look)}" stroke-width="1.3"' if line else ""
            place = f'x="{x:.4g}" y="{y:.6g}" width="{w:.4g}" height="{h:.6g}" rx="{corner:g}"'
            return f'<rect {place} fill="{_colour(fill, look)}"{border}/>'
        case Stroke(points, tone, width, dashes):
            dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
            look_of = f'fill="none" stroke="{_colour(tone, look)}" stroke-width="{width:g}"{dashed}'
            return f'<polyline points="{_points(points)}" {look_of}/>'
        case _:
            return f'<polygon points="{_points(shape.points)}" fill="{_colour(shape.tone, look)}"/>'


def _points(points: tuple[Point, ...]) -> str:
    return " ".join(f"{x:.6g},{y:.6g}" for x, y in points)


def _text(text: Text, look: Palette) -> str:
    style = f' text-anchor="{text.anchor}"' if text.anchor != "start" else ""
    style += ' font-weight="bold"' * text.bold + ' font-style="italic"' * text.italic
    more = text.more and (
        f'<tspan fill="{look.quiet}" font-weight="normal" font-style="normal">'
        f"{escape(text.more)}</tspan>"
    )
    place = f'x="{text.x:.6g}" y="{text.y:.6g}" font-size="{text.size:g}"'
    return (
        f'<text {place} fill="{_colour(text.tone, look)}"{style}>{escape(text.text)}{more}</text>'
    )
