"""How a session handles messages: words, metrics, drops, gaps in confirmation, the result."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from openline import events as e
from openline.dialects.echopanel import TRAITS, EchoPanel
from openline.dialects.protocol import Heard, Message
from openline.updates import (
    SAMPLE_RATE,
    BackendMetrics,
    BackendStatus,
    Ended,
    Gap,
    GapCause,
    Insight,
    PartialRetracted,
    SourceEnded,
    SourceEndReason,
    Transcript,
    Trouble,
)
from tests.core.driver import FRAME, Drive


def streaming(seconds: float = 1.0, *sources: str) -> Drive:
    """A line on which ``seconds`` of audio of each source were sent."""
    drive = Drive(sources=sources or ("mic",)).stream()
    for source in sources or ("mic",):
        drive.audio(round(seconds * 50), source)
    drive.serve(*(sources or ("mic",)))
    return drive


def finished(drive: Drive) -> Ended:
    drive.stop()
    drive.serve("mic")
    drive.summary()
    drive.lose(1000)
    return drive.ended


# Words.


def test_words_are_told_at_session_time_with_all_that_the_backend_says_of_them() -> None:
    drive = streaming()
    drive.final(0.1, 0.9, "hello", confidence=0.5, language="en", speaker=1, segment_id="7")
    assert drive.told(Transcript) == [
        Transcript(
            source="mic",
            text="hello",
            final=True,
            start=0.1,
            end=0.9,
            confidence=0.5,
            language="en",
            speaker="1",
            segment_id="7",
        )
    ]


def test_a_final_of_what_is_final_already_is_dropped_and_counted() -> None:
    drive = streaming()
    drive.final(0, 0.5)
    drive.final(0.2, 0.5)
    drive.partial(0.2, 0.5)
    assert len(drive.told(Transcript)) == 1
    assert drive.core.statistics.duplicates == 1, "a partial is no duplicate"


def test_a_final_that_straddles_what_is_final_begins_where_that_ends() -> None:
    drive = streaming()
    drive.final(0, 0.5)
    drive.final(0.2, 0.8)
    assert [(words.start, words.end) for words in drive.finals] == [(0, 0.5), (0.5, 0.8)]


def test_the_same_words_twice_are_two_finals() -> None:
    drive = streaming()
    drive.final(0, 0.5, "yes")
    drive.final(0.5, 1.0, "yes")
    assert [words.text for words in drive.finals] == ["yes", "yes"]


def test_words_that_overshoot_end_where_the_audio_ends() -> None:
    drive = streaming(1.0)
    drive.final(0.5, 1.4)
    assert drive.finals[0].end == 1.0


@pytest.mark.parametrize("end", [1e5, 1e10, 1e305])
def test_no_time_that_a_backend_can_name_upsets_the_session(end: float) -> None:
    drive = streaming(1.0)
    drive.say("metrics", source="mic", backlog_seconds=end)
    drive.final(0.5, end)
    assert all(words.end == 1.0 for words in drive.finals)
    assert drive.state == "streaming"


class Boundless(EchoPanel):
    """A dialect that accepts any finite time."""

    def decode(self, data: str | bytes) -> Message:
        message = super().decode(data)
        if isinstance(message, Heard):
            return Heard(text="words", start=0.5, end=1e305, final=True)
        return message


def test_no_time_that_a_dialect_believes_upsets_the_session() -> None:
    drive = Drive(dialect=Boundless()).stream()
    drive.audio(50)
    drive.serve()
    drive.final(0.5, 1.0)
    assert (drive.finals[0].start, drive.finals[0].end) == (0.5, 1.0)


def test_words_without_a_source_are_those_of_the_first() -> None:
    drive = streaming(1.0, "system", "mic")
    drive.final(0, 0.5)
    assert drive.finals[0].source == "system"


def test_words_of_a_source_that_nobody_opened_are_counted_and_told_of_once() -> None:
    drive = streaming()
    drive.final(0, 0.5, source="system")
    drive.final(0, 0.5, source="cellar")
    assert not drive.finals
    assert drive.core.statistics.foreign == 2
    assert [trouble.kind for trouble in drive.told(Trouble)] == ["foreign"]


def test_words_of_all_sources_stand_on_one_timeline() -> None:
    drive = Drive(sources=("mic", "system")).stream()
    drive.feed(e.SourceStarted("mic", drive.now))
    drive.feed(e.SourceStarted("system", drive.now + 3.0))
    drive.audio(50, "mic")
    drive.audio(50, "system")
    drive.serve("mic", "system")
    drive.final(0, 1, "second", source="system")
    drive.final(0, 1, "first", source="mic")
    assert [(w.text, w.start) for w in drive.core.transcript] == [("first", 0), ("second", 3)]


def test_a_partial_is_retracted_at_a_loss_and_at_the_end() -> None:
    drive = streaming()
    drive.partial(0, 0.5)
    drive.lose()
    assert drive.told(PartialRetracted) == [PartialRetracted(source="mic")]
    drive.redial()
    drive.connect()
    drive.drain()
    drive.partial(0, 0.5)
    drive.abort()
    assert len(drive.told(PartialRetracted)) == 2


def test_a_hole_keeps_its_place_on_the_timeline() -> None:
    drive = streaming(1.0)
    drive.feed(e.CaptureHole("mic", SAMPLE_RATE))
    drive.audio(50)
    drive.serve("mic")
    drive.final(1.0, 2.0)
    assert (drive.finals[0].start, drive.finals[0].end) == (2.0, 3.0)
    ended = finished(drive)
    assert [gap.cause for gap in ended.missing] == [GapCause.CAPTURE]


# Confirmation.


def test_silence_is_proved_by_the_horizon() -> None:
    drive = Drive().stream()
    for _ in range(20):
        drive.speak(1.0)
        drive.figures()
    assert drive.core.statistics.sources["mic"].confirmed == (20 - 15) * SAMPLE_RATE
    drive.lose()
    drive.redial()
    drive.connect()
    drive.serve("mic")
    assert drive.frames(2) == 15 * 50


def test_words_prove_that_the_backend_is_alive() -> None:
    drive = Drive().stream()
    drive.audio(200)
    drive.serve()
    for end in range(1, 20):
        drive.wait(5)
        drive.final(0, end * 0.02)
    assert drive.state == "streaming"


def test_a_backend_that_says_it_is_filling_gets_no_live_audio_beyond_the_window() -> None:
    drive = streaming(1.6)
    drive.serve()
    drive.ack("overloaded", source="mic")
    sent = drive.frames()
    for _ in range(100):
        drive.audio(1)
        drive.serve()
    drive.ack("buffering")
    drive.ack("backpressure", source="system")
    assert drive.frames() < sent + 100


@pytest.mark.parametrize("source", [None, "mic", "cellar"])
def test_a_backend_that_is_filling_may_name_a_source_or_none(source: str | None) -> None:
    drive = streaming(1.0, "mic", "system")
    drive.ack("buffering", source=source)
    filling = {stream.box.source for stream in drive.session.streams.all if stream.window.filling}
    assert filling == ({"mic"} if source == "mic" else {"mic", "system"})
    assert drive.told(BackendStatus)[-1].source == source


# Metrics.


def test_figures_are_told_as_they_come() -> None:
    drive = streaming()
    drive.say("metrics", source="mic", backlog_seconds=0.5, realtime_factor=0.25, dropped_total=0)
    assert drive.told(BackendMetrics)[-1] == BackendMetrics(
        source="mic", backlog=0.5, dropped=0, realtime_factor=0.25
    )


def test_figures_of_an_unknown_source_are_ignored() -> None:
    drive = streaming()
    told = len(drive.told(BackendMetrics))
    assert not drive.figures(source="cellar")
    assert len(drive.told(BackendMetrics)) == told


def test_what_the_backend_dropped_is_a_gap_somewhere_in_what_it_had_not_drained() -> None:
    drive = streaming(1.6)
    drained = drive.core.statistics.sources["mic"].sent
    drive.audio(80)
    drive.serve()
    sent = drive.core.statistics.sources["mic"].sent
    drive.figures(backlog=0.5, dropped=10)
    drive.figures(backlog=0.5, dropped=10)
    assert drive.gaps == [
        Gap(
            source="mic",
            start=drained,
            end=sent,
            samples=10 * FRAME,
            cause=GapCause.BACKEND,
            exact=False,
        )
    ]
    drive.figures(dropped=12)
    assert drive.gaps[-1].samples == 2 * FRAME
    assert drive.gaps[-1].seconds == 0.04


def test_a_new_dial_counts_its_drops_from_zero() -> None:
    drive = Drive().stream()
    drive.audio(50)
    drive.serve()
    drive.figures(dropped=3)
    drive.lose()
    drive.redial()
    drive.connect()
    drive.serve()
    drive.figures(dropped=2)
    assert [gap.samples for gap in drive.gaps] == [3 * FRAME, 2 * FRAME]


@pytest.mark.parametrize("kind", ["entities", "cards"])
def test_what_the_backend_noticed_goes_to_the_app(kind: str) -> None:
    drive = streaming()
    drive.say(f"{kind}_update")
    assert [each.kind for each in drive.told(Insight)] == [kind]


# The end.


def test_a_final_message_proves_all_that_was_sent() -> None:
    ended = finished(streaming())
    assert ended.complete
    assert ended.summary_covers == {"mic": (0, SAMPLE_RATE)}


@pytest.mark.parametrize("state", ["warning", "no_asr_provider"])
def test_a_final_message_proves_nothing_after_a_doubt(state: str) -> None:
    drive = streaming()
    drive.stop()
    drive.serve("mic")
    drive.ack(state)
    ended = finished(drive)
    assert ended.state == "closed"
    assert not ended.complete
    assert [gap.cause for gap in ended.missing] == [GapCause.UNCONFIRMED]


def test_a_final_message_proves_nothing_after_a_drop() -> None:
    drive = Drive().stream()
    drive.audio(50)
    drive.serve()
    drive.figures(dropped=1)
    ended = finished(drive)
    assert {gap.cause for gap in ended.missing} == {GapCause.BACKEND, GapCause.UNCONFIRMED}


def test_a_doubt_about_one_dial_is_none_about_the_next() -> None:
    drive = streaming()
    drive.ack("no_asr_provider")
    drive.figures(dropped=0)
    drive.lose()
    drive.redial()
    drive.connect()
    drive.serve("mic")
    assert finished(drive).complete


def test_a_session_is_complete_exactly_when_nothing_is_missing() -> None:
    drive = streaming()
    drive.final(0, 0.5)
    drive.audio(10)
    drive.abort()
    ended = drive.ended
    assert not ended.complete
    assert [(g.start, g.end, g.cause) for g in ended.missing] == [
        (SAMPLE_RATE // 2, SAMPLE_RATE, GapCause.UNCONFIRMED),
        (SAMPLE_RATE, SAMPLE_RATE + 10 * FRAME, GapCause.UNDELIVERED),
    ]
    assert ended.missing == tuple(drive.gaps)


def test_a_source_that_is_lost_is_told_of_and_the_line_goes_on() -> None:
    drive = streaming(1.0, "mic", "system")
    drive.feed(e.SourceFailed("mic", "unplugged"))
    assert drive.told(SourceEnded) == [
        SourceEnded(source="mic", cause=SourceEndReason.FAILED, reason="unplugged")
    ]
    assert drive.state == "streaming"
    drive.audio(5, "system")
    drive.serve()
    assert drive.frames() == 105


def test_what_the_buffer_could_not_hold_is_told_of_when_the_next_frame_goes_out() -> None:
    drive = Drive().stream()
    drive.audio(3000 + 10)
    drive.drain()
    drive.feed(e.Tick())
    assert [gap.cause for gap in drive.gaps] == [GapCause.OVERFLOW]


# Two sources on one line.


def test_what_the_reporting_source_cannot_have_lost_is_charged_to_the_other() -> None:
    drive = streaming(1.0, "system", "mic")
    drive.final(0, 1, source="mic")  # the backend drained all of it
    drive.audio(50, "system")
    drive.serve()
    drive.figures(dropped=5, source="mic")
    assert [(gap.source, gap.samples) for gap in drive.gaps] == [("system", 5 * FRAME)]


def test_a_drop_that_fits_nowhere_is_a_gap_all_the_same() -> None:
    drive = streaming(1.0, "system", "mic")
    drive.final(0, 1, source="mic")
    drive.final(0, 1, source="system")
    drive.figures(dropped=5, source="mic")
    assert [(gap.source, gap.start, gap.end, gap.samples) for gap in drive.gaps] == [
        ("mic", 0, SAMPLE_RATE, 5 * FRAME)
    ]
    assert not finished(drive).complete


def test_a_source_that_stalls_is_noticed_while_the_other_flows() -> None:
    drive = Drive(sources=("system", "mic")).stream()
    drive.audio(400, "mic")  # its recogniser is dead and drains nothing
    for _ in range(16 * 50):
        drive.wait(0.02)
        drive.audio(1, "system")
        drive.serve("system")
        drive.figures(backlog=2.0, source="mic")
        if drive.state != "streaming":
            break
    assert drive.state == "reconnecting"
    assert "neither" in drive.last_change.reason or "stall" in drive.last_change.reason


def test_a_warning_before_the_stop_leaves_the_final_message_its_word() -> None:
    drive = streaming()
    drive.ack("warning", message="Too many active sources")
    assert finished(drive).complete


def test_a_drop_that_only_a_status_tells_of_puts_the_final_message_in_doubt() -> None:
    drive = streaming()
    drive.ack("backpressure", dropped_frames=3)
    assert not finished(drive).complete


def test_pings_without_pongs_do_not_pile_up() -> None:
    drive = Drive().stream()
    for _ in range(200):
        drive.wait(5.0)
        drive.ack()  # it sends messages and no pong
    assert drive.state == "streaming"
    assert len(drive.session.streams._marks) <= 64  # pyright: ignore[reportPrivateUsage]


def test_time_that_runs_out_when_all_is_confirmed_is_a_proper_end() -> None:
    drive = streaming()
    drive.stop()
    drive.serve("mic")
    drive.final(0, 1)
    while drive.state == "finishing":
        drive.tick()
        drive.serve()
    assert drive.ended.state == "closed"
    assert drive.ended.complete


def test_the_cause_of_a_loss_holds_what_the_backend_said_and_what_its_close_did() -> None:
    drive = streaming()
    drive.say("status", state="error", message="out of memory")
    drive.lose(1011, reason="bye")
    assert "out of memory" in drive.last_change.reason
    assert "bye" in drive.last_change.reason


class AtOnce(EchoPanel):
    """A dialect with horizon 0: the backend handles each sample when it receives it."""

    traits = replace(TRAITS, horizon=0.0)


def test_without_a_horizon_words_are_told_before_they_prove_themselves() -> None:
    drive = Drive(dialect=AtOnce()).stream()
    drive.audio(10)
    drive.drain()
    drive.final(0.0, 0.1)
    drive.final(0.1, 0.2)
    assert [(words.start, words.end) for words in drive.finals] == [(0.0, 0.1), (0.1, 0.2)]
    assert drive.core.statistics.duplicates == 0
    assert drive.core.statistics.sources["mic"].confirmed == 3200
