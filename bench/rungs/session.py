"""One session that streams 20 ms frames in real time: its CPU time for each second of audio.

Eight are measured at a time, for one alone is too little to measure. Without TLS, to a sink in a
process of its own. The peers dial, send the start, wait for the ack, send each frame when it is
due, read, and stop: they keep nothing, and would lose everything at the first cut. The bare loop
stands on the transport of openline's own face for asyncio.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import partial

from bench.clients import on_asyncio, on_trio
from bench.clients.load import Load
from bench.ladder import Measure, Rung
from bench.sink import sink

ASYNCIO = "openline, asyncio"
UVLOOP = "openline, uvloop"
TRIO = "openline, trio"


@contextmanager
def contenders(*, seconds: float = 1.5, sessions: float = 8) -> Generator[Mapping[str, Measure]]:
    """``sessions`` at a time, with ``seconds`` of audio each."""
    with sink() as port:
        load = Load(port=port, sessions=int(sessions), seconds=seconds)
        yield {
            ASYNCIO: partial(on_asyncio.cost, on_asyncio.openline, load),
            UVLOOP: partial(on_asyncio.cost, on_asyncio.openline, load, loop="uvloop"),
            TRIO: partial(on_trio.cost, on_trio.openline, load),
            "websockets": partial(on_asyncio.cost, on_asyncio.websockets, load),
            "aiohttp": partial(on_asyncio.cost, on_asyncio.aiohttp, load),
            "a bare loop": partial(on_asyncio.cost, on_asyncio.bare, load),
            "picows, uvloop": partial(on_asyncio.cost, on_asyncio.picows, load, loop="uvloop"),
            "trio-websocket": partial(on_trio.cost, on_trio.trio_websocket, load),
            "websockets, trio": partial(on_trio.cost, on_trio.websockets, load),
        }


RUNG = Rung(
    what="one session: CPU for each second of audio",
    unit="ms",
    rounds=5,
    pairs=(
        (ASYNCIO, "websockets"),
        (ASYNCIO, "aiohttp"),
        (ASYNCIO, "a bare loop"),
        (ASYNCIO, TRIO),
        (UVLOOP, "picows, uvloop"),
        (TRIO, "trio-websocket"),
        (TRIO, "websockets, trio"),
    ),
    needs={"aiohttp": "aiohttp", "picows, uvloop": "picows", UVLOOP: "uvloop"},
    contenders=contenders,
)
