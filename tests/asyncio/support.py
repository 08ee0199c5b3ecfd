"""Backends on real sockets, on whichever loop runs, and what must not be left of a session."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import uvloop

from openline.backend import Backend
from openline_audio.source import Sink
from tests.faces.script import GoneError, Peer, Receive, Reset, Script, Send, Sleep
from tests.support_lines import numbered

T = TypeVar("T")
LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}


class Frames:
    """``count`` frames, one each ``step`` seconds; it never ends by itself unless ``ends``."""

    duration = None

    def __init__(self, count: int, *, step: float = 0.02, ends: bool = True) -> None:
        self._count = count
        self._step = step
        self._ends = ends

    async def run(self, sink: Sink) -> None:
        """Deliver."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        sink.started(start)
        for number in range(self._count):
            await asyncio.sleep(max(0.0, start + (number + 1) * self._step - loop.time()))
            sink.audio(numbered(number))
        if not self._ends:
            await asyncio.Event().wait()


#: The threads of the loop's pool.
IDLE = "asyncio_"


def held() -> Counter[str]:
    """Open descriptors, threads that are at work, and tasks of this loop."""
    found: Counter[str] = Counter()
    for path in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            name = os.readlink(path)
            if name != "/dev/null":  # libuv keeps one in reserve as soon as it has a server
                found[name] += 1
    found.update(t.name for t in threading.enumerate() if not t.name.startswith(IDLE))
    found.update(each.get_name() for each in asyncio.all_tasks())
    return found


async def settled(own: set[Any]) -> None:
    """Wait for all other tasks, such as the server's end, and until their sockets are closed."""
    if others := asyncio.all_tasks() - own:
        await asyncio.wait(others, timeout=30)
    for _ in range(8):  # a transport closes its socket in a turn of the loop behind its close
        await asyncio.sleep(0)


def run(
    main: Callable[[], Coroutine[Any, Any, T]],
    loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop,
    *,
    debug: bool = False,
) -> T:
    """Run ``main``: nothing of it is left then, and no callback of the loop has failed."""
    failures: list[dict[str, Any]] = []

    async def checked() -> T:
        running = asyncio.get_running_loop()
        running.set_exception_handler(lambda _, context: failures.append(context))
        before, threads = held(), {*threading.enumerate()}
        found = await main()
        await settled({asyncio.current_task()})
        for thread in {*threading.enumerate()} - threads:
            if not thread.name.startswith(IDLE):
                thread.join(5)  # one that has handed over its result is about to end
        gc.collect()
        left = held() - before
        assert not left
        return found

    with asyncio.Runner(loop_factory=loop, debug=debug) as runner:
        found = runner.run(checked())
    assert failures == []
    return found


@asynccontextmanager
async def serving(*scripts: Script) -> AsyncGenerator[Backend]:
    """Backends on a socket of this machine: the first dials get one script each."""
    dials = 0
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal dials
        dials += 1
        peer = Peer(dials, Backend())
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        try:
            await play(scripts[min(dials, len(scripts)) - 1](peer), reader, writer)
        finally:
            writer.close()
            serving.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield Backend(port=server.sockets[0].getsockname()[1])
    finally:
        server.close()
        if serving:
            await asyncio.wait(serving)
        await server.wait_closed()


async def play(script: Any, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    answer: object = None
    with suppress(StopIteration, GoneError, OSError):
        while True:
            step = script.send(answer)
            answer = None
            match step:
                case Receive():
                    answer = await reader.read(65_536)
                case Send(data):
                    writer.write(data)
                    await writer.drain()
                case Sleep(seconds):
                    await asyncio.sleep(seconds)
                case _:
                    assert isinstance(step, Reset)
                    writer.transport.abort()
                    return
