"""Which audio was quiet, from the peaks of blocks."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openline.audio.loudness import LEVEL, SLOT, Loudness
from openline.updates import SAMPLE_RATE as S
from tests.support_profiles import some

F = 320


def noted(*parts: tuple[float, int | None], begin: int = 0, block: int = F) -> Loudness:
    """So many seconds of each peak, in blocks."""
    loudness, at = Loudness(begin), begin
    for seconds, peak in parts:
        for _ in range(round(seconds * S) // block):
            loudness.note(at, block, peak)
            at += block
    return loudness


def test_the_level_is_45_decibels_below_full_scale() -> None:
    assert int(32768 * 10 ** (-45 / 20)) == LEVEL
    assert noted((2, LEVEL)).loud_runs(0, 2 * S) == []
    assert noted((2, LEVEL + 1)).loud_runs(0, 2 * S) == [(0, 2 * S)]


@pytest.mark.parametrize(("seconds", "is_loud"), [(0.9, False), (1.0, True), (3.0, True)])
def test_a_second_is_loud_and_less_is_not(seconds: float, is_loud: bool) -> None:
    loudness = noted((20, 0), (seconds, 9000), (20, 0))
    expected = [(20 * S, round((20 + seconds) * S))] if is_loud else []
    assert loudness.loud_runs(0, 40 * S) == expected


@pytest.mark.parametrize(("pause", "is_loud"), [(8.9, True), (9.6, False)])
def test_the_second_lies_within_ten(pause: float, is_loud: bool) -> None:
    loudness = noted((5, 0), (0.5, 9000), (pause, 0), (0.5, 9000), (5, 0))
    assert bool(loudness.loud_runs(0, 30 * S)) == is_loud


@pytest.mark.parametrize(("slot", "is_loud"), [(99, True), (100, False)])
def test_ten_seconds_are_a_hundred_slots(slot: int, is_loud: bool) -> None:
    loudness = Loudness(0)
    loudness.note(0, 9 * SLOT, 9000)
    loudness.note(slot * SLOT, SLOT, 9000)
    assert bool(loudness.loud_runs(0, 20 * S)) == is_loud


def test_sentences_that_are_far_apart_are_two_runs() -> None:
    loudness = noted((2, 9000), (15, 0), (2, 9000), (5, 0))
    assert loudness.loud_runs(0, 24 * S) == [(0, 2 * S), (17 * S, 19 * S)]


def test_runs_lie_within_what_was_asked() -> None:
    loudness = noted((10, 9000))
    assert loudness.loud_runs(3 * S + 7, 8 * S + 9) == [(3 * S + 7, 8 * S)]
    assert loudness.loud_runs(5 * S, 5 * S) == []
    assert loudness.loud_runs(20 * S, 30 * S) == []


def test_audio_in_words_is_quiet() -> None:
    loudness = noted((5, 9000), (5, 0))
    assert loudness.loud_runs(0, 10 * S, [(0, 5 * S)]) == []
    assert loudness.loud_runs(0, 10 * S, [(0, 2 * S)]) == [(2 * S, 5 * S)]
    assert loudness.loud_runs(0, 10 * S, [(3 * S, 10**9)]) == [(0, 3 * S)]
    assert loudness.loud_runs(0, 10 * S, [(0, 4 * S), (4 * S, 5 * S)]) == []


def test_a_block_without_a_peak_is_unmeasured() -> None:
    loudness = noted((5, 0), (5, None), (5, 0))
    assert loudness.loud_runs(0, 15 * S, trusted=0) == [(5 * S, 10 * S)]
    assert loudness.loud_runs(0, 15 * S, trusted=8 * S) == [(8 * S, 10 * S)]
    assert loudness.loud_runs(0, 15 * S, trusted=10 * S) == []
    assert loudness.is_measured(0, 5 * S)
    assert not loudness.is_measured(0, 5 * S + 1)
    assert not loudness.is_measured(9 * S, 15 * S)
    assert loudness.is_measured(10 * S, 15 * S)
    assert loudness.is_measured(7 * S, 7 * S)


def test_a_slot_stays_unmeasured() -> None:
    loudness = Loudness(0)
    loudness.note(0, F, None)
    loudness.note(F, F, 9000)
    assert not loudness.is_measured(0, 2 * F)


def test_audio_before_the_beginning_is_unmeasured() -> None:
    loudness = noted((5, 0), begin=2 * S)
    assert loudness.loud_runs(0, 7 * S, trusted=0) == [(0, 2 * S)]
    assert loudness.loud_runs(0, 7 * S, trusted=2 * S) == []
    assert not loudness.is_measured(0, 3 * S)
    assert loudness.is_measured(2 * S, 3 * S)


def test_a_hole_is_silent() -> None:
    loudness = Loudness(0)
    loudness.note(0, 2 * S, 9000)
    loudness.note(10 * S, 2 * S, 9000)
    assert loudness.loud_runs(2 * S, 10 * S) == []
    assert loudness.is_measured(0, 12 * S)


def test_an_empty_block_changes_nothing() -> None:
    loudness = noted((2, 0))
    loudness.note(2 * S, 0, 9000)
    loudness.note(2 * S, 0, None)
    assert loudness.loud_runs(0, 3 * S) == []
    assert loudness.is_measured(0, 3 * S)


def test_one_long_block_is_as_loud_as_its_peak() -> None:
    loudness = Loudness(0)
    loudness.note(0, 60 * S, 9000)
    assert loudness.loud_runs(0, 60 * S) == [(0, 60 * S)]


def test_what_is_forgotten_is_unmeasured_and_ten_seconds_are_kept() -> None:
    loudness = noted((200, 0), block=S)
    loudness.forget(50 * S)  # less than what is forgotten at once
    assert loudness.is_measured(0, 200 * S)
    loudness.forget(180 * S)
    assert loudness.is_measured(170 * S, 200 * S)
    assert not loudness.is_measured(169 * S, 200 * S)
    loudness.note(200 * S, 2 * S, 9000)
    assert loudness.loud_runs(170 * S, 202 * S) == [(200 * S, 202 * S)]
    loudness.forget(10**6 * S)
    loudness.note(202 * S, 2 * S, 9000)
    assert not loudness.is_measured(200 * S, 202 * S)


@pytest.mark.parametrize(
    ("at", "is_loud"),
    [(1.9, False), (2.0, False), (2.1, True), (3.0, True), (3.05, True), (3.1, False), (9, False)],
)
def test_it_is_loud_up_to_a_slot_behind_a_sound(at: float, is_loud: bool) -> None:
    loudness = noted((2.0, 0), (1.0, 9000), (2.0, 0))
    assert loudness.is_loud_at(round(at * S)) is is_loud


def test_what_is_not_measured_is_not_known_to_be_loud() -> None:
    loudness = noted((1.0, None), begin=5 * S)
    assert not loudness.is_loud_at(round(5.5 * S))
    assert not loudness.is_loud_at(0)


def test_memory_is_bounded() -> None:
    loudness = Loudness(0, most=100)
    for second in range(60):
        loudness.note(second * S, S, 0)
    assert loudness.is_measured(50 * S, 60 * S)
    assert not loudness.is_measured(49 * S, 60 * S)


@settings(max_examples=some(60), deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 40), st.sampled_from([0, 9000])), max_size=30),
    st.integers(0, 100),
)
def test_no_ten_seconds_outside_of_the_runs_are_loud(
    parts: list[tuple[int, int]], begin: int
) -> None:
    """Against the definition, slot by slot; and every run begins and ends with a loud slot."""
    loudness = Loudness(begin * SLOT)
    slots: list[int] = []
    for length, peak in parts:
        for _ in range(length):
            loudness.note((begin + len(slots)) * SLOT, SLOT, peak)
            slots.append(peak)
    runs = loudness.loud_runs(begin * SLOT, (begin + len(slots)) * SLOT)
    within = [
        any(low <= (begin + at) * SLOT < high for low, high in runs) for at in range(len(slots))
    ]
    left = [bool(peak) and not inside for peak, inside in zip(slots, within, strict=True)]
    assert all(sum(left[at : at + 100]) < 10 for at in range(len(slots)))
    for low, high in runs:
        assert slots[low // SLOT - begin]
        assert slots[high // SLOT - begin - 1]
        assert any(
            sum(map(bool, slots[max(at - 99, 0) : at + 1])) >= 10
            for at in range(low // SLOT - begin, high // SLOT - begin)
        )
