"""A process is killed between two commands, and another one resumes its session from disk.

``Log`` stores what an adapter stores: runs of audio, confirmations, finals, and the gaps that
no later process can fill. The second session is checked against the same theorem, with the
accounts of the first.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Final

from openline.commands import (
    Command,
    DiscardStore,
    StoreAssumed,
    StoreAudio,
    StoreConfirmed,
    StoreFinal,
    StoreGap,
    StoreReplaced,
    StoreTold,
    StoreWithdrawn,
)
from openline.dialects.dry_run import dry_run_headers
from openline.dialects.traits import Traits
from openline.policy import Policy
from openline.session import PastSource, SessionMachine
from openline.updates import SAMPLE_RATE as S
from openline.updates import Gap, GapCause, State, Transcript
from openline_testing.scope import check_scope
from openline_testing.theorem.account import fill
from openline_testing.theorem.clauses import fail, hold
from openline_testing.theorem.ledger import Ledger
from openline_testing.theorem.line import Line
from openline_testing.theorem.playing import ECHO
from openline_testing.theorem.result import unavoidable
from openline_testing.theorem.schedule import Schedule, draw, keeps_up
from openline_testing.theorem.simulation import Past, Simulation, brisk, calm
from openline_testing.theorem.speech import Speech, claims_its_ends, fitted

#: Causes of audio missing at the end of a process that the next one may still send.
AT_THE_END: Final = frozenset({GapCause.UNDELIVERED, GapCause.UNCONFIRMED})


#: A number that no dial of a process has, for its dials after its end.
KILLED: Final = 254


class KilledError(Exception):
    """The process was killed."""


class Log(Ledger):
    """Stores what an adapter stores on disk, until it is killed between two commands."""

    def __init__(
        self,
        schedule: Schedule,
        policy: Policy,
        traits: Traits,
        kill_at: int,
        *,
        claims: bool = False,
    ) -> None:
        super().__init__(schedule, policy, traits, claims=claims)
        self._kill_at = kill_at
        self._began: dict[str, int] = {}
        self._runs: dict[str, list[tuple[int, int]]] = {}
        self.stored: list[Transcript] = []
        self.held: dict[str, Transcript] = {}  # not final when the process was killed
        self.told_runs: dict[str, list[tuple[int, int]]] = {}
        self.assumed_runs: list[StoreAssumed] = []
        self.lost: list[Gap] = []
        self._discarded_all = False

    def obeys(self, command: Command) -> None:
        """Carry one command out, unless the process is killed before."""
        if not self._kill_at:
            raise KilledError
        self._kill_at -= 1
        super().obeys(command)
        if isinstance(command, StoreFinal) and self.claims and self.coming is not None:
            self.words.is_stored(command.transcript, self.coming, self.finals[self.coming][1])
        self._store(command)

    def _store(self, command: Command) -> None:
        match command:
            case StoreConfirmed(source, position):
                self._began.setdefault(source, position)
            case StoreAudio(source, start, pcm):
                self._runs.setdefault(source, []).append((start, start + len(pcm) // 2))
            case StoreFinal(transcript, held=True):
                is_new = transcript.id not in self.held and transcript not in self.stored
                hold("the disk", is_new, f"{transcript.text!r} is noted as held, twice or too late")
                self.held[transcript.id] = transcript
            case StoreFinal(transcript):
                hold(
                    "the disk",
                    transcript not in self.stored,
                    f"{transcript.text!r} is noted twice",
                )
                self.stored.append(transcript)
                self.held.pop(transcript.id, None)
            case StoreTold(source, start, end):
                self.told_runs.setdefault(source, []).append((start, end))
            case StoreAssumed():
                self.assumed_runs.append(command)
            case StoreReplaced(id):
                hold("the disk", id in self.held, f"{id} is replaced, and was not noted as held")
                del self.held[id]
            case StoreGap(gap):
                self.lost.append(gap)
            case StoreWithdrawn(gap):
                hold("the disk", gap in self.lost, f"{gap} is withdrawn, and was not noted")
                self.lost.remove(gap)
            case DiscardStore():
                hold("the disk", self.ended is not None, "it is deleted before the end")
                self._discarded_all = True
            case _:
                pass

    def close(self) -> None:
        """It ended before it was killed: the disk keeps only audio that can still be sent."""
        super().close()
        ended = self.ended
        if ended is None:
            fail("it ends", "no result was reported")
        left = self.unfinal and not self.claims
        late = left or any(gap.cause in AT_THE_END for gap in ended.missing)
        captured = any(each.captured > each.origin for each in self.accounts.values())
        done = not late and (ended.state is State.CLOSED or not captured)
        what = f"it is {'deleted' if self._discarded_all else 'kept'} after {ended.reason!r}"
        hold("the disk", self._discarded_all == done, what)

    def past(self) -> Past:
        """The state that the next process finds: a session that ended in time is not over."""
        sources: list[PastSource] = []
        for source, origin in self._began.items():
            past = PastSource(
                source=source,
                origin=origin,
                confirmed=max(self.accounts[source].proved, origin),
                on_disk=tuple(self._runs.get(source, [])),
                gaps=tuple(gap for gap in self.lost if gap.source == source),
                told=tuple(self.told_runs.get(source, [])),
                held=tuple(each for each in self.held.values() if each.source == source),
                assumed=tuple((a.start, a.end) for a in self.assumed_runs if a.source == source),
                unmeasured=any(a.unmeasured for a in self.assumed_runs if a.source == source),
            )
            sources.append(past)
        return Past(tuple(sources), tuple(self.stored))

    def resumed(self, schedule: Schedule, policy: Policy, traits: Traits, past: Past) -> Ledger:
        """The ledger of the next process: reported events count, the rest is forgotten."""
        books = Ledger(schedule, policy, traits, claims=self.claims, resumes=True)
        books.told, books.delivered = list(self.lost), list(self.stored)
        books.given_up = self.given_up
        for source, start, end in () if self.claims else self.excused:  # it is sent again
            self.accounts[source].done[start:end] = bytes(end - start)
        books.inherited = {gap.cause for gap in self.lost}
        if self.claims:
            held = [each for source in past.sources for each in source.held]
            marks = {each.source: each.confirmed for each in past.sources}
            books.words = self.words.resumed(self.stored, held, marks)
            books.happened = books.words.happened
            for final in (*self.stored, *held):
                self.fill_done(final)
        for final in self.stored:  # stored, and perhaps never reported
            if not self.claims:
                source, spans = self.finals[final.text]
                self.accounts[source].says(spans, round(final.start * S), KILLED)
        for each in past.sources:
            account = books.accounts[each.source] = self.accounts[each.source]
            account.lost = bytearray(self.room)
            account.somewhere = [gap for gap in each.gaps if not gap.exact]
            known = [*each.on_disk]
            for gap in each.gaps:
                if gap.exact:
                    fill(account.lost, gap.start, gap.end)
                    known.append((gap.start, gap.end))
            known += each.told
            account.captured = max((end for _, end in known), default=each.origin)
            account.confirmed = each.confirmed
            assumed = sum(max(0, min(end, each.confirmed) - start) for start, end in each.assumed)
            books.assumed_before[each.source] = assumed
            books.happened["silence assumed before the kill"] += bool(assumed)
        return books


def kill_and_resume(
    seed: int,
    *,
    policy: Policy | None = None,
    speech: Speech = ECHO,
    connection: Callable[..., SessionMachine] = SessionMachine,
) -> Ledger | None:
    """Play a schedule with a disk, kill the process anywhere, resume; None if it stored nothing.

    The arguments are those of ``play``, with a seed instead of a schedule; so are the
    exceptions.
    """
    rng = Random(seed)
    dialect = speech.dialect
    check_scope(dialect, policy, assumes=True)
    dry_run_headers(dialect)
    traits = dialect.traits
    drawn = draw(seed, traits.sources)
    # A process that is killed behind the final message never has the words that follow it.
    schedule = replace(
        fitted(drawn, speech), disk=1000.0, disk_fails_at=None, disk_forgets=0.0, after=False
    )
    kill_at = rng.choice([rng.randint(0, 30), rng.randint(0, 300), 10_000])
    claims = claims_its_ends(speech, schedule.claims)
    own = policy or brisk(schedule, traits.lag)
    log = Log(schedule, own, traits, kill_at, claims=claims)
    line = Line(Simulation(schedule, log.policy, speech, log), connection=connection)
    log.core = line.core
    with contextlib.suppress(KilledError):
        line.run()
        log.close()
    past = log.past()
    if not past.sources:
        return None
    after = replace(
        fitted(draw(seed + 1, traits.sources), speech),
        sources=schedule.sources,
        voice=schedule.voice,
        claims=schedule.claims,
        disk=rng.choice([0.0, 1000.0]),
        disk_fails_at=None,
        disk_forgets=0.0,
        aborts_at=None,
        buffer=schedule.buffer,
        finish=200.0,
        give_up=None,
        after=False,
    )
    books = log.resumed(after, policy or brisk(after, traits.lag), traits, past)
    line = Line(Simulation(after, books.policy, speech, books), connection=connection, past=past)
    books.core = line.core
    line.run()
    books.close()
    ended = books.ended
    if (
        ended is not None
        and after.metrics
        and keeps_up(after)
        and (policy is None or calm(after, policy))
    ):
        before = {(gap.cause, gap.exact) for gap in log.lost}
        missing = {(gap.cause, gap.exact) for gap in ended.missing}
        withdrawn = {(GapCause.BACKEND, False)}  # by what this process had confirmed
        changed = (missing - before) | (before - missing - withdrawn)
        excused = unavoidable(after)
        lost = sorted({cause for cause, _ in changed} - excused)
        hold("no excuse", not lost, f"since the kill: {lost}")
    return books
