"""``openline_audio.pushed`` without an event loop: who drains may have to work for the session."""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING

from openline_audio import pushed
from openline_blocking.capture import WorkUntil
from openline_blocking.sources.handover import Handover

if TYPE_CHECKING:
    from typing_extensions import Buffer


class PushSource(pushed.PushSource):
    """A source for apps with their own capture: 16 kHz mono s16le, pushed as captured.

    Push each piece when its last sample is captured; the capture time of the first sample is
    computed back from that. The app may pause for as long as it likes; it does not push audio that
    it could not capture meanwhile. Audio that exists already is pushed as fast as ``drain`` allows.
    One session uses it, once.

    ``buffer_seconds`` of audio are kept until the session takes them, which it does when it is
    waited for: 60 s are 1.9 MB. Audio above that is lost, and reported as a ``Gap`` of the
    cause ``capture``. Raises ValueError unless it is a number of seconds above 0.
    """

    _handovers = Handover

    def __init__(self, *, buffer_seconds: float = 60.0) -> None:
        super().__init__(buffer_seconds=buffer_seconds)
        self._work_until: WorkUntil | None = None

    def use(self, work_until: WorkUntil) -> None:
        """A session uses it, and works by this call."""
        self._work_until = work_until

    def send(self, pcm: Buffer) -> bool:
        """Push ``pcm`` from any thread, without waiting. False: some of it found no room.

        It may be bytes, or an array of int16 with one channel. Pieces from several threads keep the
        order in which this was called. Raises TypeError for any other type, ValueError for half a
        sample (an odd number of bytes), and SourceClosedError after ``close``, and once the session
        was asked to stop or has ended: then none of it was kept.
        """
        return super().send(pcm)

    def drain(self, timeout: float | None = None) -> bool:
        """Wait until the session has room for more, at most ``timeout`` seconds; whether it has.

        It has room once it has taken all audio sent before, and holds at most as much as it would
        read ahead of a file. In the thread that waits for the session (the one that waited last; at
        first, the one that opened it) the session works meanwhile, as in ``Session.sleep``, and an
        error that ends it is raised here. Any other thread waits until that one works.

        True also once the source is closed: the next ``send`` raises. None: as long as it takes,
        which has no end before a session uses the source. Raises RuntimeError in an observer or a
        source of the session.
        """
        until = math.inf if timeout is None else time.monotonic() + timeout
        reached = threading.Event()
        with self._marked(reached.set):
            if self._work_until is not None and self._work_until(reached.is_set, until):
                self.close()  # the session is over, perhaps before the source had a turn
                return True
            return reached.wait(None if timeout is None else max(0.0, until - time.monotonic()))

    drain_from_thread = drain
