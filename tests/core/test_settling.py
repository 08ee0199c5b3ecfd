"""Finals with exact ends that are held: in disorder, and where seams are careful."""

from __future__ import annotations

from typing import Any

import pytest

from openline.audio.dividing import divided, word_runs
from openline.audio.readings import Reading
from openline.audio.settling import Settling
from openline.commands import StoreConfirmed, StoreFinal
from openline.dialects.checking import DialectError, check_dialect
from openline.dialects.protocol import FinalMessage, Heard, Proof, Word
from openline.dialects.traits import End, Ends
from openline.policy import Policy
from openline.updates import SAMPLE_RATE, Transcript, TranscriptWord
from tests.core.toys import Outright, Play

S = SAMPLE_RATE
PATIENT = Policy(source_timeout=None, buffer_seconds=90.0)
CAREFUL = Policy(source_timeout=None, buffer_seconds=90.0, careful_seams=True)


def streaming(seconds: float = 20.0, policy: Policy = PATIENT, **more: Any) -> Play:
    """A line on which so much audio was sent, with a disorder of 3 s unless seams are careful."""
    traits: dict[str, Any] = {"queue": None, "horizon": 10.0, "time_error": 0.25}
    if policy is PATIENT:
        traits |= {"disorder": 3.0, "word_times": True}
    disk = more.pop("disk_seconds", 0.0)
    play = Play(Outright(**{**traits, **more}), policy=policy, disk_seconds=disk)
    play.stream()
    play.send(seconds)
    return play


def said(*words: tuple[str, float, float], text: str | None = None, **more: Any) -> Heard:
    """A final of these words, each with its times."""
    return Heard(
        text=" ".join(word for word, _, _ in words) if text is None else text,
        start=words[0][1],
        end=words[-1][2],
        final=True,
        words=tuple(Word(text=word, start=start, end=end) for word, start, end in words),
        **more,
    )


def silent(start: float, end: float) -> Heard:
    return Heard(text="", start=start, end=end, final=True)


def texts(play: Play) -> list[str]:
    return [each.text for each in play.finals]


def reading(
    *words: tuple[str, float | None, float | None], text: str = "", name: str = "1.3.17"
) -> Reading:
    start = words[0][1] or 0.0
    end = words[-1][2] or 0.0
    made = tuple(TranscriptWord(text=word, start=low, end=high) for word, low, high in words)
    final = Transcript(
        source="mic",
        text=text or " ".join(word for word, _, _ in words),
        final=False,
        settled=True,
        start=start,
        end=end,
        words=made,
        id=name,
        seam=True,
    )
    return Reading(round(start * S), round(end * S), final)


