"""A session on trio: one pure Connection, driven by the tasks around it.

Every task that learns something calls ``feed``: it hands the event to the core with the
time and carries out the commands at once, none of which waits. So there is no queue
between the world and the core, and a flood is held back where it comes from. One task
sleeps until the core's next deadline. Each dial has a reader and a writer (``dial``),
each source a task of its own (``capture``), the credential provider another. The app reads
what the core reports from a bounded queue, at its own pace.

A request may come before the tasks had their turn. It opens the session then, so that it
means what it means later; what the core commands waits for the tasks' nursery.

All decisions are the core's: there is nothing here about when to retry, wait or end.
"""

from __future__ import annotations

import math
import time
import uuid
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial

import trio

from openline import events as e
from openline.backend import Backend
from openline.commands import (
    AbortSocket,
    CancelCredential,
    CloseSocket,
    CloseSource,
    Command,
    OpenSocket,
    Outgoing,
    Report,
    RequestCredential,
)
from openline.dialects.protocol import Dialect
from openline.policy import Policy
from openline.session import SessionMachine
from openline.updates import Ended, State, Statistics, Transcript, Update
from openline_audio.source import Source
from openline_driver.credentials import Credentials, CredentialStore
from openline_driver.updates import Updates
from openline_store.disk import Disk
from openline_store.journal_file import JournalFile
from openline_store.spool import Past, Spool
from openline_trio.capture import Capture
from openline_trio.dial import Dial
from openline_trio.network import Connect


