"""The ledger that believes nothing: what really became of every sample, and what was told.

It is told by the stage what was captured, dropped, discarded and finalised, and sees every
command of the connection. Whatever the two do not say alike breaks a clause of the theorem.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from openline.audio.outbox import FETCH
from openline.commands import CloseSource, Command, FetchAudio, Report, StoreAudio, StoreConfirmed
from openline.dialects.traits import Traits
from openline.events import AbortRequested, AudioCaptured, AudioFetched, Event
from openline.policy import Policy
from openline.session import SessionMachine
from openline.updates import SAMPLE_RATE as S
from openline.updates import (
    Ended,
    Gap,
    GapCause,
    PartialRetracted,
    State,
    StateChanged,
    Transcript,
    Trouble,
    Update,
)
from openline_testing.theorem.account import Account, fill
from openline_testing.theorem.clauses import fail, hold
from openline_testing.theorem.schedule import Schedule, keeps_up
from openline_testing.theorem.simulation import calm

SPEAKING: Final = frozenset({State.STREAMING, State.FINISHING})
#: What a spool that works never lets happen.
NOT_WITH_A_SPOOL: Final = frozenset({GapCause.OVERFLOW, GapCause.UNPROVEN, GapCause.SPOOL})


class Ledger:
    """The books of one session; what they hold is there to be looked at when it is over.

    ``resumes``: it takes up what an earlier process left on disk.
    """

    def __init__(
        self, schedule: Schedule, policy: Policy, traits: Traits, *, resumes: bool = False
    ) -> None:
        self.schedule = schedule
        self.policy = policy
        self._most_kept = self._limit(traits, fetches=resumes or bool(schedule.disk))
        self.room = max(source.longest for source in schedule.sources)
        self.accounts: dict[str, Account] = {}
        self.refused: int = 0
        self.drops: int = 0  # samples that the backend dropped
        self.finals: dict[str, tuple[str, list[tuple[int, int]]]] = {}
        self.delivered: list[Transcript] = []
        self.let_go: set[str] = set()  # sources that were lost because they hung
        self.broke_off: set[str] = set()  # sources that failed, and were listened to
        self.aborted = False
        self.streamed = False
        self.ended: Ended | None = None
        self.told: list[Gap] = []
        self.inherited: set[GapCause] = set()
        self._partials: set[str] = set()
        self._state = State.IDLE
        self._coming: str | None = None  # the final that is arriving now
        self.core: SessionMachine

    # What really happens.

    def captured(self, source: str, start: int, end: int) -> None:
        """A source heard this."""
        if source not in self.accounts:
            self.accounts[source] = Account(start, self.room)
        self.accounts[source].captured = end

    def accepted_none(self, samples: int) -> None:
        """So much came after the stop, and must be refused."""
        self.refused += samples

    def hole(self, source: str, start: int, end: int) -> None:
        """A source could not hear this."""
        account = self.accounts[source]
        account.captured = end
        fill(account.holes, start, end)

    def breaks_off(self, source: str) -> None:
        """A source fails while it is listened to."""
        self.broke_off.add(source)

    def dropped(self, source: str, spans: list[tuple[int, int]], frames: int) -> None:
        """The backend dropped this, which was sent as so many frames."""
        self.drops += sum(end - start for start, end in spans)
        self.accounts[source].drops(spans, frames)

    def discarded(self, source: str, spans: list[tuple[int, int]]) -> None:
        """The backend took this for silence."""
        for start, end in spans:
            fill(self.accounts[source].done, start, end)

    def finalised(self, key: str, source: str, spans: list[tuple[int, int]]) -> None:
        """The backend made a final of this; ``key`` is its text."""
        self.finals[key] = source, spans

    def arrives(self, key: str) -> None:
        """That final is the next thing that the session is told."""
        self._coming = key

    # What the connection makes of it.

    def commanded(self, event: Event, commands: list[Command]) -> None:
        """What the session made of ``event``."""
        self.aborted |= isinstance(event, AbortRequested)
        for command in commands:
            self.obeys(command)
        self._coming = None
        if self._partials and self._state not in SPEAKING | {State.CLOSING}:
            fail("partials", f"one of {min(self._partials)} outlived its dial")
        if isinstance(event, AudioCaptured | AudioFetched):
            self._memory_is_bounded()

    def obeys(self, command: Command) -> None:
        """One command is carried out."""
        match command:
            case Report(update):
                if self.ended is not None:
                    fail("the result", f"{type(update).__name__} after the end")
                self._told(update)
            case StoreAudio(source, start, pcm):
                account = self.accounts[source]
                if start < account.stored_until:
                    fail("the disk", f"{source}: {start} is noted twice")
                account.stored_until = start + len(pcm) // 2
            case StoreConfirmed(source, position):
                proved = self.accounts[source].proved
                if position < proved:
                    fail("the disk", f"{source}: the proof of {proved} is undone")
                self.accounts[source].proved = position
            case FetchAudio(source, start, _):
                proved = self.accounts[source].proved
                hold("the disk", start >= proved, f"{source}: {start} is fetched, and was proved")
            case CloseSource(source):
                self.let_go.add(source)
            case _:
                pass

    def _limit(self, traits: Traits, *, fetches: bool) -> int:
        limit = round(self.policy.buffer_seconds * S)
        if not fetches:
            return limit
        unproved = round((traits.horizon + traits.window) * S)
        return max(limit, max(limit // 2, unproved) + FETCH)

    def _memory_is_bounded(self) -> None:
        limit = self._most_kept
        for source, marks in self.core.snapshot().sources.items():
            kept = marks.buffered
            if kept > limit:
                fail("memory", f"{kept} samples of {source} are kept, not {limit}")

    def _told(self, update: Update) -> None:
        match update:
            case StateChanged(state=state):
                if self._state in SPEAKING and state not in SPEAKING:
                    self.check_confirmed()
                self._state = state
                self.streamed |= state in SPEAKING
            case Transcript():
                if update.final:
                    self._says(update)
                else:
                    self._partials.add(update.source)
            case PartialRetracted(source=source):
                hold("partials", source in self._partials, f"{source} has none to retract")
                self._partials.remove(source)
            case Gap():
                self.told.append(update)
                self._loses(update)
            case Ended():
                self.ended = update
            case Trouble(kind="malformed"):  # the ideal backend says nothing that is
                fail("the wire", update.text)
            case _:
                pass

    def _says(self, final: Transcript) -> None:
        """Where it stands is where its words were spoken, less what was final before."""
        if final.text != self._coming:
            fail("in place", f"{final.text!r} is told, which nobody said just now")
        self._partials.discard(final.source)
        source, spans = self.finals[final.text]
        account = self.accounts[source]
        start, end = round(final.start * S), round(final.end * S)
        what = f"{final.source}: [{start}, {end})"
        off = abs(final.start * S - start) + abs(final.end * S - end)
        if off >= 1e-6 or final.source != source:
            fail("in place", f"{what} is said, of {source}, off by {off} samples")
        if not account.said_until <= start <= end:
            fail("said twice", f"{what} comes after {account.said_until}")
        account.said_until = end
        if spans:
            until, begins = spans[-1][1], max(spans[0][0], account.confirmed)
            if end < until:
                fail("in place", f"{what} is cut off before {until}")
            if not account.somewhere and (start, end) != (begins, until):
                fail("in place", f"{what} was spoken at [{begins}, {until})")
        for a, b in spans:
            low = max(a, start)
            if account.said.find(1, low, b) >= 0:
                fail("said twice", f"{what} lies in an earlier final")
            if account.lost.find(1, low, b) >= 0:
                fail("said twice", f"{what} was lost, and then said")
        account.says(spans, start)
        account.confirmed = max(account.confirmed, end)
        self.delivered.append(final)

    def _loses(self, gap: Gap) -> None:
        account, what = self.accounts[gap.source], f"{gap}"
        inside = account.origin <= gap.start <= gap.end <= account.captured
        hold("gaps", inside, f"{what} of [{account.origin}, {account.captured})")
        if not gap.exact:
            hold("gaps", gap.cause is GapCause.BACKEND, f"{what} has a place")
            hold("gaps", 0 < gap.samples <= gap.end - gap.start, f"{what} cannot be")
            account.somewhere.append(gap)
            return
        hold("gaps", gap.samples == gap.end - gap.start > 0, f"{what} cannot be")
        hold("gaps", account.lost.find(1, gap.start, gap.end) < 0, f"{what} was lost before")
        hold("said twice", account.said.find(1, gap.start, gap.end) < 0, f"{what} was said")
        heard = account.holes.find(0, gap.start, gap.end) >= 0
        is_hole = gap.cause is GapCause.CAPTURE
        hold("gaps", heard != is_hole, f"{what} was {'heard' if heard else 'a hole'}")
        fill(account.lost, gap.start, gap.end)

    def check_confirmed(self) -> None:
        """A dial is over: what it confirmed was really dealt with."""
        for source, figures in self.core.statistics.sources.items():
            account = self.accounts[source]
            confirmed = account.origin + figures.confirmed
            what = f"{source}: {account.confirmed} was confirmed, and is {confirmed}"
            hold("lost in silence", confirmed >= account.confirmed, what)
            account.confirmed = confirmed
            beyond: int = 0
            for start, end in account.unplaced(account.origin, confirmed):
                # A hole is told when the sender next pulls.
                beyond += end - start if account.holes.find(0, start, end) >= 0 else 0
                if beyond > account.short:
                    what = f"{source}: [{start}, {end}) is confirmed and nobody dealt with it"
                    fail("lost in silence", what)

    # The end.

    def close(self) -> None:
        """Hold the whole session to the theorem, now that it is over."""
        ended = self.ended
        if ended is None:
            fail("it ends", "no result was told")
        broke_off = self.broke_off | self.let_go
        named = {each.source for each in ended.lost_sources}
        hold("the result", named == broke_off, f"{broke_off} broke off, and it names {named}")
        well = ended.state is State.CLOSED and not self.aborted
        whole = well and not broke_off and not ended.missing
        hold("the result", ended.complete == whole, f"it says complete={ended.complete} wrongly")
        refused = self.core.statistics.refused_samples
        hold("the result", refused == self.refused, f"{refused} refused, not {self.refused}")
        delivered = sorted(self.delivered, key=lambda t: (t.start, t.end))
        hold(
            "the result", list(ended.transcript) == delivered, "it has other finals than were told"
        )
        told, missing = Counter[Any](), Counter[Any]()
        for gaps, count in ((self.told, told), (ended.missing, missing)):
            for gap in gaps:
                count[gap.source, gap.cause, gap.exact] += gap.samples
        hold("gaps", told == missing, f"told: {dict(told)}, missing at the end: {dict(missing)}")
        for source, account in self.accounts.items():
            self._add_up(source, account, ended)
        self._what_must_not_be_missing(ended)

    def _add_up(self, source: str, account: Account, ended: Ended) -> None:
        hold("lost in silence", account.captured <= self.room, f"{source}: more than there was")
        figures = ended.statistics.sources.get(source)
        captured = account.captured - account.origin
        counted = figures.captured if figures else 0  # None: it began when all was over
        hold("lost in silence", counted == captured, f"{source}: {counted} captured of {captured}")
        if figures is None:
            return
        beyond: int = 0
        for start, end in account.unplaced(account.origin, account.captured):
            beyond += end - start
            if beyond > account.short:
                fail("lost in silence", f"{source}: nobody knows of [{start}, {end})")
        runs = account.unaccounted(account.origin, account.captured)
        hidden = sum(end - start for start, end in runs)
        told = sum(gap.samples for gap in account.somewhere)
        hold("lost in silence", hidden <= told, f"{source}: {hidden} lost, {told} told of")

    def _what_must_not_be_missing(self, ended: Ended) -> None:
        schedule = self.schedule
        causes = {gap.cause for gap in ended.missing}
        if schedule.disk > 100 and schedule.disk_fails_at is None and not schedule.disk_forgets:
            lost = sorted(causes & NOT_WITH_A_SPOOL)
            hold("no excuse", not lost, f"there was a disk, and still {lost}")
        if keeps_up(schedule):
            hold("no excuse", not self.drops, f"the backend was made to drop {self.drops}")
        if calm(schedule, self.policy):
            lost = sorted(causes - {GapCause.CAPTURE} - self.inherited)
            hold("no excuse", not lost, f"missing: {lost}, the end: {ended.reason}")
