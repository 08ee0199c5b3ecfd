"""One source's audio: framed, buffered, sent, confirmed, lost and sent again, by position."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline.audio.backlog import FRAME_SAMPLES
from openline.audio.disk_runs import FETCH, DiskRuns
from openline.audio.marks import Marks
from openline.audio.outbox import Outbox
from openline.audio.readings import Reading
from openline.dialects.traits import Ends
from openline.updates import SAMPLE_RATE, Gap, GapCause, Transcript

F = FRAME_SAMPLES
#: The end of the audio that was sent, behind all finals here.
FAR = 1000 * F
ROOMY = 1000 * F


def audio(start: int, end: int) -> bytes:
    """Audio whose sample values are their session positions."""
    return b"".join((at % 65521).to_bytes(2, "little") for at in range(start, end))


def box_with(frames: int, *, limit: int = ROOMY, origin: int = 0) -> Outbox:
    box = Outbox("mic", limit, origin)
    for _ in range(frames):
        box.add(audio(box.captured, box.captured + F))
    return box


def pull(box: Outbox, frames: int) -> None:
    for _ in range(frames):
        box.pull()


def drained(box: Outbox) -> list[bytes]:
    frames: list[bytes] = []
    while box.next_samples:
        frames.append(box.pull())
    return frames


def states(box: Outbox) -> tuple[bool, bool]:
    """Whether anything is undelivered, and whether there are new gaps."""
    return box.undelivered, box.losses.has_news


def gap(start: int, end: int, cause: GapCause) -> Gap:
    return Gap(source="mic", start=start, end=end, samples=end - start, cause=cause)


class TestCapture:
    @given(st.lists(st.just(F) | st.integers(0, 2000), max_size=12), st.integers(0, 5))
    def test_audio_in_any_chunks_is_sent_in_frames_of_320(
        self, sizes: list[int], origin: int
    ) -> None:
        box = Outbox("mic", ROOMY, origin)
        for size in sizes:
            box.add(audio(box.captured, box.captured + size))
        assert box.captured == origin + sum(sizes)
        whole = drained(box)
        assert all(len(pcm) == 2 * F for pcm in whole)
        assert len(whole) == sum(sizes) // F
        box.close()
        assert b"".join(whole + drained(box)) == audio(origin, box.captured)

    def test_a_short_end_waits_for_the_close(self) -> None:
        box = Outbox("mic", ROOMY, 0)
        box.add(audio(0, F + 7))
        box.pull()
        assert (box.next_samples, box.undelivered) == (0, True)
        box.close()
        assert box.closed
        assert box.next_samples == 7
        assert box.pull() == audio(F, F + 7)

    def test_a_hole_is_a_gap_and_shifts_later_audio(self) -> None:
        box = Outbox("mic", ROOMY, 0)
        box.add(audio(0, 100))
        box.hole(500)
        box.add(audio(600, 600 + F))
        assert box.losses.take() == [gap(100, 600, GapCause.CAPTURE)]
        assert box.pull() == audio(0, 100)
        assert box.pull() == audio(600, 600 + F)
        assert box.interval(0, 100) == (0, 100)
        assert box.interval(100, 100 + F) == (600, 600 + F)
        assert box.interval(99, 101) == (99, 601)

    def test_an_empty_hole_is_no_gap(self) -> None:
        box = box_with(1)
        box.hole(0)
        assert not box.losses.has_news
        assert box.losses.missing() == []

    def test_unsent_audio_is_from_the_next_frame_to_the_live_edge(self) -> None:
        box = box_with(3)
        box.add(audio(3 * F, 3 * F + 9))
        assert box.unsent == 3 * F + 9
        pull(box, 1)
        assert box.unsent == 2 * F + 9
        pull(box, 2)
        assert box.unsent == 0


class TestMemory:
    @pytest.mark.parametrize("extra", [1, 319])
    def test_a_tail_counts_towards_the_limit(self, extra: int) -> None:
        box = box_with(4, limit=4 * F)
        box.add(audio(4 * F, 4 * F + extra))
        assert box.buffered == 3 * F + extra
        assert box.losses.take() == [gap(0, F, GapCause.OVERFLOW)]

    @pytest.mark.parametrize("pieces", [(319,), (F, 319), (319, F, 1)])
    def test_the_smallest_limit_holds_the_newest_frame(self, pieces: tuple[int, ...]) -> None:
        box = box_with(0, limit=F)
        for samples in pieces:
            box.add(audio(box.captured, box.captured + samples))
        assert 0 < box.buffered <= F
        assert box.undelivered

    def test_over_the_limit_the_oldest_unsent_audio_is_a_gap_at_once(self) -> None:
        box = box_with(7, limit=4 * F)
        assert box.losses.take() == [gap(0, 3 * F, GapCause.OVERFLOW)]
        assert box.pull() == audio(3 * F, 4 * F)

    def test_over_the_limit_audio_that_was_sent_is_only_at_risk(self) -> None:
        box = box_with(4, limit=4 * F)
        pull(box, 4)
        box.add(audio(4 * F, 6 * F))
        assert states(box) == (True, False)
        box.confirm(4 * F)
        pull(box, 2)
        box.confirm(6 * F)
        assert states(box) == (False, False)
        box.end_dial()
        box.end()
        assert box.losses.missing() == []

    def test_audio_at_risk_is_lost_with_its_dial(self) -> None:
        box = box_with(4, limit=4 * F)
        pull(box, 4)
        box.add(audio(4 * F, 6 * F))
        box.end_dial()
        assert box.losses.take() == [gap(0, 2 * F, GapCause.UNPROVEN)]
        assert box.pull() == audio(2 * F, 3 * F)

    def test_audio_at_risk_is_lost_with_the_session(self) -> None:
        box = box_with(2, limit=2 * F)
        pull(box, 2)
        box.add(audio(2 * F, 3 * F))
        box.end()
        assert box.losses.missing() == [
            gap(0, F, GapCause.UNPROVEN),
            gap(F, 2 * F, GapCause.UNCONFIRMED),
            gap(2 * F, 3 * F, GapCause.UNDELIVERED),
        ]

    def test_a_confirmation_saves_the_audio_at_risk_before_it(self) -> None:
        box = box_with(4, limit=4 * F)
        pull(box, 4)
        box.add(audio(4 * F, 6 * F))
        box.confirm(F + 5)
        box.end_dial()
        assert box.losses.take() == [gap(F + 5, 2 * F, GapCause.UNPROVEN)]

    def test_a_partly_confirmed_frame_is_at_risk_in_its_rest_only(self) -> None:
        box = box_with(2, limit=2 * F)
        pull(box, 2)
        box.confirm(100)
        box.add(audio(2 * F, 3 * F))
        box.end_dial()
        assert box.losses.take() == [gap(100, F, GapCause.UNPROVEN)]

    def test_audio_at_risk_on_both_sides_of_a_hole_stays_separate(self) -> None:
        box = box_with(1, limit=2 * F)
        box.hole(50)
        box.add(audio(F + 50, 2 * F + 50))
        pull(box, 2)
        box.add(audio(2 * F + 50, 4 * F + 50))
        box.end_dial()
        assert box.losses.missing() == [
            gap(0, F, GapCause.UNPROVEN),
            gap(F, F + 50, GapCause.CAPTURE),
            gap(F + 50, 2 * F + 50, GapCause.UNPROVEN),
        ]

    def test_a_skip_over_lost_audio_keeps_the_times_true(self) -> None:
        box = box_with(2, limit=4 * F)
        pull(box, 2)
        box.confirm(2 * F)
        for _ in range(6):
            box.add(audio(box.captured, box.captured + F))
        assert box.losses.take() == [gap(2 * F, 4 * F, GapCause.OVERFLOW)]
        pull(box, 2)
        assert box.interval(0, 2 * F) == (0, 2 * F)
        assert box.interval(2 * F, 3 * F) == (4 * F, 5 * F)
        assert box.interval(F, 3 * F) == (F, 5 * F)


class TestProof:
    def test_a_confirmation_counts_only_beyond_the_last_one(self) -> None:
        box = box_with(3)
        pull(box, 3)
        assert box.confirm(F)
        assert not box.confirm(F)
        assert not box.confirm(F - 1)
        assert box.confirmed == F
        assert box.buffered == 2 * F

    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            ((0, F), (100, 100 + F)),
            ((-50, F), (100, 100 + F)),
            ((-50, -20), (100, 100)),
            ((F, 10 * F), (100 + F, 100 + 2 * F)),
            ((5 * F, 9 * F), (100 + 2 * F, 100 + 2 * F)),
            ((7, 7), (107, 107)),
        ],
    )
    def test_the_backends_times_are_clamped_to_the_sent_audio(
        self, asked: tuple[int, int], found: tuple[int, int]
    ) -> None:
        box = box_with(3, origin=100)
        pull(box, 2)
        assert box.interval(*asked) == found

    def test_before_any_send_a_time_maps_to_the_confirmed_sample(self) -> None:
        box = box_with(3)
        assert box.interval(0, 5 * F) == (0, 0)
        pull(box, 3)
        box.confirm(2 * F)
        box.end_dial()
        assert box.interval(0, 5 * F) == (2 * F, 2 * F)
        assert box.span(0, 5 * F) == (2 * F, 2 * F)


class TestReplay:
    @pytest.mark.parametrize("proved", [0, 1, F - 1, F, F + 1, 2 * F + 17])
    def test_a_new_dial_starts_exactly_at_the_confirmed_sample(self, proved: int) -> None:
        box = box_with(5)
        pull(box, 4)
        box.confirm(proved)
        box.end_dial()
        assert (box.sent, box.dial_sent) == (proved, 0)
        assert box.buffered == 5 * F - proved
        assert b"".join(drained(box)) == audio(proved, 5 * F)
        assert box.interval(0, 10) == (proved, proved + 10)

    def test_a_dial_that_sent_nothing_changes_nothing(self) -> None:
        box = box_with(3)
        box.end_dial()
        box.end_dial()
        assert box.pull() == audio(0, F)


class TestGaps:
    def test_adjacent_gaps_of_one_cause_are_merged_until_reported(self) -> None:
        box = Outbox("mic", ROOMY, 0)
        box.hole(10)
        box.hole(20)
        assert states(box) == (False, True)
        assert box.losses.take() == [gap(0, 30, GapCause.CAPTURE)]
        assert states(box) == (False, False)
        assert box.losses.take() == []
        box.hole(5)
        assert box.losses.take() == [gap(30, 35, GapCause.CAPTURE)]
        assert box.losses.missing() == [gap(0, 35, GapCause.CAPTURE)]

    def test_adjacent_gaps_of_different_causes_stay_apart(self) -> None:
        box = box_with(3, limit=F)
        box.hole(0)
        box.end()
        assert box.losses.missing() == [
            gap(0, 2 * F, GapCause.OVERFLOW),
            gap(2 * F, 3 * F, GapCause.UNDELIVERED),
        ]

    def test_an_inexact_backend_drop_never_merges(self) -> None:
        box = Outbox("mic", ROOMY, 0)
        box.hole(10)
        box.losses.somewhere(0, 30, 640)
        box.hole(20)
        box.losses.somewhere(30, 30, 320)
        box.hole(5)
        inexact = Gap(
            source="mic", start=0, end=30, samples=640, cause=GapCause.BACKEND, exact=False
        )
        assert box.losses.take()[1] == inexact
        assert [g for g in box.losses.missing() if g.exact] == [gap(0, 35, GapCause.CAPTURE)]
        assert [g.samples for g in box.losses.missing() if not g.exact] == [640, 320]
        starts = [(g.start, g.end) for g in box.losses.missing()]
        assert starts == sorted(starts)

    def test_the_end_reports_all_remaining_audio_with_its_cause(self) -> None:
        box = box_with(4)
        box.add(audio(4 * F, 4 * F + 3))
        pull(box, 2)
        box.confirm(10)
        box.end()
        assert box.losses.take() == [
            gap(10, 2 * F, GapCause.UNCONFIRMED),
            gap(2 * F, 4 * F + 3, GapCause.UNDELIVERED),
        ]
        assert (box.buffered, box.undelivered) == (0, False)
        box.end()
        assert box.losses.take() == []


class TestWhatIsLeft:
    def test_a_partial_frame_counts_as_undelivered(self) -> None:
        box = Outbox("mic", ROOMY, 0)
        assert not box.undelivered
        box.add(audio(0, 100))
        assert box.undelivered

    def test_a_confirmation_before_the_audio_at_risk_saves_nothing(self) -> None:
        box = Outbox("mic", F, 0)
        box.hole(1000)
        box.losses.take()
        for _ in range(3):
            box.add(audio(box.captured, box.captured + F))
            box.pull()
        box.confirm(500)
        box.end_dial()
        assert box.losses.take() == [
            Gap(source="mic", start=1000, end=1640, samples=640, cause=GapCause.UNPROVEN)
        ]

    def test_audio_without_a_gap_is_one_run(self) -> None:
        box = box_with(500)
        pull(box, 500)
        assert box._positions._session == [0]  # pyright: ignore[reportPrivateUsage]

    def test_before_anything_is_sent_nothing_is_spanned(self) -> None:
        box = box_with(3, origin=50)
        assert box.span(0, 0) == (50, 50)


def held(start: int, end: int) -> Reading:
    final = Transcript(source="mic", text="w", final=False, start=0.0, end=0.0, id="1.1.1")
    return Reading(start, end, final)


def test_a_final_whose_beginning_leaves_memory_is_told_and_skipped() -> None:
    """Its end may lie inside a frame; no sample of it is lost, and none is sent again."""
    box = box_with(4, limit=6 * F)
    pull(box, 4)
    box.hearing.marks.hold(held(F + 7, 3 * F + 9), FAR)
    box.end_dial()
    for _ in range(4):
        box.add(audio(box.captured, box.captured + F))
    assert [(each.start, each.end) for each in box.hearing.take_told()] == [(F + 7, 3 * F + 9)]
    assert box.losses.take() == [gap(0, F + 7, GapCause.OVERFLOW)]
    assert b"".join(drained(box)) == audio(3 * F + 9, 8 * F)
    box.end()
    assert [(each.start, each.end) for each in box.losses.missing()] == [
        (0, F + 7),
        (3 * F + 9, 8 * F),
    ]
    assert box.losses.told == 2 * F + 2


def late(start: int, end: int, claimed: int) -> Reading:
    """A final that counts from ``start`` on, for its claimed beginning is not possible."""
    reading = held(start, end)
    at = claimed / SAMPLE_RATE
    final = msgspec.structs.replace(reading.final, start=at, end=end / SAMPLE_RATE)
    return reading._replace(final=final)


def test_what_lies_before_the_claim_of_a_final_that_is_told_is_lost() -> None:
    box = box_with(4, limit=6 * F)
    pull(box, 4)
    box.hearing.marks.hold(late(0, 4 * F, 2 * F + 9), FAR)
    box.end_dial()
    for _ in range(3):
        box.add(audio(box.captured, box.captured + F))
    assert [(each.start, each.end) for each in box.hearing.take_told()] == [(2 * F + 9, 4 * F)]
    assert box.losses.take() == [gap(0, 2 * F + 9, GapCause.OVERFLOW)]
    assert b"".join(drained(box)) == audio(4 * F, 7 * F)


def test_a_final_that_is_told_over_two_runs_at_risk_loses_neither_twice() -> None:
    box = Outbox("mic", F, 0)
    for samples in (0, 0, F, 0):
        box.hole(samples)
        box.add(audio(box.captured, box.captured + F))
        box.pull()
    box.add(audio(box.captured, box.captured + F))
    box.hearing.marks.hold(late(0, 5 * F, 3 * F + 9), FAR)
    box.end_dial()
    assert [(each.start, each.end) for each in box.hearing.take_told()] == [(3 * F + 9, 5 * F)]
    assert box.losses.missing() == [
        gap(0, 2 * F, GapCause.UNPROVEN),
        gap(2 * F, 3 * F, GapCause.CAPTURE),
        gap(3 * F, 3 * F + 9, GapCause.UNPROVEN),
    ]
    assert b"".join(drained(box)) == audio(5 * F, 6 * F)


def test_a_final_whose_beginning_is_not_on_disk_is_told() -> None:
    box = Outbox("mic", 2 * F, 0, 1000 * F)
    box.restore(0, [(0, 20 * F)], [])
    final = Transcript(
        source="mic", text="words", final=False, start=0.1, end=0.2, settled=True, id="1.1.1"
    )
    box.hearing.restore([final], 0, 0)
    assert box.wanted() == (0, 20 * F)
    box.fetched(0, audio(0, 4 * F))
    assert box.hearing.take_told() == []
    pull(box, 4)
    box.confirm(4 * F)
    assert box.wanted() == (4 * F, 16 * F)
    box.fetched(4 * F, b"")
    [told] = box.hearing.take_told()
    assert (told.start, told.end) == (5 * F, 10 * F)
    assert box.losses.take() == [
        gap(4 * F, 5 * F, GapCause.SPOOL),
        gap(10 * F, 20 * F, GapCause.SPOOL),
    ]


def test_what_waits_before_a_final_that_is_told_is_sent() -> None:
    """Memory has it already when the disk turns out not to have the final's beginning."""
    box = Outbox("mic", 8 * F, 0, 1000 * F, memory=4 * F)
    box.restore(0, [(0, 12 * F)], [])
    final = Transcript(
        source="mic", text="words", final=False, start=0.1, end=0.2, settled=True, id="1.1.1"
    )
    box.hearing.restore([final], 0, 0)
    sent = b""
    while (run := box.wanted()) or box.next_samples:
        if run:
            start, samples = run
            box.fetched(start, b"" if start == 4 * F else audio(start, start + samples))
        else:
            sent += box.pull()
    assert sent == audio(0, 4 * F) + audio(10 * F, 12 * F)
    [told] = box.hearing.take_told()
    assert (told.start, told.end) == (5 * F, 10 * F)
    assert box.losses.take() == [gap(4 * F, 5 * F, GapCause.SPOOL)]


