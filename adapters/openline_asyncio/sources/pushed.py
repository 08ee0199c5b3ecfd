"""``openline_audio.pushed`` on asyncio."""

from __future__ import annotations

import asyncio
from functools import partial

from openline_asyncio.sources.handover import Handover
from openline_asyncio.workers import in_loop
from openline_audio import pushed


class PushSource(pushed.PushSource):  # noqa: D101  # has its base's
    __doc__ = pushed.PushSource.__doc__
    _handovers = Handover

    async def drain(self) -> None:
        """Wait until the session has room for more.

        It has room once it has taken all audio sent before, and holds at most as much as it would
        read ahead of a file. Returns also once the source is closed: the next ``send`` raises.
        """
        reached = asyncio.Event()
        with self._marked(partial(in_loop, asyncio.get_running_loop(), reached.set)):
            await reached.wait()
