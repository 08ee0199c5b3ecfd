"""A backend that takes audio and does nothing with it, and how long a stop waits for one."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from openline import events as e
from openline.dialects.echopanel import TRAITS, EchoPanel
from openline.machine.timers import OFF, Timer
from openline.policy import Policy
from openline.reconnect.verdicts import Action
from openline.updates import SAMPLE_RATE
from tests.core.driver import FRAME, Drive
from tests.core.formed_toy import Toy, hear, prove, stream

PATIENT = Policy(source_timeout=None, give_up_after=None, buffer_seconds=60)
#: The horizon and ``proof_timeout``.
PATIENCE = 30.0


class Quiet(EchoPanel):
    """A dialect whose backend sends nothing while it receives silence."""

    traits = replace(TRAITS, silent_in_silence=True)


def due(drive: Drive, timer: Timer) -> float | None:
    """In how many seconds the timer is due; None: it is off."""
    at = drive.core.snapshot().deadlines.get(timer)
    return None if at is None else at - drive.now


@pytest.mark.repeats
class TestProof:
    def test_a_backend_that_only_answers_pings_is_lost(self) -> None:
        drive = Drive(policy=PATIENT).stream()
        began = drive.now
        while drive.state == "streaming":
            drive.speak(0.1)
        # It counts from when more was sent than the queue holds.
        assert drive.now - began == pytest.approx((TRAITS.queue or 0.0) + PATIENCE, abs=0.2)
        change = drive.last_change
        assert change.action is Action.RETRY
        assert change.reason == "the backend took audio, and transcribed and drained none of it"
        assert drive.core.snapshot().retry.strikes == 1

    @pytest.mark.parametrize("sign", ["words", "figures"])
    def test_words_or_figures_that_move_keep_the_line(self, sign: str) -> None:
        drive = Drive(policy=PATIENT).stream()
        for _ in range(5):
            drive.speak(9)
            drive.partial(0, 1) if sign == "words" else drive.figures(0.5)
        assert drive.state == "streaming"

    def test_figures_that_do_not_move_are_no_sign(self) -> None:
        drive = Drive(policy=PATIENT).stream()
        for second in range(34):
            drive.speak(1)
            if drive.state == "streaming":
                drive.figures(second + 1.0)
        assert drive.state != "streaming"

    def test_the_words_of_one_source_hide_no_dead_one(self) -> None:
        drive = Drive(policy=PATIENT, sources=("mic", "system")).stream()
        for second in range(45):
            drive.speak(1)
            drive.audio(50, "system")
            if drive.state == "streaming":
                drive.partial(second, second + 1, source="mic")
        assert drive.state != "streaming"

    def test_it_waits_only_while_audio_is_due(self) -> None:
        drive = Drive(policy=PATIENT).stream()
        assert due(drive, Timer.PROOF) is None
        drive.speak(2.5)
        assert due(drive, Timer.PROOF) == pytest.approx(PATIENCE - 0.5, abs=0.1)
        drive.partial(0, 2.4)  # and 0.1 s, which may lie in the queue
        assert due(drive, Timer.PROOF) is None

    def test_a_source_that_ended_may_stay_without_figures(self) -> None:
        drive = Drive(policy=PATIENT, sources=("mic", "system")).stream()
        drive.audio(50, "system")
        drive.feed(e.SourceFinished("system"))
        for second in range(100):
            drive.speak(1)
            drive.partial(second, second + 1, source="mic")
        assert drive.state == "streaming"

    def test_after_the_stop_all_audio_is_due(self) -> None:
        drive = Drive(policy=PATIENT).stream()
        drive.audio(10)
        drive.serve()
        assert due(drive, Timer.PROOF) is None
        drive.stop()
        drive.serve()
        assert due(drive, Timer.PROOF) == pytest.approx(PATIENCE)
        drive.partial(0, 0.1)
        assert due(drive, Timer.PROOF) == pytest.approx(PATIENCE)
        drive.partial(0, 0.2)
        assert due(drive, Timer.PROOF) is None

    def test_after_the_stop_progress_of_any_source_is_enough(self) -> None:
        drive = Drive(policy=PATIENT, sources=("mic", "system")).stream()
        drive.audio(10, "system")
        drive.audio(80)
        drive.stop()
        drive.serve()
        for second in range(9):
            drive.wait(4, pulling=False)
            drive.serve()
            drive.partial(0, 0.1 * second, source="mic")
        assert drive.state == "finishing"
        assert due(drive, Timer.PROOF) == pytest.approx(PATIENCE)

    def test_a_pong_is_enough_where_silence_is_silent(self) -> None:
        drive = Drive(policy=PATIENT, sources=("mic", "system"), dialect=Quiet()).stream()
        drive.speak(PATIENCE + 5)
        assert drive.state == "streaming"
        assert due(drive, Timer.PROOF) is not None

    def test_an_ignored_source_is_not_due(self) -> None:
        drive = Drive(policy=PATIENT).stream()
        drive.speak(3)
        assert due(drive, Timer.PROOF) is not None
        drive.ack("warning", message="Ignoring source 'mic'")
        assert due(drive, Timer.PROOF) is None


class TestPaused:
    """A backend may wait for more audio of a source that is muted: it is late for nothing."""

    def muted(self) -> Drive:
        drive = stream(Toy(horizon=10.0), policy=PATIENT)
        hear(drive, 0, 50 * FRAME)
        drive.serve()
        return drive

    def rest(self, drive: Drive, seconds: float) -> None:
        for _ in range(round(seconds)):
            drive.wait(1.0, pulling=False)
            drive.serve()

    def test_a_muted_source_whose_last_words_are_open_is_no_loss(self) -> None:
        drive = self.muted()
        self.rest(drive, 600)
        assert (drive.state, drive.core.dial) == ("streaming", 1)

    def test_once_audio_comes_again_a_deaf_backend_is_lost(self) -> None:
        drive = self.muted()
        self.rest(drive, 600)
        began = drive.now
        while drive.core.dial == 1 and drive.now < began + 60:
            drive.speak(0.1)
        patience = 10.0 + PATIENT.proof_timeout
        assert patience - PATIENT.ping_interval < drive.now - began < patience + 1.0

    def test_a_pause_of_one_ping_puts_nothing_off(self) -> None:
        drive = stream(Toy(horizon=10.0), policy=PATIENT)
        began = drive.now
        while drive.core.dial == 1 and drive.now < began + 60:
            drive.speak(4.0)
            self.rest(drive, 2)
        assert drive.now - began < 10.0 + PATIENT.proof_timeout + 7.0

    def test_a_backend_with_a_queue_that_is_full_is_lost(self) -> None:
        drive = stream(Toy(horizon=10.0, queue=0.5, window=0.3), policy=PATIENT)
        hear(drive, 0, 50 * FRAME)
        drive.serve()
        self.rest(drive, 60)
        assert drive.core.dial > 1

    def test_a_source_that_ended_gets_its_last_words_from_another_dial(self) -> None:
        drive = stream(Toy(horizon=10.0), ("mic", "system"), policy=PATIENT)
        for source in ("mic", "system"):
            hear(drive, 0, 50 * FRAME, source)
        drive.feed(e.SourceFinished("mic"))
        drive.serve()
        prove(drive, source="system", confirmed=1.0)
        self.rest(drive, 60)
        assert drive.core.dial > 1

    def test_a_muted_source_that_is_stopped_is_waited_for_no_longer(self) -> None:
        drive = self.muted()
        self.rest(drive, 60)
        drive.stop()
        drive.serve()
        began = drive.now
        while not drive.core.ended and drive.now < began + 400:
            self.rest(drive, 1)
            if drive.state == "connecting":
                drive.connect()
        assert drive.core.ended
        assert not drive.ended.complete


class TestFinish:
    @pytest.mark.parametrize(
        ("factor", "seconds"),
        [(None, 1), (0.5, 1), (1, 1), (4, 4), (10, 10), (1000, 10), (-3, 1), ("fast", 1)],
    )
    def test_it_waits_as_long_as_a_slow_backend_takes(self, factor: object, seconds: float) -> None:
        drive = Drive(policy=PATIENT).stream()
        drive.audio(50)
        drive.drain()
        drive.say("metrics", source="mic", backlog_seconds=1.0, realtime_factor=factor)
        drive.say("metrics", source="mic", backlog_seconds=1.0)
        drive.stop()
        assert due(drive, Timer.FINISH) == pytest.approx(20 + seconds * (1 + 15))

    def test_it_counts_what_is_unsent_and_no_more_than_the_queue(self) -> None:
        drive = Drive(policy=PATIENT).stream()
        drive.speak(10)
        drive.audio(50 * 5)
        drive.stop()
        assert due(drive, Timer.FINISH) == pytest.approx(20 + 5 + 2 + 15)

    def test_the_worst_source_counts(self) -> None:
        drive = Drive(policy=PATIENT, sources=("mic", "system")).stream()
        drive.audio(50 * 3, "mic")
        drive.audio(50 * 5, "system")
        drive.stop()
        assert due(drive, Timer.FINISH) == pytest.approx(20 + 5 + 15)

    def test_between_dials_all_that_is_unconfirmed_counts(self) -> None:
        drive = Drive(policy=PATIENT).stream()
        drive.speak(10)
        drive.final(0, 2)
        drive.lose()
        drive.audio(50)
        drive.stop()
        assert due(drive, Timer.FINISH) == pytest.approx(20 + 9 + 15)

    def test_it_is_fixed_at_the_stop(self) -> None:
        drive = Drive(policy=PATIENT).stream()
        drive.audio(50)
        drive.drain()
        drive.stop()
        fixed = drive.core.snapshot().deadlines[Timer.FINISH]
        drive.say("metrics", source="mic", backlog_seconds=1.0, realtime_factor=9)
        drive.wait(1.0)
        assert drive.core.snapshot().deadlines[Timer.FINISH] == fixed


class TestAnnouncedQueue:
    def announced(self, seconds: float) -> Drive:
        drive = Drive(policy=PATIENT).stream()
        drive.say("metrics", source="mic", backlog_seconds=0, max_backlog_seconds=seconds)
        return drive

    def test_a_source_must_be_known_to_announce_anything(self) -> None:
        drive = self.announced(10)
        drive.audio(50 * 12)
        drive.drain()
        assert drive.frames() == 80

    @pytest.mark.parametrize(("queue", "sent"), [(10, 8.0), (1, 0.8), (0.01, 0.1)])
    def test_a_backlog_fills_it_to_four_fifths_on_later_dials_too(
        self, queue: float, sent: float
    ) -> None:
        drive = Drive(policy=PATIENT).stream()
        drive.audio()
        drive.drain()
        drive.say("metrics", source="mic", max_backlog_seconds=queue)
        drive.audio(50 * 12)
        drive.drain()
        assert drive.frames() == round(50 * sent)
        drive.lose()
        drive.redial()
        drive.connect()
        drive.drain()
        assert drive.frames(2) == round(50 * sent)

    def test_live_audio_waits_while_it_would_fill_the_queue(self) -> None:
        drive = Drive(policy=PATIENT).stream()
        drive.speak(1)
        for _ in range(4):
            drive.figures(drive.frames() * 0.02)  # it drains nothing
            drive.speak(0.5)
        assert drive.frames() * 0.02 == pytest.approx(2.0)
        assert drive.core.statistics.sources["mic"].captured == 3 * SAMPLE_RATE


class TestStoreThatWaits:
    """A store waits for the mark, so a mark that never moves must be found by a timer."""

    def full(self) -> Drive:
        """A store has filled memory; its backend drains all, and never finishes a phrase."""
        drive = Drive(policy=PATIENT, kinds={"mic": e.SourceKind.STORE}).stream()
        drive.audio(5)
        drive.serve("mic")
        drive.partial(0, 0.1)  # the mark stays before it
        drive.audio(3000)
        drive.serve("mic")
        assert not drive.core.has_room("mic")
        return drive

    def test_a_mark_that_does_not_move_ends_the_dial(self) -> None:
        drive = self.full()
        began = drive.now
        while drive.state == "streaming" and drive.now < began + 3 * PATIENCE:
            drive.wait(1, pulling=False)
            drive.serve("mic")
        assert drive.now - began == pytest.approx(2 * PATIENCE, abs=2)
        assert drive.core.snapshot().retry.strikes == 1

    def test_a_mark_that_moves_starts_the_wait_anew(self) -> None:
        drive = self.full()
        drive.wait(1, pulling=False)
        drive.serve("mic")
        drive.final(0, 0.1)
        assert due(drive, Timer.PROOF) == pytest.approx(2 * PATIENCE)
        drive.wait(1, pulling=False)
        drive.final(0.1, 58.0)
        assert drive.core.has_room("mic")
        assert drive.session.streams.waits_since[1] == OFF

    def test_a_device_never_waits(self) -> None:
        drive = Drive(policy=PATIENT).stream()
        drive.audio(3000)
        assert due(drive, Timer.PROOF) is None

    def test_without_a_line_no_mark_is_awaited(self) -> None:
        drive = Drive(policy=PATIENT, kinds={"mic": e.SourceKind.STORE})
        drive.open()
        drive.audio(3000)
        assert not drive.core.has_room("mic")
        assert due(drive, Timer.PROOF) is None
