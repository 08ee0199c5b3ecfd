"""``openline_audio.microphone`` on trio."""

from __future__ import annotations

from openline_audio import microphone
from openline_trio.sources.handover import Handover
from openline_trio.sources.pace import TRIO


class Microphone(microphone.Microphone):  # noqa: D101  # has its base's
    __doc__ = microphone.Microphone.__doc__
    _runtime = TRIO
    _handovers = Handover


class SystemAudio(microphone.SystemAudio):  # noqa: D101  # has its base's
    __doc__ = microphone.SystemAudio.__doc__
    _runtime = TRIO
    _handovers = Handover
