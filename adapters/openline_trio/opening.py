"""The block around a session: ``async with open_session(…) as session``."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from random import SystemRandom
from types import TracebackType
from typing import NoReturn, cast

import trio

from openline.backend import Backend
from openline.dialects.checking import DialectError
from openline.dialects.protocol import Dialect
from openline.journal.reader import JournalError
from openline.policy import Policy
from openline.updates import SAMPLE_RATE
from openline_audio.source import Source
from openline_driver.argument_checks import (
    check_credentials,
    check_given,
    check_optional,
    check_sources,
    check_trio,
    checked_dialect,
)
from openline_driver.credentials import Credentials
from openline_store.journal_file import JournalFile
from openline_store.records import Began
from openline_store.spool import Spool, SpoolError, load, the_session
from openline_trio.network import Connect, connector
from openline_trio.session import Session

#: Bytes of audio that a spool keeps at most: nine hours of one source.
SPOOL_LIMIT = 1 << 30
BYTES_PER_SECOND = 2 * SAMPLE_RATE


def open_session(
    backend: Backend,
    sources: Mapping[str, Source],
    *,
    policy: Policy | None = None,
    dialect: Dialect | None = None,
    session_id: str | None = None,
    credentials: Credentials = None,
    connect: Connect | None = None,
    random: Callable[[], float] | None = None,
    spool: str | os.PathLike[str] | None = None,
    spool_limit: int = SPOOL_LIMIT,
    journal: str | os.PathLike[str] | None = None,
    journal_audio: bool = False,
) -> AbstractAsyncContextManager[Session]:
    """Open a session and keep its line open until the block is left.

    ``sources`` maps the dialect's source names to sources; the session stops by itself
    when all of them have ended. ``credentials`` is a token, or an async function that is
    asked for the first one and for a fresh one each time the backend refuses the last.
    ``connect`` opens byte streams and ``random`` gives the jitter's random numbers in
    [0, 1); both have good defaults. Leaving the block before the session has ended
    aborts it; cancellation leaves no task, socket or thread behind.

    ``spool`` is a folder in which all audio and progress are kept, at most ``spool_limit``
    bytes of audio, so that a long outage costs no memory and ``resume_session`` can take
    up what a crash left; a session that leaves nothing to take up cleans up behind itself.

    ``journal`` is a file to which all that goes into the core and comes out of it is
    appended, for ``openline replay``: what the backend says and so the transcript, word for
    word, but no token, and no audio unless ``journal_audio``.

    Raises TypeError, one line, for an argument of the wrong kind, such as a path where a source
    belongs, and ValueError for a token, id, source name or policy that cannot work; entering
    the block raises SpoolError for a folder and JournalError for a file that cannot be used.
    A dialect that is none raises DialectError, a TypeError; so does the block, if it shows
    itself only on the live line.
    """
    check_given(backend=backend, spool_limit=spool_limit)
    check_sources(sources)
    check_credentials(credentials)
    check_optional(
        policy=policy,
        session_id=session_id,
        connect=connect,
        random=random,
        spool=spool,
        journal=journal,
    )
    dialect = checked_dialect(dialect)
    if spool_limit <= 0:
        raise ValueError(f"spool_limit is {spool_limit}: give bytes of audio, above 0")
    if spool is not None and not sources:
        raise ValueError("a session without sources has nothing to spool")
    session_id = str(uuid.uuid4()) if session_id is None else session_id
    noted = _noted(journal, keep_audio=journal_audio)
    session = Session(
        backend,
        sources,
        policy=policy or Policy(),
        dialect=dialect,
        session_id=session_id,
        credentials=credentials,
        connect=connect or connector(),
        random=random or SystemRandom().random,
        disk_seconds=spool_limit / BYTES_PER_SECOND / len(sources) if spool is not None else 0.0,
        journal=noted,
    )

    def prepare() -> Session:
        with _opened(noted):
            if spool is not None:
                began = Began.of(backend, session_id, sources, dialect=dialect.name)
                session.attach_spool(Spool.create(Path(spool), began))
        return session

    return _Opening(prepare)


def resume_session(
    folder: str | os.PathLike[str],
    *,
    backend: Backend | None = None,
    policy: Policy | None = None,
    dialect: Dialect | None = None,
    credentials: Credentials = None,
    connect: Connect | None = None,
    random: Callable[[], float] | None = None,
    journal: str | os.PathLike[str] | None = None,
    journal_audio: bool = False,
) -> AbstractAsyncContextManager[Session]:
    """Take up the session that an earlier process left in ``folder``, and finish it.

    ``folder`` is the session's own, or what was given as ``spool`` if no other session is left
    in it; ``spooled_sessions`` lists them. It has the same session id and ends with the whole
    transcript. ``backend`` None: where it was going to. ``dialect`` is the one that the session
    spoke; the rest is as for ``open_session``, TypeError too. Entering
    the block raises SpoolError, one line, for a folder that holds no session, that another
    process is using, or to which the dialect, the policy or the backend do not fit.
    """
    check_given(folder=folder)
    check_credentials(credentials)
    check_optional(backend=backend, policy=policy, connect=connect, random=random, journal=journal)
    speaks = checked_dialect(dialect)
    noted = _noted(journal, keep_audio=journal_audio)

    def prepare() -> Session:
        there = the_session(folder)
        spool = Spool(there)
        try:
            past = load(there)
            past.began.check_spoken(speaks.name)
            session = Session(
                backend or past.began.backend,
                {},
                policy=policy or Policy(),
                dialect=speaks,
                session_id=past.began.session_id,
                credentials=credentials,
                connect=connect or connector(),
                random=random or SystemRandom().random,
                disk_seconds=SPOOL_LIMIT / BYTES_PER_SECOND,  # it has a disk, if nothing is on it
                past=past,
                journal=noted,
            )
            with _opened(noted):
                session.attach_spool(spool)
        except BaseException as exc:
            spool.close()
            if isinstance(exc, ValueError) and not isinstance(exc, JournalError):
                raise SpoolError(f"{there}: {exc}") from exc
            raise
        return session

    return _Opening(prepare)


def _noted(path: str | os.PathLike[str] | None, *, keep_audio: bool) -> JournalFile | None:
    if keep_audio and path is None:
        raise ValueError("journal_audio without a journal: give a file as the journal as well")
    return None if path is None else JournalFile(Path(path), keep_audio=keep_audio)


@contextmanager
def _opened(journal: JournalFile | None) -> Generator[None]:
    """Open the journal if there is one, and close it if what follows cannot be."""
    if journal is None:
        yield
        return
    journal.open()
    try:
        yield
    except BaseException:
        journal.close()
        raise


class _Opening:
    """The block around a session. A class and no generator: a ``yield`` inside a nursery
    would hand trio's nursery stack to whoever runs the block."""

    def __init__(self, prepare: Callable[[], Session]) -> None:
        self._prepare = prepare

    def __repr__(self) -> str:
        return "<a session to be opened with `async with`, in trio>"

    def __enter__(self) -> NoReturn:
        raise TypeError("a session is opened with `async with`, not with `with`")

    def __exit__(self, *_: object) -> None:
        """Never called: nobody gets in. Without it Python would complain of its lack instead."""

    def __iter__(self) -> NoReturn:
        raise TypeError("a session is opened with `async with`; what it gives has the updates")

    __aiter__ = __iter__

    def __await__(self) -> NoReturn:
        raise TypeError("a session is opened with `async with`, not with `await`")

    def __getattr__(self, name: str) -> NoReturn:
        if hasattr(Session, name) and not name.startswith("_"):
            raise AttributeError(f"a session is opened with `async with`; what it gives has {name}")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    async def __aenter__(self) -> Session:
        check_trio()
        self._session = self._prepare()
        self._manager = trio.open_nursery()  # here: a block may be made outside of trio
        nursery = await self._manager.__aenter__()
        nursery.start_soon(self._session.run)
        return self._session

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        try:
            self._session.abort()  # what is not over yet
        except Exception as fault:  # ours: trio's nursery is closed all the same
            await self._manager.__aexit__(type(fault), fault, fault.__traceback__)
            raise
        try:
            return await self._manager.__aexit__(kind, exc, trace)
        except BaseExceptionGroup as group:
            # The block's own error, as the block raised it. (Of a group trio makes a copy.)
            leaves = _leaves(group)
            if exc is not None and leaves == _leaves(exc):
                return False
            if len(leaves) == 1 and isinstance(leaves[0], DialectError):
                raise leaves[0] from leaves[0].__cause__  # somebody's dialect: one line is enough
            raise


def _leaves(exc: BaseException) -> list[BaseException]:
    if not isinstance(exc, BaseExceptionGroup):
        return [exc]
    group = cast("BaseExceptionGroup[BaseException]", exc)
    return [leaf for each in group.exceptions for leaf in _leaves(each)]
