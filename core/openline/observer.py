"""Observers: the one way to see what a session's machine does.

Observers are given to ``SessionMachine(observers=...)`` and called while the machine works, in
the order in which things happen. ``on_begin`` is called once, at the end of the constructor.
Then, for each ``receive(event, now)``::

    on_event          the event arrives; nothing has been done with it
      on_timer        a timer was due; what it causes follows
      on_verdict      an ending was judged; the transition that acts on it follows
      on_transition   a transition of the chart has run: the state is the new one
      on_command      a command comes out: first those of the transition, and so on
      on_update       the update in a ``Report``, right after its ``on_command``
    on_done           ``receive`` returns; all of its commands were shown

and for each ``next_message(now)`` one ``on_pull``. A pong that ``SessionMachine.pong`` takes is
shown as one that is received. ``on_draw`` shows each random number as it is drawn. A call that
raises ends with ``on_error`` in place of ``on_done`` or ``on_pull``.

Journals, logs, metrics, drawings and the test kit are observers. Three rules:

- An observer only reads. It may read ``snapshot`` and ``state`` of the machine; a call of
  ``receive`` or ``next_message`` from within an observer raises RuntimeError.
- An observer must not raise. One that raises is dropped: it is not called again, the session
  goes on as if it had not been there, and ``SessionMachine.observer_errors`` keeps the exception
  for the driver to report. (Nothing is added to the commands, so a journal replays the same with
  and without the observer.) An exception that is not an ``Exception``, such as
  KeyboardInterrupt, is not caught.
- Without observers nothing is called.

An observer that needs no audio sets ``wants_audio`` to False. It is then not called for audio that
arrives: ``on_event`` and ``on_done`` leave ``AudioCaptured`` out (what follows from it is shown as
ever), and ``on_pull`` leaves out what ``SessionMachine.relay`` sends, and pulls that give nothing.
A session whose observers all do without sends a live frame by ``relay``, for a quarter of the cost.
Its pings and pongs have short ways too, on which observers see what they see on the long ones.
Where an observer wants audio, all goes the long way. A method that an observer does not override
is never called.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from openline.commands import Command, Outgoing
from openline.events import Event
from openline.machine.table import Transition
from openline.machine.timers import Timer
from openline.reconnect.verdicts import Verdict
from openline.snapshot import MachineOptions, Snapshot
from openline.updates import Update


class Observer:
    """Does nothing at each call: override what you want to see.

    ``now`` is in seconds, on the clock of the calls to the machine.
    """

    __slots__ = ()

    wants_audio: ClassVar[bool] = True  #: False: it is not shown audio that arrives

    def on_begin(self, options: MachineOptions, look: Callable[[], Snapshot]) -> None:
        """The machine was made with ``options``. ``look`` takes a snapshot, now or later."""

    def on_event(self, event: Event, now: float) -> None:
        """``event`` was handed to the machine."""

    def on_draw(self, value: float) -> None:
        """The machine drew a random number."""

    def on_timer(self, timer: Timer, now: float) -> None:
        """``timer`` was due, and is no longer armed. It may have no consequence."""

    def on_verdict(self, verdict: Verdict, now: float) -> None:
        """An ending was judged. ``verdict`` holds the action, and the source of the rule."""

    def on_transition(self, transition: Transition, now: float) -> None:
        """``transition`` has run."""

    def on_command(self, command: Command, now: float) -> None:
        """``command`` is one of those that ``receive`` will return."""

    def on_update(self, update: Update, now: float) -> None:
        """``update`` goes to the app."""

    def on_done(self, event: Event, now: float) -> None:
        """``receive`` has processed ``event``; all of its commands were shown."""

    def on_pull(self, outgoing: Outgoing | None, now: float) -> None:
        """The sender pulled: ``outgoing`` is the message to send; None: nothing to send now."""

    def on_error(self, error: Exception, event: Event | None, now: float) -> None:
        """``event`` (None: a pull) made the machine raise ``error``."""
