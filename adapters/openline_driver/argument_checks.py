"""Checks of the arguments of a call, before they are used.

An argument of the wrong type would raise deep inside the library, or end the session at once
without a visible reason. So each call checks here first, and raises TypeError with one line: the
argument, the expected type, and its type. The value is never shown: it may be a secret or a path.

Only types are checked. An unusable value raises ValueError where it is used.
"""

from __future__ import annotations

import inspect
from collections.abc import Coroutine, Mapping
from ssl import SSLContext
from types import MappingProxyType
from typing import Any, Final, Protocol, cast, runtime_checkable

from openline.backend import Backend
from openline.dialects.checking import check_dialect
from openline.dialects.dry_run import dry_run
from openline.dialects.protocol import Dialect
from openline.dialects.registry import DEFAULT
from openline.policy import Policy
from openline_driver.shared_provider import SharedProvider

#: The packages that have sources of their own. A session in a thread is one of asyncio.
_FACES: Final = frozenset({"openline_trio", "openline_asyncio", "openline_blocking"})


def kind_of(value: object) -> str:
    """The type of ``value`` in words, without its value."""
    return f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__


def check_sources(sources: object, face: str = "") -> None:
    """Raise TypeError unless it maps names to sources, none of them of another face than ``face``.

    A source of openline awaits what the loop of its own face gives.
    """
    if not isinstance(sources, Mapping):
        raise TypeError(
            "sources: give a dict of names and sources, such as {'mic': FileSource(path)}, "
            f"not {kind_of(sources)}"
        )
    for name, source in cast("Mapping[object, Any]", sources).items():
        if not isinstance(name, str):
            raise TypeError(f"sources: each name is a str, not {kind_of(name)}")
        if isinstance(source, type) or not callable(getattr(source, "run", None)):
            raise TypeError(
                f"sources[{name!r}]: give a source, an object with `async run(sink)`, not "
                f"{kind_of(source)}; FileSource(path) makes one from a file"
            )
        _check_face(name, source, face)


def _check_face(name: str, source: object, face: str) -> None:
    for base in type(source).__mro__:
        home = base.__module__.partition(".")[0]
        if face in _FACES and home in _FACES - {face}:
            raise TypeError(
                f"sources[{name!r}]: this {kind_of(source)} is for sessions of {home}: "
                f"import {base.__name__} from {face}.sources"
            )


def checked_dialect(dialect: Dialect | None) -> Dialect:
    """The dialect to use, after a dry run of each of its messages. Raises DialectError."""
    if dialect is None:
        return DEFAULT
    check_dialect(dialect)
    dry_run(dialect)
    return dialect


def check_credentials(credentials: object, *, threads: bool = False) -> None:
    """Raise TypeError unless it may be a token, None or a provider.

    A provider is an async function; with ``threads`` a plain one, as it runs outside of a loop.
    """
    if credentials is None or isinstance(credentials, str):
        return
    function = "a function" if threads else "an async function"
    if isinstance(credentials, SharedProvider):
        if threads and not credentials.blocks:
            raise TypeError(
                "credentials: give a SharedProvider of a plain function, not of an async one: it "
                "is called outside of a loop, where it may block"
            )
        return
    if isinstance(credentials, Coroutine):
        credentials.close()  # else Python warns that it was never awaited
        raise TypeError(f"credentials: give {function} itself, not what it returned when called")
    if isinstance(credentials, type) or not callable(credentials):
        raise TypeError(
            f"credentials: give a token, {function} that returns one, or None, "
            f"not {kind_of(credentials)}"
        )
    if threads and inspect.iscoroutinefunction(credentials):
        raise TypeError(
            "credentials: give a plain function, not an async one: it is called outside of a "
            "loop, where it may block"
        )


def check_proxy(proxy: object) -> None:
    """Raise TypeError unless it is a URL, True or False."""
    if not isinstance(proxy, str | bool):
        raise TypeError(
            "proxy: give a URL, True for the proxies of the environment, or False for none, not "
            f"{kind_of(proxy)}"
        )


def check_switch(name: str, value: object) -> None:
    """Raise TypeError unless it is True or False."""
    if not isinstance(value, bool):
        raise TypeError(f"{name}: give True or False, not {kind_of(value)}")


def check_given(**given: object) -> None:
    """Raise TypeError for an argument that has not the type for its name in ``_KINDS``."""
    for name, value in given.items():
        kind, want = _KINDS[name]
        check_kind(name, value, kind, want)


def check_optional(**given: object) -> None:
    """The same, for arguments whose default is None."""
    for name, value in given.items():
        if value is not None:
            kind, want = _KINDS[name]
            check_kind(name, value, kind, f"{want}, or None")


def check_kind(name: str, value: object, kind: type | tuple[type, ...] | None, want: str) -> None:
    """Raise TypeError unless it is a ``kind``, and no bool; None: a callable. ``want`` says so."""
    is_right = callable(value) if kind is None else isinstance(value, kind)
    if isinstance(value, type | bool) or not is_right:
        raise TypeError(f"{name}: give {want}, not {kind_of(value)}")


@runtime_checkable
class _PathLike(Protocol):
    """``os.PathLike``, which this module does not import: it is pure."""

    def __fspath__(self) -> str | bytes: ...


_PATH: Final = (str, _PathLike)
#: The type of each argument (None: a callable), and its description in errors.
_KINDS: Final[Mapping[str, tuple[type | tuple[type, ...] | None, str]]] = MappingProxyType(
    {
        "backend": (Backend, "a Backend, such as Backend.from_url(url)"),
        "policy": (Policy, "a Policy"),
        "session_id": (str, "a str"),
        "connect": (None, "a function"),
        "random": (None, "a function"),
        "ssl_context": (SSLContext, "an ssl.SSLContext"),
        "folder": (_PATH, "the path of a folder, a str or a Path"),
        "spool": (_PATH, "the path of a folder, a str or a Path"),
        "spool_limit": (int, "bytes as an int"),
        "observers": ((list, tuple), "a list of Observers"),
        "journal": (_PATH, "the path of a file, a str or a Path"),
    }
)
