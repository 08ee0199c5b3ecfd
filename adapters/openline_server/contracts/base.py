"""What a wire contract is to the server: two pure maps and a few traits.

``read`` maps a message of the client to **actions**; ``write`` maps a **happening** of the
server to messages. A happening is a JSON object in the notation of ``echopanel``, so that a
fault that falsifies a final does so before any contract writes it:

================  =====================================================================
``status``        state ``connected`` (the socket is open), ``streaming`` with
                  ``client_features`` (the ack), ``warning`` and others
``asr_partial``   ``text``, ``t0``, ``t1`` in seconds of this connection
``asr_final``     the same, and ``segment_id``
``progress``      ``received``, ``taken``, ``settled`` in seconds: arrived; given to the
                  recogniser; before this place no word is still to come. ``waiting``: a
                  final is being recognised
``asr_failed``    a final whose words failed, with ``code`` or an empty one
``metrics``       each second, for each source
``flushed``       all audio before a ``Flush`` is recognised; ``at`` in seconds
``final_summary`` all audio before the ``Stop`` is recognised, and all words are sent
``reply``         what an action of this contract answers with (``messages``)
================  =====================================================================

Five more end the connection, and ``write`` says how, with an ``Ending`` as the last item:
``error`` (``code`` or None, ``message``; ``uncoded``: no code in the message either),
``capacity`` (no session is free), ``limit`` (the session is ``seconds`` long), ``idle`` (no audio
and no keepalive for ``seconds``) and ``gone``; ``go_away`` announces this last one ``seconds``
before.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import ClassVar, Final, TypeAlias
from urllib.parse import parse_qs

from openline_server.config import STOP_WAIT
from openline_server.contract import (
    BYTES_PER_SECOND,
    MAX_MESSAGE_BYTES,
    Audio,
    Ids,
    Ignored,
    JsonObject,
    MalformedMessageError,
    Refusal,
    Start,
    Stop,
    encode,
)
from openline_server.contracts.pcm import Decoder
from openline_server.contracts.values import close_code, path_of, query_of, uncoded

__all__ = [
    "Action", "Answer", "Audio", "Contract", "End", "Ending", "Flush", "Ids", "Ignored",
    "JsonObject", "Keepalive", "MalformedMessageError", "Opening", "Refusal", "Rejection",
    "Reply", "Start", "Stop", "Wire", "tokens_of",
]  # fmt: skip

#: A message to the client: a JSON object, or a text that is no JSON.
Wire: TypeAlias = JsonObject | str
Headers: TypeAlias = Sequence[tuple[bytes, bytes]]
#: The source that a contract of one source gives its audio.
SOURCE: Final = "system"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a conversation ends: a close frame, or none (``code`` 1006)."""

    code: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Rejection:
    """An answer to a handshake that is not 101."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    #: For the log of the server.
    why: str = ""


@dataclass(frozen=True, slots=True)
class Flush:
    """Recognise all audio so far now; the session goes on."""


@dataclass(frozen=True, slots=True)
class Keepalive:
    """The client is there and has nothing to send."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer with these messages at once."""

    messages: tuple[Wire, ...]


@dataclass(frozen=True, slots=True)
class End:
    """Send these messages and end at once; what is not recognised is lost.

    ``stop``: the client asked for it; else it broke a rule of the contract.
    """

    ending: Ending
    messages: tuple[Wire, ...] = ()
    stop: bool = False


Action: TypeAlias = Start | Stop | Audio | Ignored | Flush | Keepalive | Reply | End
Answer: TypeAlias = Wire | Ending


@dataclass(frozen=True, slots=True)
class Opening:
    """What a contract knows of its connection; all that is not pure comes from here."""

    #: 32 hex digits.
    id: str
    #: The time of day when it opened: Unix seconds.
    at: float
    #: Path and query of the handshake.
    target: str
    #: How long the session may last, in seconds from its opening; inf: for ever.
    longest: float = inf
    headers: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def uuid(self) -> str:
        """The id as a UUID is written."""
        return "-".join((self.id[:8], self.id[8:12], self.id[12:16], self.id[16:20], self.id[20:]))

    @property
    def query(self) -> dict[str, str]:
        """The query of the handshake; of a name that stands twice, the last."""
        parsed = parse_qs(query_of(self.target), keep_blank_values=True)
        return {name: values[-1] for name, values in parsed.items()}


