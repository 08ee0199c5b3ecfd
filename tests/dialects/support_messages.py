"""Recorded messages, and messages of any shape, for the tests of one dialect each.

``check_items`` is what holds for every decoded message: sound items, words first, then proofs,
then at most one ending.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

from hypothesis import strategies as st

from openline.dialects.checking import decode_strict
from openline.dialects.protocol import (
    Dialect,
    FinalMessage,
    Heard,
    Memory,
    Message,
    Proof,
    Refusal,
)

WIRE = Path(__file__).parents[1] / "wire"

_ODD: list[Any] = [10**400, -1, "1.5", "NaN", "", "\ud800", " .", [[]], {}]
#: Any JSON value, with what spoils a calculation.
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(_ODD),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
#: What is no message, or hardly one.
NOISE: st.SearchStrategy[str | bytes] = (
    st.text(max_size=40)
    | st.binary(max_size=40)
    | VALUES.map(json.dumps)
    | st.sampled_from(["[" * 100_000, '{"type":' * 20_000, "\ufeff{}\0", '{"a": 1e999}'])
)


def recorded(name: str) -> list[str]:
    """The texts that the server of a recording sent."""
    lines = map(json.loads, (WIRE / f"{name}.jsonl").read_text("utf-8").splitlines())
    return [each["text"] for each in lines if each.get("dir") == "in" and "text" in each]


def handshake(sdk: str) -> tuple[str, dict[str, str], list[str]]:
    """The request target, the headers and the texts that the maker's own client sent."""
    lines = (WIRE / "sdk-handshakes.jsonl").read_text("utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if row["sdk"] == sdk]
    said = [row["text"] for row in rows if row["event"] == "out" and "text" in row]
    return rows[0]["path"], rows[0]["headers"], said


def _inner(value: Any) -> list[tuple[Any, Any]]:
    """The keys and values in an object or a list."""
    if isinstance(value, dict):
        return list(cast("dict[str, object]", value).items())
    return list(enumerate(cast("list[object]", value))) if isinstance(value, list) else []


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    return [path, *(p for key, inner in _inner(value) for p in _paths(inner, (*path, key)))]


def spoiled(message: Any, path: tuple[Any, ...], by: Any) -> Any:
    """``message`` with another value at ``path``."""
    if not path:
        return by
    changed = {
        key: spoiled(inner, path[1:], by) if key == path[0] else inner
        for key, inner in _inner(message)
    }
    return changed if isinstance(message, dict) else list(changed.values())


@st.composite
def mutants(draw: st.DrawFn, texts: list[str]) -> str:
    """One of ``texts`` with up to two values replaced."""
    message = json.loads(draw(st.sampled_from(texts)))
    for _ in range(draw(st.integers(0, 2))):
        message = spoiled(message, draw(st.sampled_from(_paths(message))), draw(VALUES))
    return json.dumps(message)


def side_fields(text: str, *needed: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """The paths in a message that hold none of ``needed`` and are not within one of these."""
    return [
        path
        for path in _paths(json.loads(text))
        if not any(each[: len(path)] == path for each in needed)
    ]


def check_items(
    dialect: Dialect, memory: Memory, data: str | bytes
) -> tuple[Memory, list[Message]]:
    """``data`` decoded; AssertionError, or DialectError, for items that are not sound."""
    after, items = decode_strict(dialect, memory, data)
    ranks = [_rank(each) for each in items]
    assert ranks == sorted(ranks)
    assert ranks.count(3) <= 1
    return after, list(items)


def _rank(item: Message) -> int:
    match item:
        case Heard():
            return 0
        case Proof():
            return 2
        case FinalMessage() | Refusal():
            return 3
        case _:
            return 1
