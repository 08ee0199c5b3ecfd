"""A hundred sessions on one loop, and a backend that is killed twice: nothing is lost on any.

The sink is a process of its own that checks each frame and keeps books in a file, which outlive it
(``bench.fleet_sink``). Each frame names its session and its position, and its content follows from
them, so at the end it is known of each position of each session whether it came, and came right.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from bench.fleet_sink import RIGHT, Books, frame
from openline.backend import Backend
from openline.policy import Policy
from openline.updates import Ended, State, Update
from openline_fleet import FleetSession, SessionSpec, Shard
from tests.asyncio.support import LOOPS, held

SESSIONS, SECONDS = 100, 12.0
FRAMES = round(SECONDS / 0.02)
SIZE = 640
#: When the sink is killed, in seconds of audio; it is away for ``AWAY`` of them.
KILLS, AWAY = (3.0, 8.0), 0.5
#: On a busy machine the rest of the audio may take long.
PATIENT = Policy(finish_timeout=120.0, source_timeout=None)


class Sink:
    """The process, and its books."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._file = folder / "books"
        self.books = Books(self._file, SESSIONS, FRAMES)
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "bench.fleet_sink", str(self.port), str(self._file)]
        command += [str(SESSIONS), str(FRAMES)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline().startswith("listening on ")

    def kill(self) -> None:
        if self._process is not None:
            with self._process:
                self._process.kill()
            self._process = None


@contextmanager
def sinking(folder: Path) -> Generator[Sink]:
    """A sink that is there."""
    sink = Sink(folder)
    sink.start()
    try:
        yield sink
    finally:
        sink.kill()
        sink.books.close()


def sockets() -> int:
    """Those that are open."""
    return sum(name.startswith("socket:") for name in held())


async def push(lines: list[FleetSession], sink: Sink) -> None:
    """Each frame of each session as time passes; the sink is killed meanwhile."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    kills = {round(at / 0.02): sink.kill for at in KILLS}
    starts = {round((at + AWAY) / 0.02): sink.start for at in KILLS}
    for position in range(FRAMES):
        due = start + (position + 1) * 0.02
        await asyncio.sleep(max(0.0, due - loop.time()))
        for session, line in enumerate(lines):
            line.push("mic", frame(session, position, due, SIZE))
        for act in (kills.get(position), starts.get(position)):
            if act is not None:
                await asyncio.to_thread(act)
    for line in lines:
        line.finish()


@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
def test_a_backend_that_is_killed_twice_loses_nothing_of_a_hundred_sessions(
    loop: Callable[[], asyncio.AbstractEventLoop], tmp_path: Path
) -> None:
    async def main(sink: Sink) -> dict[str, Update]:
        before = sockets()
        began = time.monotonic()
        async with Shard(dials_per_second=200.0) as shard:
            backend = Backend(port=sink.port, path="/")
            specs = (
                SessionSpec(session_id=str(number), backend=backend, policy=PATIENT)
                for number in range(SESSIONS)
            )
            lines = [shard.start(spec) for spec in specs]
            shard.close()
            pushing = asyncio.create_task(push(lines, sink))
            found = [each async for each in shard.updates() if isinstance(each[1], Ended)]
            await pushing
            minutes = max(1.0, (time.monotonic() - began) / 60)
            assert all(line.statistics.dials <= 15 * minutes for line in lines)
            assert shard.gate.passed == sum(line.statistics.dials for line in lines)
        assert sockets() == before
        return dict(found)

    with sinking(tmp_path) as sink, asyncio.Runner(loop_factory=loop) as runner:
        ended = runner.run(main(sink))
        for session in range(SESSIONS):
            result = ended[str(session)]
            assert isinstance(result, Ended)
            assert result.complete, result.reason
            assert result.state is State.CLOSED
            assert result.statistics.dials >= 3
            assert sink.books.seen(session) == bytes([RIGHT]) * FRAMES
            finals = [(each.start, each.end) for each in result.transcript]
            assert finals[0][0] == pytest.approx(0.0, abs=0.001)
            assert finals[-1][1] == pytest.approx(SECONDS, abs=0.001)
            for (_, end), (start, _) in pairwise(finals):
                assert start == pytest.approx(end, abs=0.001), "no word twice, none left out"
