"""The messages of the echopanel contract as they are on the wire, and their decoder.

Every type is a struct, and one pass decodes and validates a message. Only a message that fails
is read again: JSON that is slightly invalid (a byte order mark, a bare ``NaN``, ``1e400``, half a
surrogate pair, as some encoders write) is repaired and read once more, and an unknown type is told
from a known one with wrong fields. A field that is not the text of words never costs the text:
a time that is no number is absent. Reading is total: no message raises.
"""

from __future__ import annotations

from typing import Any, TypeAlias, get_args

import msgspec

from openline.dialects.mended_json import mended
from openline.dialects.protocol import Malformed, Unknown
from openline.text import has_words


class WireMessage(msgspec.Struct, tag_field="type", kw_only=True):
    """The ids that every message may carry."""

    attempt_id: Any = None
    connection_id: Any = None


class WireStatus(WireMessage, tag="status", kw_only=True):
    """``status``; ``final_ends``, in the ack: what the ends of finals prove."""

    state: str
    message: Any = None
    source: Any = None
    final_ends: Any = None


class WireWords(WireMessage, kw_only=True):
    """Words and their times, which may be of any type."""

    text: str
    t0: Any = None
    t1: Any = None
    source: Any = None
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

    source: Any = None
    backlog_seconds: Any = None
    dropped_total: Any = None
    realtime_factor: Any = None
    rtf_avg_10s: Any = None
    max_backlog_seconds: Any = None


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
    json: Any = None


class WireError(WireMessage, tag="error", kw_only=True):
    """``error``."""

    message: Any = None


class _Head(msgspec.Struct):
    """Of a message of any type."""

    type: Any = None
    text: Any = None


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
_FINAL = "asr_final"
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
        return _decode(mended(data))
    except (ValueError, msgspec.DecodeError, RecursionError):
        return Malformed(why="not JSON")


def _decode(data: str | bytes) -> Incoming | Unknown | Malformed:
    try:
        return _incoming.decode(data)
    except msgspec.ValidationError as exc:
        if "out of range" in str(exc):  # a number of which no float or int can be made
            raise
        return _unexpected(data, str(exc))


def _unexpected(data: str | bytes, why: str) -> Unknown | Malformed:
    """Unknown for a type that is not in the contract, else Malformed: its fields are wrong."""
    try:
        head = _head.decode(data)
    except msgspec.ValidationError:
        return Malformed(why="no object", words=False)
    kind = head.type
    if not isinstance(kind, str):
        words = isinstance(head.text, str) and has_words(head.text)
        return Malformed(why="an object without a type", words=words)
    if kind not in _KNOWN:
        return Unknown(type=kind[:80])
    words = kind == _FINAL
    if "`$.type`" in why:
        return Malformed(why=f"{kind}: a second type", words=words)
    # msgspec's other texts name fields and types, never content: they are short.
    return Malformed(why=f"{kind}: {why}", words=words)
