"""A dialect goes to another process, and is copied: its traits are read-only, and yet can be."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import pytest

from openline.dialects.protocol import Dialect
from openline.dialects.registry import BUILT_IN


def pickled(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))  # noqa: S301  # our own


@pytest.mark.parametrize("again", [pickled, copy.deepcopy], ids=["pickle", "deepcopy"])
@pytest.mark.parametrize("dialect", BUILT_IN.values(), ids=BUILT_IN)
def test_a_dialect_can_be_pickled_and_copied(dialect: Dialect, again: Callable[[Any], Any]) -> None:
    found = again(dialect)
    assert type(found) is type(dialect)
    assert found.traits == dialect.traits
    tables = (found.traits.codes, found.traits.statuses, found.traits.refusals)
    assert all(isinstance(each, MappingProxyType) for each in tables)
