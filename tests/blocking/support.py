"""Backends on real sockets, each dial in a thread, and what must not be left of a session."""

from __future__ import annotations

import gc
import itertools
import math
import os
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from openline.backend import Backend
from openline_audio.source import Sink
from openline_blocking.poller import Poller
from openline_blocking.tasks import Pause, Tasks, here, sleep_until
from tests.faces.script import GoneError, Peer, Receive, Reset, Script, Send, Sleep, Steps
from tests.support_lines import numbered

T = TypeVar("T")


class Frames:
    """``count`` frames, one each ``step`` seconds; it never ends by itself unless ``ends``."""

    duration = None

    def __init__(self, count: int, *, step: float = 0.02, ends: bool = True) -> None:
        self._count = count
        self._step = step
        self._ends = ends

    async def run(self, sink: Sink) -> None:
        """Deliver."""
        start = here().poller.now()
        sink.started(start)
        for number in range(self._count):
            await sleep_until(start + (number + 1) * self._step)
            sink.audio(numbered(number))
        if not self._ends:
            await Pause()


def held() -> Counter[str]:
    """Open descriptors, and threads."""
    found: Counter[str] = Counter()
    for path in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found[os.readlink(path)] += 1
    found.update(each.name for each in threading.enumerate())
    return found


@contextmanager
def nothing_left() -> Generator[None]:
    """Check that the block leaves no descriptor and no thread, soon."""
    before = held()
    yield
    give_up = time.monotonic() + 5
    while held() - before and time.monotonic() < give_up:  # the server's end has no event
        gc.collect()
        time.sleep(0.001)
    left = held() - before
    assert not left


@contextmanager
def serving(*scripts: Script) -> Generator[Backend]:
    """Backends on a socket of this machine: the first dials get one script each."""
    numbers = itertools.count(1)

    def handler(script: Script) -> Callable[[socket.socket], object]:
        return lambda sock: _play(script(Peer(next(numbers), Backend())), sock)

    with threaded(*map(handler, scripts)) as port:
        yield Backend(port=port)


def _play(script: Any, sock: socket.socket) -> None:
    answer: object = None
    with suppress(StopIteration, GoneError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            step = script.send(answer)
            answer = None
            match step:
                case Receive():
                    answer = sock.recv(65_536)
                case Send(data):
                    sock.sendall(data)
                case Sleep(seconds):
                    time.sleep(seconds)
                case _:
                    assert isinstance(step, Reset)
                    reset(sock)
                    return


def scripted(*scripts: Script) -> Callable[[int, Backend], Steps]:
    """The first dials get one script each, all others the last one."""
    return lambda number, backend: scripts[min(number, len(scripts)) - 1](Peer(number, backend))


def run(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Carry a coroutine on to its end, as a session does; nothing of it is left then."""
    with nothing_left():
        poller = Poller()
        poller.open()
        tasks = Tasks(poller)
        task = tasks.start(main(), joins=True)
        while len(tasks):
            tasks.run()
            if task.done:
                tasks.cancel_all()
            ready = tasks.are_ready() or not len(tasks)
            for call in poller.wait(-math.inf if ready else tasks.until()):
                call()
        poller.close()
        return task.result()


async def cancelled(work: Coroutine[Any, Any, object], *, after: float) -> None:
    """Begin it, and cancel it after so many seconds: it must end by that."""
    task = here().start(work, joins=True)
    await sleep_until(here().poller.now() + after)
    assert not task.done
    task.cancel()
    await task.join()
    assert task.was_cancelled


@contextmanager
def threaded(*handlers: Callable[[socket.socket], object]) -> Generator[int]:
    """A port of this machine: the first connections get one handler each, in a thread."""
    threads: list[threading.Thread] = []

    def handle(handler: Callable[[socket.socket], object], sock: socket.socket) -> None:
        with sock, suppress(OSError):
            handler(sock)

    def accept() -> None:
        with suppress(OSError):
            while True:
                sock, _ = server.accept()
                handler = handlers[min(len(threads), len(handlers) - 1)]
                threads.append(threading.Thread(target=handle, args=(handler, sock)))
                threads[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)  # ends the ``accept`` that is under way
            accepting.join()
            for each in threads:
                each.join()


def reset(sock: socket.socket) -> None:
    """Have its close reset the connection."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
