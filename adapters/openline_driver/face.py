"""The part of a public session that is the same in every face.

A face's ``Session`` derives from ``Face``, adds what waits in its own loop (``wait``, iteration,
the tasks) and carries out the driver's effects in ``_carry_out``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from openline import events as e
from openline.commands import Outgoing
from openline.observer import Observer
from openline.updates import Ended, State, Statistics, Transcript, Update
from openline_driver.driver import Driver
from openline_driver.effects import Effect
from openline_driver.facts import Fact, Woke
from openline_driver.log_observer import log_observers
from openline_driver.options import SessionOptions


class Face:
    """A session that owns its driver. ``clock`` and ``wake`` are the driver's.

    A subclass has three methods. ``_carry_out`` carries out an effect. ``_settle`` is called when
    none is left: there may be news for a reader, room for a source, and the end.
    ``_watch_the_clock`` follows it, and each pull: there may be an earlier deadline.
    """

    def __init__(
        self,
        options: SessionOptions,
        clock: Callable[[], float],
        observers: Sequence[Observer],
        wake: Callable[[], object],
    ) -> None:
        watching = (*observers, *log_observers())
        self._driver = Driver(options, clock, watching, wake=wake)

    @property
    def session_id(self) -> str:
        """The session's name on the wire and in logs."""
        return self._driver.options.session_id

    @property
    def state(self) -> State:
        """Where the session stands."""
        return self._driver.state

    @property
    def transcript(self) -> tuple[Transcript, ...]:
        """The finals so far, in order of session time."""
        return self._driver.transcript

    @property
    def statistics(self) -> Statistics:
        """Counts so far."""
        return self._driver.statistics

    @property
    def ended(self) -> Ended | None:
        """The result, once there is one."""
        return self._driver.ended

    @property
    def exhausted(self) -> bool:
        """Whether ``Ended`` has been read, so that nothing more comes."""
        return self._driver.updates.exhausted

    def request_stop(self) -> None:
        """Ask for the proper end and don't wait for it. Asking again changes nothing.

        What a source holds (pushed, and not taken yet) counts as captured before; what is pushed
        from now on is refused.
        """
        self._request(e.StopRequested())

    def abort(self) -> None:
        """End now, whatever is lost. ``Ended`` follows as the last update."""
        self._request(e.AbortRequested())

    def network_restored(self) -> None:
        """Pass on the operating system's news that the network is back."""
        self._request(e.NetworkRestored())

    def skip_to_live(self) -> None:
        """Give up the audio of live sources that waits to be sent: it is a gap (``skipped``).

        For an app that is told that a source is ``behind``. A file and a source that has ended
        lose nothing.
        """
        self._request(e.SkipRequested())

    def _request(self, event: e.Event) -> None:
        """Take in what the app wants."""
        self.feed(event)

    def poll(self) -> Update | None:
        """The next update if there is one, without waiting; None also after the last."""
        update = self._driver.updates.take()
        if self.exhausted:
            self._settle()
        return update

    def feed(self, event: e.Event | Fact) -> None:
        """Hand an event to the driver, and carry out what follows from it.

        Raises LocalProtocolError for an impossible event, such as half a sample of audio.
        """
        driver = self._driver
        if type(event) is e.PongReceived and driver.pong(event):
            return
        driver.feed(event)
        if not (driver.draining or driver.receiving):  # else the caller further out drains
            self._drain()

    def pull(self) -> Outgoing | None:
        """What to send next; None: wait to be woken."""
        outgoing = self._driver.pull()
        self._watch_the_clock()
        return outgoing

    def _time_is_up(self, waited_for: float) -> None:
        """The face has waited for this deadline. It may have been put off meanwhile."""
        deadline = self._driver.deadline()
        if deadline is not None and deadline <= waited_for:
            self.feed(Woke(waited_for))

    def _drain(self) -> None:
        for effect in self._driver.effects():
            self._carry_out(effect)
        self._settle()
        self._watch_the_clock()

    def _carry_out(self, effect: Effect) -> None:
        raise NotImplementedError

    def _settle(self) -> None:
        raise NotImplementedError

    def _watch_the_clock(self) -> None:
        raise NotImplementedError
