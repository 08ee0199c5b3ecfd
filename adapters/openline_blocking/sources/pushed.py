"""``openline_audio.pushed`` without an event loop."""

from __future__ import annotations

from openline_audio import pushed
from openline_blocking.sources.handover import Handover


class PushSource(pushed.PushSource):  # noqa: D101  # has its base's
    __doc__ = pushed.PushSource.__doc__
    _handovers = Handover
    #: Under the name that other faces give what waits.
    drain = pushed.PushSource.drain_from_thread
