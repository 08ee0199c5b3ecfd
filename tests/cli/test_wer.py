from __future__ import annotations

import pytest

from openline_cli.wer import WordErrors, compare, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mr. Dashwood's  men,\nwent!", ["mister", "dashwood's", "men", "went"]),
        ("cold-hearted \u2014 isn\u2019t it?", ["cold", "hearted", "isn't", "it"]),
        ("'tis 10 O'Clock'", ["tis", "10", "o'clock"]),
        ("snake_case", ["snake", "case"]),
        ("", []),
    ],
)
def test_words_are_levelled_to_what_can_be_heard(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("said", "heard", "errors"),
    [
        ("a b c", "A, b. C!", (0, 0, 0)),
        ("a b c", "a x c", (1, 0, 0)),
        ("a b c", "a c", (0, 1, 0)),
        ("a b c", "a b b c", (0, 0, 1)),
        ("a b c d", "b c d e", (0, 1, 1)),
        ("a b c", "", (0, 3, 0)),
        ("", "a b", (0, 0, 2)),
    ],
)
def test_errors_are_the_fewest(said: str, heard: str, errors: tuple[int, int, int]) -> None:
    found = compare(said, heard)
    assert (found.changed, found.missing, found.extra) == errors
    assert found.said == len(words(said))
    assert found.heard == len(words(heard))


@pytest.mark.parametrize(
    ("errors", "rate"),
    [
        (WordErrors(said=4, heard=4, changed=1, missing=1, extra=0), 0.5),
        (WordErrors(said=2, heard=6, changed=0, missing=0, extra=4), 2.0),
        (WordErrors(said=0, heard=0, changed=0, missing=0, extra=0), 0.0),
        (WordErrors(said=0, heard=2, changed=0, missing=0, extra=2), 1.0),
    ],
)
def test_the_rate_is_per_word_said(errors: WordErrors, rate: float) -> None:
    assert errors.rate == rate
