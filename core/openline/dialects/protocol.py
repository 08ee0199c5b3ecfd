"""The protocol between the core and a backend's wire format.

A dialect is a name, its ``Traits``, and pure functions. One object serves every session: what it
has to remember of a dial is a *memory*, a frozen value that the core keeps and passes in.

    begin()                                →  the memory of a new dial; None where none is needed
    start(memory, ids)                     →  memory, messages for the wire
    audio(memory, source, pcm, number)     →  memory, messages
    flush(memory, sent)                    →  memory, messages
    keepalive(memory, sent)                →  memory, messages
    stop(memory, ids, sent)                →  memory, messages
    decode(memory, a message that arrived) →  memory, items: the structs below

``messages`` is a tuple of str and bytes, in the order in which they are sent; it may be empty.
``items`` is a tuple as well: words first, then proofs, then at most one ending (``FinalMessage``,
``Refusal``). ``decode`` is total: a message that cannot be read becomes ``Malformed``, a
well-formed one of an unknown type ``Unknown``, and nothing raises. ``checking`` enforces this.

An example: a backend answers each message with one reply, and sends words in parts.

    memory = (0, "")                                   # replies so far, the words so far
    decode(memory, '{"part": "hel"}')  →  (1, "hel"), (Heard("hel", final=False), Proof(1))
    decode(memory, '{"part": "lo."}')  →  (2, ""),    (Heard("hello.", final=True), Proof(2))

A proof never reaches beyond the beginning of words that memory holds back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import msgspec

from openline.dialects.traits import Ends, Traits, Unit
from openline.reconnect.verdicts import Rule

#: A message on the wire.
Wire: TypeAlias = str | bytes
#: What a dialect remembers of one dial: a frozen value of its own, at most 64 KiB; or None.
Memory: TypeAlias = Any
#: The memory behind some messages for the wire, and these.
Encoded: TypeAlias = tuple[Memory, tuple[Wire, ...]]


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


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """One word of a ``Heard``, with times as its own; None: the backend gives none."""

    text: str
    start: float | None = None
    end: float | None = None
    confidence: float | None = None
    speaker: str | None = None


class Heard(Reply, frozen=True, kw_only=True):
    """Words between two times, in seconds of the audio sent on this connection.

    The times are claims: any finite numbers, or None where the backend gives none. The core
    clamps them to the audio that was sent. ``replaces``: the ``segment_id`` of each final of this
    connection that this final says again (``openline.machine.revising``).
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
    words: tuple[Word, ...] = ()
    channel: int | None = None
    replaces: tuple[str, ...] = ()


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


class Proof(Reply, frozen=True, kw_only=True):
    """The backend proves what it did with the audio, without words.

    ``received``: it has so much; ``drained``: it took so much out of its queue; ``confirmed``:
    all words of so much have been sent, or there are none. Each in ``unit``, which is
    ``SECONDS``, or the one that ``Traits.counts`` names; None: no news.
    """

    source: str | None = None
    unit: Unit = Unit.SECONDS
    received: float | None = None
    drained: float | None = None
    confirmed: float | None = None


class Expires(Reply, frozen=True, kw_only=True):
    """The backend ends this connection in ``seconds``, 0 or more: it is time for another.

    ``at``: it ends at this date instead, in seconds since the epoch. It is read by the backend's
    own clock, so it counts only if the answer to the upgrade had a ``Date``, and if it lies ahead.
    """

    seconds: float | None = None
    text: str = ""
    at: float | None = None


