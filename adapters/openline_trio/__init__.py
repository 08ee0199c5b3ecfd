"""openline on trio: sessions over real sockets, sources of audio, a backend, a command.

Importing this costs nothing: what it exports is imported when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openline_trio.credentials import CredentialError, Credentials, Provider
    from openline_trio.network import Connect, DialError, connector
    from openline_trio.opening import open_session, resume_session
    from openline_trio.session import Session
    from openline_trio.spool import SpoolError, spooled_sessions

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
    "Connect": "network",
    "CredentialError": "credentials",
    "Credentials": "credentials",
    "DialError": "network",
    "Provider": "credentials",
    "Session": "session",
    "connector": "network",
    "open_session": "opening",
    "resume_session": "opening",
    "SpoolError": "spool",
    "spooled_sessions": "spool",
}


def __getattr__(name: str) -> object:
    module = _HOME.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f"{__name__}.{module}"), name)
    except ModuleNotFoundError as error:
        error.add_note('sessions need more packages: pip install "openline[trio]"')
        raise


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
