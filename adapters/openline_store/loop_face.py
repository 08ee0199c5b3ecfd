"""The part of a public session that waits: the same in each face whose loop has tasks and events.

A face's ``Session`` derives from ``LoopFace``. It names the ``Event`` of its loop and the error of
a second reader, and adds its tasks, its timer, and how it dials and asks.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Sequence
from typing import ClassVar, Generic, Protocol, TypeVar, cast

from openline import events as e
from openline.observer import Observer
from openline.updates import Ended, Update
from openline_driver import effects as fx
from openline_driver.options import SessionOptions
from openline_store.journal_file import JournalFile
from openline_store.stored_face import StoredFace


class Event(Protocol):
    """That of a loop."""

    def set(self) -> object:
        """Wake who waits."""
        ...

    async def wait(self) -> object:
        """Wait until it is set."""
        ...


class Dialling(Protocol):
    """A dial: a socket from its first packet until it is released."""

    def wake(self) -> object:
        """The driver has something to send."""
        ...

    def abort(self) -> object:
        """Drop the socket."""
        ...

    def close(self, code: int, /) -> object:
        """Begin the closing handshake."""
        ...


class Capturing(Protocol):
    """The sources of a session, each in a task: ``openline_driver.sinks``, and ``close``."""

    def flush(self) -> None:
        """Have them deliver what they hold."""
        ...

    def level(self, name: str, /) -> float:
        """The level of a source's last frame."""
        ...

    def close(self, name: str, /) -> None:
        """Cancel one that hangs."""
        ...


class Cancellable(Protocol):
    """Something under way."""

    def cancel(self) -> object:
        """End it."""
        ...


D = TypeVar("D", bound=Dialling)
C = TypeVar("C", bound=Capturing)


class LoopFace(StoredFace, Generic[D, C]):
    """A session whose methods wait. ``clock`` is the driver's.

    Nothing would wake what waits for it in another loop, and what is requested in another thread
    would change it beside its loop: both raise RuntimeError while ``run`` runs. A subclass sets
    ``_thread`` for that time. Its ``_is_here`` tells whether its loop runs here, and ``_elsewhere``
    is the text of the error.

    It has six methods more, beside those of ``Face``: ``_wake`` has the loop drain soon, from any
    thread; ``_new_dial`` makes a dial, and ``_begin_dial`` runs it; ``_begin_asking`` begins to ask
    for a credential; ``_end`` is called when there is a result; ``run`` carries the session.
    """

    _event: ClassVar[type[Event]]
    _busy: ClassVar[type[Exception]] = RuntimeError
    _elsewhere: ClassVar[str]
    _capture: C  # a subclass makes it

    def __init__(
        self,
        options: SessionOptions,
        clock: Callable[[], float],
        observers: Sequence[Observer],
        journal: JournalFile | None,
    ) -> None:
        super().__init__(options, clock, observers, self._wake, journal)
        self._dial: D | None = None  # the newest
        self._asking: Cancellable | None = None
        self._rooms: dict[str, Event] = {}  # of the sources that wait for room
        self._news: Event | None = None  # of the task that waits for an update
        self._over = self._event()
        self._thread: int | None = None  # of its loop, while ``run`` runs

    def level(self, source: str) -> float:
        """Loudness of the source's last frame: its RMS, 0.0 to 1.0 of full scale."""
        return self._capture.level(source)

    def __aiter__(self) -> AsyncIterator[Update]:
        return self

    async def __anext__(self) -> Update:
        await self.wait_readable()
        while (update := self.poll()) is None:  # another task polls as well, and took it
            if self.exhausted:
                raise StopAsyncIteration
            await self.wait_readable()
        return update

    async def wait_readable(self) -> None:
        """Wait until there is an update to ``poll``; return at once after the last.

        Raises RuntimeError while another task waits for one: each update is read once, so the
        one task would wait for what the other got.
        """
        self._check_loop()
        if self._news is not None:
            raise self._busy(
                "another task is waiting for the updates of this session: read them in one task"
            )
        try:
            while not (self._driver.updates or self.exhausted):
                self._news = self._event()
                await self._news.wait()
        finally:
            self._news = None

    async def stop(self) -> Ended:
        """Finish properly: deliver all audio, over a reconnect if it must be. The result."""
        self.request_stop()
        return await self.wait()

    async def wait(self) -> Ended:
        """Wait for the end, however it comes. The result."""
        self._check_loop()
        await self._over.wait()
        assert self.ended is not None  # noqa: S101  # set before _over
        return self.ended

    async def room(self, source: str) -> None:
        """Wait until there is room for audio of ``source``, which can wait."""
        while not self._driver.has_room(source):
            await self._rooms.setdefault(source, self._event()).wait()

    def _request(self, event: e.Event) -> None:
        if self._thread not in (None, threading.get_ident()):
            self._check_loop()
        super()._request(event)

    def _check_loop(self) -> None:
        if self._thread is not None and not self._is_here():
            raise RuntimeError(self._elsewhere)

    def _settle(self) -> None:
        driver, updates = self._driver, self._driver.updates
        if self._news is not None and (updates or updates.exhausted):
            self._news.set()
        if self._rooms:
            for source in [name for name in self._rooms if driver.has_room(name)]:
                self._rooms.pop(source).set()
        if driver.ended is not None:
            self._end()

    def _carry_out(self, effect: fx.Effect) -> None:
        match effect:
            case fx.Wake():
                cast("D", self._dial).wake()
            case fx.Dial():
                self._dial = self._new_dial(effect)
                self._begin_dial(self._dial)
            case fx.AbortDial():
                cast("D", self._dial).abort()
            case fx.CloseDial(_, code):
                cast("D", self._dial).close(code)
            case fx.FlushSources():
                self._capture.flush()
            case fx.ReleaseSource(name):
                self._capture.close(name)
            case fx.AskCredential(request, _, refused):
                self._asking = self._begin_asking(request, refused)
            case fx.StopAsking():
                if self._asking is not None:
                    self._asking.cancel()
            case _:
                self._store(effect)

    def _is_here(self) -> bool:
        raise NotImplementedError

    def _wake(self) -> None:
        raise NotImplementedError

    def _new_dial(self, effect: fx.Dial) -> D:
        raise NotImplementedError

    def _begin_dial(self, dial: D) -> None:
        raise NotImplementedError

    def _begin_asking(self, request: int, refused: str | None) -> Cancellable:
        raise NotImplementedError

    def _end(self) -> None:
        raise NotImplementedError
