"""Events with their times in, figures out."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from openline.updates import GapWithdrawn, PartialRetracted, State
from openline_load.figures import Call, Interval, Outcome, quantile, spread
from openline_load.own import Own
from tests.load.support import call, change, ended, final, gap


def test_a_call_that_goes_well() -> None:
    made = call((0.1, 0.25), due=5.0)
    assert made.connect == Interval(5.0, 5.01)
    assert made.ack is not None
    assert made.ack.seconds == pytest.approx(0.03)
    assert made.first_words == Interval(5.0, 7.1)
    assert [lag.seconds for lag in made.final_lags] == pytest.approx([0.1, 0.25])
    assert (made.outcome, made.reason, made.audio, made.lost) == (
        *(Outcome.COMPLETE, "finished"),
        *(4.0, 0.0),
    )
    assert (made.dials, made.reconnects, made.refusals, made.losses) == (1, 0, 0, [])


def test_a_line_that_is_lost_is_a_reconnect_and_its_next_dial_no_second_first() -> None:
    made = Call(1, 0.0)
    for state, at in (
        (State.CONNECTING, 0.0), (State.AWAITING_ACK, 0.1), (State.STREAMING, 0.2),
        (State.RECONNECTING, 3.0), (State.CONNECTING, 4.0),
    ):  # fmt: skip
        made.update(change(state), at)
    made.opened(4.5)
    assert made.connect == Interval(4.0, 4.5)  # the first that opened
    made.update(change(State.AWAITING_ACK, 2), 4.5)
    made.asked(4.6)
    made.update(change(State.FINISHING, 2), 4.7)
    made.opened(9.0)
    assert made.connect == Interval(4.0, 4.5)
    assert made.ack is None  # the first that was acknowledged had no start
    assert made.acked_at == 0.2
    assert (made.reconnects, made.refusals, made.losses, made.dials) == (1, 0, [3.0], 2)
    assert made.is_live
    made.update(ended(dials=2), 5.0)
    assert not made.is_live


def test_a_dial_that_ends_before_its_ack_is_a_refusal() -> None:
    made = Call(1, 0.0)
    for state, at in (
        (State.CONNECTING, 0.0), (State.RECONNECTING, 1.0),
        (State.CONNECTING, 2.0), (State.AWAITING_ACK, 2.1), (State.FAILED, 7.0),
    ):  # fmt: skip
        made.update(replace(change(state), reason=f"busy at {at}"), at)
    assert (made.reconnects, made.refusals, made.losses) == (0, 2, [1.0, 7.0])
    assert made.first_refusal == "busy at 1.0"


def test_a_line_that_is_lost_for_good_is_no_reconnect() -> None:
    made = Call(1, 0.0)
    for state, at in ((State.CONNECTING, 0.0), (State.STREAMING, 0.1), (State.FAILED, 1.0)):
        made.update(change(state), at)
    assert (made.reconnects, made.refusals, made.losses) == (0, 0, [1.0])


def test_gaps_add_up_until_the_end_says_what_is_missing() -> None:
    made = Call(1, 0.0)
    made.update(gap(1.0), 1.0)
    made.update(gap(0.5), 2.0)
    made.update(GapWithdrawn(gap=gap(1.0)), 3.0)
    assert made.lost == 0.5
    made.update(ended(gap(0.25), reason="0.25 s are missing"), 4.0)
    assert (made.lost, made.outcome, made.reason) == (
        *(0.25, Outcome.INCOMPLETE),
        "0.25 s are missing",
    )
    assert made.failed


def test_words_count_when_the_backend_will_not_change_them() -> None:
    made = Call(1, 0.0, speed=2.0)
    made.update(final(2.0, "1.1.0"), 0.5)  # before the caller has said anything: no one's
    made.talked(1.0)
    made.update(final(3.0, is_final=False), 2.0)
    assert made.first_words == Interval(1.0, 2.0)
    assert made.final_lags == []
    made.update(final(4.0, "1.1.1", is_final=False, settled=True), 3.5)
    made.update(PartialRetracted(source="mic"), 3.6)
    made.update(final(4.0, "1.1.1"), 6.0)  # proved now: it has come before
    made.update(final(4.0, "1.1.1.2"), 6.0)  # a part of it
    made.update(final(8.0, "1.1.2"), 5.5)
    assert made.final_lags == [Interval(3.0, 3.5), Interval(5.0, 5.5)]
    assert made.lags_since(5.5) == [0.5]
    assert made.lags_since(0.0) == [0.5, 0.5]


@pytest.mark.parametrize(
    ("end", "handed_over"),
    [(0.5, 0.9), (0.9, 0.9), (0.90001, 0.9), (0.901, 1.8), (2.0, 2.0), (2.3, 2.3)],
)
def test_a_lag_begins_when_the_frame_with_the_audio_is_due(end: float, handed_over: float) -> None:
    """The last frame is a short one; an end behind all audio is the backend's own claim."""
    made = Call(1, 0.0, speed=2.0)
    made.talked(1.0, frame=14_400, length=32_000)
    made.update(final(end, "1.1.1"), 9.0)
    assert made.final_lags[0].start == pytest.approx(1.0 + handed_over / 2)


