"""A session without its loop: events in, effects out, as pure as the core.

A face (trio, asyncio, threads) owns a socket, a clock, tasks and sources. All else stands here:
the ``SessionMachine``, the credential, the unread updates, and the rules that every face needs.

    driver.feed(event)                        # whenever anything happens
    for effect in driver.effects():           # after each feed, and when woken
        carry_out(effect)                     # none of them waits
    outgoing = driver.pull()                  # when the last send has completed
    driver.deadline()                         # wait no longer; then feed(Woke(deadline))

**Why feed returns nothing.** Carrying out an effect can run code of the app, and the app may
call back: abort, stop, push audio. If ``feed`` returned a list, the inner call would carry out
its list while the outer one is half done. Say the outer one is [abort dial 1, dial 2], and the
app aborts the session while dial 1 is aborted. The inner list is [abort dial 2]: there is no
dial 2 yet, so nothing happens. Then the outer list goes on and opens dial 2, which nothing will
ever close. So there is one queue, and one owner that drains it in order: [abort 1, dial 2,
abort 2]. An event that is fed meanwhile reaches the machine at once, and its effects come
behind.

**Who may call what.** A driver belongs to one thread. From elsewhere (another thread, a signal
handler) only ``post`` is allowed: it queues the event and calls ``wake``, which has to make the
owner drain. Inside an effect: ``feed`` and ``post``, never ``pull`` or ``effects`` (DriverError).
Inside an observer the machine is at work, so ``feed`` does what ``post`` does.

**Time.** The driver reads the clock itself, when an event reaches it: an event never carries a
time that was read before another thread's. Its time never runs back, whatever the clock does.

Beside it: ``translation`` makes effects of commands, ``dials`` keeps to one socket at a time, and
``shortcuts`` are the short ways of what comes most often.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from openline import events as e
from openline.audio.loudness import needs_peaks
from openline.commands import OpenSocket, Outgoing
from openline.observer import Observer
from openline.session import LocalProtocolError
from openline_driver import effects as fx
from openline_driver import facts as f
from openline_driver.credentials import CredentialStore
from openline_driver.dials import one_cause
from openline_driver.error_origin import source_error
from openline_driver.http import refusal
from openline_driver.network_hints import NetworkHints
from openline_driver.options import SessionOptions
from openline_driver.peaks import measured
from openline_driver.shortcuts import Shortcuts
from openline_driver.translation import Translation


class DriverError(RuntimeError):
    """The driver was called where it must not be; nothing has changed."""


class Driver(Shortcuts):
    """One session. ``clock`` gives seconds; ``wake`` is called by ``post``, in any thread.

    ``updates`` are what the app has not read yet, ``dials`` the sockets and how many of them were
    abandoned; both are for reading.
    Raises ValueError for options that cannot work, and DialectError for an invalid dialect.
    """

    def __init__(
        self,
        options: SessionOptions,
        clock: Callable[[], float],
        observers: Sequence[Observer] = (),
        *,
        wake: Callable[[], object] = lambda: None,
    ) -> None:
        self.options = options
        #: Seconds; a face whose loop is not known yet puts its clock here later.
        self.clock = clock
        self._wake = wake
        self._now = -math.inf
        added = options.backend.headers
        self._credentials = CredentialStore(options.credentials, options.dialect, added)
        self._translation = Translation(options, self._credentials, self._time)
        self.dials = self._translation.dials
        self.updates = self._translation.updates
        self._machine = options.machine(observers, has_provider=self._credentials.has_provider)
        self._is_watched = bool(observers)
        self._hints = NetworkHints(options.slept if options.network_hints else None)
        self._measures = needs_peaks(options.dialect.traits)
        self._errors_reported = 0
        self._opened = False
        self._queue: deque[Any] = deque()  # commands, and requests that wait for a flush
        self._posted: deque[e.Event | f.Fact] = deque()
        #: Inside an observer: what is fed now is taken in when the machine has done its work.
        self.receiving = False
        #: Inside an effect: the loop that carries it out goes on with what follows.
        self.draining = False
        self._idle = False  # the last pull gave None
        self._is_settled = False  # another one would give None too
        self._lane = None  # by which the last frame went
        #: After ``relay``: there is a ping to ``pull`` behind the message.
        self.wants_pull = False

    def deadline(self) -> float | None:
        """When to feed ``Woke`` if nothing else happens first, on the clock; None: never.

        Ask again after each ``effects`` and each ``pull``.
        """
        deadline = self._machine.next_deadline()
        for other in (self.dials.deadline, self._hints.deadline):
            if other is not None and (deadline is None or other < deadline):
                deadline = other
        return deadline

    def feed(self, event: e.Event | f.Fact) -> None:
        """Take in an event; carry out ``effects`` next, unless they are being carried out.

        Raises LocalProtocolError for an impossible event, such as half a sample of audio.
        Requests after the end change nothing.
        """
        if self.receiving:
            self._posted.append(event)
        elif type(event) is e.AudioCaptured and self._measures:
            for each in measured(event):
                self._receive(each)
        elif type(event) is e.AudioCaptured or type(event) is e.PongReceived:
            self._receive(event)
        else:
            self._take(event)

    def post(self, event: e.Event | f.Fact) -> None:
        """``feed`` from anywhere: another thread, a signal handler, an effect, an observer.

        The owner's next ``effects`` takes the event in. An impossible one is reported as a
        ``Trouble``, for there is no caller to raise to.
        """
        self._posted.append(event)
        self._wake()

    def pull(self) -> Outgoing | None:
        """What to send next, or None: then the sender waits for ``Wake``.

        A pull means that the last send has completed. Raises DriverError inside an effect or an
        observer, and DialectError if the dialect fails.
        """
        if self.draining or self.receiving:
            raise DriverError("pull was called inside an effect or an observer: feed or post there")
        self.receiving = True
        self.wants_pull = False
        try:
            outgoing = self._machine.next_message(self._time())
        finally:
            self.receiving = False
        self._idle = self._is_settled = outgoing is None
        if self._posted:  # by an observer
            self._wake()
        return outgoing

    def effects(self) -> Iterator[fx.Effect]:
        """Hand out what to do, in order, until nothing is left.

        Iterate in a plain ``for`` loop, so that the iteration is over when the loop is left. What
        is left then comes with the next call. Raises DriverError inside an effect or observer.
        """
        if self.draining or self.receiving:
            raise DriverError("effects was called inside an effect or an observer: feed there")
        return self._drain()

    def _drain(self) -> Iterator[fx.Effect]:
        queue = self._queue
        self.draining = True
        try:
            while True:
                if self._posted:
                    self._take_posted()
                elif queue:
                    item = queue.popleft()
                    if isinstance(item, e.StopRequested | e.AbortRequested):
                        # What the sources hold was captured before: it goes ahead.
                        yield fx.FlushSources()
                        self._receive_request(item)
                    elif (effect := self._translation.translate(item)) is not None:
                        yield effect
                elif self._idle and not self._is_settled:
                    self._idle = False
                    wake = self._translation.wake
                    if self.dials.is_alive(wake.dial):
                        yield wake
                else:
                    return
        finally:
            self.draining = False

    def _receive(self, event: e.Event) -> None:
        """Have the machine take in ``event``, and queue its commands."""
        self.receiving = True
        self._is_settled = False
        try:
            commands = self._machine.receive(event, self._time())
        finally:
            self.receiving = False
        if commands:
            self._queue.extend(commands)
        if self._is_watched:
            self._report_observers()

    def _take_posted(self) -> None:
        event = self._posted.popleft()
        try:
            self.feed(event)
        except LocalProtocolError as exc:
            self.report("refused", f"a posted event was refused: {exc}")

    def _take(self, event: e.Event | f.Fact) -> None:
        match event:
            case e.MessageReceived():
                self._receive(self._credentials.redact(event))
                self._is_settled = self._idle and self._machine.is_idle()
            case e.SocketOpened():
                self.dials.addresses.opened()
                self._receive(event)
            case e.SocketLost() | e.Redirected() | f.Refused():
                self._end_dial(refusal(event) if isinstance(event, f.Refused) else event)
            case f.Released(dial):
                self._hold_no_longer(self.dials.release(dial))
            case f.Woke(deadline):
                self._wake_up(deadline)
            case e.OpenRequested():
                self._open()
            case e.StopRequested() | e.AbortRequested() | f.Cancelled():
                self._ask_for_end(event)
            case e.NetworkRestored() | e.SkipRequested():
                self._receive_request(event)
            case f.CredentialGiven() | f.ProviderFailed():
                self._receive(self._translation.answered(event, self._time()))
            case f.NetworkNews(data):
                self._hints.receive(data, self._time())
            case f.SourceRaised(source, error):
                self._receive(e.SourceFailed(source, source_error(error)))
            case _:
                self._receive(event)

    def _open(self) -> None:
        """Open, once. The sources of a resumed session are over then, but for those continued."""
        if not self._opened:
            self._opened = True
            self._hints.start(self._time())
            self._receive(e.OpenRequested())
            for source in self.options.sources if self.options.is_resumed else ():
                if source not in self.options.continued:
                    self._receive(self.options.past_end(source))

    def _ask_for_end(self, event: e.StopRequested | e.AbortRequested | f.Cancelled) -> None:
        """A stop and an abort mean before the start what they mean later: they open first."""
        if not self._machine.ended:
            self._open()
            self._queue.append(e.AbortRequested() if isinstance(event, f.Cancelled) else event)

    def _receive_request(self, event: e.Event) -> None:
        """After the end a request changes nothing, and is no error."""
        if not self._machine.ended:
            if isinstance(event, e.NetworkRestored):
                self.dials.addresses.forget()
            self._receive(event)

    def _wake_up(self, waited_for: float) -> None:
        """The time is at least the deadline that was waited for, if that is still due then."""
        deadline, hint = self.deadline(), self._hints.deadline
        if deadline is not None:
            self._now = max(self._now, min(waited_for, deadline))
        if hint is None or hint != deadline:  # else nothing of the machine's is due yet
            self._receive(e.Tick())
        self._hold_no_longer(self.dials.abandon(self._now))
        if self._machine.ended:
            self._hints = NetworkHints()
        elif self._hints.is_due(self._now):
            self._receive_request(e.NetworkRestored())

    def _end_dial(self, event: e.SocketLost | e.Redirected) -> None:
        self.dials.end(event.dial, self._time())
        self._receive(self._credentials.redact(one_cause(event)))

    def _hold_no_longer(self, held: OpenSocket | None) -> None:
        if held is not None:  # ahead: what was queued since may be its abort
            self._queue.appendleft(held)
