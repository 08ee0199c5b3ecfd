"""How a session handles messages: words, metrics, drops, gaps in confirmation, the result."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from openline import events as e
from openline.dialects.echopanel import TRAITS, EchoPanel
from openline.dialects.protocol import Decoded, Heard, Memory, Metrics
from openline.updates import (
    SAMPLE_RATE,
    BackendMetrics,
    BackendStatus,
    Ended,
    Gap,
    GapCause,
    GapWithdrawn,
    Insight,
    PartialRetracted,
    SourceEnded,
    SourceEndReason,
    Transcript,
    Trouble,
)
from tests.core.driver import FRAME, Drive


def streaming(seconds: float = 1.0, *sources: str, ends: str = "exact") -> Drive:
    """A line on which ``seconds`` of audio of each source were sent."""
    drive = Drive(sources=sources or ("mic",), ends=ends).stream()
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


def test_words_are_reported_at_session_time_with_all_their_fields() -> None:
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
            id="1.1.1",
        )
    ]


@pytest.mark.parametrize("ends", ["exact", "claimed"])
def test_overlapping_finals_of_one_dial_are_all_told(ends: str) -> None:
    drive = streaming(3.0, ends=ends)
    for start, end, text in ((0, 3, "ann"), (1, 1.6, "bo"), (2, 2.5, "late"), (0, 1.9, "later")):
        drive.final(start, end, text)
    drive.abort()
    assert [(w.text, w.start, w.end) for w in drive.core.transcript] == [
        ("later", 0, 1.9),
        ("ann", 0, 3),
        ("bo", 1, 1.6),
        ("late", 2, 2.5),
    ]
    assert len({words.id for words in drive.finals}) == 4


@pytest.mark.repeats
@pytest.mark.parametrize(
    ("claimed", "told"),
    [
        ((-0.02, 1.0), (0.0, 1.0)),
        ((2.0, 1.98), (2.0, 2.0)),
        ((-5.0, -4.0), (0.0, 0.0)),
        ((2.5, 39.88), (2.5, 3.0)),
        ((7.0, 8.0), (3.0, 3.0)),
        ((1e9, -1e9), (3.0, 3.0)),
        ((None, 1.0), (0.0, 1.0)),
        ((1.0, None), (1.0, 3.0)),
        ((None, None), (0.0, 3.0)),
        (("0.5", "x"), (0.5, 3.0)),
    ],
)
@pytest.mark.parametrize("ends", ["exact", "claimed"])
def test_times_are_clamped_and_the_words_are_kept(
    ends: str, claimed: tuple[float, float], told: tuple[float, float]
) -> None:
    drive = streaming(3.0, ends=ends)
    drive.say("asr_final", text="yes", t0=claimed[0], t1=claimed[1])
    drive.abort()
    assert [(words.start, words.end) for words in drive.finals] == [told]
    assert drive.ended.statistics.malformed == 0


class Huge(EchoPanel):
    """A dialect whose numbers are larger than a float."""

    def decode(self, memory: Memory, data: str | bytes) -> Decoded:
        _, (said,) = super().decode(memory, data)
        if isinstance(said, Heard):
            said = replace(said, start=said.start and 10**400, end=10**400)
        if isinstance(said, Metrics):
            huge = 10**400 if said.backlog else 1e308
            said = replace(said, backlog=huge, queue=huge, realtime_factor=huge)
        return memory, (said,)


@pytest.mark.parametrize("ends", ["exact", "claimed"])
def test_numbers_of_any_size_are_survived(ends: str) -> None:
    drive = Drive(dialect=Huge(), ends=ends).stream()
    drive.audio(50)
    drive.serve()
    for start in (0.0, 1.0):
        drive.figures(start)
        drive.partial(start, 1.0)
        drive.final(start, 1.0)
    drive.stop()
    drive.abort()
    assert [(words.start, words.end) for words in drive.finals] == [(0.0, 1.0), (1.0, 1.0)]


@pytest.mark.parametrize("start", [2.5, 1e9])
def test_a_final_that_ends_before_its_beginning_proves_nothing(start: float) -> None:
    drive = streaming(3.0)
    drive.final(start, 2.0)
    assert drive.core.statistics.sources["mic"].confirmed == 0


@pytest.mark.parametrize(("end", "confirmed"), [(2.0, 2 * SAMPLE_RATE), (None, 0)])
@pytest.mark.parametrize("text", ["yes", " . ", ""])
def test_where_ends_are_exact_a_final_proves_its_end(
    text: str, end: float | None, confirmed: int
) -> None:
    drive = streaming(3.0)
    drive.say("asr_final", text=text, t0=0, t1=end)
    assert drive.core.statistics.sources["mic"].confirmed == confirmed
    assert [words.text for words in drive.finals] == [text] * (text == "yes")


def test_words_without_a_beginning_follow_the_last_final() -> None:
    drive = streaming(3.0)
    drive.final(0, 1.0)
    drive.say("asr_final", text="yes", t1=2.0)
    drive.say("asr_final", text="yes", t1=1.5)
    assert [(w.start, w.end) for w in drive.finals] == [(0, 1.0), (1.0, 2.0), (1.5, 1.5)]


def test_the_same_words_twice_are_two_finals() -> None:
    drive = streaming()
    drive.final(0, 0.5, "yes")
    drive.final(0.5, 1.0, "yes")
    assert [words.text for words in drive.finals] == ["yes", "yes"]


def test_words_past_the_sent_audio_are_clamped_to_its_end() -> None:
    drive = streaming(1.0)
    drive.final(0.5, 1.4)
    assert drive.finals[0].end == 1.0


@pytest.mark.parametrize("end", [1e5, 1e10, 1e305])
def test_any_backend_time_is_survived(end: float) -> None:
    drive = streaming(1.0)
    drive.say("metrics", source="mic", backlog_seconds=end)
    drive.final(0.5, end)
    assert all(words.end == 1.0 for words in drive.finals)
    assert drive.state == "streaming"


class Boundless(EchoPanel):
    """A dialect that accepts any finite time."""

    def decode(self, memory: Memory, data: str | bytes) -> Decoded:
        _, (message,) = super().decode(memory, data)
        if isinstance(message, Heard):
            message = Heard(text="words", start=0.5, end=1e305, final=True)
        return memory, (message,)


def test_any_finite_dialect_time_is_survived() -> None:
    drive = Drive(dialect=Boundless()).stream()
    drive.audio(50)
    drive.serve()
    drive.final(0.5, 1.0)
    assert (drive.finals[0].start, drive.finals[0].end) == (0.5, 1.0)


def test_words_without_a_source_belong_to_the_first_source() -> None:
    drive = streaming(1.0, "system", "mic")
    drive.final(0, 0.5)
    assert drive.finals[0].source == "system"


def test_words_of_an_unknown_source_are_counted_and_reported_once() -> None:
    drive = streaming()
    drive.final(0, 0.5, source="system")
    drive.final(0, 0.5, source="cellar")
    assert not drive.finals
    drive.partial(0, 0.5, source="cellar")
    assert drive.core.statistics.untold == 2
    assert [trouble.kind for trouble in drive.told(Trouble)] == ["untold"]
    ended = finished(drive)
    assert (ended.complete, ended.missing) == (False, ())
    assert ended.reason == "2 messages that may hold words could not be reported"


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


def test_words_that_are_not_final_when_the_backend_ends_are_reported() -> None:
    """The backend has processed all audio and ends the session: no later dial tells them."""
    drive = streaming(1.0, "mic", "system")
    drive.partial(0.1, 0.5, "hello")
    ended = finished(drive)
    assert not ended.complete
    assert ended.reason == "the backend's last words never became final"
    assert (ended.missing, ended.transcript, ended.statistics.unfinal) == ((), (), 1)
    assert drive.told(Trouble) == [
        Trouble(
            kind="unfinal",
            text="the backend's last words of mic, from 0.1 to 0.5 s, never became final: "
            "they are not in the transcript",
        )
    ]
    assert drive.told(PartialRetracted) == [PartialRetracted(source="mic")]


def test_words_that_become_final_while_closing_are_told() -> None:
    drive = streaming()
    drive.partial(0.1, 0.5, "hello")
    drive.stop()
    drive.serve("mic")
    drive.summary()
    drive.final(0.1, 0.6, "hello")
    drive.lose(1000)
    assert drive.ended.complete
    assert drive.ended.statistics.unfinal == 0


@pytest.mark.parametrize("final", [False, True])
def test_an_empty_transcript_withdraws_the_live_partial(final: bool) -> None:
    drive = streaming()
    drive.partial(0.1, 0.5, "hello")
    if final:
        drive.final(0.1, 0.6, "")
    else:
        drive.partial(0.1, 0.6, "")
    assert drive.told(PartialRetracted) == [PartialRetracted(source="mic", settled=False)]
    assert finished(drive).complete


def test_an_abort_leaves_words_open_and_does_not_report_them() -> None:
    drive = streaming()
    drive.partial(0.1, 0.5, "hello")
    drive.abort()
    assert not drive.told(Trouble)
    assert drive.ended.statistics.unfinal == 0


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


def test_silence_is_confirmed_by_the_horizon() -> None:
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


def test_words_show_that_the_backend_is_alive() -> None:
    drive = Drive().stream()
    drive.audio(200)
    drive.serve()
    for end in range(1, 20):
        drive.wait(5)
        drive.final(0, end * 0.02)
    assert drive.state == "streaming"


def test_a_filling_backend_gets_no_live_audio_beyond_the_window() -> None:
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
def test_a_filling_status_needs_no_source(source: str | None) -> None:
    drive = streaming(1.0, "mic", "system")
    drive.ack("buffering", source=source)
    filling = {stream.box.source for stream in drive.session.streams.all if stream.window.filling}
    assert filling == ({"mic"} if source == "mic" else {"mic", "system"})
    assert drive.told(BackendStatus)[-1].source == source


# Metrics.


def test_metrics_are_reported_unchanged() -> None:
    drive = streaming()
    drive.say("metrics", source="mic", backlog_seconds=0.5, realtime_factor=0.25, dropped_total=0)
    assert drive.told(BackendMetrics)[-1] == BackendMetrics(
        source="mic", backlog=0.5, dropped=0, realtime_factor=0.25
    )


def test_metrics_of_an_unknown_source_are_ignored() -> None:
    drive = streaming()
    told = len(drive.told(BackendMetrics))
    assert not drive.figures(source="cellar")
    assert len(drive.told(BackendMetrics)) == told


def test_a_backend_drop_is_a_gap_in_the_undrained_audio() -> None:
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
def test_insights_of_the_backend_go_to_the_app(kind: str) -> None:
    drive = streaming()
    drive.say(f"{kind}_update")
    assert [each.kind for each in drive.told(Insight)] == [kind]


# The end.


def test_a_final_message_confirms_all_sent_audio() -> None:
    ended = finished(streaming())
    assert ended.complete
    assert ended.summary_covers == {"mic": (0, SAMPLE_RATE)}


@pytest.mark.parametrize("state", ["warning", "no_asr_provider"])
def test_a_final_message_confirms_nothing_after_a_warning(state: str) -> None:
    drive = streaming()
    drive.stop()
    drive.serve("mic")
    drive.ack(state)
    ended = finished(drive)
    assert ended.state == "closed"
    assert not ended.complete
    assert [gap.cause for gap in ended.missing] == [GapCause.UNCONFIRMED]


def test_a_final_message_confirms_nothing_after_a_drop() -> None:
    drive = Drive().stream()
    drive.audio(50)
    drive.serve()
    drive.figures(dropped=1)
    ended = finished(drive)
    # The dropped frame is among what nothing confirmed: no sample is in two gaps at the end.
    assert [gap.cause for gap in drive.gaps] == [GapCause.BACKEND, GapCause.UNCONFIRMED]
    assert [each.gap.cause for each in drive.told(GapWithdrawn)] == [GapCause.BACKEND]
    assert [(gap.samples, gap.cause) for gap in ended.missing] == [
        (SAMPLE_RATE, GapCause.UNCONFIRMED)
    ]


def test_a_warning_on_one_dial_does_not_affect_the_next() -> None:
    drive = streaming()
    drive.ack("no_asr_provider")
    drive.figures(dropped=0)
    drive.lose()
    drive.redial()
    drive.connect()
    drive.serve("mic")
    assert finished(drive).complete


def test_a_session_is_complete_only_without_missing_audio() -> None:
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


def test_a_lost_source_is_reported_and_the_line_goes_on() -> None:
    drive = streaming(1.0, "mic", "system")
    drive.feed(e.SourceFailed("mic", "unplugged"))
    assert drive.told(SourceEnded) == [
        SourceEnded(source="mic", cause=SourceEndReason.FAILED, reason="unplugged")
    ]
    assert drive.state == "streaming"
    drive.audio(5, "system")
    drive.serve()
    assert drive.frames() == 105


def test_buffer_overflow_is_reported_when_the_next_frame_is_sent() -> None:
    drive = Drive().stream()
    drive.audio(3000 + 10)
    drive.drain()
    drive.feed(e.Tick())
    assert [gap.cause for gap in drive.gaps] == [GapCause.OVERFLOW]


# Two sources on one line.


def test_a_drop_beyond_one_sources_audio_is_charged_to_the_other() -> None:
    drive = streaming(1.0, "system", "mic")
    drive.final(0, 1, source="mic")  # the backend drained all of it
    drive.audio(50, "system")
    drive.serve()
    drive.figures(dropped=5, source="mic")
    assert [(gap.source, gap.samples) for gap in drive.gaps] == [("system", 5 * FRAME)]


def test_a_drop_of_confirmed_audio_is_still_a_gap() -> None:
    drive = streaming(1.0, "system", "mic")
    drive.final(0, 1, source="mic")
    drive.final(0, 1, source="system")
    drive.figures(dropped=5, source="mic")
    assert [(gap.source, gap.start, gap.end, gap.samples) for gap in drive.gaps] == [
        ("mic", 0, SAMPLE_RATE, 5 * FRAME)
    ]
    assert not finished(drive).complete


@pytest.mark.repeats
def test_a_stalled_source_is_detected_while_the_other_flows() -> None:
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


def test_a_final_message_confirms_despite_a_warning_before_the_stop() -> None:
    drive = streaming()
    drive.ack("warning", message="Too many active sources")
    assert finished(drive).complete


def test_a_final_message_confirms_nothing_after_a_drop_status() -> None:
    drive = streaming()
    drive.ack("backpressure", dropped_frames=3)
    assert not finished(drive).complete


def test_pings_without_pongs_do_not_pile_up() -> None:
    drive = Drive().stream()
    for _ in range(200):
        drive.wait(5.0)
        drive.ack()  # it sends messages and no pong
    assert drive.state == "streaming"
    assert len(drive.session.streams._pings._out) <= 64  # pyright: ignore[reportPrivateUsage]


def test_a_finish_timeout_with_all_confirmed_is_a_success() -> None:
    drive = streaming()
    drive.stop()
    drive.serve("mic")
    drive.final(0, 1)
    while drive.state == "finishing":
        drive.tick()
        drive.serve()
    assert drive.ended.state == "closed"
    assert drive.ended.complete


def test_the_cause_of_a_loss_has_the_error_text_and_the_close() -> None:
    drive = streaming()
    drive.say("status", state="error", message="out of memory")
    drive.lose(1011, reason="bye")
    assert "out of memory" in drive.last_change.reason
    assert "bye" in drive.last_change.reason


class AtOnce(EchoPanel):
    """A dialect with horizon 0: the backend handles each sample when it receives it."""

    traits = replace(TRAITS, horizon=0.0)


def test_without_a_horizon_words_are_reported_before_confirmation() -> None:
    drive = Drive(dialect=AtOnce()).stream()
    drive.audio(10)
    drive.drain()
    drive.final(0.0, 0.1)
    drive.final(0.1, 0.2)
    assert [(words.start, words.end) for words in drive.finals] == [(0.0, 0.1), (0.1, 0.2)]
    assert drive.core.statistics.sources["mic"].confirmed == 3200
