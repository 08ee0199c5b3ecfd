"""Speech to text for Pipecat, from any backend: an ``STTService`` whose other side is a session.

Install the extra ``pipecat``.
"""

from __future__ import annotations

from openline_pipecat.service import OpenlineSTTService

__all__ = ["OpenlineSTTService"]
