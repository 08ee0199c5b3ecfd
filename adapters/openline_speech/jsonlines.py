"""Updates as JSON: one object per line, its kind under ``update``.

Times are seconds of session time, counts of audio are samples. An object always has all keys
of its kind; an unknown value is ``null``.

A text comes back from a JSON parser as it was received, but for a lone surrogate, which is
U+FFFD. Characters that some readers take for a line end, or that could harm a terminal, are
written as ``\\u2028``: a line is a line to every reader.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, cast

import msgspec

from openline.text import BIDI, CONTROLS, encodable
from openline.updates import (
    BackendMetrics,
    BackendStatus,
    Ended,
    Gap,
    GapWithdrawn,
    Insight,
    PartialRetracted,
    Resumed,
    SourceChanged,
    SourceEnded,
    SourceHeld,
    StateChanged,
    Transcript,
    Trouble,
    Update,
)

#: The value of ``update`` for each kind.
NAMES: Final[Mapping[type, str]] = {
    StateChanged: "state",
    Transcript: "transcript",
    PartialRetracted: "retracted",
    BackendStatus: "status",
    BackendMetrics: "metrics",
    Insight: "insight",
    Gap: "gap",
    GapWithdrawn: "gap_withdrawn",
    SourceEnded: "source_lost",
    SourceHeld: "source_held",
    SourceChanged: "source_changed",
    Trouble: "trouble",
    Resumed: "resumed",
    Ended: "ended",
}


_RISKY: Final = re.compile(f"[{CONTROLS}{BIDI}]")


def line(update: Update) -> str:
    """``update`` as one line of JSON, with its end of line."""
    content = as_object(update)
    try:
        encoded = msgspec.json.encode(content)
    except UnicodeEncodeError:
        encoded = msgspec.json.encode(_encodable(content))
    return _RISKY.sub(lambda found: f"\\u{ord(found[0]):04x}", encoded.decode()) + "\n"


def as_object(update: Update) -> dict[str, Any]:
    """``update`` as a dict of JSON values."""
    match update:
        case Gap():
            content = _gap(update)
        case GapWithdrawn():
            content = _gap(update.gap)
        case Transcript():
            content = _plain(update)
            content["start"] = _seconds(update.start)
            content["end"] = _seconds(update.end)
        case Ended():
            content = _ended(update)
        case _:
            content = _plain(update)
    return {"update": NAMES[type(update)], **content}


def _plain(update: msgspec.Struct) -> dict[str, Any]:
    return {name: getattr(update, name) for name in update.__struct_fields__}


def _gap(gap: Gap) -> dict[str, Any]:
    return {
        "source": gap.source,
        "start": _seconds(gap.start_seconds),
        "end": _seconds(gap.end_seconds),
        "samples": gap.samples,
        "cause": gap.cause,
        "exact": gap.exact,
    }


def _ended(ended: Ended) -> dict[str, Any]:
    counts = _plain(ended.statistics)
    sources: Mapping[str, msgspec.Struct] = counts.pop("sources")
    return {
        "complete": ended.complete,
        "state": ended.state,
        "reason": ended.reason,
        "action": ended.action,
        "moved": ended.moved,
        "missing": [_gap(gap) for gap in ended.missing],
        "accounts": {name: _plain(account) for name, account in ended.accounts.items()},
        "lost_sources": [_plain(lost) for lost in ended.lost_sources],
        **counts,
        "sources": {name: _plain(statistics) for name, statistics in sources.items()},
        "summary": ended.summary,
        "summary_covers": ended.summary_covers,
    }


def _seconds(seconds: float) -> float:
    """Round to microseconds: a sample lasts 62.5 µs, and more digits would be noise."""
    return round(seconds, 6)


def _encodable(value: object) -> object:
    """``value`` without lone surrogates, in keys and texts at any depth."""
    match value:
        case str():
            return encodable(value)
        case Mapping():
            items = cast("Mapping[object, object]", value).items()
            return {_encodable(key): _encodable(each) for key, each in items}
        case msgspec.Struct():  # a word of a transcript
            return _encodable(msgspec.structs.asdict(value))
        case list() | tuple():
            return [_encodable(each) for each in cast("list[object]", value)]
        case _:
            return value
