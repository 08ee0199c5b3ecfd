"""Several sources on one line: one timeline, fair turns, and a confirmation for each."""

from __future__ import annotations

import operator

import pytest

from openline.audio.backlog import FRAME_SAMPLES as F
from openline.audio.outbox import ROOM
from openline.audio.stream import Stream
from openline.audio.streams import Streams
from openline.dialects.echopanel import TRAITS
from openline.dialects.traits import Ends
from openline.machine.timers import OFF
from openline.updates import SAMPLE_RATE as S
from openline.updates import Gap, GapCause, SourceStatistics

FRAME = bytes(2 * F)
BOTH = ("system", "mic")
QUEUE = 2 * S


def streams_with(frames: int, sources: tuple[str, ...] = BOTH) -> Streams:
    streams = Streams(sources, TRAITS, 60 * S)
    for source in sources:
        streams.start(source, 0.0, 0.0)
        for _ in range(frames):
            assert streams.capture(source, FRAME, 0.0)
    streams.begin_dial(0.0, Ends.EXACT)
    return streams


def named(streams: Streams, source: str) -> Stream:
    stream = streams.get(source)
    assert stream is not None
    return stream


def pulled(streams: Streams, frames: int, now: float = 0.0) -> str:
    """The first letter of each source that sent, in order; a dot if none could."""
    turns = ""
    for _ in range(frames):
        pull = streams.pull(now)
        turns += pull[0].box.source[0] if pull else "."
    return turns


class TestOneTimeline:
    def test_the_first_source_starts_it_and_a_later_one_keeps_its_place(self) -> None:
        streams = Streams(BOTH, TRAITS, 60 * S)
        first = streams.start("system", 100.0, 100.5)
        second = streams.start("mic", 103.0, 103.1)
        assert (first.box.origin, second.box.origin) == (0, 3 * S)
        assert streams.start("system", 109.0, 109.0) is first
        assert first.box.origin == 0

    def test_a_source_that_reports_an_earlier_start_begins_at_zero(self) -> None:
        streams = Streams(BOTH, TRAITS, 60 * S)
        streams.start("system", 100.0, 100.0)
        assert streams.start("mic", 99.0, 100.0).box.origin == 0

    def test_an_unannounced_source_starts_with_its_first_audio(self) -> None:
        streams = Streams(BOTH, TRAITS, 60 * S)
        streams.capture("system", FRAME, 10.0)
        streams.capture("mic", FRAME, 11.0)
        assert named(streams, "mic").box.origin == S

    def test_a_hole_shifts_later_audio(self) -> None:
        streams = Streams(BOTH, TRAITS, 60 * S)
        streams.hole("mic", 5 * F, 0.0)
        streams.capture("mic", FRAME, 0.1)
        assert named(streams, "mic").box.captured == 6 * F
        assert [gap.cause for gap in streams.take_gaps()] == [GapCause.CAPTURE]
        assert streams.take_gaps() == []


class TestWhoMaySpeak:
    def test_a_source_that_was_not_declared_is_refused(self) -> None:
        streams = Streams(("mic",), TRAITS, 60 * S)
        assert streams.declared("mic")
        assert not streams.declared("system")
        assert not streams.capture("system", FRAME, 0.0)
        assert streams.refused_samples == 0

    def test_audio_and_holes_after_the_close_are_refused_and_audio_is_counted(self) -> None:
        streams = streams_with(1)
        streams.close()
        assert not streams.capture("mic", FRAME, 1.0)
        streams.hole("mic", 99, 1.0)
        assert streams.refused_samples == F
        assert named(streams, "mic").box.captured == F

    def test_a_source_that_begins_after_the_close_is_refused_too(self) -> None:
        streams = Streams(BOTH, TRAITS, 60 * S)
        streams.close()
        assert not streams.capture("mic", FRAME, 1.0)
        assert streams.refused_samples == F

    def test_all_sources_are_over_when_each_one_is(self) -> None:
        streams = streams_with(1)
        streams.end_source("mic")
        assert not streams.over
        assert not streams.capture("mic", FRAME, 1.0)
        assert streams.capture("system", FRAME, 1.0)
        streams.end_source("system")
        assert streams.over

    def test_a_source_that_ended_before_its_start_stays_over(self) -> None:
        streams = Streams(("mic",), TRAITS, 60 * S)
        streams.end_source("mic")
        assert streams.over
        assert not streams.capture("mic", FRAME, 1.0)


