"""Plays one herd: every client through one scenario, on a clock that jumps.

While the backend is away no client meets another: each is played alone, which keeps its memory in
the cache. From the moment at which the backend is back they share its capacity, and are played in
the order of time: a heap of ``(at, number)``, one entry a client.
"""

from __future__ import annotations

import gc
import heapq
import math
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Final, Protocol, TypeAlias

from bench.herd.backend import BIN, LOSS, HerdBackend, Outcome

#: Seconds from a client to the backend and back: the least and the most.
RTT: Final = (0.01, 0.06)
#: A herd that does not settle is left so many seconds after the loss, or after so many dials a
#: client since the backend is back.
LONGEST: Final = 1_200.0
MOST_DIALS: Final = 50


class Client(Protocol):
    """What the world needs of a client."""

    at: float
    dials: int
    streams_at: float | None

    @property
    def failed(self) -> bool:
        """Whether it has given up."""
        ...

    def step(self) -> float:
        """Do what is due at ``at``; return the next ``at``, ``inf`` if there is none."""
        ...


Make: TypeAlias = Callable[[HerdBackend, Random, float, int | None], Client]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What happens: ``loss`` is the close code that ends every line at 0, None: silence.

    ``back`` and ``away`` are the backend's, ``rate`` its upgrades a second for each 100,000
    clients, ``excess`` how it turns away.
    """

    name: str
    about: str
    loss: int | None
    back: float
    away: Outcome
    rate: float
    excess: Outcome = Outcome.UNAVAILABLE


@dataclass(frozen=True, kw_only=True)
class Herd:
    """What the backend saw, and what became of the clients. Times are seconds since the loss.

    ``per_second``: dials in each second. ``peak`` and ``peak_tenth``: the most within a second
    and within a tenth of one. ``half`` and ``most``: when 50 % and 99 % of the clients streamed
    again, None: never. ``failed`` gave up. ``cut``: why the herd was left before it had settled,
    "time" or "dials"; empty if nobody was left dialling.
    """

    clients: int
    dials: int
    per_second: list[int]
    peak: int
    peak_tenth: int
    half: float | None
    most: float | None
    failed: int
    cut: str


def play(scenario: Scenario, make: Make, *, clients: int, seed: int) -> Herd:
    """Play ``clients`` clients; the same seed gives the same herd."""
    random = Random(seed)  # noqa: S311  # a simulation
    backend = HerdBackend(
        back=LOSS + scenario.back,
        rate=scenario.rate * clients / 100_000,
        away=scenario.away,
        excess=scenario.excess,
    )
    with _without_collector():
        herd = list(_alone(scenario, backend, make, clients, random))
        cut = _together(herd, backend)
        return _account(herd, backend, cut)


def _alone(
    scenario: Scenario, backend: HerdBackend, make: Make, clients: int, random: Random
) -> Iterator[Client]:
    """Each client, played until the backend is back."""
    for _ in range(clients):
        client = make(backend, random, random.uniform(*RTT), scenario.loss)
        while client.at < LOSS + scenario.back:
            client.step()
        yield client


def _together(herd: list[Client], backend: HerdBackend) -> str:
    """All of them, in the order of time, until nobody has anything to do; else why not."""
    most = backend.seen + MOST_DIALS * len(herd)
    heap = [(client.at, number) for number, client in enumerate(herd) if client.at < math.inf]
    heapq.heapify(heap)
    while heap:
        at, number = heap[0]
        if at > LOSS + LONGEST:
            return "time"
        if backend.seen >= most:
            return "dials"
        at = herd[number].step()
        if at == math.inf:
            heapq.heappop(heap)
        else:
            heapq.heapreplace(heap, (at, number))
    return ""


def _account(herd: list[Client], backend: HerdBackend, cut: str) -> Herd:
    count = len(herd)
    streams = sorted(each.streams_at for each in herd if each.streams_at is not None)
    return Herd(
        clients=count,
        dials=backend.seen,
        per_second=backend.per_second(),
        peak=backend.peak(round(1 / BIN)),
        peak_tenth=backend.peak(1),
        half=_reached(streams, count, 0.5),
        most=_reached(streams, count, 0.99),
        failed=sum(each.failed for each in herd),
        cut=cut,
    )


def _reached(streams: list[float], count: int, share: float) -> float | None:
    """When this share of ``count`` streamed."""
    needed = math.ceil(count * share)
    return round(streams[needed - 1] - LOSS, 2) if len(streams) >= needed else None


@contextmanager
def _without_collector() -> Generator[None]:
    """A herd is millions of objects that live to its end: looking through them is half the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
