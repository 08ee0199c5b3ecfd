"""The block around a session: ``async with open_session(…) as session``."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from types import TracebackType
from typing import cast

import trio

from openline.backend import Backend
from openline.dialects.dialect import Dialect
from openline.dialects.echopanel import EchoPanel
from openline.messages import SAMPLE_RATE
from openline.policy import Policy

from .audio.source import Source
from .credentials import Credentials
from .network import Connect, connector
from .records import Began
from .session import Session
from .spool import Spool, SpoolError, load

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
    uniform: Callable[[], float] | None = None,
    spool: Path | None = None,
    spool_limit: int = SPOOL_LIMIT,
) -> AbstractAsyncContextManager[Session]:
    """Open a session and keep its line open until the block is left.

    ``sources`` maps the dialect's source names to sources; the session stops by itself
    when all of them have ended. ``credentials`` is a token, or an async function that is
    asked for the first one and for a fresh one each time the backend refuses the last.
    ``connect`` opens byte streams and ``uniform`` gives the jitter's random numbers in
    [0, 1); both have good defaults. Leaving the block before the session has ended
    aborts it; cancellation leaves no task, socket or thread behind.

    ``spool`` is a folder in which all audio and progress are kept, at most ``spool_limit``
    bytes of audio, so that a long outage costs no memory and ``resume_session`` can take
    up what a crash left; a session that ends complete cleans up behind itself.

    Raises ValueError, one line, for a token, id, source name or policy that cannot work;
    entering the block raises SpoolError for a folder that cannot be used.
    """
    if spool is not None and not sources:
        raise ValueError("a session without sources has nothing to spool")
    session_id = session_id or str(uuid.uuid4())
    session = Session(
        backend,
        sources,
        policy=policy or Policy(),
        dialect=dialect or EchoPanel(),
        session_id=session_id,
        credentials=credentials,
        connect=connect or connector(),
        uniform=uniform or random.SystemRandom().random,
        disk_seconds=spool_limit / BYTES_PER_SECOND / len(sources) if spool is not None else 0.0,
    )

    def prepare() -> Session:
        if spool is not None:
            session.keep_on(Spool.create(spool, Began.of(backend, session_id, sources)))
        return session

    return _Opening(prepare)


def resume_session(
    folder: Path,
    *,
    backend: Backend | None = None,
    policy: Policy | None = None,
    dialect: Dialect | None = None,
    credentials: Credentials = None,
    connect: Connect | None = None,
    uniform: Callable[[], float] | None = None,
) -> AbstractAsyncContextManager[Session]:
    """Take up the session that an earlier process left in ``folder``, and finish it.

    It has the same session id and ends with the whole transcript. ``backend`` None: where
    it was going to; the rest is as for ``open_session``. Entering the block raises
    SpoolError, one line, for a folder that holds no session, that another process is using,
    or to which the dialect, the policy or the backend do not fit.
    """

    def prepare() -> Session:
        spool = Spool(folder)
        try:
            past = load(folder)
            session = Session(
                backend or past.began.backend,
                {},
                policy=policy or Policy(),
                dialect=dialect or EchoPanel(),
                session_id=past.began.session_id,
                credentials=credentials,
                connect=connect or connector(),
                uniform=uniform or random.SystemRandom().random,
                past=past,
            )
        except BaseException as exc:
            spool.close()
            if isinstance(exc, ValueError):
                raise SpoolError(f"{folder}: {exc}") from exc
            raise
        session.keep_on(spool)
        return session

    return _Opening(prepare)


class _Opening:
    """The block around a session. A class and no generator: a ``yield`` inside a nursery
    would hand trio's nursery stack to whoever runs the block."""

    def __init__(self, prepare: Callable[[], Session]) -> None:
        self._prepare = prepare
        self._manager = trio.open_nursery()

    async def __aenter__(self) -> Session:
        self._session = self._prepare()
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
