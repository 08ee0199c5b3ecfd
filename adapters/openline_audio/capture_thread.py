"""The thread that runs a capture: facts of streams and of the watch to a machine, its audio on.

Theory of operation. Streams and the watch have threads of their own and put facts into one queue.
This thread takes them, has the `DeviceMachine` decide, and carries its actions out: it opens and
closes streams, converts audio and puts it into the hand-over of the event loop, with holes and news
at their places. Between facts it waits until the machine's deadline. So the loop may stall, and no
time is measured wrong for it.

A stop must overtake no audio: `finish` takes from the loop's thread what is still in the queue.
Hence the lock; nothing that blocks is done under it, for streams open in threads of their own.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from openline_audio.device_machine import (
    Action,
    Changed,
    Close,
    DeviceMachine,
    Fail,
    Held,
    Hole,
    Open,
    Pass,
)
from openline_audio.devices import Device, Fact, Stream, System, Tick, Watch
from openline_audio.handover import Handover, News
from openline_audio.source import SourceError

if TYPE_CHECKING:
    from openline_audio.convert import Converter

#: Seconds that it waits at most; the deadline may be never.
_LONGEST: Final = 3600.0


def new_converter(device: Device) -> Converter:
    """What makes 16 kHz mono of the audio of ``device``. Raises SourceError without numpy."""
    try:
        from openline_audio.convert import Converter  # noqa: PLC0415  # numpy takes 0.1 s to load
    except ImportError as error:
        raise SourceError('a device needs numpy; pip install "openline[microphone]"') from error
    return Converter(device.rate, device.channels)


class CaptureThread:
    """Captures as ``machine`` decides, into ``handover``, until it fails or is closed."""

    def __init__(
        self,
        system: System,
        machine: DeviceMachine,
        handover: Handover,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._system = system
        self._machine = machine
        self._handover = handover
        self._clock = clock
        self._facts = deque[Fact]()
        self._woken = threading.Event()  # there are facts, or it is closed
        self._lock = threading.Lock()  # no fact is taken, and none is on its way, without it
        self._watch: Watch | None = None
        self._streams: dict[int, Stream] = {}  # those that have not ended
        self._converter: Converter | None = None
        self._failure: Exception | None = None
        self._is_closed = False
        self._is_sealed = False  # the hand-over takes no more
        self._thread = threading.Thread(target=self._run, name="openline captures", daemon=True)

    def start(self) -> None:
        """Begin, without waiting."""
        self._thread.start()

    def close(self) -> None:
        """Begin to end it, without waiting."""
        self._is_closed = True
        self._woken.set()

    def join(self, seconds: float) -> None:
        """Wait until it and its streams have ended, so long at most."""
        until = time.monotonic() + seconds
        self._thread.join(seconds)
        for each in (*self._streams.values(), *filter(None, [self._watch])):
            each.join(max(0.0, until - time.monotonic()))

    def check(self) -> None:
        """Raise the SourceError that ended the capture."""
        if self._failure is not None:
            raise self._failure

    def finish(self) -> None:
        """Put all that was captured into the hand-over; from the thread of its loop."""
        with self._lock:
            self._take_all()
            if not self._is_sealed:
                self._carry_out(self._machine.finish(self._clock()))
                self._end_converter()

    def _note(self, fact: Fact) -> None:
        """A fact, from any thread; it waits for nothing."""
        self._facts.append(fact)
        self._woken.set()

    def _run(self) -> None:
        self._watch = self._system.watch(self._note)
        try:
            with self._lock:
                self._carry_out(self._machine.start(self._clock()))
            while not self._is_closed:
                left = min(self._machine.deadline - self._clock(), _LONGEST)
                self._woken.wait(max(0.0, left))
                self._woken.clear()  # before looking, or a wake-up could be missed
                with self._lock:
                    self._take_all()
                    self._take(Tick())
            with self._lock:
                self._take_all()  # what came before the end
        except Exception as error:  # noqa: BLE001  # raised where the source runs
            self._failure = error
        finally:
            if self._watch is not None:
                self._watch.close()
            with self._lock:
                self._end_converter()
                self._is_sealed = True
                self._handover.close()
            for stream in self._streams.values():
                stream.close()
            self._handover.notify_from_thread()

    def _take_all(self) -> None:
        while self._facts and not self._is_sealed:
            self._take(self._facts.popleft())

    def _take(self, fact: Fact) -> None:
        self._carry_out(self._machine.receive(fact, self._clock()))

    def _carry_out(self, actions: list[Action]) -> None:
        for action in actions:
            self._do(action)
        if actions:
            self._handover.notify_from_thread()

    def _do(self, action: Action) -> None:
        match action:
            case Open(number, device):
                alive = {key: each for key, each in self._streams.items() if not each.join(0)}
                self._streams = alive
                self._streams[number] = self._system.open(number, device, self._note)
            case Close(number):
                if number in self._streams:
                    self._streams[number].close()
                self._end_converter()
            case Pass(audio, device):
                if self._converter is None:
                    self._converter = new_converter(device)
                self._put(self._converter.feed(audio.pcm))
            case Hole(samples):
                self._end_converter()
                self._handover.put_hole(samples)
            case Held(device, reason):
                self._end_converter()
                self._handover.put_news(News(device, reason, is_held=True))
            case Changed(device, reason):
                self._handover.put_news(News(device, reason, is_held=False))
            case Fail(reason):
                self._failure = SourceError(reason)
                self.close()

    def _end_converter(self) -> None:
        """The audio so far ends here: nothing of it stays in the converter."""
        converter, self._converter = self._converter, None
        if converter is not None:
            self._put(converter.flush())

    def _put(self, frames: list[bytes]) -> None:
        for frame in frames:
            self._handover.put(frame)
