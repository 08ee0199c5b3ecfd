"""The messages of the echopanel contract as they are on the wire, and their decoder.

Every type is a struct, and one pass decodes and validates a message. Only a message that fails
is read again: JSON that is slightly invalid (a bare ``NaN``, half a surrogate pair, as
some encoders write) is repaired and read once more, and an unknown type is distinguished
from a known one with wrong fields. Reading is total: no message raises.
"""

from __future__ import annotations

import json
from typing import Any, TypeAlias, get_args

import msgspec

from openline.dialects.protocol import Malformed, Unknown


class WireMessage(msgspec.Struct, tag_field="type", kw_only=True):
    """The ids that every message may carry."""

    attempt_id: str | None = None
    connection_id: str | None = None


class WireStatus(WireMessage, tag="status", kw_only=True):
    """``status``."""

    state: str
    message: Any = None
    source: str | None = None


class WireWords(WireMessage, kw_only=True):
    """Words and their times."""

    text: str
    t0: float
    t1: float
    source: str | None = None
    confidence: Any = None
    language: Any = None
    speaker: Any = None
    segment_id: Any = None


class WirePartial(WireWords, tag="asr_partial", kw_only=True):
    """``asr_partial``."""


class WireFinal(WireWords, tag="asr_final", kw_only=True):
    """``asr_final``."""


class WireMetrics(WireMessage, tag="metrics", kw_only=True):
    """``metrics``."""

    source: str | None = None
    backlog_seconds: float | None = None
    dropped_total: float | None = None
    realtime_factor: Any = None


class WireEntities(WireMessage, tag="entities_update", kw_only=True):
    """``entities_update``."""

    people: list[Any] | None = None
    orgs: list[Any] | None = None
    dates: list[Any] | None = None
    projects: list[Any] | None = None
    topics: list[Any] | None = None


class WireCards(WireMessage, tag="cards_update", kw_only=True):
    """``cards_update``."""

    actions: list[Any] | None = None
    decisions: list[Any] | None = None
    risks: list[Any] | None = None


class WireSummary(WireMessage, tag="final_summary", kw_only=True):
    """``final_summary``."""

    markdown: Any = None
    json: dict[str, Any] | list[Any] | str | float | bool | None = None


class WireError(WireMessage, tag="error", kw_only=True):
    """``error``."""

    message: Any = None


class _Head(msgspec.Struct):
    """Of a message of any type."""

    type: str


Incoming: TypeAlias = (
    WireStatus
    | WireFinal
    | WirePartial
    | WireMetrics
    | WireEntities
    | WireCards
    | WireSummary
    | WireError
)
_KNOWN = frozenset(kind.__struct_config__.tag for kind in get_args(Incoming))
_incoming: msgspec.json.Decoder[Incoming] = msgspec.json.Decoder(Incoming)
_head = msgspec.json.Decoder(_Head)


def read(data: str) -> Incoming | Unknown | Malformed:
    """The message in ``data``. Never raises."""
    try:
        return _decode(data)
    except (msgspec.DecodeError, UnicodeEncodeError):
        pass  # not JSON to the letter
    except RecursionError:
        return Malformed(why="nested too deeply")
    try:
        return _decode(_put_right(data))
    except (ValueError, msgspec.DecodeError, RecursionError):
        return Malformed(why="not JSON")


def _decode(data: str | bytes) -> Incoming | Unknown | Malformed:
    try:
        return _incoming.decode(data)
    except msgspec.ValidationError as exc:
        return _unexpected(data, str(exc))


def _put_right(data: str) -> bytes:
    """The same JSON with null for a bare NaN or Infinity, and ? for half a surrogate pair.

    Raises ValueError or RecursionError.
    """
    value = json.loads(data, parse_constant=lambda _: None)
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


def _unexpected(data: str | bytes, why: str) -> Unknown | Malformed:
    """Unknown for a type that is not in the contract, else Malformed: its fields are wrong."""
    try:
        kind = _head.decode(data).type
    except msgspec.ValidationError:
        return Malformed(why="an object without a type")
    if kind not in _KNOWN:
        return Unknown(type=kind[:80])
    if "`$.type`" in why:
        return Malformed(why=f"{kind}: a second type")
    # msgspec's other texts name fields and types, never content: they are short.
    return Malformed(why=f"{kind}: {why}")
