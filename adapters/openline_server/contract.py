"""The wire contract as typed messages and fixed texts: bytes in, dataclasses out, and back.

Nothing here does I/O or keeps state. ``read_text`` and ``read_frame`` decode a client's
frame into one of four messages, or raise. ``Refusal``: the client's ``start`` is wrong;
the server answers with an ``error`` message that names the fault. ``MalformedMessageError``:
the server does not answer. The observed server crashes on such a message, so the socket
dies without a close frame, and so it does here. Clients compare the texts and codes of
the contract; change none of them.

Binary audio is ``45 50 01 ss`` and PCM. A frame whose header is wrong in any byte is
taken *whole* as PCM of ``system``: four bytes of noise, and every sample in its place.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import Final, TypeAlias, cast

from openline.updates import SAMPLE_RATE

JsonObject: TypeAlias = dict[str, object]
#: ``system`` or ``mic``; a text message may name another, as long as two are not exceeded.
Source: TypeAlias = str

PATH: Final = "/ws/live-listener"
BYTES_PER_SECOND: Final = 2 * SAMPLE_RATE
MAX_MESSAGE_BYTES: Final = 16 * 1024 * 1024
MAX_ID_CHARS: Final = 256
MAX_SOURCES: Final = 2

CONNECTED_TEXT: Final = "Connected, waiting for start"
STREAMING_TEXT: Final = "Streaming"
UNAUTHORIZED_TEXT: Final = "Unauthorized websocket connection"
CAPACITY_TEXT: Final = "Server at capacity, please try again later"
#: Sent with each frame of the source; ``most`` and ``source`` are put in.
TOO_MANY_SOURCES_TEXT: Final = "Too many active sources (max {most}). Ignoring source '{source}'."
ASR_TIMEOUT_TEXT: Final = "ASR processing timed out; the last words may be missing"
NO_ASR_TEXT: Final = "No speech recogniser is available; audio is received but not transcribed"
NOT_RECOGNISED_TEXT: Final = "audio was not recognised"
KEEPALIVE_TEXT: Final = "keepalive ping timeout"

FEATURES: Final = (
    "clock_drift_compensation_enabled",
    "client_vad_enabled",
    "clock_drift_telemetry_enabled",
    "client_vad_telemetry_enabled",
)
_FORMAT: Final[tuple[tuple[str, object], ...]] = (
    ("sample_rate", SAMPLE_RATE),
    ("format", "pcm_s16le"),
    ("channels", 1),
)
_HEADER: Final = b"EP\x01"
_SOURCE_BYTES: Final[dict[int, Source]] = {0: "system", 1: "mic"}


class Refusal(Exception):  # noqa: N818  # an answer of the contract, not a fault of the server
    """A ``start`` that cannot be served; the text goes to the client as ``error``."""


class MalformedMessageError(Exception):
    """A message that crashes the contract's server."""


@dataclass(frozen=True, slots=True)
class Ids:
    """The ids that every server message carries after the ack."""

    session_id: str
    attempt_id: str
    connection_id: str

    def fields(self) -> JsonObject:
        """The three ids as JSON members."""
        return {
            "session_id": self.session_id,
            "attempt_id": self.attempt_id,
            "connection_id": self.connection_id,
        }


@dataclass(frozen=True, slots=True)
class Start:
    """A valid ``start``."""

    ids: Ids
    client_features: dict[str, bool] = field(default_factory=dict[str, bool])


@dataclass(frozen=True, slots=True)
class Stop:
    """The client ends the session."""


@dataclass(frozen=True, slots=True)
class Audio:
    """PCM of one source, as received: possibly an odd number of bytes.

    ``more``: the rest of the same message follows.
    """

    source: Source
    pcm: bytes
    more: bool = False


@dataclass(frozen=True, slots=True)
class Ignored:
    """A message type that this server does not serve (voice notes, OCR, unknown ones)."""

    kind: str


ClientMessage: TypeAlias = Start | Stop | Audio | Ignored


def read_frame(data: bytes) -> Audio:
    """Decode a binary message: always audio."""
    if data[:3] == _HEADER and len(data) > 3 and data[3] in _SOURCE_BYTES:
        return Audio(_SOURCE_BYTES[data[3]], data[4:])
    return Audio("system", data)


def read_text(text: str) -> ClientMessage:
    """Decode a text message. Raises Refusal or MalformedMessageError."""
    message = parse_object(text)
    kind = message.get("type")
    if kind == "start":
        return _start(message)
    if kind == "stop":
        return Stop()
    if kind == "audio":
        return _audio(message)
    return Ignored(str(kind)[:64])


def parse_object(text: str) -> JsonObject:
    """A JSON object. Raises MalformedMessageError."""
    try:
        parsed: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedMessageError("not JSON") from error
    if not isinstance(parsed, dict):
        raise MalformedMessageError("not a JSON object")
    return cast("JsonObject", parsed)


def _start(message: JsonObject) -> Start:
    ids = Ids(*(_id(message, name) for name in ("session_id", "attempt_id", "connection_id")))
    features: object = message.get("client_features", {})
    if not isinstance(features, dict):
        raise Refusal("Invalid start message: client_features must be an object")
    for name, wanted in _FORMAT:
        got = message.get(name)
        if isinstance(got, bool) or got != wanted:
            raise Refusal(f"Unsupported audio format: {name} must be {wanted}")
    chosen = cast("JsonObject", features)
    return Start(ids, {name: chosen.get(name) is True for name in FEATURES})


def _id(message: JsonObject, name: str) -> str:
    value = message.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Refusal(f"Invalid start message: {name} must be a non-blank string")
    if len(value) > MAX_ID_CHARS:
        raise Refusal(f"Invalid start message: {name} is longer than {MAX_ID_CHARS} characters")
    return value


def _audio(message: JsonObject) -> Audio:
    data = message.get("data")
    if not isinstance(data, str):
        raise MalformedMessageError("audio without data")
    source = message.get("source", "system")
    if not isinstance(source, str):
        raise MalformedMessageError("audio whose source is not a string")
    try:
        pcm = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedMessageError("audio that is not base64") from error
    return Audio(source[:64], pcm)


def status(state: str, message: str, **more: object) -> JsonObject:
    """A ``status`` message."""
    return {"type": "status", "state": state, "message": message, **more}


def error(message: str) -> JsonObject:
    """An ``error`` message."""
    return {"type": "error", "message": message}


def encode(message: JsonObject) -> str:
    """The text frame of a message; half a character of UTF-16 is written as JSON escapes it."""
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace").decode()
