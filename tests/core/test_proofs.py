"""What a backend proves: proofs, final messages, and finals that prove nothing."""

from __future__ import annotations

import pytest

from openline.account import Account
from openline.commands import StoreTold
from openline.dialects.protocol import FinalMessage, Heard, Metrics, Proof
from openline.dialects.traits import End, Ends
from openline.updates import GapCause, PartialRetracted
from tests.core.toys import Outright, Play


def streaming(seconds: float = 1.0, *, disk_seconds: float = 0.0, **traits: object) -> Play:
    """A line on which so much audio was sent; the queue holds all of it."""
    play = Play(Outright(**{"queue": 10.0, "window": 9.0, **traits}), disk_seconds=disk_seconds)
    play.stream()
    play.send(seconds)
    return play


def final(start: float, end: float, text: str = "words", **more: object) -> Heard:
    return Heard(text=text, start=start, end=end, final=True, **more)  # type: ignore[arg-type]


def stopped(play: Play) -> Play:
    """It is stopped, and the stop went out."""
    play.stop()
    play.drain()
    assert play.state == "finishing"
    return play


class TestProof:
    def test_a_confirmation_moves_the_mark_at_once(self) -> None:
        play = streaming(3.0)
        play.hear(Proof(confirmed=1.25))
        assert play.marks == (1.25, 3.0)

    def test_it_counts_from_the_beginning_of_the_dial(self) -> None:
        play = streaming(3.0)
        play.hear(Proof(confirmed=1.0))
        play.lose()
        play.redial()
        play.connect()
        play.drain()
        play.hear(Proof(confirmed=0.5))
        assert play.marks == (1.5, 3.0)

    def test_it_reaches_no_farther_than_what_was_sent(self) -> None:
        play = streaming(1.0)
        play.hear(Proof(confirmed=100.0, drained=100.0, received=100.0))
        window = play.session.streams.all[0].window
        assert (window.received, window.drained) == (16000, 16000)
        assert play.marks == (1.0, 1.0)

    def test_it_never_moves_back(self) -> None:
        play = streaming(1.0)
        play.hear(Proof(confirmed=0.8))
        play.hear(Proof(confirmed=0.4))
        assert play.marks == (0.8, 1.0)

    def test_what_is_received_opens_the_window_for_live_audio_alone(self) -> None:
        play = streaming(0.0, queue=2.0, window=1.0, live_ahead=1.0)
        play.speak(0.5)
        play.hear(Proof(received=0.5))
        window = play.session.streams.all[0].window
        assert (window.received, window.drained) == (8000, 0)

    def test_what_is_drained_opens_the_window_and_moves_the_horizon(self) -> None:
        play = streaming(6.0, queue=60.0, window=4.0)
        assert play.marks == (0.0, 4.0)
        play.hear(Proof(drained=2.0))
        play.drain()
        assert play.marks == (0.0, 6.0)
        play.hear(Proof(drained=5.5))
        assert play.marks == (0.5, 6.0)

    def test_it_is_of_the_source_that_it_names(self) -> None:
        play = Play(sources=("mic", "other")).stream()
        assert isinstance(play, Play)
        play.send(0.5)
        play.send(0.5, "other")
        play.hear(Proof(source="other", confirmed=0.5), Proof(source="neither", confirmed=0.5))
        sources = play.core.snapshot().sources
        assert (sources["mic"].confirmed, sources["other"].confirmed) == (0, 8000)
        play.hear(Proof(confirmed=0.25))
        assert play.core.snapshot().sources["mic"].confirmed == 4000

    def test_a_horizon_of_nothing_proves_nothing_where_there_is_no_news(self) -> None:
        play = streaming(1.0)
        play.hear(Proof())
        assert play.marks == (0.0, 1.0)

    def test_progress_shows_that_the_backend_is_not_deaf(self) -> None:
        for proof, proves_silence, is_alive in (
            (Proof(confirmed=0.5), True, True),
            (Proof(drained=0.5), True, True),
            (Proof(received=0.5), True, False),
            (Proof(received=0.5), False, True),
            (Proof(), True, False),
        ):
            play = streaming(1.0, proves_silence=proves_silence)
            stopped(play)
            play.wait(3.0)
            before = play.session.flushing_since
            play.hear(proof)
            assert (play.session.flushing_since > before) == is_alive, proof

    def test_a_held_final_that_a_proof_passes_is_final(self) -> None:
        play = streaming(6.0, ends=Ends.CLAIMED)
        play.hear(final(1.0, 2.0), Proof(confirmed=3.0))
        assert [words.text for words in play.finals] == ["words"]
        assert play.marks == (3.0, 6.0)

    def test_the_mark_lies_inside_no_held_final(self) -> None:
        play = streaming(6.0, ends=Ends.CLAIMED, time_error=0.25)
        play.hear(final(2.0, 4.0), Proof(confirmed=3.0))
        assert play.marks == (1.5, 6.0)
        assert not play.finals
        play.hear(Proof(confirmed=4.0))
        assert play.marks == (4.0, 6.0)
        assert len(play.finals) == 1


