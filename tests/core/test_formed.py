"""Messages of another form than 20 ms frames: when they go out, and what they hold."""

from __future__ import annotations

import struct

import pytest

from openline.audio.formed import JITTER, FormedOutbox
from openline.commands import FetchAudio
from openline.dialects.traits import AudioForm, Encoding
from openline.events import AudioFetched, SourceFinished, Tick
from openline.machine.timers import OFF, Timer
from openline.policy import Policy
from openline.updates import SAMPLE_RATE, GapCause
from tests.core.driver import BEAT, FRAME, Drive
from tests.core.formed_toy import Toy, hear, lengths, marks, messages, prove, rest, samples, stream

TENTH = SAMPLE_RATE // 10
ROOMY = 60 * SAMPLE_RATE


def box_of(form: AudioForm, limit: int = ROOMY, disk: int = 0) -> FormedOutbox:
    return FormedOutbox("mic", limit, 0, disk, form=form)


def ones(count: int) -> bytes:
    return struct.pack(f"<{count}h", *[1] * count)


def speak(drive: Drive, frames: int, begin: int = 0) -> None:
    """Live audio, a frame each 20 ms."""
    for i in range(frames):
        rest(drive, BEAT)
        hear(drive, begin + i * FRAME, begin + (i + 1) * FRAME)
        drive.drain()


