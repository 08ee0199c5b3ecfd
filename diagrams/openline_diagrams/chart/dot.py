"""The drawing in Graphviz's language, with every place given.

``layout=nop2`` makes Graphviz draw at the given places only, so any Graphviz draws the
same. It counts from the lower left corner, nodes in inches and the rest in points. An edge
from a group leaves an invisible node of that group.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from itertools import pairwise
from typing import Final, NamedTuple

from openline_diagrams.chart.counts import NEVER
from openline_diagrams.chart.label import GAP, NAME_SIZE, ROW, SIZE, Row, Span, Style, width
from openline_diagrams.chart.layout import layout
from openline_diagrams.chart.model import Drawing
from openline_diagrams.chart.places import INSET, TITLE, WIDTH, Frame, Panel, Place, Route, Text
from openline_diagrams.theme import LIGHT, Ink, Palette, Role

_FONT: Final = "Arial"
_ARROW: Final = 8.0
_BEND: Final = 12.0
#: The least size of a node, so that one without ink can hold a corner of the sheet.
_DOT: Final = 0.72
#: The heat whose colour numbers are written in: it is readable on the ground.
_INK: Final = 4
_TAGS: Final = {
    Style.NAME: "B",
    Style.EVENT: "B",
    Style.COUNT: "B",
    Style.NEVER: "B",
    Style.UNKNOWN: "B",
    Style.CLOCK: "I",
    Style.HEAD: "I",
}
Point = tuple[float, float]


def dot(drawing: Drawing, palette: Palette = LIGHT) -> str:
    """DOT of ``drawing``, in ``palette``. Raises ValueError as ``layout`` does."""
    sheet = layout(drawing)
    if drawing.heated:  # colour means one thing at a time
        palette = palette._replace(roles=dict.fromkeys(Role, palette.roles[Role.REST]))
    pen = _Pen(sheet.height, palette)
    ink = palette.text
    start = sheet.routes[0].points[0]
    corners = (Place(0, 0, _DOT, _DOT), Place(WIDTH - _DOT, sheet.height - _DOT, _DOT, _DOT))
    graph = f'layout=nop2, splines=true, pad=0, bgcolor="{palette.ground}", fontname="{_FONT}"'
    node = f'fixedsize=true, shape=plain, fontname="{_FONT}", fontsize={SIZE:g}, fontcolor="{ink}"'
    out = [
        "digraph openline {",
        f'  graph [{graph}, bb="0,0,{WIDTH:g},{sheet.height}"]',
        f"  node [{node}]",
        f"  edge [penwidth=1.3, arrowsize={_ARROW / 10:g}]",
        *(line for name, frame in sheet.frames.items() for line in pen.frame(name, frame)),
        *(pen.panel(panel) for panel in sheet.panels.values()),
        *(pen.text(text) for text in sheet.texts),
        pen.swatch("start", Place(start[0] - 5, start[1] - 5, 10, 10), ink, ink, "circle"),
        *(pen.route(route, sheet.frames) for route in sheet.routes),
        *(
            pen.swatch(f"colour_{number}", place, *pen.swatch_ink(key))
            for number, (key, place) in enumerate(sheet.swatches)
        ),
        *(pen.blank(f"corner_{number}", place) for number, place in enumerate(corners)),
        "}",
    ]
    return "\n".join(out) + "\n"


class _Pen(NamedTuple):
    """Writes parts of a sheet of some height, in some colours."""

    height: float
    palette: Palette

    def point(self, x: float, y: float) -> str:
        return f"{x:.6g},{self.height - y:.6g}"

    def at(self, place: Place) -> str:
        pos = self.point(place.x + place.w / 2, place.middle)
        return f'pos="{pos}", width={place.w / 72:.4g}, height={place.h / 72:.4g}'

    def blank(self, name: str, place: Place) -> str:
        return f"  {name} [shape=point, style=invis, {self.at(place)}]"

    def swatch(self, name: str, place: Place, fill: str, line: str, shape: str = "box") -> str:
        look = (
            f'shape={shape}, label="", style="rounded,filled", fillcolor="{fill}", color="{line}"'
        )
        return f"  {name} [{look}, {self.at(place)}]"

    def swatch_ink(self, key: Role | int) -> tuple[str, str]:
        if isinstance(key, Role):
            return self.palette.roles[key].fill, self.palette.roles[key].line
        return self.heat(key), self.heat(key)

    def counts(self) -> dict[Style, str]:
        palette = self.palette
        return {
            Style.COUNT: palette.heat[_INK],
            Style.NEVER: palette.never,
            Style.UNKNOWN: palette.unknown,
        }

    def heat(self, power: int) -> str:
        if power >= 0:
            return self.palette.heat[power]
        return self.palette.never if power == NEVER else self.palette.unknown

    def frame(self, name: str, frame: Frame) -> Iterator[str]:
        place, palette = frame.place, self.palette
        box = f"{self.point(place.x, place.bottom)},{self.point(place.right, place.y)}"
        half = width([Span(name, Style.HEAD)]) / 2
        caption = self.point(frame.caption + half, place.y + 11)
        text = f'fontname="{_FONT}", fontsize={SIZE:g}, fontcolor="{palette.quiet}"'
        look = f'style="rounded,dashed", color="{palette.frame}", {text}, label=<<I>{name}</I>>'
        yield f"  subgraph cluster_{name} {{"
        yield f'    graph [bb="{box}", lp="{caption}", {look}]'
        yield "  " + self.blank(f"in_{name}", place._replace(w=_DOT, h=_DOT))
        yield "  }"

    def panel(self, panel: Panel) -> str:
        ink = self.palette.roles[panel.box.role]
        wide = panel.place.w - 2 * INSET
        rows = [_cell(self.spans([Span(panel.box.name, Style.NAME)], ink), wide, TITLE, "CENTER")]
        for part in panel.parts:
            rows += [
                "<HR/>",
                _cell("", wide, GAP),
                *self.rows(part, ink, wide),
                _cell("", wide, GAP),
            ]
        look = (
            f'shape=box, style="rounded,filled", penwidth=1.5, peripheries={1 + panel.box.final}'
            f', fillcolor="{ink.fill}", color="{ink.line}"'
        )
        return f"  {panel.box.name} [{look}, {self.at(panel.place)}, label=<{_table(rows)}>]"

    def text(self, text: Text) -> str:
        palette, wide = self.palette, text.place.w
        look = "fixedsize=false"
        if text.card is not None:
            look = f'shape=box, style="rounded", color="{palette.roles[text.card].line}"'
            wide -= 2 * INSET
        label = _table(self.rows(text.rows, Ink("", "", palette.text), wide))
        return f"  label_{text.name} [{look}, {self.at(text.place)}, label=<{label}>]"

    def route(self, route: Route, groups: Iterable[str]) -> str:
        tail = f"in_{route.tail}" if route.tail in groups else route.tail
        points, end, look = list(route.points), "", ", arrowhead=none"
        if route.arrow:
            end, look = f"e,{self.point(*points[-1])} ", ""
            points[-1] = _before(points[-2], points[-1], _ARROW)
        colour = self.palette.roles[route.to].line
        if route.heat is not None:
            colour = self.heat(route.heat)
            wide = 1.2 + 0.33 * max(0, route.heat)
            look += f", penwidth={wide:g}" + ', style="dashed"' * (route.heat < 0)
        elif route.heavy:
            look += ", penwidth=2"
        spline = " ".join(self.point(*point) for point in _curve(points))
        return f'  {tail} -> {route.head} [pos="{end}{spline}", color="{colour}"{look}]'

    def rows(self, rows: Iterable[Row], ink: Ink, wide: float) -> Iterator[str]:
        for row in rows:
            # Graphviz sets a row of one span lower than a row of two.
            more = (*row, Span(" ", Style.QUIET)) if len(row) == 1 else row
            yield _cell(self.spans(more, ink), wide, ROW if row else GAP)

    def spans(self, row: Iterable[Span], ink: Ink) -> str:
        out = ""
        for text, style in row:
            tag = _TAGS.get(style)
            size = NAME_SIZE if style is Style.NAME else SIZE
            colour = self.palette.quiet if style in {Style.QUIET, Style.HEAD} else ink.text
            colour = self.counts().get(style, colour)
            styled = f"<{tag}>{escape(text)}</{tag}>" if tag else escape(text)
            out += f'<FONT POINT-SIZE="{size:g}" COLOR="{colour}">{styled}</FONT>'
        return out


def _table(rows: Iterable[str]) -> str:
    look = 'BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"'
    return f"<TABLE {look}>{''.join(rows)}</TABLE>"


def _cell(text: str, wide: float, high: float, align: str = "LEFT") -> str:
    if not text:
        return f'<TR><TD FIXEDSIZE="TRUE" WIDTH="{wide:.0f}" HEIGHT="{high:g}"></TD></TR>'
    size = f'FIXEDSIZE="TRUE" WIDTH="{wide:.0f}" HEIGHT="{high:g}"'
    return f'<TR><TD ALIGN="{align}" {size}>{text}</TD></TR>'


def _before(start: Point, end: Point, by: float) -> Point:
    """The point ``by`` before ``end`` on the way from ``start``."""
    (x0, y0), (x1, y1) = start, end
    share = by / max(abs(x1 - x0), abs(y1 - y0))
    return x1 - (x1 - x0) * share, y1 - (y1 - y0) * share


def _curve(points: list[Point]) -> list[Point]:
    """The Bezier points of a line through ``points``, with round corners."""
    out = points[:1]
    for (a, corner), (_, b) in pairwise(pairwise(points)):
        out += [*_straight(out[-1], _before(a, corner, _BEND)), corner, corner]
        out.append(_before(b, corner, _BEND))
    return out + _straight(out[-1], points[-1])


def _straight(start: Point, end: Point) -> list[Point]:
    (x0, y0), (x1, y1) = start, end
    third, two = ((2 * x0 + x1) / 3, (2 * y0 + y1) / 3), ((x0 + 2 * x1) / 3, (y0 + 2 * y1) / 3)
    return [third, two, end]
