"""One source of a session: what is kept of its audio, and how much of it may be sent.

The outbox lives as long as the session. The window belongs to one dial: it is replaced by a
new one when a line is acknowledged. ``streams`` holds all sources and takes turns among them.
"""

from __future__ import annotations

from openline.audio.outbox import Outbox
from openline.audio.window import Limits, Window
from openline.machine.timers import OFF


class Stream:
    """One source: its outbox and, on a live dial, its window."""

    __slots__ = ("box", "shut_since", "stored", "stuck", "window")

    def __init__(self, box: Outbox, limits: Limits, now: float) -> None:
        self.box = box
        self.window = Window(limits, now)
        self.shut_since = OFF  # its window is shut, the backend silent about it, since then
        self.stored = False  # the disk knows where it began
        self.stuck = False  # its window is shut, and time alone does not open it soon
