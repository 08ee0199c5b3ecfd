"""A shard on real sockets, plain and with TLS, on both loops: nothing of it is left."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

import pytest

from openline.backend import Backend
from openline.policy import Policy
from openline_fleet import Shard
from tests.asyncio import support
from tests.asyncio.support import LOOPS, serving
from tests.asyncio.test_network import contexts, tls_server
from tests.faces.corpus import cut, echo, refusing, reset
from tests.faces.script import Peer, Script
from tests.fleet.support import read, result, spec, talk, words

every_loop = pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)


async def whole(backend: Backend, frames: int = 60, **given: object) -> list[str]:
    """Three sessions, each complete: the words of the first."""
    async with Shard(proxy=False, **given) as shard:  # type: ignore[arg-type]
        lines = [
            shard.start(spec(n, backend=backend, policy=Policy(give_up_after=30.0)))
            for n in range(3)
        ]
        shard.close()
        reading = asyncio.create_task(read(shard))
        await asyncio.gather(*(talk(line, frames) for line in lines))
        found = await reading
    for updates in found.values():
        ended = result(updates)
        assert ended.complete, ended.reason
        assert ended.statistics.sources["mic"].missing == 0
    return words(result(found["s0"]))


@every_loop
@pytest.mark.parametrize("debug", [False, True])
def test_sessions_over_real_sockets(
    loop: Callable[[], asyncio.AbstractEventLoop],
    debug: bool,
) -> None:
    async def main() -> None:
        async with serving(echo) as backend:
            assert await whole(backend) == ["0-24", "25-49", "50-59"]

    support.run(main, loop, debug=debug)


@every_loop
@pytest.mark.parametrize("first", [cut, reset, refusing(503, "Retry-After: 0")])
def test_a_line_that_is_lost_over_real_sockets(
    loop: Callable[[], asyncio.AbstractEventLoop], first: Script
) -> None:
    async def main() -> None:
        async with serving(first, echo) as backend:
            await whole(backend)

    support.run(main, loop)


@every_loop
def test_sessions_over_tls(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """Under TLS picows must not write to the socket itself."""
    theirs, ours = contexts("127.0.0.1")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await support.play(echo(Peer(1, Backend())), reader, writer)
        finally:
            writer.close()

    async def main() -> None:
        server, backend = await tls_server(theirs, serve)
        try:
            assert backend.is_secure
            assert await whole(backend, ssl_context=ours) == ["0-24", "25-49", "50-59"]
        finally:
            server.close()
            await server.wait_closed()

    support.run(main, loop)


def test_a_certificate_that_is_not_trusted_is_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """The trust store is the system's, and is made once for all sessions of a shard."""
    theirs, _ = contexts("127.0.0.1")
    made: list[ssl.SSLContext] = []
    create = ssl.create_default_context

    def noted() -> ssl.SSLContext:
        made.append(create())
        return made[-1]

    monkeypatch.setattr("openline_fleet.shard.ssl.create_default_context", noted)

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def main() -> None:
        server, backend = await tls_server(theirs, serve)
        try:
            async with Shard(proxy=False) as shard:
                for number in range(3):
                    shard.start(spec(number, backend=backend, policy=Policy(max_attempts=0)))
                shard.close()
                found = await read(shard)
            for updates in found.values():
                assert "certificate" in result(updates).reason
            assert len(made) == 1
        finally:
            server.close()
            await server.wait_closed()

    support.run(main)


@every_loop
def test_a_large_backlog_meets_a_slow_socket(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """Audio is pushed much faster than time: what the kernel does not take waits, in order."""

    async def main() -> None:
        async with serving(echo) as backend, Shard(proxy=False) as shard:
            line = shard.start(spec(backend=backend))
            shard.close()
            reading = asyncio.create_task(read(shard))
            await asyncio.sleep(0.5)
            await talk(line, 1, ends=False)
            line.push("mic", b"".join(bytes(640) for _ in range(249)))
            line.finish()
            ended = result((await reading)["s0"])
            assert ended.complete
            assert ended.statistics.sources["mic"].captured == 80_000

    support.run(main, loop)
