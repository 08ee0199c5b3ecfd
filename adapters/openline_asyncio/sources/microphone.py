"""``openline_audio.microphone`` on asyncio."""

from __future__ import annotations

from openline_asyncio.sources.handover import Handover
from openline_asyncio.sources.runtime import ASYNCIO
from openline_audio import microphone


class Microphone(microphone.Microphone):  # noqa: D101  # has its base's
    __doc__ = microphone.Microphone.__doc__
    _runtime = ASYNCIO
    _handovers = Handover


class SystemAudio(microphone.SystemAudio):  # noqa: D101  # has its base's
    __doc__ = microphone.SystemAudio.__doc__
    _runtime = ASYNCIO
    _handovers = Handover
