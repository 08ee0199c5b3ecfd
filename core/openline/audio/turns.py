"""Whose audio goes next on the one line of all sources, and when a ping must go before it.

Turns go round the sources, so neither can starve the other: the source whose window allows its
frame goes, and is last in the next round. A source whose window is shut is passed over. When
time alone does not open it soon, a ping asks the backend how much it has received.
"""

from __future__ import annotations

from openline.audio.outbox import Outbox
from openline.audio.stream import Stream
from openline.audio.window import Limits
from openline.machine.timers import OFF

#: A window that time opens within so many seconds needs no confirmation meanwhile.
SOON = 0.2


class Turns:
    """The sources of a line in the order of their turns, and whether a window stops them."""

    __slots__ = ("_limits", "_order", "newly_due", "opens_at", "quiet", "shut")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._order: list[Stream] = []  # the next turn is the first one's
        self.quiet: list[Stream] = []  # those with silence that is to be put in
        self.newly_due = False  # the last pulls made audio of a source due
        self.shut = False  # the last pull found audio that no window allows
        self.opens_at = OFF  # when time alone opens a window

    def pull(self, now: float) -> tuple[Stream, bytes] | None:
        """The next frame that a window allows, and its stream."""
        self.shut = False
        self.opens_at = OFF
        order, limits = self._order, self._limits
        free, keeps_all = limits.free, limits.keeps_all
        for i, stream in enumerate(order):
            box, window = stream.box, stream.window
            samples = box.next_samples
            if not samples:
                continue
            # The first rule of the window, without a call, for the frames that need no other.
            is_within = box.dial_sent + samples <= window.drained + free
            if is_within or window.allows(box.dial_sent, samples, box.unsent, now):
                if not is_within:
                    window.note_sent(samples, now)
                if (keeps_all or not is_within) and stream.due_since == OFF and stream.is_due:
                    stream.due_since, self.newly_due = now, True
                stream.stuck = False
                stream.shut_since = OFF
                if len(order) > 1:
                    order.append(order.pop(i))
                return stream, box.pull()
            self._note_shut(stream, samples, now)
        return None

    def rotate(self, stream: Stream) -> None:
        """A frame of ``stream`` went: the next turn is another's."""
        self._order.remove(stream)
        self._order.append(stream)

    @property
    def are_several(self) -> bool:
        """Whether more than one source has audio."""
        return len(self._order) > 1

    def pull_silence(self, now: float) -> tuple[Stream, bytes] | None:
        """The next message of the silence that is to be put in, where a window allows it.

        It goes behind the audio: call this when ``pull`` has none.
        """
        for stream in self.quiet:
            box, window = stream.box, stream.window
            samples = min(box.quiet, self._limits.item)
            if not stream.is_placed or window.allows(box.dial_sent, samples, 0, now):
                window.note_sent(samples, now)
                stream.stuck = False
                stream.shut_since = OFF
                box.quiet -= samples
                if not box.quiet:
                    self.quiet.remove(stream)
                return stream, box.pull_silence(samples)
            self._note_shut(stream, samples, now)
        return None

    def _note_shut(self, stream: Stream, samples: int, now: float) -> None:
        """A message of ``samples`` has to wait: for the pace, or for the backend."""
        self.shut = True
        window = stream.window
        opens_at = window.pace_at
        if now >= opens_at:
            stream.shut_since = min(stream.shut_since, now)
            opens_at = window.opens_at(stream.box.dial_sent, samples)
            stream.stuck = opens_at > now + SOON
        self.opens_at = min(self.opens_at, opens_at)

    @property
    def shut_since(self) -> float:
        """When a window was shut without a report of the backend since; OFF: none is."""
        since = OFF
        for stream in self._order:
            if stream.shut_since < since:
                since = stream.shut_since
        return since

    @property
    def waits_since(self) -> tuple[float, float]:
        """Since when audio that is due waits for progress, and a store for a mark that moves.

        OFF: none does.
        """
        due = full = OFF
        for stream in self._order:
            due, full = min(due, stream.due_since), min(full, stream.full_since)
        return due, full

    @property
    def is_out(self) -> bool:
        """Whether any audio is sent and not drained."""
        return any(each.box.dial_sent > each.window.drained for each in self._order)

    def note_mark(self, box: Outbox, now: float) -> None:
        """The mark of a source moved."""
        for stream in self._order:
            if stream.box is box and stream.full_since != OFF:
                stream.full_since = OFF if stream.has_room else now

    def note_suspension(self, gap: float) -> None:
        """No time passed for ``gap`` seconds: what the backend is waited for starts later."""
        for stream in self._order:
            stream.shut_since += gap
            stream.due_since += gap
            stream.full_since += gap
            if stream.assuming is not None:
                stream.assuming.ages.note_suspension(gap)

    def wants_ping(self) -> bool:
        """Whether a window needs confirmation soon, or at once when nothing else opens it."""
        limits = self._limits
        for stream in self._order:
            sent = stream.box.dial_sent
            ahead = sent - stream.window.pinged
            if ahead >= limits.ping_live or (stream.stuck and ahead > 0):
                return True
            if ahead >= limits.ping_backlog:
                # Frequent with a backlog, or where confirmation is slow to arrive.
                late = sent - stream.window.received > limits.ping_live
                if late or stream.box.unsent > limits.live_edge:
                    return True
        return False
