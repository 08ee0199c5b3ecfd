"""What one message may say: several items, single words with times, intervals that are lost."""

from __future__ import annotations

from itertools import pairwise

import pytest

from openline import events as e
from openline.commands import StoreConfirmed, StoreGap
from openline.dialects.protocol import (
    Expires,
    FinalMessage,
    Heard,
    Lost,
    Malformed,
    Proof,
    Refusal,
    Status,
    Word,
)
from openline.dialects.traits import Ends
from openline.machine.timers import OFF
from openline.reconnect.verdicts import Action, Rule
from openline.updates import BackendStatus, GapCause, TranscriptWord
from tests.core.toys import Outright, Play

BUSY = Rule(action=Action.LATER, why="busy", source="the toy")


def streaming(seconds: float = 1.0, *, disk_seconds: float = 0.0, **traits: object) -> Play:
    """A line on which so much audio was sent; the queue holds all of it."""
    play = Play(Outright(**{"queue": 10.0, "window": 9.0, **traits}), disk_seconds=disk_seconds)
    play.stream()
    play.send(seconds)
    return play


def final(start: float, end: float, text: str = "words") -> Heard:
    return Heard(text=text, start=start, end=end, final=True)


class TestSeveral:
    def test_each_item_is_taken_in_order(self) -> None:
        play = streaming(2.0)
        play.hear(
            Status(state="busy"),
            final(0.0, 0.5, "one"),
            final(0.5, 1.0, "two"),
            Proof(confirmed=1.5),
        )
        assert [each.state for each in play.told(BackendStatus)] == ["ready", "busy"]
        assert [words.text for words in play.finals] == ["one", "two"]
        assert play.marks == (1.5, 2.0)

    def test_what_follows_the_end_of_a_dial_is_late(self) -> None:
        play = streaming(1.0)
        play.stop()
        play.drain()
        play.hear(FinalMessage(summary={}), Proof(confirmed=1.0), Proof(confirmed=1.0))
        assert play.state == "closing"
        assert play.core.statistics.late == 2

    def test_an_unreadable_item_leaves_the_others(self) -> None:
        play = streaming(1.0)
        play.hear(Malformed(why="odd", words=False), final(0.0, 0.5))
        assert len(play.finals) == 1
        assert play.core.statistics.malformed == 1

    def test_what_follows_a_refusal_is_late(self) -> None:
        play = streaming(1.0)
        busy = Refusal(row=BUSY, text="busy")
        items = (final(0.0, 0.5), busy, final(0.5, 1.0), Proof(confirmed=1.0))
        play.hear_all(items)
        assert play.state == "reconnecting"
        assert [words.end for words in play.finals] == [0.5]
        assert play.marks[0] == 0.5
        assert play.core.statistics.late == 2

    def test_an_announced_expiry_is_no_end(self) -> None:
        play = Play()
        play.open()
        play.opened()
        play.hear(Expires(seconds=60.0))
        assert play.core.statistics.late == 0
        assert play.core.state == "awaiting_ack"

    @pytest.mark.parametrize("skew", [0.0, -86_400.0])
    def test_an_expiry_as_a_date_replaces_the_dial_before_it(self, skew: float) -> None:
        play = Play()
        play.open()
        play.opened(date=1_800_000_000.0 + skew)
        play.drain()
        play.hear(Status(state="ready", ack=True), Expires(at=1_800_000_100.0 + skew))
        assert [each.state for each in play.told(BackendStatus)] == ["ready"]
        assert play.session.life.replaced_at == pytest.approx(100 + 0.8 * 100.2)
        assert play.state == "streaming"

    @pytest.mark.parametrize(
        ("date", "expires"),
        [
            (None, Expires(at=1_800_000_010.0)),  # the answer had no date
            (1_800_000_010.0, Expires(at=1_800_000_010.0)),  # it is past
            (1_800_000_000.0, Expires()),
        ],
    )
    def test_an_expiry_that_cannot_be_told_changes_nothing(
        self, date: float | None, expires: Expires
    ) -> None:
        play = Play()
        play.open()
        play.opened(date=date)
        play.drain()
        play.hear(Status(state="ready", ack=True), expires)
        assert play.session.life.replaced_at == OFF
        assert play.state == "streaming"


class TestWords:
    def test_times_of_words_are_those_of_the_session(self) -> None:
        play = streaming(3.0)
        play.hear(Proof(confirmed=1.0))
        play.lose()
        play.redial()
        play.connect()
        play.drain()
        words = (
            Word(text="so", start=0.5, end=0.75, confidence=0.5, speaker="A"),
            Word(text="far", start=1.5),
            Word(text="and", end=99.0),
            Word(text="on"),
        )
        play.hear(Heard(text="so far", start=0.5, end=2.0, final=True, words=words, channel=0))
        [said] = play.finals
        assert said.channel == 0
        assert said.words == (
            TranscriptWord(text="so", start=1.5, end=1.75, confidence=0.5, speaker="A"),
            TranscriptWord(text="far", start=2.5),
            TranscriptWord(text="and", end=3.0),
            TranscriptWord(text="on"),
        )

    def test_a_partial_has_them_too(self) -> None:
        play = streaming(1.0)
        word = Word(text="so", start=0.0, end=0.5)
        play.hear(Heard(text="so", start=0.0, end=0.5, final=False, words=(word,)))
        [said] = [each for each in play.updates if getattr(each, "text", "") == "so"]
        assert said.words == (TranscriptWord(text="so", start=0.0, end=0.5),)  # type: ignore[union-attr]


