"""Events: the only input of the core.

Names are in the past tense; requests of the app end in ``Requested``. An event of a socket
carries the number of its dial, so that a late one is recognised. No event carries a secret, and
the time is an argument of ``SessionMachine.receive(event, now)``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

import msgspec

from openline.backend import Backend
from openline.reconnect.verdicts import ErrorKind, Sender


class OpenRequested(msgspec.Struct, frozen=True):
    """The app wants the line open."""


class StopRequested(msgspec.Struct, frozen=True):
    """The app wants a proper end: all audio delivered, the final message received."""


class Move(StrEnum):
    """How another process goes on with a session that is aborted here."""

    RESUMED = "resumed"  #: it delivers what is left on disk
    ANEW = "anew"  #: it begins again with the first sample


class AbortRequested(msgspec.Struct, frozen=True):
    """The app wants the end now, whatever is lost.

    ``move``: how another process goes on with the session; None: none does.
    """

    move: Move | None = None


class NetworkRestored(msgspec.Struct, frozen=True):
    """The operating system reports that the network is back."""


class SkipRequested(msgspec.Struct, frozen=True):
    """The app gives up the audio of live sources that waits to be sent, to be live again."""


class SourceStarted(msgspec.Struct, frozen=True):
    """The first sample of a source was captured at ``at``, on the clock of ``now``."""

    source: str
    at: float


class SourceKind(StrEnum):
    """Where the audio of a source comes from: whether it is captured live or already stored."""

    DEVICE = "device"  #: captures as time passes; audio that is not read in time is lost
    STORE = "store"  #: reads stored audio, such as a file, and can wait


class AudioCaptured(msgspec.Struct, frozen=True, gc=False):
    """Signed 16-bit little-endian mono PCM at 16 kHz, any whole number of samples.

    ``peak`` is its largest absolute sample, 0 to 32768, if the source measured it.
    """

    source: str
    pcm: bytes
    peak: int | None = None


class CaptureHole(msgspec.Struct, frozen=True):
    """The source could not capture ``samples`` samples at this point of its audio."""

    source: str
    samples: int


class SourceFinished(msgspec.Struct, frozen=True):
    """A source has no more audio."""

    source: str


class SourceFailed(msgspec.Struct, frozen=True):
    """A source failed; ``reason`` is one line for the user."""

    source: str
    reason: str


class DeviceLost(msgspec.Struct, frozen=True):
    """A source's device is away, and the source waits for it or for another one.

    ``device`` is its name, and ``reason`` one line for the user. A hole follows when there is
    audio again.
    """

    source: str
    device: str
    reason: str


class DeviceFound(msgspec.Struct, frozen=True):
    """From here on a source's audio comes from ``device``: it is back, or it is another one."""

    source: str
    device: str
    reason: str


class SilenceHeard(msgspec.Struct, frozen=True):
    """A source that captures live has given nothing but digital silence since it started.

    ``seconds``, a finite number: for how long.
    """

    source: str
    seconds: float


class AudioFetched(msgspec.Struct, frozen=True, gc=False):
    """The answer to FetchAudio: s16le PCM from session sample ``start`` on; empty if it is gone."""

    source: str
    start: int
    pcm: bytes


class SpoolFailed(msgspec.Struct, frozen=True):
    """Nothing more can be written to disk; ``reason`` is one line for the user."""

    reason: str


class CredentialReady(msgspec.Struct, frozen=True):
    """The provider handed a credential to the adapter, in answer to this request.

    From ``due_at`` on (session time) the provider is asked again before the next dial, though
    nothing was refused; None: only after a refusal. ``unchanged``: the credential is the same
    as the one before. ``backend``: where it is good, from the next dial on; None: where it was.
    ``failure``: why the provider failed, if the credential before serves a while longer.
    """

    request: int
    due_at: float | None = None
    unchanged: bool = False
    backend: Backend | None = None
    failure: str = ""


class CredentialFailed(msgspec.Struct, frozen=True):
    """The provider failed. ``fatal``: it reported that another request cannot help.

    ``unusable``: it returned a value that is not a credential. A retry cannot correct that.
    """

    request: int
    fatal: bool = False
    detail: str = ""
    unusable: bool = False


class SocketOpened(msgspec.Struct, frozen=True):
    """The WebSocket is open; the adapter names the connection.

    ``date``: when the backend answered, in seconds since the epoch, by its own clock (the header
    ``Date`` of the answer); None: it did not say.
    """

    dial: int
    connection_id: str
    date: float | None = None


class Redirected(msgspec.Struct, frozen=True):
    """The dial was answered with a redirect. It ends that dial: no SocketLost follows."""

    dial: int
    status: int
    location: str


class MessageReceived(msgspec.Struct, frozen=True):
    """A whole WebSocket message arrived."""

    dial: int
    data: str | bytes


class PongReceived(msgspec.Struct, frozen=True):
    """The pong to the ping that carried ``mark``."""

    dial: int
    mark: bytes


class SocketLost(msgspec.Struct, frozen=True, kw_only=True):
    """The dial is over: exactly one per dial, after its reader and writer ended.

    ``code``, ``sender`` and ``reason`` are those of the close frame, if there was one.
    ``status`` and ``retry_after`` (seconds) are those of an HTTP answer that refused the
    upgrade. ``error`` is for every other ending, ``detail`` one line for the user.
    """

    dial: int
    code: int | None = None
    sender: Sender | None = None
    reason: str = ""
    status: int | None = None
    retry_after: float | None = None
    error: ErrorKind | None = None
    detail: str = ""


class Tick(msgspec.Struct, frozen=True):
    """Time passed: the timers that are due fire."""


Event: TypeAlias = (
    OpenRequested
    | StopRequested
    | AbortRequested
    | NetworkRestored
    | SkipRequested
    | SourceStarted
    | AudioCaptured
    | CaptureHole
    | SourceFinished
    | SourceFailed
    | DeviceLost
    | DeviceFound
    | SilenceHeard
    | AudioFetched
    | SpoolFailed
    | CredentialReady
    | CredentialFailed
    | SocketOpened
    | Redirected
    | MessageReceived
    | PongReceived
    | SocketLost
    | Tick
)
