"""One event: a pong on a live line, with all that follows from it.

The peers run the very same chart, with the same guards and actions, by the interpreter of another
library of state machines. The bare one is an ``if``: the state is compared, and the deadline is
set off.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from functools import partial

from bench.charts import MAKERS, Make, streaming
from bench.ladder import Measure, Rung
from bench.ratios import microseconds
from openline import events as e
from openline.machine.timers import OFF

BARE = "a bare if"


def _pong(make: Make) -> Callable[[], object]:
    line = streaming(make)
    pong = e.PongReceived(1, b"0")
    return lambda: line.receive(pong, 1.0)


def _bare() -> Callable[[], object]:
    state, live, deadlines = "streaming", 1, [OFF, 1.0]
    pong = e.PongReceived(1, b"0")

    def receive() -> bool:
        if pong.dial == live and state == "streaming":
            deadlines[1] = OFF
            return True
        return False

    return receive


@contextmanager
def contenders(*, calls: float = 2_000) -> Generator[Mapping[str, Measure]]:
    """Each makes ``calls`` calls a round; a slow one a twentieth of them."""
    made = {
        name: (_pong(make), 1 if name == "openline" else 20)
        for name, make in MAKERS.items()
        if name not in RUNG.missing()
    }
    made[BARE] = (_bare(), 1)
    yield {
        name: partial(microseconds, call, max(1, int(calls) // fewer))
        for name, (call, fewer) in made.items()
    }


RUNG = Rung(
    what="one event: a pong on a live line",
    unit="µs",
    rounds=15,
    pairs=tuple(("openline", peer) for peer in ("python-statemachine", "transitions", BARE)),
    needs={"transitions": "transitions"},
    contenders=contenders,
)