def test_a_final_whose_claimed_beginning_is_lost_is_told_from_there_on() -> None:
    """The one that counts was sent again, but no dial can say the first word again."""
    box = box_with(6, limit=6 * F)
    pull(box, 6)
    box.hearing.marks.hold(late(F, 5 * F, 3 * F + 9), FAR)
    box.end_dial()
    pull(box, 3)
    box.add(audio(box.captured, box.captured + 5 * F))
    assert [(each.start, each.end) for each in box.hearing.take_told()] == [(3 * F + 9, 5 * F)]
    assert box.losses.take() == [gap(3 * F, 3 * F + 9, GapCause.OVERFLOW)]
    assert b"".join(drained(box)) == audio(5 * F, 11 * F)


def test_what_was_told_is_skipped_on_disk_too() -> None:
    box = Outbox("mic", 2 * F, 0, 1000 * F)
    for _ in range(10):
        box.add(audio(box.captured, box.captured + F))
    assert box.on_disk
    box.hearing.marks.hold(held(0, 5 * F + 3), FAR)
    box.end_dial()
    for _ in range(995):
        box.add(audio(box.captured, box.captured + F))
    [told] = box.hearing.take_told()
    assert (told.start, told.end) == (0, 5 * F + 3)
    assert box.wanted() == (5 * F + 3, FETCH)


