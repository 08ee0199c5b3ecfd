"""The corpus on asyncio: streams in memory, and a clock that jumps."""

from __future__ import annotations

import asyncio
import errno
import os
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any

from openline.backend import Backend
from openline_asyncio import Session, open_session, resume_session, spooled_sessions
from openline_audio.source import Sink
from tests.faces.harness import Played
from tests.faces.script import (
    OFFSET,
    GoneError,
    Peer,
    Receive,
    Reset,
    Scenario,
    Send,
    Sleep,
)
from tests.support_asyncio import MemoryTransport, run
from tests.support_lines import numbered


class AsyncioHarness:
    """openline_asyncio."""

    name = "asyncio"

    def run(self, scenario: Scenario, *, journal: Path, spool: Path | None = None) -> Played:
        """Play ``scenario`` to its end."""
        return run(partial(_play, scenario, journal, spool))


async def _play(scenario: Scenario, journal: Path, spool: Path | None) -> Played:
    played = Played()
    net = _Net(scenario, played)
    given: dict[str, Any] = {
        "connect": net,
        "policy": scenario.policy,
        "credentials": _provider(scenario),
        "random": lambda: 0.5,
        "journal": journal,
    }
    if spool is not None and spooled_sessions(spool):
        opening = resume_session(spool, **given)
    else:
        source = {"mic": _Frames(scenario)}
        opening = open_session(scenario.backend, source, session_id="s", spool=spool, **given)
    app = asyncio.create_task(_app(opening, scenario, played))
    loop = asyncio.get_running_loop()
    for at, act in scenario.acts:
        if act == "cancel":
            loop.call_at(at, app.cancel)
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
            loop.call_at(at, _act, session, act) for at, act in scenario.acts if act != "cancel"
        ]
        if not scenario.reads:
            await session.wait()
        async for update in session:
            played.updates.append(update)
        for timer in timers:
            timer.cancel()


def _act(session: Session, act: str) -> None:
    getattr(session, act)()


class _Frames:
    duration = None

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario

    async def run(self, sink: Sink) -> None:
        loop = asyncio.get_running_loop()
        start = loop.time() + OFFSET
        sink.started(start)
        for number in range(self._scenario.frames):
            await asyncio.sleep(start + (number + 1) * 0.02 - loop.time())
            sink.audio(numbered(number))
        await asyncio.sleep(0.0003)  # its end is a moment of its own
        if not self._scenario.ends:
            await asyncio.Event().wait()


def _provider(scenario: Scenario) -> Any:
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


class _Net:
    def __init__(self, scenario: Scenario, played: Played) -> None:
        self._scenario = scenario
        self._played = played
        self._serving: set[asyncio.Task[None]] = set()

    async def __call__(self, backend: Backend, protocol: asyncio.Protocol) -> MemoryTransport:
        await asyncio.sleep(0)
        transport = MemoryTransport(protocol)
        peer = Peer(self._played.dials + 1, backend)
        self._played.dials += 1
        self._serving.add(asyncio.create_task(self._serve(peer, transport)))
        return transport

    async def close(self) -> None:
        """Wait until each script has been told that the client is gone."""
        await asyncio.gather(*self._serving)

    async def _serve(self, peer: Peer, transport: MemoryTransport) -> None:
        scripts = self._scenario.scripts
        script = scripts[min(peer.number, len(scripts)) - 1](peer)
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
