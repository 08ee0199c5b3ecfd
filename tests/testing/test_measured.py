"""With the errors of a real recogniser, hardly a word is lost or doubled at a cut.

The bar is for some 240 cuts of each shape; ``python -m tests.testing.measured`` plays more.
"""

from __future__ import annotations

import pytest

from tests.testing.measured import SHAPES, figures

SEEDS = range(80)


@pytest.mark.repeats
@pytest.mark.parametrize(
    ("name", "most_twice"), [("measured", 1), ("early ends", 3), ("even starts", 2)]
)
def test_hardly_a_word_is_lost_or_told_twice_at_a_cut(name: str, most_twice: int) -> None:
    outcome = figures(SEEDS, shape=SHAPES[name])
    assert outcome.cuts > 230
    assert not outcome.gone
    assert len(outcome.twice) <= most_twice, outcome.twice
    assert outcome.lag < 33, "check_buffer expects less"
    assert outcome.again / outcome.cuts < 15


@pytest.mark.repeats
def test_speech_without_pauses_loses_few_words_though_no_edge_of_a_chunk_shows() -> None:
    outcome = figures(SEEDS, shape=SHAPES["blurred, no pauses"])
    assert outcome.cuts > 230
    assert len(outcome.gone) <= 1, outcome.gone
    assert len(outcome.twice) <= 4, outcome.twice
