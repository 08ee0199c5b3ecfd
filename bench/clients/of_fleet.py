"""A fleet of openline: all sessions in one shard, on uvloop, pushed by one loop of code.

``openline_fleet`` may not be there yet: then the fleet is no contender.
"""

from __future__ import annotations

import asyncio
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from bench.clients.load import Load, Window
from openline import Backend, Ended, Policy, State, StateChanged

MODULE: Final = "openline_fleet.shard"
#: Dials in a second: the sink takes them all.
DIALS_PER_SECOND: Final = 300.0
_DIALECT: Final = "of the load"


def is_there() -> bool:
    """Whether a fleet can be measured."""
    return find_spec(MODULE) is not None


async def openline(load: Load, window: Window) -> None:
    """Every session of ``load``; raises RuntimeError if a sample is missing at its end."""
    library: Any = import_module("openline_fleet")
    dialects = {_DIALECT: load.dialect}
    async with library.Shard(
        dials_per_second=DIALS_PER_SECOND, dialects=dialects, ssl_context=load.tls
    ) as shard:
        lines = [
            shard.start(
                library.SessionSpec(
                    session_id=str(number),
                    backend=Backend.from_url(load.url),
                    dialect=_DIALECT,
                    sources=(library.SourceSpec(name="mic"),),
                    policy=Policy(source_timeout=None),
                )
            )
            for number in range(load.sessions)
        ]
        opened = asyncio.Event()
        reading = asyncio.create_task(_read(shard, load.sessions, opened))
        await opened.wait()
        await asyncio.gather(*(window.begin() for _ in lines))
        loop, pcm = asyncio.get_running_loop(), load.pcm
        start = loop.time()
        for number in range(1, load.count + 1):
            await asyncio.sleep(max(0.0, start + number * load.message - loop.time()))
            for line in lines:
                line.push("mic", pcm)
        for _ in lines:
            window.end()
        for line in lines:
            line.finish()
        ends: list[Ended] = await asyncio.gather(*(line.wait() for line in lines))
        reading.cancel()
        if wrong := [each.reason for each in ends if not each.complete]:
            raise RuntimeError(f"{len(wrong)} sessions ended incomplete: {wrong[0]}")


async def _read(shard: Any, sessions: int, opened: asyncio.Event) -> None:
    """Read the updates, as an app does."""
    streaming = 0
    async for _, update in shard.updates():
        if isinstance(update, StateChanged) and update.state is State.STREAMING:
            streaming += 1
            if streaming == sessions:
                opened.set()
