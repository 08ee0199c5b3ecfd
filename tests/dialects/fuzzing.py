"""Any message of a backend, for a dialect's ``decode``: well-formed, odd, or no JSON at all."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from hypothesis import strategies as st

from openline.dialects.checking import decode_strict
from openline.dialects.protocol import Dialect, FinalMessage, Heard, Memory, Proof, Refusal

#: The most bytes that a memory may have.
MOST = 64 * 1024

_VALUES: list[Any] = [[], {}, "12.5", "NaN", 10**400, "\ud800", -1, 1e308, [1], {"a": None}]
_ODD: st.SearchStrategy[Any] = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    st.sampled_from(_VALUES),
)


def messages(names: Mapping[str, Sequence[Any]]) -> st.SearchStrategy[str]:
    """JSON objects with some of ``names``, each with one of its values or an odd one."""
    fields = {name: st.one_of(st.sampled_from([*each]), _ODD) for name, each in names.items()}
    return st.fixed_dictionaries({}, optional=fields).map(json.dumps)


def anything(names: Mapping[str, Sequence[Any]]) -> st.SearchStrategy[str | bytes]:
    """A message of any kind."""
    return st.one_of(messages(names), messages(names), st.text(max_size=20), st.binary(max_size=20))


def play(dialect: Dialect, arrived: Sequence[str | bytes], memory: Memory) -> list[Any]:
    """The items of ``arrived``, which is checked for what every dialect owes.

    Each item is sound, words come first and an ending last, the memory is small, and no proof
    goes back.
    """
    found: list[Any] = []
    confirmed = 0.0
    for data in arrived:
        memory, items = decode_strict(dialect, memory, data)
        ranks = [_rank(each) for each in items]
        assert ranks == sorted(ranks)
        assert ranks.count(2) <= 1
        assert len(msgspec.json.encode(memory)) <= MOST
        for each in items:
            if isinstance(each, Proof) and each.confirmed is not None:
                assert each.confirmed >= confirmed
                confirmed = each.confirmed
        found += items
    return found


def _rank(item: object) -> int:
    match item:
        case Heard():
            return 0
        case FinalMessage() | Refusal():
            return 2
        case _:
            return 1