class Session:
    """An open session. Iterate over it for updates; ``Ended`` is the last one.

    One task iterates, and another that tries meanwhile gets trio.BusyResourceError; everything
    else may be called from any task of the same trio run.
    """

    def __init__(
        self,
        backend: Backend,
        sources: Mapping[str, Source],
        *,
        policy: Policy,
        dialect: Dialect,
        session_id: str,
        credentials: Credentials,
        connect: Connect,
        random: Callable[[], float],
        disk_seconds: float = 0.0,
        past: Past | None = None,
        journal: JournalFile | None = None,
    ) -> None:
        self._wallet = CredentialStore(credentials, dialect)
        self._session_id = session_id
        self._capture = Capture(self, sources)
        self._connect = connect
        self._disk = Disk(None, self.feed)
        self._past = past
        self._updates = Updates()
        self._journal = journal
        if journal is not None:
            journal.tell = self._updates.put
        self._connection = SessionMachine(
            backend,
            session_id=session_id,
            attempt_id=str(uuid.uuid4()),
            random=random,
            sources=past.began.sources if past is not None else tuple(sources),
            policy=policy,
            dialect=dialect,
            has_provider=self._wallet.has_provider,
            may_pause=self._capture.may_pause,
            kinds=self._capture.kinds,
            disk_seconds=disk_seconds,
            past=past.sources if past is not None else (),
            past_transcript=past.transcript if past is not None else (),
            observers=() if journal is None else (journal.observer,),
        )
        self._dial: Dial | None = None
        self._asking: trio.CancelScope | None = None
        self._tasks: trio.Nursery | None = None
        self._to_start: list[Callable[[], Awaitable[None]]] = []  # once there is a nursery
        self._opened = False
        self._sleeping_until = math.inf
        self._earlier = trio.Event()
        self._changed = trio.Event()
        self._over = trio.Event()
        self._ended: Ended | None = None
        self._facts: deque[e.Event] = deque()  # that the core has not been told yet
        self._obeying = False

    def attach_spool(self, spool: Spool) -> None:
        """Store on ``spool`` what the core wants stored; before ``run``."""
        self._disk = Disk(spool, self.feed)

    # What can be asked.

    @property
    def session_id(self) -> str:
        """The session's name on the wire and in logs."""
        return self._session_id

    @property
    def state(self) -> State:
        """Where the session stands."""
        return self._connection.state

    @property
    def transcript(self) -> tuple[Transcript, ...]:
        """The finals so far, in order of session time."""
        return self._connection.transcript

    @property
    def statistics(self) -> Statistics:
        """Counts so far."""
        return self._connection.statistics

    @property
    def ended(self) -> Ended | None:
        """The result, once there is one."""
        return self._ended

    def level(self, source: str) -> float:
        """Loudness of the source's last frame: its RMS, 0.0 to 1.0 of full scale."""
        return self._capture.level(source)

    def __aiter__(self) -> AsyncIterator[Update]:
        return self

    async def __anext__(self) -> Update:
        await self.wait_readable()
        while (update := self.poll()) is None:  # somebody polls as well, and took it
            if self.exhausted:
                raise StopAsyncIteration
            await self.wait_readable()
        return update

    def poll(self) -> Update | None:
        """The next update if there is one, without waiting; None also after the last."""
        return self._updates.take()

    async def wait_readable(self) -> None:
        """Wait until there is an update to ``poll``; return at once after the last.

        Raises trio.BusyResourceError while another task waits for one.
        """
        await self._updates.wait()

    @property
    def exhausted(self) -> bool:
        """Whether ``Ended`` has been read, so that nothing more comes."""
        return self._updates.exhausted

    # What can be wanted.

    def request_stop(self) -> None:
        """Ask for the proper end and don't wait for it. Asking again changes nothing.

        What a source has at hand (pushed, and not taken yet) counts as captured before; what
        is pushed from now on is refused.
        """
        if self._ended is None:
            self._open()
            self._capture.flush()
            self.feed(e.StopRequested())

    async def stop(self) -> Ended:
        """Finish properly: deliver all audio, over a reconnect if it must be. The result."""
        self.request_stop()
        return await self.wait()

    def abort(self) -> None:
        """End now, whatever is lost. ``Ended`` follows as the last update."""
        if self._ended is None:
            self._open()
            self._capture.flush()
            self.feed(e.AbortRequested())

    async def wait(self) -> Ended:
        """Wait for the end, however it comes. The result."""
        await self._over.wait()
        assert self._ended is not None  # noqa: S101  # set before _over
        return self._ended

    def network_restored(self) -> None:
        """Pass on the operating system's news that the network is back."""
        if self._ended is None:
            self.feed(e.NetworkRestored())

    # The core's line to the world (see dial.Line).

    def feed(self, event: e.Event) -> None:
        """Hand an event to the core and carry out what it says."""
        connection = self._connection
        if connection.ended:
            return  # a task that is being cancelled had one more thing to say
        self._facts.append(self._wallet.without(event))
        if self._obeying:
            return  # a command led to this: it comes after all that was commanded with it
        self._obeying = True
        try:
            while self._facts:
                for command in connection.receive(self._facts.popleft(), trio.current_time()):
                    self._perform(command)
        finally:
            self._obeying = False
        if self._dial is not None:
            self._dial.wake()
        self._changed.set()
        self._changed = trio.Event()
        if self._ended is not None:
            self._earlier.set()
        self._watch_the_clock()

    def pull(self) -> Outgoing | None:
        """What to send next."""
        outgoing = self._connection.next_message(trio.current_time())
        self._watch_the_clock()
        return outgoing

    def _watch_the_clock(self) -> None:
        """Wake the timekeeper if it would sleep past a deadline."""
        deadline = self._connection.next_deadline()
        if deadline is not None and deadline < self._sleeping_until:
            self._earlier.set()

    def wall_clock(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def _perform(self, command: Command) -> None:
        match command:
            case Report(update):
                if isinstance(update, Ended):
                    self._ended = update
                self._updates.put(update)
            case OpenSocket(number, backend, with_credential):
                self._dial = Dial(
                    self,
                    number,
                    backend,
                    credential=self._wallet.current if with_credential else None,
                    headers=self._wallet.headers,
                    connection_id=str(uuid.uuid4()),
                    connect=self._connect,
                    after=self._dial,
                )
                self._start(self._dial.run)
            case AbortSocket():
                if self._dial is not None:
                    self._dial.scope.cancel()
            case CloseSocket(_, code):
                if self._dial is not None:
                    self._dial.close(code)
            case CloseSource(name):
                self._capture.close(name)
            case RequestCredential() | CancelCredential():
                self._inquire(command)
            case _:
                self._disk.perform(command)

    def _inquire(self, command: RequestCredential | CancelCredential) -> None:
        if isinstance(command, RequestCredential):
            self._asking = trio.CancelScope()
            self._start(partial(self._ask, command.request, self._asking))
        elif self._asking is not None:
            self._asking.cancel()

    def _start(self, task: Callable[[], Awaitable[None]]) -> None:
        if self._tasks is None:
            self._to_start.append(task)
        else:
            self._tasks.start_soon(task)

    def _open(self) -> None:
        if self._opened:
            return
        self._opened = True
        self.feed(e.OpenRequested())
        for name in self._past.began.sources if self._past is not None else ():
            self.feed(e.SourceFinished(name))  # what it captured is on disk

    # The tasks.

    async def run(self) -> None:
        """Drive the session from its opening to its end."""
        try:
            async with trio.open_nursery() as nursery:
                self._tasks = nursery
                self._open()
                if self._ended is None:
                    for task in self._to_start:
                        nursery.start_soon(task)
                    self._capture.start(nursery)
                await self._keep_time()
                nursery.cancel_scope.cancel()
        finally:
            if self._ended is None and self._tasks is not None:
                self.feed(e.AbortRequested())
            self._disk.close()
            if self._journal is not None:
                self._journal.close()
            self._over.set()

    async def _keep_time(self) -> None:
        while not self._connection.ended:
            self._earlier = trio.Event()
            deadline = self._connection.next_deadline()
            self._sleeping_until = math.inf if deadline is None else deadline
            with trio.move_on_at(self._sleeping_until) as sleep:
                await self._earlier.wait()
            if sleep.cancelled_caught:
                self.feed(e.Tick())

    async def _ask(self, request: int, scope: trio.CancelScope) -> None:
        with scope:
            self.feed(await self._wallet.ask(request))

    async def room(self) -> None:
        """Wait until the core has room for audio that can wait."""
        while not self._connection.has_room:
            await self._changed.wait()
        await trio.lowlevel.checkpoint()
