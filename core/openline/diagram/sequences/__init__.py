"""Journals as sequence diagrams: Mermaid, SVG that needs no other program, and words.

``sequence`` says what a diagram is; ``steps`` and ``book`` make one of a journal in the
words of ``words``; ``layout`` places it; ``mermaid``, ``svg`` and ``table`` write it down.
"""

from __future__ import annotations

from openline.diagram.sequences.mermaid import sequence_mermaid
from openline.diagram.sequences.model import Sequence
from openline.diagram.sequences.sequence import sequence
from openline.diagram.sequences.svg import sequence_svg
from openline.diagram.sequences.table import sequence_table

__all__ = ["Sequence", "sequence", "sequence_mermaid", "sequence_svg", "sequence_table"]
