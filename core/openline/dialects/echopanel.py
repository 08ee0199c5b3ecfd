"""The default dialect: the "echopanel" wire contract, v0.2.

Text frames are JSON objects with a ``type``; audio is a four-byte header and PCM. The
wire's messages are declared as msgspec structs, one per type, and decoded in one pass;
only what fails there is looked at again, to tell an unknown type (tolerated) from a
known one with wrong fields (malformed). Unknown fields and status states are tolerated.

What the backend's words mean for a session stands in two tables: ``REFUSALS`` (texts
that end the dial, each with its verdict) and ``ACKS`` (the status states that prove a
start). Times are believed only if finite and 0 ≤ t0 ≤ t1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import msgspec

from ..messages import Cards, Entities
from ..verdicts import Action, Row
from .dialect import (
    FinalMessage,
    Heard,
    Ids,
    Insight,
    Malformed,
    Message,
    Metrics,
    Refusal,
    Remark,
    Status,
    Unknown,
)

#: Texts with which the backend refuses; a status that begins so decides the dial.
REFUSALS: Final[Mapping[str, Row]] = MappingProxyType(
    {
        "Unauthorized": Row(
            action=Action.REAUTH,
            why="the backend refused the token",
            source="echopanel contract, How it ends",
        ),
        "Server at capacity": Row(
            action=Action.LATER,
            why="the backend is full and asks to come back later",
            source="echopanel contract, How it ends",
        ),
    }
)
#: Any message of type "error": this client is wrong, and would be wrong again.
REJECTED: Final = Row(
    action=Action.FATAL,
    why="the backend rejected what this client sent, and would again",
    source="echopanel contract, How it ends",
)
#: Close codes that mean something else here than by default.
CODES: Final[Mapping[int, Row]] = MappingProxyType(
    {
        1011: Row(
            action=Action.RETRY,
            why="the backend saw no pong from us in time",
            source="echopanel contract, How it ends",
        )
    }
)
#: The status states that prove the start was accepted.
ACKS: Final = frozenset(
    {"streaming", "backpressure", "buffering", "overloaded", "warning", "no_asr_provider"}
)
FILLING: Final = frozenset({"backpressure", "buffering", "overloaded"})
#: After these the final message does not prove that everything was transcribed.
DOUBTFUL: Final = frozenset({"no_asr_provider", "warning"})

#: The header of a binary frame: "EP", version 1, the source.
HEADERS: Final[Mapping[str, bytes]] = MappingProxyType(
    {"system": b"EP\x01\x00", "mic": b"EP\x01\x01"}
)
#: Every feature the contract names, each one off.
FEATURES: Final = (
    "clock_drift_compensation_enabled",
    "client_vad_enabled",
    "clock_drift_telemetry_enabled",
    "client_vad_telemetry_enabled",
)


class _Wire(msgspec.Struct, tag_field="type", kw_only=True):
    attempt_id: str | None = None
    connection_id: str | None = None


class _Status(_Wire, tag="status", kw_only=True):
    state: str
    message: str | None = None
    source: str | None = None


class _Words(_Wire, kw_only=True):
    text: str
    t0: float
    t1: float
    confidence: float | None = None
    source: str | None = None
    language: str | None = None
    speaker: str | int | None = None
    segment_id: str | int | None = None


class _Partial(_Words, tag="asr_partial", kw_only=True):
    pass


class _Final(_Words, tag="asr_final", kw_only=True):
    pass


class _Metrics(_Wire, tag="metrics", kw_only=True):
    source: str | None = None
    backlog_seconds: float = 0.0
    dropped_total: int = 0
    realtime_factor: float | None = None


class _Entities(_Wire, tag="entities_update", kw_only=True):
    people: list[Any] = []
    orgs: list[Any] = []
    dates: list[Any] = []
    projects: list[Any] = []
    topics: list[Any] = []


class _Cards(_Wire, tag="cards_update", kw_only=True):
    actions: list[Any] = []
    decisions: list[Any] = []
    risks: list[Any] = []


class _Summary(_Wire, tag="final_summary", kw_only=True):
    markdown: str = ""
    json: dict[str, Any] = {}


class _Error(_Wire, tag="error", kw_only=True):
    message: str = ""


class _Head(msgspec.Struct):
    type: str


_Incoming: TypeAlias = (
    _Status | _Final | _Partial | _Metrics | _Entities | _Cards | _Summary | _Error
)
_KNOWN = frozenset(
    {
        "status",
        "asr_final",
        "asr_partial",
        "metrics",
        "entities_update",
        "cards_update",
        "final_summary",
        "error",
    }
)
_incoming = msgspec.json.Decoder(_Incoming)
_head = msgspec.json.Decoder(_Head)


class EchoPanel:
    """The echopanel contract, v0.2. Stateless: one instance serves every session."""

    name = "echopanel"
    sources = tuple(HEADERS)
    #: A4, an assumption about the backend: it finalises or discards within 15 s.
    horizon = 15.0
    codes = CODES
    refusals: Mapping[str, Row] = MappingProxyType({**REFUSALS, "error": REJECTED})

    def start(self, ids: Ids) -> str:
        """The one ``start`` of a socket."""
        return _text(
            {
                "type": "start",
                "session_id": ids.session_id,
                "attempt_id": ids.attempt_id,
                "connection_id": ids.connection_id,
                "sample_rate": 16000,
                "format": "pcm_s16le",
                "channels": 1,
                "client_features": dict.fromkeys(FEATURES, False),
            }
        )

    def audio(self, source: str, pcm: bytes) -> bytes:
        """Four bytes of header and the frame."""
        return HEADERS[source] + pcm

    def stop(self, ids: Ids) -> str:
        """The ``stop`` that the backend answers with its final summary."""
        return _text({"type": "stop", "session_id": ids.session_id})

    def decode(self, data: str | bytes) -> Message:
        """One message, of any shape."""
        if isinstance(data, bytes):
            return Malformed(why="a binary message, where the contract has only text")
        try:
            wire = _incoming.decode(data)
        except msgspec.ValidationError as exc:
            return _unexpected(data, exc)
        except (msgspec.DecodeError, UnicodeEncodeError):
            return Malformed(why="not JSON")
        except RecursionError:
            return Malformed(why="nested too deeply")
        return _translate(wire)


def _text(message: dict[str, Any]) -> str:
    return msgspec.json.encode(message).decode()


def _unexpected(data: str, exc: msgspec.ValidationError) -> Message:
    """Tell a type we do not know from a known one whose fields are wrong."""
    try:
        kind = _head.decode(data).type
    except msgspec.ValidationError:
        return Malformed(why="an object without a type")
    if kind in _KNOWN:
        # msgspec's text names fields and types, never content.
        return Malformed(why=f"{kind}: {exc}"[:200])
    return Unknown(type=kind[:80])


def _translate(wire: _Incoming) -> Message:
    attempt, connection = wire.attempt_id, wire.connection_id
    match wire:
        case _Partial() | _Final():
            if not (0 <= wire.t0 <= wire.t1 and math.isfinite(wire.t1)):
                return Malformed(why="a transcript with impossible times")
            return Heard(
                text=wire.text,
                start=wire.t0,
                end=wire.t1,
                final=isinstance(wire, _Final),
                source=wire.source,
                confidence=wire.confidence,
                language=wire.language,
                speaker=None if wire.speaker is None else str(wire.speaker),
                segment_id=None if wire.segment_id is None else str(wire.segment_id),
                attempt_id=attempt,
                connection_id=connection,
            )
        case _Metrics():
            if not (math.isfinite(wire.backlog_seconds) and wire.backlog_seconds >= 0):
                return Malformed(why="metrics with an impossible backlog")
            return Metrics(
                source=wire.source,
                backlog=wire.backlog_seconds,
                dropped=wire.dropped_total,
                realtime_factor=wire.realtime_factor,
                attempt_id=attempt,
                connection_id=connection,
            )
        case _Status():
            return _translate_status(wire)
        case _Entities():
            entities = Entities(
                people=tuple(wire.people),
                orgs=tuple(wire.orgs),
                dates=tuple(wire.dates),
                projects=tuple(wire.projects),
                topics=tuple(wire.topics),
            )
            return Insight(update=entities, attempt_id=attempt, connection_id=connection)
        case _Cards():
            cards = Cards(
                actions=tuple(wire.actions),
                decisions=tuple(wire.decisions),
                risks=tuple(wire.risks),
            )
            return Insight(update=cards, attempt_id=attempt, connection_id=connection)
        case _Summary():
            return FinalMessage(
                summary={"markdown": wire.markdown, "json": wire.json},
                attempt_id=attempt,
                connection_id=connection,
            )
        case _Error():
            return Refusal(
                row=REJECTED, text=wire.message, attempt_id=attempt, connection_id=connection
            )


def _translate_status(wire: _Status) -> Message:
    text = wire.message or ""
    if wire.state == "error":
        for beginning, row in REFUSALS.items():
            if text.casefold().startswith(beginning.casefold()):
                return Refusal(
                    row=row,
                    text=text,
                    attempt_id=wire.attempt_id,
                    connection_id=wire.connection_id,
                )
        return Remark(text=text, attempt_id=wire.attempt_id, connection_id=wire.connection_id)
    return Status(
        state=wire.state,
        text=text,
        source=wire.source,
        ack=wire.state in ACKS,
        filling=wire.state in FILLING,
        doubtful=wire.state in DOUBTFUL,
        attempt_id=wire.attempt_id,
        connection_id=wire.connection_id,
    )
