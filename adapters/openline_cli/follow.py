"""One session from its opening to its end, shown in a view, with the user's signals.

The first Ctrl-C (or SIGTERM) asks the session to finish properly, the second aborts it,
the third leaves at once. What these requests lead to is decided by the session; here
they are only passed on. A view that cannot be written to any more (``| head``) has no
reader, so the session is aborted.
"""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Protocol, TypeAlias

import trio

from openline.backend import Backend
from openline.dialects.protocol import Dialect
from openline.policy import Policy
from openline.updates import Ended, Statistics, Update
from openline_audio.source import Source
from openline_cli.problems import COMPLETE, FAILED, INTERRUPTED, Problem
from openline_cli.view import Snapshot, View
from openline_trio.sources.pace import Worker, in_thread


class Following(Protocol):
    """What is used of a session."""

    def __aiter__(self) -> AsyncIterator[Update]:
        """Updates, ``Ended`` last."""
        ...

    @property
    def session_id(self) -> str:
        """Its name."""
        ...

    @property
    def statistics(self) -> Statistics:
        """Counts so far."""
        ...

    def level(self, source: str) -> float:
        """Loudness of the last frame."""
        ...

    def request_stop(self) -> None:
        """Finish properly."""
        ...

    def abort(self) -> None:
        """End now."""
        ...


#: What the first Ctrl-C is answered with: a reconnect may take a while yet.
STOPPING: Final = "stopping; Ctrl-C again ends at once"

Opening: TypeAlias = Callable[[], AbstractAsyncContextManager[Following]]


@dataclass(slots=True)
class Outcome:
    """What became of a session."""

    session_id: str = ""
    ended: Ended | None = None
    interrupts: int = 0
    unread: OSError | None = None
    seconds: float = 0.0

    @property
    def complete(self) -> bool:
        """Whether there is a result, and it says so itself."""
        return self.ended is not None and self.ended.complete

    @property
    def status(self) -> int:
        """The exit status."""
        if self.interrupts:
            return INTERRUPTED
        return COMPLETE if self.complete else FAILED


def give_up(outcome: Outcome) -> int:
    """The status of a session that nobody saw the end of. Raises Problem if stdout broke."""
    if outcome.unread is not None and not isinstance(outcome.unread, BrokenPipeError):
        raise Problem(f"stdout cannot be written: {outcome.unread.strerror}", status=FAILED)
    return INTERRUPTED if outcome.interrupts else FAILED


def opening(
    backend: Backend,
    sources: Mapping[str, Source],
    *,
    credentials: str | None,
    spool: Path | None = None,
    journal: Path | None = None,
    dialect: Dialect | None = None,
    policy: Policy | None = None,
) -> Opening:
    """A session that is opened when it is called for."""

    def open_one() -> AbstractAsyncContextManager[Following]:
        from openline_trio.opening import open_session

        return open_session(
            backend,
            sources,
            credentials=credentials,
            spool=spool,
            journal=journal,
            dialect=dialect,
            policy=policy,
        )

    return open_one


async def follow(open_one: Opening, view: View, *, worker: Worker = in_thread) -> Outcome:
    """Open a session and show it until it ends."""
    return await Follower(view, worker).run(open_one)


class Follower:
    """Shows one session. While the view writes, in its thread, nothing is told to it."""

    def __init__(self, view: View, worker: Worker = in_thread) -> None:
        self._view = view
        self._worker = worker
        self._writing = trio.Lock()
        self._session: Following | None = None
        self._outcome = Outcome()

    async def run(self, open_one: Opening) -> Outcome:
        """Open a session and show it until it ends."""
        began = trio.current_time()
        try:
            with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
                async with open_one() as session, trio.open_nursery() as nursery:
                    self._session = session
                    self._outcome.session_id = session.session_id
                    nursery.start_soon(self._obey, signals, session, nursery)
                    if self._view.interval is not None:
                        nursery.start_soon(self._look, session, self._view.interval, began)
                    async for update in session:
                        if isinstance(update, Ended):
                            self._outcome.ended = update
                        await self.show(update)
                    nursery.cancel_scope.cancel()
        finally:
            self._view.close()
        self._outcome.seconds = trio.current_time() - began
        return self._outcome

    async def show(self, update: Update) -> None:
        """Show an update, of the session or of somebody beside it."""
        await self._write(partial(self._view.show, update))

    async def _look(self, session: Following, interval: float, began: float) -> None:
        while True:
            await self._write(partial(self._glance, session, began))
            await trio.sleep(interval)

    def _glance(self, session: Following, began: float) -> None:
        sources = session.statistics.sources
        self._view.glance(
            Snapshot(
                elapsed=trio.current_time() - began,
                levels={name: session.level(name) for name in sources},
                sources=sources,
            )
        )

    async def _write(self, tell: Callable[[], None]) -> None:
        """Tell the view something, and have it written; the next waits until it is."""
        async with self._writing:
            if self._outcome.unread is not None:
                return
            tell()
            try:
                await self._worker(self._view.flush, abandon=True)
            except OSError as error:
                self._outcome.unread = error
                if self._session is not None:
                    self._session.abort()

    async def _obey(
        self, signals: AsyncIterator[int], session: Following, nursery: trio.Nursery
    ) -> None:
        async for _ in signals:
            self._outcome.interrupts += 1
            if self._outcome.interrupts == 1:
                session.request_stop()
                # Not waited for: a terminal that takes nothing must not hold the next one up.
                nursery.start_soon(self._write, partial(self._view.note, STOPPING))
            elif self._outcome.interrupts == 2:
                session.abort()
            else:
                nursery.cancel_scope.cancel()
