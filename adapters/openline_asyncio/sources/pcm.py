"""``openline_audio.pcm`` on asyncio."""

from __future__ import annotations

from openline_asyncio.sources.runtime import ASYNCIO
from openline_audio import pcm


class PcmSource(pcm.PcmSource):  # noqa: D101  # has its base's
    __doc__ = pcm.PcmSource.__doc__
    _runtime = ASYNCIO
