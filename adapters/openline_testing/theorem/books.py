"""The ledger: an independent account of every sample, compared with the session's reports.

The simulation reports to it what was captured, dropped, discarded and finalised, and it
receives every command of the session. Each difference between the two breaks a clause of the
theorem. ``telling`` has the words, ``gaps`` the gaps, and ``result`` the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from openline.audio.disk_runs import FETCH
from openline.commands import (
    CloseSource,
    Command,
    FetchAudio,
    Report,
    StoreAudio,
    StoreConfirmed,
    StoreFinal,
)
from openline.dialects.traits import Traits
from openline.events import AbortRequested, AudioCaptured, AudioFetched, Event
from openline.policy import Policy
from openline.session import SessionMachine
from openline.updates import SAMPLE_RATE as S
from openline.updates import (
    Ended,
    Gap,
    GapCause,
    GapWithdrawn,
    PartialRetracted,
    State,
    StateChanged,
    Transcript,
    Trouble,
    Update,
)
from openline_testing.theorem.account import Account, fill
from openline_testing.theorem.clauses import fail, hold
from openline_testing.theorem.gaps import check_gap, check_withdrawn
from openline_testing.theorem.schedule import Schedule
from openline_testing.theorem.simulation import Telling
from openline_testing.theorem.telling import WordBook

SPEAKING: Final = frozenset({State.STREAMING, State.FINISHING})
LISTENING: Final = SPEAKING | {State.CLOSING}


class Ledger:
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
        self.claims = claims
        self.traits = traits
        self.words = WordBook(traits.time_error, resumes=resumes)
        self.happened = self.words.happened
        self.policy = policy
        self._most_kept = self._limit(traits, fetches=resumes or bool(schedule.disk))
        self.room = max(source.longest for source in schedule.sources)
        self.accounts: dict[str, Account] = {}
        self.refused: int = 0
        self.drops: int = 0  # samples that the backend dropped
        self.finals: dict[str, tuple[str, list[tuple[int, int]]]] = {}
        self.delivered: list[Transcript] = []
        self.let_go: set[str] = set()  # sources that were released because they hung
        self.broke_off: set[str] = set()  # sources that failed before the stop
        self.aborted = False
        self.streamed = False
        self.ended: Ended | None = None
        self.told: list[Gap] = []
        self.inherited: set[GapCause] = set()
        self._partials: set[str] = set()
        self._state = State.IDLE
        self._coming: str | None = None  # text or key of the final that it receives now
        self._known: int | None = None  # what the figures show of that final's source
        self._must_tell = self._is_told = False
        self.withdrawn: list[Gap] = []  # since the last event
        self._growing: dict[str, int] = {}  # sources that this dial's backend ignores: their marks
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

    def promised(self, key: str) -> None:
        """The backend sends this final after its final message, and does not lose it."""
        self.discarded(*self.finals[key])
        if self.claims:
            self.words.promised(key)

    def ignored(self, source: str) -> None:
        """The backend ignores a frame of this source; its gap grows until the dial ends."""
        self._growing.setdefault(source, self._mark(source))
        self.happens("a source ignored")

    def happens(self, what: str) -> None:
        """The backend did this; ``vacuity`` asks for it."""
        self.happened[what] += 1

    def sent(self, source: str, dial: int, start: int, end: int) -> None:
        """The session sent this on a dial."""
        account = self.accounts[source]
        after_hole = start > account.origin and bool(account.holes[start - 1])
        self.words.sent(source, dial, start, end, after_hole=after_hole)

    def arrives(self, key: str, *, live: bool, known: Mapping[str, int]) -> None:
        """The next message for the session is the final with this text, or this key."""
        self._coming = key
        self._known = known.get(self.finals[key][0])
        self._must_tell = live and not self.aborted and self._state in LISTENING
        if self.claims:
            self._must_tell &= self.words.must_tell(key)
        self._is_told = False

    # Commands of the session.

    def commanded(self, event: Event, commands: list[Command]) -> None:
        """Check the commands with which the session answers ``event``."""
        self.aborted |= isinstance(event, AbortRequested)
        for command in commands:
            self.obeys(command)
        # A timer that was due before the message may have ended the dial.
        untold = self._coming is not None and self._must_tell and not self._is_told
        if untold and self._state in LISTENING:
            fail("words", f"the final {self._coming} arrived while {self._state}, and is not told")
        self._coming = None
        check_withdrawn(self)
        shown = self._partials | {each.source for each in self.words.visible.values()}
        if shown and self._state not in LISTENING:
            fail("partials", f"one of {min(shown)} outlived its dial")
        if isinstance(event, AudioCaptured | AudioFetched):
            self._memory_is_bounded()

    def obeys(self, command: Command) -> None:
        """Check one command as it is carried out."""
        match command:
            case Report(update):
                if self.ended is not None:
                    fail("the result", f"{type(update).__name__} after the end")
                self._check_update(update)
            case StoreAudio(source, start, pcm):
                account = self.accounts[source]
                if start < account.stored_until:
                    fail("the disk", f"{source}: {start} is stored twice")
                account.stored_until = start + len(pcm) // 2
            case StoreConfirmed(source, position):
                confirmed = self.accounts[source].proved
                if position < confirmed:
                    fail("the disk", f"{source}: {position} is confirmed after {confirmed}")
                self.accounts[source].proved = position
            case StoreFinal(transcript=final, proves=int(position)):
                account = self.accounts[final.source]
                account.proved = max(account.proved, position)
            case FetchAudio(source, start, _):
                confirmed = self.accounts[source].proved
                what = f"{source}: {start} is fetched, and was already confirmed"
                hold("the disk", start >= confirmed, what)
            case CloseSource(source):
                self.let_go.add(source)
            case _:
                pass

    def _limit(self, traits: Traits, *, fetches: bool) -> int:
        limit = round(self.policy.buffer_seconds * S)
        if not fetches:
            return limit
        unconfirmed = round((traits.lag + traits.window) * S)
        return max(limit, max(limit // 2, unconfirmed) + FETCH)

    def _memory_is_bounded(self) -> None:
        limit = self._most_kept
        for source, marks in self.core.snapshot().sources.items():
            kept = marks.buffered
            if kept > limit:
                fail("memory", f"{kept} samples of {source} are kept, not {limit}")

    def _check_update(self, update: Update) -> None:
        match update:
            case StateChanged(state=state):
                if self._state in SPEAKING and state not in SPEAKING:
                    self.check_confirmed()
                if state not in LISTENING:
                    self._growing.clear()
                self._state = state
                self.streamed |= state in SPEAKING
            case Transcript():
                self._check_words(update)
            case PartialRetracted(source=source, settled=settled):
                had_settled = settled and self.words.retracted(source)
                known = source in self._partials or had_settled
                hold("partials", known, f"{source} has none to retract")
                self._partials.discard(source)
            case Gap():
                self.told.append(update)
                check_gap(self, update)
            case GapWithdrawn(gap=gap):
                self.withdrawn.append(gap)
            case Ended():
                self.ended = update
            case Trouble(kind="malformed"):  # an ideal backend sends no malformed message
                fail("the wire", update.text)
            case _:
                pass

    def _check_words(self, update: Transcript) -> None:
        if not update.final and not update.settled:
            self._partials.add(update.source)
        elif not self.claims:
            hold("held", update.final, f"{update.text!r} is held, but its end is exact")
            self._check_final(update)
        elif not (update.final and self.words.becomes_final(update)):
            if self._coming is None:
                fail(
                    "in place", f"{update.text!r} is reported, but the backend did not just send it"
                )
            self._is_told = True
            self._partials.discard(update.source)
            self.words.is_told(update, self._coming, self._known)
            self.words.spans[update.id] = self.finals[self._coming][1]
            self.fill_done(update)
            if not update.final:
                self.words.settles(update)
            else:
                closing = self._state is State.CLOSING
                hold("held", closing, f"{update.text!r} is final before it is confirmed")
        if update.final:
            self.delivered.append(update)
            if self.claims:
                # The mark of a source that is ignored is where its audio ends, and proves nothing.
                mark = self._growing.get(update.source, self._mark(update.source))
                self.words.confirmed[update.id] = mark

    def _mark(self, source: str) -> int:
        return self.accounts[source].origin + self.core.statistics.sources[source].confirmed

    def fill_done(self, update: Transcript) -> None:
        """The audio of these words was transcribed."""
        for start, end in self.words.spans[update.id]:
            fill(self.accounts[update.source].done, start, end)

    def _check_final(self, final: Transcript) -> None:
        """A final stands at the times of its words, without audio of an earlier dial's finals."""
        key = self._coming
        if final.text != key or key is None:
            fail("in place", f"{final.text!r} is reported, but the backend did not just send it")
        self._is_told = True
        self._partials.discard(final.source)
        source, spans = self.finals[key]
        account = self.accounts[source]
        start, end = round(final.start * S), round(final.end * S)
        what = f"{final.source}: [{start}, {end})"
        off = abs(final.start * S - start) + abs(final.end * S - end)
        if off >= 1e-6 or final.source != source:
            fail("in place", f"{what} is reported, but is of {source}, or off by {off} samples")
        hold("in place", start <= end, f"{what} ends before it begins")
        if spans:
            begins, until = spans[0][0], spans[-1][1]
            if end < until:
                fail("in place", f"{what} is cut off before {until}")
            if not account.somewhere and (start, end) != (begins, until):
                fail("in place", f"{what} was spoken at [{begins}, {until})")
        dial = int(key.split("/")[0])
        for a, b in spans:
            low = max(a, start)
            if not account.only_said_on(dial, low, b):
                fail("said twice", f"{what} lies in a final of an earlier dial")
            if account.lost.find(1, low, b) >= 0:
                fail("said twice", f"{what} lies in an earlier gap")
        account.says(spans, start, dial)

    def check_confirmed(self) -> None:
        """At the end of a dial: the backend finalised or discarded all audio it confirmed."""
        for source, figures in self.core.statistics.sources.items():
            account = self.accounts[source]
            self.excuse_told(source, figures.told)
            confirmed = account.origin + figures.confirmed
            what = f"{source}: confirmed fell from {account.confirmed} to {confirmed}"
            hold("lost in silence", confirmed >= account.confirmed, what)
            account.confirmed = confirmed
            beyond: int = 0
            if source in self._growing:
                continue
            for start, end in account.unplaced(account.origin, confirmed):
                # A hole is reported only when the sender next pulls, so it is counted here.
                beyond += end - start if account.holes.find(0, start, end) >= 0 else 0
                if beyond > account.short:
                    what = f"{source}: [{start}, {end}) is confirmed, but was not processed"
                    fail("lost in silence", what)

    def excuse_told(self, source: str, told: int) -> None:
        """Audio that is told, and not confirmed, lies in a final, behind the mark of then."""
        account = self.accounts[source]
        for final in self.delivered if told else ():
            if final.source == source:
                start = max(round(final.start * S), self.words.confirmed.get(final.id, 0))
                fill(account.done, start, round(final.end * S))
