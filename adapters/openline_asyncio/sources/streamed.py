"""``openline_audio.streamed`` on asyncio."""

from __future__ import annotations

from openline_asyncio.sources.runtime import ASYNCIO
from openline_audio import streamed


class StreamSource(streamed.StreamSource):  # noqa: D101  # has its base's
    __doc__ = streamed.StreamSource.__doc__
    _runtime = ASYNCIO
