"""What an engine has to do, and all that passes between it and whoever uses it.

An engine is the mechanism alone: it runs workers somewhere, hands units of work to them and streams
back what they report. It decides nothing. Which worker gets which unit, what becomes of the units
of a lost worker, when another one is started: ``rota`` decides that, the same for every engine.

A worker runs one function, named ``module:name`` (``Duty.function``), so that it can be found in
another process or on another machine. It is called once, with the duty's ``setup`` and the worker's
``Share``, and returns an async context manager whose value performs one unit:

    @asynccontextmanager
    async def work(setup: bytes, share: Share) -> AsyncGenerator[Perform]:
        async def perform(unit: Unit, report: Report) -> bytes:
            await report(b"half of it")
            return b"the result"

        yield perform

The laws of the contract, which ``tests/fleet/engine_laws.py`` plays on each engine:

1. ``start(number, share)`` leads to one ``Started`` or one ``Lost`` of that worker.
2. A unit that was handed to a worker leads to its reports, in their order, and then to one of
   ``Done``, ``Failed``, or a ``Lost`` that names it. Nothing of it comes after that.
3. A worker that is gone for whatever reason, a SIGKILL too, is told as ``Lost``, with exactly those
   of its units that are neither done nor failed. It is told once; a unit that is handed over
   after that is told by another ``Lost``, which names it alone.
4. ``drain(number)`` lets a worker finish what it has, and ends it: ``Ended``, without a loss.
5. ``stop`` ends all workers at once and leaves none behind; so does the death of the process that
   the engine lives in. What a worker does then is cancelled, as a task is.
6. A worker whose reports nobody reads waits: ``report`` is back pressure.

All data are bytes, which an engine passes on as they are. A ``setup`` may hold a secret: no
``repr`` shows it, and no engine logs it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from typing import Protocol, TypeAlias, cast

import msgspec


class EngineError(Exception):
    """An engine cannot work; the text is one line: what is wrong, what to do."""


class Unit(msgspec.Struct, frozen=True):
    """One piece of work. ``id`` is unique among those that are under way."""

    id: str
    payload: bytes = b""

    def __repr__(self) -> str:
        return f"Unit({self.id!r}, {len(self.payload)} bytes)"


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A worker's part of the dial rate: what its ``WorkerGate`` lets through.

    It dials at most ``dials_per_minute``, each at least ``interval`` seconds after the one before,
    and the first no earlier than ``first_after`` seconds after the worker has started. ``seat``
    counts from 0; a worker that replaces a lost one has its seat.
    """

    seat: int
    dials_per_minute: int
    first_after: float = 0.0

    @property
    def interval(self) -> float:
        """Seconds between two dials."""
        return 60.0 / self.dials_per_minute

    @property
    def of_replacement(self) -> Share:
        """The share of a worker that takes over the seat of one that may just have dialled."""
        return msgspec.structs.replace(self, first_after=self.interval)


class Duty(msgspec.Struct, frozen=True):
    """What every worker does. ``function`` is ``module:name``; ``setup`` may hold a secret."""

    function: str
    setup: bytes = b""

    def __repr__(self) -> str:
        return f"Duty({self.function!r})"


class Started(msgspec.Struct, frozen=True, tag=True):
    """The worker takes units."""

    worker: int


class Reported(msgspec.Struct, frozen=True, tag=True):
    """A unit reported ``data``."""

    worker: int
    unit: str
    data: bytes


class Done(msgspec.Struct, frozen=True, tag=True):
    """A unit returned ``data``."""

    worker: int
    unit: str
    data: bytes


class Failed(msgspec.Struct, frozen=True, tag=True):
    """A unit raised; ``reason`` is one line. The worker goes on.

    ``deadly``: no worker told it, for each died with the unit (``rota``).
    """

    worker: int
    unit: str
    reason: str
    deadly: bool = False


class Ended(msgspec.Struct, frozen=True, tag=True):
    """The worker was drained, and is gone."""

    worker: int


class Lost(msgspec.Struct, frozen=True, tag=True):
    """The worker is gone, and ``units`` with it; ``reason`` is one line."""

    worker: int
    units: tuple[str, ...]
    reason: str


Event: TypeAlias = Started | Reported | Done | Failed | Ended | Lost
#: Reports something of a unit, and waits while nobody reads.
Report: TypeAlias = Callable[[bytes], Awaitable[None]]
#: Performs a unit and returns its result; what it raises is told as ``Failed``.
Perform: TypeAlias = Callable[[Unit, Report], Awaitable[bytes]]
#: The function of a ``Duty``.
Work: TypeAlias = Callable[[bytes, Share], AbstractAsyncContextManager[Perform]]


class Engine(Protocol):
    """Runs workers. One task uses it; all that happens comes out of ``events``."""

    async def open(self, duty: Duty) -> None:
        """Begin; no worker runs yet. Raises EngineError."""
        ...

    async def start(self, worker: int, share: Share) -> None:
        """Start a worker under a number that was never used. It need not have started on return."""
        ...

    async def hand(self, worker: int, unit: Unit) -> None:
        """Hand a unit to a worker that has started; a worker has several at a time.

        A worker that is gone, or ends meanwhile, is no error here: ``Lost`` names the unit.
        """
        ...

    def events(self) -> AsyncIterator[Event]:
        """All that happens, in order, until ``stop``. One task iterates, also before ``open``."""
        ...

    async def drain(self, worker: int) -> None:
        """Let a worker finish what it has, and end it; without effect on one that is gone."""
        ...

    async def cancel(self, worker: int, unit: str) -> None:
        """Cancel a unit: it ends as ``Failed``, unless it is over already."""
        ...

    async def stop(self) -> None:
        """End all workers at once. Idempotent, also before ``open``."""
        ...


def shares(dials_per_minute: int, workers: int) -> list[Share]:
    """The dial rate divided over ``workers``: whole dials a minute, which add up to the rate.

    Dials of one worker are at least ``interval`` apart, and so are those of a lost worker and of
    the one that replaces it. So in no minute do all workers together dial more often than
    ``dials_per_minute``. The first dials are spread over the first interval.

        shares(10, 4): 3, 3, 2 and 2 dials a minute, from 0, 6, 12 and 18 s on

    A worker needs a dial a minute at least: raises ValueError, one line, for fewer.
    """
    if workers < 1:
        raise ValueError(f"{workers} workers: give 1 or more")
    if dials_per_minute < workers:
        raise ValueError(
            f"{dials_per_minute} dials a minute are too few for {workers} workers: "
            "give each one dial a minute, or fewer workers"
        )
    each, rest = divmod(dials_per_minute, workers)
    return [
        Share(
            seat=seat,
            dials_per_minute=each + (seat < rest),
            first_after=seat * 60.0 / dials_per_minute,
        )
        for seat in range(workers)
    ]


def find_work(duty: Duty) -> Work:
    """The function of a duty. Raises EngineError, one line, for a name that leads to none."""
    module, colon, name = duty.function.partition(":")
    if not (module and colon and name):
        raise EngineError(f"{duty.function}: give the function of a duty as module:name")
    try:
        found: object = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise EngineError(f"{duty.function} cannot be imported: {error}") from error
    if not callable(found):
        raise EngineError(f"{duty.function} is {type(found).__name__}: name a function")
    return cast("Work", found)
