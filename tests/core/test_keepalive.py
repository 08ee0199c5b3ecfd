"""A line is kept alive by messages or silence, and flushed, when it is time."""

from __future__ import annotations

import pytest

from openline.audio.formed import JITTER
from openline.dialects.traits import AudioForm
from openline.events import SourceFinished, SourceStarted
from openline.machine.timers import OFF, Timer
from openline.updates import SAMPLE_RATE
from tests.core.driver import FRAME, Drive
from tests.core.formed_toy import Toy, hear, lengths, marks, messages, prove, rest, stream, texts


class TestKeepalive:
    def test_a_line_without_messages_gets_the_dialects_keepalive(self) -> None:
        drive = stream(Toy(keepalive=5.0, alive=("alive",)))
        rest(drive, 4.99)
        assert texts(drive) == ["start"]
        rest(drive, 0.011)
        assert texts(drive) == ["start", "alive"]
        rest(drive, 15)
        assert texts(drive) == ["start", *["alive"] * 4]

    def test_every_message_puts_it_off(self) -> None:
        drive = stream(Toy(keepalive=1.0, alive=("alive",)))
        for i in range(10):
            rest(drive, 0.9)
            hear(drive, i * FRAME, (i + 1) * FRAME)
            drive.drain()
        assert "alive" not in texts(drive)
        assert drive.session.deadlines[Timer.KEEPALIVE] == drive.now + 1.0

    def test_no_line_that_is_not_open_is_kept(self) -> None:
        drive = Drive(dialect=Toy(keepalive=1.0, alive=("alive",)))
        drive.open()
        drive.opened()
        rest(drive, 3)
        assert texts(drive) == ["start"]
        assert drive.session.deadlines[Timer.KEEPALIVE] == OFF

    def test_silence_keeps_a_line_whose_dialect_has_no_message(self) -> None:
        drive = stream(Toy(keepalive=2.0, form=AudioForm(usual=0.1)), ("mic", "system"))
        hear(drive, 0, 1600)
        drive.drain()
        rest(drive, 4.1)
        assert lengths(drive) == [1600, 1600, 1600]
        assert lengths(drive, "system") == [1600, 1600]
        assert marks(drive) == (1600, 1600, 0)
        assert drive.session.sent.seconds == 0.3
        prove(drive, confirmed=0.25)
        assert marks(drive) == (1600, 1600, 1600)

    def test_words_behind_the_silence_keep_their_place(self) -> None:
        drive = stream(Toy(keepalive=2.0))
        hear(drive, 0, FRAME)
        drive.drain()
        rest(drive, 2.1)
        hear(drive, FRAME, 2 * FRAME)
        drive.drain()
        assert lengths(drive) == [FRAME] * 3
        prove(drive, confirmed=(2 * FRAME + 100) / SAMPLE_RATE)
        assert marks(drive)[2] == FRAME + 100

    def test_silence_before_the_first_sound_moves_no_session_time(self) -> None:
        drive = stream(Toy(keepalive=1.0), ("mic", "system"))
        hear(drive, 0, 100 * FRAME)
        drive.drain()
        rest(drive, 2.1)
        assert lengths(drive, "system") == [FRAME, FRAME]
        assert "system" not in drive.core.snapshot().sources
        drive.feed(SourceStarted("system", drive.now))
        known = drive.core.snapshot().sources["system"]
        origin = round(2.1 * SAMPLE_RATE)
        assert (known.origin, known.captured, known.sent, known.confirmed) == (origin,) * 4
        hear(drive, origin, origin + FRAME, "system")
        drive.drain()
        prove(drive, source="system", confirmed=2 * FRAME / SAMPLE_RATE)
        assert marks(drive, "system")[2] == origin
        prove(drive, source="system", confirmed=(2 * FRAME + 50) / SAMPLE_RATE)
        assert marks(drive, "system")[2] == origin + 50

    def test_silence_before_the_first_sound_needs_no_window(self) -> None:
        drive = stream(Toy(keepalive=1.0, queue=0.2, window=0.1, live_ahead=0.1))
        rest(drive, 20.5)
        assert lengths(drive) == [FRAME] * 20
        hear(drive, 0, FRAME)
        drive.drain()
        assert lengths(drive) == [FRAME] * 21, "it went long ago, and fills no queue"

    def test_silence_of_another_rate_before_the_first_sound(self) -> None:
        drive = stream(Toy(keepalive=1.0, form=AudioForm(rate=24000)))
        rest(drive, 1.1)
        assert drive.session.sent.seconds == 0.02
        hear(drive, 0, FRAME)
        drive.drain()
        prove(drive, confirmed=(FRAME + 16 + 9) / SAMPLE_RATE)
        assert marks(drive) == (FRAME, FRAME - 16, 9)

    def test_a_dial_starts_without_the_silence_of_the_one_before(self) -> None:
        drive = stream(Toy(keepalive=1.0))
        rest(drive, 2.1)
        drive.lose()
        drive.redial()
        drive.connect()
        assert drive.session.sent.seconds == 0
        hear(drive, 0, FRAME)
        drive.drain()
        prove(drive, confirmed=5 / SAMPLE_RATE)
        assert marks(drive)[2] == 5

    def test_a_source_that_has_ended_gets_no_silence(self) -> None:
        drive = stream(Toy(keepalive=1.0), ("mic", "system"))
        hear(drive, 0, FRAME)
        drive.feed(SourceFinished("mic"))
        rest(drive, 3.1)
        assert (lengths(drive), lengths(drive, "system")) == ([FRAME], [FRAME] * 3)

    def test_no_silence_goes_into_a_full_queue(self) -> None:
        drive = stream(Toy(keepalive=1.0, queue=0.2, window=0.2, live_ahead=0.1))
        hear(drive, 0, 30 * FRAME)
        drive.wait(3.0)
        assert lengths(drive) == [FRAME] * 10
        prove(drive, drained=0.2)
        drive.drain()
        assert lengths(drive) == [FRAME] * 20

    def test_silence_that_the_window_shuts_out_waits_for_it(self) -> None:
        drive = stream(Toy(keepalive=1.0, queue=0.2, window=0.1, live_ahead=0.1))
        hear(drive, 0, 5 * FRAME)
        drive.wait(1.5)
        assert lengths(drive) == [FRAME] * 5
        prove(drive, drained=0.1)
        drive.drain()
        assert lengths(drive) == [FRAME] * 6

    def test_nothing_is_kept_alive_after_the_stop(self) -> None:
        drive = stream(Toy(keepalive=1.0, alive=("alive",), flush_every=9.0))
        hear(drive, 0, FRAME)
        drive.drain()
        drive.stop()
        drive.drain()
        rest(drive, 3.0)
        assert texts(drive) == ["start", "stop"]
        deadlines = drive.session.deadlines
        assert deadlines[Timer.KEEPALIVE] == deadlines[Timer.FLUSH] == OFF

    def test_a_loss_ends_the_timers(self) -> None:
        form = AudioForm(usual=0.1)
        drive = stream(Toy(keepalive=1.0, alive=("alive",), flush_every=0.5, form=form))
        hear(drive, 0, 1600 + FRAME)
        drive.drain()
        timers = (Timer.KEEPALIVE, Timer.FLUSH, Timer.FILL)
        assert all(drive.session.deadlines[each] != OFF for each in timers)
        drive.lose()
        assert all(drive.session.deadlines[each] == OFF for each in timers)


