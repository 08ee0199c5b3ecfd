"""The name of a lone source is one that its dialect allows."""

from __future__ import annotations

import pytest

from openline_speech.naming import source_name
from tests.core.test_traits import dialect


@pytest.mark.parametrize(
    ("allowed", "name"),
    [
        ((), "mic"),
        (("system", "mic"), "mic"),
        (("tape",), "tape"),
        (("left", "right"), "left"),
    ],
)
def test_it_is_mic_where_the_dialect_allows_that_and_else_its_first_name(
    allowed: tuple[str, ...], name: str
) -> None:
    assert source_name(dialect(sources=allowed)) == name
