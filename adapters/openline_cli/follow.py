"""One session from its opening to its end, shown in a view, with the user's signals.

The first Ctrl-C (or SIGTERM, or SIGHUP of a terminal that closes) asks the session to finish
properly, the second aborts it, the third leaves at once. The session decides how it reacts; this
module only passes the requests on.

Three tasks work side by side: one reads the session's updates, one saves the finals in the file
of ``--out``, one shows everything in the view. So a terminal that blocks keeps no word from the
file. A final is shown when it is saved, or after a second, if the disk is slow or full. When the
reader of the view's output is gone (``| head``, a closed terminal), the session goes on for its
file; without one it is aborted.
"""

from __future__ import annotations

import errno
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final, Protocol, TypeAlias, TypeGuard

import trio

from openline.backend import Backend
from openline.dialects.protocol import Dialect
from openline.observer import Observer
from openline.policy import Policy
from openline.updates import Ended, PartialRetracted, Statistics, Transcript, Update
from openline_audio.pace import Worker
from openline_audio.source import Source
from openline_cli.problems import COMPLETE, FAILED, INTERRUPTED, Problem
from openline_cli.recorded import in_recording
from openline_cli.signals import Requests, stop_signals
from openline_cli.view import Snapshot, View
from openline_cli.writers import Draft
from openline_driver.options import Credentials
from openline_driver.updates import Updates
from openline_trio.sources.pace import in_thread


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
#: Seconds for which a final waits for its file before it is shown.
_SAVING: Final = 1.0

Opening: TypeAlias = Callable[[], AbstractAsyncContextManager[Following]]


@dataclass(slots=True)
class Outcome:
    """The outcome of a session.

    ``unread``: why nothing more could be shown. ``unsaved``: why the transcript is not in its file.
    ``endless``: its sources are devices, so that one Ctrl-C is the normal end.
    """

    session_id: str = ""
    ended: Ended | None = None
    interrupts: int = 0
    unread: OSError | None = None
    unsaved: Problem | None = None
    seconds: float = 0.0
    endless: bool = False

    @property
    def is_interrupted(self) -> bool:
        """Whether a Ctrl-C ended it before its normal end."""
        return self.interrupts > (1 if self.endless else 0)

    @property
    def complete(self) -> bool:
        """Whether there is a result, and it is complete."""
        return self.ended is not None and self.ended.complete

    @property
    def status(self) -> int:
        """The exit status."""
        if self.is_interrupted:
            return INTERRUPTED
        return COMPLETE if self.complete else FAILED


def is_gone(error: OSError) -> bool:
    """Whether the reader of an output is gone: of a pipe, or of a terminal that was closed."""
    return error.errno in {errno.EPIPE, errno.EIO}


def give_up(outcome: Outcome) -> int:
    """The status of a session without an ``Ended``. Raises Problem if stdout failed."""
    if outcome.unread is not None and not is_gone(outcome.unread):
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
    proxy: str | bool = True,
    ssl_context: ssl.SSLContext | None = None,
    observers: Sequence[Observer] = (),
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
            proxy=proxy,
            ssl_context=ssl_context,
            observers=observers,
        )

    return open_one


async def follow(
    open_one: Opening,
    view: View,
    *,
    draft: Draft | None = None,
    worker: Worker = in_thread,
    begins_at: Mapping[str, float] = MappingProxyType({}),
) -> Outcome:
    """Open a session and show it until it ends; ``draft`` gets its finals.

    ``begins_at``: where the audio of a source begins in its recording, in seconds, if not at 0.
    """
    return await Follower(view, worker, draft, begins_at).run(open_one)


