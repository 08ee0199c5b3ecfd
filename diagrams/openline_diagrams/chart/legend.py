"""The legend below a chart: what its colours and its letters mean.

The first row has a swatch for each colour that is drawn: the roles of the states, or, in a
drawing with counts, how often an edge was taken. The second row explains the letters.
"""

from __future__ import annotations

from math import ceil
from typing import Final

from openline_diagrams.chart.counts import HOTTEST, NEVER, UNKNOWN, brief
from openline_diagrams.chart.label import ROW, Row, Span, Style, height, quiet, width
from openline_diagrams.chart.model import Drawing
from openline_diagrams.chart.places import MARGIN, PAD, Place, Text
from openline_diagrams.theme import Role

#: What letters mean.
_NOTES: Final[tuple[Row, ...]] = (
    (Span("event", Style.EVENT), Span(" of a fact or a request", Style.QUIET)),
    (Span("event", Style.CLOCK), Span(" of a timer alone", Style.QUIET)),
    quiet("[guard] must hold; without one: in all other cases"),
    quiet("/ actions, in order"),
)


def legend(drawing: Drawing, y: float) -> tuple[list[tuple[Role | int, Place]], list[Text], int]:
    """The swatches, the texts beside them, and the height of a sheet that ends below them.

    ``y`` is where the legend begins, in the units of the layout.
    """
    swatches: list[tuple[Role | int, Place]] = []
    texts: list[Text] = []
    x = MARGIN
    for number, (key, meaning) in enumerate(_meanings(drawing)):
        swatches.append((key, Place(x, y + 3, 16, 10)))
        texts.append(_text(f"legend_colour_{number}", x + 22, y, quiet(meaning)))
        x += 22 + width(quiet(meaning)) + PAD
    x, y = MARGIN, y + 22
    for number, row in enumerate(_NOTES):
        texts.append(_text(f"legend_{number}", x, y, row))
        x += width(row) + 2 * PAD
    return swatches, texts, ceil(y + ROW + MARGIN)


def _text(name: str, x: float, y: float, row: Row) -> Text:
    return Text(name, Place(x, y, width(row), height([row])), (row,))


def _meanings(drawing: Drawing) -> list[tuple[Role | int, str]]:
    """What each colour means: a role, or how often an edge was taken."""
    if not drawing.heated:
        shown = {box.role for box in drawing.boxes.values()}
        return [(role, role.value) for role in Role if role in shown]
    seen = {edge.heat for edge in drawing.edges}
    words = {UNKNOWN: "uncounted", NEVER: "never"}
    words |= {power: f"from {brief(10**power)}" for power in range(HOTTEST + 1)}
    return [(heat, words[heat]) for heat in sorted(h for h in seen if h is not None)]
