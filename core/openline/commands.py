"""What to do: the only way out of the core, besides the one ordered pull.

``SessionMachine.receive`` returns commands in the order in which to carry them out; each
is carried out without waiting. What goes over the wire is not here: the sender pulls
it (``SendText``, ``SendBytes``, ``SendPing``) from ``SessionMachine.next_message`` when
its last send has completed, so nothing can overtake anything.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from openline.backend import Backend
from openline.updates import Gap, Transcript, Update


class RequestCredential(msgspec.Struct, frozen=True):
    """Ask the provider for a credential; answer CredentialReady or CredentialFailed.

    ``fresh`` when the last one was refused and must not be handed out again.
    """

    request: int
    fresh: bool


class CancelCredential(msgspec.Struct, frozen=True):
    """Cancel the request for a credential; a later answer is ignored."""

    request: int


class OpenSocket(msgspec.Struct, frozen=True):
    """Dial ``backend``; answer SocketOpened, Redirected or SocketLost, once.

    ``with_credential`` is False after a redirect to another origin.
    """

    dial: int
    backend: Backend
    with_credential: bool


class CloseSocket(msgspec.Struct, frozen=True):
    """Begin the closing handshake; SocketLost follows."""

    dial: int
    code: int


class AbortSocket(msgspec.Struct, frozen=True):
    """Drop the socket now, without a word. A SocketLost that still comes is late."""

    dial: int


class CloseSource(msgspec.Struct, frozen=True):
    """Close a source that was lost: audio that it still captures is ignored."""

    source: str


class StoreAudio(msgspec.Struct, frozen=True, gc=False):
    """Keep captured audio on disk; ``start`` is its first session sample."""

    source: str
    start: int
    pcm: bytes


class StoreConfirmed(msgspec.Struct, frozen=True):
    """Note on disk that a source is confirmed up to session sample ``position``.

    Audio before it will never be fetched. The first one of a source is where it began.
    """

    source: str
    position: int


class StoreFinal(msgspec.Struct, frozen=True):
    """Note on disk a final, which stands for good."""

    transcript: Transcript


class StoreGap(msgspec.Struct, frozen=True):
    """Note on disk a gap that no later process can mend."""

    gap: Gap


class DiscardStore(msgspec.Struct, frozen=True):
    """Delete what was kept on disk: there is nothing that a later process could mend."""


class FetchAudio(msgspec.Struct, frozen=True):
    """Read audio back from disk; answer AudioFetched, with less if there is less."""

    source: str
    start: int
    samples: int


class Report(msgspec.Struct, frozen=True):
    """Hand ``update`` to the app."""

    update: Update


Storage: TypeAlias = StoreAudio | StoreConfirmed | StoreFinal | StoreGap | FetchAudio | DiscardStore

Command: TypeAlias = (
    RequestCredential
    | CancelCredential
    | OpenSocket
    | CloseSocket
    | AbortSocket
    | CloseSource
    | Storage
    | Report
)


class SendText(msgspec.Struct, frozen=True, gc=False):
    """Send one text message."""

    dial: int
    data: str


class SendBytes(msgspec.Struct, frozen=True, gc=False):
    """Send one binary message."""

    dial: int
    data: bytes


class SendPing(msgspec.Struct, frozen=True, gc=False):
    """Send a ping that carries ``mark`` (at most 125 bytes, RFC 6455 §5.5)."""

    dial: int
    mark: bytes


Outgoing: TypeAlias = SendText | SendBytes | SendPing
