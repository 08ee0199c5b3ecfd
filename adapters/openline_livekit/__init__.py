"""Speech to text for LiveKit agents, from any backend: an ``stt.STT`` whose streams are sessions.

Install the extra ``livekit``.
"""

from __future__ import annotations

from openline_livekit.streams import STT, SpeechStream

__all__ = ["STT", "SpeechStream"]
