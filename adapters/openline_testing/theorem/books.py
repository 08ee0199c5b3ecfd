"""The books: what was captured, dropped, discarded, finalised and told, sample by sample.

The simulation reports what happens to the audio; nothing here judges. ``ledger`` compares the
commands of the session with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from openline.audio.backlog import FRAME_SAMPLES
from openline.audio.disk_runs import FETCH
from openline.dialects.traits import Traits
from openline.policy import Policy
from openline.session import SessionMachine
from openline.updates import SAMPLE_RATE as S
from openline.updates import (
    Ended,
    Gap,
    GapCause,
    State,
    Transcript,
    to_samples,
)
from openline_testing.theorem.account import Account, fill, runs_of
from openline_testing.theorem.schedule import Schedule
from openline_testing.theorem.simulation import Telling
from openline_testing.theorem.telling import WordBook

SPEAKING: Final = frozenset({State.STREAMING, State.FINISHING})
LISTENING: Final = SPEAKING | {State.CLOSING}


class Books:
    """The account of one session; its attributes can be read after the end.

    ``resumes``: the session resumes from the disk of an earlier process.
    """

    def __init__(
        self,
        schedule: Schedule,
        policy: Policy,
        traits: Traits,
        *,
        claims: bool = False,
        resumes: bool = False,
    ) -> None:
        self.schedule = schedule
        self.resumes = resumes
        self.claims = claims
        self.traits = traits
        self.words = WordBook(traits.time_error, resumes=resumes)
        self.happened = self.words.happened
        self.policy = policy
        self.most_kept = self._limit(traits, fetches=resumes or bool(schedule.disk))
        self.room = max(source.longest for source in schedule.sources)
        self.accounts: dict[str, Account] = {}
        self.refused: int = 0
        self.drops: int = 0  # samples that the backend dropped
        self.finals: dict[str, tuple[str, list[tuple[int, int]]]] = {}
        self.delivered: list[Transcript] = []
        self.let_go: set[str] = set()  # sources that were released because they hung
        self.broke_off: set[str] = set()  # sources that failed before the stop
        self.aborted = False
        self.streamed: bool = False
        self.ended: Ended | None = None
        self.told: list[Gap] = []
        self.inherited: set[GapCause] = set()
        self.assumed_before: dict[str, int] = {}  # samples, by a process before
        self.partials: set[str] = set()  # the sources with a live partial
        self.open: set[str] = set()  # the same, before the event
        self.unfinal = 0  # reports of a partial that never becomes final
        self.excused: list[tuple[str, int, int]] = []  # audio of partials that the backend left
        self.given_up: dict[str, set[str]] = {}  # words that were reported as never final
        # By source, where the backend ends with a partial: its audio, and the words in it.
        self.left_partial: dict[str, tuple[list[tuple[int, int]], set[str]]] = {}
        self.state = State.IDLE
        self.coming: str | None = None  # text or key of the final that it receives now
        self.known: int | None = None  # what the figures show of that final's source
        self.must_tell = self.is_told = False
        self.withdrawn: list[Gap] = []  # since the last event
        self.told_now: list[tuple[str, int, int]] = []  # noted as told since the last event
        self.notes_told = resumes or bool(schedule.disk)  # until the disk takes no more
        self.growing: dict[str, int] = {}  # sources that this dial's backend ignores: their marks
        self.core: SessionMachine

    # Reports of the simulation.

    def captured(self, source: str, start: int, end: int) -> None:
        """A source captured session samples ``start`` to ``end``."""
        if source not in self.accounts:
            self.accounts[source] = Account(start, self.room)
        self.accounts[source].captured = end

    def accepted_none(self, samples: int) -> None:
        """``samples`` came after the stop; the session must refuse them."""
        self.refused += samples

    def hole(self, source: str, start: int, end: int) -> None:
        """A source could not capture these samples."""
        account = self.accounts[source]
        account.captured = end
        fill(account.holes, start, end)

    def breaks_off(self, source: str) -> None:
        """A source fails before the stop."""
        self.broke_off.add(source)

    def dropped(self, source: str, spans: list[tuple[int, int]], frames: int) -> None:
        """The backend dropped these spans, which were sent as ``frames`` frames."""
        self.drops += sum(end - start for start, end in spans)
        self.accounts[source].drops(spans, frames)

    def discarded(self, source: str, spans: list[tuple[int, int]]) -> None:
        """The backend discarded these spans as silence."""
        for start, end in spans:
            fill(self.accounts[source].done, start, end)

    def finalised(
        self, key: str, source: str, spans: list[tuple[int, int]], telling: Telling | None = None
    ) -> None:
        """The backend made a final of these spans; ``key`` is its text, without a ``telling``."""
        self.finals[key] = source, spans
        if telling is not None:
            self.words.finalised(key, source, telling)

    def left(self, source: str, spans: list[tuple[int, int]], words: set[str]) -> None:
        """The backend ends, and leaves a partial of these spans, with these words if it claims."""
        self.left_partial[source] = spans, words
        self.happens("words left partial")

    def excuse_left(self, *, has_ended: bool) -> None:
        """Audio of a partial that is left is processed; the session has to report its words.

        Unless the backend ``has_ended``, the dial was lost before, and the next one hears it.
        """
        if not has_ended:
            self.left_partial.clear()
        for source in self.partials & {*self.left_partial}:
            account = self.accounts[source]
            for span in self.left_partial[source][0]:
                for start, end in runs_of(0, account.done, *span):
                    fill(account.done, start, end)
                    self.excused.append((source, start, end))

    def gives_up(self) -> None:
        """The session reports that words of a source never became final."""
        self.unfinal += 1
        for source in self.open & {*self.left_partial}:
            self.given_up.setdefault(source, set()).update(self.left_partial[source][1])

    def promised(self, key: str) -> None:
        """The backend sends this final after its final message, and does not lose it."""
        self.discarded(*self.finals[key])
        if self.claims:
            self.words.promised(key)

    def ignored(self, source: str) -> None:
        """The backend ignores a frame of this source; its gap grows until the dial ends."""
        self.growing.setdefault(source, self.mark(source))
        self.happens("a source ignored")

    def happens(self, what: str) -> None:
        """The backend did this; ``vacuity`` asks for it."""
        self.happened[what] += 1

    def sent(self, source: str, dial: int, start: int, end: int) -> None:
        """The session sent this on a dial."""
        if not self.claims:
            return
        account = self.accounts[source]
        after_hole = start > account.origin and bool(account.holes[start - 1])
        self.words.sent(source, dial, start, end, after_hole=after_hole)

    def arrives(self, key: str, *, live: bool, known: Mapping[str, int]) -> None:
        """The next message for the session is the final with this text, or this key."""
        self.coming = key
        self.known = known.get(self.finals[key][0])
        self.must_tell = live and not self.aborted and self.state in LISTENING
        if self.claims:
            self.must_tell &= self.words.must_tell(key)
        self.is_told = False

    def mark(self, source: str) -> int:
        """The sample up to which the session calls this source's audio confirmed."""
        return self.accounts[source].origin + self.core.statistics.sources[source].confirmed

    def fill_done(self, update: Transcript) -> None:
        """The audio of these words was transcribed."""
        for start, end in self.words.spans[update.id]:
            fill(self.accounts[update.source].done, start, end)

    def excuse_told(self, source: str, told: int) -> None:
        """Audio that is told, and not confirmed, lies in a final, behind the mark of then."""
        account = self.accounts[source]
        for final in self.delivered if told else ():
            if final.source == source:
                start = max(round(final.start * S), self.words.confirmed.get(final.id, 0))
                fill(account.done, start, round(final.end * S))

    def excuse_claimed(self, gap: Gap) -> None:
        """What is withdrawn of an exact gap is told now: it lies in a final, as far as that claims.

        The claim may reach behind the words, over audio that the backend did not process before the
        dial was lost. When that was to be sent again, it had left memory or the disk. A clamped
        claim counts too, for the session cuts it where the next words begin. Without a disk, or
        once it has failed, the session notes no runs that are told.
        """
        told = self.told_now if self.notes_told else [(gap.source, gap.start, gap.end)]
        for source, start, end in told if self.claims and gap.exact else ():
            for final in self.delivered:
                if final.source == source == gap.source:
                    low, high = round(final.start * S), round(final.end * S)
                    run = max(low, start, gap.start), min(high, end, gap.end)
                    fill(self.accounts[source].done, *run)

    def _limit(self, traits: Traits, *, fetches: bool) -> int:
        """Samples of a source that memory may hold: of what a disk has too, those of the policy.

        Half of that may be left to send when more is fetched, or less than a message and a frame.
        """
        limit = memory = round(self.policy.buffer_of(traits) * S)
        disk, fewer = round(self.schedule.disk * S), self.policy.memory_samples
        if fewer is not None and fetches and not 0 < disk < limit:
            memory = min(fewer, limit)
        if not fetches:
            return limit
        part = max(memory // 2, FRAME_SAMPLES)
        more = FRAME_SAMPLES + to_samples(traits.form.usual)
        most = max(memory, memory // 2 + min(FETCH, part) + more)
        # What is captured after the disk failed makes no room for what it still has.
        return most if self.schedule.disk_fails_at is None else max(most, limit + FETCH)
