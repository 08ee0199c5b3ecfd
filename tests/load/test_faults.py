"""The phrases of what a load does to its own callers."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline_load.faults import (
    Drawing,
    Effect,
    Fault,
    FaultError,
    Strike,
    fault_list,
    parse_faults,
)


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("cut", [Fault(Effect.CUT)]),
        ("cut 5%", [Fault(Effect.CUT, share=0.05)]),
        ("Cut of 5 %", [Fault(Effect.CUT, share=0.05)]),
        ("freeze 3s 10% after 500ms every 1min",
         [Fault(Effect.FREEZE, 3.0, 0.1, 0.5, 60.0)]),
        ("freeze after 0s 10% 3 s", [Fault(Effect.FREEZE, 3.0, 0.1, 0.0)]),
        ("leave 0.5%; cut, cut after 2h",
         [Fault(Effect.LEAVE, share=0.005), Fault(Effect.CUT), Fault(Effect.CUT, after=7200.0)]),
    ],
)  # fmt: skip
def test_phrases_are_read(text: str, faults: list[Fault]) -> None:
    assert parse_faults(text) == tuple(faults)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 'fault "": give cut, freeze, leave first; see: openline load --fault help'),
        ("cute 5%", 'fault "cute 5%": give cut, freeze, leave first; did you mean cut?'),
        ("cut 0%", 'fault "cut 0%": give a share above 0 % and up to 100 %'),
        ("cut 101%", 'fault "cut 101%": give a share above 0 % and up to 100 %'),
        ("cut 5% 6%", 'fault "cut 5% 6%": what is "6%"? see: openline load --fault help'),
        ("cut 3s", 'fault "cut 3s": cut takes no time of its own; give its moment as after 3s'),
        ("freeze", 'fault "freeze": freeze takes a time, as in freeze 3s'),
        ("freeze 0s", 'fault "freeze 0s": give a time above 0, as in 3s'),
        ("cut every 0s", 'fault "cut every 0s": give a time above 0, as in 3s'),
        ("leave every 5s", 'fault "leave every 5s": a caller leaves once: leave out every'),
        ("cut\x1b", 'fault "cut ": what is " "? see: openline load --fault help'),
    ],
)
def test_a_wrong_phrase_is_one_line(text: str, line: str) -> None:
    with pytest.raises(FaultError) as caught:
        parse_faults(text)
    assert str(caught.value) == line


PHRASES = st.builds(
    Fault,
    st.just(Effect.FREEZE),
    st.integers(1, 999).map(lambda n: n / 4),
    st.integers(1, 100).map(lambda n: n / 100),
    st.none() | st.integers(0, 999).map(float),
    st.none() | st.integers(1, 999).map(float),
)


@given(PHRASES)
def test_a_fault_is_written_as_it_is_read(fault: Fault) -> None:
    assert parse_faults(str(fault)) == (fault,)


@given(st.text())
def test_any_text_is_read_or_refused_in_one_line(text: str) -> None:
    try:
        said = " ".join(map(str, parse_faults(text)))
    except FaultError as error:
        said = str(error)
    assert said
    assert said.isprintable()


def drawn(text: str, length: float, callers: int, seed: int = 1) -> list[list[Strike]]:
    drawing = Drawing(parse_faults(text), Random(seed).random)
    return [drawing.draw(length) for _ in range(callers)]


@given(st.integers(1, 100), st.integers(1, 300), st.integers())
def test_a_share_is_kept_to_the_caller(percent: int, callers: int, seed: int) -> None:
    struck = [bool(each) for each in drawn(f"cut {percent}%", 30.0, callers, seed)]
    assert abs(sum(struck) - percent * callers / 100) < 1
    assert abs(sum(struck[: callers // 2]) - percent * (callers // 2) / 100) < 1


def test_it_strikes_at_a_moment_of_the_call() -> None:
    struck = [each for found in drawn("cut", 30.0, 500) for each in found]
    assert len(struck) == 500
    assert all(0 <= each.at < 30 and each.effect is Effect.CUT for each in struck)
    assert min(each.at for each in struck) < 3
    assert max(each.at for each in struck) > 27


def test_a_fault_strikes_again_until_the_call_ends() -> None:
    [found] = drawn("freeze 1s after 5s every 10s; cut after 7s", 26.0, 1)
    assert found == [
        *(Strike(5.0, Effect.FREEZE, 1.0), Strike(7.0, Effect.CUT)),
        *(Strike(15.0, Effect.FREEZE, 1.0), Strike(25.0, Effect.FREEZE, 1.0)),
    ]


def test_nothing_strikes_a_caller_that_has_left() -> None:
    [found] = drawn("cut after 1s every 4s; leave after 6s", 60.0, 1)
    assert [each.effect for each in found] == [Effect.CUT, Effect.CUT, Effect.LEAVE]
    assert drawn("cut after 60s", 60.0, 1) == [[]]


def test_a_seed_repeats_it() -> None:
    text = "cut 50%; freeze 1s 50%"
    assert drawn(text, 9.0, 20, seed=3) == drawn(text, 9.0, 20, seed=3)
    assert drawn(text, 9.0, 20, seed=3) != drawn(text, 9.0, 20, seed=4)


def test_all_phrases_are_listed() -> None:
    text = fault_list()
    assert all(f"\n{effect}" in f"\n{text}" for effect in Effect)
    example = text.partition('--fault "')[2].partition('"')[0]
    assert [str(each) for each in parse_faults(example)] == [
        *("cut 5%", "freeze 3s 10% after 5s every 20s"),
    ]
