"""Audio that is sent, not confirmed and on disk alone: memory holds a few seconds of it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from openline import events as e
from openline.audio.backlog import FRAME_SAMPLES as F
from openline.audio.outbox import Outbox
from openline.commands import FetchAudio, StoreAudio
from openline.policy import Policy
from openline.session import PastSource, SessionMachine
from openline.updates import SAMPLE_RATE as S
from openline.updates import GapCause
from tests.core.driver import Drive
from tests.core.test_spooling import add, answer, audio, drained, gap, only
from tests.core.toys import Outright, Play

#: Samples that memory holds beside a disk, without one, and on the disk.
MEMORY, FULL, DISK = 10 * F, 40 * F, 10_000 * F
#: Samples that are read at a time: half of memory.
PART = 5 * F


def spooled_box(
    frames: int = 0,
    *,
    memory: int = MEMORY,
    limit: int = FULL,
    disk: int = DISK,
    sheds: bool = True,
) -> Outbox:
    box = Outbox("mic", limit, 0, disk, memory=memory, sheds=sheds)
    add(box, frames * F)
    return box


def sent_box(frames: int, **given: Any) -> Outbox:
    """A box that has sent ``frames`` on a line that keeps up, of which nothing is confirmed."""
    box = spooled_box(**given)
    for _ in range(frames):
        add(box, F)
        box.pull()
    return box


def replayed(box: Outbox) -> bytes:
    """All that is still to be sent, with the disk's answers."""
    sent = drained(box)
    while box.on_disk:
        answer(box)
        sent += drained(box)
    return sent


