"""How a shard is emptied for a deploy, and what it hands over to another one.

For ``within`` seconds its sessions go on, and may end by themselves. What lives longer is treated
by what would be lost:

    no spool            it is asked to finish ``LAST`` seconds before the time is over; what the
                        backend has not confirmed by then is lost, and its result says so
    a spool, and all    it leaves the spool as a crash would, and another shard *resumes* it: all
    audio is captured   that was captured is delivered there, and no word comes twice
    a spool, and half   a session that is resumed captures no more, so the rest of the recording
    a recording         would be missing: the spool is deleted, and another shard begins anew

Pushed audio is always captured. The specs of the last two are handed over. Of a session that left,
``Ended`` is an update as well: ``Ended.moved`` is true. A live source goes on: from then on
``push`` raises, and the app pushes what comes after this to a session of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from msgspec.structs import replace

from openline_fleet.checks import check_number
from openline_fleet.session import FleetSession
from openline_fleet.spec import SessionSpec
from openline_store.spool import folder_name

#: Seconds before the end in which sessions without a spool may finish: about what a backend takes
#: for its last words.
LAST: Final = 5.0
_SECONDS: Final = "seconds, 0 or more"


class Drainable(Protocol):
    """A shard that takes no more."""

    @property
    def lines(self) -> Mapping[str, FleetSession]:
        """The sessions that live."""
        ...

    def clock(self) -> float:
        """Seconds, on the loop's clock."""
        ...

    async def change(self) -> None:
        """Wait until a session has ended."""
        ...

    async def emptied(self) -> None:
        """Wait until none lives."""
        ...


def check_within(within: float) -> None:
    """Raise TypeError and ValueError unless it is a number of seconds, 0 or more."""
    check_number("within", within, _SECONDS)
    if within < 0:
        raise ValueError(f"within is {within}: give {_SECONDS}")


async def drained(shard: Drainable, within: float) -> tuple[SessionSpec, ...]:
    """Empty ``shard``, which takes no more, in ``within`` seconds. What is to go on elsewhere."""
    end = shard.clock() + within
    await _emptied(shard, end - min(LAST, within / 2))
    for line in [*shard.lines.values()]:
        if line.spec.spool is None:
            line.finish()
    await _emptied(shard, end)
    handed: list[SessionSpec] = []
    for line in [*shard.lines.values()]:
        if line.spec.spool is None or line.ended is not None:
            line.abort()
        else:
            handed.append(_left(line))
    await finished(shard.emptied)
    return tuple(each for each in handed if not each.resume or _folder(each).exists())


def _left(line: FleetSession) -> SessionSpec:
    """Have a session with a spool leave: how it goes on elsewhere."""
    spec = line.spec
    resumes = spec.resume or line.played
    line.move(anew=not resumes)
    return replace(spec, resume=resumes)


def _folder(spec: SessionSpec) -> Path:
    return Path(spec.spool or "") / folder_name(spec.session_id)


async def _emptied(shard: Drainable, until: float) -> None:
    """Wait until no session lives, or until then."""
    while shard.lines and (left := until - shard.clock()) > 0:
        with suppress(TimeoutError):
            async with asyncio.timeout(left):
                await shard.change()


async def finished(wait: Callable[[], Awaitable[None]]) -> None:
    """Await it to its end, whatever is cancelled meanwhile; a cancellation is raised then."""
    task = asyncio.ensure_future(wait())
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as exc:
            cancelled = exc
    task.result()
    if cancelled is not None:
        raise cancelled
