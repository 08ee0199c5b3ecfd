"""The machine as pictures and tables, all of it text and all made from what runs.

    drawing = model(TABLE)      # boxes and edges, with what is shared told once
    dot(drawing, DARK)          # a picture; openline_diagrams.svg makes SVG of it

The *model* decides what is drawn, *look* says how our chart is shown, *label* and
*layout* where text and boxes stand. Each maker is a function to text: ``dot``,
``mermaid``, ``markdown``, ``xstate``, ``scxml``; ``tables`` and ``contract`` tell what no
picture of states can. ``counted`` adds to a drawing how often each
transition fired. What one session did is told from its journal, as a sequence diagram:

    sequence_svg(sequence(journal), DARK)     # also sequence_mermaid, sequence_table
"""

from __future__ import annotations

from .contract import CONTRACTS, Contract, contract
from .coverage import counted, coverage_table
from .dot import dot
from .look import DARK, LIGHT, Palette
from .markdown import markdown
from .mermaid import mermaid
from .model import Drawing, model, rows
from .scxml import scxml
from .sequences import Sequence, sequence, sequence_mermaid, sequence_svg, sequence_table
from .tables import policy_table, timer_table, verdict_table
from .xstate import xstate

__all__ = [
    "CONTRACTS",
    "DARK",
    "LIGHT",
    "Contract",
    "Drawing",
    "Palette",
    "Sequence",
    "contract",
    "counted",
    "coverage_table",
    "dot",
    "markdown",
    "mermaid",
    "model",
    "policy_table",
    "rows",
    "scxml",
    "sequence",
    "sequence_mermaid",
    "sequence_svg",
    "sequence_table",
    "timer_table",
    "verdict_table",
    "xstate",
]
