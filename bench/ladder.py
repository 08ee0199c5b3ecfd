"""A rung of the ladder: openline beside what a user would pick instead, in turns, in one run.

Each rung has *contenders*: ours, the peers, and mostly a *bare* one, the least that the work can
cost. Every contender is measured once in each round, in another order each time, and compared
within the round (``bench.ratios``): a slow moment of the machine slows the neighbours as well.
What is compared with what, the rung says in ``pairs``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TypeAlias, cast

from bench.ratios import Figure, figure

#: Measures one round: the cost.
Measure: TypeAlias = Callable[[], float]
#: Contender → its costs, one for each round.
Costs: TypeAlias = dict[str, list[float]]


class ContenderError(Exception):
    """A contender could not be measured; the text is one line."""


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One rung. ``what`` is measured, in ``unit``; ``pairs`` are (ours, peer).

    ``contenders`` opens what all of them need and gives the measure of each; it takes sizes, all
    of them optional. ``needs``: contender → the module without which it is left out.
    """

    what: str
    unit: str
    rounds: int
    pairs: tuple[tuple[str, str], ...]
    contenders: Callable[..., AbstractContextManager[Mapping[str, Measure]]]
    needs: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def names(self) -> tuple[str, ...]:
        """Every contender, in the order of the pairs."""
        return tuple(dict.fromkeys(name for pair in self.pairs for name in pair))

    def missing(self) -> dict[str, str]:
        """The contenders that cannot run here, and the module that each lacks."""
        return {name: module for name, module in self.needs.items() if find_spec(module) is None}


def climb(rung: Rung, *, rounds: int | None = None, **sizes: float) -> Costs:
    """Measure every contender that can run here.

    One round before the first is not counted: it pays for imports and the like. A rung of a single
    round measures nothing that these could change. Raises ContenderError.
    """
    missing = rung.missing()
    with rung.contenders(**sizes) as found:
        contenders = {name: found[name] for name in rung.names if name not in missing}
        costs: Costs = {name: [] for name in contenders}
        for name in contenders if rung.rounds > 1 else ():
            _measure(name, contenders[name])
        order = [*contenders]
        for _ in range(rung.rounds if rounds is None else rounds):
            for name in order:
                costs[name].append(_measure(name, contenders[name]))
            order = [*order[1:], order[0]]
    return costs


def _measure(name: str, measure: Measure) -> float:
    try:
        return measure()
    except Exception as error:
        cause = _first(error)
        raise ContenderError(f"{name} failed: {type(cause).__name__}: {cause}") from error


def _first(error: BaseException) -> BaseException:
    """The first error of a group of groups, or the error itself."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    group = cast("BaseExceptionGroup[BaseException]", error)
    return _first(group.exceptions[0])


def figures(rung: Rung, costs: Mapping[str, list[float]]) -> Iterator[Figure]:
    """The figure of each pair of which both were measured."""
    for ours, peer in rung.pairs:
        if ours in costs and peer in costs:
            rounds = [*zip(costs[ours], costs[peer], strict=True)]
            yield figure(ours, peer, rung.unit, rounds)
