"""The held finals of one source on one dial, and the places where its mark may lie.

Times are in seconds here, and the time error is 0.3 s unless stated otherwise.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline.audio.marks import Marks, Reading, compete, replaced
from openline.updates import SAMPLE_RATE, Transcript

ERROR, LONGEST = 0.3, 20.0


def samples(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE)


def reading(start: float, end: float, name: str = "") -> Reading:
    final = Transcript(
        source="mic", text="words", final=False, start=start, end=end, settled=True, id=name
    )
    return Reading(samples(start), samples(end), final)


def marks(begin: float = 0.0, *, error: float = ERROR, longest: float = LONGEST) -> Marks:
    return Marks(samples(begin), samples(error), samples(longest))


def held(these: Marks) -> list[tuple[float, float]]:
    return [(each.start / SAMPLE_RATE, each.end / SAMPLE_RATE) for each in these.held]


class TestIntoAPause:
    @pytest.mark.parametrize(
        ("first", "second", "mark"),
        [
            ((1, 2), (2.59, 3), 0.0),  # less than two errors behind
            ((1, 2), (2.6, 3), 2.3),  # the middle
            ((1, 2), (5, 6), 3.5),
            ((1, 2), (10, 11), 8.0),  # 2 s before the beginning at most
            ((1, 9), (5, 6), 0.0),  # it overlaps an end that is a claim
        ],
    )
    def test_the_mark_moves_to_the_middle_of_a_pause(
        self, first: tuple[float, float], second: tuple[float, float], mark: float
    ) -> None:
        these = marks(1.0)
        assert these.hold(reading(*first)) == 0
        assert these.hold(reading(*second)) == samples(mark)

    def test_the_first_final_of_a_dial_is_behind_the_dials_beginning(self) -> None:
        assert marks(4.0).hold(reading(4.5, 5)) == 0
        assert marks(4.0).hold(reading(5, 6)) == samples(4.5)

    def test_an_overshoot_hides_a_pause_until_a_final_begins_behind_it(self) -> None:
        """The example of the module: 27.5 s were sent when A came."""
        these = marks(24.0)
        assert these.hold(reading(24.0, 27.5)) == 0
        assert these.hold(reading(26.2, 28.0)) == 0
        assert held(these) == [(24.0, 26.2), (26.2, 28.0)]
        mark = these.hold(reading(29.0, 30.5))
        assert mark == samples(28.5)
        assert [each.start for each in these.passed(mark)] == [samples(24.0), samples(26.2)]
        assert held(these) == [(29.0, 30.5)]


class TestByLength:
    def test_a_run_that_is_longer_than_the_longest_moves_to_its_last_beginning(self) -> None:
        these = marks()
        assert [these.hold(reading(at, at + 5)) for at in range(0, 21, 5)] == [0, 0, 0, 0, 0]
        mark = these.hold(reading(20.1, 25))
        assert mark == samples(20.1)
        assert len(these.passed(mark)) == 5
        assert held(these) == [(20.1, 25)]

    def test_a_run_begins_anew_at_the_mark(self) -> None:
        these = marks()
        for at in range(0, 21, 5):
            these.hold(reading(at, at + 5))
        these.passed(samples(20))
        assert these.hold(reading(25, 30)) == 0


class TestToTheHorizon:
    @pytest.mark.parametrize(
        ("position", "mark"),
        [
            (1.0, 1.0),
            (1.69, 1.69),
            (1.8, 1.7),  # within an error of the final
            (2.5, 1.7),
            (3.2, 1.7),
            (3.3, 3.3),
            (9.0, 9.0),
        ],
    )
    def test_the_mark_lies_in_no_held_final(self, position: float, mark: float) -> None:
        these = marks()
        these.hold(reading(2, 3))
        assert these.at_horizon(samples(position)) == samples(mark)

    def test_the_mark_jumps_no_chain_of_finals(self) -> None:
        these = marks()
        for start, end in ((2, 3), (3.1, 4), (4.2, 5)):
            these.hold(reading(start, end))
        assert these.at_horizon(samples(4.5)) == samples(1.7)

    def test_the_mark_stays_before_a_live_partial(self) -> None:
        these = marks()
        these.note_partial(samples(2))
        assert these.at_horizon(samples(9)) == samples(1.7)
        these.note_partial(None)
        assert these.at_horizon(samples(9)) == samples(9)

    def test_a_live_partial_ends_the_claim_of_the_final_before(self) -> None:
        these = marks()
        these.hold(reading(1, 30))
        these.note_partial(samples(4))
        assert held(these) == [(1, 4)]
        these.note_partial(samples(0.5))
        assert held(these) == [(1, 30)]

    def test_a_final_replaces_the_live_partial(self) -> None:
        these = marks()
        these.note_partial(samples(2))
        these.hold(reading(2, 3))
        assert these.at_horizon(samples(9)) == samples(9)


class TestPassing:
    def test_a_final_is_passed_once_the_mark_reaches_its_end(self) -> None:
        these = marks()
        these.hold(reading(1, 2))
        assert these.passed(samples(0.5)) == []
        assert these.passed(samples(1.5)) == []
        assert [each.end for each in these.passed(samples(2))] == [samples(2)]
        assert these.passed(samples(2)) == []

    def test_finals_that_begin_at_once_are_both_held_to_their_ends(self) -> None:
        these = marks()
        these.hold(reading(1, 4))
        these.hold(reading(1, 2))
        assert [each.end for each in these.passed(samples(2))] == [samples(2)]
        assert held(these) == [(1, 4)]

    def test_clearing_gives_the_finals_as_they_were_cut(self) -> None:
        these = marks()
        these.hold(reading(1, 9))
        these.note_partial(samples(3))
        assert [each.end for each in these.clear()] == [samples(3)]
        assert held(these) == []
        assert these.at_horizon(samples(9)) == samples(9)


class Op(NamedTuple):
    """What happens: a final or a partial, or the horizon moves."""

    kind: str
    start: float
    length: float


OPS = st.lists(
    st.builds(
        Op,
        st.sampled_from(["final", "final", "partial", "no partial", "horizon"]),
        st.floats(0, 60),
        st.floats(0, 30),
    ),
    max_size=30,
)


@given(ops=OPS, longest=st.sampled_from([3.0, 20.0]))
def test_the_mark_never_moves_into_a_held_final(ops: list[Op], longest: float) -> None:
    """Only a run that is too long is cut inside: where its newest final begins."""
    these, mark = marks(longest=longest), 0
    told: list[str] = []
    for i, (kind, start, length) in enumerate(ops):
        before, newest = mark, None
        if kind == "final":
            newest = reading(start, start + length, str(i))
            mark = max(mark, these.hold(newest))
        elif kind == "horizon":
            mark = max(mark, these.at_horizon(samples(start)))
        else:
            these.note_partial(samples(start) if kind == "partial" else None)
        inside = [each for each in these.held if each.start < mark < each.end]
        if mark > before and not (newest and mark == newest.start):
            assert not inside
        told += [each.final.id for each in these.passed(mark)]
        assert all(each.end > mark for each in these.held)
    told += [each.final.id for each in these.clear()]
    assert sorted(told) == sorted(str(i) for i, op in enumerate(ops) if op.kind == "final")


@given(
    truths=st.lists(st.tuples(st.floats(0, 6), st.floats(0.1, 4)), min_size=1, max_size=25),
    errors=st.lists(st.floats(-0.29, 0.29), min_size=25, max_size=25),
    beyond=st.lists(st.floats(0, 27), min_size=25, max_size=25),
)
def test_in_order_no_mark_cuts_a_word_but_at_the_longest_run(
    truths: list[tuple[float, float]], errors: list[float], beyond: list[float]
) -> None:
    """Beginnings are off by the time error, and ends lie anywhere behind the true ones."""
    these, at, mark = marks(), 0.0, 0
    spoken: list[tuple[float, float]] = []
    for (pause, length), error, more in zip(truths, errors, beyond, strict=False):
        start, end = at + pause, at + pause + length
        at = end
        spoken.append((start, end))
        claimed = reading(max(start + error, 0), end + more)
        moved = these.hold(claimed)
        if moved == claimed.start:
            return  # the longest run: a seam
        mark = max(mark, moved)
        these.passed(mark)
        assert not any(samples(low) < mark < samples(high) for low, high in spoken)


ERRORS = samples(ERROR)


def said(start: float, end: float, text: str) -> Reading:
    plain = reading(start, end, text)
    return plain._replace(final=msgspec.structs.replace(plain.final, text=text))


class TestReplaced:
    @pytest.mark.parametrize(
        ("others", "is_replaced"),
        [
            ([], False),
            ([(0, 14.9)], False),
            ([(0, 15)], True),
            ([(10, 12.5), (17.5, 20)], True),
            ([(10, 12.5), (11, 12.5), (0, 12.5)], False),  # no place counts twice
            ([(18, 40), (0, 12), (12, 13)], True),
            ([(20, 40), (0, 10)], False),
        ],
    )
    def test_half_of_its_time_is_enough(
        self, others: list[tuple[float, float]], is_replaced: bool
    ) -> None:
        long = said(10, 20, "it has far more text than all of those together have")
        again = [said(start, end, "x") for start, end in others]
        assert replaced(long, again, ERRORS) is is_replaced

    def test_half_of_its_text_is_enough_where_its_end_lies_far_behind(self) -> None:
        far = said(10, 30, "good evening")
        assert replaced(far, [said(10, 11, "could even")], ERRORS)
        assert not replaced(far, [said(10, 11, "bad")], ERRORS)

    def test_half_of_its_words_are_enough_where_times_miss_each_other(self) -> None:
        short = said(10, 10.2, "Yes we can")
        assert replaced(short, [said(11, 11.4, "we CAN do")], ERRORS)
        assert not replaced(short, [said(11, 11.4, "can they")], ERRORS)
        assert not replaced(short, [said(12.3, 12.6, "yes we can")], ERRORS)

    def test_what_only_touches_it_is_of_other_words(self) -> None:
        assert not replaced(said(10, 12, "one"), [said(11.5, 14, "two")], ERRORS)
        assert replaced(said(10, 12, "one"), [said(11.3, 14, "two")], ERRORS)


class TestCompete:
    OLD, SHORT, LONG = (
        said(10, 14, "older"),
        said(10, 12, "some"),
        said(10, 11, "longer than it"),
    )

    def test_the_reading_with_more_text_counts(self) -> None:
        assert compete([self.OLD], [self.SHORT], ERRORS) == ([self.OLD], [self.SHORT])
        assert compete([self.OLD], [self.LONG], ERRORS) == ([self.LONG], [self.OLD])

    def test_the_newer_one_counts_if_both_have_equally_much(self) -> None:
        again = said(10, 14, "again")
        assert compete([self.OLD], [again], ERRORS) == ([again], [self.OLD])

    def test_the_one_that_reaches_farther_counts_though_it_begins_later(self) -> None:
        """A word that was final before the cut is in the newer one again."""
        old = [said(11, 12, "three four"), said(12, 13, "five sixes")]
        new = [said(10, 13, "Two three FOUR five and")]
        assert compete(old, [said(10, 13, "twofold three four five")], ERRORS)[0] == old
        assert compete(old, new, ERRORS) == (old, new)
        farther = [said(10, 13, "three four sixes five and more")]
        assert compete(old, farther, ERRORS) == (farther, old)

    def test_its_reach_is_sought_among_the_last_words_alone(self) -> None:
        """A long run of words costs no more than those."""
        old = [said(10, 20, " ".join(["same", *"abcd" * 60]))]
        new = [said(10, 20, " ".join(["longer", *"efgh" * 50, "same", *"ijkl" * 9]))]
        assert compete(old, new, ERRORS) == (new, old)

    @pytest.mark.parametrize(("old", "new"), [([], [OLD]), ([OLD], []), ([], [])])
    def test_one_reading_alone_stands(self, old: list[Reading], new: list[Reading]) -> None:
        assert compete(old, new, ERRORS) == ([*old, *new], [])

    def test_what_the_other_does_not_cover_stands_too(self) -> None:
        early = said(2, 4, "early")
        assert compete([early, self.OLD], [self.LONG], ERRORS) == ([early, self.LONG], [self.OLD])
