"""The finals of one source that are not final yet: told or replaced, each exactly once.

Times are in seconds here. A *dial* has a time error of 0.3 s.
"""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from openline.audio.hearing import Hearing
from openline.audio.marks import Marks
from openline.audio.readings import Reading
from openline.audio.settling import Settling
from openline.dialects.traits import Ends
from openline.updates import SAMPLE_RATE, Transcript
from tests.core.driver import Drive
from tests.core.test_spooled import the_box
from tests.support_profiles import paced

ERROR, LONGEST = round(0.3 * SAMPLE_RATE), 20 * SAMPLE_RATE
#: The end of the audio that was sent, behind all of these finals.
FAR = 100 * SAMPLE_RATE


def samples(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE)


def words(start: float, end: float, name: str, *, seam: bool = False) -> Transcript:
    return Transcript(
        source="mic", text=name, final=False, start=start, end=end, settled=True, seam=seam, id=name
    )


def reading(start: float, end: float, name: str, *, seam: bool = False) -> Reading:
    return Reading(samples(start), samples(end), words(start, end, name, seam=seam))


def marks(begin: float = 0.0) -> Marks:
    return Marks(samples(begin), ERROR, LONGEST)


def names(readings: list[Reading]) -> list[str]:
    return [each.final.id for each in readings]


def hearing(*held: tuple[float, float, str]) -> Hearing:
    """Of a dial that holds these finals."""
    made = Hearing(marks())
    for each in held:
        made.marks.hold(reading(*each), FAR)
    return made


def lose(this: Hearing, mark: float = 0.0, *, exact: bool = False) -> None:
    """The dial is lost, and another one begins."""
    this.end_dial(samples(mark))
    this.begin_dial(marks(mark), Ends.EXACT if exact else Ends.CLAIMED)


class TestDials:
    def test_what_was_told_stays_until_it_is_taken(self) -> None:
        this = hearing((1, 2, "b"), (4, 5, "c"))
        this.tell(reading(0, 1, "a"))
        lose(this, 2.0)
        assert names(this.take_told()) == ["a", "b"]

    def test_a_dial_whose_finals_settle_knows_the_runs_that_were_put_aside(self) -> None:
        this = hearing((1, 2, "a"))
        this.end_dial(0)
        settling = Settling(0, ERROR, LONGEST, 0, 0)
        this.begin_dial(settling, Ends.EXACT)
        assert settling.aside == [(samples(1), samples(2))]

    def test_the_chunks_that_one_dial_showed_are_known_on_the_next(self) -> None:
        this = hearing()
        for at in range(3):
            this.marks.chunks.note_final(samples(at), samples(at), samples(at + 1))
        lose(this)
        chunks = this.marks.chunks
        assert chunks.show_edges
        assert chunks.note_final(0, samples(1), samples(3)), "the first one of this dial"

    @pytest.mark.parametrize("ends", [Ends.EXACT, Ends.NONE])
    def test_only_words_that_no_end_can_prove_are_open_when_they_are_final(
        self, ends: Ends
    ) -> None:
        this = Hearing(marks())
        this.ends = ends
        this.note_final(reading(1, 1, "nowhere"))
        this.note_final(reading(1, 2, "a"))
        assert this.words == ([(samples(1), samples(2))] if ends is Ends.NONE else [])
        assert names(this.take_unproved()) == (["a"] if ends is Ends.NONE else [])

    def test_what_was_put_aside_lies_in_the_audio_that_it_shares(self) -> None:
        this = hearing((1, 2, "a"))
        lose(this)
        assert this.aside_in(0, samples(1)) == this.aside_in(samples(2), samples(3)) == []
        shared = this.aside_in(0, samples(1) + 1)
        assert shared == [("a", samples(1), samples(1) + 1)]

    def test_a_claim_that_is_never_proved_counts_as_far_as_the_figures_show_work(self) -> None:
        drive = Drive(ends="claimed").stream()
        drive.speak(4.0)
        drive.figures(backlog=1.0)
        drive.final(0.5, 3.9)
        [held] = the_box(drive).hearing.marks.held
        assert held.told_until == samples(3)


