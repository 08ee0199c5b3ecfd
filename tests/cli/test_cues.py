"""A final becomes cues that a person can read, on one timeline."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline_speech.cues import COLUMNS, LEAST, LONGEST, Cue, Word, cut, settle

SPEECH = "and so we went on to the next point of the long agenda"


def lines(text: str, start: float = 0.0, end: float = 5.0) -> list[tuple[str, ...]]:
    return [cue.lines for cue in cut(text, start, end)]


def spans(text: str, start: float, end: float, *words: Word) -> list[tuple[int, int, str]]:
    return [(c.begin, c.end, " ".join(c.lines)) for c in cut(text, start, end, words)]


def test_short_final_is_one_cue_of_its_own_times() -> None:
    assert cut("Go forward.", 1.0, 2.5, voice="mic") == [Cue(1000, 2500, ("Go forward.",), "mic")]


def test_a_cue_has_no_voice_unless_one_is_given() -> None:
    assert [cue.voice for cue in cut("Go forward.", 1.0, 2.5)] == [""]


@pytest.mark.parametrize("text", ["", " ", "\u3000", "\u00a0 \u2003"])
def test_blanks_make_no_cue(text: str) -> None:
    assert cut(text, 0, 1) == []


def test_two_lines_are_about_as_long_as_each_other() -> None:
    assert lines(SPEECH) == [("and so we went on to the", "next point of the long agenda")]


def test_long_final_is_cut_at_words_into_cues_of_two_lines() -> None:
    text = " ".join([SPEECH] * 12)
    cues = cut(text, 0.0, 36.0)
    assert len(cues) == 9
    assert " ".join(line for cue in cues for line in cue.lines) == text
    assert all(len(line) <= COLUMNS for cue in cues for line in cue.lines)
    assert (cues[0].begin, cues[-1].end) == (0, 36_000)
    assert all(a.end == b.begin for a, b in itertools.pairwise(cues))


def test_a_cut_prefers_the_end_of_a_sentence() -> None:
    text = "We have come to the end of all that there is to say about it. " + SPEECH
    assert lines(text)[0][-1].endswith("about it.")


def test_time_of_a_long_final_is_shared_out_by_length() -> None:
    assert spans("Yes. I see it.", 0, 14) == [(0, 4000, "Yes."), (5000, 12_000, "I see it.")]


def test_a_cut_prefers_the_end_of_a_clause() -> None:
    text = "We have come to the end of all that there is to say about it, " + SPEECH
    assert lines(text)[0][-1].endswith("about it,")


def test_two_full_lines_are_one_cue() -> None:
    text = "x" * COLUMNS + " " + "y" * COLUMNS
    assert lines(text) == [("x" * COLUMNS, "y" * COLUMNS)]
    assert lines(text + "y") != [("x" * COLUMNS, "y" * COLUMNS)]


def test_few_words_of_many_minutes_are_all_shown() -> None:
    text = " ".join(f"w{number}" for number in range(40))
    cues = cut(text, 0, 400)
    assert " ".join(line for cue in cues for line in cue.lines) == text
    assert len(cues) >= 40 / 3


def test_text_before_the_first_timed_word_begins_with_it() -> None:
    assert spans("well one two", 0, 20, Word("one", 5, 6), Word("two", 7, 8)) == [
        (5000, 8000, "well one two")
    ]


def _word(length: int, end: str) -> str:
    return "x" * length + end


SAID = st.builds(
    _word,
    st.integers(1, 12) | st.integers(30, 45),
    st.sampled_from(["", "", ",", "."]),
)


@given(st.lists(SAID, min_size=1, max_size=40), st.floats(0.1, 400), st.integers(0, 30))
def test_every_word_is_shown_within_the_limits(said: list[str], end: float, lead: int) -> None:
    cues = cut(" ".join(said), 0, end, lead=lead)
    shown = "".join(line for cue in cues for line in cue.lines)
    assert shown.replace(" ", "") == "".join(said)
    for cue in cues:
        assert 1 <= len(cue.lines) <= 2
        assert len(cue.lines[0]) + min(lead, COLUMNS // 2) <= COLUMNS
        assert all(0 < len(line) <= COLUMNS for line in cue.lines)
        assert cue.end - cue.begin <= LONGEST


def test_up_to_7_seconds_are_one_cue() -> None:
    assert spans("a b c d e", 0, 7) == [(0, 7000, "a b c d e")]
    assert len(spans("a b c d e", 0, 7.001)) == 2


def test_text_behind_the_last_timed_word_takes_no_time() -> None:
    words = Word("one", 1, 2), Word("two", 3, 6)
    assert spans("one two and more", 0, 20, *words) == [(1000, 6000, "one two and more")]
    found = spans("one two three and more", 0, 20, Word("one", 1, 2), Word("three", 5, 9))
    assert found[-1][1] == 9000


@pytest.mark.parametrize(("then", "end"), [(4.099, 4099), (4.1, 4000)])
def test_a_hole_that_would_flicker_is_closed(then: float, end: int) -> None:
    words = Word("one", 0, 2), Word("two", 2, 4), Word("three", then, 6), Word("four", 6, 10)
    (first, second) = spans("one two three four", 0, 10, *words)
    assert first == (0, end, "one two")
    assert second[0] == round(then * 1000)


def test_words_times_place_the_cues_and_pauses_cut_them() -> None:
    words = (
        Word("one", 1, 2), Word(" two", 3, 4), Word("three", 15, 16), Word("four", 16, 17)
    )  # fmt: skip
    assert spans("one two three four", 0, 20, *words) == [
        (1000, 4000, "one two"),
        (15_000, 17_000, "three four"),
    ]


@pytest.mark.parametrize(
    "words",
    [
        [Word("other", 1, 2)],
        [Word("two", 1, 2), Word("one", 3, 4)],
    ],
)
def test_words_that_are_not_in_the_text_are_not_used(words: list[Word]) -> None:
    assert spans("one two", 0, 4, *words) == [(0, 4000, "one two")]


@pytest.mark.parametrize(("pause", "cut_at"), [(17, 17), (16, 24)])
def test_a_pause_that_is_far_from_the_middle_does_not_count(pause: int, cut_at: int) -> None:
    """Of 48 words the middle is behind the 24th; seven words from there still count."""
    begins = [at * 0.1 + 3.0 * (at >= pause) for at in range(48)]
    words = [Word("a", begin, begin + 0.1) for begin in begins]
    first, _ = cut(" ".join("a" * 48), 0.0, 7.8, words=words)
    assert len(" ".join(first.lines).split()) == cut_at


@pytest.mark.parametrize(("mark", "away"), [(",", 2), (".", 4)])
def test_a_mark_is_worth_so_many_columns(mark: str, away: int) -> None:
    """Of 24 words of 4 columns with their space; the first of two cuts that are alike is taken."""
    for at, cut_at in ((12 - away - 1, 12), (12 - away, 12 - away), (12 + away, 12)):
        said = ["abc"] * 24
        said[at - 1] = f"ab{mark}"
        first, _ = cut(" ".join(said), 0.0, 5.0)
        assert len(" ".join(first.lines).split()) == cut_at


@pytest.mark.parametrize(("words", "counts"), [(15, [3] * 5), (18, [3, 3, 3, 9])])
def test_slow_words_do_not_cut_many_quick_ones(words: int, counts: list[int]) -> None:
    """The first four words take 2 s each. Up to five even parts are tried, then uneven ones."""
    begins = [2.0 * min(at, 4) + 0.1 * max(at - 4, 0) for at in range(words + 1)]
    said = [Word("a", begins[at], begins[at + 1]) for at in range(words)]
    found = cut(" ".join("a" * words), 0.0, begins[-1], said)
    assert [len(" ".join(cue.lines).split()) for cue in found] == counts


@pytest.mark.parametrize(("wait", "cut_at"), [(3.0, 2), (2.9, 8)])
def test_a_pause_of_three_seconds_is_worth_30_columns(wait: float, cut_at: int) -> None:
    """Of 16 words of 5 columns with their space, the middle is six words behind the pause."""
    begins = [at * 0.4 + wait * (at >= 2) for at in range(16)]
    words = [Word("word", begin, begin + 0.4) for begin in begins]
    first, *_ = cut(" ".join(["word"] * 16), 0.0, 6.4 + wait, words=words)
    assert len(" ".join(first.lines).split()) == cut_at


def test_words_times_that_fall_or_lie_outside_are_clamped() -> None:
    words = [Word("one", 5, 3), Word("two", 1, 99)]
    assert spans("one two", 2, 6, *words) == [(5000, 6000, "one two")]


@pytest.mark.parametrize(("start", "end"), [(2.0, 2.0), (2.0, 1.0), (-3.0, -1.0)])
def test_cue_without_length_can_be_seen(start: float, end: float) -> None:
    (cue,) = cut("x", start, end)
    assert cue.begin == max(0, start * 1000)
    assert cue.end == cue.begin + 1


def test_word_wider_than_a_line_is_cut_between_clusters() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    cues = lines(family * 20)
    assert all(line == family * (len(line) // len(family)) for cue in cues for line in cue)


def test_wide_characters_take_two_columns() -> None:
    assert lines("\u4e00" * 30) == [("\u4e00" * 21, "\u4e00" * 9)]


def test_punctuation_does_not_begin_a_line() -> None:
    text = "\u4e00" * 21 + "\u3002" + "\u4e00" * 3
    assert lines(text) == [("\u4e00" * 20, "\u4e00\u3002" + "\u4e00" * 3)]


def test_punctuation_with_a_mark_does_not_begin_a_line() -> None:
    text = "\u4e00" * 21 + "\u3002\u0301" + "\u4e00" * 3
    assert lines(text) == [("\u4e00" * 20, "\u4e00\u3002\u0301" + "\u4e00" * 3)]


def test_punctuation_behind_a_cluster_wider_than_a_line_goes_on_alone() -> None:
    wide = "Z" + "\u0334\u0353" * 30
    found = [line for cue in lines(f"{wide}.{wide}") for line in cue]
    assert found == [wide, ".", wide]


def test_blank_behind_punctuation_stays_with_it() -> None:
    assert lines("x" * 30 + ".\u2003" + "y" * 20) == [("x" * 30 + ".\u2003", "y" * 20)]


def test_blank_before_punctuation_goes_with_it() -> None:
    assert lines("x" * 40 + ".\u2003." + "y" * 5) == [("x" * 40 + ".", "\u2003." + "y" * 5)]


def test_long_word_is_cut_behind_punctuation() -> None:
    text = "\u4e00" * 15 + "\uff0c" + "\u4e00" * 10
    assert lines(text) == [("\u4e00" * 15 + "\uff0c", "\u4e00" * 10)]


def test_no_line_is_of_blanks_alone() -> None:
    wide = "Z" + "\u0334\u0353" * 30
    assert [line for cue in lines(f"{'x' * 41}.\u2003{wide}") for line in cue] == [
        "x" * 41,
        ".\u2003",
        wide,
    ]


def test_blank_behind_a_cluster_wider_than_a_line_stays_with_it() -> None:
    wide = "Z" + "\u0334\u0353" * 30
    found = [line for cue in lines(f"{wide}\u2003{wide}") for line in cue]
    assert found == [f"{wide}\u2003", wide]


def test_label_leaves_less_room_on_the_first_line() -> None:
    text = "x" * 20 + " " + "y" * 20
    assert cut(text, 0, 1, lead=8)[0].lines == ("x" * 20, "y" * 20)
    assert cut(text, 0, 1)[0].lines == (text,)
    assert cut("a b", 0, 1, lead=400)[0].lines == ("a b",)


def test_cue_ends_where_the_next_begins() -> None:
    settled = settle([Cue(0, 5000, ("a",)), Cue(3000, 6000, ("b",))])
    assert [(cue.begin, cue.end) for cue in settled] == [(0, 3000), (3000, 6000)]


def test_cue_that_another_covers_is_still_shown_for_a_second() -> None:
    settled = settle([Cue(0, 5000, ("a",)), Cue(0, 200, ("b",)), Cue(100, 4000, ("c",))])
    assert [(cue.begin, cue.end) for cue in settled] == [
        (0, LEAST),
        (LEAST, LEAST + 200),
        (LEAST + 200, 4000),
    ]


def made(begin: int, length: int) -> Cue:
    return Cue(begin, begin + length, ("x",))


CUES = st.builds(made, st.integers(0, 20_000), st.integers(1, LONGEST))


@given(st.lists(CUES, max_size=12))
def test_settled_cues_are_the_same_in_order_and_apart(given_cues: list[Cue]) -> None:
    settled = settle(given_cues)
    assert [cue.lines for cue in settled] == [cue.lines for cue in given_cues]
    assert all(cue.begin < cue.end <= cue.begin + LONGEST for cue in settled)
    assert all(a.end <= b.begin for a, b in itertools.pairwise(settled))
    assert all(new.begin >= old.begin for old, new in zip(given_cues, settled, strict=True))


@given(
    st.text(st.sampled_from("ab .\u4e00\u0301\u200d\U0001f468"), min_size=1, max_size=200),
    st.floats(0, 100),
    st.floats(0, 100),
    st.lists(st.builds(Word, st.sampled_from(["a", "b", "\u4e00"]), st.floats(), st.floats())),
)
def test_any_times_of_words_keep_the_limits(
    text: str, start: float, end: float, words: list[Word]
) -> None:
    found = cut(text, start, end, words)
    assert all(cue.begin < cue.end <= cue.begin + LONGEST for cue in found)
    assert all(a.end <= b.begin for a, b in itertools.pairwise(found))


@given(
    st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=12), min_size=1, max_size=8),
    st.lists(st.integers(0, 9), min_size=8, max_size=8),
    st.integers(0, 5),
)
def test_a_cue_begins_where_its_first_word_was_said(
    phrases: list[list[int]], pauses: list[int], wait: int
) -> None:
    """A backend times phrases; within one the time is shared out by length."""
    said: list[Word] = []
    at: dict[int, int] = {}  # milliseconds by the offset of a word in the text
    now, offset = wait * 1000, 0
    for sizes, pause in zip(phrases, pauses, strict=False):
        words = ["x" * size for size in sizes]
        text = " ".join(words)
        long = 1_000 * len(words)
        inside = 0
        for word in words:
            at[offset + inside] = now + long * inside // len(text)
            inside += len(word) + 1
        said.append(Word(text, now / 1000, (now + long) / 1000))
        offset += len(text) + 1
        now += long + 1_000 * pause
    text = " ".join(word.text for word in said)
    cues = cut(text, wait, now / 1000, said)
    found = 0
    for before, cue in zip([None, *cues], cues, strict=False):
        begins = at[found]
        assert cue.begin == (begins if before is None else max(begins, before.end))
        found += len(" ".join(cue.lines)) + 1
    assert found == len(text) + 1


def first_cue(end_of_a_word: str, *, words: int = 20, at: int = 8) -> str:
    """The first of two cues of words of six columns; one of them ends so, off the middle."""
    said = ["ab" * 2 + "cd"] * words
    said[at] = "abcdef"[: 6 - len(end_of_a_word)] + end_of_a_word
    return " ".join(cut(" ".join(said), 0, 8)[0].lines)


@pytest.mark.parametrize("mark", [*".!?…。！？।؟", *",;:，、；：،·-–—"])
def test_a_cue_ends_at_any_mark_that_ends_a_sentence_or_a_clause(mark: str) -> None:
    assert first_cue(mark).endswith(mark)


@given(st.characters(categories=["L", "N"], max_codepoint=0x24F), st.integers(5, 12))
def test_a_cue_ends_at_no_other_character_sooner(letter: str, at: int) -> None:
    assert first_cue(letter, at=at).count(" ") == first_cue("f", at=at).count(" ")
