"""A load from its first caller to its last.

Callers begin when the plan has it, whether the earlier ones have been answered or not: a generator
that waits for a slow backend hides how slow it is. A probe of the event loop runs beside them, so
that the generator's own lateness is known (``own``). Once a second ``look`` is called; if it
returns True, the load ends before its time.

The end is proper: a caller stops when it has said all. ``stop`` has all of them stop at once, and
``abort`` drops them; both are safe in a signal handler of the loop. Which of these it was, or that
no caller got anywhere, is ``Result.ended_by``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

from openline_load.caller import Caller
from openline_load.figures import Call, Outcome
from openline_load.own import Own
from openline_load.plan import Plan, Turn
from openline_load.voice import now

#: Makes the caller of a call, which talks for its turn.
Make: TypeAlias = Callable[[Call, Turn], Caller]
#: Seconds between two turns of the probe.
_PROBE: Final = 0.05
_LOOK: Final = 1.0


class Ending(StrEnum):
    """Why a load ended."""

    FINISHED = "finished"  #: each caller had its time, and some at least ended as they should
    FAILED = "failed"  #: every caller ended by itself, and none as it should
    NEVER_ACKNOWLEDGED = "never_acknowledged"  #: as ``FAILED``, and no line was ever acknowledged
    INTERRUPTED = "interrupted"  #: ``stop``: those that talked finished properly, before their time
    ABORTED = "aborted"  #: ``abort``, or the task was cancelled: those that talked were dropped
    BOUND = "bound"  #: what looks had seen enough

    @property
    def is_early(self) -> bool:
        """Whether somebody ended it before its time."""
        return self in {Ending.INTERRUPTED, Ending.ABORTED}


@dataclass(slots=True)
class Result:
    """What a load has measured so far. Times are seconds on the clock of ``began_at``.

    ``ended_by``: None while it runs. ``cpu``: the part of one processor that the generator used.
    """

    plan: Plan
    own: Own
    calls: list[Call]
    began_at: float
    ended_at: float = 0.0
    cpu: float = 0.0
    ended_by: Ending | None = None
    live: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])

    @property
    def begun(self) -> list[Call]:
        """The callers that have begun."""
        return [call for call in self.calls if call.began_at is not None]

    @property
    def seconds(self) -> float:
        """How long it lasted."""
        return self.ended_at - self.began_at


class Load:
    """One load. ``look`` is asked once a second whether it is to end."""

    def __init__(
        self,
        plan: Plan,
        make: Make,
        own: Own,
        *,
        speed: float = 1.0,
        look: Callable[[Result], bool] | None = None,
    ) -> None:
        self._plan, self._make, self._own, self._speed = plan, make, own, speed
        self._look = look
        self._callers: set[Caller] = set()
        self._ending: asyncio.Event | None = None
        self._ended_by: Ending | None = None

    def stop(self) -> None:
        """No more callers begin, and those that talk finish properly."""
        self._end(Ending.INTERRUPTED)
        for caller in list(self._callers):
            caller.stop()

    def abort(self) -> None:
        """As ``stop``, but the callers end at once, and deliver nothing more."""
        self._drop(Ending.ABORTED)

    async def run(self) -> Result:
        """Carry it out."""
        start = now()
        self._ending = asyncio.Event()
        turns = self._plan.turns
        calls = [Call(n, start + turn.start, self._speed) for n, turn in enumerate(turns, 1)]
        result = Result(self._plan, self._own, calls, start)
        busy = time.process_time()
        probing = asyncio.create_task(self._probe())
        looking = asyncio.create_task(self._watch(result))
        try:
            async with asyncio.TaskGroup() as group:
                await self._begin(calls, turns, group)
        except BaseException:
            self._ended_by = Ending.ABORTED
            raise
        finally:
            for task in (probing, looking):
                task.cancel()
            await asyncio.wait([probing, looking])
            result.ended_at = now()
            result.cpu = (time.process_time() - busy) / max(1e-9, result.seconds)
            for call in result.begun:
                call.interrupted(result.ended_at)
            result.ended_by = self._ended_by or _ending(result.begun)
        if not looking.cancelled():
            looking.result()  # a bug in what looks
        return result

    def _end(self, ended_by: Ending) -> None:
        """No more callers begin. Of several reasons the first counts, but for an abort."""
        if self._ended_by is None or ended_by is Ending.ABORTED:
            self._ended_by = ended_by
        if self._ending is not None:
            self._ending.set()

    def _drop(self, ended_by: Ending) -> None:
        self._end(ended_by)
        for caller in list(self._callers):
            caller.abort()

    async def _begin(
        self, calls: Sequence[Call], turns: Sequence[Turn], group: asyncio.TaskGroup
    ) -> None:
        assert self._ending is not None  # noqa: S101  # set in ``run``
        for call, turn in zip(calls, turns, strict=True):
            wait = call.due - now()
            if wait > 0:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._ending.wait(), wait)
            if self._ended_by is not None:
                return
            self._own.turn(call.due, now())
            caller = self._make(call, turn)
            self._callers.add(caller)
            group.create_task(self._call(caller))
            await asyncio.sleep(0)  # it begins now, not when all have been made

    async def _call(self, caller: Caller) -> None:
        try:
            await caller.run()
        finally:
            self._callers.discard(caller)

    async def _probe(self) -> None:
        due = now()
        while True:
            due += _PROBE
            await asyncio.sleep(max(0.0, due - now()))
            at = now()
            self._own.turn(due, at)
            if at - due > _PROBE:  # the turns that were missed are in this one's lateness
                due = at

    async def _watch(self, result: Result) -> None:
        due = now()
        while True:
            due += _LOOK
            await asyncio.sleep(max(0.0, due - now()))
            result.live.append((now(), sum(call.is_live for call in result.calls)))
            result.ended_at = now()
            if self._look is not None and self._look(result) and self._ended_by is None:
                self._drop(Ending.BOUND)


def _ending(calls: Sequence[Call]) -> Ending:
    """How a load ended of which all callers ended by themselves."""
    if any(call.outcome is not Outcome.INCOMPLETE for call in calls):
        return Ending.FINISHED
    if any(call.acked_at is not None for call in calls):
        return Ending.FAILED
    return Ending.NEVER_ACKNOWLEDGED
