"""Live audio that goes straight through, and what stops it.

``tests/properties/test_relay.py`` compares it with the long way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from openline import events as e
from openline.commands import Outgoing, SendBytes, SendPing
from openline.dialects.echopanel import EchoPanel
from openline.dialects.protocol import Encoded, Memory
from openline.dialects.traits import AudioForm, Drain, Encoding
from openline.machine.table import Transition
from openline.machine.timers import Timer
from openline.observer import Observer
from openline.policy import Policy
from openline.session import LocalProtocolError
from tests.core.driver import FRAME, Drive, pcm
from tests.core.formed_toy import Toy, messages

HEADER = b"EP\x01\x01"


def flowing(**options: Any) -> Drive:
    """A line that streams and has sent one frame."""
    drive = Drive(**options).stream()
    drive.audio()
    drive.drain()
    return drive


def relay(drive: Drive, samples: int = FRAME, peak: int | None = None) -> bytes | None:
    return drive.core.relay("mic", pcm(samples), drive.now, peak)


def test_a_live_frame_is_captured_encoded_and_sent_at_once() -> None:
    drive = flowing()
    assert relay(drive) == HEADER + pcm(FRAME)
    mic = drive.core.statistics.sources["mic"]
    assert (mic.captured, mic.sent) == (2 * FRAME, 2 * FRAME)
    assert drive.pull() is None


def test_a_relayed_frame_is_sent_again_on_the_next_dial() -> None:
    drive = flowing()
    relay(drive)
    drive.lose()
    drive.redial()
    drive.connect()
    drive.drain()
    assert drive.frames(dial=2) == 2


def until_a_ping(drive: Drive) -> int:
    """Relay until a ping is to be pulled; how many messages went."""
    relayed = 0
    while not drive.core.wants_pull:
        assert relay(drive) is not None
        relayed += 1
    return relayed


def test_a_ping_follows_the_frame_that_makes_it_due() -> None:
    drive = flowing()
    assert until_a_ping(drive) == 24  # half a second after the first ping, less the first frame
    assert relay(drive) is None
    assert isinstance(drive.pull(), SendPing)
    assert not drive.core.wants_pull
    assert relay(drive) is None  # until the ping is out
    assert drive.pull() is None
    assert relay(drive) is not None


def test_a_ping_that_is_due_is_seen_by_an_observer_that_wants_no_audio() -> None:
    deaf = Deaf()
    drive = flowing(observers=[deaf])
    until_a_ping(drive)
    deaf.shown.clear()
    ping = drive.pull()
    assert isinstance(ping, SendPing)
    assert drive.pull() is None
    assert deaf.shown == [ping]


def test_a_ping_that_is_due_goes_behind_a_frame_that_the_socket_has_not_taken() -> None:
    drive = flowing()
    until_a_ping(drive)
    drive.core.sending(drive.now)
    assert isinstance(drive.pull(), SendPing)


def test_the_window_bounds_the_lane() -> None:
    drive = flowing()
    drive.figures()
    while relay(drive) is not None:
        if drive.core.wants_pull:
            drive.drain()
    assert drive.core.snapshot().sources["mic"].sent <= 1.6 * 16_000  # no pong came


def test_a_pong_proves_what_was_received_and_leaves_the_lane_open() -> None:
    drive = flowing()
    until_a_ping(drive)
    ping = drive.pull()
    assert isinstance(ping, SendPing)
    assert not drive.core.pong(e.PongReceived(1, ping.mark), drive.now)  # it is still being sent
    assert drive.pull() is None
    assert Timer.PONG in drive.core.snapshot().deadlines
    assert drive.core.pong(e.PongReceived(1, ping.mark), drive.now)
    assert Timer.PONG not in drive.core.snapshot().deadlines
    assert drive.session.streams.all[0].window.received == drive.session.streams.all[0].box.sent
    assert relay(drive) is not None


@pytest.mark.parametrize(("answered", "frames"), [(True, 25), (False, 10)])
def test_a_pong_puts_the_next_ping_off(answered: bool, frames: int) -> None:
    drive = flowing()
    until_a_ping(drive)
    ping, *_ = drive.drain()
    assert isinstance(ping, SendPing)
    if answered:
        assert drive.core.pong(e.PongReceived(1, ping.mark), drive.now)
    assert until_a_ping(drive) == frames


def test_a_pong_that_is_due_goes_first() -> None:
    drive = flowing(policy=Policy(buffer_seconds=60.0, pong_timeout=0.5))
    until_a_ping(drive)
    drive.drain()
    drive.now += 0.6
    assert relay(drive) is None


def test_the_first_frame_of_a_device_that_is_back_goes_the_long_way() -> None:
    drive = flowing()
    drive.feed(e.DeviceLost("mic", "device", "unplugged"))
    assert relay(drive) is None
    drive.audio()
    drive.drain()
    assert relay(drive) is not None


def test_a_lane_takes_nothing_once_something_else_has_happened() -> None:
    drive = flowing()
    lane = drive.core.lane("mic")
    assert lane is not None
    assert lane.send(pcm(FRAME), drive.now, None) is not None
    before = lane.is_shut
    drive.feed(e.Tick())
    assert (before, lane.is_shut) == (False, True)
    assert lane.send(pcm(FRAME), drive.now, None) is None
    assert not lane.may_pong(drive.now)
    lane.go_on(lane.hold())
    assert not lane.may_pong(drive.now)
    assert not lane.may_pull(drive.now)
    assert relay(drive) is not None


def test_a_pong_opens_the_lane_behind_other_news() -> None:
    drive = flowing()
    drive.feed(e.Tick())
    assert drive.core.pong(e.PongReceived(1, b"1"), drive.now)


def test_a_pong_that_may_mean_more_goes_the_long_way() -> None:
    pong = e.PongReceived(1, b"1")
    assert not Drive().core.pong(pong, 0.0)
    assert not Drive().stream().core.pong(pong, 0.0)  # no source has begun
    assert not flowing().core.pong(e.PongReceived(2, b"1"), 0.0)
    watched = flowing(observers=[Observer()])
    assert not watched.core.pong(pong, watched.now)
    drive = flowing()
    assert not drive.core.pong(pong, drive.now - 1.0)
    deadline = drive.core.next_deadline()
    assert deadline is not None
    assert not drive.core.pong(pong, deadline)
    drive.audio()
    assert not drive.core.pong(pong, drive.now)  # it may open a window
    drive = flowing(sources=("mic", "system"))
    drive.audio(source="system")
    drive.drain()
    assert not drive.core.pong(pong, drive.now)


def test_an_idle_line_needs_no_pull_behind_news() -> None:
    drive = flowing()
    drive.figures()
    assert drive.core.is_idle()
    drive.audio()
    assert not drive.core.is_idle()
    watched = flowing(observers=[Observer()])
    assert not watched.core.is_idle()


def test_a_timer_that_is_due_goes_first() -> None:
    drive = flowing()
    assert relay(drive) is not None
    deadline = drive.core.next_deadline()
    assert deadline is not None
    drive.now = deadline
    assert relay(drive) is None


def test_a_pull_when_a_timer_is_due_goes_the_long_way() -> None:
    drive = flowing()
    assert relay(drive) is not None
    deadline = drive.core.next_deadline()
    assert deadline is not None
    assert drive.core.next_message(deadline) is None
    assert drive.session.now == deadline


def test_time_that_ran_backwards_is_left_to_the_long_way() -> None:
    drive = flowing()
    assert drive.core.relay("mic", pcm(FRAME), drive.now - 1.0) is None


def test_a_message_that_the_socket_has_not_taken_is_waited_for() -> None:
    drive = flowing()
    relay(drive)
    drive.core.sending(drive.now)
    assert relay(drive) is None
    drive.tick()
    assert drive.state == "reconnecting"
    assert drive.last_change.reason == "the connection took no more data"


def test_an_observer_sees_each_event_so_nothing_is_relayed() -> None:
    assert relay(flowing(observers=(Observer(),))) is None


class Deaf(Observer):
    """Wants no audio; records the events and pulls that it is shown."""

    wants_audio = False

    def __init__(self) -> None:
        self.shown: list[object] = []

    def on_event(self, event: e.Event, now: float) -> None:
        self.shown.append(event)

    def on_done(self, event: e.Event, now: float) -> None:
        self.shown.append(event)

    def on_pull(self, outgoing: Outgoing | None, now: float) -> None:
        self.shown.append(outgoing)


class Diary(Observer):
    """Wants no audio; records each call that there is without it."""

    wants_audio = False

    def __init__(self) -> None:
        self.shown: list[tuple[str, object]] = []

    def on_event(self, event: e.Event, now: float) -> None:
        self.shown.append(("event", (event, now)))

    def on_transition(self, transition: Transition, now: float) -> None:
        self.shown.append(("transition", (transition.name, now)))

    def on_done(self, event: e.Event, now: float) -> None:
        self.shown.append(("done", (event, now)))

    def on_pull(self, outgoing: Outgoing | None, now: float) -> None:
        self.shown.append(("pull", (outgoing, now)))


class Failing(Observer):
    """Wants audio, and fails at its first frame."""

    def on_event(self, event: e.Event, now: float) -> None:
        if type(event) is e.AudioCaptured:
            raise ValueError("no ears")


def test_observers_that_want_no_audio_leave_the_lane_open() -> None:
    deaf = Deaf()
    drive = flowing(observers=[deaf])
    deaf.shown.clear()
    assert relay(drive) == HEADER + pcm(FRAME)
    assert deaf.shown == []
    drive.feed(e.Tick())
    assert deaf.shown == [e.Tick(), e.Tick()]


def test_a_ping_and_its_pong_are_shown_on_the_short_way_as_on_the_long_one() -> None:
    shown: list[list[tuple[str, object]]] = []
    for short in (True, False):
        diary = Diary()
        drive = flowing(observers=[diary])
        until_a_ping(drive)
        diary.shown.clear()
        lane = drive.core.lane("mic")
        assert lane is not None
        if not short:
            drive.feed(e.Tick())  # it shuts the lane
            diary.shown.clear()
        ping, *_ = drive.drain()
        assert isinstance(ping, SendPing)
        pong = e.PongReceived(1, ping.mark)
        drive.now += 0.1
        if short:
            assert drive.core.pong(pong, drive.now)
            assert not lane.is_shut
            assert drive.core.is_idle()
        else:
            drive.feed(pong)
        shown.append(diary.shown)
    assert shown[0] == shown[1]
    assert [name for name, _ in shown[0]] == ["pull", "event", "transition", "done"]


def test_an_observer_that_relays_is_refused_on_the_short_ways_too() -> None:
    class Meddler(Observer):
        wants_audio = False
        relays = False

        def on_pull(self, outgoing: Outgoing | None, now: float) -> None:
            if self.relays:
                drive.core.relay("mic", pcm(FRAME), now)

        def on_done(self, event: e.Event, now: float) -> None:
            self.on_pull(None, now)

    for ponged in (False, True):
        meddler = Meddler()
        drive = flowing(observers=[meddler])
        until_a_ping(drive)
        if ponged:
            drive.drain()
        before = drive.core.statistics
        meddler.relays = True
        if ponged:
            assert drive.core.pong(e.PongReceived(1, b"1"), drive.now)
        else:
            assert isinstance(drive.pull(), SendPing)
        assert [type(error) for error in drive.core.observer_errors] == [RuntimeError]
        assert drive.core.statistics == before
        drive.drain()
        assert relay(drive) == HEADER + pcm(FRAME)


def test_an_observer_that_asks_for_a_short_way_is_refused() -> None:
    class Meddler(Observer):
        wants_audio = False

        def on_event(self, event: e.Event, now: float) -> None:
            drive.core.pong(e.PongReceived(1, b"1"), now)

    drive = flowing()
    drive = flowing(observers=[Meddler()])
    assert drive.core.pong(e.PongReceived(1, b"1"), drive.now)
    assert [type(error) for error in drive.core.observer_errors] == [RuntimeError]


def test_audio_that_goes_the_long_way_is_not_shown_but_what_follows_from_it() -> None:
    deaf = Deaf()
    drive = flowing(observers=[deaf])
    deaf.shown.clear()
    drive.audio()
    assert deaf.shown == []
    sent = drive.drain()
    assert deaf.shown == sent  # nor is the pull that gave nothing
    assert sent


def test_one_observer_that_wants_audio_shuts_the_lane_for_all() -> None:
    assert relay(flowing(observers=[Deaf(), Observer()])) is None


def test_an_observer_that_is_dropped_shuts_no_lane() -> None:
    drive = flowing(observers=[Failing(), Deaf()])  # it has seen the first frame
    assert [str(error) for error in drive.core.observer_errors] == ["no ears"]
    assert relay(drive) == HEADER + pcm(FRAME)


def test_an_observer_that_relays_is_refused() -> None:
    class Meddler(Observer):
        wants_audio = False

        def on_event(self, event: e.Event, now: float) -> None:
            if isinstance(event, e.Tick):
                drive.core.relay("mic", pcm(FRAME), now)

    drive = flowing(observers=[Meddler()])
    before = drive.core.statistics
    drive.feed(e.Tick())
    assert [type(error) for error in drive.core.observer_errors] == [RuntimeError]
    assert drive.core.statistics == before


@pytest.mark.parametrize("samples", [FRAME - 1, 2 * FRAME, 0])
def test_audio_that_is_no_whole_message_goes_the_long_way(samples: int) -> None:
    drive = flowing()
    assert relay(drive, samples) is None
    assert relay(drive) is not None


def test_longer_messages_as_captured_are_relayed_and_sent_again() -> None:
    drive = Drive(dialect=Toy(form=AudioForm(usual=0.04), queue=2.0)).stream()
    drive.audio(2)
    drive.drain()
    assert relay(drive, 2 * FRAME) == b"\0" + pcm(2 * FRAME)
    assert relay(drive) is None
    drive.lose()
    drive.redial()
    drive.connect()
    drive.drain()
    assert [len(each) for each in messages(drive) if isinstance(each, bytes)] == [1 + 4 * FRAME] * 2


@pytest.mark.parametrize(
    "toy",
    [
        Toy(form=AudioForm(encoding=Encoding.F32LE), queue=2.0),
        Toy(form=AudioForm(rate=8000), queue=2.0),
        Toy(pace=1.2, queue=2.0),
        Toy(flush_every=1.0, queue=2.0),
        Toy(proves_silence=False, queue=2.0),
        Toy(parts=2, queue=2.0),
    ],
)
def test_what_a_dialect_asks_for_besides_needs_the_long_way(toy: Toy) -> None:
    assert relay(flowing(dialect=toy)) is None


class Odd(EchoPanel):
    """A dialect whose answers are as a test wants them."""

    answer: Any = None

    def audio(self, memory: Memory, source: str, pcm: bytes, number: int) -> Encoded:
        if number == 0:
            return super().audio(memory, source, pcm, number)
        if isinstance(self.answer, Exception):
            raise self.answer
        made: Encoded = self.answer
        return made


@pytest.mark.parametrize(
    "answer", [ValueError(), None, (None, [b"a list"]), [None, (b"a list",)], (None, ("text",))]
)
def test_a_dialect_that_answers_oddly_is_judged_on_the_long_way(answer: object) -> None:
    odd = Odd()
    odd.answer = answer
    drive = flowing(dialect=odd)
    before = drive.core.snapshot()
    assert relay(drive) is None
    assert drive.core.snapshot() == before


def test_the_peak_of_a_relayed_frame_is_noted() -> None:
    drive = Drive(dialect=Toy(queue=2.0, drain=Drain.STOP)).stream()
    drive.feed(e.AudioCaptured("mic", pcm(FRAME), 0))
    drive.drain()
    loudness = drive.session.streams.all[0].loudness
    assert loudness is not None
    assert not loudness.is_loud_at(FRAME)
    assert relay(drive, peak=32_000) is not None
    assert loudness.is_loud_at(FRAME)


@pytest.mark.parametrize("peak", [-1, 32_769])
def test_an_impossible_peak_is_left_to_the_long_way_which_refuses_it(peak: int) -> None:
    drive = flowing()
    assert relay(drive, peak=peak) is None
    with pytest.raises(LocalProtocolError):
        drive.feed(e.AudioCaptured("mic", pcm(FRAME), peak))


def test_two_sources_take_turns_after_a_relay() -> None:
    drive = Drive(sources=("mic", "system")).stream()
    for source in ("mic", "system"):
        drive.audio(source=source)
    drive.drain()
    assert relay(drive) is not None
    drive.audio(source="mic")
    drive.audio(source="system")
    [first, second] = [each for each in drive.drain() if isinstance(each, SendBytes)]
    assert [each.data[:4] for each in (first, second)] == [b"EP\x01\x00", HEADER]


def _forget(drive: Drive) -> None:
    drive.session.streams._streams.clear()  # pyright: ignore[reportPrivateUsage]


def _want_a_ping(drive: Drive) -> None:
    drive.session.ping_wanted = True


UNFIT: dict[str, Callable[[Drive], object]] = {
    "before the first sound": _forget,
    "while audio waits": Drive.audio,
    "behind a hole": lambda drive: drive.feed(e.CaptureHole("mic", 10)),
    "after the source's end": lambda drive: drive.session.streams.all[0].box.close(),
    "after the stop": Drive.stop,
    "after a loss": Drive.lose,
    "before a ping": _want_a_ping,
}


@pytest.mark.parametrize("unfit", UNFIT.values(), ids=UNFIT)
def test_no_frame_is_relayed(unfit: Callable[[Drive], object]) -> None:
    drive = flowing()
    unfit(drive)
    assert relay(drive) is None


def test_a_spooled_session_stores_each_frame_on_the_long_way() -> None:
    assert relay(flowing(disk_seconds=600.0)) is None


def test_memory_that_is_nearly_full_is_left_to_the_long_way() -> None:
    drive = flowing()
    box = drive.session.streams.all[0].box
    box._limit = 3 * FRAME  # pyright: ignore[reportPrivateUsage]
    assert [relay(drive) is None for _ in range(3)] == [False, False, True]
    drive.audio()
    drive.drain()
    assert box.buffered == 3 * FRAME
    assert box.left_unproved is False  # reported


def test_a_store_is_relayed_while_there_is_room_for_more() -> None:
    drive = flowing(kinds={"mic": e.SourceKind.STORE})
    box = drive.session.streams.all[0].box
    box._limit = 6 * FRAME  # pyright: ignore[reportPrivateUsage]
    assert [relay(drive) is None for _ in range(2)] == [False, True]
