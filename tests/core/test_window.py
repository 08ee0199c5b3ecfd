"""The send window: its rules one by one, then a whole line in virtual time.

The simulated backend follows the contract. It has a queue of 2.0 s per source and drops the
oldest audio beyond it. It sends a pong after one round trip, and metrics each second or
never. It counts dropped audio, and the line measures how long live audio waited.
"""

from __future__ import annotations

import copy
import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openline.audio.backlog import FRAME_SAMPLES
from openline.audio.streams import Streams
from openline.audio.window import Limits, Window
from openline.dialects.echopanel import TRAITS
from openline.dialects.traits import Ends
from openline.machine.timers import OFF
from openline.updates import SAMPLE_RATE
from tests.support_profiles import some

S = SAMPLE_RATE
F = FRAME_SAMPLES
LIMITS = Limits.of(TRAITS)
W = round(1.6 * S)
FAR = 60 * S  # enough unsent audio that the source is not at the live edge


class TestBacklog:
    def test_it_is_sent_up_to_1_6_seconds_beyond_the_drained_audio(self) -> None:
        window = Window(LIMITS, 0.0)
        assert window.allows(W - F, F, FAR, 0.0)
        assert not window.allows(W - F + 1, F, FAR, 0.0)
        window.note_drained(S)
        assert window.allows(S + W - F, F, FAR, 0.0)
        assert not window.allows(S + W - F + 1, F, FAR, 0.0)

    def test_metrics_subtract_the_queue_from_the_received_audio(self) -> None:
        window = Window(LIMITS, 0.0)
        window.note_received(3 * S)
        assert window.note_backlog(1.25, 1.0)
        assert window.drained == round(1.75 * S)
        assert window.received == 3 * S

    def test_a_confirmation_never_revokes_another(self) -> None:
        window = Window(LIMITS, 0.0)
        window.note_received(3 * S)
        window.note_received(2 * S)
        assert window.received == 3 * S
        assert window.note_drained(2 * S)
        assert not window.note_drained(2 * S)
        assert not window.note_backlog(2.0, 1.0)
        assert window.drained == 2 * S

    def test_drained_audio_counts_as_received(self) -> None:
        window = Window(LIMITS, 0.0)
        window.note_drained(5 * S)
        assert window.received == 5 * S


