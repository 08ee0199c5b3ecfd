"""The ledger: an independent account of every sample, compared with the session's reports.

The simulation reports to it what was captured, dropped, discarded and finalised, and it receives
every command of the session. Each difference between the two breaks a clause of the theorem.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from openline.audio.disk_runs import FETCH
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
#: Causes of gaps that cannot occur while the spool works.
NOT_WITH_A_SPOOL: Final = frozenset({GapCause.OVERFLOW, GapCause.UNPROVEN, GapCause.SPOOL})


class Ledger:
    """The account of one session; its attributes can be read after the end.

    ``resumes``: the session resumes from the disk of an earlier process.
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
        self.let_go: set[str] = set()  # sources that were released because they hung
        self.broke_off: set[str] = set()  # sources that failed before the stop
        self.aborted = False
        self.streamed = False
        self.ended: Ended | None = None
        self.told: list[Gap] = []
        self.inherited: set[GapCause] = set()
        self._partials: set[str] = set()
        self._state = State.IDLE
        self._coming: str | None = None  # text of the final that the session receives now
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

    def finalised(self, key: str, source: str, spans: list[tuple[int, int]]) -> None:
        """The backend made a final of these spans; ``key`` is its text."""
        self.finals[key] = source, spans

    def arrives(self, key: str) -> None:
        """The next message for the session is the final with this text."""
        self._coming = key

    # Commands of the session.

    def commanded(self, event: Event, commands: list[Command]) -> None:
        """Check the commands with which the session answers ``event``."""
        self.aborted |= isinstance(event, AbortRequested)
        for command in commands:
            self.obeys(command)
        self._coming = None
        if self._partials and self._state not in SPEAKING | {State.CLOSING}:
            fail("partials", f"one of {min(self._partials)} outlived its dial")
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
        unconfirmed = round((traits.horizon + traits.window) * S)
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
                self._state = state
                self.streamed |= state in SPEAKING
            case Transcript():
                if update.final:
                    self._check_final(update)
                else:
                    self._partials.add(update.source)
            case PartialRetracted(source=source):
                hold("partials", source in self._partials, f"{source} has none to retract")
                self._partials.remove(source)
            case Gap():
                self.told.append(update)
                self._check_gap(update)
            case Ended():
                self.ended = update
            case Trouble(kind="malformed"):  # an ideal backend sends no malformed message
                fail("the wire", update.text)
            case _:
                pass

    def _check_final(self, final: Transcript) -> None:
        """A final stands at the times of its words, without audio that was final before."""
        if final.text != self._coming:
            fail("in place", f"{final.text!r} is reported, but the backend did not just send it")
        self._partials.discard(final.source)
        source, spans = self.finals[final.text]
        account = self.accounts[source]
        start, end = round(final.start * S), round(final.end * S)
        what = f"{final.source}: [{start}, {end})"
        off = abs(final.start * S - start) + abs(final.end * S - end)
        if off >= 1e-6 or final.source != source:
            fail("in place", f"{what} is reported, but is of {source}, or off by {off} samples")
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
                fail("said twice", f"{what} lies in an earlier gap")
        account.says(spans, start)
        account.confirmed = max(account.confirmed, end)
        self.delivered.append(final)

    def _check_gap(self, gap: Gap) -> None:
        account, what = self.accounts[gap.source], f"{gap}"
        inside = account.origin <= gap.start <= gap.end <= account.captured
        hold("gaps", inside, f"{what} lies outside [{account.origin}, {account.captured})")
        if not gap.exact:
            hold("gaps", gap.cause is GapCause.BACKEND, f"{what} must be exact")
            hold("gaps", 0 < gap.samples <= gap.end - gap.start, f"{what} has a wrong length")
            account.somewhere.append(gap)
            return
        hold("gaps", gap.samples == gap.end - gap.start > 0, f"{what} has a wrong length")
        hold("gaps", account.lost.find(1, gap.start, gap.end) < 0, f"{what} was reported before")
        hold("said twice", account.said.find(1, gap.start, gap.end) < 0, f"{what} is in a final")
        captured = account.holes.find(0, gap.start, gap.end) >= 0
        is_hole = gap.cause is GapCause.CAPTURE
        hold("gaps", captured != is_hole, f"{what} was {'captured' if captured else 'a hole'}")
        fill(account.lost, gap.start, gap.end)

    def check_confirmed(self) -> None:
        """At the end of a dial: the backend finalised or discarded all audio it confirmed."""
        for source, figures in self.core.statistics.sources.items():
            account = self.accounts[source]
            confirmed = account.origin + figures.confirmed
            what = f"{source}: confirmed fell from {account.confirmed} to {confirmed}"
            hold("lost in silence", confirmed >= account.confirmed, what)
            account.confirmed = confirmed
            beyond: int = 0
            for start, end in account.unplaced(account.origin, confirmed):
                # A hole is reported only when the sender next pulls, so it is counted here.
                beyond += end - start if account.holes.find(0, start, end) >= 0 else 0
                if beyond > account.short:
                    what = f"{source}: [{start}, {end}) is confirmed, but was not processed"
                    fail("lost in silence", what)

    # The end.

    def close(self) -> None:
        """Check the finished session against the theorem."""
        ended = self.ended
        if ended is None:
            fail("it ends", "no result was reported")
        broke_off = self.broke_off | self.let_go
        named = {each.source for each in ended.lost_sources}
        hold("the result", named == broke_off, f"{broke_off} broke off, the result has {named}")
        well = ended.state is State.CLOSED and not self.aborted
        whole = well and not broke_off and not ended.missing
        hold("the result", ended.complete == whole, f"complete={ended.complete} is wrong")
        refused = self.core.statistics.refused_samples
        hold("the result", refused == self.refused, f"{refused} refused, not {self.refused}")
        delivered = sorted(self.delivered, key=lambda t: (t.start, t.end))
        same = list(ended.transcript) == delivered
        hold("the result", same, "its finals differ from the reported ones")
        reported, missing = Counter[Any](), Counter[Any]()
        for gaps, count in ((self.told, reported), (ended.missing, missing)):
            for gap in gaps:
                count[gap.source, gap.cause, gap.exact] += gap.samples
        what = f"reported: {dict(reported)}, missing at the end: {dict(missing)}"
        hold("gaps", reported == missing, what)
        for source, account in self.accounts.items():
            self._add_up(source, account, ended)
        self._check_excuses(ended)

    def _add_up(self, source: str, account: Account, ended: Ended) -> None:
        longer = f"{source}: captured more than its length"
        hold("lost in silence", account.captured <= self.room, longer)
        figures = ended.statistics.sources.get(source)
        captured = account.captured - account.origin
        counted = figures.captured if figures else 0  # None: it started after the session's end
        hold("lost in silence", counted == captured, f"{source}: {counted} captured of {captured}")
        if figures is None:
            return
        beyond: int = 0
        for start, end in account.unplaced(account.origin, account.captured):
            beyond += end - start
            if beyond > account.short:
                fail("lost in silence", f"{source}: [{start}, {end}) is in no final and no gap")
        runs = account.unaccounted(account.origin, account.captured)
        hidden = sum(end - start for start, end in runs)
        told = sum(gap.samples for gap in account.somewhere)
        hold("lost in silence", hidden <= told, f"{source}: {hidden} lost, {told} reported")

    def _check_excuses(self, ended: Ended) -> None:
        schedule = self.schedule
        causes = {gap.cause for gap in ended.missing}
        if schedule.disk > 100 and schedule.disk_fails_at is None and not schedule.disk_forgets:
            lost = sorted(causes & NOT_WITH_A_SPOOL)
            hold("no excuse", not lost, f"the spool worked, and still {lost}")
        if keeps_up(schedule):
            hold("no excuse", not self.drops, f"the backend had to drop {self.drops} samples")
        if calm(schedule, self.policy):
            lost = sorted(causes - {GapCause.CAPTURE} - self.inherited)
            hold("no excuse", not lost, f"missing: {lost}, the end: {ended.reason}")
