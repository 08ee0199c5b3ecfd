"""A session on asyncio: one ``Driver``, and the tasks and callbacks that carry out its effects.

Everything that learns something calls ``feed``, which hands the event to the driver and carries
out the effects at once; none of them waits. So there is no queue between the world and the
driver, and a flood is held back where it comes from. One timer of the loop stands for the
driver's next deadline. Each dial has a task that opens and releases its socket (``dial``), each
source one that runs it (``capture``); frames and messages need none.

An error in a callback of the loop (of a dialect, or a bug) has no caller to raise to. It
ends ``run``, and so comes out of the block. ``run`` ends when all tasks have.
"""

from __future__ import annotations

import asyncio
import math
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, cast

from openline import events as e
from openline.observer import Observer
from openline.updates import Ended, Update
from openline_asyncio.capture import Capture
from openline_asyncio.dial import Dial
from openline_asyncio.network import Connect
from openline_asyncio.shared_calls import ask
from openline_asyncio.workers import clock_of, in_loop, is_cancelled
from openline_audio.source import Source
from openline_driver import effects as fx
from openline_driver import facts as f
from openline_driver.credentials import not_async
from openline_driver.netlink import news_socket, read_news
from openline_driver.options import SessionOptions
from openline_driver.shared_provider import SharedProvider
from openline_store.journal_file import JournalFile
from openline_store.stored_face import StoredFace


