"""The laws of engines, on processes and on an engine in this process."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

import pytest

from openline_fleet.engines.contract import Duty, Engine, EngineError, Lost, Unit, shares
from openline_fleet.engines.local import LocalEngine
from tests.fleet import engine_laws as laws
from tests.fleet.inline_engine import InlineEngine


class LocalHarness:
    def make(self) -> Engine:
        return LocalEngine()

    async def kill(self, engine: Engine, worker: int, pid: int) -> None:
        assert cast("LocalEngine", engine).process_id(worker) == pid
        os.kill(pid, signal.SIGKILL)


class InlineHarness:
    def make(self) -> Engine:
        return InlineEngine()

    async def kill(self, engine: Engine, worker: int, pid: int) -> None:
        assert pid == os.getpid()
        cast("InlineEngine", engine).kill(worker)


HARNESSES = [LocalHarness(), InlineHarness()]
#: It kills its own process, which is ours here.
NOT_INLINE = (laws.another_worker_can_take_over,)


def _named(value: object) -> str:
    return getattr(value, "__name__", type(value).__name__)


@pytest.mark.parametrize("law", laws.LAWS, ids=_named)
@pytest.mark.parametrize("harness", HARNESSES, ids=_named)
def test_law(
    harness: laws.Harness, law: Callable[[laws.Scene], Awaitable[None]], tmp_path: Path
) -> None:
    if isinstance(harness, InlineHarness) and law in NOT_INLINE:
        pytest.skip("it would kill this process")
    asyncio.run(laws.play(law, harness, tmp_path))


@pytest.mark.parametrize("harness", HARNESSES, ids=_named)
@pytest.mark.parametrize(
    ("function", "reason"),
    [
        ("tests.fleet.engine_work:broken", "there is no disk"),
        ("tests.fleet.engine_work:nothing", "cannot be imported"),
        ("tests.fleet.no_such_module:work", "cannot be imported"),
        ("tests.fleet.engine_laws:PATIENCE", "is float: name a function"),
        ("work", "give the function of a duty as module:name"),
    ],
)
def test_worker_that_cannot_begin(harness: laws.Harness, function: str, reason: str) -> None:
    asyncio.run(laws.a_worker_that_cannot_begin_is_lost(harness, function, reason))


def test_command_that_cannot_be_run_is_a_loss() -> None:
    async def main() -> None:
        engine = LocalEngine(command=["/no/such/program"])
        await engine.open(Duty(laws.WORK))
        await engine.start(0, shares(1, 1)[0])
        event = await anext(engine.events())
        await engine.stop()
        assert event == Lost(0, (), "a worker process cannot be started: No such file or directory")

    asyncio.run(main())


def test_frozen_program_has_to_give_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with pytest.raises(EngineError, match="give LocalEngine a command"):
        asyncio.run(LocalEngine().open(Duty(laws.WORK)))


PROGRAM = """
import asyncio, sys
from openline_fleet.engines.contract import Duty, Started, Unit, shares
from openline_fleet.engines.local import LocalEngine
from tests.fleet.engine_work import payload

async def main():
    engine = LocalEngine()
    await engine.open(Duty("tests.fleet.engine_work:work", sys.argv[1].encode()))
    await engine.start(0, shares(1, 1)[0])
    async for event in engine.events():
        assert isinstance(event, Started)
        await engine.hand(0, Unit("a", payload(wait=True)))
        print(engine.process_id(0), flush=True)

asyncio.run(main())
"""


def test_workers_do_not_outlive_their_coordinator(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        stdout=subprocess.PIPE, text=True, env=environment,
    ) as coordinator:  # fmt: skip
        assert coordinator.stdout is not None
        worker = int(coordinator.stdout.readline())
        wait_for((tmp_path / "a.begun").exists)
        coordinator.kill()
    wait_for(lambda: not Path(f"/proc/{worker}").exists())
    assert (tmp_path / "a.cancelled").exists()  # in order, though its parent was killed
    assert (tmp_path / "left-0").exists()


def wait_for(fits: Callable[[], bool]) -> None:
    until = time.monotonic() + laws.PATIENCE
    while not fits():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_no_repr_shows_a_setup() -> None:
    assert "secret" not in repr(Duty("a:b", b"secret"))
    assert "secret" not in repr(Unit("u", b"secret"))
