"""A source that is behind, where the pace makes that good slowly, and the skip to live audio."""

from __future__ import annotations

from typing import Any

import pytest

from openline import events as e
from openline.commands import StoreGap
from openline.dialects.protocol import FinalMessage, Heard
from openline.dialects.traits import AudioForm, Ends
from openline.policy import Policy
from openline.updates import SAMPLE_RATE, GapCause, Trouble
from tests.core.driver import pcm
from tests.core.toys import Outright, Play

S = SAMPLE_RATE
PATIENT = Policy(source_timeout=None, buffer_seconds=120.0)


def slow(pace: float | None = 1.05, **options: Any) -> Play:
    """A line whose backend takes a backlog slowly; it hears all that it gets."""
    traits: dict[str, Any] = {"queue": None, "pace": pace, "horizon": 5.0}
    kept = {name: options.pop(name) for name in ("ends", "form") if name in options}
    play = Play(Outright(**traits, **kept), policy=PATIENT, **options)
    play.stream()
    return play


def outage(play: Play, seconds: float) -> None:
    """So much audio is captured at once, as after an outage."""
    play.feed(e.AudioCaptured("mic", pcm(round(seconds * S))))


def live(play: Play, seconds: float) -> None:
    """Live audio; the backend transcribes what it gets, and there are no words in it."""
    for _ in range(round(seconds * 10)):
        play.wait(0.1)
        play.feed(e.AudioCaptured("mic", pcm(S // 10)))
        play.serve()
        play.hear(Heard(text="", start=0.0, end=play.sent_samples / S, final=True))


def behind(play: Play) -> list[str]:
    return [each.text for each in play.told(Trouble) if each.kind == "behind"]


def skip(play: Play) -> None:
    play.feed(e.SkipRequested())
    play.drain()


class TestBehind:
    def test_the_app_is_told_when_the_backlog_stays(self) -> None:
        play = slow()
        outage(play, 40.0)
        live(play, 9.8)
        assert not behind(play)
        live(play, 1.0)
        [text] = behind(play)
        assert text.startswith("mic is 39 s behind, and the backend takes audio at most 1.05 times")
        assert text.endswith("skip to the live audio, or it is behind for 13 min")

    @pytest.mark.repeats
    def test_it_is_told_once_a_minute(self) -> None:
        play = slow()
        outage(play, 60.0)
        live(play, 69.0)
        assert len(behind(play)) == 1
        live(play, 2.0)
        assert len(behind(play)) == 2

    @pytest.mark.repeats
    def test_a_short_backlog_is_not_told(self) -> None:
        play = slow()
        outage(play, 9.0)
        live(play, 30.0)
        assert not behind(play)

    @pytest.mark.repeats
    @pytest.mark.parametrize("pace", [1.06, 1.25, None])
    def test_a_faster_backend_makes_it_good(self, pace: float | None) -> None:
        play = slow(pace)
        outage(play, 60.0)
        live(play, 20.0)
        assert not behind(play)

    def test_a_store_is_not_behind_and_has_nothing_live(self) -> None:
        play = slow(kinds={"mic": e.SourceKind.STORE})
        outage(play, 60.0)
        play.wait(20.0)
        assert not behind(play)
        skip(play)
        assert not play.gaps

    def test_a_window_that_is_shut_without_a_pace_is_no_reason(self) -> None:
        play = Play(Outright(queue=2.0), policy=PATIENT)
        play.stream()
        outage(play, 60.0)
        play.wait(12.0)
        assert not behind(play)

    @pytest.mark.parametrize("value", [0, -1, None])
    def test_how_much_is_a_limit_of_the_policy(self, value: Any) -> None:
        with pytest.raises(ValueError, match=r"^Policy.behind_after is .*: give seconds, more"):
            Policy(behind_after=value)


class TestSkip:
    def test_what_waits_is_a_gap_and_live_audio_goes_on(self) -> None:
        play = slow()
        outage(play, 40.0)
        play.drain()
        sent = play.core.snapshot().sources["mic"].sent
        skip(play)
        [gap] = play.gaps
        assert (gap.start, gap.end, gap.cause) == (sent, 40 * S, GapCause.SKIPPED)
        live(play, 2.0)
        assert play.core.snapshot().sources["mic"].sent >= 41.9 * S
        play.hear(Heard(text="live", start=0.5, end=1.5, final=True))
        assert play.finals[0].start > 40

    def test_the_result_is_not_complete_and_adds_up(self) -> None:
        play = slow(disk_seconds=600.0)
        outage(play, 40.0)
        play.drain()
        skip(play)
        live(play, 2.0)
        play.stop()
        play.wait(1.0)
        play.hear(FinalMessage(summary={}))
        play.lose(1000)
        assert not play.ended.complete
        account = play.ended.accounts["mic"]
        assert account.missing == play.gaps[0].samples
        assert account.captured == account.confirmed + account.missing
        assert [each.gap.cause for each in play.commands if isinstance(each, StoreGap)] == [
            GapCause.SKIPPED
        ]

    def test_what_was_sent_is_sent_again_after_a_loss(self) -> None:
        play = slow()
        outage(play, 2.0)
        play.wait(1.0)
        sent = play.core.snapshot().sources["mic"].sent
        skip(play)
        play.lose()
        play.redial()
        play.connect()
        play.wait(2.0)
        assert play.core.snapshot().sources["mic"].sent == sent
        assert len(play.gaps) == 1

    def test_during_an_outage_all_that_is_unconfirmed_is_given_up(self) -> None:
        play = slow()
        outage(play, 2.0)
        play.wait(1.0)
        play.hear(Heard(text="one", start=0.0, end=0.5, final=True))
        play.lose()
        skip(play)
        [gap] = play.gaps
        assert (gap.start, gap.end) == (S // 2, 2 * S)

    def test_words_that_were_put_aside_are_told(self) -> None:
        play = slow(ends=Ends.CLAIMED)
        outage(play, 5.0)
        play.wait(5.0)
        play.hear(Heard(text="one two", start=1.0, end=2.0, final=True))
        play.lose()
        skip(play)
        assert [each.text for each in play.finals] == ["one two"]
        assert [(gap.start, gap.end) for gap in play.gaps] == [(0, S), (2 * S, 5 * S)]

    def test_audio_on_disk_is_given_up_as_well(self) -> None:
        play = slow(disk_seconds=600.0)
        outage(play, 100.0)
        outage(play, 100.0)
        waited = play.session.streams.on_disk
        skip(play)
        assert (waited, play.session.streams.on_disk) == (True, False)
        assert play.gaps[-1].end == 200 * S
        play.feed(e.AudioFetched("mic", 0, b""))
        assert sum(gap.samples for gap in play.gaps) <= 200 * S

    def test_the_rest_of_a_frame_stays(self) -> None:
        play = slow(form=AudioForm(usual=0.1))
        play.feed(e.AudioCaptured("mic", pcm(S + 100)))
        skip(play)
        assert play.gaps[-1].end == S
        play.feed(e.AudioCaptured("mic", pcm(1500)))
        play.drain()
        assert play.core.snapshot().sources["mic"].sent == S + 1600

    @pytest.mark.parametrize("is_over", [False, True])
    def test_without_audio_that_waits_nothing_happens(self, is_over: bool) -> None:
        play = slow()
        if is_over:
            play.abort()
        skip(play)
        assert not play.gaps
        assert play.core.statistics.late == 0

    def test_after_the_stop_nothing_is_live(self) -> None:
        play = slow()
        outage(play, 10.0)
        play.stop()
        skip(play)
        assert not play.gaps