class TestWhatIsKnown:
    def test_a_message_without_a_source_means_the_first_source(self) -> None:
        streams = Streams(BOTH, TRAITS, 60 * S)
        assert streams.get(None) is None
        assert streams.get("mic") is None
        first = streams.start("mic", 0.0, 0.0)
        streams.start("system", 0.0, 0.0)
        assert streams.get(None) is first
        assert [stream.box.source for stream in streams.all] == ["mic", "system"]

    def test_the_longest_source_gives_the_amount_due(self) -> None:
        streams = Streams(BOTH, TRAITS, 60 * S)
        assert streams.due_seconds == 0
        assert not streams.undelivered
        streams.start("mic", 0.0, 0.0)
        for _ in range(50):
            streams.capture("mic", FRAME, 1.0)
        streams.capture("system", FRAME, 1.0)
        streams.begin_dial(1.0, Ends.EXACT)
        assert streams.due_seconds == 1.0
        assert pulled(streams, 2) == "ms"
        assert streams.due_seconds == 1.0
        named(streams, "mic").box.confirm(F)
        assert streams.due_seconds == pytest.approx(0.98)
        assert streams.undelivered

    def test_the_watermarks_are_counted_from_the_sources_own_start(self) -> None:
        streams = Streams(BOTH, TRAITS, 60 * S)
        streams.start("system", 0.0, 0.0)
        streams.start("mic", 1.0, 1.0)
        for _ in range(3):
            streams.capture("mic", FRAME, 1.0)
        streams.hole("mic", 100, 1.0)
        streams.begin_dial(1.0, Ends.EXACT)
        pulled(streams, 2)
        named(streams, "mic").box.confirm(S + F)
        statistics = streams.statistics()
        assert statistics["mic"] == SourceStatistics(
            captured=3 * F + 100, sent=2 * F, confirmed=F, missing=100
        )
        assert statistics["system"] == SourceStatistics(captured=0, sent=0, confirmed=0, missing=0)


class TestRoom:
    """A source that can wait delivers more only while the line keeps up with it."""

    def test_there_is_room_while_less_than_two_seconds_wait(self) -> None:
        streams = Streams(BOTH, TRAITS, 60 * S)
        room = [streams.has_room("mic")]
        streams.start("system", 0.0, 0.0)
        streams.capture("mic", bytes(2 * (ROOM - F)), 0.0)
        room.append(streams.has_room("mic"))
        streams.capture("mic", FRAME, 0.0)
        room.append(streams.has_room("mic"))
        assert streams.has_room("system")  # another source's audio is nothing to wait for
        pulled(streams, 1)
        room.append(streams.has_room("mic"))
        assert room == [True, True, False, True]

    def test_a_small_memory_is_full_by_half(self) -> None:
        streams = Streams(("mic",), TRAITS, 4 * F)
        for _ in range(2):
            streams.capture("mic", FRAME, 0.0)
            streams.pull(0.0)
        room = [streams.has_room("mic")]
        named(streams, "mic").box.confirm(F)
        assert [*room, streams.has_room("mic")] == [False, True]

    def test_memory_is_full_two_seconds_before_its_limit(self) -> None:
        streams = streams_with(0, ("mic",))
        for _ in range(2899):
            streams.capture("mic", FRAME, 0.0)
            named(streams, "mic").box.pull()
        room = [streams.has_room("mic")]
        streams.capture("mic", FRAME, 0.0)
        named(streams, "mic").box.pull()
        assert [*room, streams.has_room("mic")] == [True, False]

    def test_a_disk_is_full_two_seconds_before_its_limit(self) -> None:
        streams = Streams(("mic",), TRAITS, S, 10 * S)
        for _ in range(400):
            streams.capture("mic", FRAME, 0.0)
        box = named(streams, "mic").box
        assert (box.has_room(2 * S - 1), box.has_room(2 * S)) == (True, False)

    def test_a_store_is_never_shed(self) -> None:
        streams = Streams(BOTH, TRAITS, 4 * F, stores=("mic",))
        for source in BOTH:
            streams.capture(source, bytes(2 * 10 * F), 0.0)
            streams.capture(source, FRAME, 0.0)
        boxes = {source: named(streams, source).box for source in BOTH}
        assert (boxes["mic"].buffered, boxes["system"].buffered) == (11 * F, 4 * F)
        assert not boxes["mic"].losses.has_news


