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
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial

import trio

from openline import events as e
from openline.observer import Observer
from openline_audio.source import Source
from openline_driver import effects as fx
from openline_driver.options import SessionOptions
from openline_store.asking import answer
from openline_store.journal_file import JournalFile
from openline_store.loop_face import LoopFace
from openline_trio.capture import Capture
from openline_trio.dial import Dial
from openline_trio.network import Connect
from openline_trio.shared_calls import ask


class Session(LoopFace[Dial, Capture]):
    """An open session. Iterate over it for updates; ``Ended`` is the last one.

    One task iterates, and another that tries meanwhile gets trio.BusyResourceError; everything
    else may be called from any task of the same trio run. In another run or thread what waits, or
    requests something, raises RuntimeError until the session is over.
    """

    _event = trio.Event
    _busy = trio.BusyResourceError
    _elsewhere = (
        "this session runs in another trio run: call it there, by trio.from_thread.run or "
        "trio.from_thread.run_sync with the token of that run"
    )

    def __init__(
        self,
        options: SessionOptions,
        sources: Mapping[str, Source],
        connect: Connect,
        observers: Sequence[Observer],
        journal: JournalFile | None,
    ) -> None:
        super().__init__(options, trio.current_time, observers, journal)
        self._connect = connect
        self._capture = Capture(self.feed, self.room, sources, self._relay)
        self._token: trio.lowlevel.TrioToken | None = None  # of the run that ``run`` is part of
        self._to_start: list[Callable[[], Awaitable[None]]] = []  # once there is a nursery
        self._start: Callable[[Callable[[], Awaitable[None]]], object] = self._to_start.append
        self.begun = trio.Event()  #: ``run`` has had its turn: the app may have the session
        self._sleeping_until = math.inf
        self._earlier = trio.Event()

    async def wait_readable(self) -> None:
        """Wait until there is an update to ``poll``; return at once after the last.

        Raises trio.BusyResourceError while another task waits for one: each update is read once,
        so the one task would wait for what the other got.
        """
        await super().wait_readable()
        await trio.lowlevel.checkpoint()

    async def room(self, source: str) -> None:  # noqa: D102  # has its base's
        await super().room(source)
        await trio.lowlevel.checkpoint()

    def _is_here(self) -> bool:
        return trio.lowlevel.in_trio_run() and trio.lowlevel.current_trio_token() is self._token

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

    def _end(self) -> None:
        self._earlier.set()

    def _watch_the_clock(self) -> None:
        """Wake the timekeeper if it would sleep past a deadline."""
        deadline = self._driver.deadline()
        if deadline is not None and deadline < self._sleeping_until:
            self._earlier.set()

    def _new_dial(self, effect: fx.Dial) -> Dial:
        return Dial(self.feed, self.pull, effect, self._connect)

    def _begin_dial(self, dial: Dial) -> None:
        self._start(dial.run)

    def _begin_asking(self, request: int, refused: str | None) -> trio.CancelScope:
        scope = trio.CancelScope()
        self._start(partial(self._ask, request, refused, scope))
        return scope

    async def run(self) -> None:
        """Carry the session from its opening to its end."""
        self._token = trio.lowlevel.current_trio_token()
        self._thread = threading.get_ident()
        try:
            async with trio.open_nursery() as nursery:
                self._start = nursery.start_soon
                self.feed(e.OpenRequested())
                self.begun.set()
                if not self._driver.over:
                    for task in self._to_start:
                        nursery.start_soon(task)
                    self._capture.start(nursery)
                    if (network := self._open_news()) is not None:
                        nursery.start_soon(self._watch, network)
                await self._keep_time()
                nursery.cancel_scope.cancel()
        finally:
            self._leave()
            self._thread = None
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

    async def _watch(self, network: socket.socket) -> None:
        with network:
            while True:
                await trio.lowlevel.wait_readable(network)
                self._take_news()

    async def _ask(self, request: int, refused: str | None, scope: trio.CancelScope) -> None:
        with scope:
            provide = self._driver.options.credentials
            answered = await answer(provide, request, refused, ask=ask, now=time.time)
            # A thread cannot be cancelled: its answer comes too late then.
            await trio.lowlevel.checkpoint_if_cancelled()
            self.feed(answered)
