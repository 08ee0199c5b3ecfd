"""The corpus on asyncio and on uvloop: streams in memory, and a clock that jumps."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any

from openline.backend import Backend
from openline_asyncio import Session, open_session, resume_session, spooled_sessions
from openline_audio.source import Sink
from tests.faces.harness import Nth, Played, kill
from tests.faces.script import OFFSET, GoneError, Receive, Reset, Scenario, Send, Sleep, Steps
from tests.support_asyncio import JumpingLoop, JumpingUvloop, MemoryTransport, run
from tests.support_lines import numbered


class AsyncioHarness:
    """openline_asyncio, on a loop that jumps."""

    def __init__(self, name: str, loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
        self.name = name
        self._loop = loop

    def run(self, scenario: Scenario, *, journal: Path, spool: Path | None = None) -> Played:
        """Play ``scenario`` to its end."""
        return run(partial(_play, scenario, journal, spool), loop=self._loop)


ON_ASYNCIO = AsyncioHarness("asyncio", JumpingLoop)
ON_UVLOOP = AsyncioHarness("uvloop", JumpingUvloop)


async def _play(scenario: Scenario, journal: Path, spool: Path | None) -> Played:
    loop = asyncio.get_running_loop()
    played = Played()
    net = Net(scenario, played)
    given: dict[str, Any] = {
        "connect": net,
        "policy": scenario.policy,
        "dialect": scenario.dialect,
        "credentials": provider(scenario),
        "random": lambda: 0.5,
        "journal": journal,
    }
    if scenario.cancel_at is not None:
        given["observers"] = [Nth(scenario.cancel_at, lambda: app.cancel())]  # noqa: PLW0108
    if spool is not None and spooled_sessions(spool):
        opening = resume_session(spool, **given)
    else:
        sources = scenario.sources(Frames)
        opening = open_session(scenario.backend, sources, session_id="s", spool=spool, **given)
    app = asyncio.create_task(_app(opening, scenario, played))
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


async def _app(
    opening: AbstractAsyncContextManager[Session], scenario: Scenario, played: Played
) -> None:
    async with opening as session:
        loop = asyncio.get_running_loop()
        timers = [
            loop.call_at(at, _act, session, act)
            for at, act in scenario.acts
            if act not in {"cancel", "kill"}
        ]
        if not scenario.reads:
            await session.wait()
        async for update in session:
            played.updates.append(update)
            if scenario.pause:
                await asyncio.sleep(scenario.pause)
        for timer in timers:
            timer.cancel()


def _act(session: Session, act: str) -> None:
    getattr(session, act)()


class Frames:
    """``count`` frames, after ``delay`` seconds."""

    duration = None

    def __init__(self, count: int, delay: float, ends: bool) -> None:
        self._count = count
        self._delay = delay
        self._ends = ends

    async def run(self, sink: Sink) -> None:
        """Deliver."""
        loop = asyncio.get_running_loop()
        if self._delay:
            await asyncio.sleep(self._delay)
        start = loop.time() + OFFSET
        sink.started(start)
        for number in range(self._count):
            await asyncio.sleep(start + (number + 1) * 0.02 - loop.time())
            sink.audio(numbered(number))
        await asyncio.sleep(0.0003)  # its end is a moment of its own
        if not self._ends:
            await asyncio.Event().wait()


def provider(scenario: Scenario) -> Any:
    if scenario.tokens is None:
        return None
    tokens = list(scenario.tokens)

    async def provide() -> str:
        if isinstance(tokens[0], float):
            await asyncio.sleep(tokens.pop(0))  # type: ignore[arg-type]
        token = tokens.pop(0) if len(tokens) > 1 else tokens[0]
        if isinstance(token, Exception):
            raise token
        return str(token)

    return provide


class Net:
    """A ``connect`` whose other ends play the scripts, in the same loop."""

    def __init__(self, scenario: Scenario, played: Played) -> None:
        self._scenario = scenario
        self._played = played
        self._serving: set[asyncio.Task[None]] = set()
        self._transports: list[MemoryTransport] = []

    async def __call__(self, backend: Backend, protocol: asyncio.Protocol) -> MemoryTransport:
        """Dial."""
        await asyncio.sleep(0)
        self._played.dials += 1
        script = self._scenario.begin(self._played.dials, backend)
        transport = MemoryTransport(protocol)
        self._transports.append(transport)
        self._serving.add(asyncio.create_task(self._serve(script, transport)))
        return transport

    @property
    def left(self) -> int:
        """How many scripts were not told that the client is gone."""
        return sum(not each.is_closed for each in self._transports)

    async def close(self) -> None:
        """Wait until each script has been told that the client is gone."""
        await asyncio.gather(*self._serving)
        self._played.left = self.left

    async def _serve(self, script: Steps, transport: MemoryTransport) -> None:
        answer: object = None
        try:
            while True:
                step = script.send(answer)
                answer = None
                match step:
                    case Receive():
                        answer = await transport.sent()
                    case Send(data):
                        transport.put(data)
                    case Sleep(seconds):
                        await asyncio.sleep(seconds)
                    case Reset():
                        number = errno.ECONNRESET
                        transport.end(ConnectionResetError(number, os.strerror(number)))
                        return
        except (StopIteration, GoneError):
            pass
        finally:
            transport.end()
