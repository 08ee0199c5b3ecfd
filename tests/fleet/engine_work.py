"""What the workers do in the tests of engines: small work that obeys its payload."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from openline_fleet.engines.contract import Perform, Report, Share, Unit


@asynccontextmanager
async def work(setup: bytes, share: Share) -> AsyncGenerator[Perform]:
    """``setup`` is the folder in which it leaves notes."""
    folder = Path(setup.decode())

    async def perform(unit: Unit, report: Report) -> bytes:
        told = json.loads(unit.payload or b"{}")
        (folder / f"{unit.id}.begun").touch()
        for number in range(told.get("reports", 0)):
            await report(f"{number}".encode())
        if told.get("raise"):
            raise ValueError(told["raise"])
        if told.get("exit"):
            os._exit(7)
        if told.get("kill"):
            os.kill(os.getpid(), signal.SIGKILL)
        if told.get("print"):
            print(told["print"])
        if told.get("wait"):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                (folder / f"{unit.id}.cancelled").touch()
                raise
        if told.get("until"):
            while not (folder / told["until"]).exists():  # noqa: ASYNC110 -- of another process
                await asyncio.sleep(0.01)
        return json.dumps({"pid": os.getpid(), "seat": share.seat}).encode()

    try:
        yield perform
    finally:
        (folder / f"left-{share.seat}").touch()


@asynccontextmanager
async def broken(setup: bytes, share: Share) -> AsyncGenerator[Perform]:
    """A worker that cannot begin."""
    if not setup:
        raise OSError("there is no disk")

    async def perform(unit: Unit, report: Report) -> bytes:
        return b""

    yield perform


def payload(**told: Any) -> bytes:
    return json.dumps(told).encode()
