"""Pictures of the machine, for people's documents: the core's text made SVG.

It needs the extra ``diagrams`` and nothing of trio. ``openline_diagrams.sphinx`` is an
extension for Sphinx, which embeds the same in a site (extra ``sphinx``).
"""

from __future__ import annotations

from openline_diagrams.render import DrawingError, png, svg

__all__ = ["DrawingError", "png", "svg"]
