"""The gaps of one source: adjacent ones are merged, and each is reported once."""

from __future__ import annotations

import itertools

from hypothesis import example, given
from hypothesis import strategies as st

from openline.audio.gaps import GapLog
from openline.updates import Gap, GapCause

CAPTURE, OVERFLOW = GapCause.CAPTURE, GapCause.OVERFLOW


def gap(start: int, end: int, cause: GapCause = CAPTURE) -> Gap:
    return Gap(source="mic", start=start, end=end, samples=end - start, cause=cause)


def inexact(start: int, end: int, samples: int) -> Gap:
    return Gap(
        source="mic", start=start, end=end, samples=samples, cause=GapCause.BACKEND, exact=False
    )


def test_adjacent_gaps_are_one_until_they_are_reported() -> None:
    losses = GapLog("mic")
    losses.lose(0, 10, CAPTURE)
    losses.lose(10, 30, CAPTURE)
    assert [losses.has_news, losses.take(), losses.has_news] == [True, [gap(0, 30)], False]
    losses.lose(30, 35, CAPTURE)
    assert losses.take() == [gap(30, 35)]
    assert losses.take() == []
    assert losses.missing() == [gap(0, 35)]


def test_an_empty_range_is_no_gap() -> None:
    losses = GapLog("mic")
    losses.lose(5, 5, CAPTURE)
    assert not losses.has_news
    assert losses.missing() == []


def test_other_causes_and_other_places_stay_apart() -> None:
    losses = GapLog("mic")
    losses.lose(0, 10, CAPTURE)
    losses.lose(10, 20, OVERFLOW)
    losses.lose(25, 30, OVERFLOW)
    apart = [gap(0, 10), gap(10, 20, OVERFLOW), gap(25, 30, OVERFLOW)]
    assert losses.take() == apart
    assert losses.missing() == apart


def test_an_inexact_gap_is_never_merged() -> None:
    losses = GapLog("mic")
    losses.lose(0, 10, CAPTURE)
    losses.somewhere(5, 50, 3)
    losses.lose(10, 20, CAPTURE)
    assert losses.take() == [gap(0, 10), inexact(5, 50, 3), gap(10, 20)]
    assert losses.missing() == [gap(0, 20), inexact(5, 50, 3)]


def test_a_late_gap_is_listed_in_order_of_time() -> None:
    losses = GapLog("mic")
    losses.lose(50, 60, CAPTURE)
    losses.lose(10, 20, CAPTURE)
    assert losses.take() == [gap(50, 60), gap(10, 20)]
    assert losses.missing() == [gap(10, 20), gap(50, 60)]


def test_a_gap_of_an_earlier_process_is_listed_and_not_reported() -> None:
    losses = GapLog("mic")
    assert losses.restore([gap(0, 10), inexact(0, 90, 4)], [], 10, [(0, 90)]) == ([(10, 90)], 90)
    assert not losses.has_news
    assert losses.missing() == [gap(0, 10), inexact(0, 90, 4)]
    losses.lose(10, 15, CAPTURE)
    assert losses.take() == [gap(10, 15)]
    assert losses.missing() == [gap(0, 15), inexact(0, 90, 4)]


@given(
    st.lists(
        st.tuples(st.integers(0, 20), st.sampled_from([CAPTURE, OVERFLOW, None]), st.booleans())
    )
)
def test_each_lost_sample_is_reported_exactly_once(
    steps: list[tuple[int, GapCause | None, bool]],
) -> None:
    losses, at, told = GapLog("mic"), 0, list[Gap]()
    lost: dict[int, GapCause] = {}
    for length, cause, tell in steps:
        if cause is not None:
            losses.lose(at, at + length, cause)
            lost |= dict.fromkeys(range(at, at + length), cause)
        at += length
        if tell:
            told += losses.take()
    told += losses.take()
    for gaps in (told, losses.missing()):
        spans = [(i, each.cause) for each in gaps for i in range(each.start, each.end)]
        assert spans == sorted(lost.items())
    for one, other in itertools.pairwise(losses.missing()):
        assert (one.end, one.cause) != (other.start, other.cause), "adjacent and of one cause"


