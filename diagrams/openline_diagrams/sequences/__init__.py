"""Journals as sequence diagrams: Mermaid, SVG that needs no other program, and words.

``sequence`` is the entry; ``steps`` and ``collapse`` turn a journal into items, with the
labels of ``words``; ``layout`` places them; ``mermaid``, ``svg`` and ``table`` write them.
"""

from __future__ import annotations

from openline_diagrams.sequences.mermaid import sequence_mermaid
from openline_diagrams.sequences.model import Sequence
from openline_diagrams.sequences.sequence import sequence
from openline_diagrams.sequences.svg import sequence_svg
from openline_diagrams.sequences.table import sequence_table

__all__ = ["Sequence", "sequence", "sequence_mermaid", "sequence_svg", "sequence_table"]
