"""The corpus on trio: streams in memory, and a clock that jumps."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import trio
from trio._core import _run  # pyright: ignore[reportPrivateUsage]
from trio.testing import MockClock, memory_stream_pair

from openline.backend import Backend
from openline_audio.source import Sink
from openline_trio import open_session, resume_session, spooled_sessions
from tests.faces.harness import Nth, Played, kill
from tests.faces.script import OFFSET, GoneError, Receive, Reset, Scenario, Send, Sleep, Steps
from tests.support_lines import numbered

#: trio's switch, typed as a constant.
_SHUFFLES = "_ALLOW_DETERMINISTIC_SCHEDULING"


class TrioHarness:
    """openline_trio."""

    name = "trio"

    def run(self, scenario: Scenario, *, journal: Path, spool: Path | None = None) -> Played:
        """Play ``scenario`` to its end; the scheduler shuffles nothing meanwhile."""
        shuffles = getattr(_run, _SHUFFLES)
        setattr(_run, _SHUFFLES, True)
        try:
            clock = MockClock(autojump_threshold=0)
            return trio.run(_play, scenario, journal, spool, clock=clock)
        finally:
            setattr(_run, _SHUFFLES, shuffles)


async def _play(scenario: Scenario, journal: Path, spool: Path | None) -> Played:
    played = Played()
    async with trio.open_nursery() as world:
        net = _Net(world, scenario, played)
        given: dict[str, Any] = {
            "connect": net,
            "policy": scenario.policy,
            "dialect": scenario.dialect,
            "credentials": _provider(scenario),
            "random": lambda: 0.5,
            "journal": journal,
        }
        scope = trio.CancelScope()
        if scenario.cancel_at is not None:
            given["observers"] = [Nth(scenario.cancel_at, scope.cancel)]
        if spool is not None and spooled_sessions(spool):
            opening = resume_session(spool, **given)
        else:
            sources = scenario.sources(_Frames)
            opening = open_session(scenario.backend, sources, session_id="s", spool=spool, **given)
        with scope:
            async with opening as session, trio.open_nursery() as app:
                calls: dict[str, Callable[[], object]] = {"cancel": scope.cancel}
                if spool is not None:
                    calls["kill"] = partial(kill, spool)
                for at, act in scenario.acts:
                    call: Callable[[], object] = calls.get(act) or getattr(session, act)
                    app.start_soon(_act, at, call)
                if not scenario.reads:
                    await session.wait()
                async for update in session:
                    played.updates.append(update)
                    if scenario.pause:
                        await trio.sleep(scenario.pause)
                app.cancel_scope.cancel()
        played.seconds = trio.current_time()
    return played


async def _act(at: float, act: Callable[[], object]) -> None:
    await trio.sleep_until(at)
    act()


class _Frames:
    duration = None

    def __init__(self, count: int, delay: float, ends: bool) -> None:
        self._count = count
        self._delay = delay
        self._ends = ends

    async def run(self, sink: Sink) -> None:
        if self._delay:
            await trio.sleep(self._delay)
        start = trio.current_time() + OFFSET
        sink.started(start)
        for number in range(self._count):
            await trio.sleep_until(start + (number + 1) * 0.02)
            sink.audio(numbered(number))
        await trio.sleep(0.0003)  # its end is a moment of its own
        if not self._ends:
            await trio.sleep_forever()


def _provider(scenario: Scenario) -> Any:
    if scenario.tokens is None:
        return None
    tokens = list(scenario.tokens)

    async def provide() -> str:
        if isinstance(tokens[0], float):
            await trio.sleep(tokens.pop(0))  # type: ignore[arg-type]
        token = tokens.pop(0) if len(tokens) > 1 else tokens[0]
        if isinstance(token, Exception):
            raise token
        return str(token)

    return provide


class _Net:
    def __init__(self, world: trio.Nursery, scenario: Scenario, played: Played) -> None:
        self._world = world
        self._scenario = scenario
        self._played = played

    async def __call__(self, backend: Backend) -> trio.abc.Stream:
        await trio.lowlevel.checkpoint()
        self._played.dials += 1
        script = self._scenario.begin(self._played.dials, backend)
        ours, there = memory_stream_pair()
        here = _Breakable(ours)
        self._world.start_soon(self._serve, script, here, there)
        return here

    async def _serve(self, script: Steps, here: _Breakable, there: trio.abc.Stream) -> None:
        answer: object = None
        try:
            while True:
                step = script.send(answer)
                answer = None
                match step:
                    case Receive():
                        answer = bytes(await there.receive_some())
                    case Send(data):
                        await there.send_all(data)
                    case Sleep(seconds):
                        await trio.sleep(seconds)
                    case Reset():
                        here.is_broken = True
                        return
        except (StopIteration, GoneError, trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        finally:
            await trio.aclose_forcefully(there)


class _Breakable(trio.abc.Stream):
    """A stream whose end is an error once ``is_broken``."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self.is_broken = False

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        data = await self._stream.receive_some(max_bytes)
        if not data and self.is_broken:
            reset = OSError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
            raise trio.BrokenResourceError("reset") from reset
        return data

    async def aclose(self) -> None:
        await self._stream.aclose()
