"""Journals as sequence diagrams: Mermaid, and SVG that needs no other program.

``sequence`` says what a diagram is; ``steps`` and ``book`` make one of a journal in the
words of ``words``; ``layout`` places it and ``mermaid`` and ``svg`` write it down.
"""

from __future__ import annotations

from .mermaid import sequence_mermaid
from .model import Sequence
from .sequence import sequence
from .svg import sequence_svg

__all__ = ["Sequence", "sequence", "sequence_mermaid", "sequence_svg"]
