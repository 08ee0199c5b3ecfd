"""The chart as SVG that a script can light: each state and each edge says which one it is.

It has the places of ``openline_diagrams.chart.layout``, which makes ``diagrams/chart.svg`` too, and
needs no Graphviz. Two drawings are made of one model:

- the *map*: boxes and lines alone, narrow enough to stand beside other things;
- the *chart*: with every event, guard, action and timer.

Colours are classes (``role-live``, ``quiet``), for the page has a light and a dark palette.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from itertools import pairwise
from typing import Any, Final

from openline.machine.table import Table
from openline_diagrams.chart.label import GAP, ROW, Row, Style
from openline_diagrams.chart.layout import layout
from openline_diagrams.chart.model import Box, Drawing, Edge, model, rows
from openline_diagrams.chart.places import INSET, TITLE, WIDTH, Layout, Panel, Place, Route, Text
from openline_diagrams.theme import DARK, LIGHT, Palette, Role

#: How much narrower the map is than the chart.
NARROW: Final = 0.5
_BEND: Final = 10.0
_ARROW: Final = 7.0
_BASE: Final = 12.0  # from the top of a row to its letters' feet
_MARGIN: Final = 12.0
Point = tuple[float, float]


def tables(table: Table) -> dict[str, Any]:
    """What the script needs to know of the chart: its edges, and where each transition is drawn.

    ``edges``: (tail, head) of each. ``rows``: name, source, event, guard, actions, target (empty:
    it is internal), and the number of its edge (-1: none).
    """
    drawing = model(table)
    where: dict[tuple[str, str, str, tuple[str, ...], str], int] = {}
    for number, edge in enumerate(drawing.edges):
        for line in edge.lines:
            for source in line.sources:
                for event in line.events:
                    where[source, event, line.guard, line.actions, edge.head] = number
    found: list[list[Any]] = []
    for row in rows(table):
        target = row.target or ""
        key = row.source, row.event, row.guard_name, row.on_names, target
        actions = [*row.exit_names, *row.on_names, *row.enter_names]
        found.append(
            [row.name, row.source, row.event, row.guard_name, actions, target, where.get(key, -1)]
        )
    return {"edges": [[edge.tail, edge.head] for edge in drawing.edges], "rows": found}


def chart_map(table: Table) -> str:
    """The map: an SVG element. Its states have ``data-state``, its edges ``data-edge``."""
    full = model(table)
    boxes = {name: _bare(box) for name, box in full.boxes.items()}
    edges = tuple(Edge(edge.tail, edge.head, ()) for edge in full.edges)
    return _Pen(full._replace(boxes=boxes, edges=edges), NARROW).svg("map")


def whole_chart(table: Table) -> str:
    """The chart with all that stands in it: an SVG element like that of the map."""
    return _Pen(model(table), 1.0).svg("chart")


def colours() -> str:
    """The colours of both palettes, as rules of CSS."""
    dark = "".join(_variables(DARK))
    light = "".join(_variables(LIGHT))
    return (
        f":root{{{light}}}\n"
        f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}\n"
        f":root[data-theme=dark]{{{dark}}}\n"
    )


def _variables(palette: Palette) -> Iterator[str]:
    for role, ink in palette.roles.items():
        name = role.name.lower()
        yield f"--{name}-fill:{ink.fill};--{name}-line:{ink.line};--{name}-text:{ink.text};"
    for power, colour in enumerate(palette.heat):
        yield f"--heat-{power}:{colour};"
    yield f"--chart-ground:{palette.ground};--chart-frame:{palette.frame};"
    yield f"--chart-quiet:{palette.quiet};--chart-ink:{palette.text};"


def _bare(box: Box) -> Box:
    return box._replace(enter=(), leave=(), inside=(), timers=())


class _Pen:
    """Draws one layout; ``narrow`` is the factor of its width."""

    def __init__(self, drawing: Drawing, narrow: float) -> None:
        self._drawing, self._narrow = drawing, narrow
        self._sheet: Layout = layout(drawing)
        self._edges = {(edge.tail, edge.head): at for at, edge in enumerate(drawing.edges)}

    def svg(self, name: str) -> str:
        """All of it."""
        sheet = self._sheet
        bottom = max(panel.place.bottom for panel in sheet.panels.values())
        high = bottom + _MARGIN
        wide = WIDTH * self._narrow
        label = "The states of a session, and every way from one to another"
        box = f'viewBox="0 0 {wide:.0f} {high:.0f}"'
        parts = [
            f'<svg class="drawing" id="{name}" {box} role="img" aria-label="{label}">',
            *(self._frame(each, frame.place) for each, frame in sheet.frames.items()),
            *(self._route(route) for route in sheet.routes),
            *(self._text(text) for text in sheet.texts if not text.name.startswith("legend")),
            *(self._panel(panel) for panel in sheet.panels.values()),
            "</svg>",
        ]
        return "\n".join(parts)

    def _x(self, x: float) -> str:
        return f"{x * self._narrow:.5g}"

    def _rect(self, place: Place, more: str = "") -> str:
        return (
            f'<rect x="{self._x(place.x)}" y="{place.y:.5g}" width="{self._x(place.w)}"'
            f' height="{place.h:.5g}" rx="8"{more}/>'
        )

    def _frame(self, name: str, place: Place) -> str:
        caption = self._sheet.frames[name].caption
        text = f'<text x="{self._x(caption)}" y="{place.y + 15:.5g}">{escape(name)}</text>'
        return f'<g class="frame">{self._rect(place)}{text}</g>'

    def _panel(self, panel: Panel) -> str:
        box, place = panel.box, panel.place
        parts = [f'<g class="state role-{box.role.name.lower()}" data-state="{box.name}">']
        if box.final:
            ring = Place(place.x - 4, place.y - 4, place.w + 8, place.h + 8)
            parts.append(self._rect(ring, ' class="ring"'))
        parts.append(self._rect(place))
        middle = self._x(place.x + place.w / 2)
        parts.append(f'<text class="name" x="{middle}" y="{place.y + 17:.5g}">{box.name}</text>')
        y = place.y + TITLE
        for rows_here in panel.parts:
            across = f'x1="{self._x(place.x)}" x2="{self._x(place.right)}"'
            parts.append(f'<line {across} y1="{y:.5g}" y2="{y:.5g}"/>')
            y += 1 + GAP
            parts += self._rows(rows_here, place.x + INSET, y)
            y += sum(ROW if row else GAP for row in rows_here) + GAP
        right = self._x(place.right)
        parts.append(f'<text class="count" x="{right}" y="{place.y - 4:.5g}"></text></g>')
        return "".join(parts)

    def _rows(self, some: Iterable[Row], x: float, y: float) -> Iterator[str]:
        for row in some:
            if row:
                spans = "".join(
                    f'<tspan class="{span.style.name.lower()}">{escape(span.text)}</tspan>'
                    for span in row
                )
                place = f'x="{self._x(x)}" y="{y + _BASE:.5g}"'
                yield f'<text class="row" xml:space="preserve" {place}>{spans}</text>'
            y += ROW if row else GAP

    def _text(self, text: Text) -> str:
        place = text.place
        if text.card is None:
            return "".join(self._rows(text.rows, place.x, place.y))
        tail, _, head = text.name.partition("_")
        number = self._edges[tail, head]
        rows_here = "".join(self._rows(text.rows, place.x + INSET, place.y + INSET))
        label = "" if text.rows else f"from {tail}"
        if text.rows:  # the count stands above the card, else in its middle
            count = f'class="count above" x="{self._x(place.right)}" y="{place.y - 4:.5g}"'
        else:
            middle = self._x(place.x + place.w / 2)
            count = f'class="count" x="{middle}" y="{place.middle + 4:.5g}"'
        return (
            f'<g class="card role-{text.card.name.lower()}" data-edge="{number}">'
            f"{self._rect(place)}{rows_here}"
            f'<text {count} data-label="{label}">{label}</text></g>'
        )

    def _route(self, route: Route) -> str:
        points = [(x * self._narrow, y) for x, y in route.points]
        role = route.to.name.lower()
        path = f'<path d="{_way(points)}"/>'
        head = _head(points[-2], points[-1]) if route.arrow else ""
        if route.tail == "start":
            x, y = points[0]
            return (
                f'<g class="edge role-{Role.REST.name.lower()}">'
                f'<circle cx="{x:.5g}" cy="{y:.5g}" r="4"/>{path}{head}</g>'
            )
        number = self._edges[route.tail, route.head]
        heavy = " heavy" if route.heavy else ""
        return f'<g class="edge role-{role}{heavy}" data-edge="{number}">{path}{head}</g>'


def _way(points: list[Point]) -> str:
    """A line through ``points``, with round corners."""
    out = [f"M{points[0][0]:.5g} {points[0][1]:.5g}"]
    for (a, corner), (_, b) in pairwise(pairwise(points)):
        start, end = _near(corner, a), _near(corner, b)
        out.append(
            f"L{start[0]:.5g} {start[1]:.5g}"
            f"Q{corner[0]:.5g} {corner[1]:.5g} {end[0]:.5g} {end[1]:.5g}"
        )
    out.append(f"L{points[-1][0]:.5g} {points[-1][1]:.5g}")
    return "".join(out)


def _near(corner: Point, other: Point) -> Point:
    """The point on the way from ``corner`` to ``other`` where its curve ends."""
    (x0, y0), (x1, y1) = corner, other
    far = max(abs(x1 - x0), abs(y1 - y0)) or 1.0
    share = min(_BEND, far / 2) / far
    return x0 + (x1 - x0) * share, y0 + (y1 - y0) * share


def _head(before: Point, end: Point) -> str:
    (x0, y0), (x, y) = before, end
    if abs(x - x0) > abs(y - y0):
        back = x - _ARROW if x > x0 else x + _ARROW
        corners = ((x, y), (back, y - 4), (back, y + 4))
    else:
        back = y - _ARROW if y > y0 else y + _ARROW
        corners = ((x, y), (x - 4, back), (x + 4, back))
    return f'<polygon points="{" ".join(f"{a:.5g},{b:.5g}" for a, b in corners)}"/>'


#: Styles of a row's text, for the page's CSS.
STYLES: Final = tuple(style.name.lower() for style in Style)
