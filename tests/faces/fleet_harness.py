"""The corpus on a shard of openline_fleet: streams in memory, and a clock that jumps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from openline.events import AudioCaptured
from openline_asyncio import spooled_sessions
from openline_fleet import FleetSession, SessionSpec, Shard, SourceClosedError, SourceSpec
from tests.faces.asyncio_harness import Net, provider
from tests.faces.harness import Nth, Played, kill
from tests.faces.script import DELAY, OFFSET, Scenario
from tests.support_asyncio import JumpingLoop, JumpingUvloop, run
from tests.support_lines import numbered

#: So short a slot that each deadline is the end of one, and none is rounded.
SLOT = 2.0**-60


class FleetHarness:
    """openline_fleet, on a loop that jumps."""

    def __init__(self, name: str, loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
        self.name = name
        self._loop = loop

    def run(self, scenario: Scenario, *, journal: Path, spool: Path | None = None) -> Played:
        """Play ``scenario`` to its end."""
        return run(partial(_play, scenario, journal, spool), loop=self._loop)


ON_FLEET = FleetHarness("fleet", JumpingLoop)
ON_FLEET_UVLOOP = FleetHarness("fleet-uvloop", JumpingUvloop)


async def _play(scenario: Scenario, journal: Path, spool: Path | None) -> Played:
    loop = asyncio.get_running_loop()
    played = Played()
    net = Net(scenario, played)
    names = ("mic",) if scenario.system is None else ("mic", "system")
    dialects = {} if scenario.dialect is None else {"own": scenario.dialect}
    resumes = spool is not None and bool(spooled_sessions(spool))
    spec = SessionSpec(
        session_id="s",
        # A session that is resumed dials as its URL was stored.
        backend=replace(scenario.backend, secure=False) if resumes else scenario.backend,
        dialect="own" if dialects else "echopanel",
        sources=tuple(SourceSpec(name=name, may_pause=False) for name in names),
        policy=scenario.policy,
        spool=None if spool is None else str(spool),
        resume=resumes,
        journal=str(journal),
    )
    given: dict[str, Any] = {
        "connect": net,
        "credentials": provider(scenario),
        "random": lambda: 0.5,
        "slot": SLOT,
        "dialects": dialects,
    }
    if scenario.cancel_at is not None:
        number = scenario.cancel_at

        def watching(_spec: SessionSpec) -> list[Nth]:
            return [Nth(number, lambda: app.cancel())]  # noqa: PLW0108  # there is none yet

        given["observers"] = watching
    app = asyncio.create_task(_app(Shard(**given), spec, scenario, played))
    for at, act in scenario.acts:
        if act == "cancel":
            loop.call_at(at, app.cancel)
        elif act == "kill" and spool is not None:
            loop.call_at(at, kill, spool)
    try:
        await app
    except asyncio.CancelledError:
        assert app.cancelled()
    played.seconds = loop.time()
    await net.close()
    return played


async def _app(shard: Shard, spec: SessionSpec, scenario: Scenario, played: Played) -> None:
    async with shard:
        loop = asyncio.get_running_loop()
        line = shard.start(spec)
        shard.close()
        timers = [
            loop.call_at(at, _act, line, act)
            for at, act in scenario.acts
            if act not in {"cancel", "kill"}
        ]
        sources: set[asyncio.Task[None]] = set()
        if not spec.resume:
            sources.add(asyncio.create_task(_push(line, "mic", scenario, scenario.frames, 0.0)))
            if scenario.system is not None:
                work = _push(line, "system", scenario, scenario.system, DELAY)
                sources.add(asyncio.create_task(work))
        try:
            if not scenario.reads:
                await line.wait()
            async for _, update in shard.updates():
                played.updates.append(update)
                if scenario.pause:
                    await asyncio.sleep(scenario.pause)
        finally:
            for timer in timers:
                timer.cancel()
            for source in sources:
                source.cancel()


def _act(line: FleetSession, act: str) -> None:
    getattr(line, act)()


async def _push(
    line: FleetSession, name: str, scenario: Scenario, count: int, delay: float
) -> None:
    """``count`` frames, after ``delay`` seconds."""
    loop = asyncio.get_running_loop()
    if delay:
        await asyncio.sleep(delay)
    start = loop.time() + OFFSET
    line.started(name, start)
    for number in range(count):
        await asyncio.sleep(start + (number + 1) * 0.02 - loop.time())
        try:
            line.push(name, numbered(number))
        except SourceClosedError:  # the other faces' sources go on behind a stop
            line.feed(AudioCaptured(name, numbered(number)))
    await asyncio.sleep(0.0003)  # its end is a moment of its own
    if scenario.ends:
        line.end_source(name)
