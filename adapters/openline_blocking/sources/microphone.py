"""``openline_audio.microphone`` without an event loop: a driver may hang, so a thread calls it."""

from __future__ import annotations

from openline_audio import microphone
from openline_blocking.sources.handover import Handover
from openline_blocking.sources.runtime import THREADED


class Microphone(microphone.Microphone):  # noqa: D101  # has its base's
    __doc__ = microphone.Microphone.__doc__
    _runtime = THREADED
    _handovers = Handover


class SystemAudio(microphone.SystemAudio):  # noqa: D101  # has its base's
    __doc__ = microphone.SystemAudio.__doc__
    _runtime = THREADED
    _handovers = Handover