class TestDividing:
    def test_the_parts_keep_the_text_and_have_ids_of_their_own(self) -> None:
        whole = reading(
            *(("Yes", 1.0, 1.4), ("of", 1.5, 1.7), ("course", 1.7, 2.2)), text="Yes, of course."
        )
        first, rest = divided(whole, round(1.45 * S))
        assert (first.final.text, rest.final.text) == ("Yes,", "of course.")
        assert (first.final.id, rest.final.id) == ("1.3.17", "1.3.17.2")
        assert (first.start, first.end) == (S, round(1.45 * S))
        assert (rest.start, rest.end) == (round(1.45 * S), round(2.2 * S))
        assert (first.final.start, first.final.end) == (1.0, 1.4)
        assert (rest.final.start, rest.final.end) == (1.5, 2.2)
        assert [each.text for each in rest.final.words] == ["of", "course"]
        assert (first.final.seam, rest.final.seam) == (True, False)
        _, last = divided(rest, round(1.7 * S))
        assert (last.final.text, last.final.id) == ("course.", "1.3.17.3")

    @pytest.mark.parametrize("text", ["a one of a kind", "three", "two one"])
    def test_words_that_the_text_does_not_have_are_joined(self, text: str) -> None:
        whole = reading(("one", 1.0, 1.4), ("two", 1.5, 1.7), text=text)
        first, rest = divided(whole, round(1.45 * S))
        assert (first.final.text, rest.final.text) == ("one", "two")

    def test_a_part_without_words_is_none(self) -> None:
        whole = reading(("one", 1.0, 1.4), ("two", 1.5, 1.7))
        tile = whole._replace(start=0, end=3 * S)
        assert divided(tile, S // 2) == [tile._replace(start=S // 2)]
        assert divided(tile, 2 * S) == [tile._replace(end=2 * S)]

    @pytest.mark.parametrize(
        "words",
        [
            [("one", None, 1.4), ("two", 1.5, 1.7)],
            [("one", 1.0, 1.4), ("two", 1.5, None)],
            [("two", 1.5, 1.7), ("one", 1.0, 1.4)],
            [("one", 1.0, 1.6), ("two", 1.2, 1.4)],
        ],
    )
    def test_without_times_in_order_a_final_is_one_piece(self, words: list[Any]) -> None:
        whole = reading(*words)._replace(start=S, end=2 * S)
        assert word_runs(whole) == [(S, 2 * S)]
        assert divided(whole, round(1.45 * S)) == [whole]
        assert word_runs(whole._replace(final=reading(("x", 0.0, 0.0)).final)) == [(0, 0)]


class TestPlaces:
    def settling(self, disorder: float = 3.0, margin: float = 0.0) -> Settling:
        return Settling(0, S // 4, 20 * S, round(disorder * S), round(margin * S))

    def test_the_highest_place_in_no_word(self) -> None:
        marks = self.settling()
        words = [("one", 9.0, 10.0), ("two", 11.0, 12.0), ("three", 12.5, 13.5), ("four", 15, 16)]
        assert marks.prove(16 * S) == 13 * S
        assert marks.hold(reading(*words), 0) == [round(12.5 * S)]
        assert marks.hold(reading(("no", 11.5, 12.7)), 0) == [11 * S]
        assert marks.prove(round(16.5 * S)) == round(13.5 * S)

    def test_a_margin_on_both_sides(self) -> None:
        marks = self.settling(disorder=0, margin=0.5)
        assert marks.prove(10 * S) == round(9.5 * S)
        assert marks.hold(reading(("one", 8.0, 9.2)), 0) == [round(7.5 * S)]
        assert marks.prove(round(10.3 * S)) == round(9.8 * S)

    def test_without_a_place_for_long_a_margin_is_not_needed(self) -> None:
        marks = self.settling(disorder=0, margin=0.5)
        words = [(f"w{i}", float(i), i + 0.8) for i in range(1, 22)]
        assert marks.hold(reading(*words), 0) == [-S // 2]
        assert marks.prove(20 * S) == S // 2
        assert marks.passed(S // 2) == []
        assert marks.prove(round(20.5 * S)) == S // 2
        assert marks.prove(round(20.9 * S)) == round(20.9 * S)

    def test_it_lies_before_a_live_partial_and_in_no_final_of_an_earlier_dial(self) -> None:
        marks = self.settling()
        marks.note_partial(9 * S)
        assert marks.prove(20 * S) == 9 * S - S // 4
        marks.aside = [(8 * S, 9 * S)]
        assert marks.prove(20 * S) == 8 * S

    def test_a_proof_and_the_horizon_need_no_disorder(self) -> None:
        marks = self.settling()
        assert marks.at_horizon(5 * S) == 5 * S
        assert marks.at_proof(6 * S) == 6 * S
        careful = self.settling(margin=1.0)
        careful.end()
        assert careful.at_proof(6 * S) == 6 * S


class TestDisorder:
    def test_a_final_is_held_until_none_can_begin_before_its_end(self) -> None:
        play = streaming()
        play.hear(said(("one", 5.0, 6.0)))
        assert (play.marks[0], texts(play)) == (3.0, [])
        [settled] = play.settled
        assert (settled.text, settled.final) == ("one", False)
        play.hear(said(("four", 8.0, 9.0)))
        assert (play.marks[0], texts(play)) == (6.0, ["one"])
        play.hear(silent(9.0, 12.5))
        assert (play.marks[0], texts(play)) == (9.5, ["one", "four"])

    def test_a_final_that_comes_late_is_no_word_twice_nor_lost(self) -> None:
        play = streaming()
        play.hear(said(("two", 6.0, 7.0), ("three", 9.0, 9.5)))
        play.hear(said(("one", 6.5, 6.9)))
        assert play.marks[0] == 6.0
        play.lose()
        play.redial()
        play.connect()
        play.drain()
        play.hear(said(("one", 0.5, 0.9)), said(("two", 0.0, 1.0), ("three", 3.0, 3.5)))
        assert texts(play) == []
        play.hear(silent(3.5, 7.0))
        assert texts(play) == ["two three", "one"]

    def test_a_final_that_the_mark_would_lie_in_is_divided(self) -> None:
        play = streaming(disk_seconds=600.0)
        play.commands.clear()
        play.hear(said(("one", 1.0, 2.0), ("two", 3.0, 4.0), ("three", 6.5, 7.5)))
        assert (play.marks[0], texts(play)) == (4.5, ["one two"])
        assert [(each.id, each.text) for each in play.settled] == [
            ("1.1.1", "one two three"),
            ("1.1.1", "one two"),
            ("1.1.1.2", "three"),
        ]
        kept = [each for each in play.commands if isinstance(each, StoreFinal | StoreConfirmed)]
        noted = [
            each.transcript.text if isinstance(each, StoreFinal) else each.position / S
            for each in kept
        ]
        assert noted == ["one two three", "one two", "three", 4.5, "one two"]
        play.hear(silent(7.5, 11.0))
        assert [(each.id, each.text) for each in play.finals] == [
            ("1.1.1", "one two"),
            ("1.1.1.2", "three"),
        ]

    def test_silence_around_the_words_is_no_part_of_its_own(self) -> None:
        play = streaming()
        play.hear(
            Heard(text="x", start=1.0, end=7.0, final=True, words=said(("x", 3.0, 3.5)).words)
        )
        assert play.marks[0] == 4.0
        play.lose()
        assert [(each.id, each.text) for each in play.finals] == [("1.1.1", "x")]
        play = streaming()
        play.hear(
            Heard(text="x", start=1.0, end=7.0, final=True, words=said(("x", 5.0, 6.5)).words)
        )
        assert (play.marks[0], len(play.settled), texts(play)) == (4.0, 1, [])
        play.lose()
        assert texts(play) == []

    def test_a_final_message_proves_the_rest(self) -> None:
        for until in (None, 20.0):
            play = streaming()
            play.hear(said(("one", 18.0, 19.0)))
            play.stop()
            play.drain()
            play.hear(FinalMessage(summary={}, until=until))
            play.lose(1000)
            assert texts(play) == ["one"]
            assert play.ended.complete

    def test_a_proof_needs_no_disorder(self) -> None:
        play = streaming()
        play.hear(said(("one", 5.0, 6.0)), Proof(confirmed=5.5))
        assert play.marks[0] == 5.0
        play.hear(Proof(confirmed=6.0))
        assert (play.marks[0], texts(play)) == (6.0, ["one"])

    def test_beginnings_count_where_ends_are_claims(self) -> None:
        play = streaming(ends=Ends.CLAIMED)
        play.hear(said(("one", 5.0, 19.0)))
        assert play.marks[0] == 1.25  # the disorder, the error, and two for the margin
        play.hear(silent(5.0, 19.5))
        assert play.marks[0] == 1.25

    def test_where_nothing_is_proved_by_ends_it_means_nothing(self) -> None:
        play = streaming(ends=Ends.NONE)
        play.hear(said(("one", 5.0, 6.0)))
        assert texts(play) == ["one"]
        assert play.marks[0] == 0.0

    def test_memory_holds_more(self) -> None:
        traits = Outright(disorder=3.0, word_times=True).traits
        assert traits.lag == 8.0
        with pytest.raises(ValueError, match=r"^Traits.disorder is more than horizon: raise"):
            Outright(disorder=5.1)
        assert Outright(disorder=3.0, ends=Ends.CLAIMED).traits.lag == 35.0


class TestCarefulSeams:
    def test_the_mark_moves_in_pauses_alone(self) -> None:
        play = streaming(policy=CAREFUL)
        play.hear(said(("one", 1.0, 2.0), ("two", 2.9, 4.0)))
        assert (play.marks[0], texts(play)) == (0.5, [])
        play.hear(said(("three", 5.2, 6.0)))
        assert (play.marks[0], texts(play)) == (4.7, ["one two"])
        play.hear(silent(6.0, 6.9))
        assert play.marks[0] == 4.7
        play.hear(silent(6.9, 7.0))
        assert (play.marks[0], texts(play)) == (6.5, ["one two", "three"])

    def test_the_end_of_the_session_is_no_seam(self) -> None:
        play = streaming(seconds=6.0, policy=CAREFUL)
        play.hear(said(("one", 5.0, 5.9)))
        play.stop()
        play.drain()
        play.hear(FinalMessage(summary={}, until=6.0))
        play.lose(1000)
        assert play.ended.complete

    def test_claimed_ends_have_their_own_rules(self) -> None:
        play = streaming(policy=CAREFUL, ends=Ends.CLAIMED)
        assert type(play.session.streams.all[0].box.hearing.marks).__name__ == "Marks"

    def test_memory_holds_a_run_more(self) -> None:
        traits = Outright().traits
        assert Policy().lag_of(traits) == 5.0
        assert Policy(careful_seams=True).lag_of(traits) == 25.0

    @pytest.mark.parametrize("value", [1, None, "yes"])
    def test_it_is_true_or_false(self, value: Any) -> None:
        with pytest.raises(ValueError, match=r"^Policy.careful_seams is .*: give True or False"):
            Policy(careful_seams=value)


class TestContradictions:
    @pytest.mark.parametrize(
        ("traits", "why"),
        [
            ({"disorder": 3.0}, "disorder, and finals without the times of their words"),
            (
                {"disorder": 3.0, "ends": Ends.CLAIMED},
                "disorder, and finals without the times of their words",
            ),
            ({"end": End.CLOSE, "proves_silence": False}, "End.CLOSE and proves_silence=False"),
        ],
    )
    def test_they_are_refused(self, traits: dict[str, Any], why: str) -> None:
        with pytest.raises(DialectError, match="has traits that contradict themselves") as caught:
            check_dialect(Outright(**traits))
        assert why in str(caught.value)

    @pytest.mark.parametrize(
        "traits",
        [
            {"disorder": 3.0, "ends": Ends.NONE},
            {"disorder": 3.0, "word_times": True},
            {"end": End.CLOSE},
            {"end": End.NEVER, "settle": 1.0, "proves_silence": False},
        ],
    )
    def test_others_are_not(self, traits: dict[str, Any]) -> None:
        check_dialect(Outright(**traits))
