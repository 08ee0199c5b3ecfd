"""What a face carries out: the only way out of the driver, besides ``pull`` and ``updates``.

``Driver.effects`` hands these out one by one, in the order of the events that caused them. None
of them may wait: a face starts a task, cancels one, or writes a file, and asks for the next.

What the driver has nothing to add to is the core's own command: ``StoreAudio``,
``StoreConfirmed``, ``StoreFinal``, ``StoreGap``, ``FetchAudio`` (answer ``AudioFetched``, with less
audio if there is less) and ``DiscardStore``. Files, locks and fsync belong to the face, which
answers the first write that fails with ``SpoolFailed`` and writes no more after it.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

from openline.backend import Backend
from openline.commands import Storage

#: Bytes of a message from the backend that a face accepts at most (PROTOCOL's limit).
MAX_MESSAGE: Final = 16 * 1024 * 1024
#: Seconds that a face goes on reading after a failed send: a close frame that has already
#: arrived explains more than a broken pipe.
DRAIN: Final = 1.0


class Dial(msgspec.Struct, frozen=True, kw_only=True):
    """Open a socket to ``backend`` and upgrade it to a WebSocket.

    Answer ``SocketOpened(dial, connection_id)`` once it is open; then one ``SocketLost``, or one
    ``Refused`` if HTTP refused the upgrade; and ``Released`` when the socket is gone, even if
    the dial was aborted and nothing else is answered. ``host``, ``target`` (path and query),
    ``headers`` and ``subprotocols`` are those of the request. The last three may hold the
    credential, so they stay out of the repr.
    """

    dial: int
    backend: Backend
    host: str
    target: str
    headers: tuple[tuple[str, str], ...]
    connection_id: str
    subprotocols: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Dial(dial={self.dial}, backend={self.backend!r})"


class CloseDial(msgspec.Struct, frozen=True):
    """Begin the closing handshake with ``code``; ``SocketLost`` and ``Released`` follow."""

    dial: int
    code: int


class AbortDial(msgspec.Struct, frozen=True):
    """Drop the socket now, without a closing handshake; answer ``Released``."""

    dial: int


class Wake(msgspec.Struct, frozen=True):
    """Wake this dial's sender: its last pull returned None, and it has to pull again."""

    dial: int


class AskCredential(msgspec.Struct, frozen=True):
    """Call the provider; answer ``CredentialGiven`` or ``ProviderFailed``.

    ``fresh`` when the backend refused the last credential; ``refused`` is that one, for a
    ``SharedProvider``. It is secret, and not in the repr.
    """

    request: int
    fresh: bool
    refused: str | None = None

    def __repr__(self) -> str:
        return f"AskCredential(request={self.request}, fresh={self.fresh})"


class StopAsking(msgspec.Struct, frozen=True):
    """Cancel the call of the provider; an answer that still comes is late."""

    request: int


class ReleaseSource(msgspec.Struct, frozen=True):
    """Cancel a source that hangs."""

    source: str


class FlushSources(msgspec.Struct, frozen=True):
    """Have each source deliver the audio that it holds, now: a stop or an abort comes next."""


class NoteRead(msgspec.Struct, frozen=True):
    """Note on disk that a recording was read to its end: who resumes the session lacks nothing."""

    source: str


#: What is for the disk.
Stored: TypeAlias = Storage | NoteRead

Effect: TypeAlias = (
    Dial
    | CloseDial
    | AbortDial
    | Wake
    | AskCredential
    | StopAsking
    | ReleaseSource
    | FlushSources
    | Stored
)
