"""What ``open_session`` and ``resume_session`` do in every face, up to the block around a session.

A face hands over what it was given, its ``Session`` and what makes its dialler. It gets a function
that opens the session's files and returns the session, for when the block is entered. ``Block`` is
that block on a loop with groups of tasks.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from random import SystemRandom
from ssl import SSLContext
from types import TracebackType
from typing import Any, Final, Generic, Protocol

from msgspec.structs import replace

from openline.dialects.checking import DialectError
from openline_driver.addresses import Addresses
from openline_driver.arguments import Maker, check_resuming, chosen_dialler, new_options
from openline_driver.exception_groups import is_own, raise_alone
from openline_driver.netlink import sleep_clock
from openline_driver.options import SessionOptions
from openline_driver.proxies import Proxies
from openline_driver.unopened import Unopened
from openline_driver.version import user_agent
from openline_store.beginning import begun, begun_again
from openline_store.journal_file import journal_file
from openline_store.stored_face import Opened

_MAKER: Final = Maker(SystemRandom().random, lambda: str(uuid.uuid4()), user_agent(), sleep_clock())


class Connector(Protocol):
    """Makes what opens the sockets of a session, whose memory of addresses it fills."""

    def __call__(
        self, ssl_context: SSLContext | None, proxies: Proxies, addresses: Addresses, /
    ) -> Any:
        """The ``Connect`` of a face."""
        ...


def new_session(
    given: Mapping[str, Any], session: Callable[..., Opened], connector: Connector
) -> Callable[[], Opened]:
    """What opens the session that ``given`` describes, the arguments of ``open_session``.

    Raises TypeError and ValueError here, as ``open_session``; the function raises SpoolError and
    JournalError, and RuntimeError once it has opened the session.
    """
    known, face = Addresses(), session.__module__.partition(".")[0]
    options = new_options(given, replace(_MAKER, addresses=known, face=face))
    dialler = _dialler(given, connector, known)
    journal = journal_file(given["journal"], keep_audio=given["journal_audio"])
    made = session(options, given["sources"], dialler, given["observers"], journal)
    return _once(lambda: begun(made, options, journal, given["spool"]))


def past_session(
    given: Mapping[str, Any], session: Callable[..., Opened], connector: Connector
) -> Callable[[], Opened]:
    """What opens the session that is left in ``given["folder"]``.

    ``given`` are the arguments of ``resume_session``. Raises as ``new_session``.
    """
    named, known = check_resuming(given), Addresses()
    dialler = _dialler(given, connector, known)
    journal = journal_file(given["journal"], keep_audio=given["journal_audio"])

    def make(options: SessionOptions) -> Opened:
        return session(options, {}, dialler, given["observers"], journal)

    return _once(lambda: begun_again(given, replace(_MAKER, addresses=known), named, journal, make))


def _once(opens: Callable[[], Opened]) -> Callable[[], Opened]:
    """Open it, but not again: a session that has ended would give its old result."""
    is_open = False

    def opening() -> Opened:
        nonlocal is_open
        if is_open:
            raise RuntimeError("this session has been opened before: call open_session again")
        session = opens()
        is_open = True
        return session

    return opening


def _dialler(given: Mapping[str, Any], connector: Connector, known: Addresses) -> Any:
    def make(context: SSLContext | None, proxies: Proxies) -> Any:
        return connector(context, proxies, known)

    return chosen_dialler(given, os.environ, make)


class Block(Unopened, Generic[Opened]):
    """The block around a session, and the group of its tasks: ``_tasks``, which a face enters.

    A class and no generator: a ``yield`` inside a nursery would hand trio's nursery stack to the
    task that runs the block.
    """

    _session: Opened
    _tasks: AbstractAsyncContextManager[Any, bool | None]

    def __init__(self, prepare: Callable[[], Opened]) -> None:
        self._prepare = prepare

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        """End what is not over yet, and wait for all of its tasks."""
        try:
            self._session.abort()
        except Exception as fault:  # ours: the tasks are ended all the same
            await self._tasks.__aexit__(type(fault), fault, fault.__traceback__)
            raise
        try:
            return await self._tasks.__aexit__(kind, exc, trace)
        except BaseExceptionGroup as group:
            # The block's own error, as the block raised it. (Of a group trio makes a copy.)
            if is_own(group, exc):
                return False
            raise_alone(group, DialectError)  # the app's dialect: one line is enough
            raise
