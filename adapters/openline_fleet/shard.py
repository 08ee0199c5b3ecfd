"""A shard: many sessions on one loop, and what they share.

    async with Shard(credentials=provide) as shard:
        line = shard.start(spec)                    # a SessionSpec; it begins at once
        line.push("mic", pcm)                       # or a recording, which the spec names
        async for session_id, update in shard.updates():
            ...

The sessions share one pacer, one dial gate, one provider of credentials, one pool of threads that
reads recordings, one trust store and one watch of the network. Each has a driver, a socket and
nothing else: no task while it streams, and no timer.

**A slow reader holds nothing up.** Each session keeps its unread updates by the driver's rules:
finals and gaps until they are read, of all else the newest. The shard lists which sessions have
any.

**A shard takes no more than it has files for**, and says so (``ShardFullError``): a process without
file descriptors would lose sessions that are well elsewhere.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import MappingProxyType, TracebackType
from typing import Any, Final, Self, cast

from openline import events as e
from openline.backend import Backend
from openline.dialects.protocol import Dialect
from openline.observer import Observer
from openline.updates import Update
from openline_asyncio.network import Connect, connector
from openline_asyncio.shared_calls import answer
from openline_asyncio.sources.pacer import SLOT, Pacer
from openline_asyncio.transport import SocketTransport
from openline_asyncio.workers import clock_of, in_loop
from openline_driver import facts as f
from openline_driver.addresses import Addresses
from openline_driver.argument_checks import (
    check_credentials,
    check_kind,
    check_optional,
    check_proxy,
    check_switch,
)
from openline_driver.options import Credentials
from openline_driver.proxies import Proxies
from openline_driver.shared_provider import SharedProvider
from openline_driver.tls import early_context
from openline_fleet.checks import check_count, check_number
from openline_fleet.descriptors import allowed, needed
from openline_fleet.draining import check_within, drained, finished
from openline_fleet.gate import BURST, PER_SECOND, FleetGate
from openline_fleet.gatekeeper import Gatekeeper
from openline_fleet.line import Line
from openline_fleet.news import News
from openline_fleet.opening import Opener
from openline_fleet.reading import Reading
from openline_fleet.sending import Sending
from openline_fleet.session import FleetSession
from openline_fleet.spec import SessionSpec
from openline_fleet.watch import NetworkWatch

#: Threads that read recordings: a second of audio takes one about a millisecond.
_READERS: Final = 4


class ShardFullError(RuntimeError):
    """The shard takes no session more; the text is one line: why, and what to do."""


class Shard:
    """Sessions on the running loop. Use it as ``async with``; leaving the block aborts the rest.

    ``credentials`` is a token, or a provider that all sessions share: an async function, a plain
    one, which is called in a thread, or a ``SharedProvider``. ``proxy``, ``ssl_context``,
    ``network_hints``, ``connect`` and ``random`` are those of ``openline_asyncio.open_session``;
    the trust store is read once.

    ``dials_per_second`` and ``dial_burst``: the gate that all dials pass. ``capacity``: sessions at
    once, at most; None: as many as there are file descriptors for, when 64 are kept for the rest
    of the program. ``slot``: seconds by which a
    timer, or a frame of a recording, may be late. ``dialects`` are the app's own, by the names that
    specs use. ``observers`` gives the observers of a session; each costs time at every event.

    Raises TypeError and ValueError, one line, for an argument that cannot work.
    """

    def __init__(
        self,
        *,
        credentials: Credentials | Callable[[], object] = None,
        dials_per_second: float = PER_SECOND,
        dial_burst: int = BURST,
        capacity: int | None = None,
        slot: float = SLOT,
        dialects: Mapping[str, Dialect] | None = None,
        observers: Callable[[SessionSpec], Sequence[Observer]] | None = None,
        connect: Connect | None = None,
        proxy: str | bool = True,
        ssl_context: ssl.SSLContext | None = None,
        network_hints: bool = True,
        random: Callable[[], float] | None = None,
    ) -> None:
        if credentials is not None and not isinstance(credentials, str | SharedProvider):
            credentials = SharedProvider(credentials)  # type: ignore[arg-type]  # it checks
        check_credentials(credentials)
        check_proxy(proxy)
        check_optional(connect=connect, ssl_context=ssl_context, random=random)
        check_switch("network_hints", network_hints)
        check_number("slot", slot)
        if slot <= 0:
            raise ValueError(f"slot is {slot}: give seconds above 0")
        if capacity is not None:
            check_count("capacity", capacity, low=1)
        if observers is not None:
            check_kind("observers", observers, None, "a function that gives a list of Observers")
        if dialects is not None:
            check_kind("dialects", dialects, Mapping, "a dict of names and dialects")
            for name in dialects:
                check_kind("dialects", name, str, "names of dialects as a str")
        proxies = Proxies(proxy, os.environ)
        early = early_context(ssl_context, proxies, os.environ, ssl.create_default_context)
        self._tls = ssl_context or early
        self._proxies = proxies
        self._connect = connect
        self._gate = FleetGate(dials_per_second, dial_burst)
        self._credentials = credentials
        self._capacity = capacity
        self._slot = slot
        self._wants_hints = network_hints and connect is None
        self._opener = Opener(
            self,
            connecting=self._connecting,
            credentials=credentials,
            random=random,
            dialects=dialects or {},
            observers=observers,
        )
        self._lines: dict[str, FleetSession] = {}  # those that live
        self._news = News(lambda: self._is_closed and not self._lines)
        self._change: asyncio.Event | None = None  # of the task that waits for ends
        self._tasks: set[asyncio.Task[None]] = set()
        self._files = 0  # that the sessions may have open
        self._files_allowed: int | None = None
        self._is_closed = True  # until the block is entered

    # What the app does.

    async def __aenter__(self) -> Self:
        self.loop = asyncio.get_running_loop()
        self.clock: Callable[[], float] = clock_of(self.loop)
        self.pacer = Pacer(self.loop, self._slot)
        self.sending = Sending(self.loop)
        self._reading = Reading(self.loop, self.clock)
        self._keeper = Gatekeeper(self._gate, self.pacer, self.clock)
        self._readers: ThreadPoolExecutor | None = None
        self._watch: NetworkWatch | None = None
        self._files_allowed = allowed()
        self._is_closed = False
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        for line in [*self._lines.values()]:
            line.abort()
        await finished(self.emptied)
        if self._watch is not None:
            self._watch.close()
        self.pacer.stop()
        if self._readers is not None:  # a read that is under way closes its file behind it
            shut = partial(self._readers.shutdown, cancel_futures=True)
            await finished(partial(asyncio.to_thread, shut))
            await asyncio.sleep(0)

    def start(self, spec: SessionSpec) -> FleetSession:
        """Begin the session of ``spec``.

        Raises ShardFullError, TypeError, ValueError and DialectError, one line, for what cannot
        be, and SpoolError and JournalError for a folder and a file that cannot be used.
        """
        check_kind("spec", spec, SessionSpec, "a SessionSpec")
        self._check(spec)
        if spec.backend.is_secure and self._tls is None:
            self._tls = ssl.create_default_context()  # once: it takes 20 ms, and 1 MB
        line = self._opener.open(spec)
        self._lines[spec.session_id] = line
        self._files += needed(spec)
        try:
            line.begin(self._pool)
        except BaseException:
            line.leave()
            raise
        if self._watch is None and self._wants_hints and not spec.backend.is_loopback:
            self._watch = NetworkWatch(self.loop, self.pacer, self._network_restored, self.clock)
        return line

    def updates(self) -> AsyncIterator[tuple[str, Update]]:
        """Each update of each session, with the id of the session; in one task.

        The updates of a session come in their order, and ``Ended`` is its last one. It ends when
        the shard is closed, or drained, and all has been read. While one task waits for an update,
        another one that tries gets RuntimeError.
        """
        return self._news

    def close(self) -> None:
        """Take no session more. Those that live go on; ``updates`` ends when they have."""
        self._is_closed = True
        self._news.wake()

    async def drain(self, *, within: float) -> tuple[SessionSpec, ...]:
        """Take no session more, and have all be over in ``within`` seconds, as for a deploy.

        Returns the specs to start on another shard: see ``openline_fleet.draining``. A session that
        goes on there ends here with ``Ended.moved``, and its ``push`` raises SourceClosedError.
        Raises TypeError and ValueError unless ``within`` is a number, 0 or more.
        """
        check_within(within)
        self.close()
        return await drained(self, within)

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def lines(self) -> Mapping[str, FleetSession]:
        """The sessions that live, by their ids."""
        return MappingProxyType(self._lines)

    @property
    def gate(self) -> FleetGate:
        """The gate of its dials, to read its counts."""
        return self._gate

    @property
    def is_closed(self) -> bool:
        """Whether it takes no more sessions."""
        return self._is_closed

    async def change(self) -> None:
        """Wait until a session has ended."""
        self._change = self._change or asyncio.Event()
        await self._change.wait()

    # What its sessions do.

    def may_dial(self, line: Line) -> bool:
        """Whether the gate is open; otherwise ``Line.admitted`` is called later."""
        return self._keeper.may_dial(line)

    def dial_left(self, line: Line) -> None:
        """The dial waits at the gate no more."""
        self._keeper.left(line)

    def has_news(self, line: Line) -> None:
        """There are updates to read."""
        self._news.add(line)

    def ended(self, line: Line) -> None:
        """It is over, and its socket is gone."""
        if self._lines.pop(line.session_id, None) is not None:
            self._files -= needed(line.spec)
        self._keeper.forget(line)
        self._news.wake()
        if self._change is not None:
            self._change.set()
            self._change = None

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run ``work``, which raises nothing, in a task that the shard outlives."""
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def ask(self, request: int, refused: str | None) -> e.Event | f.Fact:
        """Ask the provider for a credential: its answer, or what it raised."""
        return await answer(self._credentials, request, refused)

    def post(self, call: Callable[[], object]) -> None:
        """Have the loop call it soon, from any thread."""
        in_loop(self.loop, call)

    def _pool(self) -> ThreadPoolExecutor:
        """The threads that read recordings; made for the first one."""
        if self._readers is None:
            self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="openline reader")
        return self._readers

    def _connecting(self, known: Addresses) -> Connect:
        """What opens the sockets of one session."""
        if self._connect is not None:
            return self._connect
        connect, may_read = connector(self._tls, self._proxies, known), self._reading.may_read

        async def in_parts(backend: Backend, protocol: asyncio.Protocol) -> asyncio.WriteTransport:
            transport = await connect(backend, protocol)
            cast("SocketTransport", transport).may_read = may_read
            return transport

        return in_parts

    def _check(self, spec: SessionSpec) -> None:
        """Raise ShardFullError or ValueError if the session cannot be taken."""
        if self._is_closed:
            raise ShardFullError("this shard takes no more sessions: start it on another one")
        if spec.session_id in self._lines:
            raise ValueError(f"session {spec.session_id!r} lives in this shard already")
        if self._capacity is not None and len(self._lines) >= self._capacity:
            raise ShardFullError(
                f"this shard has its {self._capacity} sessions: wait for one to end, "
                "or start it on another one"
            )
        files = self._files_allowed
        if files is not None and self._files + needed(spec) > files:
            raise ShardFullError(
                f"this process has no files for more than {len(self._lines)} sessions: "
                "raise `ulimit -n`, or start it on another shard"
            )

    async def emptied(self) -> None:
        """Wait until no session lives, and no task of one is left."""
        while self._lines:
            await self.change()
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _network_restored(self) -> None:
        for line in [*self._lines.values()]:
            if not line.spec.backend.is_loopback:
                line.network_restored()
