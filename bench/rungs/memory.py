"""One session made, before anything happens to it: the memory that it keeps."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import partial

from bench.charts import MAKERS
from bench.ladder import Measure, Rung
from bench.ratios import kilobytes_each
from bench.rungs.machine import PAIRS


@contextmanager
def contenders(*, count: float = 200) -> Generator[Mapping[str, Measure]]:
    """Over ``count`` sessions; a large one over a tenth of them."""
    yield {
        name: partial(kilobytes_each, make, max(1, int(count) // (1 if name == "openline" else 10)))
        for name, make in MAKERS.items()
    }


RUNG = Rung(
    what="one machine: the memory that it keeps",
    unit="kB",
    rounds=1,  # it is the same each time
    pairs=PAIRS,
    needs={"transitions": "transitions"},
    contenders=contenders,
)
