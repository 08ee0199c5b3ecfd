"""One session made, before anything happens to it: its time. ``memory`` is what it keeps."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import partial

from bench.charts import MAKERS
from bench.ladder import Measure, Rung
from bench.ratios import microseconds

PAIRS = tuple(("openline", peer) for peer in ("python-statemachine", "transitions"))


@contextmanager
def contenders(*, calls: float = 1_000) -> Generator[Mapping[str, Measure]]:
    """Each makes ``calls`` sessions a round; a slow one a fiftieth of them."""
    yield {
        name: partial(microseconds, make, max(1, int(calls) // (1 if name == "openline" else 50)))
        for name, make in MAKERS.items()
    }


RUNG = Rung(
    what="one machine: the time to make it",
    unit="µs",
    rounds=11,
    pairs=PAIRS,
    needs={"transitions": "transitions"},
    contenders=contenders,
)
