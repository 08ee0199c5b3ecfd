"""The reference backend as a process that is killed, stopped, full or locked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import wave
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trio

from openline.backend import Backend
from openline.policy import Policy
from openline.reconnect.verdicts import Action
from openline.updates import Ended, State, StateChanged, Transcript
from openline_trio import Session, open_session
from tests.support_lines import Frames, Silent, number_of

SERVE = """
import sys, trio
from pathlib import Path
from openline_server import ServerConfig, run_server
config = ServerConfig(
    recognizer="echo", port=int(sys.argv[1]), record=Path(sys.argv[2]), token=sys.argv[3] or None,
    max_sessions=int(sys.argv[4]), capacity_wait=0.3,
)
trio.run(run_server, config, lambda line: print(line, flush=True))
"""
#: Seconds that a test waits before it fails: a process may take long to come back.
LIMIT = 240
PROMPT = Policy(
    backoff_first=0.2, backoff_cap=4.0, later_floor=0.2, start_delay=0.05, finish_timeout=LIMIT
)
WATCHFUL = replace(PROMPT, ping_interval=0.5, pong_timeout=1.0)


class Server:
    """The process; the port stays the same over its restarts."""

    def __init__(self, record: Path, token: str = "", sessions: int = 8) -> None:
        self.record = record
        self.port = 0
        self._token = token
        self._sessions = sessions
        self._process: trio.Process | None = None

    async def start(self) -> None:
        arguments = [str(self.port), str(self.record), self._token, str(self._sessions)]
        self._process = await trio.lowlevel.open_process(
            [sys.executable, "-c", SERVE, *arguments], stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        output = b""
        with trio.fail_after(LIMIT):
            while b"\n" not in output:
                data = await self._process.stdout.receive_some()
                assert data, "the backend did not start"
                output += data
        self.port = int(output.split(b":")[2].split(b"/")[0])

    def send(self, number: signal.Signals) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)

    async def end(self, number: signal.Signals = signal.SIGKILL) -> None:
        if self._process is not None:
            self.send(number)
            await self._process.wait()
            self._process = None

    @property
    def backend(self) -> Backend:
        return Backend(port=self.port)

    def recordings(self) -> list[list[int]]:
        """The numbers of the frames that each connection received."""
        found: list[list[int]] = []
        for path in sorted(self.record.glob("*.wav")):
            with wave.open(str(path)) as file:
                pcm = file.readframes(file.getnframes())
            found.append([number_of(pcm[at : at + 640]) for at in range(0, len(pcm), 640)])
        return found


@asynccontextmanager
async def serving(record: Path, **options: Any) -> AsyncGenerator[Server]:
    """A server that runs."""
    server = Server(record, **options)
    await server.start()
    try:
        yield server
    finally:
        with trio.CancelScope(shield=True):
            server.send(signal.SIGCONT)
            await server.end(signal.SIGKILL)


async def until(session: Session, *states: State) -> StateChanged:
    with trio.fail_after(LIMIT):
        async for update in session:
            if isinstance(update, StateChanged) and update.state in states:
                return update
    raise AssertionError(f"never {states}")


async def until_transcript(session: Session, seconds: float) -> None:
    """Read on until a transcript comes, final or not, up to ``seconds``."""
    with trio.fail_after(LIMIT):
        async for update in session:
            if isinstance(update, Transcript) and update.end >= seconds:
                return


def check_whole(ended: Ended, frames: int) -> None:
    """Every sample was finalised, once."""
    assert ended.complete
    at = 0.0
    for transcript in ended.transcript:
        assert transcript.start == pytest.approx(at, abs=1e-4)
        at = transcript.end
    assert at == pytest.approx(frames * 0.02, abs=1e-4)
    assert ended.statistics.sources["mic"].confirmed == frames * 320


async def test_a_backend_that_is_killed_and_comes_back(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        async with open_session(server.backend, {"mic": Frames(180)}, policy=PROMPT) as session:
            await until_transcript(session, 2.5)
            await server.end()
            await until(session, State.RECONNECTING)
            await server.start()
            with trio.fail_after(LIMIT):
                ended = await session.wait()
        check_whole(ended, 180)
        first, second = server.recordings()
    # Confirmed audio is not sent again, and unconfirmed audio is.
    assert first == list(range(len(first)))
    assert second == list(range(100, 180))
    assert 100 <= len(first) < 180
    assert ended.statistics.dials >= 2


async def test_a_backend_that_freezes_is_noticed(tmp_path: Path) -> None:
    async with (
        serving(tmp_path) as server,
        open_session(server.backend, {"mic": Frames(120)}, policy=WATCHFUL) as session,
    ):
        await until(session, State.STREAMING)
        server.send(signal.SIGSTOP)
        lost = await until(session, State.RECONNECTING)
        assert "ping" in lost.reason
        server.send(signal.SIGCONT)
        with trio.fail_after(LIMIT):
            ended = await session.wait()
        check_whole(ended, 120)


async def test_a_wrong_token_is_one_dial(tmp_path: Path) -> None:
    async with (
        serving(tmp_path, token="right") as server,
        open_session(server.backend, {"mic": Silent()}, credentials="wrong") as session,
    ):
        with trio.fail_after(LIMIT):
            ended = await session.wait()
    assert (ended.state, ended.action) == (State.FAILED, Action.FATAL)
    assert ended.statistics.dials == 1
    assert "wrong" not in repr(ended)


async def test_a_full_backend_is_asked_again(tmp_path: Path) -> None:
    async with serving(tmp_path, sessions=1, token="right") as server:
        here = open_session(server.backend, {"mic": Silent()}, credentials="right")
        there = open_session(
            server.backend, {"mic": Frames(30)}, credentials="right", policy=PROMPT
        )
        async with here as first:
            await until(first, State.STREAMING)
            async with there as second:
                for _ in range(2):
                    lost = await until(second, State.RECONNECTING)
                    assert "capacity" in lost.reason
                    assert lost.action is Action.LATER
                with trio.fail_after(LIMIT):
                    assert (await first.stop()).state is State.CLOSED
                    ended = await second.wait()
    check_whole(ended, 30)


async def test_stop_during_an_outage_finishes_after_it(tmp_path: Path) -> None:
    async with (
        serving(tmp_path) as server,
        open_session(server.backend, {"mic": Frames(10_000)}, policy=PROMPT) as session,
    ):
        await until_transcript(session, 0.5)
        await server.end()
        await until(session, State.RECONNECTING)
        session.request_stop()
        await server.start()
        with trio.fail_after(LIMIT):
            ended = await session.wait()
    check_whole(ended, ended.statistics.sources["mic"].captured // 320)


async def test_session_returns_after_a_clean_restart(tmp_path: Path) -> None:
    async with (
        serving(tmp_path) as server,
        open_session(server.backend, {"mic": Frames(80)}, policy=PROMPT) as session,
    ):
        await until_transcript(session, 0.5)
        await server.end(signal.SIGTERM)
        lost = await until(session, State.RECONNECTING)
        assert "restarting" in lost.reason
        await server.start()
        with trio.fail_after(LIMIT):
            ended = await session.wait()
    check_whole(ended, 80)
