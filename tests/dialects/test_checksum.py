"""What a memory keeps of a text that may come again."""

from __future__ import annotations

import pytest

from openline.dialects.checksum import checksum


def test_it_tells_texts_apart() -> None:
    assert checksum("yes") == checksum("yes") != checksum("yes.")
    assert checksum("") == 0


@pytest.mark.parametrize("said", ["", "é", "a" * 100_000])
def test_bytes_are_their_text(said: str) -> None:
    assert checksum(said.encode()) == checksum(said) < 2**32


def test_half_a_surrogate_pair_raises_nothing() -> None:
    assert checksum("\ud800!") == checksum("?!")
