"""The held finals of one source on one dial, and the places where its mark may lie.

Times are in seconds here, and the time error is 0.3 s unless stated otherwise.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline.audio.marks import Marks
from openline.audio.readings import Reading, compete, replaced
from openline.updates import SAMPLE_RATE, Transcript

ERROR, LONGEST = 0.3, 20.0
#: The end of the audio that was sent, behind all finals.
FAR = 1000.0


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


def hold(these: Marks, start: float, end: float, sent: float = FAR) -> list[float]:
    """Hold a final; returns the places for the mark, in seconds."""
    return [at / SAMPLE_RATE for at in these.hold(reading(start, end), samples(sent))]


class TestIntoAWidePause:
    @pytest.mark.parametrize(
        ("first", "second", "places"),
        [
            ((1, 2), (3.79, 5), []),  # less than six errors behind
            ((1, 2), (3.8, 5), [3.2]),  # two errors before the beginning at most
            ((1, 2), (10, 11), [9.4]),
            ((1, 9), (5, 6), []),  # it overlaps an end that is a claim
        ],
    )
    def test_the_mark_moves_near_to_the_words_behind_it(
        self, first: tuple[float, float], second: tuple[float, float], places: list[float]
    ) -> None:
        these = marks(1.0)
        assert hold(these, *first) == []
        assert hold(these, *second) == pytest.approx(places)

    def test_the_first_final_of_a_dial_is_behind_the_dials_beginning(self) -> None:
        assert hold(marks(4.0), 5.7, 6) == []
        assert hold(marks(4.0), 5.8, 7) == pytest.approx([5.2])

    def test_an_overshoot_hides_a_pause_until_a_final_begins_behind_it(self) -> None:
        """The example of the module: 27.5 s were sent when A came."""
        these = marks(24.0)
        assert hold(these, 24.0, 27.5, 27.5) == []
        assert hold(these, 26.2, 28.0, 28.5) == []
        assert held(these) == [(24.0, 26.2), (26.2, 28.0)]
        (mark,) = these.hold(reading(30.0, 31.5), samples(33.0))
        assert mark == samples(29.4)
        assert [each.start for each in these.passed(mark)] == [samples(24.0), samples(26.2)]
        assert held(these) == [(30.0, 31.5)]


class TestABeginningThatIsNotPossible:
    """The text has five letters, which take 0.2 s to say."""

    @pytest.mark.parametrize(
        ("start", "end", "sent", "is_possible"),
        [
            (5, 5.2, 5.65, True),
            (5, 5.19, 9, False),  # too short for its words
            (5, 5.5, 5.5, False),  # its end is clamped to what was sent
            (5, 5.5, 5.51, False),  # no time is left to transcribe it
            (5, 5.6, 5.64, False),
        ],
    )
    def test_shows_no_pause(self, start: float, end: float, sent: float, is_possible: bool) -> None:
        these = marks()
        hold(these, 0, 1)
        assert hold(these, start, end, sent) == ([4.4] if is_possible else [])
        assert held(these)[1] == ((start if is_possible else 1), end)

    def test_counts_as_the_end_before_it_or_the_mark(self) -> None:
        these = marks()
        hold(these, 0, 1)
        these.passed(samples(3))
        hold(these, 6, 7, 7)
        assert held(these) == [(3, 7)]

    def test_that_lies_within_the_finals_before_stays(self) -> None:
        these = marks()
        hold(these, 0, 5)
        hold(these, 4, 5, 5)
        assert held(these) == [(0, 4), (4, 5)]


class TestByLength:
    def test_a_run_that_is_longer_than_the_longest_moves_into_its_widest_pause(self) -> None:
        these = marks()
        for start, end in ((0, 5), (5, 10), (11.3, 15), (16.5, 20)):  # 1.3 s and 1.5 s
            assert hold(these, start, end) == []
        assert hold(these, 20.1, 25) == pytest.approx([15.9, 10.7])
        assert len(these.passed(samples(15.9))) == 3
        assert held(these) == [(16.5, 20), (20.1, 25)]

    def test_a_narrow_pause_counts_in_a_run_that_is_too_long(self) -> None:
        these = marks()
        for start, end in ((0, 10), (10.7, 16), (16.5, 20), (20.1, 22)):  # 0.7 s, then 0.5 s
            assert hold(these, start, end) == []
        assert hold(these, 22.1, 25) == pytest.approx([10.35, 22.05])

    def test_without_a_pause_the_mark_moves_to_the_newest_beginning(self) -> None:
        these = marks()
        assert [hold(these, at, at + 2) for at in range(0, 23, 2)] == [[]] * 12
        assert hold(these, 22.1, 25) == [22.1]
        assert len(these.passed(samples(22.1))) == 12
        assert held(these) == [(22.1, 25)]

    def test_a_pause_in_the_first_part_of_a_run_frees_too_little(self) -> None:
        these = marks()
        for start, end in ((0, 5), (6.3, 12), (12, 20)):
            hold(these, start, end)
        assert hold(these, 20.5, 25) == []

    def test_a_run_of_half_that_length_moves_to_its_newest_edge_of_a_chunk(self) -> None:
        these = marks()
        ends = [(0, 2), (2, 4), (4, 6), (6, 8), (8, 9.9)]
        for chunk, (start, end) in enumerate(ends):
            assert hold(these, start, end, chunk * 2 + 5) == []
        assert hold(these, 10.3, 12, 15) == [8.0]
        assert len(these.passed(samples(8))) == 4
        assert hold(these, 12, 14, 17) == []

    def test_a_longer_run_moves_to_where_two_chunks_meet_and_not_into_a_pause(self) -> None:
        """The example of the module: E ends early, and the pause behind it is none."""
        these = marks()
        hold(these, 0, 3, 10)
        for start, end, sent in ((4, 13.9, 14), (14.1, 16.9, 18), (17.1, 18.7, 22), (20, 21, 22)):
            assert hold(these, start, end, sent) == []
        places = hold(these, 21.9, 23, 26)
        assert places == pytest.approx([17.0, 14.0, 19.4])
        assert len(these.passed(samples(17))) == 3

    @pytest.mark.parametrize(
        ("start", "places"),
        [
            (15.981, [15.981]),  # it begins before the end by no more than the rounding
            (15.979, []),
            (16.3, [16.15]),
            (16.31, []),  # more than one error
        ],
    )
    def test_two_chunks_meet_where_at_most_an_error_lies_between(
        self, start: float, places: list[float]
    ) -> None:
        these = marks()
        hold(these, 0, 16, 17)
        hold(these, start, 20.1, 21)
        assert hold(these, 20.05, 24, 24.1) == pytest.approx(places)

    def test_chunks_with_two_errors_between_meet_in_a_run_that_is_too_long(self) -> None:
        these = marks()
        finals = [(0, 8), (8.6, 12), (12.7, 17), (17.2, 19.5), (20.4, 22)]
        for chunk, (start, end) in enumerate(finals):
            hold(these, start, end, chunk * 4 + 10)
        # One error between: 17.1; two: 8.3; pauses: 19.95 of 0.9 s, 12.35 of 0.7; the newest.
        assert hold(these, 22.65, 25, 29) == pytest.approx([17.1, 8.3, 19.95, 12.35, 22.325])

    @pytest.mark.parametrize(("sent", "places"), [(16, []), (16.01, [16.1])])
    def test_chunks_meet_at_no_end_that_is_clamped_to_what_was_sent(
        self, sent: float, places: list[float]
    ) -> None:
        these = marks()
        hold(these, 0, 16, sent)
        hold(these, 3, 15, sent)  # an earlier end changes nothing
        hold(these, 16.2, 20.1, 21)
        assert hold(these, 20.05, 24, 24.1) == pytest.approx(places)

    def test_finals_that_came_together_meet_nowhere(self) -> None:
        these = marks()
        for start, end in ((0, 10), (10.1, 16), (16.1, 20)):
            assert hold(these, start, end, 25) == []
        assert hold(these, 20.1, 22, 25.2) == []

    def test_edges_that_are_chance_count_for_nothing(self) -> None:
        these = marks()
        for chunk, (start, end) in enumerate([(0.1, 2), (2, 4), (4, 6), (6.1, 10)]):
            hold(these, start, end, chunk * 2 + 5)
        assert hold(these, 10.5, 12, 15) == []

    def test_a_pause_that_a_later_final_fills_is_none(self) -> None:
        these = marks()
        for start, end in ((0, 10), (11.3, 15), (10.5, 11.1), (15, 20)):
            hold(these, start, end)
        assert hold(these, 20.1, 25) == []

    def test_a_run_begins_anew_at_the_mark(self) -> None:
        these = marks()
        for at in range(0, 21, 5):
            hold(these, at, at + 5)
        these.passed(samples(20))
        assert hold(these, 25, 30) == []


class TestToTheHorizon:
    @pytest.mark.parametrize(
        ("position", "mark"),
        [
            (1.0, 1.0),
            (1.39, 1.39),
            (1.5, 1.4),  # within two errors of the beginning
            (2.5, 1.4),
            (4.1, 1.4),  # within four errors of the end
            (4.2, 4.2),
            (9.0, 9.0),
        ],
    )
    def test_the_mark_lies_in_no_held_final(self, position: float, mark: float) -> None:
        these = marks()
        hold(these, 2, 3)
        assert these.at_horizon(samples(position)) == samples(mark)

    def test_the_mark_jumps_no_chain_of_finals(self) -> None:
        these = marks()
        for start, end in ((2, 3), (3.1, 4), (4.2, 5)):
            hold(these, start, end)
        assert these.at_horizon(samples(4.5)) == samples(1.4)

    def test_the_mark_stays_before_a_live_partial(self) -> None:
        these = marks()
        these.note_partial(samples(2))
        assert these.at_horizon(samples(9)) == samples(1.7)
        these.note_partial(None)
        assert these.at_horizon(samples(9)) == samples(9)

    def test_a_live_partial_ends_the_claim_of_the_final_before(self) -> None:
        these = marks()
        hold(these, 1, 30)
        these.note_partial(samples(4))
        assert held(these) == [(1, 4)]
        these.note_partial(samples(0.5))
        assert held(these) == [(1, 30)]

    def test_a_final_replaces_the_live_partial(self) -> None:
        these = marks()
        these.note_partial(samples(2))
        hold(these, 2, 3)
        assert these.at_horizon(samples(9)) == samples(9)


class TestPassing:
    def test_a_final_is_passed_once_the_mark_reaches_its_end(self) -> None:
        these = marks()
        hold(these, 1, 2)
        assert these.passed(samples(0.5)) == []
        assert these.passed(samples(1.5)) == []
        assert [each.end for each in these.passed(samples(2))] == [samples(2)]
        assert these.passed(samples(2)) == []

    def test_finals_that_begin_at_once_are_both_held_to_their_ends(self) -> None:
        these = marks()
        hold(these, 1, 4)
        hold(these, 1, 2)
        assert [each.end for each in these.passed(samples(2))] == [samples(2)]
        assert held(these) == [(1, 4)]

    def test_clearing_gives_the_finals_as_they_were_cut(self) -> None:
        these = marks()
        hold(these, 1, 9)
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
            mark = max([mark, *these.hold(newest, samples(FAR))[:1]])
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
        moved = these.hold(claimed, samples(FAR))
        if claimed.start in moved[:1]:
            return  # a run that is too long: a seam
        mark = max([mark, *moved[:1]])
        these.passed(mark)
        assert not any(samples(low) < mark < samples(high) for low, high in spoken)


ERRORS = samples(ERROR)


def said(start: float, end: float, text: str) -> Reading:
    plain = reading(start, end, text)
    return plain._replace(final=msgspec.structs.replace(plain.final, text=text))


class TestSaid:
    def test_words_reach_no_further_than_what_was_sent_when_they_came(self) -> None:
        marks = Marks(0, ERRORS, samples(20))
        plain = reading(1, 2)
        wide = (samples(1) - 2 * ERRORS, samples(2) + 4 * ERRORS)
        assert marks.said([plain]) == [wide]
        assert marks.said([plain._replace(sent=samples(2.1))]) == [(wide[0], samples(2.1))]
        assert marks.said([plain._replace(sent=samples(60))]) == [wide]


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

    def test_other_words_replace_no_final_that_is_claimed_for_another_place(self) -> None:
        """A claim that is not possible counts from the mark on, far before its words."""
        late = said(76.8, 84.8, "well no")._replace(start=samples(69.8))
        assert not replaced(said(69.8, 70.2, "yes"), [late], ERRORS)
        assert not replaced(late, [said(69.8, 72, "other words")], ERRORS)
        assert replaced(said(69.8, 70.2, "Well"), [late], ERRORS)
        assert replaced(said(77, 78, "yes"), [late], ERRORS)
        assert replaced(late, [said(77, 78, "other words")], ERRORS)
        cut = late._replace(end=samples(70.1))
        assert not replaced(cut, [said(69.8, 70.2, "nothing")], ERRORS)


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
