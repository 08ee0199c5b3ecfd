"""Pictures of the machine, for people's documents: the core's text made SVG.

It needs the extra ``diagrams`` and nothing of trio.
"""

from __future__ import annotations

from .render import DrawingError, svg

__all__ = ["DrawingError", "svg"]
