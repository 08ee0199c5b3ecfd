"""openline on trio: sessions over real sockets, and sources of audio.

Importing this costs nothing: what it exports is imported when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openline_driver.credentials import CredentialError, Credentials, Provider
    from openline_store.spool import SpoolError, spooled_sessions
    from openline_trio.network import Connect, DialError, connector
    from openline_trio.opening import open_session, resume_session
    from openline_trio.session import Session

__all__ = [
    "Connect",
    "CredentialError",
    "Credentials",
    "DialError",
    "Provider",
    "Session",
    "SpoolError",
    "connector",
    "open_session",
    "resume_session",
    "spooled_sessions",
]

_HOME = {
    "Connect": "openline_trio.network",
    "CredentialError": "openline_driver.credentials",
    "Credentials": "openline_driver.credentials",
    "DialError": "openline_trio.network",
    "Provider": "openline_driver.credentials",
    "Session": "openline_trio.session",
    "connector": "openline_trio.network",
    "open_session": "openline_trio.opening",
    "resume_session": "openline_trio.opening",
    "SpoolError": "openline_store.spool",
    "spooled_sessions": "openline_store.spool",
}


def __getattr__(name: str) -> object:
    module = _HOME.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        error.add_note('sessions need more packages: pip install "openline[trio]"')
        raise


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
