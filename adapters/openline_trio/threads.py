"""A session for a program without trio, with plain threads or its own main loop.

Theory of operation. ``start_session`` enters the block of ``open_session`` in a new thread that
runs trio, and keeps it open until ``close``; ``start_resumed_session`` does the same with
``resume_session``. ``trio.from_thread`` runs every call in that thread and waits for it, so a
call has the same effect and raises the same errors as in a trio program. Unread updates stay in
the session's own bounded queue. Only pushed audio does not wait: it goes into its
``PushSource``.

Nothing is decided here. After the end of the loop, the last state stays readable.
"""

from __future__ import annotations

import os
import queue
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from typing import TYPE_CHECKING, Final, Self, TypeAlias, TypeVar

import trio

from openline.backend import Backend
from openline.dialects.protocol import Dialect
from openline.observer import Observer
from openline.policy import Policy
from openline.updates import Ended, State, Statistics, Transcript, Update
from openline_audio.source import Source
from openline_driver.argument_checks import check_credentials, check_opening
from openline_driver.options import STORE_LIMIT, Credentials
from openline_driver.shared_provider import SharedProvider
from openline_driver.tokens import Token
from openline_trio.network import Connect
from openline_trio.opening import open_session, resume_session
from openline_trio.session import Session
from openline_trio.sources.pushed import PushSource

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["ThreadSession", "start_resumed_session", "start_session"]

T = TypeVar("T")
#: A token, a plain function that returns one, or a SharedProvider of such a function.
ThreadCredentials: TypeAlias = str | Callable[[], str | Token] | SharedProvider | None
_NAME: Final = "openline session"


def start_session(
    backend: Backend,
    sources: Mapping[str, Source],
    *,
    credentials: ThreadCredentials = None,
    policy: Policy | None = None,
    dialect: Dialect | None = None,
    session_id: str | None = None,
    connect: Connect | None = None,
    proxy: str | bool = True,
    ssl_context: ssl.SSLContext | None = None,
    spool: str | os.PathLike[str] | None = None,
    spool_limit: int = STORE_LIMIT,
    journal: str | os.PathLike[str] | None = None,
    journal_audio: bool = False,
    observers: Sequence[Observer] = (),
) -> ThreadSession:
    """Start a session in a new thread, and wait until it has begun.

    Takes the arguments of ``open_session``, but no ``random``, and raises the same errors.
    ``credentials`` is a token, or a plain function that returns one; it is called in yet another
    thread and may block. Close the returned session, or use it in a ``with`` block.
    """
    check_credentials(credentials, threads=True)
    return ThreadSession(
        open_session(
            backend,
            sources,
            credentials=_shared(credentials),
            policy=policy,
            dialect=dialect,
            session_id=session_id,
            connect=connect,
            proxy=proxy,
            ssl_context=ssl_context,
            spool=spool,
            spool_limit=spool_limit,
            journal=journal,
            journal_audio=journal_audio,
            observers=observers,
        ),
        {name: s for name, s in sources.items() if isinstance(s, PushSource)},
    )


def start_resumed_session(
    folder: str | os.PathLike[str],
    *,
    backend: Backend | None = None,
    credentials: ThreadCredentials = None,
    policy: Policy | None = None,
    dialect: Dialect | None = None,
    connect: Connect | None = None,
    proxy: str | bool = True,
    ssl_context: ssl.SSLContext | None = None,
    journal: str | os.PathLike[str] | None = None,
    journal_audio: bool = False,
    observers: Sequence[Observer] = (),
) -> ThreadSession:
    """Resume, in a new thread, the session that an earlier process left in ``folder``.

    Takes the arguments of ``resume_session``, but no ``random``, and raises the same errors;
    ``credentials`` and the returned session are as for ``start_session``.
    """
    check_credentials(credentials, threads=True)
    return ThreadSession(
        resume_session(
            folder,
            backend=backend,
            credentials=_shared(credentials),
            policy=policy,
            dialect=dialect,
            connect=connect,
            proxy=proxy,
            ssl_context=ssl_context,
            journal=journal,
            journal_audio=journal_audio,
            observers=observers,
        )
    )