class TestLength:
    def test_a_message_waits_until_it_is_full(self) -> None:
        drive = stream(Toy(form=AudioForm(usual=0.1)))
        speak(drive, 4)
        assert lengths(drive) == []
        assert marks(drive) == (4 * FRAME, 0, 0)
        speak(drive, 8, 4 * FRAME)
        assert lengths(drive) == [TENTH, TENTH]
        assert marks(drive) == (12 * FRAME, 2 * TENTH, 0)

    def test_at_most_one_message_of_latency_is_added_to_live_audio(self) -> None:
        drive = stream(Toy(form=AudioForm(usual=0.2)))
        for i in range(200):
            speak(drive, 1, i * FRAME)
            captured, sent, _ = marks(drive)
            assert captured - sent < 2 * TENTH

    def test_a_frame_that_was_cut_short_is_made_up_by_the_next(self) -> None:
        drive = stream(Toy(form=AudioForm(usual=0.1)))
        for i in range(0, 4000, 100):
            hear(drive, i, i + 100)
        hear(drive, 4000, 4001)
        drive.feed(SourceFinished("mic"))
        drive.drain()
        assert lengths(drive) == [TENTH, TENTH, 4001 - 2 * TENTH]

    def test_the_last_message_is_filled_up_to_the_least_length(self) -> None:
        form = AudioForm(usual=0.1, least=0.05)
        drive = stream(Toy(form=form))
        hear(drive, 0, TENTH + 7)
        drive.stop()
        drive.drain()
        assert lengths(drive) == [TENTH, TENTH // 2]
        last = [each for each in messages(drive) if isinstance(each, bytes)][-1]
        assert samples(last, form) == [*range(TENTH + 1, TENTH + 8), *[0] * (TENTH // 2 - 7)]
        assert messages(drive)[-1] == "stop"
        assert drive.session.sent.seconds == 0.15
        assert marks(drive)[1] == TENTH + 7

    def test_silence_that_filled_a_message_is_never_confirmed(self) -> None:
        drive = stream(Toy(form=AudioForm(usual=0.1, least=0.1)))
        hear(drive, 0, 7)
        drive.stop()
        drive.drain()
        prove(drive, confirmed=7 / SAMPLE_RATE)
        assert marks(drive)[2] == 7
        prove(drive, confirmed=99.0)
        assert marks(drive)[2] == 7


class TestFill:
    def test_the_rest_of_a_message_waits_for_its_own_length(self) -> None:
        drive = stream(Toy(form=AudioForm(usual=0.1)))
        hear(drive, 0, FRAME)
        drive.drain()
        assert drive.session.deadlines[Timer.FILL] == drive.now + 0.1
        rest(drive, 0.099)
        assert lengths(drive) == []
        rest(drive, 0.0011)
        assert lengths(drive) == [FRAME]
        assert drive.session.deadlines[Timer.FILL] == OFF
        rest(drive, 5)
        assert lengths(drive) == [FRAME]

    def test_a_rest_that_needs_silence_waits_for_late_audio_too(self) -> None:
        drive = stream(Toy(form=AudioForm(usual=0.1, least=0.06)))
        hear(drive, 0, 2 * FRAME)
        rest(drive, 0.1 + JITTER - 0.001)
        assert lengths(drive) == []
        rest(drive, 0.0011)
        assert lengths(drive) == [3 * FRAME]

    def test_audio_that_comes_meanwhile_fills_the_message(self) -> None:
        drive = stream(Toy(form=AudioForm(usual=0.1)))
        hear(drive, 0, FRAME)
        rest(drive, 0.09)
        hear(drive, FRAME, 6 * FRAME)
        drive.drain()
        assert lengths(drive) == [TENTH]
        # The frame that is left waits for its own length from now on.
        assert drive.session.deadlines[Timer.FILL] == drive.now + 0.1

    def test_each_source_waits_by_itself(self) -> None:
        drive = stream(Toy(form=AudioForm(usual=0.1)), ("mic", "system"))
        hear(drive, 0, FRAME)
        rest(drive, 0.06)
        hear(drive, 0, FRAME, "system")
        rest(drive, 0.0401)
        assert (lengths(drive), lengths(drive, "system")) == ([FRAME], [])
        assert drive.session.deadlines[Timer.FILL] == pytest.approx(drive.now + 0.0599)
        rest(drive, 0.06)
        assert lengths(drive, "system") == [FRAME]

    def test_a_rest_that_is_due_waits_for_the_window_and_asks_no_more(self) -> None:
        form = AudioForm(usual=0.1)
        drive = stream(Toy(form=form, queue=0.2, window=0.2, live_ahead=0.1))
        hear(drive, 0, 2 * TENTH + FRAME)
        drive.wait(1.0)
        assert lengths(drive) == [TENTH, TENTH]
        assert drive.session.deadlines[Timer.FILL] == OFF
        prove(drive, drained=0.2)
        drive.drain()
        assert lengths(drive) == [TENTH, TENTH, FRAME]

    def test_push_lets_the_rest_go_and_nothing_else(self) -> None:
        box = box_of(AudioForm(usual=0.1, least=0.04))
        box.push()
        assert box.next_samples == 0
        box.add(ones(FRAME))
        assert box.next_samples == 0, "there was nothing to push then"
        box.push()
        assert box.next_samples == 2 * FRAME
        assert box.pull() == ones(FRAME) + bytes(2 * FRAME)
        box.add(ones(FRAME))
        assert box.next_samples == 0


class TestRate:
    def test_silence_pushes_the_filter_out_at_the_end(self) -> None:
        drive = stream(Toy(form=AudioForm(rate=24000, usual=0.1)))
        hear(drive, 0, TENTH)
        drive.drain()
        assert lengths(drive) == [TENTH * 3 // 2]
        assert marks(drive)[1] == TENTH - 16, "the filter holds the rest"
        drive.stop()
        drive.drain()
        assert lengths(drive) == [TENTH * 3 // 2, 24]
        assert marks(drive)[1] == TENTH

    def test_the_filter_of_a_full_message_needs_another_one(self) -> None:
        box = box_of(AudioForm(rate=8000, usual=0.1))
        box.add(ones(TENTH - 10))
        box.close()
        assert box.next_samples == TENTH, "32 of silence do not fit"
        box.pull()
        assert (box.next_samples, box.sent) == (22, TENTH - 32)
        assert len(box.pull()) == 2 * 11
        assert (box.next_samples, box.sent) == (0, TENTH - 10)

    def test_a_proof_is_behind_by_the_delay_of_the_filter(self) -> None:
        drive = stream(Toy(form=AudioForm(rate=48000)))
        hear(drive, 0, 4 * FRAME)
        drive.drain()
        prove(drive, confirmed=16 / SAMPLE_RATE)
        assert marks(drive)[2] == 0
        prove(drive, confirmed=(FRAME + 16) / SAMPLE_RATE)
        assert marks(drive)[2] == FRAME

    def test_the_filter_begins_anew_on_each_dial(self) -> None:
        form = AudioForm(rate=24000, encoding=Encoding.F32LE)
        drive = stream(Toy(form=form))
        hear(drive, 0, 2 * FRAME)
        drive.drain()
        first = messages(drive)
        drive.lose()
        drive.redial()
        drive.connect()
        drive.drain()
        assert messages(drive) == first
        assert lengths(drive) == [480, 480]

    def test_audio_that_the_filter_holds_is_sent_again(self) -> None:
        drive = stream(Toy(form=AudioForm(rate=24000)))
        hear(drive, 0, FRAME)
        drive.drain()
        prove(drive, confirmed=1.0)
        assert marks(drive) == (FRAME, FRAME - 16, FRAME - 16)
        drive.lose()
        drive.redial()
        drive.connect()
        drive.stop()
        drive.drain()
        assert lengths(drive) == [48], "16 samples, and 16 that push them out"
        prove(drive, confirmed=1.0)
        assert marks(drive)[2] == FRAME


class TestSilence:
    @pytest.mark.parametrize("rate", [16000, 24000])
    def test_silence_of_a_source_that_was_restored_lies_at_its_mark(self, rate: int) -> None:
        box = box_of(AudioForm(rate=rate, usual=0.1))
        box.restore(500, [(500, 900)], [])
        box.pull_silence(100)
        assert box.span(0, 100) == (500, 500)

    @pytest.mark.parametrize("rate", [16000, 24000])
    def test_silence_before_a_source_has_a_place_lies_where_it_starts(self, rate: int) -> None:
        box = box_of(AudioForm(rate=rate, usual=0.1))
        box.pull_silence(100)
        box.place(700)
        assert box.span(0, 50) == (700, 700)
        box.pull_silence(100)
        assert box.span(0, 200) == (700, 700)
        assert box.sent == 700


class TestLosses:
    def test_audio_that_waits_for_a_full_message_is_undelivered_at_an_abort(self) -> None:
        drive = stream(Toy(form=AudioForm(usual=0.1)))
        hear(drive, 0, TENTH + FRAME)
        drive.drain()
        drive.abort()
        assert [(gap.start, gap.end, gap.cause) for gap in drive.gaps] == [
            (0, TENTH, GapCause.UNCONFIRMED),
            (TENTH, TENTH + FRAME, GapCause.UNDELIVERED),
        ]

    def test_an_ignored_source_sends_neither_its_rest_nor_its_filter(self) -> None:
        box = box_of(AudioForm(rate=24000, usual=0.1, least=0.1))
        box.add(ones(TENTH + 5))
        box.pull()
        box.ignore()
        box.add(ones(9))
        box.close()
        assert box.next_samples == 0

    def test_a_drop_that_lies_in_silence_is_no_loss(self) -> None:
        box = box_of(AudioForm(usual=0.1))
        box.add(ones(TENTH))
        box.pull()
        box.pull_silence(TENTH)
        box.drop(TENTH, TENTH)
        assert box.losses.missing() == []
        box.drop(TENTH // 2, TENTH)
        [gap] = box.losses.missing()
        assert (gap.start, gap.end, gap.samples) == (TENTH // 2, TENTH, TENTH // 2)


class TestDisk:
    def test_a_rest_in_memory_fetches_what_is_on_disk(self) -> None:
        # Memory is full of unconfirmed audio, and less than a message waits in front of the disk.
        box = box_of(AudioForm(usual=0.1), limit=3 * TENTH, disk=ROOMY)
        box.add(ones(2 * TENTH + FRAME))
        box.pull()
        box.pull()
        box.add(ones(4 * TENTH))
        assert box.wanted() == (2 * TENTH + FRAME, 4 * TENTH)
        box.close()
        assert box.next_samples == 0, "it waits for the disk"
        box.fetched(2 * TENTH + FRAME, ones(4 * TENTH))
        taken = 0
        while box.next_samples:
            taken += len(box.pull()) // 2
        assert taken == 4 * TENTH + FRAME

    def test_audio_behind_the_disk_is_not_in_a_message_before_it(self) -> None:
        box = box_of(AudioForm(usual=0.1), limit=TENTH, disk=ROOMY)
        box.add(ones(2 * TENTH))
        box.disk_failed()
        box.add(ones(TENTH))
        assert box.next_samples == 0
        assert box.wanted() == (0, 2 * TENTH)
        box.fetched(0, ones(FRAME))
        assert box.next_samples == 0
        assert box.wanted() == (FRAME, 2 * TENTH - FRAME)
        box.fetched(FRAME, ones(TENTH))
        assert len(box.pull()) // 2 == TENTH, "it is all there, though the disk has more"
        assert box.next_samples == 0
        assert box.wanted() == (FRAME + TENTH, TENTH - FRAME)
        box.fetched(FRAME + TENTH, ones(TENTH - FRAME))
        assert [len(box.pull()) // 2 for _ in range(2)] == [TENTH] * 2

    def test_a_session_fetches_and_sends_whole_messages(self) -> None:
        dialect = Toy(form=AudioForm(usual=0.1))
        drive = Drive(dialect=dialect, disk_seconds=3600.0, policy=Policy(buffer_seconds=60.0))
        drive.open()
        hear(drive, 0, 61 * SAMPLE_RATE)
        drive.connect()
        drive.drain()
        for command in drive.commands:  # each fetch adds the next one
            if isinstance(command, FetchAudio):
                drive.feed(AudioFetched(command.source, command.start, ones(command.samples)))
                drive.drain()
                drive.feed(Tick())
        assert lengths(drive) == [TENTH] * 610


class TestWindow:
    def test_a_message_that_is_longer_than_the_window_goes_by_itself(self) -> None:
        form = AudioForm(usual=0.2)
        drive = stream(Toy(form=form, queue=0.2, window=0.1, live_ahead=0.1))
        hear(drive, 0, 6 * TENTH)
        drive.drain()
        assert lengths(drive) == [2 * TENTH]
        prove(drive, drained=0.2)
        drive.drain()
        assert lengths(drive) == [2 * TENTH] * 2

    def test_live_audio_may_run_ahead_in_messages_longer_than_the_live_edge(self) -> None:
        form = AudioForm(usual=0.5)
        drive = stream(Toy(form=form, queue=0.5, window=0.5, live_ahead=2.0))
        for i in range(100):  # nothing is drained, but live audio cannot pile up
            speak(drive, 1, i * FRAME)
        assert lengths(drive) == [5 * TENTH] * 4
