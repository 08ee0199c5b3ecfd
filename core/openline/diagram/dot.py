"""The drawing in Graphviz's language, every place fixed: any Graphviz draws the same.

``layout=nop2`` tells Graphviz that all places are known, so it only draws.
"""

from __future__ import annotations

from html import escape
from typing import Final

from .label import GAP, NAME_SIZE, ROW, SIZE, Row, Span, Style, width
from .layout import PAD, TITLE, WIDTH, Frame, Layout, Panel, Place, Route, Text, layout
from .look import LIGHT, Ink, Palette
from .model import Drawing

_FONT: Final = "Arial"
_ARROW: Final = 8.0
_BEND: Final = 12.0


def dot(drawing: Drawing, palette: Palette = LIGHT) -> str:
    """DOT of ``drawing``, in ``palette``. Raises ValueError as ``layout`` does."""
    return "\n".join(_Writer(layout(drawing), drawing, palette).lines()) + "\n"


class _Writer:
    def __init__(self, sheet: Layout, drawing: Drawing, palette: Palette) -> None:
        self.sheet, self.drawing, self.palette = sheet, drawing, palette

    def lines(self) -> list[str]:
        colours, sheet = self.palette, self.sheet
        out = [
            "digraph openline {",
            f'  graph [layout=nop2, splines=true, pad=0, bgcolor="{colours.ground}", '
            f'bb="0,0,{WIDTH:g},{sheet.height:g}", fontname="{_FONT}"]',
            f'  node [fontname="{_FONT}", fontsize={SIZE:g}, fontcolor="{colours.text}", '
            "fixedsize=true, shape=plain]",
            f"  edge [penwidth=1.3, arrowsize={_ARROW / 10:g}]",
        ]
        for name in self.drawing.groups:
            out += self._frame(name, sheet.frames[name])
        out.append("  // the states")
        out += [self._panel(panel) for panel in sheet.panels.values()]
        out.append("  // the labels")
        out += [self._text(text) for text in sheet.texts]
        out.append("  // the edges")
        start = sheet.routes[0].points[0]
        out.append(
            f'  start [shape=circle, label="", style=filled, fillcolor="{colours.text}", '
            f'color="{colours.text}", {self._at(Place(start[0] - 5, start[1] - 5, 10, 10))}]'
        )
        out += [self._route(route) for route in sheet.routes]
        out.append("  // the legend")
        for role, place in sheet.swatches:
            ink = colours.roles[role]
            out.append(
                f'  swatch_{role.name} [shape=box, style="rounded,filled", label="", '
                f'fillcolor="{ink.fill}", color="{ink.line}", {self._at(place)}]'
            )
        # Two corners without ink keep the sheet's size, whatever stands on it.
        corners = (Place(0, 0, 0, 0), Place(WIDTH, sheet.height, 0, 0))
        for number, place in enumerate(corners):
            out.append(f"  corner_{number} [shape=point, style=invis, {self._at(place)}]")
        return [*out, "}"]

    def _at(self, place: Place) -> str:
        x, y = self._point((place.x + place.w / 2, place.y + place.h / 2))
        return f'pos="{x},{y}", width={place.w / 72:.4g}, height={place.h / 72:.4g}'

    def _point(self, point: tuple[float, float]) -> tuple[str, str]:
        return f"{point[0]:.5g}", f"{self.sheet.height - point[1]:.6g}"

    def _frame(self, name: str, frame: Frame) -> list[str]:
        place = frame.place
        left, bottom = self._point((place.x, place.bottom))
        right, top = self._point((place.right, place.y))
        half = width((Span(name, Style.HEAD),)) / 2
        x, y = self._point((frame.caption + half, place.y + 10))
        quiet = self.palette.quiet
        return [
            f"  subgraph cluster_{name} {{",
            f'    graph [bb="{left},{bottom},{right},{top}", lp="{x},{y}", '
            f'style="rounded,dashed", color="{self.palette.frame}", fontname="{_FONT}", '
            f'fontsize={SIZE:g}, fontcolor="{quiet}", label=<<I>{name}</I>>]',
            f"    in_{name} [shape=point, style=invis, {self._at(place._replace(w=1, h=1))}]",
            "  }",
        ]

    def _panel(self, panel: Panel) -> str:
        ink = self.palette.roles[panel.box.role]
        wide = panel.place.w - 2 * PAD
        name = (Span(panel.box.name, Style.NAME),)
        rows = [_table_row(name, ink, self.palette, wide, TITLE, "CENTER")]
        for part in panel.parts:
            rows.append("<HR/>" + _gap(wide))
            rows += [_table_row(row, ink, self.palette, wide) for row in part]
            rows.append(_gap(wide))
        ends = 2 if panel.box.final else 1
        return (
            f'  {panel.box.name} [shape=box, style="rounded,filled", penwidth=1.5, '
            f'fillcolor="{ink.fill}", color="{ink.line}", peripheries={ends}, '
            f"{self._at(panel.place)}, label=<{_table(rows)}>]"
        )

    def _text(self, text: Text) -> str:
        palette, place = self.palette, text.place
        ink = Ink(palette.ground, palette.line, palette.text)
        look, wide = "fixedsize=false, ", place.w
        if text.card is not None:
            line = palette.roles[text.card].line
            look = f'shape=box, style="rounded", color="{line}", '
            wide -= 2 * PAD
        rows = [_table_row(row, ink, palette, wide) for row in text.rows]
        return f"  label_{text.name} [{look}{self._at(place)}, label=<{_table(rows)}>]"

    def _route(self, route: Route) -> str:
        tail = f"in_{route.tail}" if route.tail in self.sheet.frames else route.tail
        colour = self.palette.roles[route.to].line
        end = route.points[-1]
        points = list(route.points)
        before = ""
        if route.arrow:
            before = "e,{},{} ".format(*self._point(end))
            points[-1] = _short_of(points[-2], end, _ARROW)
        spline = " ".join(",".join(self._point(point)) for point in _curve(points))
        look = "" if route.arrow else ", arrowhead=none"
        look += ", penwidth=2" if route.heavy else ""
        return f'  {tail} -> {route.head} [pos="{before}{spline}", color="{colour}"{look}]'


