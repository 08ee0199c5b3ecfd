"""Journals as sequence diagrams: Mermaid, SVG that needs no other program, and words.

``sequence`` says what a diagram is; ``steps`` and ``book`` make one of a journal in the
words of ``words``; ``layout`` places it; ``mermaid``, ``svg`` and ``table`` write it down.
"""

from __future__ import annotations

from openline_diagrams.sequences.mermaid import sequence_mermaid
from openline_diagrams.sequences.model import Sequence
from openline_diagrams.sequences.sequence import sequence
from openline_diagrams.sequences.svg import sequence_svg
from openline_diagrams.sequences.table import sequence_table

__all__ = ["Sequence", "sequence", "sequence_mermaid", "sequence_svg", "sequence_table"]
