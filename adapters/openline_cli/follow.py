"""One session from its opening to its end, shown in a view, with the user's signals.

The first Ctrl-C (or SIGTERM) asks the session to finish properly, the second aborts it,
the third leaves at once. The session decides how it reacts; this module only passes the
requests on. When the reader of the view's output is gone (``| head``), the session is aborted.
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
from openline_driver.options import Credentials
from openline_trio.sources.pace import Worker, in_thread


class Following(Protocol):
    """The part of a session that is used here."""

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


#: The answer to the first Ctrl-C, because a reconnect may still take a while.
STOPPING: Final = "stopping; Ctrl-C again ends at once"

Opening: TypeAlias = Callable[[], AbstractAsyncContextManager[Following]]


@dataclass(slots=True)
class Outcome:
    """The outcome of a session."""

    session_id: str = ""
    ended: Ended | None = None
    interrupts: int = 0
    unread: OSError | None = None
    seconds: float = 0.0

    @property
    def complete(self) -> bool:
        """Whether there is a result, and it is complete."""
        return self.ended is not None and self.ended.complete

    @property
    def status(self) -> int:
        """The exit status."""
        if self.interrupts:
            return INTERRUPTED
        return COMPLETE if self.complete else FAILED


def give_up(outcome: Outcome) -> int:
    """The status of a session without an ``Ended``. Raises Problem if stdout failed."""
    if outcome.unread is not None and not isinstance(outcome.unread, BrokenPipeError):
        raise Problem(f"stdout cannot be written: {outcome.unread.strerror}", status=FAILED)
    return INTERRUPTED if outcome.interrupts else FAILED


def opening(
    backend: Backend,
    sources: Mapping[str, Source],
    *,
    credentials: Credentials,
    spool: Path | None = None,
    journal: Path | None = None,
    dialect: Dialect | None = None,
    policy: Policy | None = None,
) -> Opening:
    """Return a function that opens the session when it is called."""

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
    """Shows one session. It passes the view no update while the view writes in its thread."""

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
        """Show an update, of the session or of the command."""
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

    async def _write(self, prepare: Callable[[], None]) -> None:
        """Call ``prepare`` and flush the view; the next call waits until that is done."""
        async with self._writing:
            if self._outcome.unread is not None:
                return
            prepare()
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
                # Not awaited: a blocked terminal must not delay the next signal.
                nursery.start_soon(self._write, partial(self._view.note, STOPPING))
            elif self._outcome.interrupts == 2:
                session.abort()
            else:
                nursery.cancel_scope.cancel()