class TestTurns:
    def test_sources_share_the_line_in_turn(self) -> None:
        assert pulled(streams_with(3), 7) == "smsmsm."

    def test_a_source_with_a_shut_window_does_not_block_the_other(self) -> None:
        streams = streams_with(200)
        assert pulled(streams, 160) == "sm" * 80
        assert pulled(streams, 1) == "."
        assert streams.shut
        named(streams, "mic").window.note_drained(3 * F)
        assert pulled(streams, 4) == "mmm."

    def test_a_source_that_was_waiting_is_next_when_its_window_opens(self) -> None:
        streams = streams_with(200)
        pulled(streams, 160)
        named(streams, "mic").window.note_drained(10 * F)
        assert pulled(streams, 2) == "mm"
        named(streams, "system").window.note_drained(10 * F)
        assert pulled(streams, 4) == "smsm"

    def test_nothing_to_send_is_not_a_shut_window(self) -> None:
        streams = streams_with(0)
        assert streams.pull(0.0) is None
        assert not streams.shut
        assert streams.opens_at == OFF

    def test_the_earlier_window_gives_the_deadline(self) -> None:
        streams = streams_with(200)
        pulled(streams, 160)
        assert pulled(streams, 1) == "."
        assert streams.opens_at == OFF
        named(streams, "mic").window.note_received(80 * F)
        assert pulled(streams, 1) == "."
        assert streams.opens_at == pytest.approx(5.0 + F / S)
        assert pulled(streams, 1, streams.opens_at) == "m"

    def test_a_source_that_starts_during_a_dial_has_time_for_metrics(self) -> None:
        streams = Streams(("mic",), TRAITS, 60 * S)
        streams.begin_dial(0.0, Ends.EXACT)
        streams.start("mic", 100.0, 100.0)
        for _ in range(81):
            streams.capture("mic", FRAME, 100.0)
        pulled(streams, 80, 100.0)
        named(streams, "mic").window.note_received(80 * F)
        streams.capture("mic", bytes(10 * F * 2), 100.0)
        assert pulled(streams, 1, 104.9) == "."
        assert pulled(streams, 1, 105.1) == "m"

    def test_a_new_dial_starts_with_fresh_windows(self) -> None:
        streams = streams_with(200)
        pulled(streams, 161)
        streams.note_pong(streams.mark())
        named(streams, "mic").window.note_drained(50 * F)
        assert streams.end_dial() == []
        assert not streams.wants_ping()
        streams.begin_dial(9.0, Ends.EXACT)
        assert not streams.wants_ping()
        assert pulled(streams, 161, 9.0) == "sm" * 80 + "."


class TestProof:
    def test_backlog_requests_a_confirmation_each_200_ms(self) -> None:
        streams = streams_with(100, ("mic",))
        pulled(streams, 9)
        assert not streams.wants_ping()
        pulled(streams, 1)
        assert streams.wants_ping()
        streams.mark()
        assert not streams.wants_ping()

    def test_live_audio_requests_a_confirmation_each_500_ms(self) -> None:
        streams = streams_with(0, ("mic",))
        for _ in range(24):
            streams.capture("mic", FRAME, 0.0)
            streams.pull(0.0)
        assert not streams.wants_ping()
        streams.capture("mic", FRAME, 0.0)
        streams.pull(0.0)
        assert streams.wants_ping()

    def test_a_shut_window_requests_a_confirmation_once_and_at_once(self) -> None:
        streams = streams_with(85, ("mic",))
        streams.mark()
        pulled(streams, 75)
        streams.mark()
        assert pulled(streams, 6) == "mmmmm."
        assert streams.wants_ping()
        streams.mark()
        assert not streams.wants_ping()

    def test_a_shut_source_requests_no_confirmation_for_the_other(self) -> None:
        streams = streams_with(100)
        pulled(streams, 160)
        streams.mark()
        named(streams, "mic").window.note_drained(5 * F)
        assert pulled(streams, 1) == "m"
        assert not streams.wants_ping()

    def test_a_window_that_opens_soon_requests_no_confirmation(self) -> None:
        streams = streams_with(200, ("mic",))
        pulled(streams, 80)
        streams.note_pong(streams.mark())
        assert pulled(streams, 1, 5.0) == "."
        assert pulled(streams, 2, streams.opens_at) == "m."
        assert not streams.wants_ping()

    def test_a_pong_confirms_receipt_of_audio_sent_before_its_ping(self) -> None:
        streams = streams_with(10)
        pulled(streams, 4)
        first = streams.mark()
        pulled(streams, 4)
        second = streams.mark()
        assert first != second
        streams.note_pong(first)
        assert [stream.window.received for stream in streams.all] == [2 * F, 2 * F]
        streams.note_pong(second)
        assert [stream.window.received for stream in streams.all] == [4 * F, 4 * F]

    def test_a_later_pong_answers_the_earlier_pings_too(self) -> None:
        streams = streams_with(10)
        first = streams.mark()
        pulled(streams, 4)
        streams.note_pong(streams.mark())
        streams.note_pong(first)
        assert [stream.window.received for stream in streams.all] == [2 * F, 2 * F]

    def test_a_pong_settles_all_pings_up_to_its_own(self) -> None:
        streams = streams_with(10)
        marks = [streams.mark() for _ in range(100)]
        for mark in marks[::10]:
            streams.note_pong(mark)
        assert len(operator.attrgetter("_pings._out")(streams)) == 9

    def test_an_unrequested_pong_confirms_nothing(self) -> None:
        streams = streams_with(10)
        pulled(streams, 4)
        streams.mark()
        streams.note_pong(b"")
        streams.note_pong(b"99")
        assert [stream.window.received for stream in streams.all] == [0, 0]

    def test_the_pong_of_an_earlier_dial_confirms_nothing(self) -> None:
        streams = streams_with(10)
        pulled(streams, 4)
        mark = streams.mark()
        streams.end_dial()
        streams.begin_dial(1.0, Ends.EXACT)
        pulled(streams, 2)
        streams.note_pong(mark)
        assert [stream.window.received for stream in streams.all] == [0, 0]

    def test_a_pong_confirms_nothing_of_a_source_started_after_it(self) -> None:
        streams = Streams(BOTH, TRAITS, 60 * S)
        streams.capture("system", FRAME, 0.0)
        streams.begin_dial(0.0, Ends.EXACT)
        pulled(streams, 1)
        mark = streams.mark()
        streams.capture("mic", FRAME, 0.0)
        pulled(streams, 1)
        streams.note_pong(mark)
        assert [stream.window.received for stream in streams.all] == [F, 0]


