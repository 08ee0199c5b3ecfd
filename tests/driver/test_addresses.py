"""Of several addresses one that stayed mute goes last the next time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from openline import events as e
from openline_driver.addresses import Addresses, in_turns
from tests.driver.model import Face

ABC = ["a", "b", "c"]


def test_what_another_one_overtook_is_last_the_next_time() -> None:
    known = Addresses()
    assert known.order(ABC) == ABC
    for each in ("a", "b"):
        known.attempt(each)
    known.reached("b")
    known.opened()
    assert known.order(ABC) == ["b", "c", "a"]


def test_what_refused_is_behind_the_fresh_and_before_the_mute() -> None:
    known = Addresses()
    for each in ABC:
        known.attempt(each)
    known.failed("b")
    known.reached("c")
    assert known.order(ABC) == ["c", "b", "a"]


def test_what_was_tried_when_the_dial_was_dropped_is_mute() -> None:
    known = Addresses()
    known.attempt("a")
    known.attempt("b")
    known.dropped()
    assert known.order(ABC) == ["c", "a", "b"]


def test_what_was_reached_and_did_not_open_the_dial_is_mute() -> None:
    """TLS, or the upgrade, was not answered."""
    known = Addresses()
    known.attempt("a")
    known.reached("a")
    known.dropped()
    assert known.order(ABC) == ["b", "c", "a"]
    known.attempt("b")
    known.reached("b")
    known.ended()
    known.dropped()  # nothing is left of that dial
    assert known.order(ABC) == ["b", "c", "a"]


def test_of_two_that_are_mute_the_one_of_long_ago_is_first() -> None:
    known = Addresses()
    for each in ("a", "b", "a"):
        known.attempt(each)
        known.dropped()
    assert known.order(ABC) == ["c", "b", "a"]


def test_one_that_opens_a_dial_is_fresh_again() -> None:
    known = Addresses()
    known.attempt("a")
    known.dropped()
    known.order(ABC)
    known.attempt("a")
    known.reached("a")
    known.opened()
    assert known.order(ABC) == ABC


def test_one_that_answers_a_moment_too_late_is_not_mute() -> None:
    known = Addresses()
    for each in ("a", "b"):
        known.attempt(each)
    known.reached("b")
    known.reached("a")
    known.opened()
    assert known.order(ABC) == ABC


def test_another_network_has_other_addresses() -> None:
    known = Addresses()
    known.attempt("a")
    known.dropped()
    known.forget()
    assert known.order(ABC) == ABC


def test_no_more_is_remembered_than_a_name_has() -> None:
    known = Addresses()
    for number in range(1000):
        known.attempt(number)
        known.dropped()
    assert known.order([999, 1000, 0]) == [1000, 0, 999]


_CALLS = st.sampled_from(["attempt", "failed", "reached", "opened", "ended", "dropped", "forget"])


@given(st.lists(st.tuples(_CALLS, st.sampled_from(ABC)), max_size=30), st.permutations(ABC))
def test_whatever_happens_no_address_is_lost(
    calls: list[tuple[str, str]], found: list[str]
) -> None:
    known = Addresses()
    for call, address in calls:
        takes = call in {"attempt", "failed", "reached"}
        getattr(known, call)(*[address] * takes)
    assert sorted(known.order(found)) == ABC


def test_the_families_take_turns() -> None:
    found = [(10, "six"), (10, "six too"), (10, "six"), (2, "four"), (2, "four too"), (2, "more")]
    assert [each for _, each in in_turns(found)] == [
        *("six", "four", "six too", "four too", "more"),
    ]
    assert in_turns([]) == []


# In a session.


def face() -> tuple[Face, Addresses]:
    known = Addresses()
    face = Face(addresses=known)
    return face, known


def reach(known: Addresses, address: str) -> None:
    known.order(ABC)
    known.attempt(address)
    known.reached(address)


def test_a_dial_that_the_session_drops_makes_its_address_mute() -> None:
    there, known = face()
    there.feed(e.OpenRequested())
    reach(known, "a")
    while there.sockets and not there.closing:
        there.wake_up()
    assert known.order(ABC) == ["b", "c", "a"]
    there.feed(e.NetworkRestored())
    assert known.order(ABC) == ABC


def test_a_dial_that_opened_leaves_no_mark() -> None:
    there, known = face()
    there.feed(e.OpenRequested())
    reach(known, "a")
    there.feed(e.SocketOpened(1, "c-1"), e.AbortRequested())
    assert known.order(ABC) == ABC


def test_a_dial_that_was_answered_leaves_no_mark() -> None:
    there, known = face()
    there.feed(e.OpenRequested())
    reach(known, "a")
    there.lose(e.SocketLost(dial=1, status=503))
    there.feed(e.AbortRequested())
    assert known.order(ABC) == ABC
