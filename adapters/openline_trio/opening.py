"""The block around a session: ``async with open_session(…) as session``."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import cast

import trio

from openline.backend import Backend
from openline.dialects.dialect import Dialect
from openline.dialects.echopanel import EchoPanel
from openline.policy import Policy

from .audio.source import Source
from .credentials import Credentials
from .network import Connect, connector
from .session import Session


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
