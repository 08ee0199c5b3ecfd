"""``open_session`` and ``resume_session`` for a program without an event loop."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from openline.backend import Backend
from openline.dialects.protocol import Dialect
from openline.observer import Observer
from openline.policy import Policy
from openline_asyncio import opening
from openline_asyncio.network import Connect
from openline_asyncio.sources.pushed import PushSource
from openline_audio.source import Source
from openline_driver.argument_checks import check_credentials
from openline_driver.options import STORE_LIMIT, Credentials
from openline_driver.shared_provider import SharedProvider
from openline_driver.tokens import Token
from openline_threads.session import ThreadSession

#: A token, a plain function that returns one, or a SharedProvider of such a function.
ThreadCredentials: TypeAlias = str | Callable[[], str | Token] | SharedProvider | None


def open_session(
    backend: Backend,
    sources: Mapping[str, Source],
    *,
    policy: Policy | None = None,
    dialect: Dialect | None = None,
    session_id: str | None = None,
    credentials: ThreadCredentials = None,
    connect: Connect | None = None,
    proxy: str | bool = True,
    ssl_context: ssl.SSLContext | None = None,
    network_hints: bool = True,
    random: Callable[[], float] | None = None,
    spool: str | os.PathLike[str] | None = None,
    spool_limit: int = STORE_LIMIT,
    journal: str | os.PathLike[str] | None = None,
    journal_audio: bool = False,
    observers: Sequence[Observer] = (),
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> ThreadSession:
    """Open a session in a new thread, and wait until it has begun.

    Takes the arguments of ``openline_asyncio.open_session``, and raises the same errors; those of
    entering its block too. ``credentials`` is a token, or a plain function that returns one; it is
    called in yet another thread and may block. ``connect``, ``observers`` and a source of your own
    run in the session's thread, which runs asyncio; ``loop_factory`` makes its loop (as
    ``uvloop.new_event_loop`` does), None: asyncio's own. Close the returned session, or use it in a
    ``with`` block.
    """
    check_credentials(credentials, threads=True)
    inner = opening.open_session(
        backend,
        sources,
        policy=policy,
        dialect=dialect,
        session_id=session_id,
        credentials=_shared(credentials),
        connect=connect,
        proxy=proxy,
        ssl_context=ssl_context,
        network_hints=network_hints,
        random=random,
        spool=spool,
        spool_limit=spool_limit,
        journal=journal,
        journal_audio=journal_audio,
        observers=observers,
    )
    pushed = {name: each for name, each in sources.items() if isinstance(each, PushSource)}
    return ThreadSession(inner, pushed, loop_factory)


def resume_session(
    folder: str | os.PathLike[str],
    *,
    backend: Backend | None = None,
    policy: Policy | None = None,
    dialect: Dialect | None = None,
    credentials: ThreadCredentials = None,
    connect: Connect | None = None,
    proxy: str | bool = True,
    ssl_context: ssl.SSLContext | None = None,
    network_hints: bool = True,
    random: Callable[[], float] | None = None,
    journal: str | os.PathLike[str] | None = None,
    journal_audio: bool = False,
    observers: Sequence[Observer] = (),
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> ThreadSession:
    """Finish, in a new thread, the session that an earlier process left in ``folder``.

    Takes the arguments of ``openline_asyncio.resume_session``, and raises the same errors.
    ``credentials``, ``loop_factory`` and the returned session are as for ``open_session``.
    """
    check_credentials(credentials, threads=True)
    inner = opening.resume_session(
        folder,
        backend=backend,
        policy=policy,
        dialect=dialect,
        credentials=_shared(credentials),
        connect=connect,
        proxy=proxy,
        ssl_context=ssl_context,
        network_hints=network_hints,
        random=random,
        journal=journal,
        journal_audio=journal_audio,
        observers=observers,
    )
    return ThreadSession(inner, {}, loop_factory)


def _shared(credentials: ThreadCredentials) -> Credentials:
    """A function is called in a thread of its own: it may block, and must hold up no loop."""
    return SharedProvider(credentials) if callable(credentials) else credentials
