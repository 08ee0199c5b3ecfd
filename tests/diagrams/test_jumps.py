"""The sides of the steps that jump over a box: those that would cross stand on two sides."""

from __future__ import annotations

from itertools import combinations, permutations

import pytest

from openline_diagrams.chart.jumps import jumps
from openline_diagrams.chart.model import Edge
from openline_diagrams.chart.places import BACK, BOX, JUMP, SPINE

ORDER = {f"s{number}": number for number in range(9)}


def edge(tail: int, head: int) -> Edge:
    return Edge(f"s{tail}", f"s{head}", ())


def spans(some: dict[Edge, float]) -> set[tuple[int, int]]:
    return {(ORDER[each.tail], ORDER[each.head]) for each in some}


def test_a_step_forward_stands_on_the_right_unless_it_would_cross() -> None:
    found = jumps([edge(0, 2), edge(2, 4), edge(3, 6), edge(2, 6)], ORDER)
    assert spans(found.right) == {(0, 2), (2, 6), (3, 6)}
    assert spans(found.left) == {(2, 4)}


def test_a_step_back_stands_on_the_left() -> None:
    found = jumps([edge(5, 2), edge(5, 1), edge(2, 4)], ORDER)
    assert spans(found.left) == {(5, 2), (5, 1)}
    assert spans(found.right) == {(2, 4)}


def test_jumps_to_one_state_share_a_line_on_the_right_and_from_one_on_the_left() -> None:
    found = jumps([edge(2, 6), edge(3, 6), edge(4, 6), edge(5, 2), edge(5, 1)], ORDER)
    assert set(found.right.values()) == {JUMP}
    assert set(found.left.values()) == {BACK}


def test_lines_past_one_box_stand_side_by_side_the_longest_outermost() -> None:
    found = jumps([edge(3, 5), edge(0, 8), edge(0, 2), edge(7, 4), edge(8, 1)], ORDER)
    right = {(each.tail, each.head): x for each, x in found.right.items()}
    assert right["s0", "s8"] > right["s3", "s5"] == right["s0", "s2"] > SPINE + BOX
    left = {(each.tail, each.head): x for each, x in found.left.items()}
    assert left["s8", "s1"] < left["s7", "s4"] < SPINE


@pytest.mark.parametrize("count", [3, 4])
def test_the_order_in_which_they_are_given_moves_no_crossing_to_the_right(count: int) -> None:
    forward = [edge(0, 3), edge(1, 4), edge(2, 5), edge(1, 3)][:count]
    for some in permutations(forward):
        right = sorted(spans(jumps(some, ORDER).right))
        assert right
        for (a, b), (c, d) in combinations(right, 2):
            assert not a < c < b < d
