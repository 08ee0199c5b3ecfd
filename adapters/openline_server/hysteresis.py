"""When the server reports the state of a queue to its client: a ladder with hysteresis.

A queue that fills is reported as it climbs: ``buffering`` from 0.85, ``overloaded`` above
0.95. It is reported again only after it was below 0.70, where the client receives
``streaming``; the same mark re-arms the report of dropped audio. Without that gap, a
queue that hovers at a threshold would cause a message for every frame.
"""

from __future__ import annotations

from typing import Final

#: A degraded source is reported again only after its queue was below this.
_REARM_FILL: Final = 0.70
_BUFFERING_FILL: Final = 0.85
_OVERLOADED_FILL: Final = 0.95


class Ladder:
    """The reported state of one source's queue, so that each state is reported once."""

    def __init__(self) -> None:
        """The state is ``streaming``."""
        self._level = 0
        self._dropping = False

    def step(self, fill: float) -> str | None:
        """The state to report now: up at once, back to ``streaming`` below 0.70."""
        if fill < _REARM_FILL:
            fell, self._level, self._dropping = self._level > 0, 0, False
            return "streaming" if fell else None
        level = 2 if fill > _OVERLOADED_FILL else 1 if fill >= _BUFFERING_FILL else 0
        if level <= self._level:
            return None
        self._level = level
        return ("buffering", "overloaded")[level - 1]

    def drops(self) -> bool:
        """Audio was dropped; whether to report it."""
        news, self._dropping = not self._dropping, True
        return news
