"""openline on trio: sessions over real sockets, sources of audio, a backend, a command."""

from __future__ import annotations

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