class TestPlaces:
    """Where the mark may move to; 0: nowhere."""

    def test_a_lone_final_gives_no_place(self) -> None:
        this = Hearing(marks(10))
        assert this.hold(reading(10, 11, "a"), FAR) == 0
        assert this.leave_dial() == 0

    def test_a_dial_whose_ends_are_exact_gives_none_as_it_is_left(self) -> None:
        this = hearing((1, 2, "a"), (2.2, 3, "b"))
        assert this.leave_dial() == samples(2.1)
        this.ends = Ends.EXACT
        assert this.leave_dial() == 0

    def test_no_place_lies_in_a_final_that_was_put_aside(self) -> None:
        this = hearing((1, 12, "a"))
        lose(this)
        assert this.hold(reading(5, 6, "b"), FAR) == 0
        assert this.hold(reading(9, 10, "c"), FAR) == 0
        assert this.hold(reading(15, 16, "d"), FAR) == samples(14.4)


class TestPassing:
    def test_a_final_is_told_once_the_mark_has_passed_it(self) -> None:
        this = hearing((1, 2, "a"), (4, 5, "b"))
        assert names(this.pass_mark(samples(3))) == ["a"]
        assert names(this.pass_mark(samples(3))) == []
        assert names(this.pass_mark(samples(9))) == ["b"]

    def test_what_was_put_aside_is_told_in_order_of_time(self) -> None:
        this = hearing((1, 2, "a"), (7, 8, "c"))
        lose(this)
        this.marks.hold(reading(4, 5, "b"), FAR)
        assert names(this.pass_mark(samples(9))) == ["a", "b", "c"]
        assert this.take_dropped() == []


class TestAside:
    def test_a_final_that_the_new_dial_does_not_repeat_is_told_after_all(self) -> None:
        this = hearing((10, 14, "one two three four"))
        lose(this)
        this.marks.hold(reading(20, 21, "later"), FAR)
        assert names(this.pass_mark(samples(15))) == ["one two three four"]

    def test_what_the_new_dial_has_of_a_final_that_is_told_after_all_is_dropped(self) -> None:
        """It was sent the first word again, and no more."""
        this = hearing((10, 14, "one two three four"))
        lose(this)
        this.marks.hold(reading(10, 11, "one"), FAR)
        this.marks.hold(reading(20, 21, "later"), FAR)
        assert names(this.pass_mark(samples(15))) == ["one two three four"]
        assert names(this.take_dropped()) == ["one"]

    def test_another_word_in_its_place_stays(self) -> None:
        this = hearing((10, 14, "one two three four"))
        lose(this)
        this.marks.hold(reading(10, 11, "five"), FAR)
        assert sorted(names(this.pass_mark(samples(15)))) == ["five", "one two three four"]

    def test_the_same_word_behind_what_the_backend_had_is_another_one(self) -> None:
        """The older end is clamped to what was sent: the word may be said again before it."""
        this = hearing()
        old = Reading(samples(10), samples(19), words(10, 19, "yes no no"), sent=samples(19))
        this.marks.hold(reading(0, 1, "zero"), FAR)
        this.marks.hold(old, samples(19))
        lose(this, 1)
        this.marks.hold(reading(16, 17, "yes"), FAR)
        assert names(this.pass_mark(samples(20))) == ["yes no no", "yes"]

    def test_finals_of_the_new_dial_replace_what_they_cover_by_half(self) -> None:
        this = hearing((10, 14, "one two three four"))
        lose(this)
        this.marks.hold(reading(10, 12, "one two"), FAR)
        assert this.take_dropped() == []
        assert names(this.pass_mark(samples(14))) == ["one two"]
        assert names(this.take_dropped()) == ["one two three four"]
        assert this.take_dropped() == []

    def test_the_first_new_final_does_not_remove_the_rest(self) -> None:
        """The session ends before the new dial has said it all again."""
        this = hearing((10, 14, "one two three four"))
        lose(this)
        this.marks.hold(reading(10, 12, "one two"), FAR)
        assert names(this.finish()) == ["one two three four"]
        assert names(this.take_dropped()) == ["one two"]

    def test_a_new_dial_that_is_lost_too_replaces_only_what_it_outreaches(self) -> None:
        this = hearing((10, 14, "one two three four"))
        lose(this)
        this.marks.hold(reading(10, 12, "one two"), FAR)
        lose(this)
        this.marks.hold(reading(10, 15, "one two three four five"), FAR)
        lose(this)
        assert names(this.take_dropped()) == ["one two", "one two three four"]
        assert names(this.finish()) == ["one two three four five"]

    def test_finals_that_were_passed_replace_it_too(self) -> None:
        this = hearing((10, 14, "one two three four"))
        lose(this)
        this.marks.hold(reading(10, 13, "one two three"), FAR)
        assert names(this.pass_mark(samples(13))) == ["one two three"]
        lose(this, 13)
        assert names(this.take_dropped()) == ["one two three four"]
        assert this.finish() == []

    def test_finals_of_an_exact_dial_replace_it(self) -> None:
        this = hearing((10, 14, "one two three four"))
        lose(this, exact=True)
        this.note_final(reading(10, 13, "one two three"))
        assert this.pass_mark(samples(14)) == []
        assert names(this.take_dropped()) == ["one two three four"]

    def test_a_final_that_begins_before_the_mark_is_told_at_the_loss(self) -> None:
        """Its beginning is not sent again, so no other dial can say all of it."""
        this = hearing((1, 2, "a"), (4, 9, "b"), (0.5, 8, "late"))
        mark = samples(3)
        assert names(this.pass_mark(mark)) == ["a"]
        this.marks.hold(reading(2, 10, "later"), FAR)
        lose(this, 3)
        told = this.take_told()
        assert names(told) == ["late", "later"]
        assert {(each.start, each.end) for each in told} == {(mark, mark)}, (
            "none of its audio is left out"
        )
        assert this.take_told() == []
        assert names(this.finish()) == ["b"]


