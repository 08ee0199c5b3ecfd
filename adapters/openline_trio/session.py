"""A session on trio: one pure Connection, driven by the tasks around it.

Every task that learns something calls ``feed``: it hands the event to the core with the
time and carries out the commands at once, none of which waits. So there is no queue
between the world and the core, and a flood is held back where it comes from. One task
sleeps until the core's next deadline. Each dial has a reader and a writer (``dial``),
each source a task of its own, the credential provider another. The app reads what the
core reports from a bounded queue, at its own pace.

All decisions are the core's: there is nothing here about when to retry, wait or end.
The credential lives here and nowhere else; it is cut out of every text that the backend
sends before the core sees it.
"""

from __future__ import annotations

import math
import random
import time
import uuid
from array import array
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from types import TracebackType
from typing import Final, TypeAlias, cast
from urllib.parse import quote

import msgspec
import trio

from openline import events as e
from openline.backend import Backend, check_credential
from openline.commands import (
    AbortSocket,
    CancelCredential,
    CloseSocket,
    Command,
    OpenSocket,
    Outgoing,
    Report,
    RequestCredential,
)
from openline.connection import Connection
from openline.dialects.dialect import Dialect
from openline.dialects.echopanel import EchoPanel
from openline.messages import Ended, State, Statistics, Transcript, Update
from openline.policy import Policy

from .audio.source import Source, SourceError
from .dial import Dial
from .network import Connect, connector
from .updates import Updates

Provider: TypeAlias = Callable[[], Awaitable[str]]
Credentials: TypeAlias = str | Provider | None

#: The credentials, newest last, that are cut out of what a backend says.
REMEMBERED: Final = 8
REDACTED: Final = "[token]"


class CredentialError(Exception):
    """A provider's way to say that it has no credential, in one line without secrets.

    ``fatal`` when asking again cannot help: the session fails instead of retrying.
    """

    def __init__(self, text: str, *, fatal: bool = False) -> None:
        super().__init__(text)
        self.fatal = fatal


def open_session(
    backend: Backend,
    sources: Mapping[str, Source],
    *,
    policy: Policy | None = None,
    dialect: Dialect | None = None,
    session_id: str | None = None,
    credentials: Credentials = None,
    connect: Connect | None = None,
    uniform: Callable[[], float] | None = None,
) -> AbstractAsyncContextManager[Session]:
    """Open a session and keep its line open until the block is left.

    ``sources`` maps the dialect's source names to sources; the session stops by itself
    when all of them have ended. ``credentials`` is a token, or an async function that is
    asked for the first one and for a fresh one each time the backend refuses the last.
    ``connect`` opens byte streams and ``uniform`` gives the jitter's random numbers in
    [0, 1); both have good defaults. Leaving the block before the session has ended
    aborts it; cancellation leaves no task, socket or thread behind.

    Raises ValueError, one line, for a token, id, source name or policy that cannot work.
    """
    return _Opening(
        Session(
            backend,
            sources,
            policy=policy or Policy(),
            dialect=dialect or EchoPanel(),
            session_id=session_id or str(uuid.uuid4()),
            credentials=credentials,
            connect=connect or connector(),
            uniform=uniform or random.SystemRandom().random,
        )
    )


