"""Audio that the app captures itself and pushes.

Theory of operation. `send` never waits and never refuses for want of room: it queues
into a `Handover`, and `run` delivers the queued pieces in order, as they were cut. Until
`run` begins, or whenever the loop is too slow, a minute is kept (or ``buffer_seconds``);
audio above that is reported as a hole at its place. `close` ends the source after the
audio sent before it.

The end of a session may come before the source's task had its turn, or had begun at all. So
the session takes the queued audio itself (`flush`), and that closes the source: from then
on `send` raises, and the audio queued before it is delivered.

A producer that is faster than the line waits: it puts a mark behind what it has sent. When `run`
has delivered all before the mark, it waits for room in the session's own buffer, and takes
nothing meanwhile; then it tells who waits at the mark. The end of the source tells them too.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

from openline.events import SourceKind
from openline_audio.handover import Handover, Mark
from openline_audio.samples import as_pcm
from openline_audio.source import SAMPLE_RATE, Sink, SourceError

if TYPE_CHECKING:
    from typing_extensions import Buffer


class PushSource:
    """A source for apps with their own capture: 16 kHz mono s16le, pushed as captured.

    Push each piece when its last sample is captured; the capture time of the first sample is
    computed back from that. May be made inside or outside of the event loop. Made inside,
    its time is right even if ``run`` begins later; outside, ``send_from_thread`` fills it.
    The app may pause for as long as it likes; it does not push audio that it could not
    capture meanwhile. One session uses it, once.

    ``buffer_seconds`` of audio are kept until the session takes them, which it does at its
    next turn: 60 s are 1.9 MB. Audio above that is lost, and reported as a ``Gap`` of the
    cause ``capture``. Raises ValueError unless it is a number of seconds above 0.
    """

    kind = SourceKind.DEVICE
    may_pause = True
    _handovers: ClassVar[type[Handover]]  # of a face

    def __init__(self, *, buffer_seconds: float = 60.0) -> None:
        self._handover = self._handovers(_samples(buffer_seconds))
        self._sink: Sink | None = None

    @property
    def duration(self) -> None:
        """None: unknown."""
        return None

    @property
    def is_used(self) -> bool:
        """Whether a session has used it: another one needs another source."""
        return self._sink is not None

    def send(self, pcm: Buffer) -> bool:
        """Push ``pcm`` from the loop's thread, without waiting. False: some of it found no room.

        It may be bytes, or an array of int16 with one channel. Raises TypeError for any other
        type, ValueError for half a sample (an odd number of bytes), RuntimeError in a thread
        without a loop, also before it runs, and after ``close``, and once the session was asked
        to stop or has ended, trio.ClosedResourceError on trio and SourceClosedError on asyncio:
        then none of it was kept.
        """
        return self._handover.put_here(_whole(pcm))

    def send_from_thread(self, pcm: Buffer) -> bool:
        """Push ``pcm`` from any thread, or before the loop runs; returns and raises as ``send``.

        It needs no loop where it is called, so it raises no RuntimeError. Pieces from several
        threads keep the order in which this was called.
        """
        kept = self._handover.put(_whole(pcm))
        self._handover.notify_from_thread()
        return kept

    def drain_from_thread(self, timeout: float | None = None) -> bool:
        """Wait until the session has room for more, at most ``timeout`` seconds; whether it has.

        It has room once it has taken all audio sent before, and holds at most as much as it would
        read ahead of a file. True also once the source is closed: the next ``send`` raises. From
        any thread but the session's own, where it raises RuntimeError, also before the session
        uses the source, if a loop runs there. None: as long as it takes,
        which has no end before a session uses the source.
        """
        if self._handover.is_here:
            raise RuntimeError(
                "drain_from_thread: it would stop the session's own thread, which takes the audio: "
                "call it in the thread that pushes, or await drain() here"
            )
        reached = threading.Event()
        with self._marked(reached.set):
            return reached.wait(timeout)

    @contextmanager
    def _marked(self, reached: Callable[[], object]) -> Generator[None]:
        """``reached`` is called, in the session's thread, once there is room for more."""
        mark = Mark(reached)
        self._handover.put_mark(mark)
        self._handover.notify_from_thread()
        try:
            yield
        finally:
            self._handover.drop_mark(mark)

    def close(self) -> None:
        """No more audio; from any thread, any number of times. ``run`` returns then."""
        self._handover.close()
        self._handover.notify_from_thread()

    def flush(self, sink: Sink) -> None:
        """Deliver at once all audio sent before, from the loop's thread, and close.

        So a stop right after a push does not overtake it, even before ``run``.
        """
        self._sink = self._sink or sink
        self._handover.close()
        self._handover.notify()
        self._tell(self._handover.deliver(self._handover.take_nowait(), sink))

    async def run(self, sink: Sink) -> None:
        """Deliver until ``close``; afterwards the source is closed.

        Raises SourceError if another session has used it.
        """
        if self._sink is not None and self._sink is not sink:
            raise SourceError("this PushSource has been used: make another one for each session")
        self._sink = self._handover.sink = sink
        try:
            while items := await self._handover.take():
                if marks := self._handover.deliver(items, sink):
                    try:
                        await sink.room()
                    finally:
                        self._tell(marks)
        finally:
            self._handover.close()
            self._tell([each for each in self._handover.take_nowait() if isinstance(each, Mark)])

    @staticmethod
    def _tell(marks: list[Mark]) -> None:
        for mark in marks:
            mark.reached()


def _samples(seconds: object) -> int:
    if (
        isinstance(seconds, int | float)
        and not isinstance(seconds, bool)
        and math.isfinite(seconds)
    ):
        samples = round(seconds * SAMPLE_RATE)
        if samples > 0:
            return samples
    raise ValueError(f"buffer_seconds is {seconds!r}: give a number of seconds above 0")


def _whole(audio: Buffer) -> bytes:
    pcm = as_pcm(audio)
    if len(pcm) % 2:
        raise ValueError(
            f"{len(pcm)} bytes of 16-bit audio end in half a sample; push whole samples"
        )
    return pcm
