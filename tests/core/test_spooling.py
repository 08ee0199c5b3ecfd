"""Audio on disk: it extends memory, is fetched in time, and is resumed by the next process."""

from __future__ import annotations

import operator
from functools import partial
from typing import Any, cast

import hypothesis.strategies as st
import pytest
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from openline import events as e
from openline.audio.backlog import FRAME_SAMPLES as F
from openline.audio.disk_runs import FETCH
from openline.audio.outbox import Outbox
from openline.commands import (
    Command,
    DiscardStore,
    FetchAudio,
    Report,
    StoreAudio,
    StoreConfirmed,
    StoreFinal,
    StoreGap,
)
from openline.session import PastSource, SessionMachine
from openline.updates import SAMPLE_RATE as S
from openline.updates import Gap, GapCause, Transcript, Trouble
from tests.core.driver import Drive, pcm
from tests.support_profiles import paced

PATTERN = b"".join((i * 40503 % 65521).to_bytes(2, "little") for i in range(65521)) * 4
#: Samples in memory and on disk.
LIMIT, DISK = 10 * F, 10_000 * F


def audio(start: int, end: int) -> bytes:
    """Audio whose sample values are their session positions."""
    return PATTERN[2 * start : 2 * end]


def gap(start: int, end: int, cause: GapCause) -> Gap:
    return Gap(source="mic", start=start, end=end, samples=end - start, cause=cause)


def box_with(frames: int, *, disk: int = DISK, limit: int = LIMIT) -> Outbox:
    box = Outbox("mic", limit, 0, disk)
    add(box, frames * F)
    return box


def add(box: Outbox, samples: int) -> None:
    for at in range(0, samples, F):
        box.add(audio(box.captured, box.captured + min(F, samples - at)))


def answer(box: Outbox) -> tuple[int, int]:
    """The disk returns the audio that was requested."""
    wanted = box.wanted()
    assert wanted is not None
    start, samples = wanted
    box.fetched(start, audio(start, start + samples))
    return wanted


def drained(box: Outbox) -> bytes:
    sent = b""
    while box.next_samples:
        sent += box.pull()
    return sent