class Session:
    """An open session. Iterate over it for updates; ``Ended`` is the last one.

    One task iterates; everything else may be called from any task of the same trio run.
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
        uniform: Callable[[], float],
    ) -> None:
        self._provider: Provider | None = None
        self._credential: str | None = None
        self._secrets: deque[str] = deque(maxlen=REMEMBERED)
        if isinstance(credentials, str):
            self._know(credentials)
        else:
            self._provider = credentials
        self._session_id = session_id
        self._sources = dict(sources)
        self._connect = connect
        self._connection = Connection(
            backend,
            session_id=session_id,
            attempt_id=str(uuid.uuid4()),
            random=uniform,
            sources=tuple(sources),
            policy=policy,
            dialect=dialect,
            has_provider=self._provider is not None,
        )
        self._updates = Updates()
        self._frames: dict[str, bytes] = {}
        self._dial: Dial | None = None
        self._asking: trio.CancelScope | None = None
        self._tasks: trio.Nursery | None = None
        self._sleeping_until = math.inf
        self._earlier = trio.Event()
        self._changed = trio.Event()
        self._over = trio.Event()
        self._ended: Ended | None = None
        self._finished_reading = False

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
        frame = array("h", self._frames.get(source, b""))
        if not frame:
            return 0.0
        return math.sqrt(sum(s * s for s in frame) / len(frame)) / 32768

    def __aiter__(self) -> AsyncIterator[Update]:
        return self

    async def __anext__(self) -> Update:
        if self._finished_reading:
            raise StopAsyncIteration
        update = await self._updates.get()
        self._finished_reading = isinstance(update, Ended)
        return update

    # What can be wanted.

    def request_stop(self) -> None:
        """Ask for the proper end and don't wait for it. Asking again changes nothing."""
        if self._ended is None:
            self.feed(e.StopRequested())

    async def stop(self) -> Ended:
        """Finish properly: deliver all audio, over a reconnect if it must be. The result."""
        self.request_stop()
        return await self.wait()

    def abort(self) -> None:
        """End now, whatever is lost. ``Ended`` follows as the last update."""
        if self._ended is None:
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
        for secret in self._secrets:
            event = _without(secret, event)
        for command in connection.receive(event, trio.current_time()):
            self._perform(command)
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
                    credential=self._credential if with_credential else None,
                    connection_id=str(uuid.uuid4()),
                    connect=self._connect,
                )
                self._start(self._dial.run)
            case AbortSocket():
                if self._dial is not None:
                    self._dial.scope.cancel()
            case CloseSocket(_, code):
                if self._dial is not None:
                    self._dial.close(code)
            case RequestCredential(request):
                self._asking = trio.CancelScope()
                self._start(partial(self._ask, request, self._asking))
            case CancelCredential():
                if self._asking is not None:
                    self._asking.cancel()

    def _start(self, task: Callable[[], Awaitable[None]]) -> None:
        assert self._tasks is not None  # noqa: S101  # only the open request leads to tasks
        self._tasks.start_soon(task)

    # The tasks.

    async def run(self) -> None:
        """Drive the session from its opening to its end."""
        try:
            async with trio.open_nursery() as nursery:
                self._tasks = nursery
                self.feed(e.OpenRequested())
                for name, source in self._sources.items() if self._ended is None else ():
                    nursery.start_soon(self._capture, name, source)
                await self._keep_time()
                nursery.cancel_scope.cancel()
        finally:
            if self._ended is None and self._tasks is not None:
                self.feed(e.AbortRequested())
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

    async def _capture(self, name: str, source: Source) -> None:
        try:
            await source.run(_SessionSink(self, name))
        except (SourceError, OSError) as exc:
            self.feed(e.SourceLost(name, str(exc)))
        except Exception as exc:  # noqa: BLE001  # an app's source fails alone, whatever it raises
            self.feed(e.SourceLost(name, f"the source raised {type(exc).__name__}"))
        else:
            self.feed(e.SourceEnded(name))

    async def _ask(self, request: int, scope: trio.CancelScope) -> None:
        provide = self._provider
        assert provide is not None  # noqa: S101  # nobody asks without one
        with scope:
            answer: e.CredentialReady | e.CredentialFailed
            try:
                provided = await provide()
                # A thread cannot be cancelled: what it says then comes too late.
                await trio.lowlevel.checkpoint_if_cancelled()
            except CredentialError as exc:
                answer = e.CredentialFailed(request, fatal=exc.fatal, detail=str(exc))
            except Exception as exc:  # noqa: BLE001  # whatever an app's provider raises
                # Its text may hold a secret; its type cannot.
                answer = e.CredentialFailed(request, detail=f"it raised {type(exc).__name__}")
            else:
                answer = self._accept(request, provided)
            self.feed(answer)

    def _accept(self, request: int, provided: str) -> e.CredentialReady | e.CredentialFailed:
        try:
            self._know(provided)
        except (ValueError, TypeError, AttributeError):  # the last two: it is no text
            return e.CredentialFailed(request, fatal=True, detail="a token nobody can send")
        return e.CredentialReady(request)

    def _know(self, credential: str) -> None:
        self._credential = check_credential(credential)
        if credential not in self._secrets:
            self._secrets.append(credential)

    # For the sources (see _SessionSink).

    def hear(self, name: str, pcm: bytes) -> None:
        """A source heard something."""
        self.feed(e.AudioCaptured(name, pcm))
        self._frames[name] = pcm

    async def room(self) -> None:
        """Wait until the core has room for audio that can wait."""
        while not self._connection.has_room:
            await self._changed.wait()
        await trio.lowlevel.checkpoint()


class _SessionSink:
    """Where one source of a session delivers."""

    def __init__(self, session: Session, name: str) -> None:
        self._session = session
        self._name = name

    def started(self, at: float) -> None:
        self._session.feed(e.SourceStarted(self._name, at))

    def audio(self, pcm: bytes) -> None:
        self._session.hear(self._name, pcm)

    def hole(self, samples: int) -> None:
        self._session.feed(e.CaptureHole(self._name, samples))

    async def room(self) -> None:
        await self._session.room()


class _Opening:
    """The block around a session. A class and no generator: a ``yield`` inside a nursery
    would hand trio's nursery stack to whoever runs the block."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._manager = trio.open_nursery()

    async def __aenter__(self) -> Session:
        nursery = await self._manager.__aenter__()
        nursery.start_soon(self._session.run)
        return self._session

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        self._session.abort()  # what is not over yet
        try:
            return await self._manager.__aexit__(kind, exc, trace)
        except BaseExceptionGroup as group:
            # The block's own error, as the block raised it. (Of a group trio makes a copy.)
            if exc is not None and _leaves(group) == _leaves(exc):
                return False
            raise


def _leaves(exc: BaseException) -> list[BaseException]:
    if not isinstance(exc, BaseExceptionGroup):
        return [exc]
    group = cast("BaseExceptionGroup[BaseException]", exc)
    return [leaf for each in group.exceptions for leaf in _leaves(each)]


def _without(secret: str, event: e.Event) -> e.Event:
    """``event`` with the credential cut out of every text that a backend sent."""
    if isinstance(event, e.MessageReceived) and isinstance(event.data, str):
        data, written = event.data, secret
        if "\\" in data:  # JSON can write any character in more than one way
            data, written = _respelt(data), msgspec.json.encode(secret).decode()[1:-1]
        if written in data:
            return e.MessageReceived(event.dial, data.replace(written, REDACTED))
    elif isinstance(event, e.SocketLost):
        return msgspec.structs.replace(
            event,
            reason=event.reason.replace(secret, REDACTED),
            detail=event.detail.replace(secret, REDACTED),
        )
    elif isinstance(event, e.Redirected):
        # A server that keeps the query hands our own parameter back; each dial adds it anew.
        location = event.location.replace(f"token={quote(secret, safe='')}", "")
        location = location.replace(secret, REDACTED)
        return e.Redirected(event.dial, event.status, location)
    return event


def _respelt(data: str) -> str:
    """The same JSON with no more escapes than it needs; anything else as it is."""
    try:
        return msgspec.json.encode(msgspec.json.decode(data)).decode()
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return data
