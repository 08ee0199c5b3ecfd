"""A session for a program without trio: plain threads, or a main loop of its own.

Theory of operation. ``start_session`` opens the block of ``open_session`` in a thread of its
own, with a trio of its own, and keeps it open until it is closed; ``start_resumed_session``
does so with that of ``resume_session``. Every call is carried out over there by
``trio.from_thread`` and waited for, so it means what it means in a trio program, and raises
what it raises there. Unread updates stay in the session's own queue, which is bounded, until
they are asked for. Pushed audio alone waits for nothing: it goes into its ``PushSource``.

Nothing is decided here. When the loop is over, what was known last is what there is.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from typing import TYPE_CHECKING, Final, Self, TypeVar

import trio

from openline.backend import Backend
from openline.dialects.protocol import Dialect
from openline.observer import Observer
from openline.policy import Policy
from openline.updates import Ended, State, Statistics, Transcript, Update
from openline_audio.source import Source
from openline_driver.argument_checks import check_credentials, check_opening
from openline_driver.options import STORE_LIMIT
from openline_trio.network import Connect
from openline_trio.opening import open_session, resume_session
from openline_trio.session import Session
from openline_trio.sources.pushed import PushSource

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["ThreadSession", "start_resumed_session", "start_session"]

T = TypeVar("T")
_NAME: Final = "openline session"


def start_session(
    backend: Backend,
    sources: Mapping[str, Source],
    *,
    credentials: str | Callable[[], str] | None = None,
    policy: Policy | None = None,
    dialect: Dialect | None = None,
    session_id: str | None = None,
    connect: Connect | None = None,
    spool: str | os.PathLike[str] | None = None,
    spool_limit: int = STORE_LIMIT,
    journal: str | os.PathLike[str] | None = None,
    journal_audio: bool = False,
    observers: Sequence[Observer] = (),
) -> ThreadSession:
    """Start a session in a thread of its own, and wait until it has begun.

    As ``open_session``, and raises what that raises. ``credentials`` is a token, or a plain
    function that is asked for one in yet another thread, where it may block. Close what you
    get, or use it in a ``with`` block.
    """
    check_credentials(credentials, threads=True)
    return ThreadSession(
        open_session(
            backend,
            sources,
            credentials=_asked_in_a_thread(credentials) if callable(credentials) else credentials,
            policy=policy,
            dialect=dialect,
            session_id=session_id,
            connect=connect,
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
    credentials: str | Callable[[], str] | None = None,
    policy: Policy | None = None,
    dialect: Dialect | None = None,
    connect: Connect | None = None,
    journal: str | os.PathLike[str] | None = None,
    journal_audio: bool = False,
    observers: Sequence[Observer] = (),
) -> ThreadSession:
    """Take up, in a thread of its own, the session that an earlier process left in ``folder``.

    As ``resume_session``, and raises what that raises; ``credentials`` and what you get are as
    for ``start_session``.
    """
    check_credentials(credentials, threads=True)
    return ThreadSession(
        resume_session(
            folder,
            backend=backend,
            credentials=_asked_in_a_thread(credentials) if callable(credentials) else credentials,
            policy=policy,
            dialect=dialect,
            connect=connect,
            journal=journal,
            journal_audio=journal_audio,
            observers=observers,
        )
    )


class ThreadSession:
    """A session that may be used from any thread but its own.

    Iterate over it for updates, in one thread (another that tries meanwhile gets
    trio.BusyResourceError); ``Ended`` is the last one. In a loop that must not wait, ``poll``.
    Leaving its ``with`` block aborts what has not ended.

    ``start_session`` and ``start_resumed_session`` make one. It can be made of what
    ``open_session`` or ``resume_session`` gives, too; TypeError for anything else.
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
        """It runs already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def __iter__(self) -> Iterator[Update]:
        """The updates, each as it comes; from one thread."""
        return self

    def __next__(self) -> Update:
        """The next update, waited for. After ``close`` there is none."""
        # Waiting takes nothing: a Ctrl-C that interrupts it loses no update.
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
        """Push 16 kHz mono s16le that has just been heard; never waits.

        ``source`` is the name of a ``PushSource``; None: the only one. True: all of it was kept.
        False: the session was asked to stop or has ended, and none was kept; or some of it found
        no room (``PushSource.buffer_seconds``), and a ``Gap`` tells how much. Raises ValueError
        for half a sample, for a name that is none, and in a session without a ``PushSource``;
        TypeError for what is neither bytes nor an array of int16 with one channel.
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
        """Ask for the proper end and don't wait for it."""
        self._call(self._session.request_stop)

    def stop(self) -> Ended:
        """Finish properly: all that was pushed before is delivered. The result."""
        self.request_stop()
        return self.wait()

    def wait(self) -> Ended:
        """Wait for the end, however it comes. The result."""
        with suppress(trio.RunFinishedError):
            trio.from_thread.run(self._session.wait, trio_token=self._trio)
        self._thread_fault()
        ended = self._session.ended
        assert ended is not None  # noqa: S101  # a session that is over has a result
        return ended

    def abort(self) -> None:
        """End now, whatever is lost."""
        self._call(self._session.abort)

    def close(self) -> None:
        """Abort what has not ended, and end the thread. Idempotent.

        Raises what the session died of, should it have died.
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
        """Where the session stands."""
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
        """The result, once there is one."""
        return self._session.ended

    def level(self, source: str) -> float:
        """Loudness of the source's last frame: its RMS, 0.0 to 1.0 of full scale."""
        return self._call(lambda: self._session.level(source))

    def _call(self, function: Callable[[], T]) -> T:
        """Call it over there; where nothing runs any more, here."""
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


def _asked_in_a_thread(provide: Callable[[], str]) -> Callable[[], Awaitable[str]]:
    async def ask() -> str:
        # In a tuple: trio would refuse what an async function returns, and name its value.
        (provided,) = await trio.to_thread.run_sync(lambda: (provide(),), abandon_on_cancel=True)
        return provided

    return ask
