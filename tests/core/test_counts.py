"""Proofs that count messages, bytes or flushes are turned into samples of each source."""

from __future__ import annotations

from typing import Any

import pytest

from openline.audio.counts import MOST, Counts
from openline.dialects.traits import AudioForm, Unit
from openline.updates import SAMPLE_RATE
from tests.core.driver import FRAME, Drive
from tests.core.formed_toy import Toy, hear, marks, prove, stream


class TestMarks:
    def test_a_count_covers_what_was_sent_by_the_last_mark_up_to_it(self) -> None:
        counts = Counts()
        assert counts.samples(9) == ()
        counts.note(2, [3200])
        counts.note(3, [6400])
        counts.note(7, [9600, 320])
        assert [counts.samples(each) for each in (1, 2, 3, 6.9, 7, 99)] == [
            *((), [3200], [6400], [6400], [9600, 320], [9600, 320]),
        ]

    def test_what_is_confirmed_is_forgotten_but_the_last_mark_of_it(self) -> None:
        counts = Counts()
        for count in range(1, 6):
            counts.note(count, [100 * count])
        counts.forget(confirmed=0)
        counts.forget(received=5, confirmed=3)
        counts.forget(received=None)
        assert len(counts) == 3
        assert [counts.samples(each) for each in (3, 4, 5)] == [[300], [400], [500]]

    def test_the_end_of_the_dial_clears_the_marks(self) -> None:
        counts = Counts()
        counts.note(1, [320])
        counts.clear()
        assert counts.samples(1) == ()

    def test_a_kind_of_proof_that_comes_late_is_waited_for_from_then_on(self) -> None:
        counts = Counts()
        for count in range(1, 10):
            counts.note(count, [count])
        counts.forget(received=5)
        assert counts.samples(4) == (), "no other kind came so far"
        counts.forget(confirmed=2)
        counts.forget(received=9)
        assert [counts.samples(each) for each in (5, 6)] == [[5], [6]]

    @pytest.mark.repeats
    def test_a_dial_that_proves_nothing_keeps_few_marks_and_the_newest_one(self) -> None:
        counts = Counts()
        for count in range(1, 20 * MOST + 1):
            counts.note(count, [count])
            assert len(counts) < MOST
            assert counts.samples(count) == [count]
        for count in range(100, 20 * MOST):  # a little late, and never too much
            [known] = counts.samples(count)
            assert count - 64 < known <= count

    def test_a_dial_that_proves_again_has_marks_as_close_as_before(self) -> None:
        counts = Counts()
        for count in range(1, 3 * MOST):
            counts.note(count, [count])
        counts.forget(drained=3 * MOST - 5)
        for count in range(3 * MOST, 3 * MOST + 100):
            counts.note(count, [count])
        assert all(counts.samples(each) == [each] for each in range(3 * MOST, 3 * MOST + 100))

    def test_marks_are_not_closer_before_there_is_room(self) -> None:
        counts = Counts()
        for count in range(1, 3 * MOST):
            counts.note(count, [count])
        counts.forget(drained=10)
        for count in range(3 * MOST, 20 * MOST):
            counts.note(count, [count])
            assert len(counts) < MOST


def counting(unit: Unit, **traits: Any) -> Drive:
    return stream(Toy(counts=unit, **traits), ("mic", "system"))


def test_audio_messages_of_two_sources_are_counted_as_one_row() -> None:
    drive = counting(Unit.AUDIO)
    hear(drive, 0, FRAME)
    drive.drain()
    hear(drive, 0, FRAME, "system")
    drive.drain()
    hear(drive, FRAME, 2 * FRAME)
    drive.drain()
    for count, confirmed in [
        (0, (0, 0)),
        (1, (FRAME, 0)),
        (2, (FRAME, FRAME)),
        (3, (2 * FRAME, FRAME)),
    ]:
        prove(drive, unit="audio", confirmed=count)
        assert (marks(drive)[2], marks(drive, "system")[2]) == confirmed


