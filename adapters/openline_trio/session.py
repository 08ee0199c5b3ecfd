"""A session on trio: one ``Driver``, and the tasks that carry out its effects.

Every task that learns something calls ``feed``, which hands the event to the driver and carries
out the effects at once; none of them waits. So there is no queue between the world and the
driver, and a flood is held back where it comes from. One task sleeps until the driver's next
deadline. Each dial has a reader and a writer (``dial``), each source a task (``capture``).

The block may be cancelled, and so abort the session, before the tasks had their turn: what that
starts waits for the nursery.
"""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import cast

import trio

from openline import events as e
from openline.observer import Observer
from openline.updates import Ended, Update
from openline_audio.source import Source
from openline_driver import effects as fx
from openline_driver import facts as f
from openline_driver.credentials import not_async
from openline_driver.netlink import news_socket, read_news
from openline_driver.options import SessionOptions
from openline_driver.shared_provider import SharedProvider
from openline_store.journal_file import JournalFile
from openline_store.stored_face import StoredFace
from openline_trio.capture import Capture
from openline_trio.dial import Dial
from openline_trio.network import Connect
from openline_trio.shared_calls import ask


class Session(StoredFace):
    """An open session. Iterate over it for updates; ``Ended`` is the last one.

    One task iterates, and another that tries meanwhile gets trio.BusyResourceError; everything
    else may be called from any task of the same trio run.
    """

    _dial: Dial | None = None  # the newest; the driver's first effect for a socket makes it

    def __init__(
        self,
        options: SessionOptions,
        sources: Mapping[str, Source],
        connect: Connect,
        observers: Sequence[Observer],
        journal: JournalFile | None,
    ) -> None:
        super().__init__(options, trio.current_time, observers, self._wake, journal)
        self._connect = connect
        self._capture = Capture(self.feed, self.room, sources, self._relay)
        self._asking = trio.CancelScope()
        self._token: trio.lowlevel.TrioToken | None = None  # of the run that ``run`` is part of
        self._to_start: list[Callable[[], Awaitable[None]]] = []  # once there is a nursery
        self._start: Callable[[Callable[[], Awaitable[None]]], object] = self._to_start.append
        self.begun = trio.Event()  #: ``run`` has had its turn: the app may have the session
        self._sleeping_until = math.inf
        self._earlier = trio.Event()
        self._rooms: dict[str, trio.Event] = {}  # of the sources that wait for room
        self._news = trio.Event()
        self._is_read = False
        self._over = trio.Event()

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

        Raises trio.BusyResourceError while another task waits for one: each update is read once,
        so the one task would wait for what the other got.
        """
        if self._is_read:
            raise trio.BusyResourceError(
                "another task is waiting for the updates of this session: read them in one task"
            )
        self._is_read = True
        try:
            while not (self._driver.updates or self.exhausted):
                self._news = trio.Event()
                await self._news.wait()
        finally:
            self._is_read = False
        await trio.lowlevel.checkpoint()

    async def stop(self) -> Ended:
        """Finish properly: deliver all audio, over a reconnect if it must be. The result."""
        self.request_stop()
        return await self.wait()

    async def wait(self) -> Ended:
        """Wait for the end, however it comes. The result."""
        await self._over.wait()
        assert self.ended is not None  # noqa: S101  # set before _over
        return self.ended

    async def room(self, source: str) -> None:
        """Wait until there is room for audio of ``source``, which can wait."""
        while not self._driver.has_room(source):
            await self._rooms.setdefault(source, trio.Event()).wait()
        await trio.lowlevel.checkpoint()

    def _relay(self, source: str, pcm: bytes) -> bool:
        """Send live audio at once, if the line has nothing else to do."""
        dial = self._dial
        if dial is None or not dial.is_free:
            return False
        if (message := self._driver.relay(source, pcm)) is None:
            return False
        if not dial.send_now(message):
            self._driver.sending()
            self._watch_the_clock()
        elif self._driver.wants_pull:
            dial.wake()
        return True

    def _wake(self) -> None:
        """An event was posted, perhaps by another thread."""
        if self._token is not None:  # else ``run`` has not begun, and will see it
            with suppress(trio.RunFinishedError):
                self._token.run_sync_soon(self._drain, idempotent=True)

    def _settle(self) -> None:
        driver, updates = self._driver, self._driver.updates
        if updates or updates.exhausted:
            self._news.set()
        for source in [name for name in self._rooms if driver.has_room(name)]:
            self._rooms.pop(source).set()
        if driver.ended is not None:
            self._earlier.set()

    def _watch_the_clock(self) -> None:
        """Wake the timekeeper if it would sleep past a deadline."""
        deadline = self._driver.deadline()
        if deadline is not None and deadline < self._sleeping_until:
            self._earlier.set()

    def _carry_out(self, effect: fx.Effect) -> None:
        match effect:
            case fx.Wake():
                cast("Dial", self._dial).wake()
            case fx.Dial():
                self._dial = Dial(self.feed, self.pull, effect, self._connect)
                self._start(self._dial.run)
            case fx.AbortDial():
                cast("Dial", self._dial).scope.cancel()
            case fx.CloseDial(_, code):
                cast("Dial", self._dial).close(code)
            case fx.FlushSources():
                self._capture.flush()
            case fx.ReleaseSource(name):
                self._capture.close(name)
            case fx.AskCredential(request, _, refused):
                self._asking = trio.CancelScope()
                self._start(partial(self._ask, request, refused, self._asking))
            case fx.StopAsking():
                self._asking.cancel()
            case _:
                self._store(effect)

    async def run(self) -> None:
        """Carry the session from its opening to its end."""
        self._token = trio.lowlevel.current_trio_token()
        try:
            async with trio.open_nursery() as nursery:
                self._start = nursery.start_soon
                self.feed(e.OpenRequested())
                self.begun.set()
                if not self._driver.over:
                    for task in self._to_start:
                        nursery.start_soon(task)
                    self._capture.start(nursery)
                    if self._driver.options.network_hints:
                        nursery.start_soon(self._watch_the_network)
                await self._keep_time()
                nursery.cancel_scope.cancel()
        finally:
            self._leave()
            self._over.set()

    async def _keep_time(self) -> None:
        while not self._driver.over:
            self._earlier = trio.Event()
            deadline = self._driver.deadline()
            self._sleeping_until = math.inf if deadline is None else deadline
            with trio.move_on_at(self._sleeping_until) as sleep:
                await self._earlier.wait()
            if sleep.cancelled_caught:
                self._time_is_up(self._sleeping_until)

    async def _watch_the_network(self) -> None:
        network = news_socket()
        if network is not None:
            with network:
                while True:
                    await trio.lowlevel.wait_readable(network)
                    if (news := read_news(network)) is not None:
                        self.feed(f.NetworkNews(news))

    async def _ask(self, request: int, refused: str | None, scope: trio.CancelScope) -> None:
        with scope:
            self.feed(await self._answer(request, refused))

    async def _answer(self, request: int, refused: str | None) -> e.Event | f.Fact:
        provide = self._driver.options.credentials
        try:
            if isinstance(provide, SharedProvider):
                given = await ask(provide, refused)
            else:
                promised = cast("Callable[[], object]", provide)()
                if not isinstance(promised, Awaitable):
                    return not_async(request, promised)
                given = cast("object", await promised)
            # A thread cannot be cancelled: its answer comes too late then.
            await trio.lowlevel.checkpoint_if_cancelled()
        except Exception as exc:  # noqa: BLE001  # whatever an app's provider raises
            return f.ProviderFailed(request, exc)
        return f.CredentialGiven(request, given, time.time())
