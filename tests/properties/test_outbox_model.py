"""Nothing is lost silently: the outbox against a naive model that remembers every sample.

Each sample's value follows from its session position, so audio that comes out can be
compared with the audio that went in. The model marks the fate of every position; at the
end no position may be without a mark, and none may have two. Finals of the dial are held; each
is told or replaced exactly once, and none is cut by a dial that begins inside it.
"""

from __future__ import annotations

import itertools
import operator
from typing import Any

import hypothesis.strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from openline.audio.backlog import FRAME_SAMPLES
from openline.audio.marks import Marks
from openline.audio.outbox import Outbox
from openline.audio.readings import Reading
from openline.dialects.traits import Ends
from openline.updates import SAMPLE_RATE, Gap, GapCause, Transcript
from tests.support_profiles import paced

#: Long enough that no two frames of one run are alike.
PATTERN = b"".join((i * 40503 % 65521).to_bytes(2, "little") for i in range(65521))

CAPTURED, HOLE, CONFIRMED, LOST, TOLD = b"abcde"

#: The audio really held, independent of the outbox's own counts.
INSIDE: operator.attrgetter[Any] = operator.attrgetter(
    "_backlog.frames", "_unconfirmed.frames", "_tail", "_unconfirmed._at_risk"
)

#: Any size, with those on and beside the edges of frames more often.
SIZES = st.one_of(
    st.integers(0, 1300),
    st.sampled_from([1, 319, 320, 321, 640, 960]),
)


#: Samples by which the times of words are off.
ERROR = 100


def audio(start: int, end: int) -> bytes:
    """The audio of the session positions [start, end)."""
    return PATTERN[2 * start : 2 * end]