def test_unconfirmed_audio_is_resumed_in_order_of_time() -> None:
    losses = GapLog("mic")
    kept = losses.restore([gap(100, 120)], [], 50, [(200, 260), (0, 50), (20, 110), (110, 200)])
    assert kept == ([(50, 100), (120, 200), (200, 260)], 260)
    assert losses.missing() == [gap(100, 120)]
    assert not losses.has_news
    assert GapLog("mic").restore([], [], 50, [(0, 40), (10, 50)]) == ([], 50)
    assert GapLog("mic").restore([gap(0, 9)], [], 0, [(0, 4), (4, 20)]) == ([(9, 20)], 20)


# What is told.


def test_told_audio_is_no_gap_and_is_told_once() -> None:
    losses = GapLog("mic")
    losses.lose(0, 10, CAPTURE)
    assert losses.tell(5, 30) == [(10, 30)]
    assert losses.tell(20, 40) == [(30, 40)]
    assert losses.told == 30
    losses.lose(12, 50, OVERFLOW)
    assert losses.missing() == [gap(0, 10), gap(40, 50, OVERFLOW)]


def test_the_rest_is_lost_beside_gaps_and_what_is_told() -> None:
    losses = GapLog("mic")
    losses.lose(10, 20, CAPTURE)
    losses.tell(30, 40)
    losses.somewhere(0, 100, 5)
    losses.lose_rest(0, 50, OVERFLOW)
    exact = [each for each in losses.missing() if each.exact]
    assert exact == [
        gap(0, 10, OVERFLOW),
        gap(10, 20),
        gap(20, 30, OVERFLOW),
        gap(40, 50, OVERFLOW),
    ]


def test_what_was_lost_and_is_told_after_all_is_no_gap() -> None:
    losses = GapLog("mic")
    losses.lose(0, 40, OVERFLOW)
    losses.lose(60, 70, CAPTURE)
    assert losses.take() == [gap(0, 40, OVERFLOW), gap(60, 70)]
    losses.lose(80, 90, OVERFLOW)
    assert losses.reclaim(10, 85) == [(10, 40), (80, 85)]
    assert losses.told == 35
    assert losses.take_withdrawn() == [gap(0, 40, OVERFLOW)]
    assert losses.take() == [gap(0, 10, OVERFLOW), gap(85, 90, OVERFLOW)]
    assert losses.missing() == [gap(0, 10, OVERFLOW), gap(60, 70), gap(85, 90, OVERFLOW)]
    assert losses.reclaim(10, 10) == losses.reclaim(60, 70) == []


def test_told_audio_of_an_earlier_process_is_neither_kept_nor_lost() -> None:
    losses = GapLog("mic")
    assert losses.restore([], [(20, 30)], 10, [(0, 25), (28, 40)]) == ([(10, 20), (30, 40)], 40)
    assert (losses.told, losses.missing()) == (10, [])


# A drop without a place is withdrawn when later dials have confirmed all of its bounds.


def dropped(confirmed: int, start: int = 1000, end: int = 5000) -> GapLog:
    """The backend dropped 320 of [start, end), and the dial is lost at ``confirmed``."""
    losses = GapLog("mic")
    losses.somewhere(start, end, 320)
    losses.take()
    losses.end_dial(confirmed)
    return losses


def test_a_drop_is_withdrawn_when_all_of_its_bounds_are_confirmed() -> None:
    losses = dropped(900)
    losses.confirm(4999)
    assert losses.take_withdrawn() == []
    losses.confirm(5000)
    assert losses.take_withdrawn() == [inexact(1000, 5000, 320)]
    assert losses.take_withdrawn() == []
    assert losses.missing() == []


def test_each_drop_is_withdrawn_by_its_own_bounds() -> None:
    losses = GapLog("mic")
    losses.somewhere(1000, 2000, 320)
    losses.somewhere(3000, 5000, 320)
    losses.take()
    losses.end_dial(900)
    losses.confirm(2000)
    assert losses.take_withdrawn() == [inexact(1000, 2000, 320)]
    losses.confirm(5000)
    assert losses.take_withdrawn() == [inexact(3000, 5000, 320)]


def test_a_drop_stays_that_began_before_the_next_dial() -> None:
    losses = dropped(1200)
    losses.confirm(5000)
    assert losses.take_withdrawn() == []
    assert losses.missing() == [inexact(1000, 5000, 320)]


def test_a_drop_stays_while_its_own_dial_goes_on() -> None:
    losses = GapLog("mic")
    losses.somewhere(1000, 5000, 320)
    losses.confirm(5000)
    assert losses.missing() == [inexact(1000, 5000, 320)]


