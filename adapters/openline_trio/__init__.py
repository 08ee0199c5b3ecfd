"""openline on trio: sessions over real sockets, sources of audio, a backend, a command.

Importing this costs nothing: what it exports is imported when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .network import Connect, DialError, connector
    from .session import CredentialError, Credentials, Provider, Session, open_session

__all__ = [
    "Connect",
    "CredentialError",
    "Credentials",
    "DialError",
    "Provider",
    "Session",
    "connector",
    "open_session",
]

_NETWORK = frozenset({"Connect", "DialError", "connector"})


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = "network" if name in _NETWORK else "session"
    try:
        return getattr(import_module(f"{__name__}.{module}"), name)
    except ModuleNotFoundError as error:
        error.add_note('sessions need more packages: pip install "openline[trio]"')
        raise


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