class TestLostIntervals:
    def test_it_is_a_gap_and_the_mark_moves_over_it(self) -> None:
        play = streaming(3.0)
        play.hear(final(0.0, 1.0), Lost(source="mic", text="failed", start=1.0, end=2.0))
        [gap] = play.gaps
        assert (gap.start, gap.end, gap.cause) == (16000, 32000, GapCause.UNHEARD)
        assert play.marks == (2.0, 3.0)
        assert play.told(BackendStatus)[-1] == BackendStatus(
            state="warning", text="failed", source="mic"
        )

    def test_the_mark_waits_for_the_audio_before_it(self) -> None:
        play = streaming(4.0)
        play.hear(Lost(source=None, text="failed", start=1.0, end=2.0))
        assert play.marks == (0.0, 4.0)
        play.hear(Proof(confirmed=0.5))
        assert play.marks == (0.5, 4.0)
        play.hear(Proof(confirmed=1.0))
        assert play.marks == (2.0, 4.0)

    def test_it_is_not_sent_again(self) -> None:
        play = streaming(4.0)
        play.hear(
            Lost(source=None, text="failed", start=2.01, end=3.0),
            Lost(source=None, text="failed", start=1.0, end=1.5),
        )
        play.lose()
        play.redial()
        play.connect()
        play.sent.clear()
        play.drain()
        assert play.sent_samples == 64000 - 8000 - 15840
        # The clock of the new dial leaves out what was not sent again.
        play.hear(final(0.5, 1.5, "around it"))
        assert [(words.start, words.end) for words in play.finals] == [(0.5, 2.0)]
        assert play.marks[0] == 2.0
        play.hear(Proof(confirmed=1.51))
        assert play.marks[0] == 3.0
        play.hear(Proof(confirmed=9.0))
        assert play.marks == (4.0, 4.0)
        play.abort()
        assert sum(gap.samples for gap in play.ended.missing) == 8000 + 15840

    def test_every_sample_is_accounted_for_once_at_the_end(self) -> None:
        play = streaming(4.0)
        play.hear(Lost(source=None, text="failed", start=1.0, end=2.0))
        play.hear(Lost(source=None, text="failed", start=1.5, end=2.5))
        play.abort()
        assert [(gap.start, gap.end, gap.cause) for gap in play.ended.missing] == [
            (0, 16000, GapCause.UNCONFIRMED),
            (16000, 40000, GapCause.UNHEARD),
            (40000, 64000, GapCause.UNCONFIRMED),
        ]

    def test_bounds_may_be_open_and_backwards_ones_lose_nothing(self) -> None:
        for start, end, lost in (
            (1.0, None, [(16000, 32000)]),
            (None, 1.0, [(0, 16000)]),
            (1.5, 1.0, []),
        ):
            play = streaming(2.0)
            play.hear(Lost(source="mic", text="failed", start=start, end=end))
            assert [(gap.start, gap.end) for gap in play.gaps] == lost

    def test_what_is_confirmed_is_not_lost(self) -> None:
        play = streaming(2.0)
        play.hear(Proof(confirmed=1.5), Lost(source="mic", text="failed", start=1.0, end=2.0))
        assert [(gap.start, gap.end) for gap in play.gaps] == [(24000, 32000)]

    def test_a_store_keeps_the_gap_before_the_mark(self) -> None:
        play = streaming(2.0, disk_seconds=60.0)
        play.hear(Lost(source="mic", text="failed", end=1.0))
        kept = [each for each in play.commands if isinstance(each, StoreGap | StoreConfirmed)]
        assert kept[1:] == [StoreGap(play.gaps[0]), StoreConfirmed("mic", 16000)]

    def test_it_shows_that_the_backend_works_and_drained_the_audio(self) -> None:
        play = streaming(8.0, horizon=1.0)
        play.hear(Lost(source="mic", text="failed", start=6.0, end=7.0))
        assert play.session.streams.all[0].window.drained == 7 * 16000
        assert play.marks == (7.0, 8.0)  # the horizon lies at its beginning

    def test_a_source_that_is_ignored_later_is_lost_once(self) -> None:
        play = streaming(4.0, ends=Ends.NONE)
        play.hear(Lost(source="mic", text="failed", start=1.0, end=2.0))
        play.hear(Lost(source="mic", text="Ignoring source"))
        play.abort()
        assert sum(gap.samples for gap in play.ended.missing) == 64000

    def test_an_unknown_source_loses_nothing(self) -> None:
        play = streaming(2.0)
        play.hear(Lost(source="neither", text="failed", start=0.0, end=1.0))
        assert play.gaps == []
        assert play.state == "streaming"


@pytest.mark.parametrize("frames", [1, 3])
def test_memory_that_sheds_what_is_lost_already_loses_it_once(frames: int) -> None:
    play = streaming(2.0)
    play.hear(Lost(source="mic", text="failed", start=0.5, end=1.0))
    play.lose()
    for _ in range(60 * 50 // frames):
        play.feed(e.AudioCaptured("mic", bytes(640 * frames)))
    play.abort()
    gaps = sorted((gap.start, gap.end) for gap in play.ended.missing)
    assert all(one[1] <= two[0] for one, two in pairwise(gaps))
