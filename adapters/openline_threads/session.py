"""A session in a thread of its own, for any other thread to use.

Theory of operation. A new thread runs asyncio, enters the block of ``openline_asyncio``'s
``open_session`` and keeps it open until ``close``. Every call goes into that thread and waits for
its result (``calls``), so it has the same effect and raises the same errors as in an asyncio
program. Unread updates stay in the session's own bounded queue. Only pushed audio does not wait: it
goes into its ``PushSource``.

Nothing is decided here. After the end of the thread, what the session was stays readable.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from typing import TYPE_CHECKING, Final, Self

from openline.updates import Ended, State, Statistics, Transcript, Update
from openline_asyncio.session import Session
from openline_asyncio.sources.pushed import PushSource
from openline_asyncio.workers import loop_here
from openline_audio.handover import SourceClosedError
from openline_threads.calls import Calls, LoopOverError

if TYPE_CHECKING:
    from typing_extensions import Buffer

_NAME: Final = "openline session"


class ThreadSession:
    """A session that can be used from any thread.

    Iterate over it for updates, in one thread (a second thread gets RuntimeError); ``Ended`` is
    the last one. In a loop that must not wait, use ``poll``. Leaving its ``with`` block aborts a
    session that has not ended. In the session's own thread, in which an observer is called, what
    waits raises RuntimeError: ``wait``, ``stop`` and iterating. In a process that was forked
    meanwhile, every method does: the thread is not there.
    """

    def __init__(
        self,
        opening: AbstractAsyncContextManager[Session],
        pushed: Mapping[str, PushSource],
        loop_factory: Callable[[], asyncio.AbstractEventLoop] | None,
    ) -> None:
        self._opening = opening
        self._pushed = dict(pushed)
        self._loop_factory = loop_factory
        self._began: queue.SimpleQueue[Session | BaseException] = queue.SimpleQueue()
        self._reading = threading.Lock()
        self._taken: deque[Update] = deque()  # an update on its way to who reads
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
        """Wait for the next update. What is unread at ``close`` can still be read."""
        if not self._reading.acquire(blocking=False):
            raise RuntimeError(
                "another thread is waiting for the updates of this session: read them in one thread"
            )
        try:
            while True:  # another thread may poll, and be faster
                with suppress(IndexError):
                    return self._taken.popleft()
                if self._session.exhausted:
                    raise StopIteration
                try:
                    self._calls.wait(self._next)
                except LoopOverError:
                    self._calls.call(self._take)
                    if not (self._taken or self._session.exhausted):  # it ended by an error
                        raise StopIteration from None
        finally:
            self._reading.release()

    def poll(self) -> Update | None:
        """The next update if there is one, without waiting for the backend."""
        self._calls.call(self._take)
        with suppress(IndexError):
            return self._taken.popleft()
        return None

    async def _next(self) -> None:
        await self._session.wait_readable()
        self._take()

    def _take(self) -> None:
        """Take an update. A Ctrl-C that interrupts who waits for it leaves it to the next call."""
        if not self._taken and (update := self._session.poll()) is not None:
            self._taken.append(update)

    def push(self, pcm: Buffer, source: str | None = None) -> bool:
        """Push 16 kHz mono s16le that was just captured; never waits.

        ``source`` is the name of a ``PushSource``; None: the only one. Returns True if all of it
        was kept. False: the session is stopping or has ended, and none was kept; or there was no
        room for some of it (``PushSource.buffer_seconds``), and a ``Gap`` reports how much.
        Raises ValueError for half a sample, for an unknown name, and in a session without a
        ``PushSource``; TypeError unless it is bytes or an array of int16 with one channel.
        """
        chosen = self._push_source("push", source)
        if self._session.ended is not None:
            return False
        self._calls.check()
        try:
            return chosen.send_from_thread(pcm)
        except SourceClosedError:
            return False

    def drain(self, source: str | None = None, timeout: float | None = None) -> bool:
        """Wait until the session has room for more pushed audio; whether it has.

        For a producer that is faster than the line. ``source`` as for ``push``; ``timeout`` in
        seconds, None: as long as it takes. True also once the session is stopping or has ended.
        Raises ValueError as ``push``, and RuntimeError in the session's own thread.
        """
        chosen = self._push_source("drain", source)
        self._calls.check()
        return chosen.drain_from_thread(timeout)

    def _push_source(self, what: str, source: str | None) -> PushSource:
        if not self._pushed:
            raise ValueError(
                f"{what}: this session has no PushSource among its sources: start it with one, "
                "such as {'mic': PushSource()}"
            )
        if source is None and len(self._pushed) == 1:
            (source,) = self._pushed
        if source not in self._pushed:
            raise ValueError(f"{what} to {source!r}: give one of {list(self._pushed)}")
        return self._pushed[source]

    def request_stop(self) -> None:
        """Request the proper end without waiting for it."""
        self._calls.call(self._session.request_stop)

    def stop(self) -> Ended:
        """Finish properly: deliver all audio pushed before. Returns the result."""
        self.request_stop()
        return self.wait()

    def wait(self) -> Ended:
        """Wait for the end, of any kind. Returns the result."""
        with suppress(LoopOverError):
            return self._calls.wait(self._session.wait)
        self._thread.join()
        self._raise_failure()
        ended = self._session.ended
        assert ended is not None  # noqa: S101  # a session that is over has a result
        return ended

    def abort(self) -> None:
        """End at once; unconfirmed audio is lost."""
        self._calls.call(self._session.abort)

    def network_restored(self) -> None:
        """Pass on the operating system's news that the network is back."""
        self._calls.call(self._session.network_restored)

    def skip_to_live(self) -> None:
        """Give up the audio of live sources that waits to be sent: it is a gap (``skipped``)."""
        self._calls.call(self._session.skip_to_live)

    def close(self) -> None:
        """Abort the session if it has not ended, and end the thread. Idempotent.

        Raises the error that ended the session, if there was one, and RuntimeError in the session's
        own thread.
        """
        if threading.current_thread() is self._thread:
            raise RuntimeError("close: call it in another thread than the session's own")
        self._calls.call(self._left.set)
        self._thread.join()
        self._raise_failure()

    @property
    def session_id(self) -> str:
        """The session's name on the wire and in logs."""
        return self._session.session_id

    @property
    def state(self) -> State:
        """The session's state."""
        return self._calls.call(lambda: self._session.state)

    @property
    def transcript(self) -> tuple[Transcript, ...]:
        """The finals so far, in order of session time."""
        return self._calls.call(lambda: self._session.transcript)

    @property
    def statistics(self) -> Statistics:
        """Counts so far."""
        return self._calls.call(lambda: self._session.statistics)

    @property
    def ended(self) -> Ended | None:
        """The result, or None before the end."""
        return self._session.ended

    def level(self, source: str) -> float:
        """Loudness of the source's last frame: its RMS, 0.0 to 1.0 of full scale."""
        return self._calls.call(lambda: self._session.level(source))

    def _raise_failure(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _run(self) -> None:
        try:
            _check_thread()
            with asyncio.Runner(loop_factory=self._loop_factory) as runner:
                self._calls = Calls(runner.get_loop(), self._thread)
                try:
                    runner.run(self._live())
                finally:
                    self._calls.close()
        except BaseException as error:  # noqa: BLE001  # raised in the thread that waits for it
            self._failure = error
            self._began.put(error)

    async def _live(self) -> None:
        self._left = asyncio.Event()
        async with self._opening as session:
            self._began.put(session)
            await self._left.wait()


def _check_thread() -> None:
    if loop_here() is not None:
        raise RuntimeError(
            "openline_threads needs a thread of its own, and here runs an event loop already: "
            "gevent's programs use openline_blocking"
        )
