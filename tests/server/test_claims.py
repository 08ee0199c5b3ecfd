"""The model of a recogniser whose times are claims: it is as wrong as was measured.

The figures are those of the real backend, with chunks of 2 s and of 4 s. A model that is
half as wrong would let a client pass that loses words on the real one, so each band
has a lower limit as well.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline_server.claims import (
    DOT,
    EXACT,
    Claim,
    ClaimingRecognizer,
    Word,
    claimed,
    measured,
    quantile,
)

LENGTH = 60_000.0


def speech(random: Random, length: float) -> list[Word]:
    """Sentences of 3 to 12 words with pauses of 0.2 to 2.5 s between them."""
    words: list[Word] = []
    at = 0.3
    while at < length:
        for _ in range(random.randint(3, 12)):
            took = random.uniform(0.12, 0.5)
            words.append(Word(at, at + took, f"w{len(words)}"))
            at += took + random.choice([0, 0, 0.02, 0.05, 0.1])
        at += random.choice([0.2, 0.4, 0.7, 1.0, 1.5, 2.5])
    return words


def share(count: int, of: int) -> float:
    return 100 * count / of


def at(values: list[float], part: float) -> float:
    return sorted(values)[int(part * len(values))]


@pytest.fixture(scope="module", params=[2.0, 4.0])
def run(request: pytest.FixtureRequest) -> tuple[float, list[Word], list[Claim]]:
    chunk = float(request.param)
    random = Random(14)
    words = speech(random, LENGTH)
    return chunk, words, claimed(words, LENGTH, chunk, random)


Run = tuple[float, list[Word], list[Claim]]


def test_share_of_times_behind_the_audio_is_the_measured_one(run: Run) -> None:
    chunk, _, claims = run
    ends = share(sum(claim.t1 > claim.given for claim in claims), len(claims))
    starts = share(sum(claim.t0 >= claim.given for claim in claims), len(claims))
    dots = sum(claim.t0 >= claim.given and claim.text == DOT for claim in claims)
    assert ends == pytest.approx(4.4 if chunk == 2 else 28.7, rel=0.2)
    assert starts == pytest.approx(1.1 if chunk == 2 else 17.0, rel=0.4)
    assert 85 <= share(dots, sum(claim.t0 >= claim.given for claim in claims)) < 100


def test_times_lie_as_far_behind_as_was_measured(run: Run) -> None:
    _, _, claims = run
    assert 20 < max(claim.t1 - claim.given for claim in claims) <= 27.5
    assert 15 < max(claim.t0 - claim.given for claim in claims) <= 24.0


def test_a_chunk_has_up_to_nine_lone_dots(run: Run) -> None:
    _, _, claims = run
    chains = Counter(claim.chunk for claim in claims if claim.text == DOT)
    assert max(chains.values()) == 9
    assert all(not claim.words for claim in claims if claim.text == DOT)


def test_errors_of_beginnings_are_the_measured_ones(run: Run) -> None:
    chunk, _, claims = run
    errors = [c.t0 - c.words[0].start for c in claims if c.words and c.t0 < c.given]
    assert at(errors, 0.5) == pytest.approx(-0.1, abs=0.06)
    assert at(errors, 0.95) == pytest.approx(0.2, abs=0.08)
    assert at(errors, 0.99) == pytest.approx(0.4, abs=0.08)
    assert max(errors) <= 0.7 + 1e-9
    assert at(errors, 0.01) < (-1.0 if chunk == 2 else -1.5)


def test_errors_of_ends_in_the_audio_are_the_measured_ones(run: Run) -> None:
    chunk, _, claims = run
    errors = [min(c.t1, c.given) - c.words[-1].end for c in claims if c.words]
    assert at(errors, 0.01) == pytest.approx(-0.7, abs=0.1)
    assert at(errors, 0.5) == pytest.approx(0.0, abs=0.08)
    assert (0.4 if chunk == 2 else 0.6) < at(errors, 0.95) < (0.8 if chunk == 2 else 1.1)


def test_finals_overlap_at_least_as_often_as_was_measured(run: Run) -> None:
    chunk, _, claims = run
    overlaps = share(sum(b.t0 < a.t1 - 1e-9 for a, b in pairwise(claims)), len(claims))
    assert (3 if chunk == 2 else 11) <= overlaps <= (6 if chunk == 2 else 17)


def test_words_are_lost_and_doubled_at_edges_alone(run: Run) -> None:
    chunk, words, claims = run
    count = Counter(word for claim in claims for word in claim.words)
    cut = [word for word in words if word.end < LENGTH and word.start // chunk != word.end // chunk]
    assert 5 < share(sum(count[word] == 0 for word in cut), len(cut)) < 15
    assert 12 < share(sum(count[word] == 2 for word in cut), len(cut)) < 30
    whole = set(words) - set(cut)
    assert all(count[word] == 1 for word in whole if word.end < LENGTH)


WORDS = st.integers(0, 2**32).map(lambda seed: speech(Random(seed), 30.0))


@given(WORDS, st.integers(0, 2**32), st.floats(1.0, 5.0), st.floats(0.5, 30.0))
def test_every_claim_is_of_its_chunk(
    words: list[Word], seed: int, chunk: float, length: float
) -> None:
    for claim in claimed(words, length, chunk, Random(seed)):
        start, end = claim.chunk
        assert 0 <= start <= claim.t0 < claim.t1
        assert end - start <= chunk + 1e-9
        assert end <= length
        assert claim.text == (" ".join(word.text for word in claim.words) or DOT)
        assert all(word.start < end and word.end > start for word in claim.words)


@given(WORDS, st.integers(0, 2**32), st.floats(1.0, 5.0))
def test_exact_errors_change_nothing(words: list[Word], seed: int, chunk: float) -> None:
    length = words[-1].end
    claims = claimed(words, length, chunk, Random(seed), EXACT)
    assert [word for claim in claims for word in claim.words] == words
    assert all(a.t1 <= b.t0 + 0.02 for a, b in pairwise(claims))


@given(WORDS, st.integers(0, 2**32), st.floats(2.0, 4.0))
def test_same_seed_gives_the_same_claims(words: list[Word], seed: int, chunk: float) -> None:
    assert claimed(words, 30.0, chunk, Random(seed)) == claimed(words, 30.0, chunk, Random(seed))


def test_word_that_began_before_the_dial_is_heard_by_its_greater_part() -> None:
    mostly, hardly = Word(-0.1, 0.4, "mostly"), Word(-0.4, 0.1, "hardly")
    hear = ClaimingRecognizer(Random(1), EXACT).hear
    assert [claim.text for claim in hear([mostly], 0.0, 2.0)] == ["mostly"]
    assert hear([hardly], 0.0, 2.0) == []


def test_word_longer_than_a_chunk_is_heard_in_one() -> None:
    word = Word(1.0, 7.5, "long")
    claims = claimed([word], 8.0, 2.0, Random(1), EXACT)
    assert len(claims) <= 1


def test_errors_between_two_lengths_lie_between_the_measured_ones() -> None:
    short, between, long = measured(1.0), measured(3.0), measured(9.0)
    assert short == measured(2.0)
    assert long == measured(4.0)
    assert short.overshoot < between.overshoot < long.overshoot
    assert quantile(between.start, 0.0) == pytest.approx(-3.0)


@pytest.mark.parametrize(("part", "value"), [(0.0, -1.0), (0.25, -0.5), (0.5, 0.0), (1.0, 3.0)])
def test_quantile_is_linear_between_its_points(part: float, value: float) -> None:
    assert quantile(((0, -1), (0.5, 0), (1, 3)), part) == pytest.approx(value)