class TestFinalMessage:
    def test_it_proves_all_that_was_sent(self) -> None:
        play = stopped(streaming(1.0))
        play.hear(FinalMessage(summary={"a": 1}))
        play.lose(1000)
        assert play.ended.complete
        assert play.ended.summary == {"a": 1}

    def test_it_may_prove_a_part(self) -> None:
        play = stopped(streaming(1.0))
        play.hear(FinalMessage(summary={}, until=0.75))
        play.lose(1000)
        [gap] = play.ended.missing
        assert (gap.start, gap.end, gap.cause) == (12000, 16000, GapCause.UNCONFIRMED)

    def test_it_proves_no_source_of_which_nothing_came(self) -> None:
        play = Play(Outright(queue=10.0, window=9.0), sources=("mic", "other"))
        play.stream()
        play.send(1.0)
        play.send(1.0, "other")
        play.hear(Proof(source="other", confirmed=0.5))
        stopped(play)
        play.hear(FinalMessage(summary={}))
        sources = play.core.snapshot().sources
        assert (sources["mic"].confirmed, sources["other"].confirmed) == (0, 16000)

    def test_it_may_prove_nothing(self) -> None:
        play = stopped(streaming(1.0))
        play.hear(FinalMessage(summary={}, proves=False))
        play.lose(1000)
        assert [gap.samples for gap in play.ended.missing] == [16000]

    def test_it_proves_no_part_of_a_held_final(self) -> None:
        play = streaming(6.0, ends=Ends.CLAIMED, time_error=0.25)
        play.hear(final(2.0, 4.0))
        stopped(play)
        play.hear(FinalMessage(summary={}, until=3.0))
        assert play.marks == (1.5, 6.0)

    def test_a_close_ends_a_session_whose_audio_is_all_proved(self) -> None:
        play = stopped(streaming(1.0, end=End.CLOSE))
        play.hear(Proof(confirmed=1.0))
        play.lose(1000)
        assert play.state == "closed"
        assert play.ended.complete

    def test_a_close_before_that_is_a_loss(self) -> None:
        play = stopped(streaming(1.0, end=End.CLOSE))
        play.hear(Proof(confirmed=0.9))
        play.lose(1000)
        assert play.state == "reconnecting"


