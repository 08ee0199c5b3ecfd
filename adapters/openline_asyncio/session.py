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
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from functools import cached_property, partial
from typing import Any

from openline import events as e
from openline.observer import Observer
from openline_asyncio.capture import Capture
from openline_asyncio.dial import Dial
from openline_asyncio.network import Connect
from openline_asyncio.shared_calls import answer
from openline_asyncio.workers import clock_of, in_loop, loop_here
from openline_audio.source import Source
from openline_driver import effects as fx
from openline_driver.options import SessionOptions
from openline_store.journal_file import JournalFile
from openline_store.loop_face import LoopFace


class Session(LoopFace[Dial, Capture]):
    """An open session. Iterate over it for updates; ``Ended`` is the last one.

    One task iterates, and another that tries meanwhile gets RuntimeError; everything else may be
    called from any task of the same loop. In another loop or thread what waits, or requests
    something, raises RuntimeError until the session is over.
    """

    _event = asyncio.Event
    _elsewhere = (
        "this session runs in another event loop: call it there, by its "
        "call_soon_threadsafe or by asyncio.run_coroutine_threadsafe"
    )

    def __init__(
        self,
        options: SessionOptions,
        sources: Mapping[str, Source],
        connect: Connect,
        observers: Sequence[Observer],
        journal: JournalFile | None,
    ) -> None:
        super().__init__(options, self._now, observers, journal)
        self._connect = connect
        self._capture = Capture(self.feed, self.room, sources, self._relay)
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._sleeping_until = math.inf
        self._is_woken = False
        self._finished = asyncio.Event()  # ``run`` waits for it
        self._fault: BaseException | None = None

    def _is_here(self) -> bool:
        return loop_here() is self._loop

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

    def _end(self) -> None:
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

    def _new_dial(self, effect: fx.Dial) -> Dial:
        feed, pull, pumped = self.feed, self._driver.pull, self._watch_the_clock
        return Dial(feed, pull, effect, self._connect, pumped=pumped, fail=self._fail)

    def _begin_dial(self, dial: Dial) -> None:
        dial.start(self._spawn)

    def _begin_asking(self, request: int, refused: str | None) -> asyncio.Task[None]:
        return self._spawn(self._ask(request, refused))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._reap)
        return task

    def _reap(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            self._fail(fault)

    @cached_property
    def _loop(self) -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    async def run(self) -> None:
        """Carry the session from its opening to its end."""
        self._thread = threading.get_ident()
        self._driver.clock = clock_of(self._loop)
        try:
            if not self._driver.over:  # it was not aborted before
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
                self._thread = None
                self._over.set()
        if self._fault is not None:
            raise self._fault

    def _watch_the_network(self) -> None:
        if (network := self._open_news()) is not None:
            self._loop.add_reader(network.fileno(), self._attempt, self._take_news)

    async def _end_tasks(self) -> None:
        self._capture.is_over = True
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
        self.feed(await answer(self._driver.options.credentials, request, refused))
