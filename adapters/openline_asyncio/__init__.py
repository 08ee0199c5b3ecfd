"""openline on asyncio, and on uvloop: sessions over real sockets, and sources of audio.

Importing this costs nothing: what it exports is imported when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openline_asyncio.network import Connect, connector
    from openline_asyncio.opening import open_session, resume_session
    from openline_asyncio.session import Session
    from openline_driver.credentials import CredentialError
    from openline_driver.network_errors import DialError
    from openline_driver.options import Credentials, Provider
    from openline_driver.shared_provider import SharedProvider
    from openline_driver.tokens import Token
    from openline_store.spool import SpoolError, spooled_sessions
    from openline_store.token_file import TokenFile

__all__ = [
    "Connect",
    "CredentialError",
    "Credentials",
    "DialError",
    "Provider",
    "Session",
    "SharedProvider",
    "SpoolError",
    "Token",
    "TokenFile",
    "connector",
    "open_session",
    "resume_session",
    "spooled_sessions",
]

#: The packages of the extra: only where one of them is missing, the extra is the advice.
_EXTRA = ("websockets", "python_socks")
_HOMES = {
    "openline_driver.credentials": ("CredentialError",),
    "openline_driver.network_errors": ("DialError",),
    "openline_driver.options": ("Credentials", "Provider"),
    "openline_driver.shared_provider": ("SharedProvider",),
    "openline_driver.tokens": ("Token",),
    "openline_store.spool": ("SpoolError", "spooled_sessions"),
    "openline_store.token_file": ("TokenFile",),
    "openline_asyncio.network": ("Connect", "connector"),
    "openline_asyncio.opening": ("open_session", "resume_session"),
    "openline_asyncio.session": ("Session",),
}


def __getattr__(name: str) -> object:
    for module, names in _HOMES.items():
        if name in names:
            try:
                return getattr(import_module(module), name)
            except ModuleNotFoundError as error:
                from openline_driver.version import advice  # noqa: PLC0415  # only now: it costs time

                note = advice(
                    error, _EXTRA, 'sessions need more packages: pip install "openline[asyncio]"'
                )
                if note:
                    error.add_note(note)
                raise
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
