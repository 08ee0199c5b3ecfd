"""``openline_audio.streamed`` on asyncio."""

from __future__ import annotations

import asyncio

from openline_asyncio.sources.runtime import ASYNCIO
from openline_asyncio.workers import is_cancelled
from openline_audio import streamed
from openline_audio.source import Sink


class StreamSource(streamed.StreamSource):  # noqa: D101  # has its base's
    __doc__ = streamed.StreamSource.__doc__
    _runtime = ASYNCIO

    async def run(self, sink: Sink) -> None:  # noqa: D102  # has its base's
        try:
            await super().run(sink)
        except asyncio.CancelledError:
            if not is_cancelled():  # something that the iterable awaits was
                await self._finish(sink)
            raise
