"""The short ways of a driver: what comes most often, and nearly always means the same.

A live frame, the pong behind it, and the wake of the sender take these where nothing else is to be
done. Each says whether it did all there is to do; if not, nothing has happened, and the long way
does it: ``feed``, ``effects`` and ``pull``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from openline import events as e
from openline.machine.relay import Lane
from openline.updates import Trouble
from openline_driver import facts as f
from openline_driver.dials import Dials
from openline_driver.error_origin import raised
from openline_driver.readable import Readable
from openline_driver.updates import Updates


class Shortcuts(Readable):
    """The part of a ``Driver`` that asks the machine for its short ways."""

    updates: Updates
    dials: Dials
    clock: Callable[[], float]
    receiving: bool
    draining: bool
    wants_pull: bool
    _wake: Callable[[], object]
    _now: float
    _queue: deque[Any]
    _posted: deque[e.Event | f.Fact]
    _idle: bool
    _is_settled: bool
    _is_watched: bool
    _measures: bool
    _errors_reported: int
    _lane: Lane | None  # by which the last frame went

    def relay(self, source: str, pcm: bytes) -> bytes | None:
        """Capture live audio, and return its message for the live dial, where that is all to do.

        None: nothing has happened, so feed it. The send counts as completed; call ``sending`` if it
        is not. If ``wants_pull`` is True then, ``pull`` behind it. See ``openline.machine.relay``.
        """
        lane = self._lane if self._is_free else None
        if lane is None or lane.is_shut or lane.source != source:
            lane = self._lane = self.lane(source)
            if lane is None:
                return None
        message = lane.send(pcm, self._time())
        if lane.wants_ping:
            self._idle, self.wants_pull = False, True
        return message

    def lane(self, source: str) -> Lane | None:
        """What ``relay`` sends by; a face may ask it itself, while nothing is posted."""
        return self._machine.lane(source) if self._is_free and not self._measures else None

    def pong(self, event: e.PongReceived) -> bool:
        """Take in a pong, if no effect follows from it; False: nothing has happened, feed it."""
        if not self._is_free:
            return False
        self.receiving = True  # observers are shown it
        try:
            took = self._machine.pong(event, self._time())
        finally:
            self.receiving = False
        if self._is_watched and (self._report_observers() or self._posted):
            self._wake()
        return took

    @property
    def _is_free(self) -> bool:
        """Whether there is nothing to send, and nothing else to do."""
        return self._idle and not (self._queue or self._posted or self.draining or self.receiving)

    def sending(self) -> None:
        """The message of the last ``relay`` is still being sent: ``pull`` when it is out."""
        self._idle = self.wants_pull = False
        self._machine.sending(self._time())

    def take_wake(self) -> bool:
        """Take the ``Wake`` of the live dial, if it is the only effect that is left.

        As after nearly every frame of live audio: what else there is comes with ``effects``.
        """
        if self._is_settled or not self._is_free:
            return False
        self._idle = False
        return self.dials.is_alive(self._translation.wake.dial)

    def report(self, kind: str, text: str) -> None:
        """Report a trouble that is not the machine's, such as a journal's; none after the end."""
        if self.ended is None:
            self.updates.put(Trouble(kind=kind, text=text))

    def _report_observers(self) -> bool:
        """Report an observer that raised, if one did: the machine has dropped it."""
        errors = self._machine.observer_errors
        if len(errors) == self._errors_reported:
            return False
        for error in errors[self._errors_reported :]:
            self.report("observer", f"an observer raised {raised(error)}, and sees no more")
        self._errors_reported = len(errors)
        return True

    def _time(self) -> float:
        now = self.clock()
        if now > self._now:
            self._now = now
        return self._now
