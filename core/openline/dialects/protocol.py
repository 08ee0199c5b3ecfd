"""The protocol between the core and a backend's language.

A dialect turns what the core wants to say into wire messages, and wire messages into
the few things that the core knows. It is stateless and pure: one instance serves every
session. ``decode`` is total: whatever arrives becomes one of the structs below, and
what nobody can read becomes ``Malformed``, never an exception. ``checking`` holds a dialect
to this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import msgspec

from openline.reconnect.verdicts import Rule
from openline.updates import Cards, Entities


class Ids(msgspec.Struct, frozen=True, kw_only=True):
    """The names of a session, of one start of it (stable over reconnects), of a socket."""

    session_id: str
    attempt_id: str
    connection_id: str


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What every message from a backend may carry: absent ids are accepted."""

    attempt_id: str | None = None
    connection_id: str | None = None


class Status(Reply, frozen=True, kw_only=True):
    """The backend says how it is. ``ack``: this proves that the start was accepted.

    ``filling``: it asks for less audio. ``doubtful``: on this connection its final
    message does not prove that everything was transcribed. ``warning``: nor does one that
    follows this, if it comes after the stop.
    """

    state: str
    text: str = ""
    source: str | None = None
    ack: bool = False
    filling: bool = False
    doubtful: bool = False
    warning: bool = False


class Heard(Reply, frozen=True, kw_only=True):
    """Words between two times (seconds of audio processed on this connection)."""

    text: str
    start: float
    end: float
    final: bool
    source: str | None = None
    confidence: float | None = None
    language: str | None = None
    speaker: str | None = None
    segment_id: str | None = None


class Metrics(Reply, frozen=True, kw_only=True):
    """The backend's figures: seconds of ``backlog``, items ``dropped`` on this connection.

    ``backlog`` None: it gave no such figure, which is not the same as an empty queue.
    """

    source: str | None = None
    backlog: float | None = None
    dropped: int = 0
    realtime_factor: float | None = None


class Insight(Reply, frozen=True, kw_only=True):
    """Something the backend noticed in the words, for the app alone."""

    update: Entities | Cards


class Refusal(Reply, frozen=True, kw_only=True):
    """The backend refuses us, and the dialect knows what that means."""

    row: Rule
    text: str


class Remark(Reply, frozen=True, kw_only=True):
    """The backend reports an error that may explain an ending, and means nothing else."""

    text: str


class FinalMessage(Reply, frozen=True, kw_only=True):
    """The backend has said everything; ``summary`` is its own view of it."""

    summary: Mapping[str, Any]


class Unknown(Reply, frozen=True, kw_only=True):
    """A well-formed message of a type this dialect does not know: tolerated."""

    type: str


class Malformed(msgspec.Struct, frozen=True, kw_only=True):
    """A message nobody can read; ``why`` is one line and quotes no content."""

    why: str


Message: TypeAlias = (
    Status | Heard | Metrics | Insight | Refusal | Remark | FinalMessage | Unknown | Malformed
)


class CredentialHeaders(Protocol):
    """What a dialect may have besides: how a credential travels to its backend.

    Without it a credential travels as ``Authorization: Bearer`` and ``x-echopanel-token``.
    """

    def headers(self, credential: str) -> Sequence[tuple[str, str]]:
        """The headers, name and value, of the request that opens a socket.

        Printable ASCII, and none that the opening handshake sets itself: ``Host``,
        ``Connection``, ``Upgrade``, ``Sec-WebSocket-…``, ``Content-Length``,
        ``Transfer-Encoding``. ``credential`` is ASCII without blanks; keep it nowhere. One of
        another form than the backend's is refused with ValueError: each method is rehearsed,
        and this one with ``TOKEN``. Not called where there is no credential, nor for a
        ``Backend`` whose ``credential_place`` is the query.
        """
        ...


class Dialect(Protocol):
    """How one kind of backend is spoken to. It may have ``CredentialHeaders`` as well."""

    @property
    def name(self) -> str:
        """What it is called, on the command line and in drawings."""
        ...

    @property
    def sources(self) -> tuple[str, ...]:
        """The names a source may have."""
        ...

    @property
    def horizon(self) -> float:
        """Seconds that a backend may hold drained audio before it proves it."""
        ...

    @property
    def codes(self) -> Mapping[int, Rule]:
        """Close codes that mean something else here than by default."""
        ...

    @property
    def refusals(self) -> Mapping[str, Rule]:
        """Texts with which the backend refuses, and what each one means."""
        ...

    def start(self, ids: Ids) -> str | bytes:
        """The message that starts a session."""
        ...

    def audio(self, source: str, pcm: bytes) -> str | bytes:
        """The message that carries a frame of s16le mono PCM at 16 kHz."""
        ...

    def stop(self, ids: Ids) -> str | bytes:
        """The message that asks for the proper end."""
        ...

    def decode(self, data: str | bytes) -> Message:
        """What an arrived message says. Never raises."""
        ...