def test_all_runs_on_disk_before_a_skip_are_taken_out() -> None:
    runs = DiskRuns()
    for start, end in ((0, 5), (8, 20), (30, 40)):
        runs.extend(start, end)
    runs.skip(6)
    assert runs.front == 8
    runs.skip(35)
    assert runs.clear() == [(35, 40)]
    assert not runs


def overflows_within_a_final() -> Outbox:
    """A final of [F, 5F) is put aside; the next dial was sent half of it when 2F samples go."""
    box = box_with(6, limit=6 * F)
    pull(box, 6)
    box.hearing.marks.hold(held(F, 5 * F), FAR)
    box.end_dial()
    pull(box, 3)
    box.add(audio(box.captured, box.captured + 5 * F))
    assert box.losses.take() == [gap(3 * F, 5 * F, GapCause.OVERFLOW)]
    return box


def test_what_was_lost_of_a_final_that_is_told_in_the_end_is_no_gap() -> None:
    box = overflows_within_a_final()
    box.end()
    assert box.losses.take_withdrawn() == [gap(3 * F, 5 * F, GapCause.OVERFLOW)]
    assert box.losses.told == 4 * F
    assert [each.cause for each in box.losses.missing()] == [
        GapCause.UNPROVEN,
        GapCause.UNDELIVERED,
    ]


def test_what_was_lost_of_a_final_that_is_replaced_stays_lost() -> None:
    box = overflows_within_a_final()
    box.hearing.begin_dial(Marks(0, 0, 0), Ends.CLAIMED)
    again = held(F, 3 * F)
    box.hearing.hold(again._replace(final=msgspec.structs.replace(again.final, id="2.1.1")), FAR)
    box.hearing.pass_mark(6 * F)
    box.end()
    assert box.losses.take_withdrawn() == []
    assert gap(3 * F, 5 * F, GapCause.OVERFLOW) in box.losses.missing()


def test_ignoring_a_source_twice_changes_nothing() -> None:
    box = box_with(3)
    pull(box, 2)
    for _ in range(2):
        box.ignore()
        assert (box.ignored, box.confirmed, box.undelivered) == (True, 3 * F, False)
    box.add(audio(3 * F, 4 * F))
    box.end()
    assert box.losses.take() == [gap(0, 4 * F, GapCause.IGNORED)]