class OutboxAgainstModel(RuleBasedStateMachine):
    """Arbitrary lives of one source: captured, sent, confirmed, cut, and sent again."""

    box: Outbox
    limit: int
    fate: bytearray  # one mark for each position of session time, from 0
    pulled: list[tuple[int, int, int]]  # of this dial: connection sample, session interval
    reported: list[Gap]  # the gaps handed out
    held: list[str]  # the ids of the finals that were held, in order
    told: list[str]  # of those that are final
    replaced: list[str]

    @initialize(limit=st.integers(320, 4000), origin=st.integers(0, 900))
    def start(self, limit: int, origin: int) -> None:
        self.box = Outbox("mic", limit, origin)
        self.limit = limit
        self.fate = bytearray(origin)
        self.pulled = []
        self.reported = []
        self.held, self.told, self.replaced = [], [], []
        self.begin_dial()

    def begin_dial(self) -> None:
        marks = Marks(self.box.confirmed, ERROR, 2000)
        self.box.hearing.begin_dial(marks, Ends.CLAIMED)

    # Actions.

    def may_capture(self) -> bool:
        return not self.box.closed and self.box.captured < 60_000

    @precondition(may_capture)
    @rule(size=SIZES)
    def add(self, size: int) -> None:
        box, lost = self.box, self.lost_by_limit()
        start = box.captured
        box.add(audio(start, start + size))
        assert box.captured == start + size
        self.fate.extend(bytes([CAPTURED]) * size)
        self.hear_told()
        if self.lost_by_limit() > lost:
            assert box.buffered > self.limit - FRAME_SAMPLES, "audio dropped with room left"

    @precondition(may_capture)
    @rule(samples=st.integers(0, 700))
    def hole(self, samples: int) -> None:
        start = self.box.captured
        self.box.hole(samples)
        assert self.box.captured == start + samples
        self.fate.extend(bytes([HOLE]) * samples)

    @rule()
    def close(self) -> None:
        self.box.close()

    @rule(frames=st.integers(1, 12))
    def pull(self, frames: int) -> None:
        for _ in range(frames):
            if self.box.next_samples:
                self.pull_one()

    def pull_one(self) -> None:
        box = self.box
        expected, begun, sent = box.next_samples, box.dial_sent, box.sent
        pcm = box.pull()
        start, end = box.sent - len(pcm) // 2, box.sent
        assert len(pcm) // 2 == expected <= FRAME_SAMPLES
        assert box.dial_sent == begun + expected
        assert pcm == audio(start, end)
        assert box.interval(begun, box.dial_sent) == (start, end)
        # On a new dial ``sent`` is ``confirmed``: only gaps and what is told are stepped over.
        assert start >= sent
        if start > sent:
            assert self.missing_positions() | self.told_positions() >= set(range(sent, start))
        self.pulled.append((begun, start, end))

    @rule(share=st.integers(0, 64))
    def confirm(self, share: int) -> None:
        box = self.box
        position = box.origin + (box.sent - box.origin) * share // 64
        self.move(box.hearing.marks.at_horizon(position))

    def move(self, position: int) -> None:
        """Move the mark, as the machine does."""
        box = self.box
        before = box.confirmed
        position = min(position, box.sent)
        if position > before and not box.hearing.allows(position):
            position = before
        news = position > before
        passed = box.hearing.pass_mark(max(position, before))
        self.told += [each.final.id for each in passed]
        assert box.confirm(position) is news
        if news:
            assert box.confirmed == position
        for _, start, end in self.pulled:
            self.mark(max(start, before), min(end, position), CONFIRMED)

    @precondition(lambda self: self.pulled)
    @rule(begin=st.integers(0, 64), length=st.integers(0, 3000))
    def hold(self, begin: int, length: int) -> None:
        """The backend says a final, whose times are clamped to what was sent."""
        first, last = self.pulled[0][1], self.box.sent
        start = first + (last - first) * begin // 64
        name = str(len(self.held))
        self.held.append(name)
        final = Transcript(
            source="mic", text="words", final=False, start=start / SAMPLE_RATE, end=0.0, id=name
        )
        said = Reading(start, min(start + length, last), final)
        self.move(self.box.hearing.hold(said, self.box.sent))

    @rule()
    def hear_told(self) -> None:
        """Take what was told though its audio is not confirmed."""
        for each in self.box.hearing.take_told():
            self.told.append(each.final.id)
            assert self.box.origin <= each.start <= each.end <= self.box.captured
        self.replaced += [each.final.id for each in self.box.hearing.take_dropped()]

    @precondition(lambda self: not self.box.closed and not self.box.ignored)
    @rule(really=st.integers(0, 3))
    def ignore(self, really: int) -> None:
        if really:
            return
        self.box.ignore()
        assert self.box.ignored
        assert self.box.confirmed == self.box.sent == self.box.captured
        assert not self.box.undelivered
        self.box.ignore()
        self.hear_told()

    @rule()
    def end_dial(self) -> None:
        before = self.missing_positions()
        self.box.end_dial()
        assert self.missing_positions() >= before
        assert not self.box.ignored
        self.hear_told()
        # Replay begins at or before each final that was put aside, but for the error of times.
        aside = self.box.hearing._aside  # pyright: ignore[reportPrivateUsage]
        assert all(each.start >= self.box.confirmed - ERROR for each in aside)
        self.begin_dial()
        assert self.box.sent == self.box.confirmed
        assert self.box.dial_sent == 0
        self.pulled.clear()

    @rule()
    def take_gaps(self) -> None:
        news = self.box.losses.has_news
        gaps = self.box.losses.take()
        assert bool(gaps) is news
        assert self.box.losses.take() == []
        self.reported += gaps

    @rule(start=st.integers(-500, 9000), length=st.integers(0, 3000))
    def look_up(self, start: int, length: int) -> None:
        """Session time is looked up: the naive way is to list every sample sent."""
        sent = [at for _, first, last in self.pulled for at in range(first, last)]
        first, last = self.box.interval(start, start + length)
        if not sent:
            assert (first, last) == (self.box.confirmed, self.box.confirmed)
            return
        captured = sent[max(start, 0) : max(start + length, 0)]
        if captured:
            assert (first, last) == (captured[0], captured[-1] + 1)
        else:
            assert first == last
            assert sent[0] <= first <= sent[-1] + 1

    # Invariants.

    @invariant()
    def watermarks_are_in_order(self) -> None:
        box = self.box
        assert box.origin <= box.confirmed <= box.sent <= box.captured

    @invariant()
    def memory_is_bounded_and_counted(self) -> None:
        box = self.box
        unsent, unconfirmed, tail, _ = INSIDE(box)
        held = sum(len(pcm) // 2 for pcm in (tail, *(pcm for _, pcm in (*unsent, *unconfirmed))))
        assert box.buffered == held <= self.limit
        at_risk = INSIDE(box)[3]
        assert all(a[1] < b[0] for a, b in itertools.pairwise(at_risk)), "two runs for one"

    @invariant()
    def unsent_counts_from_the_next_frame_to_the_live_edge(self) -> None:
        box = self.box
        if box.next_samples:
            assert box.next_samples <= box.unsent <= box.captured - box.sent
        else:
            assert box.unsent == 0

    @invariant()
    def overflow_was_never_sent_on_the_live_dial(self) -> None:
        beside = {GapCause.CAPTURE, GapCause.IGNORED}
        gone = [gap for gap in self.box.losses.missing() if gap.cause not in beside]
        for _, start, end in self.pulled:
            assert not any(gap.start < end and start < gap.end for gap in gone)

    @invariant()
    def the_oldest_goes_first(self) -> None:
        unsent, unconfirmed, _, _ = INSIDE(self.box)
        kept = min((at for at, _ in (*unconfirmed, *unsent)), default=self.box.captured)
        for gap in self.box.losses.missing():
            assert gap.cause is not GapCause.OVERFLOW or gap.end <= kept, "older audio is kept"

    @invariant()
    def nothing_confirmed_is_missing(self) -> None:
        assert not any(
            CONFIRMED in self.fate[gap.start : gap.end] for gap in self.box.losses.missing()
        )

    # The end.

    def teardown(self) -> None:
        if not hasattr(self, "box"):
            return
        box = self.box
        before = self.missing_positions()
        if not box.undelivered and not box.ignored:
            captured = {at for at, fate in enumerate(self.fate) if fate == CAPTURED}
            assert captured <= before | self.told_positions(), "something is left to deliver"
        self.reported += box.losses.take()
        box.end()
        self.hear_told()
        assert sorted(self.told + self.replaced) == sorted(self.held), "told or replaced, once"
        for at in self.told_positions():
            assert self.fate[at] == CAPTURED, "told, and confirmed or lost as well"
            self.fate[at] = TOLD
        self.reported += box.losses.take()
        assert box.buffered == 0
        assert not box.undelivered
        gaps = box.losses.missing()
        assert all(gap.exact and gap.samples == gap.end - gap.start > 0 for gap in gaps)
        for earlier, later in itertools.pairwise(gaps):
            assert earlier.end <= later.start
            assert earlier.end < later.start or earlier.cause is not later.cause
        for gap in gaps:
            fates = set(self.fate[gap.start : gap.end])
            assert fates == ({HOLE} if gap.cause is GapCause.CAPTURE else {CAPTURED})
            self.mark(gap.start, gap.end, LOST)
        assert len(self.fate) == box.captured
        assert set(self.fate[box.origin :]) <= {CONFIRMED, LOST, TOLD}
        self.the_last_gaps_have_their_cause(before)
        reported = sorted(at for gap in self.reported for at in range(gap.start, gap.end))
        assert reported == [at for at, fate in enumerate(self.fate) if fate == LOST]

    def the_last_gaps_have_their_cause(self, before: set[int]) -> None:
        sent = {at for _, start, end in self.pulled for at in range(start, end)}
        for cause, was_sent in (
            (GapCause.UNCONFIRMED, True),
            (GapCause.UNPROVEN, True),
            (GapCause.UNDELIVERED, False),
        ):
            late = self.missing_positions(cause) - before
            assert (late <= sent) if was_sent else late.isdisjoint(sent)

    # Helpers.

    def mark(self, start: int, end: int, fate: int) -> None:
        if end > start:
            self.fate[start:end] = bytes([fate]) * (end - start)

    def missing_positions(self, cause: GapCause | None = None) -> set[int]:
        gaps = [gap for gap in self.box.losses.missing() if cause in {None, gap.cause}]
        return {at for gap in gaps for at in range(gap.start, gap.end)}

    def told_positions(self) -> set[int]:
        runs = self.box.losses._told  # pyright: ignore[reportPrivateUsage]
        return {at for start, end in runs for at in range(start, end)}

    def lost_by_limit(self) -> int:
        at_risk: list[tuple[int, int]] = INSIDE(self.box)[3]
        overflow = [
            gap.samples for gap in self.box.losses.missing() if gap.cause is GapCause.OVERFLOW
        ]
        return sum(overflow) + sum(end - start for start, end in at_risk)


def test_every_sample_ends_confirmed_or_in_a_gap() -> None:
    run_state_machine_as_test(
        OutboxAgainstModel,
        settings=paced(200, 40),
    )
