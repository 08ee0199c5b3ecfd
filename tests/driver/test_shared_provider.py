"""One call of a provider serves every session that waits for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openline_driver.argument_checks import check_credentials
from openline_driver.shared_provider import AGAIN, Call, Landed, Place, SharedProvider
from openline_driver.tokens import Token
from tests.support_profiles import some


async def provide() -> str:
    raise AssertionError("only a face calls it")


def plain() -> str:
    return "plain"


class Desk:
    """Sessions at a shared provider; each join is noted, and who was woken."""

    def __init__(self, shared: SharedProvider | None = None) -> None:
        self.shared = shared or SharedProvider(provide)
        self.woken: list[int] = []
        self._number = 0

    def join(self, refused: str | None = None, at: float = 0.0) -> str | Token | Place:
        number = self._number
        self._number += 1
        return self.shared.join(refused, at, lambda: self.woken.append(number))

    def place(self, refused: str | None = None, at: float = 0.0) -> Place:
        found = self.join(refused, at)
        assert isinstance(found, Place)
        return found


def given_to(place: Place) -> object:
    assert place.outcome is not None
    assert place.outcome is not AGAIN
    return place.outcome.given


def test_first_to_ask_makes_the_call_and_all_get_its_token() -> None:
    desk = Desk()
    first, second, third = desk.place(), desk.place(), desk.place("refused-token")
    assert [first.leads, second.leads, third.leads] == [True, False, False]
    assert second.call is third.call is first.call
    desk.shared.land(first.call, Landed("token"))
    assert [given_to(place) for place in (first, second, third)] == ["token"] * 3
    assert desk.woken == [0, 1, 2]
    assert desk.join() == "token"
    assert desk.join("refused-token") == "token", "another session has replaced it already"


def test_error_reaches_all_and_the_next_call_is_new() -> None:
    desk, error = Desk(), KeyError("x")
    places = [desk.place(), desk.place("refused-token"), desk.place()]
    desk.shared.land(places[0].call, Landed(error=error))
    assert [place.outcome.error for place in places if place.outcome] == [error] * 3
    assert desk.place().leads


def test_place_says_whether_its_call_is_settled_and_what_it_gave() -> None:
    desk = Desk()
    place, other = desk.place(), desk.place()
    settled = [place.is_settled]
    desk.shared.land(place.call, Landed("token"))
    settled.append(place.is_settled)
    assert place.given() == other.given() == "token"
    again = desk.place("token", 1.0)
    desk.shared.land(again.call, AGAIN)
    assert [*settled, again.is_settled] == [False, True, False]
    failed = desk.place("token", 2.0)
    desk.shared.land(failed.call, Landed(error=OSError("gone")))
    with pytest.raises(OSError, match="gone"):
        failed.given()


def test_error_leaves_the_token_that_is_kept() -> None:
    desk = Desk()
    desk.shared.land(desk.place().call, Landed("token"))
    desk.shared.land(desk.place("token").call, Landed(error=KeyError()))
    assert desk.join() == "token"


def test_refused_token_is_not_given_again() -> None:
    desk = Desk()
    desk.shared.land(desk.place().call, Landed("first"))
    fresh = desk.place("first")
    assert fresh.leads
    desk.shared.land(fresh.call, Landed("second"))
    assert desk.join("first") == "second"


def test_call_that_began_before_the_refusal_may_bring_the_refused_token() -> None:
    desk = Desk()
    early, refused = desk.place(), desk.place("first")
    desk.shared.land(early.call, Landed("first"))
    assert given_to(early) == "first"
    assert refused.outcome is AGAIN
    again = desk.place("first")
    assert again.leads
    desk.shared.land(again.call, Landed("first"))
    assert given_to(again) == "first", "the provider has no other: the backend decides"


def test_token_for_one_dial_goes_to_one_session() -> None:
    desk = Desk()
    places = [desk.place(), desk.place(), desk.place()]
    token = Token("once", reuse=False)
    desk.shared.land(places[0].call, Landed(token))
    assert given_to(places[0]) == token
    assert [place.outcome for place in places[1:]] == [AGAIN, AGAIN]
    assert desk.place().leads, "it is not kept"


def test_token_for_one_dial_that_one_session_refuses_goes_to_the_next() -> None:
    desk = Desk()
    leader, refusing, other = desk.place(), desk.place("once"), desk.place()
    desk.shared.leave(leader)
    token = Token("once", reuse=False)
    desk.shared.land(leader.call, Landed(token))
    assert refusing.outcome is AGAIN
    assert given_to(other) == token


def test_cancelled_call_leaves_the_token_that_is_kept() -> None:
    desk = Desk()
    desk.shared.land(desk.place().call, Landed("first"))
    desk.shared.land(desk.place("first").call, AGAIN)
    assert desk.join() == "first"


def test_token_is_kept_until_its_lead_before_it_expires() -> None:
    desk = Desk(SharedProvider(provide, lead=10))
    token = Token("hour", expires_at=100)
    desk.shared.land(desk.place().call, Landed(token))
    assert desk.join(at=89.9) == token
    assert desk.place(at=90).leads


def test_a_token_that_lives_shorter_than_its_lead_is_kept_for_half_its_life() -> None:
    desk = Desk(SharedProvider(provide, lead=60))
    token = Token("minute", expires_at=160)
    desk.shared.land(desk.place(at=100).call, Landed(token))
    assert desk.join(at=129.9) == token
    assert desk.place(at=130).leads


def test_a_token_in_milliseconds_is_not_kept_for_the_next_session() -> None:
    desk = Desk()
    desk.shared.land(desk.place(at=1.78e9).call, Landed(Token("odd", expires_at=1.79e12)))
    assert desk.place(at=1.78e9 + 1).leads


def test_a_token_for_one_dial_is_not_kept_where_the_clock_is_set_back() -> None:
    desk = Desk()
    desk.shared.land(desk.place(at=100).call, Landed(Token("once", reuse=False)))
    assert desk.place(at=50).leads


@pytest.mark.parametrize("bad", [None, 3, b"x", Token("x", expires_at=cast("float", "soon"))])
def test_what_is_no_token_is_handed_on_and_not_kept(bad: object) -> None:
    for before in (None, "token"):
        desk = Desk()
        if before is not None:
            desk.shared.land(desk.place().call, Landed(before))
        place = desk.place(before)
        desk.shared.land(place.call, Landed(bad))
        assert given_to(place) is bad
        assert desk.place().leads, "the token that it replaces is kept"


def test_provider_that_is_asked_each_dial_keeps_nothing() -> None:
    class Each(SharedProvider):
        asked_each_dial = True

    desk = Desk(Each(provide))
    desk.shared.land(desk.place().call, Landed("token"))
    assert desk.place().leads


def test_who_leaves_disturbs_nobody_else() -> None:
    desk, cancelled = Desk(), list[str]()
    first, second = desk.place(), desk.place()
    assert desk.shared.began(first.call, lambda: cancelled.append("x"))
    desk.shared.leave(first)
    desk.shared.leave(first)
    assert not cancelled
    desk.shared.land(first.call, Landed("token"))
    assert desk.woken == [1]
    desk.shared.leave(second)
    assert not cancelled, "it has landed"


def test_last_to_leave_cancels_the_call() -> None:
    desk, cancelled = Desk(), list[str]()
    first, second = desk.place(), desk.place()
    assert desk.shared.began(first.call, lambda: cancelled.append("x"))
    desk.shared.leave(first)
    desk.shared.leave(second)
    assert cancelled == ["x"]
    new = desk.place()
    assert new.leads
    desk.shared.land(first.call, Landed("late"))
    assert new.outcome is None, "the old call's answer is not the new one's"
    assert desk.place().call is new.call


def test_call_in_a_thread_goes_on_for_who_asks_next() -> None:
    desk = Desk(SharedProvider(plain))
    first = desk.place()
    desk.shared.leave(first)
    second = desk.place()
    assert not second.leads
    desk.shared.land(first.call, Landed("slow"))
    assert given_to(second) == "slow"


def test_call_that_all_have_left_before_it_began_is_not_made() -> None:
    desk = Desk()
    first = desk.place()
    desk.shared.leave(first)
    assert not desk.shared.began(first.call, lambda: None)
    assert desk.place().leads


def test_call_of_before_leaves_the_new_one_alone() -> None:
    desk = Desk()
    call = desk.place().call
    assert not desk.shared.began(Call(0.0), lambda: None)
    assert desk.place().call is call


def test_blocking_and_async_providers_are_told_apart() -> None:
    class Async:
        async def __call__(self) -> str:
            return "x"

    assert [SharedProvider(each).blocks for each in (provide, Async(), plain, lambda: "x")] == [
        False,
        False,
        True,
        True,
    ]
    assert SharedProvider(plain).provide(None) == "plain"


@pytest.mark.parametrize(
    ("wrong", "what"), [("token", "str"), (None, "NoneType"), (Token, "Token"), (3, "int")]
)
def test_shared_provider_takes_a_function(wrong: Any, what: str) -> None:
    with pytest.raises(TypeError) as caught:
        SharedProvider(wrong)
    text = f"SharedProvider: give a function that returns a token, not {what}"
    assert str(caught.value) == text


@pytest.mark.parametrize("lead", [-1, float("nan"), float("inf")])
def test_lead_is_a_number_of_seconds(lead: float) -> None:
    with pytest.raises(ValueError, match=f"lead is {lead}: give seconds, 0 or more"):
        SharedProvider(provide, lead=lead)
    assert SharedProvider(provide, lead=0).lead == 0


def test_shared_provider_of_an_async_function_is_for_no_thread() -> None:
    check_credentials(SharedProvider(provide))
    check_credentials(SharedProvider(plain), threads=True)
    with pytest.raises(TypeError, match="SharedProvider of a plain function"):
        check_credentials(SharedProvider(provide), threads=True)


ACTS = st.lists(st.tuples(st.sampled_from("jjjrrlaexs"), st.integers(0, 7)), max_size=60)


@settings(max_examples=some(200))
@given(ACTS)
def test_nobody_waits_without_a_call_under_way(acts: list[tuple[str, int]]) -> None:
    """Whatever comes in whatever order: each place has a call under way, or an outcome."""
    desk = Desk()
    under_way: dict[int, Call] = {}
    waiting: list[Place] = []

    def end(call: Call, outcome: Landed) -> None:
        desk.shared.land(call, outcome)
        under_way.pop(id(call))

    def canceller(call: Call) -> Callable[[], None]:
        return lambda: end(call, AGAIN)

    for act, number in acts:
        refused = f"token-{number}" if act == "r" else None
        if act in "jr":
            found = desk.join(refused, at=float(number))
            if isinstance(found, Place):
                waiting.append(found)
                if found.leads:
                    under_way[id(found.call)] = found.call
                    desk.shared.began(found.call, canceller(found.call))
            else:
                assert found != refused
        elif act == "l" and waiting:
            desk.shared.leave(waiting.pop(number % len(waiting)))
        elif under_way:
            outcome = {
                "a": Landed(f"token-{number}"),
                "e": Landed(error=KeyError()),
                "x": Landed(Token("x", expires_at=30.0 + number)),
                "s": Landed(Token("once", reuse=False)),
                "l": AGAIN,
            }[act]
            end(next(iter(under_way.values())), outcome)
        assert len(under_way) <= 1, "one call at a time"
        for place in waiting:
            assert place.outcome is not None or id(place.call) in under_way
        singles = [
            p for p in waiting if p.outcome and p.outcome.given == Token("once", reuse=False)
        ]
        waiting = [place for place in waiting if place.outcome is None]
        assert len(singles) <= 1, "a token for one dial was given twice"