class TestOutbox:
    def test_audio_beyond_memory_stays_on_disk_without_loss(self) -> None:
        box = box_with(10)
        assert not box.on_disk
        add(box, 90 * F)
        assert (box.captured, box.buffered, box.on_disk) == (100 * F, 10 * F, True)
        assert box.unsent == 100 * F
        assert not box.losses.has_news

    def test_it_is_fetched_after_memory_is_sent_and_sent_in_order(self) -> None:
        box = box_with(100)
        assert box.wanted() is None
        sent = drained(box)
        assert sent == audio(0, 10 * F)
        assert (box.next_samples, box.unsent) == (0, 90 * F)
        box.confirm(8 * F)
        assert answer(box) == (10 * F, 90 * F)
        assert not box.on_disk
        assert drained(box) == audio(10 * F, 100 * F)
        assert box.interval(0, box.dial_sent) == (0, 100 * F)

    def test_it_is_fetched_once_and_in_parts(self) -> None:
        box = box_with(300)
        drained(box)
        box.confirm(10 * F)
        assert box.wanted() == (10 * F, FETCH)
        assert box.wanted() is None
        box.fetched(10 * F, audio(10 * F, 16 * F))
        assert box.wanted() is None, "there is enough to send"
        drained(box)
        assert box.wanted() == (16 * F, FETCH)

    def test_it_is_fetched_as_soon_as_half_of_the_memory_is_sent(self) -> None:
        box = box_with(20)
        for _ in range(4):
            box.pull()
        assert box.wanted() is None
        box.pull()
        assert answer(box) == (10 * F, 10 * F)
        assert box.buffered == 15 * F, "what was sent made room"

    def test_a_full_disk_keeps_the_rest_of_the_oldest_in_order(self) -> None:
        box = box_with(14, disk=30 * F)
        box.hole(50)
        add(box, 17 * F)
        drained(box)
        box.confirm(10 * F)
        box.end_dial()
        add(box, 10 * F)
        assert box.wanted() == (12 * F, 2 * F)

    def test_with_nothing_left_to_send_it_is_fetched_at_once(self) -> None:
        box = box_with(20)
        assert len(drained(box)) == 2 * 10 * F
        assert box.buffered == LIMIT
        assert answer(box) == (10 * F, 10 * F)

    def test_a_partial_last_frame_goes_to_disk_with_later_audio(self) -> None:
        box = box_with(9)
        box.add(audio(9 * F, 9 * F + 7))
        add(box, 3 * F)
        assert box.captured == 12 * F + 7
        drained(box)
        box.confirm(9 * F)
        assert answer(box) == (9 * F, 3 * F + 7)
        assert drained(box) == audio(9 * F, 12 * F + 7)

    def test_a_hole_on_disk_is_a_gap_and_keeps_its_place(self) -> None:
        box = box_with(12)
        box.hole(50)
        add(box, F)
        drained(box)
        box.confirm(10 * F)
        assert answer(box) == (10 * F, 2 * F)
        assert answer(box) == (12 * F + 50, F)
        drained(box)
        assert box.interval(12 * F, 13 * F) == (12 * F + 50, 13 * F + 50)
        assert box.losses.take() == [gap(12 * F, 12 * F + 50, GapCause.CAPTURE)]

    def test_missing_audio_is_a_gap_and_later_audio_is_not(self) -> None:
        box = box_with(300)
        drained(box)
        box.confirm(10 * F)
        assert box.wanted() == (10 * F, FETCH)
        box.fetched(10 * F, b"")
        assert box.losses.take() == [gap(10 * F, 10 * F + FETCH, GapCause.SPOOL)]
        assert answer(box) == (10 * F + FETCH, 290 * F - FETCH)
        assert drained(box) == audio(10 * F + FETCH, 300 * F)

    def test_an_answer_to_an_outdated_fetch_changes_nothing(self) -> None:
        box = box_with(20, disk=20 * F)
        drained(box)
        box.confirm(10 * F)
        wanted = box.wanted()
        assert wanted == (10 * F, 10 * F)
        add(box, 11 * F)  # the oldest audio is dropped
        box.fetched(10 * F, audio(10 * F, 20 * F))
        assert box.losses.take() == [gap(10 * F, 11 * F, GapCause.OVERFLOW)]
        assert answer(box) == (11 * F, 20 * F)
        box.fetched(0, audio(0, F))
        assert drained(box) == audio(11 * F, 31 * F)

    def test_a_full_disk_drops_the_oldest(self) -> None:
        box = box_with(30, disk=15 * F)
        assert box.losses.take() == [gap(0, 15 * F, GapCause.OVERFLOW)]
        assert (box.buffered, box.unsent) == (0, 15 * F)
        box.add(audio(30 * F, 30 * F + 5))
        assert box.losses.take() == [gap(15 * F, 16 * F, GapCause.OVERFLOW)]
        assert answer(box) == (16 * F, 14 * F + 5)

    def test_nothing_captured_leaves_nothing_on_disk(self) -> None:
        box = box_with(12)
        box.hole(50)
        box.add(b"")
        drained(box)
        box.confirm(10 * F)
        assert answer(box) == (10 * F, 2 * F)
        assert not box.on_disk

    def test_a_disk_without_room_keeps_nothing(self) -> None:
        box = Outbox("mic", F, 0, 1)
        add(box, 2 * F)
        assert box.losses.missing() == [gap(0, 2 * F, GapCause.OVERFLOW)]
        assert (box.buffered, box.undelivered) == (0, False)

    def test_a_short_run_is_dropped_whole(self) -> None:
        box = box_with(10, disk=12 * F)
        box.add(audio(10 * F, 10 * F + 5))
        box.hole(12 * F)
        add(box, F)
        assert box.losses.missing() == [
            gap(0, 10 * F + 5, GapCause.OVERFLOW),
            gap(10 * F + 5, 22 * F + 5, GapCause.CAPTURE),
        ]

    def test_unconfirmed_audio_is_sent_again_before_audio_on_disk(self) -> None:
        box = box_with(20)
        drained(box)
        box.confirm(4 * F)
        box.end_dial()
        assert drained(box) == audio(4 * F, 10 * F)
        answer(box)
        box.end_dial()
        sent = b""
        while box.on_disk:
            answer(box)
            sent += drained(box)
        assert sent == audio(4 * F, 20 * F)


