"""``open_session`` and ``resume_session`` of each face on a loop: the same arguments, and words.

A face has one ``Openers`` and hands out its methods as functions. What they are given goes on by
name, as ``openline_driver.arguments`` wants it. ``Connect`` is the type of what opens the sockets
of the face, and ``Session`` that of its sessions.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Generic, TypeVar

from openline.backend import Backend
from openline.dialects.protocol import Dialect
from openline.observer import Observer
from openline.policy import Policy
from openline_audio.source import Source
from openline_driver.options import STORE_LIMIT, Credentials

Connect = TypeVar("Connect")
Session = TypeVar("Session")


class Openers(Generic[Connect, Session]):
    """The functions of a face. ``begin`` and ``resume`` make the block from what was given."""

    def __init__(
        self,
        begin: Callable[[Mapping[str, Any]], AbstractAsyncContextManager[Session]],
        resume: Callable[[Mapping[str, Any]], AbstractAsyncContextManager[Session]],
    ) -> None:
        self._begin = begin
        self._resume = resume

    def open_session(
        self,
        backend: Backend,
        sources: Mapping[str, Source],
        *,
        policy: Policy | None = None,
        dialect: Dialect | None = None,
        session_id: str | None = None,
        credentials: Credentials = None,
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
    ) -> AbstractAsyncContextManager[Session]:
        """Open a session and keep its line open until the block is left.

        ``sources`` maps the dialect's source names to sources; the session stops by itself
        when all of them have ended. ``credentials`` is a token, or an async function that is
        asked for the first one, and for a fresh one before a dial if the backend refused the last,
        or if it is a ``Token`` that is about to expire; sessions may share a ``SharedProvider``.
        ``random`` gives the jitter's random numbers in [0, 1). Leaving the block before the session
        has ended aborts it; cancellation leaves no task, socket or thread behind.

        ``proxy`` True: the proxies of the environment (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY,
        NO_PROXY); a URL, ``http://USER:PASSWORD@HOST:PORT`` or ``socks5h://…``: this one; False:
        none. ``ssl_context`` is for the TLS of the backend, as with a certificate of this client;
        None: the system's trust store. ``network_hints``: on Linux, a network that is back ends the
        wait for the next dial, and has an open line checked. ``connect`` opens connections in place
        of all that.

        ``spool`` is a folder in which all audio and progress are kept, at most ``spool_limit``
        bytes of audio, so that a long outage costs no memory and ``resume_session`` can finish
        what a crash left; a session that leaves nothing to resume deletes its part of it.

        ``journal`` is a file to which all events and commands of the session are appended, for
        ``openline replay``: the messages of the backend and so the transcript, word for word, but
        no token, and no audio unless ``journal_audio``. ``observers`` see what the session does
        (``openline.observer``).

        Raises TypeError, one line, for an argument of the wrong type, such as a path where a source
        belongs, and ValueError for a token, id, source name or policy that cannot work; entering
        the block raises SpoolError for a folder and JournalError for a file that cannot be used.
        An invalid dialect raises DialectError (a TypeError) here, or inside the block if the fault
        only shows on a live line.
        """
        return self._begin(locals())

    def resume_session(
        self,
        folder: str | os.PathLike[str],
        *,
        backend: Backend | None = None,
        policy: Policy | None = None,
        dialect: Dialect | None = None,
        credentials: Credentials = None,
        connect: Connect | None = None,
        proxy: str | bool = True,
        ssl_context: ssl.SSLContext | None = None,
        network_hints: bool = True,
        random: Callable[[], float] | None = None,
        journal: str | os.PathLike[str] | None = None,
        journal_audio: bool = False,
        observers: Sequence[Observer] = (),
    ) -> AbstractAsyncContextManager[Session]:
        """Finish the session that an earlier process left in ``folder``.

        ``folder`` is the session's own, or what was given as ``spool`` if no other session is left
        in it; ``spooled_sessions`` lists them. It has the same session id and ends with the whole
        transcript. ``backend`` None: where the session was going to, if no part of that is secret:
        the query of a URL and headers are not stored, but for an Origin. ``dialect`` None: the one
        that the session spoke, with its options, if it is a built-in one; one that is given counts
        as it is, its options too. The rest is as for ``open_session``, TypeError too. Entering the
        block raises SpoolError, one line, for a folder that holds no session, that another process
        is using, or to which the dialect, the policy or the backend do not fit.
        """
        return self._resume(locals())