class TestLosses:
    def test_a_drop_lies_after_the_audio_drained_in_the_last_metrics(self) -> None:
        streams = streams_with(20, ("mic",))
        pulled(streams, 10)
        stream = named(streams, "mic")
        stream.window.note_received(4 * F)
        stream.window.note_backlog(0.0, 0.0)
        stream.window.note_drained(6 * F)  # these words may lie before or after the drop
        streams.note_dropped(stream, 3)
        (gap,) = streams.missing()
        assert gap == Gap(
            source="mic",
            start=4 * F,
            end=10 * F,
            samples=3 * F,
            cause=GapCause.BACKEND,
            exact=False,
        )

    def test_the_end_accounts_for_every_source(self) -> None:
        streams = streams_with(3)
        pulled(streams, 3)
        gaps = streams.end()
        assert [(g.source, g.start, g.end, g.cause) for g in gaps] == [
            ("system", 0, 2 * F, GapCause.UNCONFIRMED),
            ("system", 2 * F, 3 * F, GapCause.UNDELIVERED),
            ("mic", 0, F, GapCause.UNCONFIRMED),
            ("mic", F, 3 * F, GapCause.UNDELIVERED),
        ]
        assert streams.missing() == tuple(gaps)
        assert not streams.undelivered


class TestDrops:
    """Frames that the backend dropped, one for each item of its queues."""

    @pytest.mark.parametrize(("drained", "told"), [(1, [F - 1, 1]), (F - 1, [1, F - 1])])
    def test_it_is_charged_to_undrained_audio_first(self, drained: int, told: list[int]) -> None:
        streams = streams_with(1, ("mic",))
        pulled(streams, 1)
        stream = named(streams, "mic")
        stream.window.note_drained(drained)
        streams.note_dropped(stream, 2)
        assert [gap.samples for gap in streams.take_gaps()] == told
        assert stream.window.drained == F, "it is out of the queue"

    def test_drops_are_limited_to_the_sent_audio_in_any_report_order(self) -> None:
        streams = streams_with(10, ("mic",))
        pulled(streams, 10)
        told: list[int] = []
        for items in (3, 4, 1, 9, 9):
            streams.note_dropped(named(streams, "mic"), items)
            told += [gap.samples for gap in streams.take_gaps()]
        assert told == [3 * F, 4 * F, F, 2 * F]

    @pytest.mark.parametrize("reporting", BOTH)
    def test_a_partly_overflowing_frame_is_dropped_whole(self, reporting: str) -> None:
        """A hole cuts a frame of "mic" to 27 samples; the queue of "system" overflows as well."""
        streams = streams_with(QUEUE // F + 1)
        streams.capture("mic", bytes(2 * 27), 0.0)
        streams.hole("mic", 100, 0.0)
        for stream in streams.all:
            while stream.box.next_samples:
                stream.box.pull()
        streams.note_dropped(named(streams, reporting), 3)
        told = [gap for gap in streams.take_gaps() if gap.cause is GapCause.BACKEND]
        assert {gap.source: gap.samples for gap in told} == {"mic": 2 * F, "system": F}

    def test_short_frames_leave_later_drops_to_their_source(self) -> None:
        """Two short frames of "mic" count as whole ones; the queue of "system" overflows too."""
        streams = streams_with(0)
        streams.capture("system", FRAME * (QUEUE // F + 2), 0.0)
        for samples in (27, 50):
            streams.capture("mic", bytes(2 * samples), 0.0)
            streams.hole("mic", 100, 0.0)
        streams.capture("mic", FRAME * (QUEUE // F + 1), 0.0)
        for stream in streams.all:
            while stream.box.next_samples:
                stream.box.pull()
        mic = named(streams, "mic")
        streams.note_dropped(mic, 2)
        streams.note_dropped(mic, 1)
        streams.note_dropped(named(streams, "system"), 2)
        told = [gap for gap in streams.take_gaps() if gap.cause is GapCause.BACKEND]
        lengths = [(gap.source, gap.samples) for gap in told]
        assert lengths == [("system", 2 * F), ("mic", 2 * F), ("mic", F)]

    def test_a_queue_with_a_short_known_backlog_did_not_overflow(self) -> None:
        streams = streams_with(QUEUE // F + 1)
        for stream in streams.all:
            while stream.box.next_samples:
                stream.box.pull()
        mic = named(streams, "mic")
        mic.window.note_received(QUEUE + F)
        mic.window.note_backlog(0.5, 0.0)
        streams.note_dropped(mic, 1)
        assert [gap.source for gap in streams.take_gaps()] == ["system"]

    def test_it_is_not_charged_to_an_unsent_source(self) -> None:
        streams = streams_with(0)
        streams.capture("system", FRAME, 0.0)
        streams.start("mic", 0.0, 0.0)
        pulled(streams, 1)
        named(streams, "system").window.note_drained(F)
        streams.note_dropped(named(streams, "mic"), 1)
        assert streams.take_gaps() == []


class TestToTheSample:
    @pytest.mark.repeats
    def test_a_start_is_exact_to_the_sample(self) -> None:
        for sample in range(0, 40_000, 13):
            streams = Streams(BOTH, TRAITS, 60 * S)
            streams.start("system", 100.0, 100.0)
            assert streams.start("mic", 100.0 + sample / S, 110.0).box.origin == sample

    def test_there_is_no_disk_unless_it_is_given(self) -> None:
        assert not Streams(BOTH, TRAITS, 60 * S).has_disk
        assert Streams(BOTH, TRAITS, 60 * S, 1).has_disk

    @pytest.mark.parametrize(("frames", "room"), [(99, True), (100, False)])
    def test_there_is_room_up_to_two_seconds(self, frames: int, *, room: bool) -> None:
        assert streams_with(frames, ("mic",)).has_room("mic") is room

    @pytest.mark.parametrize(("received", "asks"), [(0, False), (-1, True)])
    def test_a_confirmation_is_late_after_half_a_second(self, received: int, *, asks: bool) -> None:
        streams = streams_with(25, ("mic",))
        pulled(streams, 25)
        window = named(streams, "mic").window
        window.pinged, window.received = 15 * F, received
        assert streams.wants_ping() is asks

    def test_a_shut_window_pings_at_once_for_a_single_sample(self) -> None:
        streams = streams_with(79, ("mic",))
        streams.capture("mic", bytes(2), 0.0)
        streams.hole("mic", F, 0.0)  # the audio before it is sent as it is
        streams.capture("mic", FRAME, 0.0)
        pulled(streams, 79)
        streams.mark()
        assert pulled(streams, 2) == "m.", "1.6 s and a sample would be out"
        assert streams.wants_ping()

    @pytest.mark.parametrize(("before", "asks"), [(0.19, False), (0.21, True)])
    def test_a_window_that_opens_within_200_ms_sends_no_ping(
        self, before: float, *, asks: bool
    ) -> None:
        streams = streams_with(100, ("mic",))
        pulled(streams, 79)
        streams.note_pong(streams.mark())
        opens_at = 5.02  # without metrics, and one frame beyond the 1.6 s
        assert pulled(streams, 2, opens_at - before) == "m."
        assert streams.opens_at == pytest.approx(opens_at)
        assert streams.wants_ping() is asks