class TestBehindACut:
    """The mark lay between two words, and the new dial hears the rest of the first one again."""

    def test_a_final_that_ends_where_another_begins_does_not_replace_it(self) -> None:
        """It claims to end before the audio that its dial was sent: so it is final at once."""
        this = hearing((10, 10.5, "yes"))
        lose(this, 10)
        this.marks.hold(reading(10, 10, "four", seam=True), FAR)
        assert names(this.pass_mark(samples(10))) == ["four"]
        assert this.is_open
        lose(this, 10)
        assert this.take_dropped() == []
        assert names(this.finish()) == ["yes"]

    @pytest.mark.parametrize("end", [10.04, 14])
    def test_a_lone_word_does_not_replace_what_the_lost_dial_had(self, end: float) -> None:
        """It may be the word before the cut, which is final: then two words would go wrong."""
        this = hearing((10, 10.5, "yes"))
        lose(this, 10)
        this.marks.hold(reading(10, end, "four", seam=True), FAR)
        lose(this, 10)
        assert names(this.finish()) == ["yes"]
        assert names(this.take_dropped()) == ["four"]

    def test_a_lone_word_that_begins_later_is_not_the_one_before_the_cut(self) -> None:
        """The cut lay in "yes", so the new dial did not hear that: one word goes wrong, not two."""
        this = hearing((10, 12, "yes"))
        lose(this, 10)
        later = reading(10.4, 14, "four", seam=True)
        this.marks.hold(later._replace(start=samples(10)), FAR)
        lose(this, 10)
        assert names(this.finish()) == ["four"]

    def test_more_than_one_word_replaces_a_lone_one(self) -> None:
        this = Hearing(marks(10))
        this.marks.hold(reading(10, 14, "important", seam=True), FAR)
        lose(this, 10)
        this.marks.hold(reading(10, 11, "yes sir", seam=True), FAR)
        lose(this, 10)
        assert names(this.finish()) == ["yes sir"]
        assert names(this.take_dropped()) == ["important"]

    @pytest.mark.parametrize("again", ["yes", "yes sir"])
    def test_the_same_word_again_replaces_it(self, again: str) -> None:
        this = hearing((10, 10.5, "Yes"))
        lose(this, 10)
        this.marks.hold(reading(10, 10.5, again, seam=True), FAR)
        lose(this, 10)
        assert names(this.finish()) == [again]

    def test_of_two_lone_words_the_longer_one_counts(self) -> None:
        this = Hearing(marks(10))
        this.marks.hold(reading(10, 10.5, "yes", seam=True), FAR)
        lose(this, 10)
        this.marks.hold(reading(10, 10.5, "yeah", seam=True), FAR)
        lose(this, 10)
        assert names(this.finish()) == ["yeah"]

    def test_a_text_without_blanks_may_be_more_than_one_word(self) -> None:
        this = hearing((10, 11, "今天"))
        lose(this, 10)
        this.marks.hold(reading(10, 12, "今天天气很好", seam=True), FAR)
        lose(this, 10)
        assert names(this.finish()) == ["今天天气很好"]


