"""The generator's own lateness: a histogram that is right to 5 %, and spans that never overlap."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline_load.own import LATE, Histogram, Own

SECONDS = st.floats(0, 200, allow_nan=False)


@given(st.lists(SECONDS, min_size=1), st.floats(0.01, 1))
def test_a_quantile_of_the_histogram_is_right_to_5_percent(
    values: list[float], share: float
) -> None:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    exact = sorted(values)[math.ceil(share * len(values)) - 1]
    found = histogram.quantile(share)
    assert found == pytest.approx(exact, rel=0.051, abs=1.01e-4) or exact > 200
    assert histogram.count == len(values)
    assert histogram.most == pytest.approx(max(values), abs=1e-4)


def test_an_empty_histogram_has_no_lateness() -> None:
    assert (Histogram().quantile(0.99), Histogram().most) == (0.0, 0.0)


def spans_of(lates: list[tuple[float, float]]) -> Own:
    """``(at, late)``: something came late by so much at this time."""
    own = Own()
    for at, late in sorted(lates):
        own.turn(at - late, at)
    return own


LATES = st.lists(st.tuples(st.floats(0, 100), st.floats(0, 10)), max_size=30)


@given(LATES)
def test_spans_are_apart_and_in_order(lates: list[tuple[float, float]]) -> None:
    spans = spans_of(lates).spans
    assert all(start < end for start, end in spans)
    assert all(first[1] < second[0] for first, second in pairwise(spans))


@given(LATES, st.floats(-5, 105), st.floats(0, 20))
def test_within_counts_each_late_moment_once(
    lates: list[tuple[float, float]], start: float, length: float
) -> None:
    own = spans_of(lates)
    late = [(at - each, at) for at, each in lates if at - (at - each) > LATE]
    points = sorted({start, start + length, *(p for span in late for p in span)})
    expected = sum(
        right - left
        for left, right in pairwise(points)
        if start <= left
        and right <= start + length
        and any(first <= left and right <= last for first, last in late)
    )
    assert own.within(start, start + length) == pytest.approx(expected, abs=1e-9)


def test_a_figure_is_flagged_when_a_tenth_of_it_may_be_our_own() -> None:
    own = Own()
    own.frame(10.1, 10.3)
    assert own.is_own(10.0, 10.8)
    assert not own.is_own(10.0, 12.1)  # 0.2 of 2.1 s
    assert not own.is_own(10.3, 11.0)
    assert (own.late_frames, own.frames.count, own.turns.count) == (1, 1, 0)


def test_what_is_in_time_is_no_span() -> None:
    own = Own()
    own.frame(1.0, 1.0 + LATE / 2)
    own.turn(2.0, 2.0 + LATE / 2)
    assert (own.spans, own.late_frames) == ([], 0)
