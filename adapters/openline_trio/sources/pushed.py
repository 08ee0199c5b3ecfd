"""``openline_audio.pushed`` on trio."""

from __future__ import annotations

from contextlib import suppress

import trio

from openline_audio import pushed
from openline_trio.sources.handover import Handover


class PushSource(pushed.PushSource):  # noqa: D101  # has its base's
    __doc__ = pushed.PushSource.__doc__
    _handovers = Handover

    async def drain(self) -> None:
        """Wait until the session has room for more.

        It has room once it has taken all audio sent before, and holds at most as much as it would
        read ahead of a file. Returns also once the source is closed: the next ``send`` raises.
        """
        token, reached = trio.lowlevel.current_trio_token(), trio.Event()

        def tell() -> None:
            with suppress(trio.RunFinishedError):
                token.run_sync_soon(reached.set)

        with self._marked(tell):
            await reached.wait()
