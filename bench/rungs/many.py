"""What the rungs of many sessions share: one loop, one core, a sink on the other core.

The bare one is picows on uvloop with one loop of code for all lines, as a program would be written
that does nothing else. A contender that is slower than the audio takes longer; what it costs is
counted all the same.
"""

from __future__ import annotations

import resource
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import partial

from bench.clients import of_fleet, on_asyncio
from bench.clients.load import Load
from bench.ladder import Measure, Rung
from bench.rungs.session import ASYNCIO, UVLOOP
from bench.sink import sink

FLEET = "openline, fleet"
BARE = "picows, bare"
#: The descriptors of a process besides its sockets.
_SPARE = 64


@contextmanager
def contenders(sessions: float, seconds: float, message: float) -> Generator[Mapping[str, Measure]]:
    """``sessions`` at a time send ``seconds`` of audio in messages of ``message`` seconds."""
    with _descriptors(int(sessions) + _SPARE), sink() as port:
        load = Load(port=port, sessions=int(sessions), seconds=seconds, message=message)
        found: dict[str, Measure] = {
            ASYNCIO: partial(on_asyncio.cost, on_asyncio.openline, load),
            UVLOOP: partial(on_asyncio.cost, on_asyncio.openline, load, loop="uvloop"),
            "websockets": partial(on_asyncio.cost, on_asyncio.websockets, load),
            "aiohttp": partial(on_asyncio.cost, on_asyncio.aiohttp, load),
            BARE: partial(
                on_asyncio.cost, on_asyncio.picows_paced, load, loop="uvloop", alone=False
            ),
        }
        if of_fleet.is_there():
            fleet = of_fleet.openline
            found[FLEET] = partial(on_asyncio.cost, fleet, load, loop="uvloop", alone=False)
        yield found


def rung(what: str, *, sessions: int, seconds: float, message: float, rounds: int) -> Rung:
    """A rung of so many sessions."""

    @contextmanager
    def opened(
        *, sessions: float = sessions, seconds: float = seconds
    ) -> Generator[Mapping[str, Measure]]:
        with contenders(sessions, seconds, message) as found:
            yield found

    fleet = ((FLEET, "websockets"), (FLEET, "aiohttp"), (FLEET, BARE))
    return Rung(
        what=what,
        unit="ms",
        rounds=rounds,
        pairs=(
            *(fleet if of_fleet.is_there() else ()),
            (ASYNCIO, "websockets"),
            (UVLOOP, BARE),
        ),
        needs={"aiohttp": "aiohttp", BARE: "picows", UVLOOP: "uvloop"},
        contenders=opened,
    )


@contextmanager
def _descriptors(needed: int) -> Generator[None]:
    """Raise the limit of open files to ``needed``; RuntimeError if that is not allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise RuntimeError(
            f"{needed} open files are needed, and {hard} allowed: ulimit -n {needed}"
        )
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
