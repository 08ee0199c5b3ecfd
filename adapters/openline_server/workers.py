"""Worker processes for recognition: a bounded pool that serves finals before partials.

Recognisers hold the interpreter's lock for longer than an event loop can bear, and they
crash. So they run in processes (trio-parallel), one job each at a time. A job that takes
too long, or whose session is gone, is ended by killing its process; the next job gets a
new one. A crashed process takes its job with it: the job is tried once more, on a new
process, before it counts as failed.

Finals take turns. Partials take turns among themselves, so that under load every source
keeps some, but only with processes beyond the one reserved for finals, and never while a
final waits. Workers run at a lower priority than the event loop, whose work is more urgent
and much smaller.
"""

from __future__ import annotations

import importlib
import logging
import os
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from math import inf
from typing import Final, Protocol, TypeVar, cast

import trio

from openline_server.recognizer import Question, RecognizerError

log: Final = logging.getLogger(__name__)

T = TypeVar("T")
#: A process that takes longer hangs. A segment of 11 s takes about 1 s of a processor, and on a
#: machine that has much else to do a process gets a tenth of one, and less with a low priority.
_JOB_SECONDS: Final = 60.0
_NICE: Final = 5
#: Seconds that a process has to end by itself. One that is still loading a model on a busy machine
#: needs most of them.
_GRACE: Final = 10.0
#: After this many failed jobs in a row the recogniser is reported as unavailable.
_HOPELESS: Final = 3


class Processes(Protocol):
    """The part of ``trio_parallel.WorkerContext`` that is used."""

    async def run_sync(
        self,
        sync_fn: Callable[..., T],
        *args: object,
        kill_on_cancel: bool,
        limiter: trio.CapacityLimiter,
    ) -> T:
        """Run a function in a process that is free, or in a new one."""
        ...


class Turns:
    """The queue for ``size`` processes: finals in order, then partials in order."""

    def __init__(self, size: int) -> None:
        """All are free; with more than one, one is reserved for finals."""
        self._free = size
        self._reserve = 1 if size > 1 else 0
        self._finals: deque[Question] = deque()
        self._partials: deque[Question] = deque()

    async def enter(self, question: Question) -> bool:
        """Wait for a process; False if the question was withdrawn meanwhile."""
        waiting = self._finals if question.segment.final else self._partials
        waiting.append(question)
        self._serve()
        try:
            entered = await question.turn()
        except trio.Cancelled:
            if question.asked:
                self.leave()
            else:
                waiting.remove(question)
            raise
        if not entered:
            waiting.remove(question)
        return entered

    def leave(self) -> None:
        """Give a process back."""
        self._free += 1
        self._serve()

    def _serve(self) -> None:
        for waiting, least in ((self._finals, 0), (self._partials, self._reserve)):
            for question in list(waiting):
                if self._free > least and question.grant():
                    waiting.remove(question)
                    self._free -= 1


class Pool:
    """Runs recognition jobs."""

    def __init__(self, processes: Processes, size: int, broken: type[Exception]) -> None:
        """``broken`` is the error of ``processes`` when one of them dies."""
        self._processes, self._broken = processes, broken
        self.size = size
        self._limiter = trio.CapacityLimiter(size)
        self._turns = Turns(size)
        self._failures = 0

    @property
    def available(self) -> bool:
        """Whether jobs succeed."""
        return self._failures < _HOPELESS

    async def warm_up(self, load: Callable[..., None], *args: object) -> None:
        """Run ``load`` once in every process; its exception is raised here."""
        failures: list[Exception] = []

        async def one() -> None:
            try:
                await self._processes.run_sync(
                    load, *args, kill_on_cancel=True, limiter=self._limiter
                )
            except Exception as error:  # noqa: BLE001  # raised below, out of the nursery
                failures.append(error)

        async with trio.open_nursery() as nursery:
            for _ in range(self.size):
                nursery.start_soon(one)
        if failures:
            raise failures[0]

    async def run(self, job: Callable[..., T], question: Question, *args: object) -> T | None:
        """``job(pcm, final, *args)`` in a process; None if the question was withdrawn.

        Raises RecognizerError if it failed.
        """
        if not await self._turns.enter(question):
            return None
        try:
            result = await self._run(job, question.segment.pcm, question.segment.final, *args)
        except RecognizerError:
            self._failures += 1
            raise
        else:
            self._failures = 0
            return result
        finally:
            self._turns.leave()

    async def _run(self, job: Callable[..., T], *args: object) -> T:
        for last in (False, True):
            try:
                with trio.fail_after(_JOB_SECONDS):
                    return await self._processes.run_sync(
                        job, *args, kill_on_cancel=True, limiter=self._limiter
                    )
            except trio.TooSlowError:
                raise RecognizerError(f"no answer within {_JOB_SECONDS:g} s") from None
            except self._broken as error:
                log.warning("a recognition process died: %s", error.args[0])
                if last:
                    raise RecognizerError("the recognition process died twice") from None
            except Exception as error:
                raise RecognizerError(f"recognition failed: {error}") from error
        raise AssertionError("unreachable")


def be_nice() -> None:
    """Let the event loop go first (runs in a worker)."""
    os.nice(_NICE)


@asynccontextmanager
async def open_pool(size: int | None) -> AsyncGenerator[Pool]:
    """A pool of ``size`` processes (None: one per processor), which end with it.

    A process that does not end in time is killed, which is only logged: what the block raised
    is raised all the same.
    """
    trio_parallel = importlib.import_module("trio_parallel")
    broken = cast("type[Exception]", trio_parallel.BrokenWorkerError)
    raised: Exception | None = None
    try:
        async with trio_parallel.open_worker_context(
            idle_timeout=inf, init=be_nice, grace_period=_GRACE
        ) as processes:
            try:
                yield Pool(cast("Processes", processes), size or os.cpu_count() or 1, broken)
            except Exception as error:
                raised = error
                raise
    except broken as error:
        log.warning("a recognition process did not end by itself: %s", error.args[0])
        if raised is not None:
            raise raised from None
