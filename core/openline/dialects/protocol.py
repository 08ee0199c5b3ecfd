"""The protocol between the core and a backend's wire format.

A dialect is a name, its ``Traits``, and pure functions that encode and decode the messages of
the wire. It has no state: one object serves every session.

    start(ids), audio(source, pcm), stop(ids)   →  a wire message, str or bytes
    decode(a wire message)                      →  one of the structs below

``decode`` is total: a message that cannot be read becomes ``Malformed``, a well-formed one
of an unknown type ``Unknown``, and nothing raises. ``checking`` enforces this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import msgspec

from openline.dialects.traits import Ends, Traits
from openline.reconnect.verdicts import Rule


class Ids(msgspec.Struct, frozen=True, kw_only=True):
    """The ids of a session, of one start of it (stable over reconnects), and of a socket."""

    session_id: str
    attempt_id: str
    connection_id: str


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """The ids that every message from a backend may carry; one without ids is accepted."""

    attempt_id: str | None = None
    connection_id: str | None = None


class Status(Reply, frozen=True, kw_only=True):
    """The backend reports its state, by its own name. ``ack``: it has accepted the start.

    ``filling``: it requests less audio. ``doubtful``: on this connection its final message
    does not confirm that all audio was transcribed. ``warning``: the same, if the status comes
    after the stop. ``ends``: on this connection the ends of its finals prove what ``Ends``
    says; None: what the dialect's traits say.
    """

    state: str
    text: str = ""
    source: str | None = None
    ack: bool = False
    filling: bool = False
    doubtful: bool = False
    warning: bool = False
    ends: Ends | None = None


class Heard(Reply, frozen=True, kw_only=True):
    """Words between two times, in seconds of the audio sent on this connection.

    The times are claims: any finite numbers, or None where the backend gives none. The core
    clamps them to the audio that was sent.
    """

    text: str
    start: float | None
    end: float | None
    final: bool
    source: str | None = None
    confidence: float | None = None
    language: str | None = None
    speaker: str | None = None
    segment_id: str | None = None


class Metrics(Reply, frozen=True, kw_only=True):
    """The backend's figures: seconds of ``backlog``, items ``dropped`` on this connection.

    ``backlog`` None: the message has no such figure, which does not mean an empty queue.
    ``queue``: the seconds of audio that it keeps per source at most, where it announces them.
    """

    source: str | None = None
    backlog: float | None = None
    dropped: int = 0
    realtime_factor: float | None = None
    queue: float | None = None


class Lost(Reply, frozen=True, kw_only=True):
    """The backend reports that it does not transcribe ``source`` on this connection."""

    source: str
    text: str


class Noticed(Reply, frozen=True, kw_only=True):
    """Something the backend recognized in the words. The app receives it as an ``Insight``.

    ``kind`` is a short word, such as ``entities``; ``payload`` is plain data, as JSON has it.
    """

    kind: str
    payload: Mapping[str, Any]


class Refusal(Reply, frozen=True, kw_only=True):
    """The backend refuses the connection; ``row`` is the rule that decides the action."""

    row: Rule
    text: str


class Remark(Reply, frozen=True, kw_only=True):
    """The backend reports an error. It ends nothing, but may explain a later ending."""

    text: str


class FinalMessage(Reply, frozen=True, kw_only=True):
    """The last message: the backend has transcribed all audio. ``summary`` is its content."""

    summary: Mapping[str, Any]


class Unknown(Reply, frozen=True, kw_only=True):
    """A well-formed message of a type that the dialect does not define; it is tolerated."""

    type: str


class Malformed(msgspec.Struct, frozen=True, kw_only=True):
    """A message that cannot be read; ``why`` is one line and quotes no content.

    ``words``: it may have held words that no later message repeats.
    """

    why: str
    words: bool = True


Message: TypeAlias = (
    Status
    | Heard
    | Metrics
    | Lost
    | Noticed
    | Refusal
    | Remark
    | FinalMessage
    | Unknown
    | Malformed
)


class CredentialHeaders(Protocol):
    """An optional method of a dialect: how a credential travels to its backend.

    Without it a credential travels as ``Authorization: Bearer`` alone.
    """

    def headers(self, credential: str) -> Sequence[tuple[str, str]]:
        """The headers, name and value, of the request that opens a socket.

        Printable ASCII, and none that the opening handshake sets itself: ``Host``,
        ``Connection``, ``Upgrade``, ``Sec-WebSocket-…``, ``Content-Length``,
        ``Transfer-Encoding``. ``credential`` is ASCII without blanks; keep it nowhere. Raise
        ValueError for one that is not of your backend's form; the dry run calls this with
        ``TOKEN``. Not called without a credential, nor for a ``Backend`` whose
        ``credential_place`` is the query.
        """
        ...


class Dialect(Protocol):
    """How to talk to one kind of backend. It may have ``CredentialHeaders`` as well."""

    @property
    def name(self) -> str:
        """Its name on the command line, in journals and in drawings."""
        ...

    @property
    def traits(self) -> Traits:
        """The properties of the backend, which the core reads."""
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
        """Decode a message that arrived. Never raises."""
        ...
