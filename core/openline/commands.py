"""Commands: the output of the core, besides the one ordered pull.

``SessionMachine.receive`` returns commands in the order in which the driver carries them out;
none of them waits. Messages for the wire are no commands: the sender pulls each
(``SendText``, ``SendBytes``, ``SendPing``) from ``SessionMachine.next_message`` when its last
send has completed, so no message overtakes another.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from openline.backend import Backend
from openline.updates import Gap, Transcript, Update


class RequestCredential(msgspec.Struct, frozen=True):
    """Ask the provider for a credential; answer CredentialReady or CredentialFailed.

    ``fresh``: the last credential was refused, so the provider must not return it again.
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
    """Drop the socket now, without a closing handshake. A SocketLost that follows is late."""

    dial: int


class CloseSource(msgspec.Struct, frozen=True):
    """Close a source that was lost. The core refuses audio that it still captures."""

    source: str


class StoreAudio(msgspec.Struct, frozen=True, gc=False):
    """Keep captured audio on disk; ``start`` is its first session sample."""

    source: str
    start: int
    pcm: bytes


class StoreConfirmed(msgspec.Struct, frozen=True):
    """Note on disk that a source is confirmed up to session sample ``position``.

    Audio before ``position`` will never be fetched. The first ``position`` of a source is its
    first sample.
    """

    source: str
    position: int


class StoreFinal(msgspec.Struct, frozen=True):
    """Note on disk a final, which is never revised; or one that is ``held``, so not final yet.

    ``proves``: its source is confirmed up to this session sample, as of the same record.
    """

    transcript: Transcript
    held: bool = False
    proves: int | None = None


class StoreTold(msgspec.Struct, frozen=True):
    """Note on disk that session samples [start, end) are in a final, and not confirmed."""

    source: str
    start: int
    end: int


class StoreAssumed(msgspec.Struct, frozen=True):
    """Note on disk that session samples [start, end) are taken for processed: they were quiet.

    ``unmeasured``: no peaks show that. It counts once the source is confirmed beyond it.
    """

    source: str
    start: int
    end: int
    unmeasured: bool = False


class StoreGap(msgspec.Struct, frozen=True):
    """Write to disk a gap that resuming the session cannot fill."""

    gap: Gap


class StoreReplaced(msgspec.Struct, frozen=True):
    """Note on disk that the held final ``id`` will not be final: another hearing replaces it."""

    id: str


class StoreWithdrawn(msgspec.Struct, frozen=True):
    """Note on disk that a gap was withdrawn: its audio was confirmed, or is told."""

    gap: Gap


class DiscardStore(msgspec.Struct, frozen=True):
    """Delete the audio and notes on disk: resuming the session would fill no gap."""


class FetchAudio(msgspec.Struct, frozen=True):
    """Read ``samples`` from ``start`` on; answer AudioFetched, with less if there is less."""

    source: str
    start: int
    samples: int


class Report(msgspec.Struct, frozen=True):
    """Hand ``update`` to the app."""

    update: Update


Storage: TypeAlias = (
    StoreAudio
    | StoreConfirmed
    | StoreFinal
    | StoreTold
    | StoreAssumed
    | StoreReplaced
    | StoreGap
    | StoreWithdrawn
    | FetchAudio
    | DiscardStore
)

#: What an adapter carries out.
Order: TypeAlias = (
    RequestCredential
    | CancelCredential
    | OpenSocket
    | CloseSocket
    | AbortSocket
    | CloseSource
    | Storage
)
Command: TypeAlias = Order | Report


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
