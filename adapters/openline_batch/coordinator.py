"""A batch from its recordings to its report: who is done, who is next, who is to be waited for.

Several coordinators may work on one spool, on one machine or on many. Each goes through the whole
list. A recording with an outcome is done; one that it can claim (``leases``) it hands to its crew;
for one that another coordinator has it waits, and takes it over if that one dies. So all of them
end with the same results.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from openline.text import os_reason
from openline_batch.files import decode, encode, is_of_one_place
from openline_batch.identity import identify
from openline_batch.known import Known
from openline_batch.leases import BEAT, Leases
from openline_batch.ledger import COMPLETE, FAILED, OPEN, Ledger, Outcome, outcome_of
from openline_batch.places import Places, Write
from openline_batch.recordings import Recording, shown
from openline_batch.standing import Item, Stop, View
from openline_batch.work import Job, Progress
from openline_fleet.engines.contract import Done, Event, Failed, Lost, Reported, Unit
from openline_fleet.engines.crew import Crew

#: Seconds between two looks at what other coordinators do.
_LOOK: Final = 1.0
#: Seconds without an acknowledgement after which that is said, as ``openline load`` does.
_UNANSWERED: Final = 3.0
_LOST: Final = "its transcript is lost, and the words that were kept as well"
_TO_END: Final = "Ctrl-C ends the batch, and the same command goes on"
#: So many recordings in a row that stay open say that the backend takes none, or the disk.
MOST_FAILURES: Final = 10


@dataclass(eq=False)
class Batch:
    """The recordings of a batch, on their way.

    ``place`` gives the wanted path of a transcript; ``write`` writes one, as a worker does.
    """

    recordings: Sequence[Recording]
    ledger: Ledger
    leases: Leases
    crew: Crew
    view: View
    place: Callable[[Recording, str], Path]
    write: Write
    stopped: Stop | None = None
    reason: str = ""  # of the stop
    items: list[Item] = field(init=False)

    def __post_init__(self) -> None:
        self.items = [Item(recording) for recording in self.recordings]
        self._by_key: dict[str, Item] = {}
        self._claimed: dict[str, Item] = {}
        self._held: deque[Item] = deque()  # what other coordinators have
        self._taken = set[str]()  # what they took over from us, while our workers were at it
        self._over = self._failures = 0  # recordings that are over; sessions that failed in a row
        self._has_noted = self._is_answered = False
        self._seconds = 0.0  # of recordings that are over, done in this run
        self._places = Places(self.ledger, self.place, self.write)
        outcomes = self.ledger.outcomes()
        self._known = Known(outcomes)
        self.ledger.sweep()
        self.leases.sweep({each.id for each in outcomes}.__contains__)

    async def run(self) -> None:
        """Have all recordings done. Raises EngineError, LedgerError, and OSError of the spool."""
        handing = asyncio.ensure_future(self._hand_out())
        following = asyncio.ensure_future(self._follow())
        counting = asyncio.ensure_future(self._count())
        tasks = {handing, following, counting}
        try:
            while not (handing.done() and following.done()):
                running = {task for task in tasks if not task.done()}
                done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            self._free(list(self._claimed.values()))
        for line in self._places.remarks():
            self.view.note(line)

    def stop(self, why: Stop, reason: str = "") -> None:
        """Begin nothing more; what is under way is finished.

        If it is drained, sessions that the backend has not taken are left to the next run.
        """
        if self.stopped is None:
            self.stopped, self.reason = why, reason
            self._free(self._by_key[unit.id] for unit in self.crew.drain())
            if why is Stop.DRAINED:
                self._leaving = asyncio.ensure_future(self._leave_unanswered())

    async def _leave_unanswered(self) -> None:
        for key, item in list(self._claimed.items()):
            if not item.is_acknowledged:
                await self.crew.cancel(key)

    async def cancel(self) -> None:
        """Leave what is under way to the next run."""
        await self.crew.cancel()

    # Handing out.

    async def _hand_out(self) -> None:
        """Go through all recordings until each has an outcome, or is in the hands of the crew."""
        left = deque(self.items)
        while self._goes_on():
            if not (left or self._held):
                if self.crew.is_idle:
                    self.crew.drain()
                    return
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.crew.idle(), _LOOK)
                continue
            if not left:
                self._note_others(self._held)
                await asyncio.sleep(_LOOK)
                left, self._held = self._held, left
            item = left.popleft()
            if await self._is_over(item):
                self._show()
            elif not await self._is_begun(item):
                self._held.append(item)

    def _note_others(self, held: Collection[Item]) -> None:
        """Say once for whom this one waits, when it has nothing else to do."""
        for item in () if self._has_noted else held:
            holder = "" if item.identity is None else self.leases.holder(item.identity.key)
            if holder and not self._has_noted:
                self._has_noted = True
                self.view.note(f"waiting for {len(held)} recordings that {holder} has")

    async def _is_over(self, item: Item) -> bool:
        """Whether a recording needs no session, or cannot have one."""
        if item.identity is None:
            twin = self._known.twin(item.recording)
            if twin is not None:
                self._leave_out(item, twin)
                return True
            try:
                known = self._known.outcome(item.recording)
                key = known.id if known is not None else await self._identified(item)
            except InterruptedError:
                return True
            except OSError as error:
                reason = os_reason(error) if error.errno is not None else str(error)
                name = item.recording.name
                self._settle(item, Outcome(id="", name=name, state=FAILED, reason=reason))
                return True
            if self._by_key.setdefault(key, item) is not item:
                self._leave_out(item, item.recording.name)
                return True
        else:
            known, key = None, item.identity.key
        found = known or self.ledger.outcome(key)
        return found is not None and await self._is_there(item, found)

    def _leave_out(self, item: Item, first: str) -> None:
        """A file that is in the batch already."""
        name = item.recording.name
        same = "listed twice" if first == name else f"the same file as {shown(first)}"
        self.items.remove(item)
        self.view.note(f"{shown(name)} is {same}, and done once")

    async def _is_there(self, item: Item, found: Outcome) -> bool:
        """Take in an outcome, with its transcript; False: it is lost, and so are the words."""
        try:
            there = await asyncio.to_thread(self._places.checked, item.recording, found)
        except OSError as error:
            where = shown(error.filename or self.ledger.root)
            reason = f"{where}: not written ({os_reason(error)})"
            there = replace(found, state=OPEN, reason=reason, transcript=None)
            if is_of_one_place(error):
                self.view.note(f"{shown(found.name)}: {OPEN}: {reason}")
            else:
                self.stop(Stop.UNSTORED, reason)
        if there is None and item.identity is None:
            try:
                self._by_key[await self._identified(item)] = item
            except InterruptedError:
                return True
            except OSError:  # it is gone, and cannot be done again
                self.view.note(f"{shown(found.name)}: {_LOST}; the recording is gone")
                there = replace(found, transcript=None)
        if there is None:
            return False
        item.outcome = there
        self._over += 1
        return True

    async def _identified(self, item: Item) -> str:
        """Its key. Raises OSError; InterruptedError: the batch was stopped meanwhile."""
        item.identity = await asyncio.to_thread(identify, item.recording, self._goes_on)
        return item.identity.key

    def _goes_on(self) -> bool:
        return self.stopped is None

    async def _is_begun(self, item: Item) -> bool:
        """Claim a recording and hand it to the crew; False if another coordinator has it."""
        assert item.identity is not None  # noqa: S101  # _is_over made it
        if not await self.crew.room():
            return True  # it was stopped meanwhile
        key = item.identity.key
        try:
            item.claim = self.leases.claim(key)
            transcript = self._places.take(item.recording, key)
        except OSError as error:
            self._free([item])
            self.stop(Stop.UNSTORED, f"{shown(self.ledger.claims)}: {os_reason(error)}")
            return True
        if item.claim is None:
            return False
        self._claimed[key] = item
        if (outcome := self.ledger.outcome(key)) is not None:
            if await self._is_there(item, outcome):  # since we looked
                self._release(item)
                return True
            self.view.note(f"{shown(outcome.name)}: {_LOST}: it is done again")
            self.ledger.forget(outcome)
        job = Job(recording=item.recording, identity=item.identity, transcript=str(transcript))
        await self.crew.add(Unit(key, encode(job)))
        return True

    # Following.

    async def _follow(self) -> None:
        async for event in self.crew.events():
            self._receive(event)

    def _receive(self, event: Event) -> None:
        match event:
            case Reported(_, key, data):
                self._hear(self._by_key[key], decode(data, Progress))
                self._show()
            case Done(_, key, data):
                self._settle(self._by_key[key], decode(data, Outcome))
            case Failed(_, key) if key in self._taken and self.stopped is None:
                self._wait_for_another(self._by_key[key])
            case Failed(_, key, reason, deadly):
                self._fail(self._by_key[key], reason, deadly=deadly)
            case Lost(worker, units, reason):
                what = f", and {len(units)} recordings with it" if units else ""
                self.view.note(f"worker {worker} was lost{what}: {reason}")
                for key in units if self.stopped is not None else ():
                    self._release(self._by_key[key])
            case _:
                pass

    def _hear(self, item: Item, told: Progress) -> None:
        """Take in a report; say once that the backend takes none of the first sessions."""
        item.confirmed = told.confirmed
        item.is_acknowledged = told.acknowledged
        self._is_answered |= told.acknowledged
        if not self._is_answered and told.waited >= _UNANSWERED:
            self._is_answered = True  # it is said once
            why = told.reason or "the backend does not answer"
            self.view.note(f"no session is connected after {told.waited:.0f} s: {why}; {_TO_END}")

    def _fail(self, item: Item, reason: str, *, deadly: bool) -> None:
        """A worker made no outcome of it. One that kills its workers is over."""
        assert item.identity is not None  # noqa: S101  # it was handed out
        state = FAILED if deadly else OPEN
        outcome = outcome_of(item.recording, item.identity, state, reason)
        self._settle(item, self.ledger.settle(outcome) if deadly else outcome)

    def _wait_for_another(self, item: Item) -> None:
        """Our worker has let go of it."""
        assert item.identity is not None  # noqa: S101  # it was handed out
        self._taken.discard(item.identity.key)
        item.confirmed = 0.0
        self._release(item)
        self._held.append(item)

    def _settle(self, item: Item, outcome: Outcome) -> None:
        item.outcome = outcome
        item.confirmed = 0.0
        self._release(item)
        self._over += 1
        self._seconds += outcome.seconds
        self._failures = self._failures + 1 if outcome.state == OPEN else 0
        if outcome.unstored:
            self.stop(Stop.UNSTORED, outcome.reason)
            # What is under way could not be stored either, and its spool is worth more.
            self._leaving = asyncio.ensure_future(self.crew.cancel())
        elif self._failures >= MOST_FAILURES:
            self.stop(Stop.REFUSED, outcome.reason)
        if outcome.state != COMPLETE and self.stopped is None:
            self.view.note(f"{shown(outcome.name)}: {outcome.state}: {outcome.reason}")
        self._show()

    def _show(self) -> None:
        confirmed = sum(each.confirmed for each in self._claimed.values())
        self.view.progress(self._seconds + confirmed, self._over, len(self._claimed))

    # Claims.

    async def _count(self) -> None:
        """Count on, and after a long sleep let go of what others have taken over."""
        while True:
            await asyncio.sleep(BEAT)
            self._show()
            if not self.leases.count():
                for item in list(self._claimed.values()):
                    if item.claim is not None and not self.leases.holds(item.claim):
                        self._taken.add(item.claim.key)
                        await self.crew.cancel(item.claim.key)

    def _free(self, items: Iterable[Item]) -> None:
        """Release those that we leave to others, as far as it goes; a signal may have come."""
        for item in items:
            with suppress(OSError):  # it is free all the same, once we are gone
                self._release(item)

    def _release(self, item: Item) -> None:
        claim, item.claim = item.claim, None
        if claim is not None:
            self._claimed.pop(claim.key, None)
            self.leases.release(claim)