def test_a_caller_that_leaves_has_not_failed() -> None:
    made = Call(1, 0.0)
    made.update(gap(0.5), 0.5)
    made.left()
    for update in (gap(1.0), GapWithdrawn(gap=gap(0.1)), ended(gap(1.0), reason="aborted")):
        made.update(update, 1.0)
    assert (made.outcome, made.failed, made.lost) == (Outcome.LEFT, False, 0.5)


def test_an_interruption_does_not_touch_what_has_ended() -> None:
    made, other = call(), Call(2, 0.0)
    for each in (made, other):
        each.interrupted(9.0)
    assert (made.outcome, other.outcome, other.ended_at) == (
        *(Outcome.COMPLETE, Outcome.CUT_SHORT),
        9.0,
    )


@given(st.lists(st.floats(-1, 1e6), min_size=1), st.floats(0, 1))
def test_a_quantile_is_a_value_that_was_measured(values: list[float], share: float) -> None:
    ordered = sorted(values)
    found = quantile(ordered, share)
    assert found in ordered
    assert sum(each <= found for each in ordered) >= share * len(ordered)
    assert sum(each < found for each in ordered) <= math.ceil(share * len(ordered))


LAGS = st.lists(st.floats(0, 10), min_size=1, max_size=50)


@given(LAGS, LAGS)
def test_a_spread_is_of_all_and_not_of_means(first: list[float], second: list[float]) -> None:
    calls = [call(tuple(first)), call(tuple(second), number=2, due=3.0)]
    found = spread([lag for each in calls for lag in each.final_lags], Own())
    assert found is not None
    ordered = sorted(first + second)
    assert found.count == len(ordered)
    assert found.most == pytest.approx(ordered[-1])
    assert found.p50 == pytest.approx(ordered[math.ceil(len(ordered) / 2) - 1], abs=1e-9)
    assert found.p50 <= found.p95 <= found.p99 <= found.most
    assert found.flagged == 0


def test_a_spread_counts_what_may_be_our_own() -> None:
    own = Own()
    own.frame(2.0, 2.1)
    found = spread(call((0.1, 0.1)).final_lags, own)
    assert found is not None
    assert found.flagged == 1
    assert spread([], own) is None


@given(st.floats(0, 100), st.floats(0.1, 4), st.lists(st.floats(0.1, 60), min_size=1))
def test_a_lag_is_reckoned_from_when_the_audio_was_captured(
    start: float, speed: float, ends: list[float]
) -> None:
    """A backend that answers everything at the end makes each final late, the first the most."""
    made = Call(1, start, speed)
    made.talked(start)
    told_at = start + 100
    for place, end in enumerate(sorted(ends)):
        made.update(final(end, f"1.1.{place}"), told_at)
    expected = [100 - end / speed for end in sorted(ends)]
    assert [lag.seconds for lag in made.final_lags] == pytest.approx(expected)