def test_a_proof_that_names_a_source_proves_that_one_alone() -> None:
    drive = counting(Unit.AUDIO)
    hear(drive, 0, FRAME)
    hear(drive, 0, FRAME, "system")
    drive.drain()
    prove(drive, unit="audio", confirmed=2, source="system")
    assert (marks(drive)[2], marks(drive, "system")[2]) == (0, FRAME)
    prove(drive, unit="audio", confirmed=1, source="mic")
    assert marks(drive)[2] == FRAME, "nothing was forgotten of the other source"


def test_a_source_that_starts_later_is_not_proved_by_earlier_messages() -> None:
    drive = counting(Unit.AUDIO)
    hear(drive, 0, FRAME)
    drive.drain()
    hear(drive, 0, FRAME, "system")
    prove(drive, unit="audio", confirmed=1)
    drive.drain()
    prove(drive, unit="audio", confirmed=1)
    assert (marks(drive)[2], marks(drive, "system")[2]) == (FRAME, 0)


def test_messages_are_counted_with_the_start_and_with_all_that_carry_a_frame() -> None:
    drive = counting(Unit.MESSAGES, parts=3)
    hear(drive, 0, 2 * FRAME)
    drive.drain()
    # The start is message 1, and each frame is three more.
    for count, confirmed in [(3, 0), (4, FRAME), (6, FRAME), (7, 2 * FRAME)]:
        prove(drive, unit="messages", confirmed=count)
        assert marks(drive)[2] == confirmed


def test_bytes_are_those_of_the_form_and_a_part_of_a_message_is_not_proved() -> None:
    drive = counting(Unit.BYTES, form=AudioForm(rate=48000))
    hear(drive, 0, 2 * FRAME)
    drive.drain()
    size = 2 * 3 * FRAME
    for count, confirmed in [(size - 1, 0), (size, FRAME - 16), (2 * size, 2 * FRAME - 16)]:
        prove(drive, unit="bytes", confirmed=count)
        assert marks(drive)[2] == confirmed


def test_a_flush_counts_what_was_sent_before_it() -> None:
    drive = counting(Unit.FLUSHES, flush_every=0.04)
    hear(drive, 0, 5 * FRAME)
    drive.drain()
    for count, confirmed in [(0, 0), (1, 2 * FRAME), (2, 4 * FRAME), (3, 4 * FRAME)]:
        prove(drive, unit="flushes", confirmed=count)
        assert marks(drive)[2] == confirmed


def test_received_and_drained_are_counted_too() -> None:
    drive = counting(Unit.AUDIO)
    hear(drive, 0, 3 * FRAME)
    drive.drain()
    prove(drive, unit="audio", received=3, drained=2)
    stream = drive.session.streams.get("mic")
    assert stream is not None
    assert (stream.window.received, stream.window.drained) == (3 * FRAME, 2 * FRAME)
    assert marks(drive)[2] == 0


def test_a_proof_in_another_unit_than_the_traits_name_proves_nothing() -> None:
    drive = counting(Unit.AUDIO)
    hear(drive, 0, FRAME)
    drive.drain()
    prove(drive, unit="bytes", confirmed=9999)
    assert marks(drive)[2] == 0


def test_a_dial_counts_from_the_beginning() -> None:
    drive = counting(Unit.AUDIO)
    hear(drive, 0, 4 * FRAME)
    drive.drain()
    prove(drive, unit="audio", confirmed=1)
    drive.lose()
    drive.redial()
    drive.connect()
    drive.drain()
    prove(drive, unit="audio", confirmed=1)
    assert marks(drive)[2] == 2 * FRAME
    assert drive.session.upkeep.sent_bytes == 3 * 2 * FRAME


@pytest.mark.parametrize("unit", [Unit.AUDIO, Unit.BYTES])
def test_what_a_long_dial_confirms_is_not_kept(unit: Unit) -> None:
    drive = counting(unit)
    for i in range(SAMPLE_RATE // FRAME):
        hear(drive, i * FRAME, (i + 1) * FRAME)
        drive.drain()
        prove(drive, unit=unit.value, confirmed=(i + 1) * (1 if unit is Unit.AUDIO else 2 * FRAME))
        assert len(drive.session.upkeep.counts) == 1