class TestSilence:
    def test_silence_goes_behind_all_audio_and_is_cut_into_messages(self) -> None:
        drive = stream(Toy(form=AudioForm(usual=0.1)))
        hear(drive, 0, 1600 + FRAME)
        drive.session.streams.put_silence(0.25, ["mic"])
        drive.drain()
        assert lengths(drive) == [1600, FRAME, 1600, 1600, 800]
        assert marks(drive)[1] == 1600 + FRAME
        assert drive.session.streams.quiet == []

    def test_silence_that_is_put_in_twice_adds_up(self) -> None:
        drive = stream(Toy())
        hear(drive, 0, FRAME)
        drive.drain()
        for _ in range(2):
            drive.session.streams.put_silence(0.03, ["mic"])
        drive.drain()
        assert lengths(drive) == [FRAME] * 4

    def test_audio_that_comes_meanwhile_goes_first(self) -> None:
        drive = stream(Toy())
        hear(drive, 0, FRAME)
        drive.drain()
        drive.session.streams.put_silence(0.04, ["mic"])
        assert drive.pull() is not None
        hear(drive, FRAME, 2 * FRAME)
        drive.drain()
        sent = [each for each in messages(drive) if isinstance(each, bytes)]
        assert [any(each[1:]) for each in sent] == [True, False, True, False]

    def test_a_loss_takes_the_silence_away(self) -> None:
        drive = stream(Toy(pace=1.5))
        hear(drive, 0, FRAME)
        drive.session.streams.put_silence(5.0, ["mic"])
        drive.drain()
        drive.lose()
        drive.redial()
        drive.connect()
        rest(drive, 5.0)
        assert lengths(drive) == [FRAME]
        drive.session.streams.put_silence(0.02, ["mic"])
        rest(drive, 5.0)
        assert lengths(drive) == [FRAME] * 2

    def test_an_ignored_source_gets_none(self) -> None:
        drive = stream(Toy())
        hear(drive, 0, FRAME)
        drive.drain()
        box = drive.session.streams.all[0].box
        box.ignore()
        drive.session.streams.put_silence(1.0, ["mic"])
        drive.drain()
        assert lengths(drive) == [FRAME]


