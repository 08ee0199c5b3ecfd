"""``openline_audio.pushed`` on asyncio."""

from __future__ import annotations

from openline_asyncio.sources.handover import Handover
from openline_audio import pushed


class PushSource(pushed.PushSource):  # noqa: D101  # has its base's
    __doc__ = pushed.PushSource.__doc__
    _handovers = Handover
