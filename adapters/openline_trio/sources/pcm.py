"""``openline_audio.pcm`` on trio."""

from __future__ import annotations

from openline_audio import pcm
from openline_trio.sources.pace import TRIO


class PcmSource(pcm.PcmSource):  # noqa: D101  # has its base's
    __doc__ = pcm.PcmSource.__doc__
    _runtime = TRIO