def test_a_drop_stays_if_audio_there_was_lost_otherwise() -> None:
    losses = dropped(900)
    losses.lose(4000, 4500, OVERFLOW)
    losses.confirm(5000)
    assert losses.take_withdrawn() == []
    losses = dropped(900)
    losses.tell(4000, 4500)
    losses.confirm(5000)
    assert losses.take_withdrawn() == []


def test_a_drop_is_withdrawn_though_audio_beside_it_was_lost() -> None:
    losses = dropped(900)
    losses.lose(950, 1000, OVERFLOW)
    losses.lose(5000, 5100, OVERFLOW)
    losses.confirm(5000)
    assert losses.take_withdrawn() == [inexact(1000, 5000, 320)]


def test_a_drop_that_was_not_reported_is_withdrawn_silently() -> None:
    losses = GapLog("mic")
    losses.somewhere(1000, 5000, 320)
    losses.end_dial(0)
    losses.confirm(5000)
    assert (losses.take(), losses.take_withdrawn(), losses.missing()) == ([], [], [])


def test_a_drop_of_an_earlier_process_is_withdrawn_too() -> None:
    losses = GapLog("mic")
    before, late, early = inexact(0, 90, 4), inexact(200, 290, 4), inexact(100, 190, 4)
    losses.restore([before, late, early], [], 50, [(50, 300)])
    losses.confirm(200)
    assert losses.take_withdrawn() == [early]
    assert losses.missing() == [before, late]
    losses.confirm(300)
    assert losses.missing() == [before]


RUN = st.tuples(st.integers(0, 9), st.integers(1, 5)).map(lambda run: (run[0], sum(run)))


@given(st.lists(RUN, max_size=3), st.lists(RUN, max_size=3), RUN, st.booleans())
@example([(4, 6)], [(3, 5)], (3, 4), False)
@example([(4, 6)], [(3, 5)], (3, 4), True)
def test_what_is_withdrawn_does_not_depend_on_how_often_the_mark_moves(
    first: list[tuple[int, int]],
    second: list[tuple[int, int]],
    lost: tuple[int, int],
    resumed: bool,
) -> None:
    """Two dials are lost, each with drops whose places are not known."""

    def missing(*marks: int) -> list[Gap]:
        losses = GapLog("mic")
        losses.lose(*lost, OVERFLOW)
        for drops in (first, second):
            for start, end in drops:
                losses.somewhere(start, end, 1)
            losses.end_dial(0)
        if resumed:
            reported, losses = losses.take(), GapLog("mic")
            losses.restore(reported, [], 0, [(0, 14)])
        for mark in marks:
            losses.confirm(mark)
        return losses.missing()

    assert missing(14) == missing(*range(15))


# At the end no sample is in two places.


def test_a_drop_within_lost_audio_is_withdrawn_at_the_end() -> None:
    losses = GapLog("mic")
    losses.somewhere(0, 100, 20)
    losses.take()
    losses.lose(0, 100, OVERFLOW)
    losses.settle()
    assert losses.take_withdrawn() == [inexact(0, 100, 20)]
    assert losses.missing() == [gap(0, 100, OVERFLOW)]


def test_a_drop_with_room_for_it_is_not_told_again_at_the_end() -> None:
    losses = GapLog("mic")
    losses.somewhere(0, 100, 20)
    losses.lose(0, 80, OVERFLOW)
    told = losses.take()
    losses.settle()
    assert (losses.take_withdrawn(), losses.take()) == ([], [])
    assert losses.missing() == told[::-1]


