"""From the arguments of ``open_session`` and ``resume_session`` to ``SessionOptions``.

These calls have one signature in every face. A face hands over what it was given, by name, and
its own ways to draw random numbers, to make ids, and to name itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from ssl import SSLContext
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec

from openline.audio.past import PastSource
from openline.backend import Backend
from openline.dialects.protocol import Dialect
from openline.events import SourceKind
from openline.policy import Policy
from openline.updates import Transcript
from openline_driver.addresses import Addresses
from openline_driver.argument_checks import (
    check_credentials,
    check_given,
    check_optional,
    check_proxy,
    check_sources,
    check_switch,
    checked_dialect,
)
from openline_driver.options import STORE_LIMIT, SessionOptions
from openline_driver.proxies import Proxies

T = TypeVar("T")


class Maker(msgspec.Struct, frozen=True):
    """What a face brings along: random numbers in [0, 1), new ids, its User-Agent.

    ``slept`` gives the seconds for which the machine has slept in all. ``addresses`` is the memory
    of the session that is made, which its dialler fills. ``face`` is its package.
    """

    random: Callable[[], float]
    new_id: Callable[[], str]
    user_agent: str
    slept: Callable[[], float] | None = None
    addresses: Addresses | None = None
    face: str = ""


def new_options(given: Mapping[str, Any], maker: Maker) -> SessionOptions:
    """The options of a new session. Raises TypeError and ValueError, as ``open_session``."""
    _check(given, required=("backend", "spool_limit", "observers"))
    sources, limit = given["sources"], given["spool_limit"]
    check_sources(sources, maker.face)
    check_credentials(given["credentials"])
    dialect = checked_dialect(given["dialect"])
    if limit <= 0:
        raise ValueError(f"spool_limit is {limit}: give bytes of audio, above 0")
    if given["spool"] is not None and not sources:
        raise ValueError("a session without sources has nothing to spool")
    _check_tls(given.get("ssl_context"), given["backend"])
    session_id = given["session_id"]
    return SessionOptions(
        backend=given["backend"],
        sources=tuple(sources),
        session_id=maker.new_id() if session_id is None else session_id,
        random=given["random"] or maker.random,
        new_id=maker.new_id,
        policy=given["policy"] or Policy(),
        dialect=dialect,
        credentials=given["credentials"],
        may_pause=frozenset(
            name for name, source in sources.items() if getattr(source, "may_pause", False)
        ),
        kinds={
            name: getattr(source, "kind", SourceKind.DEVICE) for name, source in sources.items()
        },
        begins_at=_begins_of(sources),
        store_bytes=0 if given["spool"] is None else limit,
        user_agent=maker.user_agent,
        network_hints=_wants_hints(given, given["backend"]),
        slept=maker.slept,
        addresses=maker.addresses,
    )


def check_resuming(given: Mapping[str, Any]) -> Dialect | None:
    """The dialect that is given, or None. Raises TypeError, as ``resume_session``."""
    _check(given, required=("folder", "observers"))
    check_credentials(given["credentials"])
    dialect: Dialect | None = given["dialect"]
    return None if dialect is None else checked_dialect(dialect)


def resumed_options(
    given: Mapping[str, Any],
    maker: Maker,
    dialect: Dialect,
    *,
    session_id: str,
    backend: Backend,
    names: Sequence[str],
    sources: tuple[PastSource, ...],
    transcript: tuple[Transcript, ...],
    unread: Collection[str],
    begins_at: Mapping[str, float] = MappingProxyType({}),
) -> SessionOptions:
    """The options of a session that an earlier process began.

    ``names`` are those of its sources; ``sources`` and ``transcript`` are what was stored,
    ``unread`` the recordings that were not read to their ends, and ``begins_at`` the seconds of
    recordings before what was sent. Raises ValueError, as ``resume_session``.
    """
    return SessionOptions(
        backend=backend,
        sources=tuple(names),
        session_id=session_id,
        random=given["random"] or maker.random,
        new_id=maker.new_id,
        policy=given["policy"] or Policy(),
        dialect=dialect,
        credentials=given["credentials"],
        unread=frozenset(unread),
        begins_at=begins_at,
        store_bytes=STORE_LIMIT,  # it has a store, even if nothing is in it
        past_sources=sources,
        past_transcript=transcript,
        user_agent=maker.user_agent,
        network_hints=_wants_hints(given, backend),
        slept=maker.slept,
        addresses=maker.addresses,
    )


def chosen_dialler(
    given: Mapping[str, Any],
    environ: Mapping[str, str],
    connector: Callable[[SSLContext | None, Proxies], T],
) -> T:
    """What opens a session's sockets: ``connect`` as given, or what ``connector`` makes.

    The variables of the proxies are read from ``environ`` now. Raises TypeError and ValueError, as
    ``open_session``.
    """
    proxy, replaced = given["proxy"], given["connect"] is not None
    check_proxy(proxy)
    check_optional(ssl_context=given["ssl_context"])
    if replaced and not (proxy is True and given["ssl_context"] is None):
        raise ValueError("connect opens the sockets itself: leave proxy and ssl_context out")
    chosen: T | None = given["connect"]
    return connector(given["ssl_context"], Proxies(proxy, environ)) if chosen is None else chosen


_OPTIONAL = ("backend", "policy", "session_id", "connect", "random", "spool", "journal")


def _wants_hints(given: Mapping[str, Any], backend: Backend) -> bool:
    """Whether a network that is back concerns this session. A face may have no such argument.

    What ``connect`` opens need be no network, and this machine's own is always there.
    """
    wanted: bool = given.get("network_hints", False)
    return wanted and given["connect"] is None and not backend.is_loopback


def _check_tls(settings: object, backend: Backend) -> None:
    """Refuse settings of TLS that would do nothing. A session that is resumed has its address."""
    if settings is not None and not backend.is_secure:
        raise ValueError(
            "ssl_context: the backend is dialled by ws://, without TLS: give wss://, or leave it "
            "out"
        )


def _check(given: Mapping[str, Any], required: tuple[str, ...]) -> None:
    check_given(**{name: given[name] for name in required})
    check_optional(**{name: given[name] for name in _OPTIONAL if name in given})
    check_switch("network_hints", given.get("network_hints", False))


def _begins_of(sources: Mapping[str, object]) -> dict[str, float]:
    """Where the audio of each source begins in its recording, in seconds, if not at 0."""
    found = {name: getattr(source, "begins_at", 0.0) for name, source in sources.items()}
    return {name: seconds for name, seconds in found.items() if seconds}
