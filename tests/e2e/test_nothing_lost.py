"""Nothing is lost: real sockets, a real backend, random faults, and the loss oracle.

Each run streams 12 s of audio, which encodes its own position, through a proxy to the
reference backend, with up to six random faults. The audio that all backends received, put
together, must be all the captured audio; finals must cover it without overlap.

    OPENLINE_RUNS=100 python -m pytest tests/e2e/test_nothing_lost.py
"""

from __future__ import annotations

import os
import random
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest
import trio

from openline import Backend, Ended, Policy
from openline_trio import open_session
from tests.support_hearing import judge_audio, read_ledgers
from tests.support_oracle import CodedSource, coded, decode, received, union
from tests.support_profiles import many

RUNS = int(os.environ.get("OPENLINE_RUNS", many(2, 6)))
FIRST = int(os.environ.get("OPENLINE_FIRST_SEED", "0"))
TOGETHER = 6
SECONDS = 12.0
#: Six faults at the very end can take half a minute; the session is to survive them all.
PATIENT = Policy(finish_timeout=60)
FAULTS = ("kill", "term", "stop", "refuse", "cut", "cut the next dial", "half-open")


class Server:
    """The reference backend in a process that can be killed and comes back."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: trio.Process | None = None
        self.port = 0

    async def start(self) -> None:
        command = [sys.executable, "-m", "openline_cli", "serve", "--recognizer", "echo"]
        command += ["--port", str(self.port), "--record", str(self._folder)]
        self._process = await trio.lowlevel.open_process(command, stdout=-1)
        assert self._process.stdout is not None
        line = b""
        while not line.endswith(b"\n"):
            more = await self._process.stdout.receive_some()
            assert more, "the backend did not start"
            line += more
        self.port = Backend.from_url(line.decode().split()[-1]).port

    def signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    async def end(self, number: int) -> None:
        assert self._process is not None
        self.signal(number)
        self.signal(signal.SIGCONT)
        await self._process.wait()
        assert self._process.stdout is not None
        await self._process.stdout.aclose()


class Proxy:
    """A connection that can be cut, and that can go dead without a sign."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._wires: set[trio.CancelScope] = set()
        self._dead: set[trio.CancelScope] = set()
        self.cut_next_after: float | None = None

    async def serve(self, client: trio.SocketStream) -> None:
        delay, self.cut_next_after = self.cut_next_after, None
        with trio.CancelScope() as scope:
            if delay is not None:
                scope.deadline = trio.current_time() + delay
            self._wires.add(scope)
            try:
                server = await trio.open_tcp_stream("127.0.0.1", self._server.port)
                async with server, trio.open_nursery() as nursery:
                    nursery.start_soon(self._pump, client, server, scope)
                    nursery.start_soon(self._pump, server, client, scope)
            except OSError:
                pass  # no server there: the client sees its connection end
        self._wires.discard(scope)
        await trio.aclose_forcefully(client)

    async def _pump(
        self, source: trio.SocketStream, target: trio.SocketStream, scope: trio.CancelScope
    ) -> None:
        try:
            async for data in source:
                if scope in self._dead:
                    await trio.sleep_forever()
                # A cut in the middle of a frame is the hardest case.
                await target.send_all(data[: len(data) // 2])
                await target.send_all(data[len(data) // 2 :])
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        if scope not in self._dead:
            scope.cancel()

    def cut(self) -> None:
        for wire in self._wires:
            wire.cancel()

    def go_dead(self) -> None:
        self._dead |= self._wires


async def misfortune(kind: str, server: Server, proxy: Proxy, rng: random.Random) -> None:
    match kind:
        case "kill" | "term":
            await server.end(signal.SIGKILL if kind == "kill" else signal.SIGTERM)
            await server.start()
        case "refuse":
            await server.end(signal.SIGKILL)
            await trio.sleep(5)
            await server.start()
        case "stop":
            server.signal(signal.SIGSTOP)
            await trio.sleep(rng.uniform(0.5, 8))
            server.signal(signal.SIGCONT)
        case "cut":
            proxy.cut()
        case "cut the next dial":
            proxy.cut_next_after = rng.uniform(0, 0.3)
            proxy.cut()
        case _:
            proxy.go_dead()


@asynccontextmanager
async def wire(server: Server) -> AsyncGenerator[tuple[Proxy, int]]:
    proxy = Proxy(server)
    async with trio.open_nursery() as nursery:
        [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, proxy.serve, [listener])
        yield proxy, listener.socket.getsockname()[1]
        nursery.cancel_scope.cancel()


async def run(seed: int, folder: Path) -> str | None:
    """One seeded run; None, or the fault found."""
    rng = random.Random(seed)
    faults = sorted(
        (rng.uniform(0, SECONDS + 1), rng.choice(FAULTS)) for _ in range(rng.randint(1, 6))
    )
    server = Server(folder)
    source = CodedSource(SECONDS)
    await server.start()

    async def chaos() -> None:
        start = trio.current_time()
        for at, kind in faults:
            await trio.sleep_until(start + at)
            await misfortune(kind, server, proxy, rng)

    async with wire(server) as (proxy, port), trio.open_nursery() as nursery:
        nursery.start_soon(chaos)
        backend = Backend(port=port)
        async with open_session(backend, {"mic": source}, policy=PATIENT) as session:
            async for update in session:
                assert update is not None
        nursery.cancel_scope.cancel()
    with trio.CancelScope(shield=True):
        await server.end(signal.SIGKILL)
    ended = session.ended
    assert ended is not None
    return judge(ended, source, folder, f"seed {seed}, {faults}")


def judge(ended: Ended, source: CodedSource, folder: Path, reported: str) -> str | None:
    runs = received(folder, "mic")
    gaps = [(gap.start, gap.end) for gap in ended.missing]
    got = union(piece for pieces in runs for piece in pieces)
    finals = [(round(t.start * 16_000), round(t.end * 16_000)) for t in ended.transcript]
    problems = {
        "not complete": not ended.complete,
        "not all of it was received": union(got + gaps) != [(0, source.samples)],
        "a connection received it out of order": any(pieces != sorted(pieces) for pieces in runs),
        "finals overlap": any(a[1] > b[0] for a, b in pairwise(finals)),
        "finals leave something out": union(finals + gaps) != [(0, source.samples)],
        "a recogniser did not hear all of it": judge_audio(
            [(0, source.samples)], read_ledgers(folder, "mic"), ended.transcript, ended.missing
        )
        != [],
    }
    wrong = [problem for problem, is_so in problems.items() if is_so]
    return f"{reported}: {wrong}; {ended.reason}; {got}; {finals}" if wrong else None


@pytest.mark.longer
async def test_all_audio_arrives_despite_random_faults(tmp_path: Path) -> None:
    limiter = trio.CapacityLimiter(TOGETHER)
    wrong: list[str] = []

    async def one(seed: int) -> None:
        async with limiter:
            folder = tmp_path / str(seed)
            folder.mkdir()
            problem = await run(seed, folder)
            if problem is not None:
                wrong.append(problem)

    async with trio.open_nursery() as nursery:
        for seed in range(FIRST, FIRST + RUNS):
            nursery.start_soon(one, seed)
    assert not wrong, "\n".join(wrong)


def test_oracle_finds_missing_audio(tmp_path: Path) -> None:
    """An oracle that cannot fail is useless."""
    assert decode(coded(640, 320)) == [(640, 960)]
    assert decode(coded(0, 320) + coded(640, 320)) == [(0, 320), (640, 960)]
    assert received(tmp_path, "mic") == []
    with pytest.raises(AssertionError):
        assert union([(0, 320), (640, 960)]) == [(0, 960)]
