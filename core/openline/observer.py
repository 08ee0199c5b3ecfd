"""Watching a session from outside: the one way to see what its machine does.

An observer is called while the machine works, in the order in which things happen:

    on_event        an event arrives, before anything is made of it
    on_transition   a transition of the chart has run; a timer that was due may be why
    on_command      a command comes out, ``Report`` included
    on_update       an update goes to the app (the same moment as its ``Report``)
    on_pull         the sender asked for the next message
    on_error        a call raised: nothing has changed

An observer must not raise, must not call the machine, and costs nothing where there is
none. Journals, logs, metrics, drawings and the test kit are observers.
"""

from __future__ import annotations

from openline.commands import Command, Outgoing
from openline.events import Event
from openline.machine.table import Transition
from openline.updates import Update


class Observer:
    """Does nothing at each call: override what you want to see. ``now`` is in seconds."""

    __slots__ = ()

    def on_event(self, event: Event, now: float) -> None:
        """``event`` was handed to the machine."""

    def on_transition(self, transition: Transition, now: float) -> None:
        """``transition`` has run."""

    def on_command(self, command: Command, now: float) -> None:
        """``command`` came out of the machine."""

    def on_update(self, update: Update, now: float) -> None:
        """``update`` goes to the app."""

    def on_pull(self, outgoing: Outgoing | None, now: float) -> None:
        """The sender pulled: ``outgoing`` is what it has to send; None: nothing now."""

    def on_error(self, error: Exception, event: Event | None, now: float) -> None:
        """``event`` (None: a pull) made the machine raise ``error``."""
