"""A figure beside its peer: measured in turns, reported as a ratio with its spread.

The speed of a shared machine varies, so a time by itself means little. Each figure has a
peer that does the same work, or the usual work in its place. Both are measured in every
round, one right after the other, and divided there: a slow machine slows both. The report
is the median of the rounds' ratios and, for the spread, the bounds of their middle half.
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import quantiles


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure: ``name`` costs ``amount`` of ``unit``, and ``ratios`` times its peer."""

    name: str
    peer: str
    unit: str
    amount: float
    ratios: tuple[float, ...]

    def __str__(self) -> str:
        return (
            f"  {self.name:<28}{self.amount:>10.2f} {self.unit:<22}"
            f"{spread(self.ratios):>18} x {self.peer}"
        )


def figure(name: str, peer: str, unit: str, rounds: Sequence[tuple[float, float]]) -> Figure:
    """A figure of ``rounds``: our time and the peer's in each.

    ``amount`` is our least: other load on the machine can only add to it.
    """
    return Figure(
        name=name,
        peer=peer,
        unit=unit,
        amount=min(ours for ours, _ in rounds),
        ratios=tuple(ours / peers for ours, peers in rounds),
    )


def spread(ratios: Sequence[float]) -> str:
    """The median, and in brackets the bounds of the middle half; two digits of each."""
    bounds = quantiles(ratios, n=4, method="inclusive") if len(ratios) > 1 else [*ratios] * 3
    low, middle, high = (_short(each) for each in bounds)
    return middle if low == high else f"{middle} ({low} to {high})"


def _short(ratio: float) -> str:
    return f"{ratio:.2g}" if ratio < 10 else f"{ratio:.0f}"


def microseconds(call: Callable[[], object], calls: int) -> float:
    """The time of one call, in microseconds, over ``calls`` of them."""
    gc.collect()
    start = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - start) / calls * 1e6


def kilobytes_each(make: Callable[[], object], count: int) -> float:
    """The memory that one object keeps, in units of 1,000 bytes, over ``count`` of them."""
    make()
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    kept = [make() for _ in range(count)]
    size = (tracemalloc.get_traced_memory()[0] - before) / len(kept)
    tracemalloc.stop()
    return size / 1000