class TestLiveEdge:
    def test_it_is_sent_up_to_a_second_beyond_confirmed_receipt(self) -> None:
        window = Window(LIMITS, 0.0)
        window.note_received(10 * S)
        sent = 11 * S - F
        assert window.allows(sent, F, F, 0.0)
        assert not window.allows(sent + 1, F, F, 0.0)

    @pytest.mark.parametrize(("unsent", "passes"), [(F, True), (S // 5, True), (S // 5 + 1, False)])
    def test_only_new_audio_is_at_the_live_edge(self, unsent: int, *, passes: bool) -> None:
        window = Window(LIMITS, 0.0)
        window.note_received(10 * S)
        assert window.allows(10 * S, F, unsent, 0.0) is passes

    def test_it_waits_while_the_backend_is_filling(self) -> None:
        window = Window(LIMITS, 0.0)
        window.note_received(10 * S)
        window.filling = True
        assert not window.allows(10 * S, F, F, 0.0)

    @pytest.mark.parametrize(
        ("before", "backlog", "after"),
        [
            (False, 1.6, False),
            (False, 1.61, True),
            (True, 1.6, True),
            (True, 1.0, True),
            (True, 0.99, False),
        ],
    )
    def test_filling_begins_above_1_6_seconds_and_ends_below_1_0(
        self, backlog: float, *, before: bool, after: bool
    ) -> None:
        window = Window(LIMITS, 0.0)
        window.filling = before
        window.note_backlog(backlog, 1.0)
        assert window.filling is after


class TestWithoutFigures:
    def test_nothing_is_assumed_for_five_seconds(self) -> None:
        window = Window(LIMITS, 100.0)
        window.note_received(20 * S)
        assert not window.allows(W, F, FAR, 104.999)
        assert window.allows(W, F, FAR, 105.02)

    def test_the_backend_is_assumed_to_drain_received_audio_in_real_time(self) -> None:
        window = Window(LIMITS, 0.0)
        window.note_received(3 * S)
        assert not window.allows(0, W + 2 * S + 9, FAR, 7.0)
        assert window.allows(0, W + 2 * S, FAR, 7.0)
        assert window.allows(0, W + 3 * S, FAR, 20.0)
        assert not window.allows(0, W + 3 * S + 9, FAR, 30.0)

    def test_time_with_an_empty_queue_is_not_credited(self) -> None:
        window = Window(LIMITS, 0.0)
        window.note_received(S)
        assert not window.allows(0, W + 2 * S, FAR, 60.0)
        window.note_received(9 * S)  # 8 s arrived at once, after a stall
        assert not window.allows(0, W + 2 * S, FAR, 60.5)
        assert window.allows(0, W + 2 * S, FAR, 61.0)

    def test_a_transcript_restarts_the_estimate(self) -> None:
        window = Window(LIMITS, 0.0)
        window.note_received(30 * S)
        assert window.allows(0, W + 9, FAR, 15.0)
        window.note_drained(10 * S)
        assert not window.allows(0, 10 * S + W + 9, FAR, 15.0)
        assert window.allows(0, 11 * S + W, FAR, 16.0)

    def test_new_metrics_end_the_estimate(self) -> None:
        window = Window(LIMITS, 0.0)
        window.note_received(10 * S)
        assert window.allows(0, W + 5 * S, FAR, 10.0)
        window.note_backlog(9.0, 10.0)
        assert not window.allows(0, W + 5 * S, FAR, 10.0)
        assert window.allows(0, W + S, FAR, 10.0)
        assert not window.allows(0, W + S + 9, FAR, 14.9)
        assert not window.allows(0, W + 2 * S, FAR, 15.5)
        assert window.allows(0, W + 2 * S, FAR, 16.0)

    def test_only_a_confirmation_opens_the_window_beyond_receipt(self) -> None:
        window = Window(LIMITS, 0.0)
        window.note_received(S)
        assert window.opens_at(S + W, F) == OFF
        assert window.opens_at(S + W - F, F) == pytest.approx(6.0)

    @given(
        now=st.floats(0, 2e9),
        steps=st.lists(
            st.tuples(
                st.sampled_from(["received", "drained", "figures", "nothing"]),
                st.integers(0, 20 * S),
                st.floats(0, 20),
            ),
            max_size=8,
        ),
        sent=st.integers(0, 30 * S),
    )
    @settings(deadline=None, derandomize=True, max_examples=some(300))
    def test_the_deadline_opens_the_window_and_is_not_in_the_past(
        self, now: float, steps: list[tuple[str, int, float]], sent: int
    ) -> None:
        window = Window(LIMITS, now)
        for what, samples, passed in steps:
            now += passed
            if what == "received":
                window.note_received(samples)
            elif what == "drained":
                window.note_drained(samples)
            elif what == "figures":
                window.note_backlog(samples / S, now)
            if not window.allows(sent, F, FAR, now):
                at = window.opens_at(sent, F)
                assert at > now
                if at < OFF:
                    assert copy.copy(window).allows(sent, F, FAR, at)


# A whole line.


class Queue:
    """The contract's queue of one source: it drains at a rate and drops audio over 2.0 s."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.queued = self.drained = self.dropped = 0.0
        self.peak = 0.0
        self.at = 0.0

    def drain(self, now: float) -> None:
        instant = self.rate == math.inf
        out = self.queued if instant else min(self.queued, (now - self.at) * self.rate * S)
        self.queued -= out
        self.drained += out
        self.at = now

    def take(self, samples: int, now: float) -> None:
        self.drain(now)
        self.queued += samples
        self.drain(now)
        over = max(0.0, self.queued - 2 * S)
        self.queued -= over
        self.dropped += over
        self.peak = max(self.peak, self.queued)


@dataclass
class Line:
    """One source on one dial, over a network that may stall for a while."""

    rtt: float
    rate: float = math.inf  # seconds of audio that the backend drains in a second
    backlog: float = 0.0
    live: bool = True
    metrics: bool = True
    transcripts: float | None = None  # seconds between two of them
    stall: tuple[float, float] = (0.0, 0.0)  # nothing arrives between these

    now: float = 0.0
    pings: int = 0
    caught_up: float | None = None  # when the backlog was first empty
    waits: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    events: list[tuple[float, int, Callable[[], None]]] = field(
        default_factory=list[tuple[float, int, Callable[[], None]]]
    )

    def __post_init__(self) -> None:
        self.streams = Streams(("mic",), TRAITS, 60 * S)
        self.stream = self.streams.start("mic", 0.0, 0.0)
        self.queue = Queue(self.rate)
        self.pace = OFF
        self.count = 0
        for _ in range(round(self.backlog * S / F)):
            self.streams.capture("mic", bytes(2 * F), 0.0)
        self.streams.begin_dial(0.0, Ends.EXACT)
        if self.live:
            self.at(F / S, self.capture)
        if self.metrics:
            self.at(1.0, self.report)
        if self.transcripts:
            self.at(self.transcripts, self.transcribe)

    def at(self, time: float, what: Callable[[], None]) -> None:
        self.count += 1
        heapq.heappush(self.events, (time, self.count, what))

    def arrive(self, what: Callable[[], None]) -> None:
        """Deliver ``what`` over the network, in either direction, in order."""
        time = self.now + self.rtt / 2
        begin, end = self.stall
        self.at(end if begin <= time < end else time, what)

    def capture(self) -> None:
        self.at(self.now + F / S, self.capture)
        self.streams.capture("mic", bytes(2 * F), self.now)
        self.pump()

    def report(self) -> None:
        self.at(self.now + 1.0, self.report)
        self.queue.drain(self.now)
        backlog = self.queue.queued / S
        self.arrive(lambda: self.hear(self.stream.window.note_backlog, backlog, self.now))

    def transcribe(self) -> None:
        self.at(self.now + (self.transcripts or 1.0), self.transcribe)
        self.queue.drain(self.now)
        end = int(self.queue.drained)
        self.arrive(lambda: self.hear(self.stream.window.note_drained, end))

    def hear(self, how: Callable[..., object], *what: object) -> None:
        how(*what)
        self.pump()

    def ping(self) -> None:
        self.pings += 1
        mark = self.streams.mark()
        self.arrive(lambda: self.arrive(lambda: self.hear(self.streams.note_pong, mark)))

    def pump(self) -> None:
        """Send as the session does: pings first, then audio, until a window is shut."""
        self.pace = OFF
        while True:
            if self.streams.wants_ping():
                self.ping()
            elif self.streams.pull(self.now) is not None:
                captured_at = self.stream.box.sent / S - self.backlog
                self.waits.append((self.now, self.now - captured_at))
                self.arrive(lambda: self.queue.take(F, self.now))
            elif self.streams.wants_ping():
                self.ping()
            else:
                break
        if self.streams.shut:
            self.pace = self.streams.opens_at
        if self.caught_up is None and self.stream.box.unsent <= S // 5:
            self.caught_up = self.now

    def run(self, until: float) -> Line:
        self.pump()
        while self.events or self.pace < OFF:
            next_event = self.events[0][0] if self.events else OFF
            if min(next_event, self.pace) > until:
                break
            if self.pace <= next_event:
                self.now, sent = self.pace, self.stream.box.sent
                self.pump()
                assert self.stream.box.sent > sent, "PACE did not open the window"
            else:
                self.now, _, what = heapq.heappop(self.events)
                what()
        return self

    @property
    def dropped(self) -> float:
        return self.queue.dropped / S

    def longest_wait(self, after: float = 0.0) -> float:
        return max(wait for at, wait in self.waits if at >= after)


RTTS = [0.001, 0.05, 0.3]


@pytest.mark.repeats
class TestCatchingUp:
    """After a 20 s outage, its audio is sent beside the live audio."""

    @pytest.mark.parametrize("rtt", RTTS)
    def test_it_takes_ten_seconds_where_transcripts_come_each_half_second(self, rtt: float) -> None:
        line = Line(rtt, backlog=20, transcripts=0.5).run(60)
        assert line.dropped == 0
        assert line.caught_up is not None
        assert line.caught_up < 10

    @pytest.mark.parametrize(("rtt", "seconds"), [(0.001, 32), (0.05, 32), (0.3, 38)])
    @pytest.mark.parametrize("rate", [2, 4, math.inf])
    def test_it_takes_half_a_minute_by_metrics_alone(
        self, rtt: float, rate: float, seconds: float
    ) -> None:
        line = Line(rtt, rate, backlog=20).run(60)
        assert line.dropped == 0
        assert line.caught_up is not None
        assert line.caught_up < seconds

    @pytest.mark.parametrize("rtt", RTTS)
    @pytest.mark.parametrize("rate", [0.7, 1, 1.2, 2])
    @pytest.mark.parametrize("transcripts", [None, 0.5])
    def test_a_slow_backend_drops_nothing_and_is_kept_busy(
        self, rtt: float, rate: float, transcripts: float | None
    ) -> None:
        line = Line(rtt, rate, backlog=20, live=False, transcripts=transcripts)
        line.run(25 / rate + 15 * rtt)
        assert line.dropped == 0
        assert line.queue.peak <= 1.6 * S + F
        assert line.caught_up is not None

    @pytest.mark.parametrize("rtt", RTTS)
    @pytest.mark.parametrize("rate", [1, 2, math.inf])
    @pytest.mark.parametrize("transcripts", [None, 0.5])
    def test_without_metrics_nothing_is_dropped_and_nothing_stops(
        self, rtt: float, rate: float, transcripts: float | None
    ) -> None:
        line = Line(rtt, rate, backlog=20, live=False, metrics=False, transcripts=transcripts)
        line.run(24)
        assert line.dropped == 0
        assert line.stream.box.unsent == 0
        assert line.pings / 24 < 6, "proof is asked for each 0.2 s, not for each frame"

    @pytest.mark.parametrize("rtt", RTTS)
    def test_without_metrics_live_audio_follows_in_real_time(self, rtt: float) -> None:
        line = Line(rtt, 2, backlog=20, metrics=False).run(120)
        assert line.dropped == 0
        assert line.longest_wait(after=10) < 20 + 5 - 1.6 + 0.1
        assert line.pings / 120 < 6


@pytest.mark.repeats
class TestLiveAudio:
    @pytest.mark.parametrize("rtt", [*RTTS, 0.5, 0.7])
    @pytest.mark.parametrize("metrics", [True, False])
    def test_it_never_waits_with_round_trips_up_to_0_7_seconds(
        self, rtt: float, *, metrics: bool
    ) -> None:
        line = Line(rtt, 4, metrics=metrics).run(60)
        assert line.dropped == 0
        assert line.longest_wait() < 0.001
        # The longer the round trip, the more often a confirmation is requested.
        assert line.pings / 60 < (2.1 if rtt < 0.2 else 5.1)

    def test_it_catches_up_with_a_round_trip_of_a_second(self) -> None:
        line = Line(1.0, 4, metrics=True).run(120)
        assert line.dropped == 0
        assert line.longest_wait(after=60) < 1.0

    @pytest.mark.parametrize("seconds", [1, 3, 4.5, 8])
    @pytest.mark.parametrize("rate", [1.2, 2, math.inf])
    @pytest.mark.parametrize("metrics", [True, False])
    @pytest.mark.parametrize("transcripts", [None, 0.5])
    def test_a_stalled_network_costs_time_but_no_audio(
        self, seconds: float, rate: float, transcripts: float | None, *, metrics: bool
    ) -> None:
        line = Line(
            0.1, rate, metrics=metrics, transcripts=transcripts, stall=(20.3, 20.3 + seconds)
        )
        line.run(60)
        assert line.dropped == 0
        assert line.longest_wait() < seconds + 5
        if (metrics or transcripts) and rate >= 2:
            assert line.longest_wait(after=20.3 + seconds + 18) < 0.1


def test_a_store_that_is_read_fast_piles_nothing_up_before_the_first_figures() -> None:
    window, live = Window(LIMITS, 0.0, is_store=True), Window(LIMITS, 0.0)
    for each in (window, live):
        each.note_received(2 * S)
    sent = round(2.5 * S)
    assert live.allows(sent, F, 0, 0.5)
    assert not window.allows(sent, F, 0, 0.5)  # 2.1 s may be sent by now: 1.6 s, and 0.5 s passed
    assert window.allows(sent, F, 0, 1.0)


def test_dropped_audio_is_out_of_the_queue() -> None:
    window = Window(LIMITS, 0.0)
    window.note_received(1000)
    for samples, out in ((300, 300), (100, 400)):
        window.note_dropped(samples)
        assert (window.figured, window.drained) == (out, out)


def test_a_backlog_is_counted_to_the_nearest_sample() -> None:
    window = Window(LIMITS, 0.0)
    window.note_received(100)
    window.note_backlog(0.8 / S, 0.0)
    assert window.figured == 99


class TestAnnouncedQueue:
    def test_its_shares_are_those_of_the_default_queue(self) -> None:
        assert Limits.of(TRAITS, 2.0) == LIMITS

    @pytest.mark.parametrize(
        ("queue", "window", "live_ahead"), [(10.0, 8.0, 1.0), (1.0, 0.8, 0.5), (0.0, 0.1, 0.1)]
    )
    def test_live_audio_runs_no_farther_ahead_than_before(
        self, queue: float, window: float, live_ahead: float
    ) -> None:
        limits = Limits.of(TRAITS, queue)
        assert (limits.window, limits.live_ahead) == (window * S, live_ahead * S)
        announced = max(queue, 0.1)
        assert limits.queue == announced * S
        assert limits.filling_above == pytest.approx(0.8 * announced)
        assert limits.filling_below == pytest.approx(0.5 * announced)

    def test_a_queue_of_any_length_is_survived(self) -> None:
        assert Limits.of(TRAITS, 1e308).queue == 10**9 * S


class TestFullQueue:
    """Live audio waits while it would fill the queue of a backend that reports figures."""

    def window(self, backlog: float, now: float = 0.0) -> Window:
        window = Window(LIMITS, 0.0)
        window.note_received(3 * S)
        window.note_backlog(backlog, now)
        return window

    def test_it_goes_up_to_the_queue(self) -> None:
        window = self.window(1.5)
        assert window.allows(3 * S + S // 2 - F, F, 0, 0.0)
        assert not window.allows(3 * S + S // 2 - F + 1, F, 0, 0.0)

    def test_late_figures_are_taken_for_real_time(self) -> None:
        window = self.window(1.5)
        assert not window.allows(3 * S + S // 2, F, 0, 4.9)
        assert window.allows(3 * S + S // 2, F, 0, 5.1)

    def test_without_figures_it_does_not_wait(self) -> None:
        window = Window(LIMITS, 0.0)
        window.note_received(3 * S)
        assert window.allows(4 * S - F, F, 0, 0.0)
