"""The block around a session: ``with open_session(…) as session``, or ``for update in …``."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import NoReturn

from openline.backend import Backend
from openline.dialects.protocol import Dialect
from openline.observer import Observer
from openline.policy import Policy
from openline.updates import Update
from openline_audio.source import Source, check_unused
from openline_blocking.asking import Credentials
from openline_blocking.network import Connect, connector
from openline_blocking.session import Session
from openline_driver.argument_checks import check_credentials
from openline_driver.options import STORE_LIMIT
from openline_store.opening import new_session, past_session


def open_session(
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
) -> Opening:
    """Open a session and keep its line open until the block is left.

    ``with open_session(…) as session`` gives the session; ``for update in open_session(…)`` goes
    through its updates in a block of its own. The session works while it is waited for.

    ``sources`` maps the dialect's source names to sources; the session stops by itself
    when all of them have ended. ``credentials`` is a token, or a plain function that is asked for
    the first one and for a fresh one each time the backend refuses the last; it may block, and the
    session waits for it. ``random`` gives the jitter's random numbers in [0, 1). Leaving the block
    before the session has ended aborts it, and leaves no socket or thread behind.

    ``proxy`` True: the proxies of the environment (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY);
    a URL, ``http://USER:PASSWORD@HOST:PORT`` or ``socks5h://…``: this one; False: none.
    ``ssl_context`` is for the TLS of the backend, as with a certificate of this client; None: the
    system's trust store. ``network_hints``: on Linux, a network that is back ends the wait for
    the next dial, and has an open line checked. ``connect`` opens sockets in place of all that.

    ``spool`` is a folder in which all audio and progress are kept, at most ``spool_limit``
    bytes of audio, so that a long outage costs no memory and ``resume_session`` can finish
    what a crash left; a session that leaves nothing to resume deletes its part of it.

    ``journal`` is a file to which all events and commands of the session are appended, for
    ``openline replay``: the messages of the backend and so the transcript, word for word, but no
    token, and no audio unless ``journal_audio``. ``observers`` see what the session does
    (``openline.observer``).

    Raises TypeError, one line, for an argument of the wrong type, such as a path where a source
    belongs, and ValueError for a token, id, source name or policy that cannot work; entering
    the block raises SpoolError for a folder and JournalError for a file that cannot be used.
    An invalid dialect raises DialectError (a TypeError) here, or inside the block if the fault
    only shows on a live line.
    """
    given = locals()
    check_credentials(credentials, threads=True)
    prepare = new_session(given, Session, connector)
    check_unused(sources)
    return Opening(prepare)


def resume_session(
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
) -> Opening:
    """Finish the session that an earlier process left in ``folder``.

    ``folder`` is the session's own, or what was given as ``spool`` if no other session is left
    in it; ``spooled_sessions`` lists them. It has the same session id and ends with the whole
    transcript. ``backend`` None: where the session was going to, but without its headers and
    subprotocols, which are not stored. ``dialect`` None: the one that the session spoke, with its
    options, if it is a built-in one; one that is given counts as it is, its options too. The rest
    is as for ``open_session``, TypeError too. Entering the block raises SpoolError, one line, for a
    folder that holds no session, that another process is using, or to which the dialect, the policy
    or the backend do not fit.
    """
    given = locals()
    check_credentials(credentials, threads=True)
    return Opening(past_session(given, Session, connector))


class Opening:
    """The block around a session: use it once, in ``with`` or in ``for``.

    Nothing is open before. A ``for`` over it has the block inside: it is left when the loop is, by
    its end, a ``break`` or an error.
    """

    def __init__(self, prepare: Callable[[], Session]) -> None:
        self._prepare = prepare
        self._session: Session | None = None

    def __repr__(self) -> str:
        return "<a session to be opened with `with`, or by a `for` over its updates>"

    def __enter__(self) -> Session:
        """Open the session. Raises SpoolError and JournalError."""
        self._session = session = self._prepare()
        try:
            session.begin()
        except BaseException:
            session.leave()
            raise
        return session

    def __exit__(self, *_: object) -> None:
        """Abort it if it has not ended."""
        if self._session is not None:
            self._session.leave()

    def __iter__(self) -> Generator[Update]:
        """Open the session, and go through its updates."""
        with self as session:
            yield from session

    async def __aenter__(self) -> NoReturn:
        """Never: there is no event loop."""
        raise TypeError("a session of openline_blocking is opened with `with`, not `async with`")

    async def __aexit__(self, *_: object) -> None:
        """Never called."""

    def __getattr__(self, name: str) -> NoReturn:
        if hasattr(Session, name) and not name.startswith("_"):
            raise AttributeError(f"a session is opened with `with`; what it gives has {name}")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
