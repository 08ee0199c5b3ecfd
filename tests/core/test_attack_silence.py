"""Silence that no backend proves, deaf backends, and stores that wait: schedules that broke it.

Each class is one schedule of an attack on the design, played with a clock of its own. An hour is
7,200 steps of half a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest
from msgspec.structs import replace

from openline import events as e
from openline.account import Account
from openline.commands import (
    FetchAudio,
    SendBytes,
    SendPing,
    StoreAssumed,
    StoreConfirmed,
    StoreGap,
)
from openline.dialects.echopanel import TRAITS, EchoPanel
from openline.dialects.protocol import Proof
from openline.dialects.traits import Drain, End, Ends, Traits
from openline.machine.timers import Timer
from openline.observer import Observer
from openline.policy import Policy
from openline.session import PastSource, SessionMachine
from openline.updates import SAMPLE_RATE as S
from openline.updates import GapCause, Trouble
from tests.core.driver import FRAME, Drive, pcm

#: What a speaker and a quiet room peak at.
LOUD, QUIET = 8000, 20
STEP = 0.5
POLICY = Policy(source_timeout=None, give_up_after=None)


def dialect(**changes: Any) -> EchoPanel:
    """A dialect with the messages of echopanel, whose backend proves no silence."""
    known: dict[str, Any] = {"ends": Ends.EXACT, "proves_silence": False, "queue": None}
    made = EchoPanel()
    traits: Traits = replace(TRAITS, **(known | {"horizon": 10.0} | changes))
    made.traits = traits
    return made


class Room(Drive):
    """A session whose microphone hears a room; its backend answers pings."""

    def __init__(self, *, policy: Policy = POLICY, **given: Any) -> None:
        """``given``: the traits of the dialect, and the arguments of ``Drive``."""
        options = {"sources", "kinds", "disk_seconds", "observers", "make"}
        mine = {name: value for name, value in given.items() if name in options}
        traits = {name: value for name, value in given.items() if name not in options}
        super().__init__(policy=policy, dialect=dialect(**traits), **mine)

    def live(self, seconds: float, peak: int | None = QUIET, source: str = "mic") -> None:
        """The room for so long: half a second at a time, over as many dials as it takes."""
        for _ in range(round(seconds / STEP)):
            self.wait(STEP, pulling=False)
            self.hear(STEP, peak, source)

    def hear(self, seconds: float, peak: int | None = QUIET, source: str = "mic") -> None:
        """Audio comes at once, and is sent; the next dial is answered."""
        self.feed(e.AudioCaptured(source, pcm(round(seconds * S)), peak))
        self.answer()

    def answer(self) -> None:
        """Open a dial that waits, and answer pings."""
        if self.state == "connecting":
            self.connect()
        self.serve()

    def passes(self, seconds: float) -> None:
        """Time passes without audio: the microphone is muted."""
        for _ in range(round(seconds / STEP)):
            self.wait(STEP, pulling=False)
            self.answer()

    @property
    def deaf(self) -> list[Trouble]:
        return [each for each in self.told(Trouble) if each.kind == "deaf"]

    def finish(self) -> None:
        """Stop, and let the backend end the session."""
        self.stop()
        self.answer()
        self.summary()
        self.lose(1000)


class Fired(Observer):
    """Notes the timers that fire."""

    __slots__ = ("timers",)

    def __init__(self) -> None:
        self.timers: list[Timer] = []

    def on_timer(self, timer: Timer, now: float) -> None:
        self.timers.append(timer)


def seconds(samples: int) -> float:
    return samples / S


def accounts(room: Room) -> Mapping[str, Account]:
    return room.ended.accounts


@pytest.mark.repeats
class TestAnHourOfSilence:
    """Nobody speaks for an hour, and the backend ends each connection after 300 s."""

    def test_it_opens_no_gap_and_is_complete(self) -> None:
        room = Room(longest=300.0).stream()
        room.live(3600)
        watermarks = room.core.snapshot().sources["mic"]
        assert seconds(watermarks.captured - watermarks.confirmed) < 25
        assert seconds(watermarks.unsent) <= STEP
        assert 12 <= len(room.dials) <= 20
        room.finish()
        account = accounts(room)["mic"]
        assert room.ended.complete
        assert room.gaps == []
        assert seconds(account.assumed) > 3570
        assert account.confirmed + account.assumed == account.captured

    def test_losses_cost_little_and_are_no_strikes(self) -> None:
        room = Room().stream()
        for _ in range(12):
            room.live(300)
            room.lose()
        room.live(30)
        assert room.gaps == []
        assert room.core.snapshot().retry.strikes == 0
        assert seconds(room.core.statistics.sources["mic"].assumed) > 3580

    def test_peaks_are_forgotten_as_the_mark_moves(self) -> None:
        room = Room().stream()
        room.live(600)
        known = room.session.streams.all[0].assuming
        assert known is not None
        assert not known.loudness.is_measured(0, 60 * S)

    def test_finishing_takes_no_longer_than_after_a_minute(self) -> None:
        room = Room().stream()
        room.live(3600)
        assert seconds(room.core.snapshot().sources["mic"].buffered) < 25
        room.stop()
        due = room.core.snapshot().deadlines[Timer.FINISH] - room.now
        assert due < POLICY.finish_timeout + 25 + 10

    def test_a_session_of_silence_has_streamed_and_its_backend_hears(self) -> None:
        room = Room(replies=False)
        room.open()
        room.opened()
        assert not room.core.snapshot().streamed
        room.live(30)
        assert room.core.snapshot().streamed

    def test_assumed_silence_shows_that_the_backend_hears(self) -> None:
        policy = Policy(source_timeout=None, stable_after=100.0)
        room = Room(horizon=1.0, policy=policy).stream()
        room.live(9)
        assert not room.session.retry.heard
        room.live(9)
        assert room.session.retry.heard

    def test_words_are_a_sign_of_life_too(self) -> None:
        room = Room().stream()
        grown = 0
        for _ in range(60):
            room.live(STEP)
            before = room.core.statistics.sources["mic"].assumed
            room.final(0, 0.02)
            grown += room.core.statistics.sources["mic"].assumed - before
        assert grown > 5 * S

    def test_time_in_which_the_process_slept_makes_no_audio_old(self) -> None:
        room = Room().stream()
        room.live(11)
        room.now += 600
        room.feed(e.Tick())
        room.passes(2)
        assert room.core.statistics.sources["mic"].assumed == 0
        room.passes(25)
        assert room.core.statistics.sources["mic"].assumed == 11 * S

    def test_a_cough_is_no_speech(self) -> None:
        room = Room().stream()
        for _ in range(20):
            room.live(9.5)
            room.hear(STEP, LOUD)
        room.live(30)
        assert room.deaf == []
        assert seconds(room.core.statistics.sources["mic"].assumed) > 195


class TestAMutedHour:
    @pytest.mark.repeats
    def test_the_line_is_kept_though_nothing_is_sent(self) -> None:
        room = Room(longest=300.0, silent_in_silence=True).stream()
        room.live(10)
        room.passes(3600)
        room.live(10)
        assert room.state == "streaming"
        assert room.core.snapshot().retry.strikes == 0
        room.passes(30)
        assert not room.core.snapshot().undelivered
        room.finish()
        assert room.ended.complete


class TestADeafBackend:
    """It hears a minute, and then answers pings alone."""

    def deafened(self, peak: int = LOUD, **traits: Any) -> Room:
        room = Room(**traits).stream()
        for second in range(0, 60, 5):
            room.live(5, LOUD)
            room.final(second, second + 5)
        room.live(3540, peak)
        return room

    @pytest.mark.repeats
    def test_an_hour_of_speech_is_told_and_is_a_gap(self) -> None:
        room = self.deafened()
        assert len(room.dials) == 2  # it was renewed once
        assert 55 <= len(room.deaf) <= 60  # once a minute
        assert room.deaf[0].text == "the backend does not transcribe mic, which is not silent"
        room.finish()
        account = accounts(room)["mic"]
        assert seconds(account.missing) > 3490  # the final message proves the rest
        assert seconds(account.assumed) < 1
        assert {gap.cause for gap in room.gaps} == {GapCause.UNPROVEN}
        assert not room.ended.complete
        assert account.captured == account.confirmed + account.assumed + account.missing

    def test_it_is_found_within_the_horizon_and_half_a_minute(self) -> None:
        room = Room().stream()
        room.live(60)
        began = room.now
        while not room.deaf:
            room.live(STEP, LOUD)
        assert room.now - began < 10 + 20
        assert room.state in {"draining", "connecting", "streaming"}
        assert room.gaps == []

    def test_the_next_dial_hears_it_after_all(self) -> None:
        room = Room().stream()
        room.live(30)
        room.live(5, LOUD)
        while len(room.dials) < 2:
            room.live(STEP)
        room.live(1)
        begin = room.core.snapshot().sources["mic"].confirmed
        assert 29 <= seconds(begin) <= 30
        room.final(0, 6)
        room.live(30)
        assert len(room.deaf) == 1
        assert room.gaps == []

    @pytest.mark.repeats
    def test_words_give_it_another_dial_for_the_next_time(self) -> None:
        room = self.deafened()
        room.final(0, 3)
        room.live(60, LOUD)
        assert len(room.dials) == 3

    @pytest.mark.repeats
    def test_a_proof_gives_it_another_dial_too(self) -> None:
        room = self.deafened()
        mark = room.core.snapshot().sources["mic"].confirmed
        room.live(1)
        room.session.message = Proof(confirmed=seconds(room.session.streams.all[0].box.dial_sent))
        room.session.take_proof()
        assert room.core.snapshot().sources["mic"].confirmed > mark
        room.live(60, LOUD)
        assert len(room.dials) == 3

    def test_no_second_of_a_sentence_is_taken_for_silence(self) -> None:
        room = Room().stream()
        room.live(30)
        while not room.deaf:
            room.live(STEP, LOUD)
        confirmed = room.core.snapshot().sources["mic"].confirmed
        assert seconds(confirmed) == pytest.approx(30, abs=0.1)

    @pytest.mark.repeats
    @pytest.mark.parametrize("extra", range(4))
    def test_the_end_of_a_sentence_is_lost_with_it(self, extra: int) -> None:
        """However much of it is left behind the last gap."""
        room = Room().stream()
        room.live(40, LOUD)
        room.live(60)
        room.live(10 + extra * STEP, LOUD)
        room.live(60)
        assert seconds(room.core.statistics.sources["mic"].missing) == 50 + extra * STEP

    def test_no_gap_lies_over_words(self) -> None:
        room = Room(ends=Ends.NONE)
        room.ends = "none"
        room.stream()
        room.live(10, LOUD)
        room.final(3, 7)
        room.live(10, LOUD)
        room.live(60)
        assert [each.text for each in room.finals] == ["words"]
        assert all(gap.end <= 3 * S or gap.start >= 7 * S for gap in room.gaps)
        assert sum(gap.samples for gap in room.gaps) == 16 * S

    def test_with_open_words_it_is_a_loss(self) -> None:
        room = Room().stream()
        room.live(5, LOUD)
        room.partial(0, 5)
        room.live(45)
        assert len(room.dials) == 2
        assert room.deaf == []

    @pytest.mark.repeats
    def test_the_words_of_one_source_hide_no_deafness_for_another(self) -> None:
        room = Room(sources=("mic", "system")).stream()
        for second in range(60):
            room.feed(e.AudioCaptured("system", pcm(S), LOUD))
            room.live(1, LOUD)
            if room.state == "streaming" and len(room.dials) == 1:
                room.final(second, second + 1, source="mic")
        assert room.deaf[0].text == "the backend does not transcribe system, which is not silent"

    def test_at_the_stop_the_line_is_lost_and_the_audio_sent_again(self) -> None:
        room = Room(end=End.NEVER, settle=60.0).stream()
        room.live(12, LOUD)
        room.stop()
        room.passes(20)
        assert len(room.dials) == 2

    def test_a_dial_that_is_being_replaced_anyway_is_not_asked_for_twice(self) -> None:
        fired = Fired()
        traits: dict[str, Any] = {"longest": 60.0, "drain": Drain.STOP, "drain_timeout": 20.0}
        room = Room(observers=[fired], **traits).stream()
        room.live(40)
        while room.state == "streaming":
            room.live(2 * STEP, LOUD)
            room.live(STEP, 0)  # a pause, in which the dial is left
        while room.state == "draining":
            room.passes(STEP)
        assert len(room.deaf) == 1
        assert len(room.dials) == 2
        assert fired.timers.count(Timer.ROTATE) == 1


@pytest.mark.repeats
class TestWithoutPeaks:
    def test_five_minutes_are_taken_for_silence_and_the_session_is_not_complete(self) -> None:
        room = Room().stream()
        room.live(280, None)
        room.finish()
        account = accounts(room)["mic"]
        assert account.missing == 0
        assert seconds(account.assumed) > 260
        assert account.confirmed + account.assumed == account.captured
        assert not room.ended.complete
        assert room.ended.reason == "audio was taken for silence, and its level was not measured"

    def test_more_is_told_renewed_once_and_lost(self) -> None:
        room = Room().stream()
        room.live(500, None)
        assert len(room.dials) == 2
        assert room.deaf
        assert seconds(room.core.statistics.sources["mic"].assumed) == pytest.approx(300, abs=1)
        assert seconds(room.core.statistics.sources["mic"].missing) > 150

    def test_words_begin_the_five_minutes_anew(self) -> None:
        room = Room().stream()
        room.live(250, None)
        room.final(249, 250)
        room.live(250, None)
        assert room.deaf == []

    @pytest.mark.parametrize(("text", "is_deaf"), [("word", False), (".", True)])
    def test_so_does_a_partial_but_not_one_without_words(self, text: str, *, is_deaf: bool) -> None:
        room = Room().stream()
        room.live(250, None)
        room.partial(249, 250, text)
        room.partial(0, 1, "")
        room.live(80, None)
        assert bool(room.deaf) is is_deaf


class TestAResumedSession:
    """Audio on disk has no peaks; what was assumed without them stays so."""

    def resumed(self, **past: Any) -> Room:
        source = PastSource(source="mic", origin=0, **past)
        room = Room(disk_seconds=600.0, make=partial(SessionMachine, past=[source]))
        room.open()
        room.feed(e.SourceFinished("mic"))
        room.connect()
        for _ in range(80):
            for each in room.commands:
                if isinstance(each, FetchAudio):
                    room.feed(e.AudioFetched("mic", each.start, pcm(each.samples)))
            room.commands = [each for each in room.commands if not isinstance(each, FetchAudio)]
            room.passes(STEP)
        return room

    def test_its_audio_is_unmeasured(self) -> None:
        room = self.resumed(confirmed=5 * S, on_disk=((0, 25 * S),), assumed=((0, 8 * S),))
        room.summary()
        room.lose(1000)
        assert not room.gaps
        assert seconds(accounts(room)["mic"].assumed) >= 5 + 15
        assert room.ended.reason == "audio was taken for silence, and its level was not measured"

    def test_an_account_of_an_earlier_process_counts(self) -> None:
        for unmeasured in (False, True):
            room = self.resumed(
                confirmed=25 * S, on_disk=(), assumed=((0, 8 * S),), unmeasured=unmeasured
            )
            assert room.ended.complete is not unmeasured
            assert accounts(room)["mic"].assumed == 8 * S


class TestProofWithoutAWindow:
    """A backend that keeps all audio has no window that could shut."""

    def test_a_backend_that_only_answers_pings_is_lost(self) -> None:
        room = Room(proves_silence=True).stream()
        began = room.now
        while len(room.dials) < 2:
            room.live(STEP)
        assert room.now - began == pytest.approx(10 + 15, abs=2)

    def test_audio_is_due_as_soon_as_it_is_sent_and_until_it_is_proved(self) -> None:
        room = Room(proves_silence=True).stream()
        assert Timer.PROOF not in room.core.snapshot().deadlines
        room.live(STEP)
        assert Timer.PROOF in room.core.snapshot().deadlines
        room.final(0, STEP)
        assert Timer.PROOF not in room.core.snapshot().deadlines

    def test_audio_that_is_drained_is_not_due(self) -> None:
        room = Room(proves_silence=True).stream()
        room.live(5)
        room.passes(5)
        room.figures(0.0)
        assert room.core.snapshot().sources["mic"].confirmed == 0
        assert Timer.PROOF not in room.core.snapshot().deadlines

    @pytest.mark.repeats
    def test_pongs_are_enough_where_silence_is_not_proved(self) -> None:
        room = Room(horizon=100.0).stream()
        room.live(200)
        assert len(room.dials) == 1

    def test_a_backend_that_is_silent_in_silence_is_excused(self) -> None:
        room = Room(proves_silence=True, silent_in_silence=True).stream()
        room.live(200)
        assert len(room.dials) == 1

    def test_nothing_is_due_any_more_where_silence_is_assumed(self) -> None:
        room = Room().stream()
        room.live(5)
        assert Timer.PROOF in room.core.snapshot().deadlines
        room.passes(40)
        assert Timer.PROOF not in room.core.snapshot().deadlines

    def test_not_while_it_is_sent_speech(self) -> None:
        room = Room(proves_silence=True, silent_in_silence=True).stream()
        room.live(60)
        began = room.now
        while len(room.dials) < 2:
            room.live(STEP, LOUD)
        assert room.now - began < 10 + 15 + 6

    def test_nor_while_words_are_open(self) -> None:
        room = Room(proves_silence=True, silent_in_silence=True).stream()
        room.live(5, LOUD)
        room.partial(0, 5)
        room.live(32)
        assert len(room.dials) == 2

    def test_figures_of_a_backend_that_keeps_all_are_no_sign_that_it_is_gone(self) -> None:
        room = Room(proves_silence=True).stream()
        room.live(5)
        room.figures(4.0)
        room.finish()
        assert room.ended.complete


@pytest.mark.repeats
class TestMemory:
    def test_audio_that_leaves_memory_unproved_is_told_once_a_minute(self) -> None:
        room = Room(proves_silence=True, silent_in_silence=True, horizon=30.0).stream()
        room.live(300, None)
        unproven = [each for each in room.told(Trouble) if each.kind == "unproven"]
        kept = POLICY.buffer_of(room.session.dialect.traits)
        assert len(unproven) == -(-(300 - kept) // 60)
        assert unproven[0].text == (
            "audio of mic left memory before it was confirmed: it is lost if the line is lost now"
        )

    @pytest.mark.parametrize("horizon", [10.0, 45.0])
    @pytest.mark.parametrize("peak", [QUIET, LOUD])
    def test_a_store_never_waits_for_ever(self, horizon: float, peak: int) -> None:
        """Its backend proves nothing; a file of ten minutes is read as room allows."""
        room = Room(horizon=horizon, kinds={"mic": e.SourceKind.STORE}).stream()
        left, waited = 600.0, 0.0
        while left > 0:
            assert waited < 2 * horizon + 60, f"{left} s were never read"
            if room.core.has_room("mic"):
                room.hear(1.0, peak)
                left, waited = left - 1, 0.0
            else:
                room.passes(STEP)
                waited += STEP
        room.passes(3 * horizon + 60)
        figures = room.core.statistics.sources["mic"]
        if peak == QUIET:
            assert figures.missing == 0
            assert seconds(figures.assumed) > 595
        else:
            assert seconds(figures.missing) > 590
        assert figures.confirmed == figures.captured


class TestABackendThatNeverEnds:
    """``End.NEVER``: a tail of silence, then words are waited for until QUIET."""

    def stopped(self, peak: int = QUIET, **traits: Any) -> Room:
        known: dict[str, Any] = {"end": End.NEVER, "tail": 2.0, "settle": 8.0} | traits
        room = Room(**known).stream()
        room.live(5, peak)
        room.stop()
        room.answer()
        return room

    def test_the_tail_of_silence_is_sent_behind_all_audio_and_before_the_stop(self) -> None:
        room = self.stopped()
        assert room.frames() == (5 + 2) * S // FRAME
        assert room.texts[-1] == (1, "stop")
        [*_, last, _stop] = [each for each in room.sent if not isinstance(each, SendPing)]
        assert isinstance(last, SendBytes)
        assert last.data[4:] == pcm(FRAME)
        assert room.core.statistics.sources["mic"].sent == 5 * S

    def test_quiet_audio_that_is_left_is_assumed(self) -> None:
        room = self.stopped()
        assert room.core.snapshot().deadlines[Timer.QUIET] - room.now == pytest.approx(8)
        room.passes(8)
        assert room.state == "closing"
        room.lose(1000)
        assert room.ended.complete
        assert accounts(room)["mic"].assumed == 5 * S

    def test_loud_audio_that_is_left_is_a_gap(self) -> None:
        room = self.stopped(LOUD)
        room.passes(8)
        room.lose(1000)
        assert not room.ended.complete
        assert [(gap.cause, gap.samples) for gap in room.gaps] == [(GapCause.UNCONFIRMED, 5 * S)]

    def test_only_the_loud_part_is_a_gap(self) -> None:
        room = Room(end=End.NEVER, settle=8.0).stream()
        room.live(4, LOUD)
        room.live(5)
        room.stop()
        room.answer()
        room.passes(8)
        room.lose(1000)
        account = accounts(room)["mic"]
        assert seconds(account.missing) == pytest.approx(4)
        assert seconds(account.assumed) == pytest.approx(5)
        assert account.captured == account.assumed + account.missing

    def test_it_ends_as_soon_as_all_is_confirmed(self) -> None:
        room = self.stopped(LOUD)
        room.passes(1)
        assert room.state == "finishing"
        room.final(0, 5)
        assert room.state == "closing"

    def test_nothing_is_waited_for_where_all_is_confirmed(self) -> None:
        room = Room(end=End.NEVER, settle=8.0).stream()
        room.stop()
        room.drain()
        room.passes(0.5)
        assert room.state == "closing"

    def test_audio_of_open_words_is_not_assumed(self) -> None:
        room = Room(end=End.NEVER, settle=8.0).stream()
        room.live(10)
        room.partial(6, 8)
        room.stop()
        room.answer()
        room.passes(8)
        room.lose(1000)
        assert seconds(accounts(room)["mic"].assumed) == pytest.approx(6)
        assert seconds(accounts(room)["mic"].missing) == pytest.approx(4)

    def test_quiet_audio_close_behind_a_held_final_is_assumed(self) -> None:
        room = Room(end=End.NEVER, settle=8.0, ends=Ends.CLAIMED)
        room.ends = "claimed"
        room.stream()
        room.live(5)
        room.live(4, LOUD)
        room.live(0.5)
        room.final(5, 9)
        room.stop()
        room.answer()
        room.passes(8)
        room.lose(1000)
        assert room.ended.complete
        assert [each.text for each in room.finals] == ["words"]
        assert seconds(accounts(room)["mic"].assumed) == pytest.approx(0.6 + 0.5)

    def test_time_in_which_the_process_slept_does_not_count(self) -> None:
        room = self.stopped(LOUD)
        room.now += 600
        room.feed(e.Tick())
        assert room.state == "finishing"
        assert room.core.snapshot().deadlines[Timer.QUIET] > room.now + 2

    def test_finish_allows_for_the_tail_and_the_wait(self) -> None:
        room = self.stopped()
        due = room.core.snapshot().deadlines[Timer.FINISH] - room.now
        assert due == pytest.approx(POLICY.finish_timeout + 10 + 5 + 2 + 8)

    def test_the_backend_may_be_slow_without_being_lost(self) -> None:
        room = Room(
            end=End.NEVER, settle=150.0, horizon=100.0, queue=2.0, proves_silence=True
        ).stream()
        room.live(1, LOUD)
        room.stop()
        room.passes(140)
        assert len(room.dials) == 1

    def test_a_tail_that_waited_for_the_window_is_no_stall(self) -> None:
        """All is sent: no window is shut any more, though the first decoding takes 40 s."""
        traits: dict[str, Any] = {"horizon": 45.0, "queue": 2.0, "window": 1.6, "settle": 60.0}
        kinds = {"mic": e.SourceKind.STORE}
        room = Room(end=End.NEVER, tail=2.0, kinds=kinds, **traits).stream()
        room.hear(1.5, LOUD)
        room.stop()
        room.answer()
        assert room.texts[-1] != (1, "stop")  # the tail waits
        room.passes(40)
        assert room.texts[-1] == (1, "stop")
        assert len(room.dials) == 1
        room.final(0, 1.5)
        assert room.state == "closing"

    def test_an_ignored_source_is_lost_and_not_assumed(self) -> None:
        room = Room(end=End.NEVER, settle=8.0).stream()
        room.live(5)
        room.ack("warning", message="Ignoring source 'mic'")
        room.stop()
        room.answer()
        room.passes(8)
        room.lose(1000)
        assert accounts(room)["mic"] == Account(captured=5 * S, confirmed=0, told=0, missing=5 * S)


class TestTheAccount:
    def test_a_final_message_that_proves_nothing_leaves_quiet_audio_assumed(self) -> None:
        room = Room().stream()
        room.live(4, LOUD)
        room.final(0, 4)
        room.live(3)
        room.session.doubtful = True
        room.finish()
        account = accounts(room)["mic"]
        assert account == Account(captured=7 * S, confirmed=4 * S, told=0, missing=0, assumed=3 * S)
        assert room.ended.complete

    def test_what_the_final_message_promises_is_not_assumed(self) -> None:
        room = Room(ends=Ends.CLAIMED)
        room.ends = "claimed"
        room.stream()
        room.live(5)
        room.live(4, LOUD)
        room.live(1)
        room.final(5, 9)
        room.lose()
        room.live(3)
        room.finish()
        assert room.ended.complete
        assert accounts(room)["mic"].assumed == 0

    def test_held_finals_are_no_silence_and_no_gap(self) -> None:
        room = Room(ends=Ends.CLAIMED)
        room.ends = "claimed"
        room.stream()
        room.live(5)
        room.live(4, LOUD)
        room.final(5, 9)
        room.live(60)
        assert [each.text for each in room.finals] == ["words"]
        assert room.deaf == []
        room.session.doubtful = True
        room.finish()
        account = accounts(room)["mic"]
        assert account.missing == 0
        # A wide pause before a final proves what lies before it.
        assert seconds(account.confirmed) == pytest.approx(9, abs=0.1)
        assert seconds(account.assumed) == pytest.approx(60, abs=0.1)

    def test_the_mark_stays_out_of_a_held_final_where_loud_audio_follows(self) -> None:
        room = Room(ends=Ends.CLAIMED)
        room.ends = "claimed"
        room.stream()
        room.live(5)
        room.live(4, LOUD)
        room.live(1)
        room.final(5, 9)
        while not room.deaf:
            room.live(STEP, LOUD)
        # Loud audio begins within four errors behind its end, so the mark stays before it.
        assert seconds(room.core.snapshot().sources["mic"].confirmed) == pytest.approx(4.4)
        assert room.finals == []

    def test_what_the_backend_reports_as_lost_later_is_not_assumed_any_more(self) -> None:
        room = Room().stream()
        room.live(60)
        box = room.session.streams.all[0].box
        before = box.losses.assumed
        box.lose(5 * S, 10 * S)
        assert box.losses.assumed == before - 5 * S
        assert [(gap.start, gap.end, gap.cause) for gap in box.losses.take()] == [
            (5 * S, 10 * S, GapCause.UNHEARD)
        ]

    def test_the_disk_has_the_run_before_the_mark_passes_it(self) -> None:
        room = Room(disk_seconds=600.0).stream()
        room.live(40)
        notes = [each for each in room.commands if isinstance(each, StoreAssumed | StoreConfirmed)]
        runs = [each for each in notes if isinstance(each, StoreAssumed)]
        assert runs[0].start == 0
        assert not any(run.unmeasured for run in runs)
        for run in runs:
            after = notes[notes.index(run) + 1]
            assert after == StoreConfirmed("mic", run.end)

    def test_the_disk_has_a_gap_before_the_mark_passes_it(self) -> None:
        room = Room(disk_seconds=600.0).stream()
        room.live(60, LOUD)
        gap = next(each for each in room.commands if isinstance(each, StoreGap))
        at = room.commands.index(gap)
        assert not any(
            isinstance(each, StoreConfirmed) and each.position > gap.gap.start
            for each in room.commands[:at]
        )
