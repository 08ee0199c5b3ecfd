"""Watches a session that lives, and adds what it does to a history.

The rows are a ``Recorder``'s. It is not shown the audio that arrives, so that live frames keep
their fast way (``Observer.wants_audio``): how far the watermarks moved stands in the next row.
``seen`` is called after each step. ``pour`` moves the new rows into the history; the server calls
it when it has time, and not at each step.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, ClassVar

import msgspec

from openline.commands import Outgoing
from openline.events import Event
from openline.snapshot import MachineOptions, Snapshot
from openline_inspect.history import History
from openline_inspect.recorder import Recorder

_encode = msgspec.json.Encoder().encode


class LiveRecorder(Recorder):
    """Makes the rows of a live session; ``seen()`` after each step. It must not raise."""

    __slots__ = ("_seen",)

    wants_audio: ClassVar[bool] = False

    def __init__(self, seen: Callable[[], object], *, text: bool = True) -> None:
        super().__init__(text=text, live=True)
        self._seen = seen

    def on_begin(self, options: MachineOptions, look: Callable[[], Snapshot]) -> None:
        """Note the head."""
        super().on_begin(options, look)
        self._seen()

    def on_done(self, event: Event, now: float) -> None:
        """Make the row of an event."""
        super().on_done(event, now)
        self._seen()

    def on_pull(self, outgoing: Outgoing | None, now: float) -> None:
        """Make the row of a message that goes out."""
        super().on_pull(outgoing, now)
        self._seen()

    def on_error(self, error: Exception, event: Event | None, now: float) -> None:
        """Make the row of a call that raised."""
        super().on_error(error, event, now)
        self._seen()

    def pour(self, history: History) -> None:
        """Move the rows and the newest story into ``history``."""
        elements = self.take()
        history.add(encoded(each) for each in elements if isinstance(each, list))
        stories = [each for each in elements if isinstance(each, dict)]
        if stories:
            history.tell(encoded(stories[-1]))


def encoded(element: Any) -> bytes:
    """An element as JSON on one line."""
    try:
        return _encode(element)
    except UnicodeEncodeError:  # half a surrogate pair, as in a file's name: JSON can escape it
        return json.dumps(element, separators=(",", ":")).encode("ascii")
