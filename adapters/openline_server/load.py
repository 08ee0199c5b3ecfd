"""How full a session's queues are, as its client is told: ladders, drops and figures.

Each source has a ladder of its own; the counts of dropped items are the connection's, over
both sources, as the contract counts them. Everything here makes messages and sends none.
"""

from __future__ import annotations

import time

from openline_server import contract
from openline_server.audioqueue import Dropped
from openline_server.contract import JsonObject, Source
from openline_server.hysteresis import Ladder
from openline_server.listener import Listener
from openline_server.recognizer import Recognizer


class Load:
    """The load of one connection."""

    def __init__(self) -> None:
        """Nothing is queued, and nothing was dropped."""
        self._ladders: dict[Source, Ladder] = {}
        self._dropped_total = self._dropped_recent = 0

    def states(
        self, listener: Listener, fill: float, dropped: Dropped | None = None
    ) -> list[JsonObject]:
        """The ``status`` messages that are due at this ``fill``, after this drop."""
        ladder = self._ladders.setdefault(listener.source, Ladder())
        backlog = round(listener.queue.seconds, 3)
        where: JsonObject = {"source": listener.source, "backlog_seconds": backlog}
        messages: list[JsonObject] = []
        state = ladder.step(fill)
        if state is not None:
            text = contract.STREAMING_TEXT if state == "streaming" else f"Audio is {state}"
            messages.append(contract.status(state, text, **where))
        if dropped is not None:
            self._dropped_total += dropped.items
            self._dropped_recent += dropped.items
            if ladder.drops():
                lost: JsonObject = {
                    "dropped_frames": dropped.items,
                    "dropped_seconds": round(dropped.seconds, 3),
                }
                text = "The server cannot keep up; audio was dropped"
                messages.append(contract.status("backpressure", text, **lost, **where))
        return messages

    def metrics(self, listener: Listener, recognizer: Recognizer) -> JsonObject:
        """The ``metrics`` message of a source."""
        recent, self._dropped_recent = self._dropped_recent, 0
        return {
            "type": "metrics",
            **listener.metrics(),
            "dropped_total": self._dropped_total,
            "dropped_recent": recent,
            "provider": recognizer.name,
            "provider_health": "ok" if recognizer.available else "unavailable",
            "timestamp": time.time(),
        }
