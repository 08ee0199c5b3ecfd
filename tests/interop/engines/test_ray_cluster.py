"""The cluster of an engine: its own, or one that is there."""

from __future__ import annotations

import asyncio
from importlib import import_module
from pathlib import Path

import pytest

from openline_fleet.engines.contract import Duty, EngineError
from openline_fleet.engines.ray import RayEngine
from tests.fleet import engine_laws as laws

ray = import_module("ray")


def test_engine_begins_a_cluster_and_ends_it(tmp_path: Path) -> None:
    async def main() -> None:
        engine = RayEngine()
        await engine.open(Duty(laws.WORK, str(tmp_path).encode()))
        assert ray.is_initialized()
        await engine.stop()

    asyncio.run(main())
    assert not ray.is_initialized()


def test_cluster_that_is_not_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_gcs_server_request_timeout_seconds", "2")
    with pytest.raises(EngineError, match=r"^no cluster of Ray auto: [^\n]+$"):
        asyncio.run(RayEngine("auto").open(Duty(laws.WORK)))
