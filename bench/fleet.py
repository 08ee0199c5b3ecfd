"""A fleet on one core: how many sessions, how late their frames, and what each costs.

The shard of ``openline_fleet`` streams live audio to a raw sink in a process of its own, which
hashes what comes (``fleet_sink``); the core's promises are on. The peer is a bare picows client on
the same loop: it dials, says ``start``, and sends the same frames at the same moments from the same
slots. It keeps nothing, reads nothing but what the socket brings, and would lose everything at the
first cut. Both are measured in this process, while all sessions stream: the CPU time of a frame,
how late the sink had it, and the memory of a session.

    python -m bench.fleet --sessions 1000 --frame 0.02 --seconds 10
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import replace as replaced
from pathlib import Path
from typing import Any, Final, cast

import picows
from msgspec.structs import replace

from bench import fleet_sink
from bench.fleet_sink import Books, quantile
from bench.ratios import Figure, figure
from openline import Backend, Policy
from openline.dialects.echopanel import EchoPanel
from openline.dialects.traits import AudioForm
from openline.updates import State, StateChanged
from openline_fleet import FleetSession, SessionSpec, Shard, SourceSpec, run, spare_imports

FIGURES = ("a frame of 20 ms", "100 ms in a message")
PEER: Final = "a bare picows client"
#: Parts of a frame's time over which the sessions are spread.
SLOTS: Final = 10
_HEADER: Final = b"EP\x01\x01"
_START: Final = b'{"type": "start", "session_id": "s", "attempt_id": "a", "connection_id": "c"}'


class Tenths(EchoPanel):
    """The default dialect, with audio in messages of 100 ms."""

    name = "tenths"
    traits = replace(EchoPanel.traits, form=AudioForm(usual=0.1))


@dataclass(frozen=True, kw_only=True)
class Load:
    """So many sessions, with frames of so many seconds."""

    sessions: int
    frame: float = 0.02
    seconds: float = 5.0

    @property
    def size(self) -> int:
        """Bytes of a frame."""
        return 2 * round(16_000 * self.frame)

    @property
    def positions(self) -> int:
        """Positions of which the sink keeps books: those of some minutes."""
        return round(300 / self.frame)


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a run came to: µs of CPU a frame, ms late, KB a session."""

    cpu: float
    late: float
    late_p99: float
    memory: float
    core: float
    frames: int


@contextmanager
def sink(load: Load) -> Generator[tuple[str, Books]]:
    """The sink in a process of its own: its URL, and its books."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "books"
        books = Books(file, load.sessions, load.positions)
        command = [sys.executable, "-m", "bench.fleet_sink", "0", str(file)]
        command += [str(load.sessions), str(load.positions)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None  # noqa: S101  # requested as a pipe
                line = process.stdout.readline()
                if not line.startswith("listening on "):
                    raise RuntimeError("fleet: the sink did not start")
                yield line.removeprefix("listening on ").strip(), books
            finally:
                process.kill()
        books.close()


class Callers:
    """Push a frame of each session at its moment. ``send`` takes a session's number and a frame."""

    def __init__(self, load: Load, send: Callable[[int, bytes], object]) -> None:
        self._load = load
        self._send = send
        self._slots = [range(slot, load.sessions, SLOTS) for slot in range(SLOTS)]
        self.frames = 0  # sent
        self._loop = asyncio.get_running_loop()
        self._start = self._loop.time() + 0.1
        self._turn = 0
        self._timer = self._loop.call_at(self._start, self._push)

    def stop(self) -> None:
        """Push no more."""
        self._timer.cancel()

    def _push(self) -> None:
        """Push all that is due, as microphones do, which do not wait."""
        load, now = self._load, self._loop.time()
        while (due := self._start + self._turn * load.frame / SLOTS) <= now:
            position, slot = divmod(self._turn, SLOTS)
            for session in self._slots[slot]:
                self._send(session, fleet_sink.frame(session, position, due, load.size))
            self.frames += len(self._slots[slot])
            self._turn += 1
        self._timer = self._loop.call_at(due, self._push)


async def measured(load: Load, books: Books, send: Callable[[int, bytes], object]) -> Found:
    """Push for a while, and measure after the first second."""
    gc.collect()  # of what the dials left: it would delay each frame of that tenth of a second
    callers = Callers(load, send)
    await asyncio.sleep(1.0)
    before, counts, start = callers.frames, books.lateness(), time.monotonic()
    cpu = time.process_time()
    await asyncio.sleep(load.seconds)
    cpu, taken = time.process_time() - cpu, time.monotonic() - start
    frames = callers.frames - before
    late = [now - then for now, then in zip(books.lateness(), counts, strict=True)]
    memory = resident()
    callers.stop()
    return Found(
        cpu=cpu / frames * 1e6,
        late=quantile(late, 0.5),
        late_p99=quantile(late, 0.99),
        memory=memory,
        core=cpu / taken,
        frames=frames,
    )


