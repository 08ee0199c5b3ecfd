"""The theorem: nothing is lost silently and nothing is finalised twice, whatever happens.

Given a backend that keeps A1-A4 (``ideal``), per source [origin, captured) is partitioned
exactly into what the backend dealt with and Gaps; delivered finals never overlap; no
sample lies in two of them; each one stands where its words were spoken, to the sample.
``Books`` is told what really became of every sample, and holds the session to that.

Many more schedules than a test can wait for: from ``tests``,
``python -m properties.test_theorem --schedules 1000000 --seed 1``.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

import openline
from openline import events as e
from openline.commands import (
    Command,
    DiscardStore,
    FetchAudio,
    Report,
    StoreAudio,
    StoreFinal,
    StoreGap,
    StoreProof,
)
from openline.connection import Connection, PastSource
from openline.messages import SAMPLE_RATE as S
from openline.messages import (
    Ended,
    Gap,
    GapCause,
    PartialRetracted,
    State,
    StateChanged,
    Transcript,
    Update,
)
from openline.outbox import FETCH
from openline.window import WINDOW

from .ideal import HORIZON, Fault, Line, Past, Schedule, Voice, draw

SPEAKING = {State.STREAMING, State.FINISHING}
OVER = {State.CLOSED, State.FAILED}
#: What a spool that works never lets happen.
NOT_WITH_A_SPOOL = {GapCause.OVERFLOW, GapCause.UNPROVEN, GapCause.SPOOL}
#: What is missing at the end of a process and may still be sent by the next.
AT_THE_END = {GapCause.UNDELIVERED, GapCause.UNCONFIRMED}


class Account:
    """What became of one source's samples, one mark for each."""

    def __init__(self, origin: int, room: int) -> None:
        self.origin = self.captured = origin
        self.confirmed = origin
        self.checked = origin
        self.said_until = 0  # end of the last final that was delivered
        self.stored_until = -1
        self.proved = -1
        self.holes = bytearray(room)
        self.said = bytearray(room)  # lies in a final that was delivered
        self.done = bytearray(room)  # said, or discarded as silence on some dial
        self.dropped = bytearray(room)  # by the backend, on some dial
        self.lost = bytearray(room)  # lies in an exact gap that was told
        self.somewhere: list[Gap] = []

    def unaccounted(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The runs in [start, end) of which only a gap without a place may say what became."""
        at = start
        while (at := self.done.find(0, at, end)) >= 0:
            if self.lost[at]:
                until = self.lost.find(0, at, end)
            else:
                ends = [marks.find(1, at, end) for marks in (self.done, self.lost)]
                until = min((each for each in ends if each >= 0), default=end)
                yield at, until
            if until < 0:
                return
            at = until

    def somewhere_lost(self, start: int, end: int) -> bool:
        """Whether all of [start, end) lies where something was lost that has no place."""
        for gap in sorted(self.somewhere, key=lambda gap: gap.start):
            if gap.start <= start:
                start = max(start, gap.end)
        return start >= end


def fill(marks: bytearray, start: int, end: int) -> None:
    marks[start:end] = b"\1" * (end - start)


class Books:
    """A ledger that believes nothing."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        #: More samples than any source has.
        self.room = S + max(
            round((v.starts + v.seconds) * S) + 2 * v.chunk + sum(v.holes) for v in schedule.voices
        )
        self.accounts: dict[str, Account] = {}
        self.refused = 0
        self.drops = 0
        self.finals: dict[str, tuple[str, list[tuple[int, int]]]] = {}
        self.delivered: list[Transcript] = []
        self.partials: set[str] = set()
        self.state = State.IDLE
        self.ended: Ended | None = None
        self.told: list[Gap] = []
        self.inherited: set[GapCause] = set()
        self.coming: str | None = None  # the final that is arriving now
        self.line: Line

    # What really happens.

    def captured(self, source: str, start: int, end: int) -> None:
        if source not in self.accounts:
            self.accounts[source] = Account(start, self.room)
        self.accounts[source].captured = end

    def accepted_none(self, samples: int) -> None:
        self.refused += samples

    def hole(self, source: str, start: int, end: int) -> None:
        account = self.accounts[source]
        account.captured = end
        fill(account.holes, start, end)

    def dropped(self, source: str, spans: list[tuple[int, int]]) -> None:
        for start, end in spans:
            self.drops += end - start
            fill(self.accounts[source].dropped, start, end)

    def discarded(self, source: str, spans: list[tuple[int, int]]) -> None:
        for start, end in spans:
            fill(self.accounts[source].done, start, end)

    def finalised(self, key: str, source: str, spans: list[tuple[int, int]]) -> None:
        self.finals[key] = source, spans

    def arrives(self, key: str, source: str, final: bool) -> None:
        if final:
            self.coming = key

    # What the connection makes of it.

    def commanded(self, event: e.Event, commands: list[Command]) -> None:
        for command in commands:
            self.obeys(command)
        self.coming = None
        if self.state not in SPEAKING | {State.CLOSING}:
            assert not self.partials, "a partial outlived its dial"
        if isinstance(event, e.AudioCaptured | e.AudioFetched):
            self._memory_is_bounded()

    def obeys(self, command: Command) -> None:
        """One command is carried out."""
        match command:
            case Report(update):
                assert self.ended is None, f"{update} after the end"
                self._told(update)
            case StoreAudio(source, start, pcm):
                account = self.accounts[source]
                assert start >= account.stored_until, "stored twice"
                account.stored_until = start + len(pcm) // 2
            case StoreProof(source, position):
                assert position >= self.accounts[source].proved, "a proof taken back"
                self.accounts[source].proved = position
            case FetchAudio(source, start, _):
                assert start >= self.accounts[source].proved, "fetched what was proved"
            case _:
                pass

    def _memory_is_bounded(self) -> None:
        limit = round(self.schedule.buffer * S)
        for stream in self.line.core._link.streams.all:  # pyright: ignore[reportPrivateUsage]
            fetched = max(limit // 2, HORIZON + WINDOW) + FETCH
            bound = max(limit, fetched) if self.schedule.disk else limit
            assert stream.box.buffered <= bound, "too much is kept in memory"

    def _told(self, update: Update) -> None:
        match update:
            case StateChanged(state=state):
                if self.state in SPEAKING and state not in SPEAKING:
                    self.check_confirmed()
                self.state = state
            case Transcript():
                if update.final:
                    assert update.text == self.coming, "words that nobody said just now"
                    self._says(update)
                else:
                    self.partials.add(update.source)
            case PartialRetracted(source=source):
                self.partials.remove(source)
            case Gap():
                self.told.append(update)
                self._loses(update)
            case Ended():
                self.ended = update
            case _:
                pass

    def _says(self, final: Transcript) -> None:
        """Where it stands is where its words were spoken, less what was final before."""
        self.partials.discard(final.source)
        source, spans = self.finals[final.text]
        account = self.accounts[source]
        start, end = round(final.start * S), round(final.end * S)
        exact = abs(final.start * S - start) + abs(final.end * S - end)
        assert exact < 1e-6, "not a whole sample"
        assert final.source == source
        assert account.said_until <= start <= end, "finals overlap, or are out of order"
        account.said_until = end
        if spans:
            assert end >= spans[-1][1], "the end of a final is cut off"
            if not account.somewhere:
                assert end == spans[-1][1], "a final ends where its words do not"
                assert start == max(spans[0][0], account.confirmed), "a final begins elsewhere"
        for a, b in spans:
            low = max(a, start)
            assert account.said.find(1, low, b) < 0, "a sample lies in two finals"
            assert account.lost.find(1, low, b) < 0, "a sample was lost, and then said"
            fill(account.said, low, b)
            # Behind a drop its words were said, wherever they are thought to lie.
            fill(account.done, a if account.somewhere else low, b)
        account.confirmed = max(account.confirmed, end)
        self.delivered.append(final)

    def _loses(self, gap: Gap) -> None:
        account = self.accounts[gap.source]
        assert account.origin <= gap.start <= gap.end <= account.captured
        if not gap.exact:
            assert gap.cause is GapCause.BACKEND
            assert 0 < gap.samples <= gap.end - gap.start
            account.somewhere.append(gap)
            return
        assert gap.samples == gap.end - gap.start > 0
        assert account.lost.find(1, gap.start, gap.end) < 0, "lost twice"
        assert account.said.find(1, gap.start, gap.end) < 0, "said, and then lost"
        heard = account.holes.find(0, gap.start, gap.end) >= 0
        assert heard == (gap.cause is not GapCause.CAPTURE), "a hole is what was not heard"
        fill(account.lost, gap.start, gap.end)

    def check_confirmed(self) -> None:
        """A dial is over: what it confirmed was really dealt with."""
        for source, stats in self.line.core.statistics.sources.items():
            account = self.accounts[source]
            confirmed = account.origin + stats.confirmed
            assert confirmed >= account.confirmed
            account.confirmed = confirmed
            # A hole is told when the sender next pulls.
            for start, end in account.unaccounted(account.checked, confirmed):
                heard = account.holes.find(0, start, end) >= 0
                assert not heard or account.somewhere_lost(start, end), (
                    f"{source}: [{start}, {end}) is confirmed and nobody dealt with it"
                )
            account.checked = confirmed

    # The end.

    def close(self) -> None:
        ended = self.ended
        assert ended is not None, "it never ended"
        assert ended.complete == (not ended.missing)
        assert self.line.core.statistics.refused_samples == self.refused
        assert list(ended.transcript) == sorted(self.delivered, key=lambda t: (t.start, t.end))
        told, missing = Counter[Any](), Counter[Any]()
        for gaps, count in ((self.told, told), (ended.missing, missing)):
            for gap in gaps:
                count[gap.source, gap.cause, gap.exact] += gap.samples
        assert told == missing, "what is missing is what was told"
        for source, account in self.accounts.items():
            assert account.captured <= self.room
            stats = ended.statistics.sources.get(source)
            if stats is None:  # it began when all was over
                assert account.captured == account.origin
                continue
            assert account.origin + stats.captured == account.captured
            hidden = 0
            for start, end in account.unaccounted(account.origin, account.captured):
                assert account.somewhere_lost(start, end), (
                    f"{source}: [{start}, {end}) is lost in silence"
                )
                hidden += end - start
            told_of = sum(gap.samples for gap in account.somewhere)
            assert hidden <= told_of, f"{source}: {hidden} lost, {told_of} told of"
        self._what_must_not_be_missing(ended)

    def _what_must_not_be_missing(self, ended: Ended) -> None:
        schedule = self.schedule
        causes = {gap.cause for gap in ended.missing}
        if schedule.disk > 100 and schedule.disk_fails_at is None and not schedule.disk_forgets:
            assert not causes & NOT_WITH_A_SPOOL, "lost although there was a disk"
        if keeps_up(schedule):
            assert not self.drops, "the backend was made to drop"
        if calm(schedule):
            assert causes <= {GapCause.CAPTURE} | self.inherited, (
                f"missing: {ended.missing}, {ended.reason}"
            )


def calm(schedule: Schedule) -> bool:
    """Whether nothing that happens excuses a loss: faults end and memory holds them."""
    return (
        schedule.aborts_at is None
        and schedule.buffer >= 60
        and schedule.finish >= 200
        and schedule.give_up is None
        and schedule.disk_fails_at is None
        and not schedule.disk_forgets
        and keeps_up(schedule)
    )


def keeps_up(schedule: Schedule) -> bool:
    """Whether the backend always takes what it is sent: at once, or twice as fast as it is
    spoken if it says each second how far it has come.
    """
    kinds = {fault.kind for fault in schedule.faults}
    if not schedule.rate:  # what it could not drain while it was frozen it drains at once
        return "pause" not in kinds
    told = 0 < schedule.metrics <= 1
    return schedule.rate >= 2 and told and not kinds & {"pause", "freeze"}


def play(schedule: Schedule, connection: type[Connection] = Connection) -> Books:
    """Play one schedule to its end and hold it to the theorem."""
    books = Books(schedule)
    line = books.line = Line(schedule, books, connection=connection)
    line.run()
    books.close()
    return books


# A process is killed, and another one takes up what it left.


class KilledError(Exception):
    """The process is no more."""


class Log(Books):
    """Keeps what an adapter keeps on disk, until it is killed between two commands."""

    def __init__(self, schedule: Schedule, dies_after: int) -> None:
        super().__init__(schedule)
        self.dies_after = dies_after
        self.began: dict[str, int] = {}
        self.runs: dict[str, list[tuple[int, int]]] = {}
        self.said: list[Transcript] = []
        self.lost: list[Gap] = []
        self.discarded_all = False

    def obeys(self, command: Command) -> None:
        if not self.dies_after:
            raise KilledError
        self.dies_after -= 1
        super().obeys(command)
        match command:
            case StoreProof(source, position):
                self.began.setdefault(source, position)
            case StoreAudio(source, start, pcm):
                self.runs.setdefault(source, []).append((start, start + len(pcm) // 2))
            case StoreFinal(transcript):
                assert transcript not in self.said, "noted twice"
                self.said.append(transcript)
            case StoreGap(gap):
                self.lost.append(gap)
            case DiscardStore():
                assert self.ended is not None
                self.discarded_all = True
            case _:
                pass

    def close(self) -> None:
        super().close()
        assert self.ended is not None
        late = any(gap.cause in AT_THE_END for gap in self.ended.missing)
        assert self.discarded_all == (self.ended.state is State.CLOSED and not late)

    def past(self) -> Past:
        """What the next process finds: a session that ended in time is not over."""
        sources: list[PastSource] = []
        for source, origin in self.began.items():
            finals = [round(t.end * S) for t in self.said if t.source == source]
            past = PastSource(
                source=source,
                origin=origin,
                confirmed=max(self.accounts[source].proved, *finals, origin),
                on_disk=tuple(self.runs.get(source, [])),
                gaps=tuple(gap for gap in self.lost if gap.source == source),
            )
            sources.append(past)
        return Past(sources=tuple(sources), transcript=tuple(self.said))

    def resumed(self, schedule: Schedule, past: Past) -> Books:
        """The books of the next process: what was told was told, the rest is forgotten."""
        books = Books(schedule)
        books.told, books.delivered = list(self.lost), list(self.said)
        books.inherited = {gap.cause for gap in self.lost}
        for final in self.said:  # noted, and perhaps not told any more
            source, spans = self.finals[final.text]
            for start, end in spans:
                fill(self.accounts[source].said, max(start, round(final.start * S)), end)
                fill(self.accounts[source].done, max(start, round(final.start * S)), end)
        for each in past.sources:
            account = books.accounts[each.source] = self.accounts[each.source]
            account.lost = bytearray(self.room)
            account.somewhere = [gap for gap in each.gaps if not gap.exact]
            known = [*each.on_disk]
            for gap in each.gaps:
                if gap.exact:
                    fill(account.lost, gap.start, gap.end)
                    known.append((gap.start, gap.end))
            account.captured = max((end for _, end in known), default=each.origin)
            account.confirmed = each.confirmed
            account.checked = each.origin
        return books


def kill_and_resume(seed: int) -> Books | None:
    """Play a schedule with a disk, kill it anywhere, take it up; None if it began nothing."""
    rng = Random(seed)
    schedule = replace(draw(seed), disk=1000.0, disk_fails_at=None, disk_forgets=0.0)
    log = Log(schedule, rng.choice([rng.randint(0, 30), rng.randint(0, 300), 10_000]))
    line = log.line = Line(schedule, log)
    with contextlib.suppress(KilledError):
        line.run()
        log.close()
    past = log.past()
    if not past.sources:
        return None
    after = replace(
        draw(seed + 1),
        voices=schedule.voices,
        disk=rng.choice([0.0, 1000.0]),
        disk_fails_at=None,
        disk_forgets=0.0,
        aborts_at=None,
        buffer=schedule.buffer,
        finish=200.0,
        give_up=None,
    )
    books = log.resumed(after, past)
    before = {(gap.cause, gap.exact) for gap in log.lost}
    line = books.line = Line(after, books, past=past)
    line.run()
    books.close()
    assert books.ended is not None
    missing = {(gap.cause, gap.exact) for gap in books.ended.missing}
    if keeps_up(after):
        assert missing == before, f"missing since the kill: {missing - before}"
    return books


# Failures, made small.


def complaint(schedule: Schedule) -> str | None:
    """What is wrong with how a schedule went."""
    return _complaint(partial(play, schedule))


def _complaint(what: Callable[[], object]) -> str | None:
    try:
        what()
    except Exception:  # noqa: BLE001 - whatever it is, it is what we look for
        return traceback.format_exc()
    return None


def simpler(schedule: Schedule) -> Iterator[Schedule]:
    """The schedule with one thing less."""
    for name in ("faults", "dials", "voices"):
        several: tuple[Any, ...] = getattr(schedule, name)
        for i in range(len(several)):
            fewer = several[:i] + several[i + 1 :]
            if fewer or name != "voices":
                less: dict[str, Any] = {name: fewer}
                yield replace(schedule, **less)
    calmest = Schedule()
    for field in fields(Schedule):
        if field.name not in {"seed", "voices", "faults", "dials"}:
            yield replace(schedule, **{field.name: getattr(calmest, field.name)})
    for i, voice in enumerate(schedule.voices):
        plain = Voice(name=voice.name)
        shorter = replace(voice, seconds=round(voice.seconds / 2, 2))
        tries = [replace(voice, **{f.name: getattr(plain, f.name)}) for f in fields(Voice)]
        for each in (shorter, *tries):
            yield replace(schedule, voices=(*schedule.voices[:i], each, *schedule.voices[i + 1 :]))
    for i, fault in enumerate(schedule.faults):
        for digits in (0, 1, 2):
            rounder = Fault(
                at=round(fault.at, digits),
                kind=fault.kind,
                seconds=round(fault.seconds, digits),
                size=fault.size,
            )
            others = schedule.faults[:i], schedule.faults[i + 1 :]
            yield replace(schedule, faults=(*others[0], rounder, *others[1]))


def weight(schedule: Schedule) -> tuple[int, float]:
    return len(repr(schedule)), sum(voice.seconds for voice in schedule.voices)


def shrunk(schedule: Schedule) -> Schedule:
    """The smallest schedule found that still goes wrong."""
    smaller = True
    while smaller:
        smaller = False
        for each in simpler(schedule):
            if weight(each) < weight(schedule) and complaint(each):
                schedule, smaller = each, True
                break
    return schedule


def play_many(first: int, count: int) -> int:
    """Play the schedules of these seeds, and kill every twentieth; the number of failures."""
    failures = 0
    for seed in range(first, first + count):
        killed = _complaint(partial(kill_and_resume, seed)) if seed % 20 == 0 else None
        if killed:
            print(f"seed {seed}, killed and resumed:\n{killed}", flush=True)
        alive = complaint(draw(seed))
        if alive:
            least = shrunk(draw(seed))
            print(f"seed {seed}: {least!r}\n{complaint(least)}", flush=True)
        failures += bool(killed or alive)
        if failures == 5:
            break
    return failures


def workers(count: int, first: int, schedules: int) -> list[subprocess.Popen[str]]:
    """Processes that share the schedules; nobody measures their coverage."""
    share = -(-schedules // count)
    env = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE")}
    env["PYTHONPATH"] = str(Path(openline.__file__).parents[1])
    here = Path(__file__).parents[1]
    command = [sys.executable, "-m", "properties.test_theorem", "--worker"]
    return [
        subprocess.Popen(
            [*command, "--schedules", str(share), "--seed", str(first + i * share)],
            cwd=here,
            env=env,
            stdout=subprocess.PIPE,
            text=True,
        )
        for i in range(count)
    ]


def main() -> None:
    """The soak."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--schedules", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    parser.add_argument("--worker", action="store_true", help="be one process, not many")
    options = parser.parse_args()
    if options.worker:
        sys.exit(play_many(options.seed, options.schedules) > 0)
    begun = time.monotonic()
    running = workers(os.cpu_count() or 1, options.seed, options.schedules)
    said = [process.communicate()[0] for process in running]
    print(*filter(None, said), sep="\n", end="")
    took = time.monotonic() - begun
    print(f"{options.schedules} schedules in {took:.0f} s: {options.schedules / took:.0f}/s")
    sys.exit(any(process.returncode for process in running))


# The tests.


@pytest.mark.parametrize("block", range(10))
def test_the_theorem_in_this_process(block: int) -> None:
    for seed in range(1_000_000 + block * 30, 1_000_000 + (block + 1) * 30):
        play(draw(seed))


def test_the_theorem_for_many_schedules() -> None:
    """20,000 in the CI; fewer where somebody waits for it."""
    running = workers(2, 0, 20_000 if os.environ.get("CI") else 4_000)
    said = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0, 0], "\n".join(said)


@pytest.mark.parametrize("block", range(10))
def test_a_session_that_is_killed_at_any_moment_is_taken_up_again(block: int) -> None:
    for seed in range(block * 30, (block + 1) * 30):
        kill_and_resume(seed)


def test_the_schedules_are_worth_playing() -> None:
    """Every way to lose audio, and to save it, is among the first of them."""
    seen = Counter[str]()
    for seed in range(500):
        books = play(draw(seed))
        ended = books.ended
        assert ended is not None
        seen.update({gap.cause.value for gap in ended.missing})
        seen[ended.state] += 1
        seen["complete after a loss"] += ended.complete and ended.statistics.dials > 1
        seen["calm"] += calm(books.schedule)
        seen["the backend dropped"] += books.drops > 0
        seen["a source stalled"] += bool(books.line.closed)
    assert {cause.value for cause in GapCause} <= set(seen)
    rare = ("complete after a loss", "calm", "failed", "the backend dropped", "a source stalled")
    assert min(seen[name] for name in rare) >= 10, seen


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))  # it shares the counter of tests
    from tests import support_counts

    support_counts.begin()
    main()