class Lost(Reply, frozen=True, kw_only=True):
    """The backend reports that it does not transcribe some audio of ``source``.

    ``start`` and ``end`` bound it, in seconds of this connection. Without them it is all audio
    of the source on this connection.
    """

    source: str | None
    text: str
    start: float | None = None
    end: float | None = None


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
    """The last message after the stop. ``summary`` is its content.

    ``until``: it proves that the audio before these seconds is transcribed; None: all that was
    sent. ``proves`` False: it proves nothing.
    """

    summary: Mapping[str, Any]
    until: float | None = None
    proves: bool = True


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
    | Proof
    | Expires
    | Lost
    | Noticed
    | Refusal
    | Remark
    | FinalMessage
    | Unknown
    | Malformed
)
#: The memory behind a message that arrived, and what that message says.
Decoded: TypeAlias = tuple[Memory, tuple[Message, ...]]


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What was sent on this dial so far: ``seconds`` and ``audio`` messages, all ``messages``.

    ``idle``: no audio went for ``Traits.flush_idle``, which is why a flush is asked for.
    """

    seconds: float = 0.0
    audio: int = 0
    messages: int = 0
    idle: bool = False


class Dialect(Protocol):
    """How to talk to one kind of backend. ``DialectBase`` has defaults for most of it."""

    @property
    def name(self) -> str:
        """Its name on the command line, in journals and in drawings."""
        ...

    @property
    def traits(self) -> Traits:
        """The properties of the backend, which the core reads. The same object each time."""
        ...

    def begin(self) -> Memory:
        """The memory of a new dial."""
        ...

    def start(self, memory: Memory, ids: Ids) -> Encoded:
        """The messages that start a session."""
        ...

    def audio(self, memory: Memory, source: str, pcm: bytes, number: int) -> Encoded:
        """The messages that carry ``pcm``, in the form of ``Traits.form``.

        ``number`` counts the audio messages of the dial, from 0.
        """
        ...

    def flush(self, memory: Memory, sent: Sent) -> Encoded:
        """The messages that ask for the words of all audio so far; none: there is no such."""
        ...

    def keepalive(self, memory: Memory, sent: Sent) -> Encoded:
        """The messages that keep a silent line open; none: the core sends silence instead."""
        ...

    def stop(self, memory: Memory, ids: Ids, sent: Sent) -> Encoded:
        """The messages that ask for the proper end."""
        ...

    def decode(self, memory: Memory, data: str | bytes) -> Decoded:
        """Decode a message that arrived. Never raises."""
        ...

    def headers(self, credential: str) -> Sequence[tuple[str, str]]:
        """The headers, name and value, that carry a credential. Secret.

        Printable ASCII, and none that the opening handshake sets itself: ``Host``,
        ``Connection``, ``Upgrade``, ``Sec-WebSocket-…``, ``Content-Length``,
        ``Transfer-Encoding``. ``credential`` is ASCII without blanks; keep it nowhere. Raise
        ValueError for one that is not of your backend's form; the dry run calls this with
        ``TOKEN``. Not called without a credential, nor for a ``Backend`` whose
        ``credential_place`` is the query.
        """
        ...

    def query(self) -> Sequence[tuple[str, str]]:
        """The parameters of the URL, name and value, not encoded. No secrets.

        A parameter that the app's ``Backend`` has already is left as it is there.
        """
        ...

    def subprotocols(self, credential: str | None) -> Sequence[str]:
        """The WebSocket subprotocols to offer, which may carry the credential. Secret."""
        ...


class DialectBase:
    """Defaults: no memory, no start, no flush, keepalive by silence, a bearer token."""

    def begin(self) -> Memory:
        """No memory."""
        return None

    def start(self, memory: Memory, ids: Ids) -> Encoded:
        """No message: the open socket is the start."""
        return memory, ()

    def flush(self, memory: Memory, sent: Sent) -> Encoded:
        """No message: there is none."""
        return memory, ()

    def keepalive(self, memory: Memory, sent: Sent) -> Encoded:
        """No message: silence keeps the line open."""
        return memory, ()

    def headers(self, credential: str) -> Sequence[tuple[str, str]]:
        """The usual header for a credential (RFC 6750 §2.1). Secret."""
        return [("Authorization", f"Bearer {credential}")]

    def query(self) -> Sequence[tuple[str, str]]:
        """No parameters."""
        return ()

    def subprotocols(self, credential: str | None) -> Sequence[str]:
        """None."""
        return ()