class Follower:
    """Shows one session. It passes the view no update while the view writes in its thread."""

    def __init__(
        self,
        view: View,
        worker: Worker = in_thread,
        draft: Draft | None = None,
        begins_at: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        self._view = view
        self._draft = draft
        self._begins_at = begins_at
        self._worker = worker
        self._writing = trio.Lock()
        self._session: Following | None = None
        self._outcome = Outcome()
        self._unshown = Updates()
        self._over = False
        self._news = trio.Event()  # there is something to show or to save, or it is over
        self._tried = 0 if draft is None else draft.changes  # changes saved, or not to be for now
        self._saved = trio.Event()

    async def run(self, open_one: Opening) -> Outcome:
        """Open a session and show it until it ends."""
        began = trio.current_time()
        try:
            with trio.open_signal_receiver(*stop_signals()) as signals:
                async with open_one() as session, trio.open_nursery() as nursery:
                    self._session = session
                    self._outcome.session_id = session.session_id
                    nursery.start_soon(self._obey, signals, session, nursery)
                    if self._view.interval is not None:
                        nursery.start_soon(self._look, session, self._view.interval, began)
                    async with trio.open_nursery() as writing:
                        writing.start_soon(self._show_all)
                        if self._draft is not None:
                            writing.start_soon(self._save_all, self._draft, nursery)
                        async for update in session:
                            self._take(in_recording(update, self._begins_at))
                        self._over = True
                        self._wake()
                    nursery.cancel_scope.cancel()
        finally:
            with suppress(OSError):  # a terminal that is gone cannot be restored
                self._view.close()
        self._outcome.seconds = trio.current_time() - began
        return self._outcome

    def _take(self, update: Update) -> None:
        if isinstance(update, Ended):
            self._outcome.ended = update
        elif self._draft is not None:
            self._note(self._draft, update)
        self._unshown.put(update)
        self._wake()

    def _note(self, draft: Draft, update: Update) -> None:
        """Note what belongs into the file."""
        if isinstance(update, PartialRetracted) and update.settled:
            draft.retract(update.source)
        elif isinstance(update, Transcript) and (update.final or update.settled):
            draft.add(update)

    def _wake(self) -> None:
        self._news.set()
        self._news = trio.Event()

    async def _show_all(self) -> None:
        while True:
            update = self._unshown.take()
            if update is not None:
                if self._draft is not None and _is_final(update):
                    await self._until_saved(self._draft.changes)
                await self.show(update)
            elif self._over:
                break
            else:
                await self._news.wait()

    async def _until_saved(self, count: int) -> None:
        with trio.move_on_after(_SAVING):
            while self._tried < count:
                await self._saved.wait()

    async def _save_all(self, draft: Draft, nursery: trio.Nursery) -> None:
        reported = ""
        while True:
            count = draft.changes
            if self._tried < count:
                try:
                    await self._worker(draft.save, abandon=True)
                except OSError as error:
                    if (line := draft.why(error)) != reported:
                        reported = line
                        nursery.start_soon(self._write, partial(self._view.note, line))
                self._tried = count
                self._saved.set()
                self._saved = trio.Event()
            elif self._over:
                break
            else:
                await self._news.wait()
        ended = self._outcome.ended
        if ended is not None and (ended.transcript or ended.complete):
            try:
                await self._worker(partial(draft.finish, ended), abandon=True)
            except Problem as problem:
                self._outcome.unsaved = problem

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
                if self._session is not None and self._draft is None:
                    self._session.abort()

    async def _obey(
        self, signals: AsyncIterator[int], session: Following, nursery: trio.Nursery
    ) -> None:
        requests = Requests()
        async for number in signals:
            if not requests.is_new(number, trio.current_time()):
                continue
            self._outcome.interrupts += 1
            if self._outcome.interrupts == 1:
                session.request_stop()
                # Not awaited: a blocked terminal must not delay the next signal.
                nursery.start_soon(self._write, partial(self._view.note, STOPPING))
            elif self._outcome.interrupts == 2:
                session.abort()
            else:
                nursery.cancel_scope.cancel()


def _is_final(update: Update) -> TypeGuard[Transcript]:
    return isinstance(update, Transcript) and update.final
