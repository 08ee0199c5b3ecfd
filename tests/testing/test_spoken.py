"""The words of a claiming backend: where they lie, and how they are heard and claimed."""

from __future__ import annotations

from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from openline.updates import SAMPLE_RATE as S
from openline_testing.theorem.schedule import LONGEST
from openline_testing.theorem.speech import FastEcho
from openline_testing.theorem.words import (
    SHORTEST_WORD,
    Hearing,
    Word,
    greatest_error,
    spoken,
)

TRAITS = FastEcho.traits


def test_words_of_a_source_are_the_same_each_time_and_in_order() -> None:
    for seed in range(50):
        words = spoken(seed, "mic", TRAITS.time_error)
        assert words == spoken(seed, "mic", TRAITS.time_error)
        assert words != spoken(seed, "system", TRAITS.time_error) or not words
        assert len({word.text for word in words}) == len(words)
        for before, after in pairwise(words):
            assert before.start < before.end <= after.start < after.end


def test_pauses_are_usable_and_too_short_and_long_and_runs_exceed_the_longest() -> None:
    usable = 2 * TRAITS.time_error + 2 * greatest_error(TRAITS.time_error) / S
    short, long, longer, runs, silent = 0, 0, 0, 0, 0
    for seed in range(100):
        words = spoken(seed, "mic", TRAITS.time_error)
        silent += not words
        begun = words[0].start if words else 0
        for before, after in pairwise(words):
            pause = (after.start - before.end) / S
            short += 0.05 < pause < usable
            long += pause > usable
            longer += pause > 1
            if pause > usable:
                runs += before.end - begun > TRAITS.longest_run * S
                begun = after.start
    assert min(short, long, longer, runs) > 150
    assert 2 < silent < 30


def test_error_of_times_is_at_most_a_sixth_of_a_word() -> None:
    assert greatest_error(0.01) == 160
    assert greatest_error(3.0) == int(SHORTEST_WORD / 6 * S)


WORDS = [Word(10, 20, "a"), Word(20, 35, "b"), Word(50, 60, "c"), Word(90, 100, "d")]


def parts(spans: list[tuple[int, int]], size: int) -> list[tuple[int, int]]:
    return [(at, min(at + size, end)) for start, end in spans for at in range(start, end, size)]


def heard(spans: list[tuple[int, int]], size: int = 7, seed: int = 0) -> list[tuple[int, int, str]]:
    hearing = Hearing(WORDS, Random(seed))
    at = 0
    for start, end in parts(spans, size):
        hearing.listen([(start, end)], at)
        at += end - start
    return [(each.start, each.end, each.word.text) for each in hearing.take(at)]


@given(size=st.integers(1, 200))
def test_whole_words_are_heard_at_their_places_in_pieces_of_any_size(size: int) -> None:
    assert heard([(5, 99)], size) == [(5, 15, "a"), (15, 30, "b"), (45, 55, "c")]
    # Session samples 40 to 45 were not sent.
    assert heard([(5, 40), (45, 110)], size) == [
        (5, 15, "a"),
        (15, 30, "b"),
        (40, 50, "c"),
        (80, 90, "d"),
    ]


@given(size=st.integers(1, 200))
def test_word_with_a_hole_or_a_skip_inside_is_not_heard(size: int) -> None:
    assert heard([(5, 15), (16, 55), (58, 120)], size) == [(14, 29, "b"), (81, 91, "d")]


def test_word_cut_at_the_beginning_is_heard_or_missed() -> None:
    found = {tuple(heard([(12, 40)], seed=seed)) for seed in range(20)}
    assert found == {((0, 8, "a"), (8, 23, "b")), ((8, 23, "b"),)}


def test_word_that_breaks_off_is_not_heard() -> None:
    hearing = Hearing(WORDS, Random(0))
    hearing.listen([(0, 15)], 0)
    assert (hearing.begun, hearing.pending) == (10, 10)
    hearing.breaks_off()
    assert hearing.begun is None
    hearing.listen([(15, 40)], 15)
    assert [each.word.text for each in hearing.take(40)] == ["b"]


@given(start=st.integers(0, 100), length=st.integers(1, 100), until=st.integers(1, 110))
def test_stretch_ends_in_no_word(start: int, length: int, until: int) -> None:
    hearing = Hearing(WORDS, Random(0))
    hearing.listen([(0, until)], 0)
    hearing.take(start)
    end = hearing.fit(start, min(start + length, until))
    if end is None:
        assert hearing.begun is not None
        assert hearing.begun <= start
    else:
        assert not any(word.start < end < word.end for word in WORDS if word.start >= start)


def test_words_fill_the_longest_source() -> None:
    ends = [words[-1].end for seed in range(20) if (words := spoken(seed, "mic", 0.03))]
    assert min(ends) > (LONGEST - 5) * S