class TestFinalsThatProveNothing:
    def test_they_are_final_at_once_and_move_no_mark(self) -> None:
        play = streaming(6.0, ends=Ends.NONE)
        play.hear(final(3.0, 4.0, "later"))
        play.hear(final(1.0, 2.0, "earlier"))
        assert [(words.text, words.settled) for words in play.finals] == [
            ("later", False),
            ("earlier", False),
        ]
        assert play.marks == (0.0, 6.0)
        assert [words.text for words in play.core.transcript] == ["earlier", "later"]

    def test_proofs_alone_move_the_mark(self) -> None:
        play = streaming(8.0, ends=Ends.NONE, horizon=1.0)
        play.hear(final(0.0, 7.0))
        play.hear(Metrics(source="mic", backlog=0.0), Proof(drained=8.0))
        assert play.marks == (0.0, 8.0)
        play.hear(Proof(confirmed=5.0))
        assert play.marks == (5.0, 8.0)

    def test_a_final_without_words_proves_nothing_and_retracts_the_partial(self) -> None:
        play = streaming(2.0, ends=Ends.NONE)
        play.hear(Heard(text="hm", start=0.5, end=1.0, final=False))
        play.hear(final(0.5, 1.0, ""))
        assert play.told(PartialRetracted) == [PartialRetracted(source="mic", settled=False)]
        assert play.marks == (0.0, 2.0)

    def test_a_loss_sends_their_audio_again(self) -> None:
        play = streaming(2.0, ends=Ends.NONE)
        play.hear(final(0.0, 1.0))
        play.lose()
        play.redial()
        play.connect()
        play.drain()
        assert play.frames(2) == 100

    def test_what_is_not_proved_at_the_end_counts_as_told(self) -> None:
        play = streaming(6.0, ends=Ends.NONE, disk_seconds=60.0)
        play.hear(final(1.0, 2.0), final(4.0, 9.0), Proof(confirmed=1.5))
        stopped(play)
        play.hear(FinalMessage(summary={}, proves=False))
        play.lose(1000)
        assert play.ended.accounts["mic"] == Account(
            captured=96000, confirmed=24000, told=40000, missing=32000
        )
        assert [(gap.start, gap.end) for gap in play.ended.missing] == [(32000, 64000)]
        assert [each for each in play.commands if isinstance(each, StoreTold)] == [
            StoreTold("mic", 24000, 32000),
            StoreTold("mic", 64000, 96000),
        ]
        assert len(play.finals) == 2

    @pytest.mark.parametrize("start", [None, 1.0])
    def test_a_final_without_an_end_tells_no_audio(self, start: float | None) -> None:
        play = streaming(6.0, ends=Ends.NONE, disk_seconds=60.0)
        play.hear(Heard(text="so", start=start, end=None, final=True))
        stopped(play)
        play.hear(FinalMessage(summary={}, proves=False))
        play.lose(1000)
        assert play.ended.accounts["mic"].told == 0
        assert [(gap.start, gap.end) for gap in play.ended.missing] == [(0, 96000)]
        assert not [each for each in play.commands if isinstance(each, StoreTold)]
        assert [words.end for words in play.finals] == [6.0]

    def test_where_ends_are_exact_one_without_an_end_drains_nothing(self) -> None:
        play = streaming(6.0)
        window = play.session.streams.all[0].window
        play.hear(Heard(text="so", start=1.0, end=None, final=True))
        assert window.drained == 0
        play.hear(final(1.0, 2.0))
        assert window.drained == 32000

    def test_without_a_disk_nothing_is_noted(self) -> None:
        play = streaming(2.0, ends=Ends.NONE)
        play.hear(final(0.0, 1.0))
        play.abort()
        assert play.ended.accounts["mic"].told == 16000
        assert not [each for each in play.commands if isinstance(each, StoreTold)]

    def test_what_was_proved_later_does_not(self) -> None:
        play = streaming(2.0, ends=Ends.NONE)
        play.hear(final(0.0, 1.0))
        play.lose()
        play.redial()
        play.connect()
        play.drain()
        play.hear(Proof(confirmed=2.0))
        stopped(play)
        play.hear(FinalMessage(summary={}))
        play.lose(1000)
        assert play.ended.accounts["mic"].told == 0

    def test_a_partial_without_times_spans_what_is_confirmed_to_what_is_drained(self) -> None:
        play = streaming(4.0, ends=Ends.NONE)
        play.hear(final(2.0, 3.0), Proof(confirmed=1.0), Proof(drained=2.5))
        play.hear(Heard(text="so", start=None, end=None, final=False))
        partial = [words for words in play.updates if getattr(words, "text", "") == "so"]
        assert [(words.start, words.end) for words in partial] == [(1.0, 2.5)]  # type: ignore[union-attr]

    def test_a_partial_without_an_end_alone_goes_to_the_live_edge(self) -> None:
        play = streaming(4.0, ends=Ends.NONE)
        play.hear(Proof(confirmed=1.0), Proof(drained=2.5))
        play.hear(Heard(text="so", start=1.5, end=None, final=False))
        partial = [words for words in play.updates if getattr(words, "text", "") == "so"]
        assert [(words.start, words.end) for words in partial] == [(1.5, 4.0)]  # type: ignore[union-attr]
