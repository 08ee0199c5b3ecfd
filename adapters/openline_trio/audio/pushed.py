"""Audio that the app captures itself and pushes.

Theory of operation. `send` never waits and never refuses for want of room: it queues
into a `Handover`, and `run` passes on, in order and as it was cut, what is there. Until
`run` begins, or whenever the loop is too slow, up to 10 s are kept; what comes above that
is reported as a hole where it would have been. `close` ends the source after what was
sent before it.
"""

from __future__ import annotations

from openline_trio.audio.handover import Handover
from openline_trio.audio.source import Sink


class PushSource:
    """A source for apps with their own capture: 16 kHz mono s16le, pushed as it is heard.

    Push each piece when its last sample has been heard; when the first one was heard is
    reckoned back from that. May be made inside or outside of ``trio.run``; made inside,
    its time is right even if ``run`` begins later. The app may pause for as long as it
    likes; what it could not hear meanwhile it does not push.
    """

    may_pause = True

    def __init__(self) -> None:
        self._handover = Handover()
        self._sink: Sink | None = None
        self._begun = False

    @property
    def duration(self) -> None:
        """None: nobody can know."""
        return None

    @property
    def has_begun(self) -> bool:
        """Whether somebody has begun to listen."""
        return self._begun

    def send(self, pcm: bytes) -> None:
        """Push ``pcm`` from the trio thread, without waiting.

        Raises ValueError for half a sample (an odd number of bytes) and
        trio.ClosedResourceError after ``close`` or the end of ``run``.
        """
        self._handover.put(_whole(pcm))
        self._handover.notify()

    def send_from_thread(self, pcm: bytes) -> None:
        """Push ``pcm`` from any other thread; raises as ``send`` does.

        Pieces from several threads keep the order in which this was called.
        """
        self._handover.put(_whole(pcm))
        self._handover.notify_from_thread()

    def close(self) -> None:
        """No more audio; from any thread, any number of times. ``run`` returns then."""
        self._handover.close()
        self._handover.notify_from_thread()

    def flush(self) -> None:
        """Deliver at once what was sent before, from the trio thread; nothing before ``run``.

        So that a stop which follows a push does not overtake it.
        """
        if self._sink is not None:
            self._handover.deliver(self._handover.take_nowait(), self._sink)

    async def run(self, sink: Sink) -> None:
        """Deliver until ``close``. Once: afterwards the source is closed."""
        self._sink, self._begun = sink, True
        try:
            while items := await self._handover.take():
                self._handover.deliver(items, sink)
        finally:
            self._sink = None
            self._handover.close()


def _whole(pcm: bytes) -> bytes:
    try:
        size = memoryview(pcm).nbytes
    except TypeError:
        raise TypeError(f"push bytes of 16-bit samples, not {type(pcm).__name__}") from None
    if size % 2:
        raise ValueError(f"{size} bytes of 16-bit audio end in half a sample; push whole samples")
    return bytes(pcm)
