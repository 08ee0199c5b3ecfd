"""What a backend may be assumed to have processed: ages, and judgements."""

from __future__ import annotations

import pytest

from openline.audio.assuming import SPEED, TRUST, Ages, Assuming, Judgement
from openline.updates import SAMPLE_RATE as S

LOUD, QUIET = 8000, 0


class TestAges:
    def test_live_audio_is_old_after_the_horizon_and_one_more_pong(self) -> None:
        ages = Ages(10.0, 0.0)
        for second in range(0, 60, 5):
            ages.note(second * S, 0, float(second))
            old = ages.old(float(second))
            assert old == max(second - 10 - 5, 0) * S

    def test_a_backlog_is_reached_at_one_and_a_half_times_real_time(self) -> None:
        ages = Ages(10.0, 0.0)
        reached = {}
        for second in range(80):
            ages.note(60 * S, 0, float(second))
            reached[second] = ages.old(float(second)) / S
        assert reached[10] == 0
        assert reached[20] == 10 * SPEED
        assert reached[50] == 60.0

    def test_unused_time_is_not_saved_up(self) -> None:
        ages = Ages(10.0, 0.0)
        ages.note(0, 0, 100.0)
        ages.note(30 * S, 0, 100.0)
        ages.note(30 * S, 0, 102.0)
        assert ages.old(112.0) == 2 * SPEED * S

    def test_words_show_that_it_is_farther(self) -> None:
        ages = Ages(10.0, 0.0)
        ages.note(60 * S, 20 * S, 1.0)
        assert ages.old(10.9) == 0
        assert ages.old(11.0) == 20 * S

    @pytest.mark.parametrize("step", [0.01, 0.1, 1.0])
    def test_few_entries_are_kept_and_none_counts_early(self, step: float) -> None:
        ages = Ages(8.0, 0.0)
        at = 0.0
        while at < 40:
            at += step
            ages.note(round(at * S), 0, at)
            late = at - 8 - ages.old(at) / S
            assert -1e-3 <= late <= 2 * step + 8 / 32 + 1e-3 or ages.old(at) == 0
            assert len(ages._past) <= 2 * 32 + 2  # pyright: ignore[reportPrivateUsage]

    def test_a_suspension_makes_nothing_older(self) -> None:
        ages = Ages(10.0, 0.0)
        ages.note(5 * S, 0, 1.0)
        ages.note(5 * S, 0, 5.0)
        ages.note_suspension(100.0)
        assert ages.old(105.0) == 0
        ages.note(5 * S, 0, 105.0)
        assert ages.old(114.9) == 0
        assert ages.old(115.0) == 5 * S


def known(*parts: tuple[float, int | None], begin: int = 0) -> Assuming:
    assuming, at = Assuming(10.0, begin, 0.0), begin
    for seconds, peak in parts:
        assuming.loudness.note(at, round(seconds * S), peak)
        at += round(seconds * S)
    return assuming


