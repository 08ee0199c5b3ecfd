"""The laws of engines on Ray, as it is published: ``make interop-engines``.

They run in the venv ``.venv-interop-engines``, which has Ray and what the laws need.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from openline_fleet.engines.contract import Engine
from openline_fleet.engines.ray import RayEngine
from tests.fleet import engine_laws as laws


class RayHarness:
    def make(self) -> Engine:
        return RayEngine(options={"num_cpus": 0})

    async def kill(self, engine: Engine, worker: int, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("law", laws.LAWS, ids=lambda law: law.__name__)
def test_law(law: Callable[[laws.Scene], Awaitable[None]], cluster: None, tmp_path: Path) -> None:
    asyncio.run(laws.play(law, RayHarness(), tmp_path))


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        ("tests.fleet.engine_work:broken", "there is no disk"),
        ("tests.fleet.engine_work:nothing", "cannot be imported"),
        ("work", "give the function of a duty as module:name"),
    ],
)
def test_worker_that_cannot_begin(function: str, reason: str, cluster: None) -> None:
    asyncio.run(laws.a_worker_that_cannot_begin_is_lost(RayHarness(), function, reason))
