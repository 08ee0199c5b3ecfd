"""openline without an event loop of your own: sessions for plain threads, and sources of audio.

Importing this costs nothing: what it exports is imported when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from openline_driver.exports import SHARED, Exports

if TYPE_CHECKING:
    from openline_asyncio.network import Connect, connector
    from openline_driver.credentials import CredentialError
    from openline_driver.network_errors import DialError
    from openline_driver.shared_provider import SharedProvider
    from openline_driver.tokens import Token
    from openline_store.spool import SpoolError, spooled_sessions
    from openline_store.token_file import TokenFile
    from openline_threads.opening import ThreadCredentials, open_session, resume_session
    from openline_threads.session import ThreadSession

__all__ = [
    "Connect",
    "CredentialError",
    "DialError",
    "SharedProvider",
    "SpoolError",
    "ThreadCredentials",
    "ThreadSession",
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
        "openline_asyncio.network": ("Connect", "connector"),
        "openline_threads.opening": ("ThreadCredentials", "open_session", "resume_session"),
        "openline_threads.session": ("ThreadSession",),
    },
    extra=("websockets", "python_socks"),
    needs='sessions need more packages: pip install "openline[threads]"',
)
__getattr__ = _EXPORTS.get
__dir__ = _EXPORTS.names(globals(), __all__)