class Contract:
    """One connection of a contract. A subclass has its traits as class attributes."""

    name: ClassVar[str]
    #: What clients dial by default.
    path: ClassVar[str] = "/"
    #: Whether any other path will do as well.
    any_path: ClassVar[bool] = False
    #: The answer to another path.
    no_path: ClassVar[Rejection] = Rejection(404)
    #: The answer to a wrong token; None: the socket opens and is ``denied``.
    unauthorized: ClassVar[Rejection | None] = Rejection(401)
    denied: ClassVar[Ending] = Ending(1008)
    #: How long a client waits for a free session before it is told that there is none.
    capacity_wait: ClassVar[float | None] = 0.0
    #: How long all that was sent may take once it is stopped; None: as the server is configured.
    stop_wait: ClassVar[float | None] = STOP_WAIT
    #: The audio that is queued before the oldest is dropped, and how much goes then, in seconds.
    queue_seconds: ClassVar[float] = 600.0
    shed_seconds: ClassVar[float] = 0.0
    #: The longest message that it takes; one that is longer is answered by 1009.
    most_bytes: ClassVar[int] = MAX_MESSAGE_BYTES
    #: How long a session may last, in seconds.
    longest: ClassVar[float] = inf
    #: Whether ``progress`` is to be written.
    shows_progress: ClassVar[bool] = True
    #: How the server ends the connection once all is said; None: the client ends it.
    done: ClassVar[Ending | None] = Ending(1000)
    #: Whether a message acknowledges the session; else the open socket is all there is.
    acks: ClassVar[bool] = False
    #: Whether every message after the ack has the ids of the session.
    shows_ids: ClassVar[bool] = False
    #: Whether a flush is all that a client can end its audio with.
    stops_by_flush: ClassVar[bool] = False
    #: Whether ``status`` tells that a stretch of audio was not recognised. Else the connection
    #: ends: what goes on would prove that audio, and a client would take it for silence.
    tells_failures: ClassVar[bool] = False
    #: What the frame of a final contains, and no other.
    final_mark: ClassVar[bytes]
    #: The same contract as other servers speak it, by the words of the fault that asks for it.
    variants: ClassVar[Mapping[str, type[Contract]]] = {}

    def __init__(self, opening: Opening) -> None:
        """The socket is about to open."""
        self.opening = opening
        self._bytes = 0

    # The handshake.

    @classmethod
    def judge(cls, headers: Headers, target: str, token: str) -> Rejection | Ending | None:
        """None if the handshake has the token, else what to answer."""
        right = token.encode("ascii")
        if any(hmac.compare_digest(each, right) for each in cls.tokens(headers, target)):
            return None
        return cls.unauthorized or cls.denied

    @classmethod
    def tokens(cls, headers: Headers, target: str) -> list[bytes]:
        """The tokens that a handshake shows, wherever this contract allows one."""
        return tokens_of(headers, target, schemes=("bearer",))

    @classmethod
    def refuse(cls, target: str) -> Rejection | None:
        """None if path and query are right, else what to answer."""
        if cls.any_path or path_of(target) == cls.path:
            return None
        return cls.no_path

    @classmethod
    def subprotocol(cls, proposed: Sequence[str]) -> str | None:  # noqa: ARG003  # none fits
        """The subprotocol to agree on."""
        return None

    # The conversation.

    def opened(self) -> Sequence[Action]:
        """What the opening alone asks for: a session at once, or nothing."""
        return (self.start(),)

    def read(self, message: str | bytes) -> Iterable[Action]:
        """The actions that a message asks for. Raises MalformedMessageError, Refusal."""
        raise NotImplementedError

    def write(self, happening: JsonObject) -> Sequence[Answer]:
        """The messages for a happening, in order; an ``Ending`` at most as the last.

        Each type has a method of its name, as ``on_asr_final``; what has none is not told.
        """
        write = getattr(self, f"on_{happening['type']}", None)
        answers: Sequence[Answer] = () if write is None else write(happening)
        if not happening.get("uncoded"):
            return answers
        return [uncoded(each) if isinstance(each, dict) else each for each in answers]

    def encode(self, message: JsonObject) -> str:
        """The text frame of a message."""
        return encode(message)

    # What contracts have in common.

    def start(self) -> Start:
        """The action that opens the session."""
        return Start(Ids(self.opening.id, self.opening.id, self.opening.id))

    def audio(self, pcm: bytes, *, more: bool = False) -> Audio:
        """Audio of the one source, counted."""
        self._bytes += len(pcm)
        return Audio(SOURCE, pcm, more)

    def decoded(self, decoder: Decoder, data: bytes) -> Iterable[Audio]:
        """The audio of a message; of a big one, each part is decoded when it is asked for."""
        first, *others = decoder.parts(data)
        if not others:
            return (self.audio(decoder.push(first)),)
        return self._in_parts(decoder, [first, *others])

    def _in_parts(self, decoder: Decoder, parts: Sequence[bytes]) -> Iterator[Audio]:
        for place, part in enumerate(parts, 1):
            yield self.audio(decoder.push(part), more=place < len(parts))

    @property
    def received(self) -> float:
        """The audio that arrived, in seconds."""
        return self._bytes / BYTES_PER_SECOND

    def on_status(self, happening: JsonObject) -> Sequence[Answer]:
        """The open socket, the ack and a refusal; other states have no message."""
        match happening["state"]:
            case "connected":
                return self.greeting()
            case "streaming" if "client_features" in happening:
                return self.ack()
            case "error":
                return self.denial(str(happening["message"]))
            case _:
                return ()

    def greeting(self) -> Sequence[Answer]:
        """What is sent when the socket opens."""
        return ()

    def ack(self) -> Sequence[Answer]:
        """What is sent when the session begins."""
        return ()

    def denial(self, _text: str) -> Sequence[Answer]:
        """What is sent before the close of a client with a wrong token."""
        return ()

    def on_reply(self, happening: JsonObject) -> Sequence[Answer]:
        """Send them."""
        messages: tuple[Wire, ...] = happening["messages"]  # type: ignore[assignment]  # a happening's own
        return messages

    def on_error(self, happening: JsonObject) -> Sequence[Answer]:
        """Without a message of its own a contract closes with the code."""
        text = str(happening.get("message", ""))
        return (Ending(close_code(happening.get("code"), 1011), text[:120]),)

    def on_capacity(self, _happening: JsonObject) -> Sequence[Answer]:
        """RFC 6455's "try again later"."""
        return (Ending(1013),)

    def on_limit(self, _happening: JsonObject) -> Sequence[Answer]:
        """A plain close."""
        return (Ending(1000, "time limit reached"),)

    def on_idle(self, _happening: JsonObject) -> Sequence[Answer]:
        """A plain close."""
        return (Ending(1000, "idle"),)

    def on_gone(self, _happening: JsonObject) -> Sequence[Answer]:
        """RFC 6455's "going away"."""
        return (Ending(1001),)


def tokens_of(
    headers: Headers, target: str, schemes: Sequence[str], query: Sequence[str] = ("token",)
) -> list[bytes]:
    """The tokens of ``Authorization`` with one of these schemes ("": bare), and of the query."""
    named = {name.lower(): value.strip() for name, value in headers}
    given = named.get(b"authorization", b"")
    scheme, _, token = given.partition(b" ")
    found = [token.strip()] if scheme.lower().decode("latin-1") in schemes and token else []
    if given and not token and "" in schemes:
        found.append(given)
    asked = parse_qs(query_of(target))
    return found + [value.encode() for name in query for value in asked.get(name, ())]


def number(value: object) -> float:
    """A number of a happening."""
    return float(value) if isinstance(value, int | float) else 0.0


def spaced(message: JsonObject) -> str:
    """JSON as Python's ``json`` writes it by default: blanks behind commas and colons, ASCII."""
    return json.dumps(message)


def is_on(query: Mapping[str, str], name: str) -> bool:
    """Whether a parameter of the handshake is ``true``."""
    return query.get(name, "").lower() == "true"