def _table(rows: list[str]) -> str:
    look = 'BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"'
    return f"<TABLE {look}>{''.join(rows)}</TABLE>"


def _gap(wide: float) -> str:
    return f'<TR><TD FIXEDSIZE="TRUE" WIDTH="{wide:.0f}" HEIGHT="{GAP:g}"></TD></TR>'


def _table_row(
    row: Row, ink: Ink, palette: Palette, wide: float, high: float = ROW, align: str = "LEFT"
) -> str:
    if not row:
        return _gap(wide)
    if len(row) == 1:  # Graphviz sets a row of one span lower than others
        row = (*row, Span(" ", Style.QUIET))
    text = "".join(_html(span, ink, palette) for span in row)
    size = f'FIXEDSIZE="TRUE" WIDTH="{wide:.0f}" HEIGHT="{high:g}"'
    return f'<TR><TD ALIGN="{align}" {size}>{text}</TD></TR>'


def _html(span: Span, ink: Ink, palette: Palette) -> str:
    size = NAME_SIZE if span.style is Style.NAME else SIZE
    plain = span.style in {Style.QUIET, Style.HEAD}
    text = escape(span.text)
    if span.style in {Style.NAME, Style.EVENT}:
        text = f"<B>{text}</B>"
    elif span.style in {Style.CLOCK, Style.HEAD}:
        text = f"<I>{text}</I>"
    return (
        f'<FONT POINT-SIZE="{size:g}" COLOR="{palette.quiet if plain else ink.text}">{text}</FONT>'
    )


def _short_of(
    start: tuple[float, float], end: tuple[float, float], by: float
) -> tuple[float, float]:
    """A point before ``end`` on the way from ``start``; ways run straight or across."""
    (x0, y0), (x1, y1) = start, end
    far = max(abs(x1 - x0), abs(y1 - y0))
    return x1 - (x1 - x0) * by / far, y1 - (y1 - y0) * by / far


def _curve(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Bezier points of a line through ``points`` with round corners."""
    out = [points[0]]
    here = points[0]
    for corner, after in zip(points[1:-1], points[2:], strict=True):
        near = _short_of(here, corner, _BEND)
        far = _short_of(after, corner, _BEND)
        out += [*_straight(out[-1], near), corner, corner, far]
        here = corner
    return [*out, *_straight(out[-1], points[-1])]


def _straight(start: tuple[float, float], end: tuple[float, float]) -> list[tuple[float, float]]:
    (x0, y0), (x1, y1) = start, end
    third = ((2 * x0 + x1) / 3, (2 * y0 + y1) / 3)
    return [third, ((x0 + 2 * x1) / 3, (y0 + 2 * y1) / 3), end]