class TestOutbox:
    def test_older_audio_leaves_memory_and_is_not_at_risk(self) -> None:
        box = sent_box(100)
        assert (box.captured, box.sent, box.buffered) == (100 * F, 100 * F, MEMORY)
        assert box.undelivered
        assert not box.left_unproved
        assert not box.on_disk, "nothing has to be read to be sent"
        assert box.wanted() is None

    def test_a_disk_that_holds_less_than_memory_spares_none(self) -> None:
        assert spooled_box(30, disk=FULL - 1).buffered == 30 * F
        assert spooled_box(30, disk=FULL).buffered == MEMORY

    def test_a_full_disk_drops_what_was_sent_first_and_says_so(self) -> None:
        box = spooled_box(12, memory=4 * F, limit=12 * F, disk=12 * F)
        for _ in range(2):
            box.pull()
        add(box, F)
        assert box.left_unproved, "the first frame was sent, and is on no disk any more"
        assert not box.losses.has_news
        add(box, 2 * F)
        assert box.losses.take() == [gap(2 * F, 3 * F, GapCause.OVERFLOW)]

    def test_after_a_loss_it_is_read_back_and_sent_before_the_rest(self) -> None:
        box = sent_box(100)
        box.confirm(20 * F)
        box.end_dial()
        add(box, 3 * F)
        assert (box.unsent, box.next_samples, box.on_disk) == (83 * F, 0, True)
        assert answer(box) == (20 * F, PART)
        assert replayed(box) == audio(20 * F, 103 * F)
        assert not box.losses.has_news
        assert box.interval(0, 83 * F) == (20 * F, 103 * F)

    def test_what_stays_in_memory_is_not_read(self) -> None:
        box = sent_box(100)
        box.end_dial()
        parts: list[tuple[int, int]] = []
        while box.on_disk:
            parts.append(answer(box))
            drained(box)
        # The newest half makes room for what is read; the other half stays.
        assert parts == [(at, PART) for at in (*range(0, 90 * F, PART), 95 * F)]
        assert box.sent == 100 * F

    def test_a_confirmation_within_what_is_on_disk_alone(self) -> None:
        box = sent_box(100)
        box.confirm(20 * F + 5)
        box.confirm(30 * F + 7)
        box.end_dial()
        assert answer(box) == (30 * F + 7, PART)
        replayed(box)
        box.confirm(95 * F)
        box.end_dial()
        assert drained(box) == audio(95 * F, 100 * F)

    def test_what_is_confirmed_is_delivered(self) -> None:
        box = sent_box(100)
        box.confirm(100 * F)
        assert not box.undelivered
        box.end()
        assert box.losses.missing() == []

    def test_memory_is_bounded_while_a_backlog_is_sent_again(self) -> None:
        box = sent_box(700, memory=20 * F)
        box.end_dial()
        sent, most = b"", 0
        while True:
            if (wanted := box.wanted()) is not None:
                start, samples = wanted
                box.fetched(start, audio(start, start + samples))
            most = max(most, box.buffered)
            if not box.next_samples:
                break
            sent += box.pull()
            if box.captured < 750 * F:
                add(box, F)
        assert sent == audio(0, 750 * F)
        assert most == 20 * F

    def test_the_next_part_is_read_before_the_last_one_is_sent(self) -> None:
        box = sent_box(700)
        box.end_dial()
        assert answer(box) == (0, PART)
        assert answer(box) == (PART, PART), "so much is sent while more is read"
        for _ in range(4):
            box.pull()
            assert box.wanted() is None
        box.pull()
        assert box.wanted() == (2 * PART, PART)

    def test_a_part_that_the_disk_lost_is_a_gap_and_the_rest_is_sent(self) -> None:
        box = sent_box(600)
        box.end_dial()
        assert box.wanted() == (0, PART)
        box.fetched(0, b"")
        assert box.losses.take() == [gap(0, PART, GapCause.SPOOL)]
        assert replayed(box) == audio(PART, 600 * F)

    def test_an_answer_of_the_dial_before_is_of_no_use(self) -> None:
        box = sent_box(600)
        box.end_dial()
        answer(box)
        drained(box)
        assert box.wanted() == (PART, PART)
        box.end_dial()
        assert box.wanted() is None, "one at a time"
        box.fetched(PART, audio(PART, 2 * PART))
        assert replayed(box) == audio(0, 600 * F)

    def test_what_the_backend_does_not_transcribe_is_not_sent_again(self) -> None:
        box = sent_box(100)
        box.lose(10 * F + 5, 20 * F)
        box.lose(85 * F, 95 * F)
        box.end_dial()
        assert replayed(box) == audio(0, 10 * F + 5) + audio(20 * F, 85 * F) + audio(
            95 * F, 100 * F
        )

    def test_an_answer_that_is_longer_than_what_is_left_of_its_run(self) -> None:
        box = sent_box(100)
        box.end_dial()
        assert box.wanted() == (0, PART)
        box.lose(2 * F, 20 * F)
        box.end_dial()
        box.fetched(0, audio(0, PART))
        assert replayed(box) == audio(0, 2 * F) + audio(20 * F, 100 * F)

    def test_an_answer_that_nobody_asked_for_changes_nothing(self) -> None:
        box = sent_box(100)
        box.end_dial()
        box.fetched(0, b"")
        assert not box.losses.has_news
        assert replayed(box) == audio(0, 100 * F)

    def test_a_full_disk_drops_the_oldest(self) -> None:
        box = sent_box(100, disk=60 * F)
        assert box.left_unproved
        assert not box.losses.has_news, "the backend may still confirm it"
        box.end_dial()
        assert box.losses.take() == [gap(0, 40 * F, GapCause.UNPROVEN)]
        assert replayed(box) == audio(40 * F, 100 * F)

    def test_a_full_disk_drops_the_oldest_that_is_to_be_sent_again(self) -> None:
        box = sent_box(100, disk=100 * F)
        box.end_dial()
        add(box, 5 * F)
        assert box.losses.take() == [gap(0, 5 * F, GapCause.OVERFLOW)]
        add(box, 90 * F)
        assert box.losses.take() == [gap(5 * F, 95 * F, GapCause.OVERFLOW)]
        assert replayed(box) == audio(95 * F, 195 * F)

    def test_a_store_waits_for_the_disk_and_loses_nothing(self) -> None:
        box = sent_box(100, disk=30 * F, sheds=False)
        assert not box.has_room(2 * F)
        assert not box.left_unproved
        box.confirm(80 * F)
        assert box.has_room(2 * F)
        box.end_dial()
        assert replayed(box) == audio(80 * F, 100 * F)

    def test_the_end_tells_what_was_not_confirmed_and_what_was_not_sent(self) -> None:
        box = sent_box(100)
        box.confirm(5)
        add(box, F)
        box.end()
        assert box.losses.missing() == [
            gap(5, 100 * F, GapCause.UNCONFIRMED),
            gap(100 * F, 101 * F, GapCause.UNDELIVERED),
        ]

    def test_a_source_that_is_ignored_forgets_it(self) -> None:
        box = sent_box(100)
        box.ignore()
        assert not box.undelivered

    def test_audio_given_up_leaves_what_was_sent(self) -> None:
        box = sent_box(100)
        box.end_dial()
        for _ in range(2):
            answer(box)
            drained(box)
        box.give_up(GapCause.SKIPPED)
        assert box.losses.take() == [gap(2 * PART, 100 * F, GapCause.SKIPPED)]
        assert box.undelivered
        box.end_dial()
        assert replayed(box) == audio(0, 2 * PART)


