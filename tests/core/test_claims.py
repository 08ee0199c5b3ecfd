"""Sessions with a backend whose ends are claims: what is held, told, replaced and sent again."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from openline import events as e
from openline.commands import (
    FetchAudio,
    Report,
    SendPing,
    StoreConfirmed,
    StoreFinal,
    StoreGap,
    StoreReplaced,
    StoreTold,
    StoreWithdrawn,
)
from openline.policy import Policy
from openline.updates import (
    SAMPLE_RATE,
    Gap,
    GapCause,
    GapWithdrawn,
    PartialRetracted,
    Transcript,
    Trouble,
)
from tests.core.driver import FRAME, Drive, pcm

S = SAMPLE_RATE
PATIENT = Policy(source_timeout=None, give_up_after=None, buffer_seconds=60)


def claimed(seconds: float = 0.0, **options: Any) -> Drive:
    """A line on which ``seconds`` of live audio were sent; ends are claims, no figures came."""
    drive = Drive(ends="claimed", policy=PATIENT, **options).stream()
    drive.speak(seconds)
    return drive


def again(drive: Drive) -> None:
    """The line is lost, and the next one is sent all that is not confirmed."""
    drive.lose()
    drive.redial()
    drive.connect()
    drive.serve("mic")


def lost_in_a_sentence(**options: Any) -> Drive:
    """A line on which three words were held as one final."""
    drive = claimed(5, **options)
    drive.final(1, 4, "one two three")
    return drive


def read(drive: Drive) -> None:
    """Send all audio; the disk answers."""
    asked = 0
    while asked < len(drive.commands):
        new, asked = drive.commands[asked:], len(drive.commands)
        for each in new:
            if isinstance(each, FetchAudio):
                drive.feed(e.AudioFetched(each.source, each.start, pcm(each.samples)))
        drive.serve("mic")


def send_again(drive: Drive, seconds: float) -> None:
    """The dial is lost, and the next one is sent what is kept up to there."""
    drive.lose()
    drive.redial()
    drive.connect()
    for _ in range(100):
        if drive.core.statistics.sources["mic"].sent >= seconds * S:
            return
        for each in drive.drain():
            if isinstance(each, SendPing):
                drive.feed(e.PongReceived(each.dial, each.mark))
        drive.figures()
    raise AssertionError("it is not sent")


def overflow_inside(drive: Drive) -> Gap:
    """The dial is lost, and memory runs over while 10 s are sent again; returns what is lost."""
    send_again(drive, 10)
    drive.feed(e.AudioCaptured("mic", pcm(round(62 * S))))
    read(drive)
    return drive.gaps[0]


def summed_up(drive: Drive) -> None:
    """The backend has transcribed all that was sent."""
    drive.stop()
    drive.serve("mic")
    drive.summary()
    drive.lose(1000)


def texts(drive: Drive) -> list[str]:
    return [words.text for words in drive.finals]


def mark(drive: Drive, source: str = "mic") -> float:
    statistics = drive.core.statistics.sources[source]
    return statistics.confirmed / SAMPLE_RATE


def accounted(drive: Drive) -> None:
    """Every captured sample is confirmed, told or missing, exactly once."""
    for name, each in drive.ended.accounts.items():
        assert each.captured == each.confirmed + each.assumed + each.told + each.missing
        gaps = [gap for gap in drive.ended.missing if gap.source == name]
        assert each.missing == sum(gap.samples for gap in gaps)


class TestHeld:
    def test_a_claimed_final_is_settled_and_becomes_final_when_it_is_passed(self) -> None:
        drive = claimed(12)
        drive.final(1, 2, "one", confidence=0.5, speaker="ann")
        [settled] = drive.told(Transcript)
        assert (settled.final, settled.settled, settled.id) == (False, True, "1.1.1")
        assert not drive.core.transcript
        drive.final(5, 6, "two")
        assert mark(drive) == 4.4
        [final] = drive.finals
        assert (final.text, final.start, final.end, final.id) == ("one", 1, 2, "1.1.1")
        assert (final.confidence, final.speaker, final.settled) == (0.5, "ann", True)
        assert drive.core.transcript == (final,)

    def test_the_end_of_the_session_makes_what_is_held_final(self) -> None:
        drive = claimed(3)
        drive.final(1, 2)
        drive.abort()
        assert texts(drive) == ["words"]
        assert isinstance(drive.updates[-2], Gap)
        accounted(drive)

    def test_a_final_message_proves_what_is_held(self) -> None:
        drive = claimed(3)
        drive.final(1, 39.88, "one")
        assert not drive.finals
        summed_up(drive)
        assert texts(drive) == ["one"]
        assert drive.finals[0].end == 3.0, "it claimed more than was sent"
        assert drive.ended.complete
        accounted(drive)

    def test_an_ack_may_change_what_ends_prove_from_dial_to_dial(self) -> None:
        drive = claimed(4)
        drive.final(1, 2, "held")
        drive.lose()
        drive.redial()
        drive.ends = "exact"
        drive.connect()
        drive.serve("mic")
        drive.final(2.5, 3.5, "exact")
        assert texts(drive) == ["exact", "held"]
        assert mark(drive) == 3.5

    @pytest.mark.parametrize("text", [".", " ... ", "", "\N{HORIZONTAL ELLIPSIS}"])
    def test_a_final_without_a_letter_or_digit_moves_no_mark(self, text: str) -> None:
        drive = claimed(12)
        drive.final(1, 2, "one")
        drive.partial(2, 3, "tw")
        drive.final(5, 6, text)
        assert (mark(drive), texts(drive)) == (0.0, [])
        assert drive.told(PartialRetracted) == [PartialRetracted(source="mic", settled=False)]
        drive.partial(6, 7, text)
        summed_up(drive)
        assert texts(drive) == ["one"]
        assert drive.ended.complete

    def test_a_live_partial_stays_when_a_held_final_becomes_final(self) -> None:
        drive = claimed(12)
        drive.final(1, 2, "one")
        drive.partial(6, 7, "tw")
        drive.final(5, 6, "two")
        drive.partial(8, 9, "thr")
        assert texts(drive) == ["one"]
        drive.lose()
        assert drive.told(PartialRetracted)[-1] == PartialRetracted(source="mic")

    def test_figures_confirm_older_audio_than_the_horizon(self) -> None:
        drive = claimed(20)
        drive.figures(backlog=0.0)
        assert mark(drive) == pytest.approx(5.0, abs=0.5)
        drive.final(1, 2, "late")
        drive.abort()
        assert texts(drive) == ["late"]

    def test_ends_and_words_without_a_beginning_drain_nothing(self) -> None:
        drive = claimed(20)
        window = drive.session.streams.all[0].window
        drive.say("asr_final", text="yes", t1=19.9)
        assert window.drained == 0
        drive.final(18, 19.9)
        assert window.drained == round(17.7 * S)
        drive.figures(backlog=1.0)
        figured = window.drained
        assert figured > 18 * S
        drive.final(19.8, 19.9)
        assert window.drained == figured, "figures are better"


class TestALoss:
    def test_an_overshoot_removes_no_proved_words(self) -> None:
        """Dial 1 said A with an end far beyond its audio; dial 2 says again only B."""
        drive = claimed(27.5)
        drive.final(22.0, 24.0, "before")
        drive.final(24.0, 39.88, "A")
        drive.speak(3.5)
        drive.final(26.2, 28.0, "B")
        assert mark(drive) <= 24.0, "the mark lies in no held final"
        began = mark(drive)
        again(drive)
        drive.final(26.2 - began, 28.0 - began, "B again")
        summed_up(drive)
        assert texts(drive) == ["before", "A", "B again"]
        assert drive.ended.statistics.replaced == 1
        assert drive.ended.complete

    def test_held_finals_are_retracted_and_their_audio_is_sent_again(self) -> None:
        drive = claimed(5)
        drive.final(1, 2, "one")
        drive.lose()
        assert drive.told(PartialRetracted) == [PartialRetracted(source="mic")]
        drive.redial()
        drive.connect()
        drive.drain()
        assert drive.frames(2) > 0
        drive.final(0.5, 1.5, "won")
        summed_up(drive)
        assert [(w.text, w.id) for w in drive.finals] == [("won", "1.2.1")]
        assert drive.ended.statistics.replaced == 1

    def test_what_the_next_dial_does_not_say_again_is_told_after_all(self) -> None:
        drive = claimed(5)
        drive.final(1, 2, "one")
        again(drive)
        summed_up(drive)
        assert [(w.text, w.id) for w in drive.finals] == [("one", "1.1.1")]
        assert drive.ended.complete

    def test_the_first_new_final_does_not_remove_the_rest(self) -> None:
        drive = claimed(15)
        drive.final(10, 14, "one two three four")
        began = mark(drive)
        again(drive)
        drive.final(10 - began, 12 - began, "one two")
        drive.abort()
        assert texts(drive) == ["one two three four"]
        assert drive.ended.statistics.replaced == 1
        accounted(drive)

    @pytest.mark.parametrize("end", [0.0, 0.02, 2.5])
    def test_the_word_before_the_cut_does_not_replace_the_one_behind_it(self, end: float) -> None:
        """The cut lies in a word, and the next dial hears its end again before it is lost too."""
        drive = claimed(24)
        drive.final(0.2, 22.5, "a sentence of many words")
        drive.final(22.5, 23, "yes")
        assert mark(drive) == 22.5
        again(drive)
        drive.final(0, end, "words")
        drive.lose()
        drive.abort()
        told = ["a sentence of many words", *([] if end else ["words"]), "yes"]
        assert texts(drive) == told
        accounted(drive)

    def test_a_final_that_begins_before_the_mark_is_not_replaced(self) -> None:
        """Its beginning is never sent again, so the next dial cannot say all of it."""
        drive = claimed(30)
        drive.final(5, 6, "bo")
        drive.final(20, 21, "bo again")
        assert mark(drive) == 19.4
        drive.final(10, 29, "ann speaks for long")
        again(drive)
        assert texts(drive) == ["bo", "ann speaks for long"]
        drive.final(0, 11, "for long")
        summed_up(drive)
        assert texts(drive) == ["bo", "ann speaks for long", "for long"]
        assert drive.ended.complete
        accounted(drive)

    def test_memory_that_runs_over_inside_a_held_final_tells_it(self) -> None:
        """No gap over its words, and none of them twice."""
        drive = claimed(15)
        drive.final(9, 14, "one two three four")
        assert mark(drive) == 8.4
        drive.lose()
        drive.feed(e.AudioCaptured("mic", pcm(round(54.5 * S))))  # 60 s in memory: from 9.5 s on
        drive.redial()
        drive.connect()
        drive.drain()
        drive.feed(e.Tick())
        assert texts(drive) == ["one two three four"]
        [gap] = drive.gaps
        assert (gap.start, gap.end, gap.cause) == (round(8.4 * S), 9 * S, GapCause.OVERFLOW)
        assert drive.core.statistics.sources["mic"].told == 5 * S
        drive.final(0.1, 0.9, "five")
        assert drive.settled[-1].start == 14.1
        drive.abort()
        assert texts(drive) == ["one two three four", "five"]
        accounted(drive)

    @pytest.mark.parametrize("disk", [0.0, 60.0])
    def test_what_was_lost_of_a_final_that_is_told_after_all_is_no_gap(self, disk: float) -> None:
        """Its beginning was sent again when memory, or the disk, ran over inside it."""
        drive = claimed(15, disk_seconds=disk)
        drive.final(9, 14, "one two three four")
        drive.lose()
        drive.redial()
        drive.connect()
        sent = drive.drain()  # up to 10 s, of which memory keeps no more than the mark
        drive.feed(e.AudioCaptured("mic", pcm(round(60.5 * S))))
        for each in sent:
            if isinstance(each, SendPing):
                drive.feed(e.PongReceived(each.dial, each.mark))
        drive.figures()
        read(drive)
        lost, rest = drive.gaps
        assert (lost.start, lost.end, rest.start, rest.end) == (10 * S, 15.5 * S, 14 * S, 15.5 * S)
        assert drive.told(GapWithdrawn) == [GapWithdrawn(gap=lost)]
        assert texts(drive) == ["one two three four"]
        notes = (StoreTold, StoreGap, StoreWithdrawn)
        noted = [each for each in drive.commands if isinstance(each, notes)]
        assert noted == (
            [StoreGap(lost), StoreTold("mic", 10 * S, 14 * S), StoreWithdrawn(lost), StoreGap(rest)]
            if disk
            else []
        )
        drive.abort()
        assert drive.ended.missing[0] == rest
        accounted(drive)

    @pytest.mark.parametrize(
        ("end", "shown", "until"), [(30, 0, 0), (30, 13, 0), (14, 13, 0), (14, 14, 14), (14, 0, 14)]
    )
    def test_a_doubtful_end_withdraws_no_gap(self, end: int, shown: int, until: int) -> None:
        """Words may lie there that no dial has heard: they are in no final, so in the gap."""
        drive = claimed(15)
        drive.final(1, 2, "zero")
        if shown:
            drive.figures(backlog=15 - shown)
        drive.final(9, end, "one two three four")  # what was sent ends at 15
        lost = overflow_inside(drive)
        assert 9 * S < lost.start < 12 * S < 15 * S < lost.end
        drive.abort()
        assert texts(drive) == ["zero", "one two three four"]
        gone = [(gap.start, gap.end) for gap in drive.ended.missing]
        assert gone[0] == (max(lost.start, until * S), lost.end)
        assert len(drive.told(GapWithdrawn)) == (until > 0)
        accounted(drive)

    @pytest.mark.parametrize("shown", [0.0, 11.0])
    def test_memory_that_runs_over_tells_a_clamped_final_and_loses_its_audio(
        self, shown: float
    ) -> None:
        """It is not sent again, and words may lie up to that end that no dial has heard."""
        drive = claimed(15)
        if shown:
            drive.figures(backlog=15 - shown)
        drive.final(8, 30, "one two")
        drive.lose()
        drive.feed(e.AudioCaptured("mic", pcm(54 * S)))  # memory begins at 9
        drive.redial()
        drive.connect()
        read(drive)
        assert texts(drive) == ["one two"]
        assert drive.core.statistics.sources["mic"].told == 0
        assert sum(gap.samples for gap in drive.gaps) == 15 * S
        assert (drive.gaps[0].start, drive.gaps[-1].end) == (0, 15 * S)
        drive.abort()
        accounted(drive)

    def test_a_final_over_a_hole_that_leaves_memory_is_lost_once(self) -> None:
        """What was sent leaves memory in two runs, one on each side of the hole."""
        drive = claimed(5)
        drive.feed(e.CaptureHole("mic", S // 10))
        drive.speak(5)
        drive.final(1, 40, "one two")
        send_again(drive, 7)
        drive.feed(e.AudioCaptured("mic", pcm(57 * S)))
        drive.lose()
        lost = sorted((gap.start, gap.end) for gap in drive.gaps)
        assert all(one[1] <= other[0] for one, other in pairwise(lost))
        drive.abort()
        accounted(drive)

    def test_the_first_final_behind_a_cut_carries_the_seam(self) -> None:
        drive = claimed(5)
        drive.final(1, 2)
        again(drive)
        for start in (1, 3):
            drive.partial(start, start + 1)
            drive.final(start, start + 1)
        again(drive)
        assert [words.seam for words in drive.settled] == [False, True, False]
        partials = [words for words in drive.told(Transcript) if not words.settled]
        assert [words.seam for words in partials] == [False, False]

    def test_no_seam_where_nothing_is_sent_again(self) -> None:
        drive = claimed()
        again(drive)
        drive.speak(1)
        drive.final(0.1, 0.9)
        assert [words.seam for words in drive.settled] == [False]

    def test_where_ends_are_exact_there_is_no_seam(self) -> None:
        drive = Drive(policy=PATIENT).stream()
        drive.speak(3)
        drive.final(1, 2)
        drive.ends = "claimed"
        again(drive)
        drive.final(0.5, 0.9, "behind a cut")
        drive.ends = "exact"
        again(drive)
        drive.final(0.5, 0.9)
        said = [words for words in drive.told(Transcript) if words.settled or words.final]
        assert [words.seam for words in said] == [False, True, False]


class TestLastWords:
    def test_words_that_follow_the_final_message_are_final_at_once(self) -> None:
        drive = claimed(3)
        drive.stop()
        drive.serve()
        drive.summary()
        assert drive.state == "closing"
        drive.final(1, 2, "the last words")
        drive.partial(2, 3, "no")
        drive.final(2, 3, ".")
        assert [(w.text, w.settled) for w in drive.finals] == [("the last words", False)]
        drive.final(1, 2, source="system")
        drive.partial(1, 2, source="system")
        drive.lose(1000)
        assert drive.ended.statistics.untold == 1
        assert not drive.ended.complete
        assert drive.ended.reason == "1 message that may hold words could not be reported"

    @pytest.mark.parametrize("ends", ["claimed", "exact"])
    def test_words_behind_the_final_message_replace_those_of_a_lost_dial(self, ends: str) -> None:
        drive = lost_in_a_sentence()
        drive.ends = ends
        again(drive)
        drive.final(1, 2, "one")
        drive.stop()
        drive.serve("mic")
        drive.summary()
        assert drive.told(PartialRetracted) == [PartialRetracted(source="mic", settled=True)]
        drive.final(2, 3, "two")
        drive.final(3, 4, "three")
        drive.lose(1000)
        assert sorted(texts(drive)) == ["one", "three", "two"]
        assert drive.ended.statistics.replaced == 1
        assert drive.ended.complete
        accounted(drive)

    def test_without_them_those_of_the_lost_dial_reach_farther(self) -> None:
        drive = lost_in_a_sentence()
        again(drive)
        drive.final(1, 2, "one")
        summed_up(drive)
        assert texts(drive) == ["one two three"]
        assert drive.ended.statistics.replaced == 1
        assert drive.ended.complete
        accounted(drive)

    def test_killed_between_the_process_after_has_both_readings(self) -> None:
        """The mark waits for the decision, so the next process can still make it."""
        drive = lost_in_a_sentence(disk_seconds=60)
        again(drive)
        drive.final(1, 2, "one")
        drive.stop()
        drive.serve("mic")
        assert not any(isinstance(each, StoreConfirmed) for each in drive.summary())
        assert StoreConfirmed("mic", 5 * S) in drive.lose(1000)

    def test_words_before_the_ack_are_untold(self) -> None:
        drive = Drive(ends="claimed")
        drive.open()
        drive.opened()
        drive.drain()
        drive.final(0, 1)
        drive.partial(0, 1)
        drive.final(0, 1, ".")
        assert drive.told(Transcript) == []
        assert drive.core.statistics.untold == 1
        [trouble] = drive.told(Trouble)
        assert trouble.text == (
            "words before the start was acknowledged: they are not in the transcript"
        )

    @pytest.mark.parametrize(("data", "untold"), [("?", 1), ('{"type":"status"}', 0), ("[]", 0)])
    def test_an_unreadable_message_may_have_had_words(self, data: str, untold: int) -> None:
        drive = claimed(1)
        drive.feed(e.MessageReceived(1, data))
        summed_up(drive)
        assert (drive.ended.statistics.malformed, drive.ended.statistics.untold) == (1, untold)
        assert drive.ended.complete is (untold == 0)


def ignore(drive: Drive, source: str = "mic") -> None:
    drive.ack("warning", message=f"Too many active sources. Ignoring source '{source}'.")


class TestIgnored:
    def test_nothing_more_of_an_ignored_source_is_sent(self) -> None:
        drive = claimed(4, sources=("mic", "system"))
        drive.final(1, 2, "one", source="mic")
        ignore(drive)
        assert texts(drive) == ["one"]
        sent = drive.frames()
        drive.speak(1)
        ignore(drive)
        ignore(drive, "cellar")
        assert drive.frames() == sent
        assert drive.gaps == []
        drive.speak(6)
        assert [(gap.start, gap.end, gap.cause) for gap in drive.gaps] == [
            (0, S, GapCause.IGNORED),
            (2 * S, 10 * S, GapCause.IGNORED),
        ]
        assert drive.core.statistics.sources["mic"].told == S

    def test_the_next_dial_tries_the_source_again(self) -> None:
        drive = claimed(2)
        ignore(drive)
        drive.speak(1)
        drive.lose()
        assert [(gap.start, gap.end, gap.cause) for gap in drive.gaps] == [
            (0, 3 * S, GapCause.IGNORED)
        ]
        drive.redial()
        drive.connect()
        drive.speak(1)
        assert drive.frames(2) == 50
        summed_up(drive)
        accounted(drive)
        assert [gap.samples for gap in drive.ended.missing] == [3 * S]

    def test_a_hole_of_an_ignored_source_is_no_part_of_the_gap(self) -> None:
        drive = claimed(1)
        ignore(drive)
        drive.feed(e.CaptureHole("mic", S))
        drive.speak(1)
        drive.stop()
        drive.abort()
        assert [(gap.start, gap.end, gap.cause) for gap in drive.ended.missing] == [
            (0, S, GapCause.IGNORED),
            (S, 2 * S, GapCause.CAPTURE),
            (2 * S, 3 * S, GapCause.IGNORED),
        ]
        accounted(drive)

    def test_it_is_noted_on_disk_that_nothing_before_is_sent(self) -> None:
        drive = claimed(2, disk_seconds=3600)
        ignore(drive)
        drive.speak(9)
        notes = [each for each in drive.commands if isinstance(each, StoreConfirmed | StoreGap)]
        assert StoreConfirmed("mic", 10 * S) in notes
        assert any(isinstance(each, StoreGap) for each in notes)

    def test_a_warning_of_another_kind_ignores_nothing(self) -> None:
        drive = claimed(1)
        drive.ack("warning", message="Too many active sources")
        assert not drive.session.streams.all[0].box.ignored


class TestWithdrawn:
    def dropped(self, drive: Drive) -> Gap:
        drive.figures(backlog=2.0, dropped=10)
        [gap] = drive.gaps
        return gap

    @pytest.mark.parametrize("disk", [0.0, 3600.0])
    def test_a_drop_is_withdrawn_when_all_of_its_audio_is_confirmed(self, disk: float) -> None:
        drive = claimed(4, disk_seconds=disk)
        gap = self.dropped(drive)
        assert (gap.samples, gap.exact) == (10 * FRAME, False)
        again(drive)
        drive.stop()
        drive.serve()
        assert drive.told(GapWithdrawn) == []
        drive.summary()
        drive.lose(1000)
        assert drive.told(GapWithdrawn) == [GapWithdrawn(gap=gap)]
        stored = [each for each in drive.commands if isinstance(each, StoreWithdrawn)]
        assert stored == [StoreWithdrawn(gap)] * (disk > 0)
        assert drive.ended.missing == ()
        assert drive.ended.complete
        accounted(drive)

    def test_a_drop_stays_if_the_session_ends_on_its_dial(self) -> None:
        drive = claimed(4)
        self.dropped(drive)
        drive.stop()
        drive.serve()
        drive.summary()
        drive.lose(1000)
        assert not drive.ended.complete
        accounted(drive)


class TestOnDisk:
    def test_a_held_final_is_noted_before_it_is_shown(self) -> None:
        drive = claimed(12, disk_seconds=3600)
        drive.commands.clear()
        drive.final(1, 2)
        drive.final(5, 6)
        shown = [
            each
            for each in drive.commands
            if not isinstance(each, Report) or isinstance(each.update, Transcript)
        ]
        assert [type(each) for each in shown] == [
            *(StoreFinal, Report),
            *(StoreFinal, Report, StoreConfirmed, StoreFinal, Report),
        ]
        assert [each.held for each in shown if isinstance(each, StoreFinal)] == [True, True, False]
        assert all(each.proves is None for each in shown if isinstance(each, StoreFinal))
        assert StoreConfirmed("mic", round(4.4 * S)) in shown

    def test_the_record_of_an_exact_final_holds_what_it_proves(self) -> None:
        drive = claimed(3, disk_seconds=3600)
        drive = Drive(policy=PATIENT, disk_seconds=3600).stream()
        drive.speak(3)
        drive.final(1, 2)
        drive.say("asr_final", text="yes", t0=2)
        records = [each for each in drive.commands if isinstance(each, StoreFinal)]
        assert [each.proves for each in records] == [2 * S, 2 * S]

    def test_a_replaced_final_is_noted_before_the_mark_passes_it(self) -> None:
        drive = claimed(5, disk_seconds=3600)
        drive.final(1, 2)
        again(drive)
        drive.final(0.5, 1.5)
        drive.stop()
        drive.serve("mic")
        drive.commands.clear()
        drive.summary()
        kinds = [type(each) for each in drive.commands]
        assert StoreReplaced("1.1.1") in drive.commands
        assert kinds.index(StoreReplaced) < kinds.index(StoreConfirmed)

    def test_told_audio_is_noted_before_its_final(self) -> None:
        drive = claimed(3, disk_seconds=3600)
        drive.final(1, 2)
        drive.commands.clear()
        drive.abort()
        kinds = [type(each) for each in drive.commands]
        assert StoreTold("mic", S, 2 * S) in drive.commands
        assert kinds.index(StoreTold) < kinds.index(StoreFinal)


class TestCasesOfOneDial:
    """Words that users saw dropped."""

    @pytest.mark.parametrize("ends", ["exact", "claimed"])
    def test_two_speakers_who_overlap_are_both_told(self, ends: str) -> None:
        drive = Drive(ends=ends, policy=PATIENT).stream()
        drive.speak(4)
        drive.final(0, 3, "speaker one talks on", speaker="A")
        drive.final(1, 1.6, "yes", speaker="B")
        drive.final(2, 3.5, "the second one", speaker="A")
        drive.final(0, 1.9, "came late", speaker="B")
        summed_up(drive)
        assert sorted(texts(drive)) == [
            "came late",
            "speaker one talks on",
            "the second one",
            "yes",
        ]
        assert drive.ended.complete

    @pytest.mark.parametrize("ends", ["exact", "claimed"])
    def test_odd_times_cost_no_words(self, ends: str) -> None:
        drive = Drive(ends=ends, policy=PATIENT).stream()
        drive.speak(4)
        drive.final(-0.02, 1.0, "the first words")
        drive.final(2.0, 1.98, "yes")
        drive.final(2.0, 3.0, "the last words")
        summed_up(drive)
        assert [(w.text, w.start, w.end) for w in drive.ended.transcript] == [
            ("the first words", 0.0, 1.0),
            ("yes", 2.0, 2.0),
            ("the last words", 2.0, 3.0),
        ]
        assert drive.ended.complete


class TestSilentSource:
    """A final message proves nothing of a source that the backend may have ignored."""

    @pytest.mark.parametrize("how", ["words", "figures"])
    def test_a_source_without_a_sign_is_unproved_while_another_has_some(self, how: str) -> None:
        drive = Drive(sources=("mic", "system"), policy=PATIENT).stream()
        drive.audio(10, "mic")
        drive.audio(10, "system")
        drive.serve()
        if how == "words":
            drive.partial(0, 0.1, source="mic")
        else:
            drive.figures(source="mic")
        drive.stop()
        drive.serve()
        drive.summary()
        drive.lose(1000)
        assert [gap.source for gap in drive.ended.missing] == ["system"]

    def test_it_proves_all_sources_where_none_had_a_sign(self) -> None:
        drive = Drive(sources=("mic", "system"), policy=PATIENT).stream()
        drive.audio(10, "mic")
        drive.audio(10, "system")
        drive.stop()
        drive.serve()
        drive.summary()
        drive.lose(1000)
        assert drive.ended.complete