async def on_a_shard(load: Load, url: str, books: Books) -> Found:
    """openline_fleet."""
    gc.collect()
    before = resident()
    lines: list[FleetSession] = []
    async with Shard(dials_per_second=300.0, dialects={"tenths": Tenths()}) as shard:
        policy = Policy(source_timeout=None)
        for number in range(load.sessions):
            spec = SessionSpec(
                session_id=str(number),
                backend=Backend.from_url(url),
                dialect="echopanel" if load.frame < 0.1 else "tenths",
                sources=(SourceSpec(name="mic"),),
                policy=policy,
            )
            lines.append(shard.start(spec))
        streaming = 0
        reading = asyncio.create_task(_read(shard))
        while streaming < load.sessions:
            await asyncio.sleep(0.1)
            streaming = sum(line.state is State.STREAMING for line in lines)
        found = await measured(load, books, lambda number, pcm: lines[number].push("mic", pcm))
        reading.cancel()
        lost = sum(line.statistics.sources["mic"].captured == 0 for line in lines)
        if lost or any(line.statistics.dials > 1 for line in lines):
            raise RuntimeError("fleet: some sessions lost their lines")
    return replaced(found, memory=(found.memory - before) / load.sessions)


async def _read(shard: Shard) -> None:
    async for _, update in shard.updates():
        if isinstance(update, StateChanged) and update.state is State.FAILED:
            raise RuntimeError(f"fleet: {update.reason}")


class _Bare(picows.WSListener):
    """Reads nothing."""

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        """Drop it."""


async def bare(url: str) -> picows.WSTransport:
    """A connection of picows's own."""
    connect: Any = cast("Any", picows).ws_connect
    transport, _listener = await connect(_Bare, url, use_aiofastnet=False)
    made: picows.WSTransport = transport
    return made


async def on_bare_picows(load: Load, url: str, books: Books) -> Found:
    """The same frames without sessions."""
    gc.collect()
    before = resident()
    lines: list[picows.WSTransport] = []
    for _ in range(load.sessions):
        transport = await bare(url)
        transport.send(picows.WSMsgType.TEXT, _START)
        lines.append(transport)
    binary = picows.WSMsgType.BINARY
    found = await measured(
        load, books, lambda number, pcm: lines[number].send(binary, _HEADER + pcm)
    )
    for transport in lines:
        transport.disconnect(graceful=False)
    return replaced(found, memory=(found.memory - before) / load.sessions)


def resident() -> float:
    """KB of memory that this process has."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1000


def raise_limit() -> None:
    """Sockets for all of them."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


Run = Callable[[Load, str, Books], Awaitable[Found]]


def once(load: Load, one: Run) -> Found:
    """One of them, against a sink of its own."""

    async def main() -> Found:
        return await one(load, url, books)

    raise_limit()
    spare_imports()
    with sink(load) as (url, books):
        return run(main())


def measure(*, rounds: int = 4, sessions: int = 200, seconds: float = 3.0) -> Iterator[Figure]:
    """Every figure, of ``rounds`` rounds."""
    for name, frame in zip(FIGURES, (0.02, 0.1), strict=True):
        load = Load(sessions=sessions, frame=frame, seconds=seconds)
        runs = [(once(load, on_a_shard), once(load, on_bare_picows)) for _ in range(rounds)]
        yield figure(name, PEER, "µs of CPU", [(ours.cpu, bare.cpu) for ours, bare in runs])


def main() -> None:
    """Print what a fleet comes to."""
    parser = argparse.ArgumentParser(prog="python -m bench.fleet")
    parser.add_argument("--sessions", type=int, default=1_000)
    parser.add_argument("--frame", type=float, default=0.02, help="seconds")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=1)
    given = parser.parse_args()
    load = Load(sessions=given.sessions, frame=given.frame, seconds=given.seconds)
    for _ in range(given.rounds):
        runs: tuple[tuple[str, Run], ...] = (("bare", on_bare_picows), ("shard", on_a_shard))
        found = {name: once(load, each) for name, each in runs}
        for name, each in found.items():
            print(
                f"{name:>6}: {load.sessions} sessions, {each.cpu:6.1f} µs a frame, "
                f"{each.core:4.0%} of a core, late p50 {each.late:.1f} p99 {each.late_p99:.1f} ms, "
                f"{each.memory:.1f} KB a session",
                flush=True,
            )
        print(f" ratio: {found['shard'].cpu / found['bare'].cpu:.2f}", flush=True)


if __name__ == "__main__":
    main()