class TestFailedDisk:
    def test_new_audio_waits_for_the_audio_on_disk(self) -> None:
        box = box_with(300)
        box.disk_failed()
        drained(box)
        box.confirm(10 * F)
        add(box, 3 * F)
        assert (box.next_samples, box.unsent, box.buffered) == (0, 293 * F, 3 * F)
        assert answer(box) == (10 * F, FETCH)
        assert drained(box) == audio(10 * F, 260 * F)
        box.confirm(260 * F)
        assert answer(box) == (260 * F, 40 * F)
        assert drained(box) == audio(260 * F, 303 * F)

    def test_after_a_disk_failure_new_audio_stays_in_memory(self) -> None:
        box = box_with(20)
        box.disk_failed()
        drained(box)
        box.confirm(10 * F)
        add(box, 15 * F)
        assert box.buffered == LIMIT
        assert box.losses.take() == [gap(20 * F, 25 * F, GapCause.OVERFLOW)]
        assert answer(box) == (10 * F, 10 * F)
        assert drained(box) == audio(10 * F, 20 * F) + audio(25 * F, 35 * F)

    def test_the_end_reports_all_remaining_audio_with_its_cause(self) -> None:
        box = box_with(20)
        box.disk_failed()
        box.pull()
        box.confirm(5)
        add(box, 3 * F + 9)
        assert box.undelivered
        box.end()
        box.end()  # there is nothing left
        assert box.losses.missing() == [
            gap(5, F, GapCause.UNCONFIRMED),
            gap(F, 4 * F, GapCause.OVERFLOW),
            gap(4 * F, 23 * F + 9, GapCause.UNDELIVERED),
        ]
        assert (box.buffered, box.undelivered, box.on_disk) == (0, False, False)


class TestRestore:
    def restored(
        self,
        confirmed: int,
        *runs: tuple[int, int],
        gaps: tuple[Gap, ...] = (),
    ) -> Outbox:
        box = Outbox("mic", LIMIT, 0, DISK)
        box.restore(confirmed, runs, gaps)
        return box

    def replayed(self, box: Outbox) -> bytes:
        sent = b""
        while (wanted := box.wanted()) is not None:
            start, samples = wanted
            box.fetched(start, audio(start, start + samples))
            sent += drained(box)
        return sent

    def test_it_begins_at_the_confirmed_sample(self) -> None:
        box = self.restored(500, (0, 400), (400, 900), (900, 2000))
        assert (box.confirmed, box.sent, box.captured) == (500, 500, 2000)
        assert self.replayed(box) == audio(500, 2000)
        assert not box.losses.has_news

    def test_with_all_confirmed_nothing_is_sent(self) -> None:
        box = self.restored(500, (0, 400))
        assert (box.captured, box.undelivered, box.wanted()) == (500, False, None)

    def test_audio_reported_lost_stays_lost_even_if_on_disk(self) -> None:
        lost = gap(200, 300, GapCause.UNPROVEN)
        box = self.restored(100, (0, 1000), gaps=(lost,))
        assert self.replayed(box) == audio(100, 200) + audio(300, 1000)
        assert not box.losses.has_news
        assert box.losses.missing() == [lost]

    def test_audio_neither_on_disk_nor_reported_is_lost_now(self) -> None:
        hole = gap(300, 400, GapCause.CAPTURE)
        box = self.restored(100, (150, 200), (450, 500), gaps=(hole,))
        assert box.losses.take() == [
            gap(100, 150, GapCause.SPOOL),
            gap(200, 300, GapCause.SPOOL),
            gap(400, 450, GapCause.SPOOL),
        ]
        assert self.replayed(box) == audio(150, 200) + audio(450, 500)

    def test_a_gap_at_the_end_was_captured_time_too(self) -> None:
        box = self.restored(0, (0, 100), gaps=(gap(100, 250, GapCause.CAPTURE),))
        assert box.captured == 250

    def test_an_inexact_drop_removes_no_audio(self) -> None:
        dropped = Gap(
            source="mic", start=0, end=100, samples=9, cause=GapCause.BACKEND, exact=False
        )
        box = self.restored(0, (0, 100), gaps=(dropped,))
        assert self.replayed(box) == audio(0, 100)
        assert box.losses.missing() == [dropped]