class TestFlush:
    def test_a_flush_follows_so_much_audio(self) -> None:
        drive = stream(Toy(flush_every=1.0))
        for i in range(130):
            hear(drive, i * FRAME, (i + 1) * FRAME)
            drive.drain()
        assert texts(drive) == ["start", "flush 1", "flush 2"]
        sent = messages(drive)
        assert sent.index("flush 1") == 51, "right behind the audio"

    def test_audio_of_a_source_that_pauses_is_flushed_in_time(self) -> None:
        drive = stream(Toy(flush_every=1.0))
        hear(drive, 0, 10 * FRAME)
        drive.drain()
        rest(drive, 0.5)
        hear(drive, 10 * FRAME, 11 * FRAME)
        rest(drive, 0.5 + JITTER - 0.001)
        assert texts(drive) == ["start"]
        rest(drive, 0.002)
        assert texts(drive) == ["start", "flush 0.22"]
        rest(drive, 9)
        assert texts(drive) == ["start", "flush 0.22"], "there is nothing new to flush"

    def test_a_source_that_pauses_is_flushed_once_no_audio_went_for_a_while(self) -> None:
        drive = stream(Toy(flush_idle=1.0))
        for i in range(200):
            rest(drive, 0.02)
            hear(drive, i * FRAME, (i + 1) * FRAME)
            drive.drain()
        assert texts(drive) == ["start"]
        rest(drive, 0.999)
        assert texts(drive) == ["start"]
        rest(drive, 0.002)
        assert texts(drive) == ["start", "idle flush 4"]
        rest(drive, 9)
        assert texts(drive) == ["start", "idle flush 4"], "there is nothing new to flush"
        hear(drive, 200 * FRAME, 201 * FRAME)
        rest(drive, 2)
        assert texts(drive)[2:] == ["idle flush 4.02"]

    def test_audio_that_waits_for_the_backend_is_no_pause(self) -> None:
        drive = stream(Toy(flush_idle=1.0, queue=0.5, window=0.4, live_ahead=0.1))
        hear(drive, 0, 40 * FRAME)
        rest(drive, 3.0)
        assert lengths(drive) == [FRAME] * 20
        assert texts(drive) == ["start"], "the words may go on in what waits"
        prove(drive, drained=0.4)
        rest(drive, 0.9)
        assert lengths(drive) == [FRAME] * 40
        assert texts(drive) == ["start"]
        rest(drive, 0.2)
        assert texts(drive) == ["start", "idle flush 0.8"]

    def test_live_audio_is_flushed_by_its_amount_alone(self) -> None:
        drive = stream(Toy(flush_every=1.0))
        for i in range(200):
            rest(drive, 0.02)
            hear(drive, i * FRAME, (i + 1) * FRAME)
            drive.drain()
        assert texts(drive) == ["start", *(f"flush {i}" for i in (1, 2, 3, 4))]

    def test_each_source_counts_by_itself(self) -> None:
        drive = stream(Toy(flush_every=1.0), ("mic", "system"))
        for i in range(50):
            hear(drive, i * FRAME, (i + 1) * FRAME)
            if i % 2:
                hear(drive, i // 2 * FRAME, (i // 2 + 1) * FRAME, "system")
            drive.drain()
        assert texts(drive) == ["start", "flush 1"]
        for i in range(25, 74):  # what was flushed with the other source does not count again
            hear(drive, i * FRAME, (i + 1) * FRAME, "system")
            drive.drain()
        assert texts(drive) == ["start", "flush 1"]
        hear(drive, 74 * FRAME, 75 * FRAME, "system")
        drive.drain()
        assert len(texts(drive)) == 3

    def test_a_dialect_without_a_flush_is_asked_for_none(self) -> None:
        drive = stream(Toy(keepalive=1.0, alive=("alive",)))
        hear(drive, 0, 100 * FRAME)
        drive.drain()
        assert drive.session.upkeep.flush_at == OFF

    @pytest.mark.parametrize("parts", [1, 3])
    def test_a_flush_comes_behind_all_messages_of_its_audio(self, parts: int) -> None:
        drive = stream(Toy(flush_every=0.02, parts=parts))
        hear(drive, 0, FRAME)
        drive.drain()
        assert texts(drive) == ["start", *["more"] * (parts - 1), "flush 0.02"]


def test_the_default_form_without_such_traits_runs_none_of_it() -> None:
    drive = stream(Toy())
    hear(drive, 0, 10 * FRAME)
    drive.drain()
    upkeep = drive.session.upkeep
    assert (upkeep.is_needed, upkeep.notes_audio) == (False, False)
    deadlines = drive.session.deadlines
    assert [deadlines[each] for each in (Timer.FILL, Timer.FLUSH, Timer.KEEPALIVE)] == [OFF] * 3
