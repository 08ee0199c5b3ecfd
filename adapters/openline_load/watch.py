"""The observer that tells a call what its session does, on any face.

It sees each event as it happens, and not when a task gets round to reading an update.
"""

from __future__ import annotations

from openline.commands import Outgoing, SendPing
from openline.events import Event, SocketOpened
from openline.observer import Observer
from openline.updates import State, StateChanged, Update
from openline_load.figures import Call


class Watch(Observer):
    """Tells a call what its session does."""

    __slots__ = ("_call", "_opening")

    def __init__(self, call: Call) -> None:
        self._call = call
        self._opening = False  # a start may go out

    def on_event(self, event: Event, now: float) -> None:
        """A socket may have opened."""
        if type(event) is SocketOpened:
            self._call.opened(now)

    def on_update(self, update: Update, now: float) -> None:
        """A change, words, a gap, the end."""
        if type(update) is StateChanged:
            self._opening = update.state is State.AWAITING_ACK
        self._call.update(update, now)

    def on_pull(self, outgoing: Outgoing | None, now: float) -> None:
        """The start message is the first that goes out before the ack."""
        if self._opening and outgoing is not None and type(outgoing) is not SendPing:
            self._opening = False
            self._call.asked(now)
