"""``openline_audio.pcm`` without an event loop: a pipe may bring what a library waits for."""

from __future__ import annotations

from openline_audio import pcm
from openline_blocking.sources.runtime import THREADED


class PcmSource(pcm.PcmSource):  # noqa: D101  # has its base's
    __doc__ = pcm.PcmSource.__doc__
    _runtime = THREADED
