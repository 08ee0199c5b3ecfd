"""openline on asyncio, and on uvloop: sessions over real sockets, and sources of audio.

Importing this costs nothing: what it exports is imported when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from openline_driver.exports import SHARED, Exports

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

_EXPORTS = Exports(
    __name__,
    {
        **SHARED,
        "openline_driver.options": ("Credentials", "Provider"),
        "openline_asyncio.network": ("Connect", "connector"),
        "openline_asyncio.opening": ("open_session", "resume_session"),
        "openline_asyncio.session": ("Session",),
    },
    extra=("websockets", "python_socks"),
    needs='sessions need more packages: pip install "openline[asyncio]"',
)
__getattr__ = _EXPORTS.get
__dir__ = _EXPORTS.names(globals(), __all__)
