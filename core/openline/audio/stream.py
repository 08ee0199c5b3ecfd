"""One source of a session: its kept audio, and how much of it may be sent.

The outbox lives as long as the session. The window belongs to one dial: it is replaced by a
new one when a line is acknowledged, and so is what the backend said of the source.
``streams`` holds all sources and takes turns among them.
"""

from __future__ import annotations

from openline.audio.assuming import Assuming
from openline.audio.loudness import Loudness
from openline.audio.outbox import ROOM, Outbox
from openline.audio.window import Limits, Window
from openline.machine.timers import OFF


class Stream:
    """One source: its outbox and, on a live dial, its window."""

    __slots__ = (
        "assuming",
        "box",
        "due_since",
        "flushed",
        "flushed_to",
        "full_since",
        "is_left",
        "is_placed",
        "is_store",
        "loudness",
        "ponged",
        "promised",
        "shut_since",
        "spoke",
        "stored",
        "stuck",
        "window",
    )

    def __init__(
        self,
        box: Outbox,
        limits: Limits,
        now: float,
        *,
        is_store: bool,
        assuming: Assuming | None = None,
    ) -> None:
        self.box = box
        self.assuming = assuming  # None: the backend proves silence
        self.loudness: Loudness | None = None  # None: it is of no use
        self.is_store = is_store
        self.is_placed = True  # it has a place on the timeline; else only silence was sent of it
        self.flushed = 0  # how much was sent at the last flush of this dial
        self.flushed_to = -1  # and up to which session sample; silence that was put in moves none
        self.full_since = OFF  # since when a store waits, and the mark has not moved; OFF: none
        self.window = Window(limits, now, is_store=is_store)
        self.shut_since = OFF  # when its window was shut with no report on it since; OFF: never
        self.due_since = OFF  # when the backend last confirmed progress, while audio is due
        self.ponged = -1  # what had been sent of it at the last pong of this dial; -1: none came
        self.spoke = False  # words or figures of it came on this dial
        self.is_left = False  # its last words stay partial, and unconfirmed on disk
        self.promised = 0  # the final message confirms up to here, once the session ends
        self.stored = False  # its first sample is noted on disk
        self.stuck = False  # its window is shut, and time alone does not open it soon

    @property
    def received(self) -> int:
        """The session sample up to which the backend proved, on this dial, to have the audio."""
        return max(self.box.confirmed, self.box.span(0, self.window.received)[1])

    @property
    def is_due(self) -> bool:
        """Whether the recogniser must do something with the audio that is sent.

        It must have taken some where more is not drained than the backend's queue holds. Less may
        lie in the queue of a backend that reports no figures for a source that has ended. A
        backend that keeps all has no queue that fills: there all audio is due that is unproved.
        """
        if self.window.limits.keeps_all:
            box = self.box
            return box.sent > box.confirmed and box.dial_sent > self.window.drained
        return self.overfills

    @property
    def overfills(self) -> bool:
        """Whether more audio is sent and not drained than the backend's queue holds."""
        return self.box.dial_sent - self.window.drained > self.window.limits.queue

    def note_pong(self) -> bool:
        """A pong came; whether none of its audio went since the one before, though more may come.

        A source that pauses gives the backend no more audio, and many wait for some before they
        tell the last words. So such a backend is not late. One whose queue is full is.
        """
        box, before = self.box, self.ponged
        self.ponged = box.dial_sent
        waits = not (box.closed or box.unsent) and self.full_since == OFF
        return before == box.dial_sent and self.window.limits.keeps_all and waits

    @property
    def is_loud(self) -> bool:
        """Whether it is not quiet where the audio that was sent ends, and more follows."""
        box, loudness = self.box, self.loudness
        goes_on = not box.ignored and (not box.closed or box.unsent > 0)
        return goes_on and loudness is not None and loudness.is_loud_at(box.sent)

    @property
    def has_room(self) -> bool:
        """Whether a source that can wait should deliver more: sending keeps up with it."""
        return self.box.unsent < ROOM and self.box.has_room(ROOM)
