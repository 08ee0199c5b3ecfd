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
def test_words_are_normalised(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("reference", "transcript", "errors"),
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
def test_errors_are_the_fewest(
    reference: str, transcript: str, errors: tuple[int, int, int]
) -> None:
    found = compare(reference, transcript)
    assert (found.changed, found.missing, found.extra) == errors
    assert found.reference == len(words(reference))
    assert found.transcript == len(words(transcript))


@pytest.mark.parametrize(
    ("errors", "rate"),
    [
        (WordErrors(reference=4, transcript=4, changed=1, missing=1, extra=0), 0.5),
        (WordErrors(reference=2, transcript=6, changed=0, missing=0, extra=4), 2.0),
        (WordErrors(reference=0, transcript=0, changed=0, missing=0, extra=0), 0.0),
        (WordErrors(reference=0, transcript=2, changed=0, missing=0, extra=2), 1.0),
    ],
)
def test_rate_is_per_reference_word(errors: WordErrors, rate: float) -> None:
    assert errors.rate == rate
