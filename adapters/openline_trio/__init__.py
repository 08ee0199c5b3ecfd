"""openline on trio: sessions over real sockets, and sources of audio.

Importing this costs nothing: what it exports is imported when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from openline_driver.exports import SHARED, Exports

if TYPE_CHECKING:
    from openline_driver.credentials import CredentialError
    from openline_driver.network_errors import DialError
    from openline_driver.options import Credentials, Provider
    from openline_driver.shared_provider import SharedProvider
    from openline_driver.tokens import Token
    from openline_store.spool import SpoolError, spooled_sessions
    from openline_store.token_file import TokenFile
    from openline_trio.network import Connect, connector
    from openline_trio.opening import open_session, resume_session
    from openline_trio.session import Session

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
        "openline_trio.network": ("Connect", "connector"),
        "openline_trio.opening": ("open_session", "resume_session"),
        "openline_trio.session": ("Session",),
    },
    extra=("trio", "trio_websocket", "python_socks"),
    needs='sessions need more packages: pip install "openline[trio]"',
)
__getattr__ = _EXPORTS.get
__dir__ = _EXPORTS.names(globals(), __all__)