class Session(StoredFace):
    """An open session. Iterate over it for updates; ``Ended`` is the last one.

    One task iterates, and another that tries meanwhile gets RuntimeError; everything else may be
    called from any task of the same loop.
    """

    _loop: asyncio.AbstractEventLoop  # of ``run``

    def __init__(
        self,
        options: SessionOptions,
        sources: Mapping[str, Source],
        connect: Connect,
        observers: Sequence[Observer],
        journal: JournalFile | None,
    ) -> None:
        super().__init__(options, self._now, observers, self._wake, journal)
        self._connect = connect
        self._capture = Capture(self.feed, self.room, sources, self._relay)
        self._tasks: set[asyncio.Task[None]] = set()
        self._dial: Dial | None = None  # the newest
        self._asking: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._sleeping_until = math.inf
        self._rooms: dict[str, asyncio.Event] = {}  # of the sources that wait for room
        self._news: asyncio.Event | None = None  # of the task that waits for an update
        self._is_woken = False
        self._network: socket.socket | None = None  # the kernel's news of it
        self._finished = asyncio.Event()  # ``run`` waits for it
        self._fault: BaseException | None = None
        self._over = asyncio.Event()

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
        if self._news is not None:
            raise RuntimeError(
                "another task is waiting for the updates of this session: read them in one task"
            )
        try:
            while not (self._driver.updates or self.exhausted):
                self._news = asyncio.Event()
                await self._news.wait()
        finally:
            self._news = None

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
            await self._rooms.setdefault(source, asyncio.Event()).wait()

    def _relay(self, source: str, pcm: bytes) -> bool:
        """Send live audio at once, if the line has nothing else to do."""
        dial, driver = self._dial, self._driver
        if dial is None or (message := driver.relay(source, pcm)) is None:
            return False
        dial.send_bytes(message)
        if dial.is_paused:
            driver.sending()
            self._watch_the_clock()
        elif driver.wants_pull:
            dial.pump()
        return True

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _wake(self) -> None:
        """An event was posted, perhaps by another thread."""
        if not self._is_woken:
            self._is_woken = True
            in_loop(self._loop, self._take_posted)

    def _drain(self) -> None:
        if self._dial is not None and not self._rooms and self._driver.take_wake():
            self._dial.pump()  # as for nearly every frame of live audio
            return
        for effect in self._driver.effects():
            self._carry_out(effect)
        self._settle()
        if self._dial is not None and self._dial.is_woken:
            self._dial.pump()
        else:
            self._watch_the_clock()

    def _take_posted(self) -> None:
        self._is_woken = False
        self._attempt(self._drain)

    def _attempt(self, call: Callable[[], object]) -> None:
        """Call it in a callback of the loop."""
        try:
            call()
        except Exception as exc:  # noqa: BLE001  # the app's dialect, or a bug
            self._fail(exc)

    def _fail(self, fault: BaseException) -> None:
        """End ``run`` with this error, the first of them."""
        self._fault = self._fault or fault
        self._finished.set()

    def _settle(self) -> None:
        driver, updates = self._driver, self._driver.updates
        if self._news is not None and (updates or updates.exhausted):
            self._news.set()
        if self._rooms:
            for source in [name for name in self._rooms if driver.has_room(name)]:
                self._rooms.pop(source).set()
        if driver.ended is not None:
            self._finished.set()

    def _watch_the_clock(self) -> None:
        """Set the timer anew if it would fire after a deadline."""
        deadline = self._driver.deadline()
        if deadline is not None and deadline < self._sleeping_until:
            if self._timer is not None:
                self._timer.cancel()
            self._sleeping_until = deadline
            self._timer = self._loop.call_at(deadline, self._wake_up)

    def _wake_up(self) -> None:
        deadline, self._sleeping_until = self._sleeping_until, math.inf
        self._attempt(partial(self._time_is_up, deadline))
        self._watch_the_clock()

    def _carry_out(self, effect: fx.Effect) -> None:
        match effect:
            case fx.Wake():
                cast("Dial", self._dial).wake()
            case fx.Dial():
                self._dial = Dial(
                    self.feed,
                    self._driver.pull,
                    effect,
                    self._connect,
                    pumped=self._watch_the_clock,
                    fail=self._fail,
                )
                self._dial.start(self._spawn)
            case fx.AbortDial():
                cast("Dial", self._dial).abort()
            case fx.CloseDial(_, code):
                cast("Dial", self._dial).close(code)
            case fx.FlushSources():
                self._capture.flush()
            case fx.ReleaseSource(name):
                self._capture.close(name)
            case fx.AskCredential(request, _, refused):
                self._asking = self._spawn(self._ask(request, refused))
            case fx.StopAsking():
                if self._asking is not None:
                    self._asking.cancel()
            case _:
                self._store(effect)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._reap)
        return task

    def _reap(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            self._fail(fault)

    async def run(self) -> None:
        """Carry the session from its opening to its end."""
        self._loop = asyncio.get_running_loop()
        self._driver.clock = clock_of(self._loop)
        try:
            self.feed(e.OpenRequested())
            if not self._driver.over:
                self._capture.start(self._spawn)
                self._watch_the_network()
            await self._finished.wait()
        finally:
            try:
                self._leave()
            finally:  # whatever that raises, no task is left
                await self._end_tasks()
                self._over.set()
        if self._fault is not None:
            raise self._fault

    def _watch_the_network(self) -> None:
        if self._driver.options.network_hints and (network := news_socket()) is not None:
            self._network = network
            self._loop.add_reader(network.fileno(), self._attempt, self._take_network_news)

    def _take_network_news(self) -> None:
        if self._network is not None and (news := read_news(self._network)) is not None:
            self.feed(f.NetworkNews(news))

    async def _end_tasks(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._network is not None:
            self._loop.remove_reader(self._network.fileno())
            self._network.close()
        while self._tasks:
            for task in self._tasks:
                task.cancel()
            with suppress(asyncio.CancelledError):  # this goes to its end
                await asyncio.wait(self._tasks)

    async def _ask(self, request: int, refused: str | None) -> None:
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
        except asyncio.CancelledError:
            if is_cancelled():
                raise
            return f.ProviderFailed(request, RuntimeError("something that it awaits was cancelled"))
        except Exception as exc:  # noqa: BLE001  # whatever an app's provider raises
            return f.ProviderFailed(request, exc)
        return f.CredentialGiven(request, given, time.time())
