"""One session of a shard: its driver, dial and sources, without a task or a timer of its own.

The shard gives it what all sessions share: the loop, the pacer, the gate, the provider of
credentials, the pool that reads recordings. A line carries out the driver's effects at once, as
every face does, and tells the shard when there is something to read and when it has ended. Its
deadline lies in the pacer's wheel.

A line that fails by a bug, or by the app's dialect, fails alone: a ``Trouble`` tells what was
raised, and the session is aborted.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import cast

from openline import events as e
from openline.backend import Backend
from openline.commands import DiscardStore, Outgoing
from openline.machine.relay import Lane
from openline.observer import Observer
from openline_asyncio.network import Connect
from openline_asyncio.workers import resolve
from openline_driver import effects as fx
from openline_driver.error_origin import raised
from openline_driver.options import SessionOptions
from openline_fleet.dial import Dial
from openline_fleet.shared import Shared
from openline_fleet.sources import Sources
from openline_fleet.spec import SessionSpec
from openline_store.journal_file import JournalFile
from openline_store.stored_face import StoredFace


class Line(StoredFace):
    """A session of a shard, as the shard and the driver see it."""

    def __init__(
        self,
        shard: Shared[Line],
        spec: SessionSpec,
        options: SessionOptions,
        *,
        connect: Connect,
        observers: Sequence[Observer],
        journal: JournalFile | None,
    ) -> None:
        super().__init__(options, shard.clock, observers, self._wake, journal)
        self.spec = spec
        self.next_message: Callable[[], Outgoing | None] = self._driver.pull
        self.is_listed = False  #: among the lines with news, by the shard
        self._shard = shard
        self._connect = connect
        self._sources = Sources(spec, self, shard)
        self._plain = self._sources.plain
        self._dial: Dial | None = None  # the newest
        self._lane: Lane | None = None  # by which the last frame went
        self._clock = shard.clock
        self._asking: asyncio.Task[None] | None = None
        self._rooms: dict[str, list[Callable[[], object]]] | None = None  # who waits for room
        self._due_at = math.inf  # when the pacer calls
        self._is_woken = False  # something was posted
        self._is_failed = False
        self._is_ending = False
        self._is_over = False
        self._waiting: list[asyncio.Future[None]] | None = None  # for the end

    # What the shard does.

    @property
    def has_updates(self) -> bool:
        """Whether there is one to ``poll``."""
        return bool(self._driver.updates)

    def begin(self, pool: Callable[[], Executor]) -> None:
        """Open the session, and begin to read its recordings."""
        self.feed(e.OpenRequested())
        if self._driver.over or self._driver.options.is_resumed:
            return
        self._sources.start(pool)

    def admitted(self) -> None:
        """The gate is open for the dial that waited at it."""
        if self._dial is not None:
            self._dial.start()

    def due(self, now: float) -> None:
        """The pacer calls: a deadline may have come."""
        if now < self._due_at or self._is_over:
            return  # it was put off, or has been met by another call
        self._due_at = math.inf
        self._alone(partial(self._time_is_up, now))
        self._alone(self._watch_the_clock)

    @property
    def played(self) -> bool:
        """Whether each of its recordings was delivered to its end."""
        return self._sources.played

    def move(self, *, anew: bool) -> None:
        """End here. Another shard resumes the session, or begins it anew, without its spool."""
        if anew:
            self._alone(partial(self._store, DiscardStore()))
        move = e.Move.ANEW if anew else e.Move.RESUMED
        self._alone(partial(self._request, e.AbortRequested(move)))

    def leave(self) -> None:
        """End now, as it could not begin."""
        self._end()

    # What its dial and its recordings do.

    async def connect(self, backend: Backend, protocol: asyncio.Protocol) -> asyncio.WriteTransport:
        """Open a transport. Raises DialError."""
        return await self._connect(backend, protocol)

    def is_sending(self) -> None:
        """The kernel has not taken the last frame yet."""
        self._driver.sending()
        self._watch_the_clock()

    def pumped(self) -> None:
        """A pump of the dial is over."""
        self._alone(self._watch_the_clock)

    def released(self, dial: Dial) -> None:
        """The socket of a dial is gone."""
        if dial is self._dial:
            self._dial = None
        if self._is_ending:
            self._leave_shard()

    async def room(self, source: str) -> None:
        """Wait until there is room for audio of ``source``, or it takes no more."""
        while not self._is_worth_a_try(source):
            there: asyncio.Future[None] = self._shard.loop.create_future()
            self.when_room(source, partial(resolve, there))
            await there

    def relay(self, source: str, pcm: bytes) -> bool:
        """Send audio at once, where that is all to do. False: nothing was done, so ``feed`` it."""
        dial, lane = self._dial, self._lane
        if dial is None or not dial.is_open or self._is_woken:
            return False
        if lane is None or lane.is_shut or lane.source != source:
            lane = self._lane = self._driver.lane(source)
        if lane is None or (message := lane.send(pcm, self._clock())) is None:
            return False
        dial.send_soon(message, pumps=lane.wants_ping)
        return True

    def has_room(self, source: str) -> bool:
        """Whether there is room for more audio of ``source``."""
        return self._driver.has_room(source)

    def when_room(self, source: str, call: Callable[[], object]) -> None:
        """Call it once there is room for more audio of ``source``."""
        if self._rooms is None:
            self._rooms = {}
        self._rooms.setdefault(source, []).append(call)

    def fail(self, fault: BaseException) -> None:
        """The session ends by an error that is no end of a line."""
        if self._is_failed:
            return
        self._is_failed = True
        self._driver.report("fault", f"the session failed: {raised(fault)}")
        try:
            super().abort()
            self._settle()
        except Exception:  # noqa: BLE001  # it is the machine that fails: leave it as it is
            self._end()

    def _alone(self, call: Callable[[], object]) -> None:
        """Call it; a fault of the app's dialect, or a bug, ends this session and no other."""
        try:
            call()
        except Exception as exc:  # noqa: BLE001  # told as ``Trouble``
            self.fail(exc)

    # The driver's effects.

    def _drain(self) -> None:
        dial = self._dial
        if dial is not None and self._rooms is None and self._driver.take_wake():
            dial.wake()
            dial.pump()  # as for nearly every frame of live audio
            return
        for effect in self._driver.effects():
            self._carry_out(effect)
        self._settle()
        if self._dial is not None and self._dial.is_woken:
            self._dial.pump()
        else:
            self._watch_the_clock()

    def _settle(self) -> None:
        if not self.is_listed and self._driver.updates:
            self._shard.has_news(self)
        if self._rooms is not None:
            self._call_for_room()
        if self._driver.ended is not None and not self._is_ending:
            self._is_ending = True
            self._shut()
            self._shard.loop.call_soon(self._end)

    def _call_for_room(self) -> None:
        rooms = self._rooms or {}
        for source in [name for name in rooms if self._is_worth_a_try(name)]:
            for call in rooms.pop(source):
                call()
        self._rooms = rooms or None

    def _is_worth_a_try(self, source: str) -> bool:
        """Whether who waits for room for audio of ``source`` should go on."""
        return self._driver.has_room(source) or not self._sources.takes(source)

    def _shut(self) -> None:
        """No pushed audio is taken any more: a stop, an abort or the end."""
        self._sources.shut()
        self._call_for_room()

    def _watch_the_clock(self) -> None:
        """Have the pacer call if it would call after a deadline."""
        deadline = self._driver.deadline()
        if deadline is not None and deadline < self._due_at:
            self._due_at = deadline
            self._shard.pacer.put(self, deadline)

    def _carry_out(self, effect: fx.Effect) -> None:
        match effect:
            case fx.Wake():
                cast("Dial", self._dial).wake()
            case fx.Dial():
                self._dial = Dial(self._shard.loop, self._shard.sending, self, effect)
                if self._shard.may_dial(self):
                    self._dial.start()
            case fx.AbortDial():
                self._shard.dial_left(self)
                cast("Dial", self._dial).abort()
            case fx.CloseDial(_, code):
                cast("Dial", self._dial).close(code)
            case fx.FlushSources():
                self._shut()  # a line holds no audio: what is pushed is fed at once
            case fx.ReleaseSource(name):
                self._sources.close(name)
                self.feed(e.SourceFinished(name))
            case fx.AskCredential(request, _, refused):
                self._asking = self._shard.spawn(self._ask(request, refused))
            case fx.StopAsking():
                if self._asking is not None:
                    self._asking.cancel()
            case _:
                self._store(effect)

    async def _ask(self, request: int, refused: str | None) -> None:
        try:
            self.feed(await self._shard.ask(request, refused))
        except Exception as exc:  # noqa: BLE001  # ours: what a provider raises is an answer
            self.fail(exc)

    def _wake(self) -> None:
        if not self._is_woken:
            self._is_woken = True
            self._shard.post(self._take_posted)

    def _take_posted(self) -> None:
        """Take in what other threads and observers have posted."""
        self._is_woken = False
        if not (self._driver.draining or self._driver.receiving):
            self._alone(self._drain)

    # Its end.

    def _end(self) -> None:
        """Close the files, the dial and what else there is."""
        self._is_ending = True
        self._sources.close()
        if self._asking is not None:
            self._asking.cancel()
        self._alone(self._leave)  # the files are closed all the same
        self._shard.dial_left(self)
        if self._dial is None:
            self._leave_shard()
        else:
            self._dial.abort()

    def _leave_shard(self) -> None:
        if not self._is_over:
            self._is_over = True
            for each in self._waiting or ():
                if not each.done():
                    each.set_result(None)
            self._shard.ended(self)
