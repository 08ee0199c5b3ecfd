"""A batch: recordings as fast as the backend takes them, eight at a time.

The sink takes anything, so what is measured is the client: seconds of CPU for an hour of audio,
with reading and decoding the files, in messages of 100 ms. The peers are scripts: read a file, send
it, stop, read to the summary. They do not know when a backend has had enough, and begin a file
again when a line is cut. A session sends no more than its window allows, and asks for more by
pings.

``openline_batch`` has a slot: where there is a module ``bench.batching`` with a function
``cost(paths, port)``, in the same unit, it is called.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
import wave
from collections.abc import Awaitable, Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

from websockets.asyncio.client import connect

from bench.clients.load import HEADER, PATIENCE, START, STOP, LongMessages
from bench.ladder import Measure, Rung
from bench.rungs.session import ASYNCIO
from bench.sink import sink
from openline import Backend, Ended
from openline_asyncio import open_session
from openline_asyncio.sources import FileSource
from openline_audio.source import SAMPLE_RATE

AT_ONCE = 8
BATCH = "openline batch"
SLOT = "bench.batching"
#: Seconds of audio that a peer sends at once.
_PIECE = LongMessages.traits.form.usual
#: Seconds of a recording that may pass in one: as many as there is room for.
_FAST = 1e6
Transcribe: TypeAlias = Callable[[Path, str], Awaitable[None]]


async def openline(path: Path, url: str) -> None:
    """A session; raises RuntimeError if a sample is missing at its end."""
    source = FileSource(path, speed=_FAST)
    to = Backend.from_url(url)
    async with open_session(to, {"mic": source}, dialect=LongMessages()) as session:
        async for update in session:
            if isinstance(update, Ended) and not update.complete:
                raise RuntimeError(f"batch: a session ended incomplete: {update.reason}")


def _pieces(path: Path) -> Iterator[bytes]:
    with wave.open(str(path)) as recording:
        while pcm := recording.readframes(round(_PIECE * SAMPLE_RATE)):
            yield HEADER + pcm


def _is_last(text: str | bytes) -> bool:
    return bool(json.loads(text)["type"] == "final_summary")


async def websockets(path: Path, url: str) -> None:
    """A script on websockets."""
    async with connect(url, compression=None) as socket:
        await socket.send(START)
        await socket.recv()
        for piece in _pieces(path):
            await socket.send(piece)
        await socket.send(STOP)
        while not _is_last(await socket.recv()):
            pass


async def aiohttp(path: Path, url: str) -> None:
    """A script on aiohttp."""
    library: Any = import_module("aiohttp")
    async with library.ClientSession() as session, session.ws_connect(url) as socket:
        await socket.send_str(START)
        await socket.receive_str()
        for piece in _pieces(path):
            await socket.send_bytes(piece)
        await socket.send_str(STOP)
        while not _is_last(await socket.receive_str()):
            pass


def cost(transcribe: Transcribe, paths: Sequence[Path], port: int) -> float:
    """Seconds of this process's CPU for an hour of audio."""
    url = f"ws://127.0.0.1:{port}/ws/live-listener"

    async def all_of_them() -> None:
        places = asyncio.Semaphore(AT_ONCE)

        async def one(path: Path) -> None:
            async with places:
                await transcribe(path, url)

        async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
            for path in paths:
                group.create_task(one(path))

    before = time.process_time()
    asyncio.run(all_of_them())
    return (time.process_time() - before) / _hours(paths)


def _hours(paths: Sequence[Path]) -> float:
    return sum(path.stat().st_size for path in paths) / (2 * SAMPLE_RATE) / 3600


@contextmanager
def contenders(*, count: float = 16, seconds: float = 10.0) -> Generator[Mapping[str, Measure]]:
    """``count`` recordings of ``seconds`` each."""
    with tempfile.TemporaryDirectory(prefix="openline-bench-") as folder, sink() as port:
        paths = [Path(folder) / f"{number}.wav" for number in range(int(count))]
        for path in paths:
            with wave.open(str(path), "wb") as recording:
                recording.setnchannels(1)
                recording.setsampwidth(2)
                recording.setframerate(SAMPLE_RATE)
                recording.writeframes(bytes(2 * round(seconds * SAMPLE_RATE)))
        found = {
            ASYNCIO: partial(cost, openline, paths, port),
            "websockets": partial(cost, websockets, paths, port),
            "aiohttp": partial(cost, aiohttp, paths, port),
        }
        if find_spec(SLOT) is not None:
            found[BATCH] = partial(import_module(SLOT).cost, paths, port)
        yield found


RUNG = Rung(
    what="a batch of recordings, eight at a time: CPU for an hour of audio",
    unit="s",
    rounds=3,
    pairs=(
        *(((BATCH, "websockets"),) if find_spec(SLOT) is not None else ()),
        (ASYNCIO, "websockets"),
        (ASYNCIO, "aiohttp"),
    ),
    needs={"aiohttp": "aiohttp"},
    contenders=contenders,
)
