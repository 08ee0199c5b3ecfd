"""An invalid policy is refused when it is created; the error names the field."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import msgspec
import pytest

from openline.audio.backlog import FRAME_SAMPLES
from openline.dialects.echopanel import TRAITS
from openline.dialects.traits import Ends, Traits
from openline.policy import FRAME_SECONDS, MAX_DIALS_PER_MINUTE, Policy
from openline.updates import SAMPLE_RATE

#: Field → its default in the design.
DESIGN = {
    "start_delay": None,
    "auth_timeout": 30.0,
    "connect_timeout": 10.0,
    "ack_timeout": 8.0,
    "ping_interval": 5.0,
    "pong_timeout": 5.0,
    "send_timeout": 5.0,
    "stall_timeout": 15.0,
    "proof_timeout": 15.0,
    "backoff_first": 1.0,
    "backoff_cap": 10.0,
    "stable_after": 10.0,
    "prompt_retry": 0.25,
    "scatter": 5.0,
    "later_floor": 5.0,
    "dials_per_minute": 15,
    "max_redirects": 10,
    "max_attempts": None,
    "give_up_after": 300.0,
    "first_contact": 15.0,
    "source_timeout": 10.0,
    "finish_timeout": 20.0,
    "close_timeout": 5.0,
    "buffer_seconds": None,
    "memory_seconds": None,
    "behind_after": 10.0,
    "careful_seams": False,
}
FLAGS = ["careful_seams"]
COUNTS = ["dials_per_minute", "max_redirects", "max_attempts"]
DURATIONS = sorted(set(DESIGN) - set(COUNTS) - set(FLAGS))
MAY_BE_ZERO = [
    "start_delay",
    "prompt_retry",
    "scatter",
    "later_floor",
    "give_up_after",
    "first_contact",
]

MAY_BE_NONE = {
    "start_delay": "the dialect's",
    "give_up_after": "no limit",
    "source_timeout": "no limit",
    "buffer_seconds": "the dialect's need",
    "memory_seconds": "buffer_seconds",
}


def policy(**fields: Any) -> Policy:
    return Policy(**fields)


def test_the_defaults_are_those_of_the_design() -> None:
    assert dataclasses.asdict(Policy()) == DESIGN


def test_a_stall_is_no_shorter_than_the_wait_for_metrics() -> None:
    assert Policy(stall_timeout=5.1).stall_timeout == 5.1
    with pytest.raises(ValueError, match=r"^Policy.stall_timeout is 5: give more than 5"):
        Policy(stall_timeout=5.0)


def test_memory_has_room_for_a_frame() -> None:
    assert FRAME_SECONDS == FRAME_SAMPLES / SAMPLE_RATE
    assert Policy(buffer_seconds=FRAME_SECONDS).buffer_seconds == FRAME_SECONDS
    with pytest.raises(ValueError, match=r"^Policy.buffer_seconds is 0.019: give 0.02 or more"):
        Policy(buffer_seconds=0.019)


@pytest.mark.parametrize(
    ("without_limit", "name"),
    [("give_up_after", "finish_timeout"), ("source_timeout", "buffer_seconds")],
)
def test_a_field_without_a_limit_does_not_excuse_the_next(without_limit: str, name: str) -> None:
    with pytest.raises(ValueError, match=rf"^Policy\.{name} is -1: give seconds"):
        policy(**{without_limit: None, name: -1})


def test_a_policy_is_frozen() -> None:
    made = Policy()
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.ack_timeout = 1.0  # type: ignore[misc] # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("name", DURATIONS)
@pytest.mark.parametrize(
    "value", [-1, -0.001, math.inf, -math.inf, math.nan, 10**400, 1.1e9, True, "5", None, [5.0]]
)
def test_a_duration_is_a_number_of_seconds(name: str, value: object) -> None:
    if value is None and name in MAY_BE_NONE:
        assert getattr(policy(**{name: None}), name) is None
        return
    least = "0 or more" if name in MAY_BE_ZERO else "more than 0"
    never = f", or None for {MAY_BE_NONE[name]}" if name in MAY_BE_NONE else ""
    told = rf"^Policy\.{name} is .*: give seconds, {least} and at most 1e9{never}$"
    with pytest.raises(ValueError, match=told):
        policy(**{name: value})


@pytest.mark.parametrize("name", sorted(set(DURATIONS) - set(MAY_BE_ZERO)))
@pytest.mark.parametrize("zero", [0, 0.0])
def test_a_timeout_of_zero_is_refused(name: str, zero: float) -> None:
    with pytest.raises(ValueError, match=rf"^Policy\.{name} is 0.*: give seconds, more than 0 "):
        policy(**{name: zero})


@pytest.mark.parametrize("name", MAY_BE_ZERO)
def test_a_delay_may_be_zero(name: str) -> None:
    assert getattr(policy(**{name: 0}), name) == 0


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("value", [2.5, 3.0, "3", True, math.nan, math.inf])
def test_a_count_is_a_whole_number(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=rf"^Policy\.{name} is .*: give a whole number"):
        policy(**{name: value})


@pytest.mark.parametrize("name", ["dials_per_minute", "max_redirects"])
def test_only_the_attempts_may_be_unlimited(name: str) -> None:
    assert policy(max_attempts=None).max_attempts is None
    with pytest.raises(ValueError, match=rf"^Policy\.{name} is None"):
        policy(**{name: None})


@pytest.mark.parametrize("value", [0, -1, MAX_DIALS_PER_MINUTE + 1, 10**9])
def test_more_than_fifteen_dials_a_minute_are_refused(value: int) -> None:
    with pytest.raises(ValueError, match=r"^Policy\.dials_per_minute is .*: give 1 to 15$"):
        policy(dials_per_minute=value)


@pytest.mark.parametrize("value", [1, 15])
def test_fewer_dials_are_fine(value: int) -> None:
    assert policy(dials_per_minute=value).dials_per_minute == value


@pytest.mark.parametrize("name", ["max_attempts", "max_redirects"])
def test_a_count_below_zero_is_refused_and_zero_is_not(name: str) -> None:
    assert getattr(policy(**{name: 0}), name) == 0
    with pytest.raises(ValueError, match=rf"^Policy\.{name} is -1: give .*>= 0$"):
        policy(**{name: -1})


def test_the_backoffs_cap_is_not_below_its_first_delay() -> None:
    assert policy(backoff_first=3, backoff_cap=3).backoff_cap == 3
    with pytest.raises(ValueError, match=r"^Policy\.backoff_cap"):
        policy(backoff_first=3, backoff_cap=2.9)


class TestBuffer:
    """It covers the longest undetected outage: horizon + ping + pong + connect + ack."""

    def test_the_defaults_fit_a_horizon_of_fifteen_seconds(self) -> None:
        Policy().check_buffer(15.0)

    def test_the_need_is_exact(self) -> None:
        exact = policy(
            ping_interval=1, pong_timeout=2, connect_timeout=3, ack_timeout=4, buffer_seconds=25
        )
        exact.check_buffer(15.0)
        with pytest.raises(ValueError, match=r"^Policy\.buffer_seconds is 25: .* at least 25\.5 "):
            exact.check_buffer(15.5)

    def test_the_default_is_the_need_and_twenty_seconds(self) -> None:
        """From a minute on; and two horizons where silence is assumed after one."""
        exact = Traits(sources=("mic",), horizon=15.0, ends=Ends.EXACT)
        assert policy().buffer_of(exact) == 15 + 5 + 5 + 10 + 8 + 20
        assert policy(connect_timeout=1, ping_interval=1).buffer_of(exact) == 60
        assert policy().buffer_of(TRAITS) == TRAITS.lag + 48
        assert policy(buffer_seconds=90).buffer_of(exact) == 90
        slow = msgspec.structs.replace(exact, horizon=100.0)
        assert policy().buffer_of(slow) == 148
        assert policy().buffer_of(msgspec.structs.replace(slow, proves_silence=False)) == 200

    def test_the_default_fits_any_dialect(self) -> None:
        policy(ping_interval=40.0).check_buffer(1000.0)

    @pytest.mark.parametrize(
        "field", ["ping_interval", "pong_timeout", "connect_timeout", "ack_timeout"]
    )
    def test_each_of_the_timeouts_counts(self, field: str) -> None:
        with pytest.raises(ValueError, match=r"^Policy\.buffer_seconds is 60"):
            policy(**{field: 40.0}, buffer_seconds=60).check_buffer(15.0)


def test_a_disabled_limit_hides_no_other() -> None:
    with pytest.raises(ValueError, match=r"^Policy\.buffer_seconds"):
        policy(give_up_after=None, source_timeout=None, buffer_seconds=-1)


def test_the_longest_of_all_durations() -> None:
    assert policy(finish_timeout=1e9).finish_timeout == 1e9
    with pytest.raises(ValueError, match=r"^Policy\.finish_timeout"):
        policy(finish_timeout=math.nextafter(1e9, math.inf))