class TestJudge:
    def test_quiet_audio_is_assumed(self) -> None:
        assert known((60, QUIET)).judge(0, 30 * S, []) == Judgement(30 * S)

    def test_the_first_second_of_a_sentence_stops_it_before_anybody_is_deaf(self) -> None:
        assuming = known((29.5, QUIET), (10, LOUD))
        assert assuming.judge(0, 30 * S, []) == Judgement(round(29.5 * S))
        assert not assuming.renews

    def test_a_loud_run_asks_for_a_new_dial_once(self) -> None:
        assuming = known((10, QUIET), (30, LOUD))
        first = assuming.judge(0, 20 * S, [])
        assert first == Judgement(10 * S, is_deaf=True, renews=True)
        again = assuming.judge(10 * S, 22 * S, [])
        assert again == Judgement(10 * S, is_deaf=True, renews=False)

    def test_on_the_new_dial_it_is_lost(self) -> None:
        assuming = known((10, QUIET), (5, LOUD), (45, QUIET))
        assuming.judge(0, 20 * S, [])
        assuming.begin_dial(0.0)
        lost = assuming.judge(10 * S, 30 * S, [])
        assert lost == Judgement(30 * S, [(10 * S, 15 * S)], is_deaf=True)

    def test_a_dial_that_was_lost_otherwise_asks_for_none(self) -> None:
        assuming = known((10, QUIET), (30, LOUD))
        assuming.begin_dial(0.0)
        assert assuming.judge(0, 20 * S, []).renews

    def test_words_or_a_proof_give_another_dial(self) -> None:
        for words in (True, False):
            assuming = known((10, QUIET), (30, LOUD))
            assuming.judge(0, 20 * S, [])
            assuming.begin_dial(0.0)
            if words:
                assuming.note_words(0)
            else:
                assuming.note_proof()
            assert assuming.judge(10 * S, 20 * S, []).renews

    def test_audio_in_words_is_not_judged(self) -> None:
        assuming = known((10, QUIET), (10, LOUD), (20, QUIET))
        assert assuming.judge(0, 30 * S, [(10 * S, 20 * S)]) == Judgement(30 * S)

    def test_the_rest_of_a_lost_sentence_is_lost_too(self) -> None:
        assuming = known((10.5, LOUD), (30, QUIET))
        assuming.judge(0, 10 * S, [])
        assuming.begin_dial(0.0)
        assert assuming.judge(0, 10 * S, []).lost == [(0, 10 * S)]
        assuming.note_lost(0, 10 * S)
        assert assuming.judge(10 * S, 20 * S, []).lost == [(10 * S, round(10.5 * S))]
        assuming.note_lost(10 * S, round(10.5 * S))
        assuming.loudness.note(11 * S, 3 * S // 10, LOUD)
        assert assuming.judge(round(10.5 * S), 20 * S, []).lost == [
            (round(10.5 * S), round(11.3 * S))
        ]
        # Ten seconds later nothing follows it any more.
        assert assuming.judge(22 * S, 30 * S, []) == Judgement(30 * S)

    def test_the_beginning_of_the_next_sentence_makes_nobody_deaf(self) -> None:
        assuming = known((5, LOUD), (14.5, QUIET), (3, LOUD))
        assuming.note_lost(0, 5 * S)
        assert assuming.judge(5 * S, 20 * S, []) == Judgement(round(19.5 * S))

    def test_what_was_lost_long_before_is_no_beginning(self) -> None:
        assuming = known((5, LOUD), (30, QUIET), (0.5, LOUD), (20, QUIET))
        assuming.note_lost(0, 5 * S)
        assuming.note_lost(20 * S, 20 * S + 1)
        assert assuming.judge(5 * S, 40 * S, []) == Judgement(40 * S)


class TestTrust:
    def test_audio_without_peaks_is_quiet_for_five_minutes_since_the_last_words(self) -> None:
        assuming = known((1000, None))
        trusted = round(TRUST * S)
        assert assuming.judge(0, trusted - 20 * S, []) == Judgement(trusted - 20 * S)
        assert assuming.judge(0, trusted + 20 * S, []).mark == trusted
        assuming.note_words(100 * S)
        assuming.note_words(50 * S)
        assert assuming.judge(0, trusted + 80 * S, []) == Judgement(trusted + 80 * S)

    def test_audio_of_an_earlier_process_has_no_peaks(self) -> None:
        assuming = known((60, QUIET))
        assuming.restore(10 * S, 50 * S)
        assert not assuming.loudness.is_measured(10 * S, 50 * S)
        assert assuming.heard == 10 * S


def test_quiet_runs_lie_between_the_loud_ones() -> None:
    assuming = known((5, QUIET), (5, LOUD), (15, QUIET), (5, LOUD))
    assert assuming.quiet_runs(0, 30 * S, []) == [(0, 5 * S), (10 * S, 25 * S)]
    assert assuming.quiet_runs(0, 30 * S, [(5 * S, 10 * S)]) == [(0, 25 * S)]
    assert assuming.quiet_runs(5 * S, 10 * S, []) == []
    assert assuming.is_quiet(10 * S, 25 * S, [])
    assert not assuming.is_quiet(10 * S, 30 * S, [])
