"""The gaps of one source: adjacent ones are merged, and each is reported once."""

from __future__ import annotations

import itertools

from hypothesis import given
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
