"""What becomes of a capture when its device goes, stalls, or comes back; on a clock of numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openline_audio.device_machine import (
    FIRST_BLOCK,
    RETRY,
    STALL,
    Action,
    Changed,
    Close,
    DeviceMachine,
    Fail,
    Held,
    Hole,
    Open,
    Pass,
    Phase,
)
from openline_audio.devices import (
    Captured,
    Device,
    DevicePolicy,
    Fact,
    Listed,
    Lost,
    Opened,
    Suspended,
    Tick,
)
from tests.support_profiles import some

BLOCK = 0.02


def device(name: str, **given: object) -> Device:
    return Device(name=name, description=name, rate=48_000, channels=2, **given)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


USB = device("usb", is_default=True, number=1)
DESK = device("desk", number=2)
SPEAKERS = device("speakers.monitor", is_monitor=True, is_default=True, number=3)
ALL = (USB, DESK, SPEAKERS)


class Play:
    """A machine, its clock, and what it did."""

    def __init__(
        self,
        policy: DevicePolicy = DevicePolicy.HOLD,
        chosen: Device = USB,
        *,
        is_named: bool = False,
        is_watched: bool = True,
    ) -> None:
        self.now = 0.0
        self.machine = DeviceMachine(policy, chosen, is_named=is_named, is_watched=is_watched)
        self.done: list[Action] = []
        self.stream = 0
        self.end = 0.0  # of the last block
        self.take(self.machine.start(0.0))
        if is_watched:
            self.feed(Listed(ALL))

    def take(self, actions: Sequence[Action]) -> list[Action]:
        for action in actions:
            if isinstance(action, Open):
                self.stream = action.stream
        self.done += actions
        return list(actions)

    def feed(self, fact: Fact, after: float = 0.0) -> list[Action]:
        self.now += after
        return self.take(self.machine.receive(fact, self.now))

    def hear(self, after: float = BLOCK) -> list[Action]:
        """A block of 20 ms comes ``after`` the fact before."""
        return self.feed(Captured(self.stream, b"", BLOCK, self.now + after), after)

    def capture(self) -> Play:
        self.feed(Opened(self.stream))
        self.hear()
        self.hear()
        return self

    def wait(self) -> list[Action]:
        """Time runs to the deadline."""
        return self.feed(Tick(), self.machine.deadline - self.now)

    def unplug(self, *left: Device, after: float = 0.0) -> list[Action]:
        """The stream is ended, and a list without the device follows."""
        actions = self.feed(Lost(self.stream, f"{USB.name} went away"), after)
        return actions + self.feed(Listed(left))


def passed(block: Action, device: Device = USB) -> bool:
    return isinstance(block, Pass) and block.device == device


def test_audio_is_passed_on() -> None:
    play = Play()
    assert play.done == [Open(1, USB)]
    play.feed(Opened(1))
    [first] = play.hear(1.9)
    [second] = play.hear()
    assert passed(first)
    assert passed(second)
    assert play.machine.phase is Phase.CAPTURING


def test_the_first_audio_may_take_5_s_and_later_audio_2_s() -> None:
    play = Play()
    play.feed(Opened(1))
    assert play.machine.deadline == FIRST_BLOCK == 5.0
    play.hear(4.99)
    assert play.machine.deadline == pytest.approx(play.now + STALL)
    assert STALL == 2.0


def test_a_device_that_is_unplugged_is_held_and_the_hole_is_the_time_without_audio() -> None:
    play = Play().capture()
    assert play.unplug(DESK, SPEAKERS, after=0.01) == [
        Close(1),
        Held("usb", "usb went away; waiting for it"),
    ]
    assert play.machine.deadline == pytest.approx(play.now + RETRY)
    assert play.wait() == []
    assert play.machine.deadline == math.inf, "the list will say so"
    again = replace(USB, number=9)
    assert play.feed(Listed((DESK, again, SPEAKERS)), 1.23) == [Open(2, again)]
    play.feed(Opened(2))
    hole, changed, block = play.hear(0.06)
    # 0.01 s until the loss, 1 s to the retry, 1.23 s, and 0.06 s less the length of the block
    assert hole == Hole(round((0.01 + 1 + 1.23 + 0.06 - BLOCK) * 16_000))
    assert changed == Changed("usb", "it gives audio again after 2.3 s")
    assert passed(block, again)


def test_a_list_says_it_before_the_stream_does() -> None:
    play = Play().capture()
    assert play.feed(Listed((DESK, SPEAKERS))) == [
        Close(1),
        Held("usb", "usb went away; waiting for it"),
    ]
    assert play.feed(Lost(1, "usb went away")) == [], "it is of an earlier stream"
    assert play.feed(Listed(ALL)) == [Open(2, USB)], "even by the same number"


def test_a_list_that_is_older_than_the_loss_opens_nothing() -> None:
    play = Play().capture()
    assert play.feed(Lost(1, "usb went away"))[-1] == Held("usb", "usb went away; waiting for it")
    assert play.feed(Listed(ALL)) == []
    assert play.wait() == [Open(2, USB)], "a retry does"
    assert play.feed(Lost(2, "usb went away")) == [Close(2)], "and says nothing anew"


def test_a_device_that_is_back_at_once_is_opened_at_once_and_nothing_is_told() -> None:
    play = Play().capture()
    again = replace(USB, number=9)
    play.feed(Listed((DESK, again)))
    assert play.done[-2:] == [Close(1), Open(2, again)]
    hole, block = play.hear(0.05)
    assert hole == Hole(round(0.03 * 16_000))
    assert passed(block, again)


def test_nothing_of_an_earlier_stream_is_passed_on() -> None:
    play = Play().capture()
    play.unplug(DESK, SPEAKERS)
    assert play.feed(Captured(1, b"", BLOCK, play.now)) == []
    play.feed(Listed((USB,)))
    assert play.feed(Captured(1, b"", BLOCK, play.now)) == []
    assert play.feed(Suspended(1, is_suspended=True)) == []


def test_a_stall_is_held_and_the_device_is_tried_again() -> None:
    play = Play().capture()
    assert play.wait() == [Close(1), Held("usb", "usb has given no sound for 2 s; waiting for it")]
    assert play.wait() == [Open(2, USB)]
    assert play.wait() == [Close(2)]
    assert play.wait() == [Open(3, USB)]
    hole, changed, _ = play.hear(1.0)
    assert hole == Hole(round((2 + 1 + 5 + 1 + 1 - BLOCK) * 16_000))
    assert changed == Changed("usb", "it gives audio again after 10.0 s")


def test_a_device_that_gives_nothing_from_the_start_is_held_and_makes_no_hole() -> None:
    play = Play()
    play.feed(Opened(1))
    assert play.wait() == [Close(1), Held("usb", "usb has given no sound for 5 s; waiting for it")]
    assert play.machine.finish(play.now) == []
    play.wait()
    changed, block = play.hear(2.0)
    assert changed == Changed("usb", "it gives audio again")
    assert passed(block)


def test_a_suspension_is_held_and_goes_on_by_the_same_stream() -> None:
    play = Play().capture()
    assert play.feed(Suspended(1, is_suspended=True)) == [Held("usb", "usb is suspended")]
    assert play.machine.deadline == math.inf
    assert play.feed(Suspended(1, is_suspended=False), 60.0) == []
    assert play.machine.deadline == play.now + FIRST_BLOCK
    hole, changed, block = play.hear(0.1)
    assert hole == Hole(round((60.1 - BLOCK) * 16_000))
    assert changed == Changed("usb", "it gives audio again after 60.1 s")
    assert passed(block)


def test_a_suspended_device_may_be_opened_and_is_not_lost() -> None:
    play = Play()
    play.feed(Suspended(1, is_suspended=True))
    play.feed(Opened(1))
    assert play.wait() == [Held("usb", "usb is suspended")]
    play.feed(Suspended(1, is_suspended=False), 30.0)
    assert play.hear(2.4)[0] == Changed("usb", "it gives audio again")


def test_a_device_that_gives_nothing_after_a_suspension_is_tried_again() -> None:
    play = Play().capture()
    play.feed(Suspended(1, is_suspended=True))
    play.feed(Suspended(1, is_suspended=False))
    assert play.wait() == [Close(1)]
    assert play.wait() == [Open(2, USB)]


def test_the_death_of_the_server_is_held_until_it_lists_the_device_again() -> None:
    play = Play().capture()
    assert play.feed(Listed((), "the sound server went away"))[-1] == Held(
        "usb", "the sound server went away; waiting for it"
    )
    assert play.wait() == []
    assert play.feed(Listed(ALL), 3.0) == [Open(2, USB)]


def test_another_default_changes_nothing_where_the_device_is_held() -> None:
    play = Play().capture()
    assert play.feed(Listed((replace(USB, is_default=False), replace(DESK, is_default=True)))) == []


def test_follow_goes_on_with_the_default_and_says_so() -> None:
    play = Play(DevicePolicy.FOLLOW).capture()
    desk = replace(DESK, is_default=True)
    assert play.feed(Listed((desk, SPEAKERS))) == [Close(1), Open(2, desk)]
    hole, changed, block = play.hear(0.5)
    assert hole == Hole(round(0.48 * 16_000))
    assert changed == Changed("desk", "instead of usb")
    assert passed(block, desk)
    assert play.feed(Listed((USB, replace(desk, is_default=False)))) == [Close(2), Open(3, USB)]


def test_follow_goes_with_a_new_default_though_the_old_device_is_there() -> None:
    play = Play(DevicePolicy.FOLLOW).capture()
    desk = replace(DESK, is_default=True)
    assert play.feed(Listed((replace(USB, is_default=False), desk))) == [Close(1), Open(2, desk)]


def test_follow_takes_any_of_the_kind_where_the_default_is_none() -> None:
    play = Play(DevicePolicy.FOLLOW).capture()
    assert play.feed(Listed((SPEAKERS, DESK))) == [Close(1), Open(2, DESK)]


def test_follow_waits_where_there_is_only_a_monitor() -> None:
    play = Play(DevicePolicy.FOLLOW).capture()
    actions = play.feed(Listed((SPEAKERS,)))
    assert actions == [Close(1), Held("usb", "usb went away; waiting for it")]
    assert play.feed(Listed((SPEAKERS, DESK))) == [Open(2, DESK)]
    assert play.hear(0.5)[1] == Changed("desk", "instead of usb")


def test_follow_stays_with_a_device_that_was_named_and_returns_to_it() -> None:
    play = Play(DevicePolicy.FOLLOW, DESK, is_named=True).capture()
    assert play.feed(Listed(ALL)) == [], "the default is another one"
    assert play.feed(Listed((USB,))) == [Close(1), Open(2, USB)]
    play.hear()
    assert play.feed(Listed((USB, DESK))) == [Close(2), Open(3, DESK)]


def test_system_audio_follows_monitors_alone() -> None:
    hdmi = device("hdmi.monitor", is_monitor=True, number=7)
    play = Play(DevicePolicy.FOLLOW, SPEAKERS).capture()
    assert play.feed(Listed((USB, DESK, hdmi))) == [Close(1), Open(2, hdmi)]


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        (Lost(1, "usb went away"), "usb went away"),
        (Listed((DESK,)), "usb went away"),
        (Suspended(1, is_suspended=True), "usb is suspended"),
        (Tick(), "usb has given no sound for 2 s"),
    ],
)
def test_fail_loses_the_source_by_anything(fact: Fact, reason: str) -> None:
    play = Play(DevicePolicy.FAIL).capture()
    assert play.feed(fact, STALL if isinstance(fact, Tick) else 0.0) == [Close(1), Fail(reason)]
    assert play.feed(Listed(ALL)) == []
    assert play.hear() == []
    assert play.machine.deadline == math.inf


@pytest.mark.parametrize("policy", DevicePolicy)
def test_a_device_that_never_opened_is_a_mistake_to_report(policy: DevicePolicy) -> None:
    play = Play(policy)
    assert play.feed(Lost(1, "no such entity")) == [Close(1), Fail("no such entity")]


def test_where_nobody_watches_the_device_is_tried_each_second() -> None:
    play = Play(is_watched=False).capture()
    assert play.feed(Lost(1, "usb went away")) == [
        Close(1),
        Held("usb", "usb went away; waiting for it"),
    ]
    for stream in (2, 3, 4):
        assert play.wait() == [Open(stream, USB)]
        assert play.feed(Lost(stream, "no such device")) == [Close(stream)]
    play.wait()
    assert isinstance(play.hear()[0], Hole)


def test_a_list_that_still_has_what_was_lost_long_ago_is_tried_after_a_second() -> None:
    play = Play().capture()
    play.machine.receive(Lost(1, "usb went away"), play.now)
    play.machine.deadline = math.inf
    play.feed(Listed(ALL))
    assert play.machine.deadline == play.now + RETRY


def test_audio_that_was_lost_in_the_stream_is_a_hole_before_what_follows() -> None:
    play = Play().capture()
    hole, block = play.feed(Captured(1, b"", BLOCK, play.now + 0.12, missing=0.1), 0.12)
    assert hole == Hole(1_600)
    assert passed(block)


def test_a_stop_while_the_device_is_away_ends_with_a_hole() -> None:
    play = Play().capture()
    assert play.machine.finish(play.now + 0.01) == [], "nothing is missing"
    play.unplug()
    assert play.machine.finish(play.now + 3.0) == [Hole(48_000)]
    assert play.machine.finish(play.now + 3.0) == [], "once"


def test_an_early_tick_changes_nothing() -> None:
    play = Play().capture()
    assert play.feed(Tick(), 1.9) == []


# Anything, in any order.

DEVICES = st.lists(
    st.sampled_from([USB, replace(USB, number=8), DESK, replace(DESK, is_default=True), SPEAKERS]),
    unique_by=lambda each: each.name,
).map(tuple)
STEPS = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.01, 0.02, 0.5, 1.0, 2.5, 6.0]),
        st.one_of(
            st.just("hear"),
            st.just("hear"),
            st.just("late audio"),
            st.just("open"),
            st.just("lose"),
            st.just("tick"),
            st.just("tick"),
            st.booleans(),
            DEVICES,
        ),
    ),
    max_size=40,
)


Step = tuple[float, "str | bool | tuple[Device, ...]"]


def play_step(play: Play, after: float, what: str | bool | tuple[Device, ...]) -> None:
    """Blocks of a stream that captures follow each other without a break."""
    match what:
        case "hear":
            at = play.now + after
            long = at - play.end if play.machine.phase is Phase.CAPTURING else min(BLOCK, after)
            play.feed(Captured(play.stream, b"", long, at), after)
            play.end = at
        case "late audio":
            assert play.feed(Captured(play.stream - 1, b"", BLOCK, play.now + after), after) == []
        case "open":
            play.feed(Opened(play.stream), after)
        case "lose":
            play.feed(Lost(play.stream, "lost"), after)
        case bool():
            play.feed(Suspended(play.stream, what), after)
        case str():
            play.feed(Tick(), after)
        case devices:
            play.feed(Listed(devices), after)


class Rules:
    """What holds for the actions in their order; ``seconds``: of audio and holes so far."""

    def __init__(self, policy: DevicePolicy, chosen: Device) -> None:
        self.policy, self.chosen = policy, chosen
        self.seconds, self.live, self.is_told, self.is_over = 0.0, 0, False, False

    def check(self, action: Action) -> None:
        assert not self.is_over, "nothing follows a loss"
        match action:
            case Open(stream, opened):
                assert stream == self.live + 1, "each stream has its own number"
                self.live = stream
                assert opened.is_monitor is self.chosen.is_monitor, "a monitor is no microphone"
                assert self.policy is DevicePolicy.FOLLOW or opened.name == self.chosen.name
            case Close(stream):
                assert stream == self.live, "one stream at a time"
            case Pass(audio, source):
                assert audio.stream == self.live
                assert source.is_monitor is self.chosen.is_monitor
                assert not self.is_told, "it is said before there is audio"
                self.seconds += audio.seconds
            case _:
                self.check_report(action)

    def check_report(self, action: Action) -> None:
        match action:
            case Hole(samples):
                self.seconds += samples / 16_000
            case Held():
                assert self.policy is not DevicePolicy.FAIL
                assert not self.is_told, "once"
                self.is_told = True
            case Changed():
                self.is_told = False
            case _:
                assert self.policy is DevicePolicy.FAIL or self.seconds == 0
                self.is_over = True


@settings(max_examples=some(400))
@given(
    policy=st.sampled_from(DevicePolicy),
    chosen=st.sampled_from([USB, DESK, SPEAKERS]),
    is_named=st.booleans(),
    steps=STEPS,
)
def test_no_order_of_facts_mixes_devices_or_loses_time(
    policy: DevicePolicy, chosen: Device, steps: list[Step], *, is_named: bool
) -> None:
    play, rules = Play(policy, chosen, is_named=is_named), Rules(policy, chosen)
    began: float | None = None
    for after, what in steps:
        play_step(play, after, what)
        for action in play.done:
            rules.check(action)
            if began is None and isinstance(action, Pass):
                began = play.now - action.audio.seconds
        play.done.clear()
    for action in () if rules.is_over else play.machine.finish(play.now):
        rules.check(action)
    if began is not None and not rules.is_over and play.machine.phase is not Phase.CAPTURING:
        assert rules.seconds == pytest.approx(play.now - began, abs=1e-3), "no time is lost"