# Random histories of a source with a disk.

INSIDE: operator.attrgetter[Any] = operator.attrgetter(
    "_backlog.frames", "_unconfirmed.frames", "_tail", "_backlog._later"
)
HEARD, HOLE, PROVEN, LOST = b"abcd"


class SpooledOutbox(RuleBasedStateMachine):
    """A naive model that records the state of every sample."""

    @initialize(
        limit=st.integers(320, 4000),
        memory=st.none() | st.integers(320, 2000),
        room=st.sampled_from([1, 900, 5000, 10**6]),
        origin=st.integers(0, 900),
    )
    def start(self, limit: int, memory: int | None, room: int, origin: int) -> None:
        self.box = Outbox("mic", limit, origin, limit + room, memory=memory)
        self.limit, self.origin = limit, origin
        self.memory = limit if memory is None else min(limit, memory)
        self.part = FETCH if memory is None else max(self.memory // 2, F)
        self.disk = bytearray(70_000)  # the real content of the disk
        self.works = True
        self.fate = bytearray(origin)
        self.pulled: list[tuple[int, int]] = []  # of this dial
        self.asked: list[tuple[int, int]] = []

    def may_capture(self) -> bool:
        return not self.box.closed and self.box.captured < 60_000

    @precondition(may_capture)
    @rule(size=st.one_of(st.integers(0, 1300), st.sampled_from([1, 319, 320, 321, 3200])))
    def add(self, size: int) -> None:
        start = self.box.captured
        self.box.add(audio(start, start + size))
        assert self.box.captured == start + size
        self.fate.extend(bytes([HEARD]) * size)
        if self.works:
            self.disk[start : start + size] = bytes([1]) * size

    @precondition(may_capture)
    @rule(samples=st.integers(0, 700))
    def hole(self, samples: int) -> None:
        self.box.hole(samples)
        self.fate.extend(bytes([HOLE]) * samples)

    @rule(really=st.integers(0, 4))
    def close(self, really: int) -> None:
        if not really:
            self.box.close()

    @rule(frames=st.integers(1, 12))
    def pull(self, frames: int) -> None:
        box = self.box
        for _ in range(frames):
            if box.next_samples:
                begun, sent = box.dial_sent, box.sent
                data = box.pull()
                start, end = box.sent - len(data) // 2, box.sent
                assert data == audio(start, end)
                assert 0 < end - start <= F
                assert start >= sent, "out of order"
                assert self.missing() >= set(range(sent, start)), "audio was stepped over"
                assert box.interval(begun, box.dial_sent) == (start, end)
                self.pulled.append((start, end))

    @rule(share=st.integers(0, 16))
    def confirm(self, share: int) -> None:
        box = self.box
        position = box.confirmed + (box.sent - box.confirmed) * share // 16
        box.confirm(position)
        for start, end in self.pulled:
            if min(end, position) > start:
                self.fate[start : min(end, position)] = bytes([PROVEN]) * (
                    min(end, position) - start
                )

    @rule()
    def end_dial(self) -> None:
        self.box.end_dial()
        self.pulled.clear()

    @rule()
    def ask(self) -> None:
        wanted = self.box.wanted()
        if wanted is not None:
            start, samples = wanted
            assert not self.asked, "asked twice"
            assert 0 < samples <= self.part
            assert start >= self.box.sent, "what was sent is fetched"
            self.asked.append(wanted)

    @precondition(lambda self: self.asked)
    @rule(share=st.sampled_from([16, 16, 5, 0]))
    def answer(self, share: int) -> None:
        start, samples = self.asked.pop()
        gone = self.disk.find(0, start, start + samples)
        there = samples if gone < 0 else gone - start
        if share < 16:
            there = there * share // 16
        self.box.fetched(start, audio(start, start + there))

    @rule(really=st.integers(0, 9))
    def disk_failed(self, really: int) -> None:
        if not really:
            self.works = False
            self.box.disk_failed()

    @invariant()
    def watermarks_are_in_order(self) -> None:
        box = self.box
        assert box.origin <= box.confirmed <= box.sent <= box.captured

    @invariant()
    def memory_is_bounded_and_counted(self) -> None:
        unsent, unproven, tail, later = INSIDE(self.box)
        frames = (*unsent, *unproven, *later)
        held = sum(len(data) // 2 for data in (tail, *(data for _, data in frames)))
        assert self.box.buffered == held
        # Half of memory is left to be sent when more is fetched, and a piece of a frame. Audio that
        # was captured after the disk failed makes no room for what is fetched.
        half = self.memory // 2 + F if self.works else self.limit
        assert held <= max(self.memory, half + self.part)

    @invariant()
    def nothing_proved_is_missing(self) -> None:
        for each in self.box.losses.missing():
            assert PROVEN not in self.fate[each.start : each.end]

    def teardown(self) -> None:
        if not hasattr(self, "box"):
            return
        box = self.box
        box.end()
        assert box.buffered == 0
        assert (box.undelivered, box.on_disk) == (False, False)
        for each in box.losses.missing():
            kind = HOLE if each.cause is GapCause.CAPTURE else HEARD
            assert {*self.fate[each.start : each.end]} == {kind}, "lost twice, or proved"
            self.fate[each.start : each.end] = bytes([LOST]) * each.samples
        assert len(self.fate) == box.captured
        assert {*self.fate[self.origin :]} <= {PROVEN, LOST}

    def missing(self) -> set[int]:
        gaps = self.box.losses.missing()
        return {at for each in gaps for at in range(each.start, each.end)}


TestSpooledOutbox = SpooledOutbox.TestCase
TestSpooledOutbox.settings = paced(100, 40)


# The session.


def spooled(**options: Any) -> Drive:
    """A session with an hour of disk."""
    return Drive(disk_seconds=3600, **options)


def kinds(commands: list[Command]) -> list[Any]:
    return [
        type(command.update) if isinstance(command, Report) else type(command)
        for command in commands
    ]


def only(drive: Drive, kind: type[Any]) -> list[Any]:
    return [command for command in drive.commands if isinstance(command, kind)]


class TestConnection:
    def test_without_a_disk_nothing_is_stored(self) -> None:
        drive = Drive().stream()
        drive.audio(3)
        drive.final(0, 0.02)
        drive.audio(5000)
        drive.lose()
        assert drive.gaps
        assert not only(drive, StoreAudio) + only(drive, StoreConfirmed) + only(drive, StoreGap)

    def test_audio_is_stored_after_the_start_of_its_source(self) -> None:
        drive = spooled(sources=("mic", "system"))
        drive.audio()
        drive.feed(e.AudioCaptured("mic", pcm(7)))
        drive.feed(e.AudioCaptured("system", pcm(9)), after=1)
        assert drive.commands == [
            StoreConfirmed("mic", 0),
            StoreAudio("mic", 0, pcm(F)),
            StoreAudio("mic", F, pcm(7)),
            StoreConfirmed("system", S),
            StoreAudio("system", S, pcm(9)),
        ]

    def test_a_final_is_reported_before_it_is_confirmed(self) -> None:
        drive = spooled().stream()
        drive.audio(5)
        drive.drain()
        assert kinds(drive.final(0, 0.1)) == [StoreFinal, Transcript, StoreConfirmed]
        assert only(drive, StoreConfirmed)[-1] == StoreConfirmed("mic", 5 * F)
        drive.final(0, 0.1)
        assert len(only(drive, StoreConfirmed)) == 2, "no news"

    def test_a_hole_is_reported_at_once(self) -> None:
        drive = spooled()
        drive.audio()
        assert kinds(drive.feed(e.CaptureHole("mic", 99))) == [StoreGap, Gap]
        drive = Drive()
        assert kinds(drive.feed(e.CaptureHole("mic", 99))) == []

    @pytest.mark.parametrize(
        ("sent", "cause"), [(False, GapCause.UNDELIVERED), (True, GapCause.UNCONFIRMED)]
    )
    def test_audio_left_for_the_next_process_is_no_gap_on_disk(
        self, cause: GapCause, *, sent: bool
    ) -> None:
        drive = spooled().stream()
        drive.audio(10)
        if sent:
            drive.drain()
        drive.abort()
        assert [gap.cause for gap in drive.gaps] == [cause]
        assert not only(drive, StoreGap) + only(drive, DiscardStore)

    @pytest.mark.parametrize(("code", "kept"), [(1008, True), (1000, False)])
    def test_the_store_is_kept_for_a_session_that_failed(self, code: int, *, kept: bool) -> None:
        drive = spooled().stream()
        drive.audio(5)
        if code == 1000:
            drive.stop()
            drive.drain()
            drive.summary()
        drive.lose(code)
        assert drive.ended.complete is not kept
        assert bool(only(drive, DiscardStore)) is not kept

    def test_the_store_is_kept_for_a_failed_session_even_if_all_was_confirmed(self) -> None:
        drive = spooled().stream()
        drive.audio(5)
        drive.drain()
        drive.final(0, 0.1)
        drive.lose(1002)
        assert (drive.ended.complete, drive.ended.missing) == (False, ())
        assert not only(drive, DiscardStore)

    def test_a_session_that_failed_before_any_audio_stores_nothing(self) -> None:
        drive = spooled()
        drive.open()
        drive.opened()
        drive.drain()
        drive.lose(1008)
        assert drive.state == "failed"
        assert isinstance(drive.commands[-1], DiscardStore)

    def test_audio_after_the_stop_is_not_stored(self) -> None:
        drive = spooled().stream()
        drive.audio()
        drive.stop()
        assert not drive.audio() or not isinstance(drive.commands[-1], StoreAudio)
        assert len(only(drive, StoreAudio)) == 1

    def test_an_outage_longer_than_memory_loses_nothing(self) -> None:
        drive = spooled()
        drive.open()
        for _ in range(90):
            drive.audio(50)
        assert not drive.gaps
        assert drive.core.statistics.sources["mic"].captured == 90 * S
        drive.connect()
        drive.stop()
        self.play_the_disk(drive)
        assert drive.frames() == 90 * 50
        drive.summary()
        drive.lose(1000)
        assert drive.ended.complete

    def play_the_disk(self, drive: Drive) -> None:
        drive.serve("mic")
        answered = 0
        while wanted := only(drive, FetchAudio)[answered:]:
            answered += 1
            assert answered < 100, "it fetches for ever"
            drive.feed(e.AudioFetched("mic", wanted[0].start, pcm(wanted[0].samples)))
            drive.serve("mic")

    def test_the_stop_waits_for_the_audio_on_disk(self) -> None:
        drive = spooled().stream()
        for _ in range(61):
            drive.audio(50)
        drive.stop()
        self.play_the_disk(drive)
        assert drive.texts[-1] == (1, "stop")
        assert drive.frames() == 61 * 50

    def test_a_disk_failure_is_reported_once_and_ends_storing(self) -> None:
        drive = spooled().stream()
        drive.audio()
        told = drive.feed(e.SpoolFailed("no space left"))
        assert kinds(told) == [Trouble]
        assert cast("Report", told[0]).update == Trouble(
            kind="spool", text="the disk takes no more, memory alone keeps audio: no space left"
        )
        assert not drive.feed(e.SpoolFailed("no space left"))
        drive.audio(4)
        drive.drain()
        drive.final(0, 0.1)
        drive.feed(e.CaptureHole("mic", 5))
        assert len(only(drive, StoreAudio)) == 1
        assert len(only(drive, StoreConfirmed)) == 1
        drive.feed(e.AudioCaptured("mic", pcm(61 * S)))
        drive.drain()
        drive.feed(e.Tick())
        assert {each.cause for each in drive.gaps} == {GapCause.CAPTURE, GapCause.OVERFLOW}

    def test_a_source_that_starts_after_a_disk_failure_has_no_disk(self) -> None:
        drive = spooled().stream()
        drive.feed(e.SpoolFailed("no space left"))
        drive.feed(e.AudioCaptured("mic", pcm(61 * S)))
        drive.drain()
        drive.feed(e.Tick())
        assert [each.cause for each in drive.gaps] == [GapCause.OVERFLOW]

    def test_audio_of_an_unknown_source_is_not_stored(self) -> None:
        drive = spooled().stream()
        assert not drive.feed(e.AudioFetched("system", 0, pcm(5)))
        assert not drive.feed(e.AudioFetched("mic", 0, pcm(5)))
        assert drive.core.backlog_seconds == 0


class TestResume:
    FINALS = (Transcript(source="mic", text="before", final=True, start=0.0, end=0.5),)

    def resume(self, *past: PastSource, disk: float = 3600, **options: Any) -> Drive:
        resumed = partial(SessionMachine, past=past, past_transcript=self.FINALS)
        drive = Drive(make=resumed, disk_seconds=disk, **options)
        for source in ("mic", "system"):
            if any(each.source == source for each in past):
                drive.feed(e.SourceFinished(source))
        return drive

    def test_a_held_final_is_told_if_the_disk_has_lost_its_audio(self) -> None:
        held = Transcript(
            source="mic", text="x", final=False, start=1.0, end=1.5, settled=True, id="1.1.1"
        )
        past = PastSource(source="mic", origin=0, confirmed=0, on_disk=((0, 2 * S),), held=(held,))
        drive = self.resume(past)
        drive.open()
        drive.connect()
        drive.feed(e.AudioFetched("mic", 0, b""))
        assert [each.text for each in drive.finals if each.id == "1.1.1"] == ["x"]

    @pytest.mark.parametrize("disk", [0, 3600])
    def test_it_replays_unconfirmed_audio_and_ends_complete(self, disk: float) -> None:
        past = PastSource(source="mic", origin=0, confirmed=S // 2, on_disk=((0, S), (S, 2 * S)))
        drive = self.resume(past, disk=disk)
        assert drive.core.transcript == self.FINALS
        drive.open()
        drive.connect()
        assert drive.state == "finishing"
        assert only(drive, FetchAudio) == [FetchAudio("mic", S // 2, 3 * S // 2)]
        assert ("stop" in [text for _, text in drive.texts]) is False
        drive.feed(e.AudioFetched("mic", S // 2, pcm(3 * S // 2)))
        drive.serve("mic")
        assert drive.frames() == 75
        drive.final(0, 1.5, text="after")
        drive.summary()
        drive.lose(1000)
        assert drive.ended.complete
        assert [(t.text, t.start, t.end) for t in drive.ended.transcript] == [
            ("before", 0.0, 0.5),
            ("after", 0.5, 2.0),
        ]
        assert drive.ended.statistics.sources["mic"].captured == 2 * S
        assert only(drive, StoreConfirmed) == [StoreConfirmed("mic", 2 * S)]

    def test_with_nothing_left_it_ends_at_once(self) -> None:
        drive = self.resume(PastSource(source="mic", origin=0, confirmed=S, on_disk=((0, S),)))
        drive.open()
        assert drive.state == "closed"
        assert drive.ended.complete
        assert drive.ended.transcript == self.FINALS

    def test_two_resumed_sources_keep_their_offsets_and_gaps(self) -> None:
        hole = Gap(source="system", start=3 * S, end=4 * S, samples=S, cause=GapCause.CAPTURE)
        drive = self.resume(
            PastSource(source="mic", origin=0, confirmed=S // 2, on_disk=((0, S),)),
            PastSource(
                source="system",
                origin=2 * S,
                confirmed=2 * S,
                on_disk=((2 * S, 3 * S), (4 * S, 5 * S)),
                gaps=(hole,),
            ),
            sources=("mic", "system"),
        )
        drive.open()
        drive.connect()
        answered = 0
        while wanted := only(drive, FetchAudio)[answered:]:
            answered += 1
            fetch = wanted[0]
            drive.feed(e.AudioFetched(fetch.source, fetch.start, pcm(fetch.samples)))
            drive.serve("mic", "system")
        drive.final(0, 2, text="late", source="system")
        drive.summary()
        drive.lose(1000)
        assert drive.ended.missing == (hole,)
        last = drive.ended.transcript[-1]
        assert (last.text, last.start, last.end) == ("late", 2.0, 5.0)


def test_a_disk_smaller_than_one_event_keeps_none_of_it() -> None:
    box = Outbox("mic", 320, 0, 100)
    box.add(bytes(2 * 320))
    box.add(bytes(2 * 640))
    assert not box.undelivered
    assert [(gap.start, gap.end) for gap in box.losses.missing()] == [(0, 960)]
