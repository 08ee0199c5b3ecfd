"""From a spec to a session of a shard: its options, its dialect and its files.

What a face takes as arguments, a fleet takes from the spec; what all sessions share comes from the
shard. A session that an earlier process left is opened as ``resume_session`` of the other faces
opens it. A dialect has no state, so sessions with the same options share one object.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import SystemRandom
from typing import Final

from msgspec.structs import replace

from openline.dialects.options import configured
from openline.dialects.protocol import Dialect
from openline.dialects.registry import BUILT_IN
from openline.observer import Observer
from openline_asyncio.network import Connect
from openline_driver.addresses import Addresses
from openline_driver.argument_checks import checked_dialect
from openline_driver.arguments import Maker
from openline_driver.options import Credentials, SessionOptions
from openline_driver.version import user_agent
from openline_fleet.line import Line
from openline_fleet.session import FleetSession
from openline_fleet.shared import Shared
from openline_fleet.spec import SessionSpec
from openline_store.beginning import begun, begun_again
from openline_store.journal_file import journal_file
from openline_store.spool import SpoolError, folder_name

#: Makes what opens a session's sockets, with the session's memory of addresses.
Connecting = Callable[[Addresses], Connect]
_MAKER: Final = Maker(SystemRandom().random, lambda: str(uuid.uuid4()), user_agent())


class Opener:
    """Opens sessions for ``shard``.

    ``dialects`` are the app's own, by name. ``observers`` gives those of a session.
    """

    def __init__(
        self,
        shard: Shared[Line],
        *,
        connecting: Connecting,
        credentials: Credentials,
        random: Callable[[], float] | None,
        dialects: Mapping[str, Dialect],
        observers: Callable[[SessionSpec], Sequence[Observer]] | None,
    ) -> None:
        self._shard = shard
        self._connecting = connecting
        self._credentials = credentials
        self._random = random or _MAKER.random
        self._observers = observers
        self._known = {**BUILT_IN, **{name: checked_dialect(d) for name, d in dialects.items()}}
        self._dialects: dict[tuple[object, ...], Dialect] = {}

    def open(self, spec: SessionSpec) -> FleetSession:
        """The session of ``spec``, with its files open.

        Raises ValueError and DialectError for what cannot work, SpoolError and JournalError.
        """
        known = Addresses()
        observers = [] if self._observers is None else [*self._observers(spec)]
        journal = journal_file(spec.journal, keep_audio=False)
        connect = self._connecting(known)

        def make(options: SessionOptions) -> FleetSession:
            if options.session_id != spec.session_id:
                raise SpoolError(
                    f"the folder of {spec.session_id!r} holds the session {options.session_id!r}: "
                    "give it the name of its own session"
                )
            return FleetSession(
                *(self._shard, spec, options), connect=connect, observers=observers, journal=journal
            )

        dialect = self._dialect(spec)
        if spec.resume and spec.spool is not None:
            given = {
                "folder": Path(spec.spool) / folder_name(spec.session_id),
                "backend": spec.backend,
                "policy": spec.own_policy,
                "credentials": self._credentials,
                "random": self._random,
                "connect": None,
            }
            return begun_again(given, replace(_MAKER, addresses=known), dialect, journal, make)
        options = self._options(spec, dialect, known)
        return begun(make(options), options, journal, spec.spool)

    def _options(self, spec: SessionSpec, dialect: Dialect, known: Addresses) -> SessionOptions:
        return SessionOptions(
            backend=spec.backend,
            sources=tuple(each.name for each in spec.sources),
            session_id=spec.session_id,
            random=self._random,
            new_id=_MAKER.new_id,
            policy=spec.own_policy,
            dialect=dialect,
            credentials=self._credentials,
            may_pause=frozenset(each.name for each in spec.sources if each.may_pause),
            kinds={each.name: each.kind for each in spec.sources},
            store_bytes=0 if spec.spool is None else spec.spool_limit,
            user_agent=_MAKER.user_agent,
            addresses=known,
        )

    def _dialect(self, spec: SessionSpec) -> Dialect:
        if spec.dialect not in self._known:
            names = ", ".join(self._known)
            raise ValueError(f"no dialect {spec.dialect!r}: give one of {names}")
        key = (spec.dialect, *sorted(spec.dialect_options.items()))
        if key not in self._dialects:
            self._dialects[key] = configured(self._known[spec.dialect], spec.dialect_options)
        return self._dialects[key]