def test_a_drop_with_too_little_room_is_made_smaller_at_the_end() -> None:
    losses = GapLog("mic")
    losses.somewhere(0, 100, 20)
    losses.somewhere(0, 100, 1)
    losses.take()
    losses.lose(0, 85, OVERFLOW)
    losses.settle()
    assert losses.take_withdrawn() == [inexact(0, 100, 20), inexact(0, 100, 1)]
    assert losses.take() == [gap(0, 85, OVERFLOW), inexact(0, 100, 15)]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [
                    *("capture", "hole", "drop", "tell", "reclaim"),
                    *("confirm", "lose", "cut", "take"),
                ]
            ),
            st.integers(0, 60),
            st.integers(0, 60),
        ),
        max_size=30,
    )
)
def test_each_captured_sample_ends_in_one_place(steps: list[tuple[str, int, int]]) -> None:
    losses, captured, confirmed, lost = GapLog("mic"), 0, 0, 0
    reported, withdrawn = list[Gap](), list[Gap]()
    for kind, one, other in steps:
        low = min(one if kind == "reclaim" else max(one, confirmed, lost), captured)
        high = min(low + other, captured)
        match kind:
            case "capture":
                captured += one
            case "hole":
                losses.lose(captured, captured + one, CAPTURE)
                captured += one
            case "drop":
                if one < captured:
                    losses.somewhere(one, captured, 1 + other % (captured - one))
            case "tell" | "reclaim":
                (losses.tell if kind == "tell" else losses.reclaim)(low, high)
            case "confirm":
                confirmed = max(confirmed, low)
                losses.confirm(confirmed)
            case "lose":  # the oldest goes
                losses.lose_rest(max(confirmed, lost), low, OVERFLOW)
                lost = max(lost, low)
            case "cut":
                losses.end_dial(confirmed)
            case _:
                reported += losses.take()
        withdrawn += losses.take_withdrawn()
    losses.lose_rest(max(confirmed, lost), captured, GapCause.UNDELIVERED)
    losses.settle()
    reported += losses.take()
    withdrawn += losses.take_withdrawn()
    # Each gap is withdrawn as a whole, and only after it was reported.
    for each in withdrawn:
        reported.remove(each)
    assert sum(each.samples for each in reported) == losses.lost
    assert sum(each.samples for each in losses.missing()) == losses.lost
    taken = [at for each in reported if each.exact for at in range(each.start, each.end)]
    assert len(set(taken)) == len(taken), "a sample is in two gaps"
    assert losses.told + losses.lost <= captured
    proved = captured - losses.told - losses.lost
    assert proved <= confirmed, "what nothing confirmed is neither told nor missing"
    for each in losses.missing():
        inside = each.end - each.start
        assert 0 < each.samples <= inside


class TestAssumed:
    """Audio that was quiet, and is taken for processed."""

    def test_a_sample_is_assumed_once(self) -> None:
        losses = GapLog("mic")
        assert losses.assume(0, 100) == [(0, 100)]
        assert losses.assume(50, 200) == [(100, 200)]
        assert losses.assume(0, 200) == []
        assert losses.assumed == 200

    def test_what_is_lost_or_told_is_not(self) -> None:
        losses = GapLog("mic")
        losses.lose(10, 20, CAPTURE)
        losses.tell(40, 50)
        assert losses.assume(0, 100) == [(0, 10), (20, 40), (50, 100)]
        assert losses.assume(150, 160) == [(150, 160)]
        assert losses.assume(100, 150) == [(100, 150)]
        assert losses.assumed == 140

    def test_it_is_not_lost_later(self) -> None:
        losses = GapLog("mic")
        losses.assume(20, 30)
        losses.lose(0, 40, OVERFLOW)
        assert losses.take() == [gap(0, 20, OVERFLOW), gap(30, 40, OVERFLOW)]
        losses.assume(60, 70)
        losses.lose_rest(0, 80, OVERFLOW)
        assert losses.take() == [gap(40, 60, OVERFLOW), gap(70, 80, OVERFLOW)]

    def test_words_that_are_told_there_are_told(self) -> None:
        losses = GapLog("mic")
        losses.assume(0, 100)
        assert losses.tell(40, 60) == [(40, 60)]
        assert (losses.assumed, losses.told) == (80, 20)

    def test_it_may_turn_out_not_to_be_processed(self) -> None:
        losses = GapLog("mic")
        losses.assume(0, 100)
        losses.assume(200, 300)
        assert losses.unassume(50, 250) == [(50, 100), (200, 250)]
        assert losses.unassume(50, 250) == []
        assert losses.unassume(30, 30) == []
        assert losses.assumed == 100

    def test_a_drop_without_a_place_takes_other_samples_first(self) -> None:
        losses = GapLog("mic")
        losses.assume(0, 100)
        losses.somewhere(0, 150, 40)
        losses.settle()
        assert losses.assumed == 100
        losses = GapLog("mic")
        losses.assume(0, 100)
        losses.somewhere(0, 110, 40)
        losses.settle()
        assert losses.assumed == 70
        assert losses.missing() == [inexact(0, 110, 40)]

    def test_on_resuming_it_counts_as_far_as_the_mark_has_passed_it(self) -> None:
        losses = GapLog("mic")
        runs = [(90, 300)]
        losses.restore([gap(10, 20)], [(30, 40)], 100, runs, [(60, 120), (0, 50), (110, 140)])
        assert losses.assumed == 10 + 10 + 10 + 40