class TestFailedDisk:
    def test_memory_then_holds_as_much_as_without_a_disk(self) -> None:
        box = sent_box(100)
        box.disk_failed()
        for _ in range(35):
            add(box, F)
            box.pull()
        assert box.buffered == FULL
        assert not box.left_unproved, "the disk has what left memory now"
        at_risk: list[bool] = []
        for _ in range(6):
            add(box, F)
            box.pull()
            at_risk.append(box.left_unproved)
        assert box.buffered == FULL
        assert at_risk == [*[False] * 5, True], "the disk has no more than it had when it failed"
        box.end_dial()
        assert box.losses.take() == [gap(100 * F, 101 * F, GapCause.UNPROVEN)]
        assert replayed(box) == audio(0, 100 * F) + audio(101 * F, 141 * F)

    def test_what_it_has_is_read_and_the_rest_follows_from_memory(self) -> None:
        box = sent_box(100)
        box.disk_failed()
        add(box, 5 * F)
        box.end_dial()
        add(box, 5 * F)
        while (wanted := box.wanted()) is not None:
            box.fetched(wanted[0], b"")
        assert box.losses.take() == [gap(0, 90 * F, GapCause.SPOOL)]
        assert drained(box) == audio(90 * F, 110 * F)


def test_a_resumed_source_keeps_what_it_read_on_disk_alone() -> None:
    box = Outbox("mic", FULL, 0, memory=MEMORY)
    box.restore(0, [(0, 700 * F)], [])
    sent, most = b"", 0
    while box.on_disk or box.next_samples:
        if (wanted := box.wanted()) is not None:
            box.fetched(wanted[0], audio(wanted[0], sum(wanted)))
        most = max(most, box.buffered)
        sent += box.pull()
    assert sent == audio(0, 700 * F)
    assert most == MEMORY
    box.end_dial()
    assert replayed(box) == audio(0, 700 * F)


# The session.


def spooled(**options: Any) -> Play:
    """A session of a backend that keeps all and proves late, with an hour of disk."""
    policy = Policy(buffer_seconds=200.0, memory_seconds=10.0)
    return Play(Outright(queue=None, horizon=150.0), disk_seconds=3600, policy=policy, **options)


def the_box(drive: Drive) -> Outbox:
    stream = drive.session.streams.get("mic")
    assert stream is not None
    return stream.box


class Disk:
    """A disk that answers what a session asks for, before any time passes."""

    def __init__(self, drive: Play) -> None:
        self.drive = drive
        self.seen = 0

    def asked(self) -> list[FetchAudio]:
        """What was asked for since the last call."""
        new = only(self.drive, FetchAudio)[self.seen :]
        self.seen += len(new)
        return new

    def answer(self, asked: FetchAudio, samples: int | None = None) -> None:
        """Answer; ``samples``: with no more than that."""
        found = asked.samples if samples is None else samples
        self.drive.feed(e.AudioFetched("mic", asked.start, bytes(2 * found)))

    def serve(self, samples: int | None = None) -> None:
        """Answer until there is nothing to be read, as fast as the line takes it."""
        drive = self.drive
        drive.serve()
        while (asked := self.asked()) or drive.core.next_deadline() == drive.now:
            for each in asked:
                self.answer(each, samples)
            if not asked:
                drive.tick()
            drive.serve()


