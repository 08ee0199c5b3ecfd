"""With the errors of a real recogniser, hardly a word is lost or doubled at a cut.

The bar is one word in 1,000 cuts, whatever the seeds are; ``python -m tests.testing.measured``
plays more of them. A session has three cuts, or less where one falls into an outage.
A quick run makes a tenth of the cuts, and allows no word.
"""

from __future__ import annotations

import pytest

from openline.dialects.echopanel import TRAITS
from tests.support_profiles import many
from tests.testing.measured import SHAPES, Outcome, figures


def wrong(*outcomes: Outcome) -> list[str]:
    """The words gone and twice, if they are more than one in 1,000 cuts."""
    cuts = sum(each.cuts for each in outcomes)
    assert cuts >= many(100, 1000)
    words = [word for each in outcomes for word in (*each.gone, *each.twice)]
    return words if len(words) > cuts / 1000 else []


@pytest.mark.longer
@pytest.mark.repeats
def test_at_most_one_word_in_a_thousand_cuts_is_lost_or_told_twice() -> None:
    outcome = figures(range(many(40, 350)))
    assert not wrong(outcome)
    assert outcome.lag <= TRAITS.lag
    assert outcome.again / outcome.cuts < 12


@pytest.mark.longer
@pytest.mark.repeats
def test_nor_are_more_with_other_errors_and_edges_that_do_not_show_and_two_sources() -> None:
    sessions = {"early ends": 120, "even starts": 120, "blurred, no pauses": 60, "two sources": 60}
    part = many(10, 1)
    outcomes = [figures(range(n // part), shape=SHAPES[name]) for name, n in sessions.items()]
    assert not wrong(*outcomes)
    assert max(each.lag for each in outcomes) <= TRAITS.lag
