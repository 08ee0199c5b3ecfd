"""The machine as pictures and tables, all of it text, and all made from the code that runs.

    drawing = model(TABLE)      # boxes and edges; shared transitions are drawn once
    dot(drawing, DARK)          # a picture; openline_diagrams.svg makes SVG of it

The *model* decides what is drawn, *look* says how our chart is shown, *label* and
*layout* where text and boxes stand. Each maker is a function to text: ``dot``,
``mermaid``, ``markdown``, ``xstate``, ``scxml``; ``tables`` and ``contract`` tell what no
picture of states can. ``counted`` adds to a drawing how often each transition fired.
What one session did is told from its journal, as a sequence diagram:

    sequence_svg(sequence(journal), DARK)     # also sequence_mermaid, sequence_table
"""

from __future__ import annotations

from openline_diagrams.chart.counts import counted
from openline_diagrams.chart.dot import dot
from openline_diagrams.chart.mermaid import mermaid
from openline_diagrams.chart.model import Drawing, model, rows
from openline_diagrams.chart.scxml import scxml
from openline_diagrams.chart.xstate import xstate
from openline_diagrams.contract import CONTRACTS, Contract, contract
from openline_diagrams.markdown import markdown
from openline_diagrams.render import DrawingError, png, svg
from openline_diagrams.sequences import (
    Sequence,
    sequence,
    sequence_mermaid,
    sequence_svg,
    sequence_table,
)
from openline_diagrams.tables import policy_table, timer_table, verdict_table
from openline_diagrams.theme import DARK, LIGHT, Palette

__all__ = [
    "CONTRACTS",
    "DARK",
    "LIGHT",
    "Contract",
    "Drawing",
    "DrawingError",
    "Palette",
    "Sequence",
    "contract",
    "counted",
    "dot",
    "markdown",
    "mermaid",
    "model",
    "png",
    "policy_table",
    "rows",
    "scxml",
    "sequence",
    "sequence_mermaid",
    "sequence_svg",
    "sequence_table",
    "svg",
    "timer_table",
    "verdict_table",
    "xstate",
]
