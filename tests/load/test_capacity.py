"""The search for the most callers, and what breaks a bound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from openline.updates import GapWithdrawn, State
from openline_load.capacity import PRECISE, Bound, Breach, Search
from openline_load.figures import Call
from tests.load.support import call, change, gap, result


def searched(capacity: int, most: int) -> tuple[Search, list[int]]:
    """A search on a backend that carries ``capacity``, and what it tried."""
    search, tried = Search(most), list[int]()
    while (callers := search.next) is not None:
        tried.append(callers)
        search.took(callers, well=callers <= capacity)
    return search, tried


def test_the_example_of_the_head_comment() -> None:
    search, tried = searched(21, 1000)
    assert tried == [8, 16, 32, 24, 20, 22, 21]
    assert (search.good, search.bad) == (21, 22)


@given(st.integers(0, 5000), st.integers(1, 5000))
def test_it_is_right_to_5_percent_in_few_trials(capacity: int, most: int) -> None:
    search, tried = searched(capacity, most)
    reachable = min(capacity, most)
    assert search.good <= reachable
    assert reachable - search.good <= PRECISE * search.good
    assert len(tried) == len(set(tried)) <= 16
    assert all(1 <= each <= most for each in tried)
    assert (search.bad is None) == (capacity >= most)


def test_a_trial_that_was_not_asked_for_is_refused() -> None:
    with pytest.raises(ValueError, match="a trial of 9 was not asked for"):
        Search(100).took(9, well=True)


BOUND = Bound(1.0)


@pytest.mark.parametrize(
    ("calls", "broken"),
    [
        ([call((0.1, 0.9)), call((0.5,))], ""),
        ([call((0.1,) * 18 + (5.0,))], "p95 of the final lag is 5.00 s"),
        ([call((0.1,) * 19 + (5.0,))], ""),
        ([call((1.2,))], "p95 of the final lag is 1.20 s"),
        ([call(gaps=(gap(0.25),))], "0.25 s of audio were lost"),
        ([call(())], "no words came"),
    ],
)
def test_what_breaks_a_bound_at_the_end(calls: list[Call], broken: str) -> None:
    breach = BOUND.broken(result(*calls), over=True)
    assert (breach.text if breach else "") == broken


def test_a_call_that_did_not_end_well_breaks_it() -> None:
    unfinished = call()
    other = Call(2, 0.0)
    other.began(0.0)
    other.interrupted(3.0)
    found = BOUND.broken(result(unfinished, other), over=True)
    assert found is not None
    assert found.text == "incomplete calls: 1, the first because: interrupted"


@pytest.mark.parametrize(
    ("states", "breach"),
    [
        (
            [State.CONNECTING, State.RECONNECTING],
            Breach("refused dials: 1, the first because: it is busy", is_timed=False),
        ),
        ([State.CONNECTING, State.STREAMING, State.RECONNECTING], Breach("lost lines: 1")),
    ],
)
def test_a_refusal_and_a_lost_line_break_it_at_once(states: list[State], breach: Breach) -> None:
    made = Call(1, 0.0)
    made.began(0.0)
    for state in states:
        made.update(replace(change(state), reason="it is busy"), 1.0)
    assert BOUND.broken(result(made), over=False) == breach


def test_gaps_that_were_withdrawn_are_no_loss() -> None:
    made = call()
    for seconds in (0.1, 0.2, 0.7):
        made.update(gap(seconds), 1.0)
    for seconds in (0.7, 0.1, 0.2):
        made.update(GapWithdrawn(gap=gap(seconds)), 2.0)
    assert made.lost != 0  # as floats have it
    assert BOUND.broken(result(made), over=False) is None


def test_while_it_runs_the_last_seconds_count_and_few_finals_do_not() -> None:
    slow = [call((0.1,) * 5 + (3.0,) * 4, number=n) for n in range(7)]
    few = slow[:6]
    late = Breach("p95 of the final lag is 3.00 s")
    assert BOUND.broken(result(*slow, seconds=21.0), over=False) == late
    assert not BOUND.broken(result(*few, seconds=21.0), over=False)
    assert not BOUND.broken(result(*slow, seconds=90.0), over=False)
