"""Recordings of real servers, and what a dialect makes of them, message by message."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec
from hypothesis import strategies as st

from openline.dialects import Dialect, Heard, Ids, Message, Proof, Sent
from openline.dialects.checking import check_dialect, decode_strict
from openline.dialects.dry_run import dry_run

WIRE = Path(__file__).parents[1] / "wire"
IDS = Ids(session_id="s", attempt_id="a", connection_id="c")
SENT = Sent(seconds=1.0, audio=10, messages=11)
#: Bytes of a memory, as the protocol bounds them.
MOST = 64 * 1024

T = TypeVar("T")


def lines(name: str) -> list[dict[str, Any]]:
    """The lines of a recording."""
    text = (WIRE / f"{name}.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def from_source(case: str) -> str:
    """A message that was not recorded, as the source of its server writes it."""
    (found,) = [each["text"] for each in lines("from-source") if each["case"] == case]
    return str(found)


def incoming(name: str) -> list[str]:
    """The messages of the server, in order."""
    return [each["text"] for each in lines(name) if each["dir"] == "in"]


def decode_all(
    dialect: Dialect, data: Iterable[str | bytes], memory: Any = None
) -> list[tuple[Message, ...]]:
    """The items of each message, from the start of a dial on. A memory stays small and frozen."""
    if memory is None:
        memory, _ = dialect.start(dialect.begin(), IDS)
    found: list[tuple[Message, ...]] = []
    for each in data:
        before = msgspec.json.encode(memory)
        after, items = decode_strict(dialect, memory, each)
        assert msgspec.json.encode(memory) == before
        assert len(msgspec.json.encode(after)) <= MOST
        memory = after
        found.append(items)
    return found


def of(kind: type[T], found: Iterable[Iterable[Message]]) -> list[T]:
    """The items of one kind, in order."""
    return [item for items in found for item in items if isinstance(item, kind)]


def told(found: Iterable[Iterable[Message]]) -> list[Heard]:
    """The finals that have words."""
    return [each for each in of(Heard, found) if each.final and each.text]


def check_whole(dialect: Dialect) -> None:
    """A dialect can be used: its traits, its messages, its headers."""
    check_dialect(dialect)
    dry_run(dialect)


def rises(values: Iterable[float | None]) -> bool:
    """Whether the values that are there never fall."""
    there = [each for each in values if each is not None]
    return there == sorted(there)


def check_proofs(found: Iterable[Iterable[Message]]) -> None:
    """Proofs never fall, and nothing is proved further than it was received."""
    proofs = of(Proof, found)
    assert rises(each.received for each in proofs)
    assert rises(each.drained for each in proofs)
    assert rises(each.confirmed for each in proofs)


_ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**400), 10**400),
    st.floats(),
    st.sampled_from(["", "x", "5.5", "nan", "0:00:01.5", "-1", "1e999", "\ud800"]),
    st.lists(st.none(), max_size=2),
    st.dictionaries(st.sampled_from(["text", "words", "start"]), st.none(), max_size=2),
)


@st.composite
def mutated(draw: st.DrawFn, name: str) -> str:
    """A message of a recording in which some values are odd, or which is cut off."""
    text = draw(st.sampled_from(incoming(name)))
    if draw(st.booleans()):
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        for _ in range(draw(st.integers(1, 3))):
            _spoil(draw, value)
        text = json.dumps(value)
    if draw(st.integers(0, 3)) == 0:
        text = text[: draw(st.integers(0, len(text)))]
    return text


def _spoil(draw: st.DrawFn, value: Any) -> None:
    """Replace one value somewhere inside, rather a leaf than a branch."""
    while isinstance(value, dict | list) and value:
        inside = cast("dict[Any, Any]", value)
        if isinstance(value, list):
            keys: list[Any] = list(range(len(inside)))
        else:
            keys = list(inside)
        key = draw(st.sampled_from(keys))
        if not isinstance(inside[key], dict | list) or draw(st.integers(0, 3)) == 0:
            inside[key] = draw(_ODD)
            return
        value = inside[key]


def any_message(name: str) -> st.SearchStrategy[str | bytes]:
    """Messages of any shape: of the recording, spoilt ones, any text, any bytes."""
    return st.one_of(
        mutated(name),
        st.sampled_from(incoming(name)),
        st.text(max_size=20),
        st.binary(max_size=20),
    )