class TestLeaving:
    def test_what_begins_in_the_run_that_leaves_memory_is_final(self) -> None:
        this = hearing((1, 2, "a"), (4, 5, "b"), (7, 8, "c"))
        assert this.leave(0, samples(9), 0) == [], "nothing is aside"
        lose(this)
        assert names(this.leave(samples(1), samples(7), samples(1))) == ["a", "b"]
        assert names(this.leave(samples(1), samples(7), samples(1))) == []
        assert names(this.finish()) == ["c"]


class TestRestore:
    def test_the_readings_of_earlier_dials_compete_as_they_did(self) -> None:
        this = Hearing(marks())
        this.restore(
            [words(10, 14, "1.1.1"), words(10, 12, "1.2.1"), words(20, 21, "1.1.2")], 0, ERROR
        )
        assert this.seam
        assert names(this.finish()) == ["1.1.1", "1.1.2"]
        assert names(this.take_dropped()) == ["1.2.1"]

    def test_what_begins_before_the_mark_is_told(self) -> None:
        this = Hearing(marks())
        this.restore([words(1, 5, "1.1.1"), words(6, 7, "1.1.2")], samples(3), ERROR)
        assert names(this.take_told()) == ["1.1.1"]
        assert names(this.finish()) == ["1.1.2"]


# Any order of events.


class HearingOfAnySession(RuleBasedStateMachine):
    """Dials come and go; each held final is told or replaced, exactly once."""

    @initialize()
    def start(self) -> None:
        self.hearing = Hearing(marks())
        self.mark = 0
        self.made: list[str] = []
        self.told: list[str] = []
        self.replaced: list[str] = []

    @rule(start=st.integers(0, 40), length=st.integers(0, 15))
    def hold(self, start: int, length: int) -> None:
        name = f"1.1.{len(self.made)}"
        self.made.append(name)
        self.move_if_allowed(self.hearing.hold(reading(start, start + length, name), FAR))

    @rule(start=st.integers(0, 40))
    def partial(self, start: int) -> None:
        self.hearing.marks.note_partial(samples(start))

    @rule(position=st.integers(0, 45))
    def horizon(self, position: int) -> None:
        self.move(self.hearing.marks.at_horizon(samples(position)))

    @rule(start=st.integers(0, 40), length=st.integers(0, 15))
    def exact(self, start: int, length: int) -> None:
        self.hearing.note_final(reading(start, start + length, "exact"))
        self.move(samples(start + length))

    def move_if_allowed(self, position: int) -> None:
        assert self.hearing.allows(position), "the mark lies in a final that was put aside"
        self.move(position)

    def move(self, position: int) -> None:
        self.mark = max(self.mark, position)
        self.told += names(self.hearing.pass_mark(self.mark))

    @rule(exact=st.booleans(), left=st.booleans())
    def lose(self, exact: bool, left: bool) -> None:
        if left:
            self.move_if_allowed(self.hearing.leave_dial())
        lose(self.hearing, self.mark / SAMPLE_RATE, exact=exact)

    @rule(start=st.integers(0, 45), length=st.integers(0, 10))
    def leave(self, start: int, length: int) -> None:
        begin, end = samples(start), samples(start + length)
        self.told += names(self.hearing.leave(begin, end, begin))

    @precondition(lambda self: len(self.made) > 3)
    @rule()
    def finish(self) -> None:
        self.told += names(self.hearing.finish())
        self.collect()
        assert sorted(self.told + self.replaced) == sorted(self.made)

    @invariant()
    def collect(self) -> None:
        self.told += names(self.hearing.take_told())
        self.replaced += names(self.hearing.take_dropped())
        both = self.told + self.replaced
        assert len(set(both)) == len(both), "told or replaced twice"
        assert set(both) <= set(self.made)

    def teardown(self) -> None:
        if hasattr(self, "hearing"):
            self.finish()


TestHearingOfAnySession: Any = HearingOfAnySession.TestCase
TestHearingOfAnySession.settings = paced(150, 30)