class ThreadSession:
    """A session that can be used from any thread except its own.

    Iterate over it for updates, in one thread (a second thread gets trio.BusyResourceError);
    ``Ended`` is the last one. In a loop that must not wait, use ``poll``. Leaving its ``with``
    block aborts a session that has not ended.

    ``start_session`` and ``start_resumed_session`` return one. The constructor takes the result
    of ``open_session`` or ``resume_session``, and raises TypeError for anything else.
    """

    def __init__(
        self,
        opening: AbstractAsyncContextManager[Session],
        pushed: Mapping[str, PushSource] | None = None,
    ) -> None:
        check_opening(opening)
        self._opening = opening
        self._pushed = dict(pushed or {})
        self._began: queue.SimpleQueue[Session | BaseException] = queue.SimpleQueue()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=_NAME, daemon=True)
        self._thread.start()
        began = self._began.get()
        if isinstance(began, BaseException):
            self._thread.join()
            self._failure = None  # it is raised here
            raise began
        self._session = began

    def __enter__(self) -> Self:
        """Return the session, which runs already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def __iter__(self) -> Iterator[Update]:
        """Iterate over the updates as they come, from one thread."""
        return self

    def __next__(self) -> Update:
        """Wait for the next update. After ``close`` there is none."""
        # A Ctrl-C that interrupts the wait loses no update: nothing is taken before its end.
        with suppress(trio.RunFinishedError):
            while not self._session.exhausted:
                trio.from_thread.run(self._session.wait_readable, trio_token=self._trio)
                if (update := self.poll()) is not None:
                    return update
        raise StopIteration

    def poll(self) -> Update | None:
        """The next update if there is one, without waiting for the backend."""
        return self._call(self._session.poll)

    def push(self, pcm: Buffer, source: str | None = None) -> bool:
        """Push 16 kHz mono s16le that was just captured; never waits.

        ``source`` is the name of a ``PushSource``; None: the only one. Returns True if all of it
        was kept. False: the session is stopping or has ended, and none was kept; or there was no
        room for some of it (``PushSource.buffer_seconds``), and a ``Gap`` reports how much.
        Raises ValueError for half a sample, for an unknown name, and in a session without a
        ``PushSource``; TypeError unless it is bytes or an array of int16 with one channel.
        """
        if not self._pushed:
            raise ValueError(
                "push: this session has no PushSource among its sources: start it with one, "
                "such as {'mic': PushSource()}"
            )
        if source is None and len(self._pushed) == 1:
            (source,) = self._pushed
        if source not in self._pushed:
            raise ValueError(f"push to {source!r}: give one of {list(self._pushed)}")
        if self._session.ended is not None:
            return False
        try:
            return self._pushed[source].send_from_thread(pcm)
        except trio.ClosedResourceError:
            return False

    def request_stop(self) -> None:
        """Request the proper end without waiting for it."""
        self._call(self._session.request_stop)

    def stop(self) -> Ended:
        """Finish properly: deliver all audio pushed before. Returns the result."""
        self.request_stop()
        return self.wait()

    def wait(self) -> Ended:
        """Wait for the end, of any kind. Returns the result."""
        with suppress(trio.RunFinishedError):
            trio.from_thread.run(self._session.wait, trio_token=self._trio)
        self._thread_fault()
        ended = self._session.ended
        assert ended is not None  # noqa: S101  # a session that is over has a result
        return ended

    def abort(self) -> None:
        """End at once; unconfirmed audio is lost."""
        self._call(self._session.abort)

    def skip_to_live(self) -> None:
        """Give up the audio of live sources that waits to be sent: it is a gap (``skipped``)."""
        self._call(self._session.skip_to_live)

    def close(self) -> None:
        """Abort the session if it has not ended, and end the thread. Idempotent.

        Raises the error that ended the session, if there was one.
        """
        with suppress(trio.RunFinishedError):
            self._trio.run_sync_soon(self._left.set)
        self._thread.join()
        self._thread_fault()

    @property
    def session_id(self) -> str:
        """The session's name on the wire and in logs."""
        return self._session.session_id

    @property
    def state(self) -> State:
        """The session's state."""
        return self._call(lambda: self._session.state)

    @property
    def transcript(self) -> tuple[Transcript, ...]:
        """The finals so far, in order of session time."""
        return self._call(lambda: self._session.transcript)

    @property
    def statistics(self) -> Statistics:
        """Counts so far."""
        return self._call(lambda: self._session.statistics)

    @property
    def ended(self) -> Ended | None:
        """The result, or None before the end."""
        return self._session.ended

    def level(self, source: str) -> float:
        """Loudness of the source's last frame: its RMS, 0.0 to 1.0 of full scale."""
        return self._call(lambda: self._session.level(source))

    def _call(self, function: Callable[[], T]) -> T:
        """Call it in the session's thread; here, if that thread has ended."""
        try:
            return trio.from_thread.run_sync(function, trio_token=self._trio)
        except trio.RunFinishedError:
            self._thread.join()
            return function()

    def _thread_fault(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _run(self) -> None:
        try:
            trio.run(self._live)
        except BaseException as error:  # noqa: BLE001  # raised in the thread that waits for it
            self._failure = error
            self._began.put(error)

    async def _live(self) -> None:
        self._trio = trio.lowlevel.current_trio_token()
        self._left = trio.Event()
        async with self._opening as session:
            self._began.put(session)
            await self._left.wait()


def _shared(credentials: ThreadCredentials) -> Credentials:
    """A function is called in a thread of its own: it may block, and must hold up no loop."""
    return SharedProvider(credentials) if callable(credentials) else credentials