def sent_minute() -> Play:
    """A session that has sent a minute of audio, of which nothing is confirmed."""
    drive = spooled()
    drive.stream()
    for _ in range(60):
        drive.wait(1, pulling=False)
        drive.audio(50)
        drive.serve()
    assert drive.sent_samples == 60 * S
    assert drive.core.statistics.sources["mic"].confirmed == 0
    assert only(drive, FetchAudio) == []
    return drive


class TestSession:
    def test_memory_holds_what_the_policy_says(self) -> None:
        assert the_box(sent_minute()).buffered == 10 * S

    @pytest.mark.repeats
    def test_what_was_sent_and_an_outage_of_half_a_minute_are_read_back(self) -> None:
        drive = sent_minute()
        drive.lose()
        for _ in range(30):
            drive.audio(50)
        drive.redial()
        drive.connect()
        Disk(drive).serve()
        assert drive.sent_samples == (60 + 60 + 30) * S
        assert not drive.gaps
        assert the_box(drive).buffered <= 10 * S

    def test_the_stop_waits_for_what_is_read(self) -> None:
        drive = sent_minute()
        disk = Disk(drive)
        drive.lose()
        [first] = disk.asked()
        drive.stop()
        drive.redial()
        drive.connect()
        drive.serve()
        assert drive.sent_samples == 60 * S
        assert not any(each.startswith("stop") for each in drive.data)
        disk.answer(first)
        disk.serve()
        assert drive.data[-1].startswith("stop after 3000")
        assert drive.sent_samples == 2 * 60 * S

    def test_a_disk_that_has_lost_it_is_told(self) -> None:
        drive = sent_minute()
        disk = Disk(drive)
        drive.lose()
        drive.redial()
        drive.connect()
        disk.serve(0)
        drive.feed(e.Tick())
        assert {each.cause for each in drive.gaps} == {GapCause.SPOOL}
        assert sum(each.samples for each in drive.gaps) == 50 * S
        assert drive.sent_samples == (60 + 10) * S

    @pytest.mark.repeats
    def test_a_disk_that_fails_leaves_memory_as_large_as_without_one(self) -> None:
        drive = sent_minute()
        drive.feed(e.SpoolFailed("no space left"))
        for _ in range(50):
            drive.wait(1, pulling=False)
            drive.audio(50)
            drive.serve()
        assert the_box(drive).buffered == 60 * S
        drive.lose()
        drive.redial()
        drive.connect()
        Disk(drive).serve()
        assert not drive.gaps


def test_memory_beside_a_disk_is_no_more_than_without_one() -> None:
    policy = Policy(buffer_seconds=70.0, memory_seconds=1000.0)
    drive = Drive(disk_seconds=3600, policy=policy).stream()
    drive.feed(e.AudioCaptured("mic", bytes(2 * 71 * S)))
    assert the_box(drive).buffered <= 70 * S


@pytest.mark.parametrize("seconds", [0.0, 0.01, float("nan"), float("inf"), -1.0, True, "10"])
def test_memory_that_holds_no_frame_is_refused(seconds: Any) -> None:
    with pytest.raises(ValueError, match=r"^Policy\.memory_seconds is "):
        Policy(memory_seconds=seconds)


@pytest.mark.repeats
def test_a_resumed_session_without_new_audio_keeps_little_in_memory() -> None:
    past = PastSource(source="mic", origin=0, confirmed=0, on_disk=((0, 300 * S),))
    drive = spooled(make=partial(SessionMachine, past=[past]))
    drive.feed(e.SourceFinished("mic"))
    drive.open()
    drive.connect()
    Disk(drive).serve()
    assert drive.sent_samples == 300 * S
    assert the_box(drive).buffered <= 10 * S
    assert not only(drive, StoreAudio)
