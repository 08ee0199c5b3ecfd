"""A shard on a clock that jumps, and backends in memory for many sessions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from openline.backend import Backend
from openline.policy import Policy
from openline.updates import Ended, Update
from openline_driver.network_errors import DialError
from openline_fleet import FleetSession, SessionSpec, Shard, SourceClosedError, SourceSpec
from tests.faces.asyncio_harness import Net
from tests.faces.corpus import echo
from tests.faces.harness import Played
from tests.faces.script import Peer, Scenario, Script, Steps
from tests.support_asyncio import JumpingLoop, run
from tests.support_lines import numbered

T = TypeVar("T")
QUICK = Policy(give_up_after=60.0)


@dataclass
class Backends:
    """Plays ``script`` at the other end of each dial, and notes when each was dialled."""

    script: Script | DialError = echo
    dialled: list[float] = field(default_factory=list[float])
    peers: list[Peer] = field(default_factory=list[Peer])

    def begin(self, number: int, backend: Backend) -> Steps:
        """As ``Scenario.begin``."""
        self.dialled.append(asyncio.get_running_loop().time())
        if isinstance(self.script, DialError):
            raise self.script
        self.peers.append(Peer(number, backend))
        return self.script(self.peers[-1])


def jumping(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run it in virtual time; a task that is left is an error."""
    return run(main, loop=JumpingLoop)


@asynccontextmanager
async def sharded(backends: Backends, **given: Any) -> AsyncGenerator[Shard]:
    """A shard that dials ``backends``; at its end each of them was told that its client is gone."""
    played = Played()
    net = Net(cast("Scenario", backends), played)
    async with Shard(connect=net, random=lambda: 0.5, **given) as shard:
        yield shard
    await net.close()
    assert played.left == 0


def spec(number: int = 0, **given: Any) -> SessionSpec:
    """A session whose audio is pushed."""
    usual: dict[str, Any] = {"session_id": f"s{number}", "policy": QUICK}
    return SessionSpec(**{**usual, **given})


async def talk(line: FleetSession, frames: int, source: str = "mic", *, ends: bool = True) -> None:
    """Push numbered frames as time passes, until the session takes no more."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    for number in range(frames):
        await asyncio.sleep(start + (number + 1) * 0.02 - loop.time())
        try:
            line.push(source, numbered(number))
        except SourceClosedError:
            return
    if ends:
        line.end_source(source)


async def read(shard: Shard) -> dict[str, list[Update]]:
    """All updates, by session, until the shard has ended."""
    found: dict[str, list[Update]] = {}
    async for name, update in shard.updates():
        found.setdefault(name, []).append(update)
    return found


def result(updates: list[Update]) -> Ended:
    """The last of them."""
    ended = updates[-1]
    assert isinstance(ended, Ended)
    return ended


def words(ended: Ended) -> list[str]:
    """The finals of a session, as the echo names their frames."""
    return [each.text for each in ended.transcript]


PUSHED = (SourceSpec(),)
