"""A client that is killed at a random moment, and the process that resumes its session.

The client streams audio, which encodes its own position, to the reference backend, with a
spool, and is killed by SIGKILL. Then its session is resumed. The audio that the backend
received from both, put together, must be all that was captured, and the finals cover it once.

    OPENLINE_RUNS=20 python -m pytest tests/e2e/test_resume.py
"""

from __future__ import annotations

import os
import random
import signal
import sys
from itertools import pairwise
from pathlib import Path

import trio

from openline import Ended
from openline_server.config import ServerConfig
from openline_server.server import Server, serve
from openline_store.spool import load, spooled_sessions
from openline_trio.opening import resume_session
from tests.support_oracle import CodedSource, received, union

RUNS = int(os.environ.get("OPENLINE_RUNS", "3"))
FIRST = int(os.environ.get("OPENLINE_FIRST_SEED", "0"))
#: More than the client lives to stream.
SECONDS = 10.0
#: Seconds after the line is open, in which it is killed.
MOMENTS = (0.0, 4.0)
#: Prints each update's name; ``sys.argv``: URL, folder.
CLIENT = f"""
import sys
from pathlib import Path

import trio

from openline import Backend, Transcript
from openline_trio import open_session
from tests.support_oracle import CodedSource


async def main():
    source = CodedSource({SECONDS})
    backend = Backend.from_url(sys.argv[1])
    async with open_session(backend, {{"mic": source}}, spool=Path(sys.argv[2])) as session:
        async for update in session:
            print(type(update).__name__, flush=True)


trio.run(main)
"""


async def kill_client(server: Server, folder: Path, moment: float) -> None:
    """A client that is killed so many seconds after its line is open."""
    command = [sys.executable, "-c", CLIENT, server.url, str(folder)]
    root = str(Path(__file__).parents[2])
    process = await trio.lowlevel.open_process(command, stdout=-1, cwd=root)
    assert process.stdout is not None
    async with process.stdout:
        output = b""
        while b"BackendMetrics" not in output and b"Transcript" not in output:
            more = await process.stdout.receive_some()
            assert more, "the client did not start"
            output += more
        await trio.sleep(moment)
        process.kill()
        assert await process.wait() == -signal.SIGKILL


async def resume(folder: Path) -> Ended:
    async with resume_session(folder) as session:
        return await session.wait()


async def one(seed: int, tmp_path: Path) -> None:
    moment = random.Random(seed).uniform(*MOMENTS)
    spool, record = tmp_path / "spool", tmp_path / "record"
    record.mkdir(parents=True)
    config = ServerConfig(recognizer="echo", port=0, record=record)
    async with trio.open_nursery() as nursery:
        server: Server = await nursery.start(serve, config)
        await kill_client(server, spool, moment)
        [folder] = spooled_sessions(spool)
        past = load(folder)
        [stream] = past.sources
        assert all(a[1] == b[0] for a, b in pairwise(stream.on_disk))
        captured = stream.on_disk[-1][1]
        which = f"seed {seed}, killed after {moment:.2f} s, {captured} samples"
        assert 0 < captured < CodedSource(SECONDS).samples, which
        ended = await resume(folder)
        server.shutdown()
    assert ended.complete, (which, ended)
    assert not folder.exists(), which
    runs = received(record, "mic")
    assert union(piece for pieces in runs for piece in pieces) == [(0, captured)], (which, runs)
    assert ended.transcript[: len(past.transcript)] == past.transcript, which
    finals = [(round(t.start * 16_000), round(t.end * 16_000)) for t in ended.transcript]
    assert all(a[1] <= b[0] for a, b in pairwise(finals)), (which, finals)
    assert union(finals) == [(0, captured)], (which, finals)


async def test_a_killed_client_loses_nothing(tmp_path: Path) -> None:
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            for seed in range(FIRST, FIRST + RUNS):
                nursery.start_soon(one, seed, tmp_path / str(seed))
