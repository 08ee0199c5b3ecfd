"""The driver's time: never backwards, and a timer that fires early still fires."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline import events as e
from openline.observer import Observer
from openline.updates import State
from openline_driver import facts as f
from tests.driver.model import HASTY, Face


class Times(Observer):
    """Notes the time of each event and pull."""

    __slots__ = ("seen",)

    def __init__(self) -> None:
        self.seen: list[float] = []

    def on_event(self, event: e.Event, now: float) -> None:
        self.seen.append(now)

    def on_pull(self, outgoing: object, now: float) -> None:
        self.seen.append(now)


@given(
    st.lists(
        st.tuples(
            st.floats(-5, 5),
            st.sampled_from(["feed", "post", "pull", "woke", "stale", "early"]),
        ),
        max_size=60,
    )
)
def test_time_never_runs_backwards_with_any_clock(moves: list[tuple[float, str]]) -> None:
    times = Times()
    face = Face(times, policy=HASTY)
    face.feed(e.OpenRequested())
    highest, due = 0.0, 0.0
    for by, how in moves:
        deadline = face.driver.deadline()
        face.clock.now += by
        highest = max(highest, face.clock.now)
        match how:
            case "feed":
                face.feed(e.AudioCaptured("mic", bytes(640)))
            case "post":
                face.driver.post(e.AudioCaptured("mic", bytes(640)))
                face.drain()
            case "pull":
                face.driver.pull()
            case "stale":  # the awaited deadline has moved
                face.feed(f.Woke(highest + 1e6))
                due = max(due, deadline or 0.0)
            case _ if deadline is not None:
                face.clock.now = deadline - (0.015 if how == "early" else 0.0)
                highest = max(highest, face.clock.now)
                due = max(due, deadline)
                face.feed(f.Woke(deadline))
            case _:
                pass
    assert times.seen == sorted(times.seen)
    # Time never runs ahead of both the clock and a deadline that was due.
    assert all(now <= max(highest, due) for now in times.seen)


@pytest.mark.parametrize("early", [0.0, 1e-9, 0.001, 0.015])
def test_early_wake_up_fires_the_timer(early: float) -> None:
    face = Face()
    face.feed(e.OpenRequested())
    deadline = face.driver.deadline()
    while face.driver.state is State.CONNECTING:
        face.wake_up(early)
    assert deadline is not None
    assert face.driver.state is State.RECONNECTING
    assert face.clock.now == deadline - early


def test_time_is_the_deadlines_until_the_clock_catches_up() -> None:
    times = Times()
    face = Face(times)
    face.feed(e.OpenRequested())
    deadline = face.driver.deadline()
    assert deadline is not None
    face.wake_up(early=0.01)
    face.feed(e.AudioCaptured("mic", bytes(2)))
    face.clock.now += 0.5
    face.feed(e.AudioCaptured("mic", bytes(2)))
    assert times.seen[-3:] == [deadline, deadline, deadline + 0.49]


def test_wake_up_without_a_deadline_is_a_tick() -> None:
    times = Times()
    face = Face(times)
    face.feed(f.Woke(100.0))
    assert times.seen == [0.0]


def test_wake_up_for_a_deadline_that_has_moved_takes_the_earlier_time() -> None:
    """The face was woken for 5.0; meanwhile the next deadline is another."""
    times = Times()
    face = Face(times)
    face.feed(e.OpenRequested())
    deadline = face.driver.deadline()
    assert deadline is not None
    face.feed(f.Woke(deadline / 2))
    assert times.seen[-1] == deadline / 2
    assert face.driver.deadline() == deadline
