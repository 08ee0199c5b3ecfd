# pyright: reportPrivateUsage=false, reportUnknownLambdaType=false, reportUnknownArgumentType=false
"""The parts of a shard by themselves: descriptors, the loop, the watch, back pressure, faults."""

from __future__ import annotations

import asyncio
import socket
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from openline.policy import Policy
from openline.updates import State, Trouble
from openline_asyncio.sources.pacer import Pacer
from openline_audio.source import SourceError
from openline_driver.network_hints import NetworkHints
from openline_fleet import SourceSpec, run
from openline_fleet import descriptors as d
from openline_fleet.recording import Recording
from openline_fleet.running import loop_factory
from openline_fleet.watch import NetworkWatch
from tests.faces.corpus import echo
from tests.faces.script import Peer, Steps
from tests.fleet.support import Backends, jumping, read, result, sharded, spec, talk
from tests.support_asyncio import MemoryTransport
from tests.support_lines import BINARY, CLOSE

# File descriptors.


@pytest.mark.parametrize(
    ("given", "files"),
    [
        ({}, 1),
        ({"spool": "x"}, 4),
        ({"spool": "x", "sources": (SourceSpec(), SourceSpec(name="system", path="a"))}, 6),
        ({"journal": "x"}, 2),
    ],
)
def test_the_files_of_a_session_are_counted(given: dict[str, Any], files: int) -> None:
    assert d.needed(spec(**given)) == files


def limits(soft: int, hard: int, *, refuses: bool = False) -> SimpleNamespace:
    """A ``resource`` with these limits."""
    now = [soft, hard]

    def change(_which: int, wanted: tuple[int, int]) -> None:
        if refuses:
            raise ValueError("not that high")
        now[:] = wanted

    return SimpleNamespace(
        RLIMIT_NOFILE=7, RLIM_INFINITY=-1, getrlimit=lambda _: tuple(now), setrlimit=change
    )


@pytest.mark.parametrize(
    ("resource", "files"),
    [
        (limits(256, 256), 256 - d.SPARE),
        (limits(1024, 4096), 4096 - d.SPARE),
        (limits(1024, 4096, refuses=True), 1024 - d.SPARE),
        (limits(1024, -1), None),
        (limits(20, 20), 1),
    ],
)
def test_the_soft_limit_is_raised_and_some_are_spared(
    resource: SimpleNamespace, files: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "resource", resource)
    assert d.allowed() == files


def test_without_such_limits_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert d.allowed() is None


# The loop.


def test_a_program_runs_on_uvloop_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async def loop() -> str:
        return type(asyncio.get_running_loop()).__module__

    assert run(loop()) == "uvloop"
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert loop_factory() is asyncio.new_event_loop


# The watch of the network.


class Hints(NetworkHints):
    """Each piece of news is a hint, due at once."""

    def receive(self, data: bytes, now: float) -> None:
        assert data == b"news"
        self.deadline = now

    def is_due(self, now: float) -> bool:
        due, self.deadline = self.deadline is not None, None
        return due


def test_news_of_the_network_is_read_once_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, kernel = socket.socketpair()
    ours.setblocking(False)
    monkeypatch.setattr("openline_fleet.watch.news_socket", lambda: ours)
    monkeypatch.setattr("openline_fleet.watch.NetworkHints", Hints)

    async def main() -> None:
        loop, restored = asyncio.get_running_loop(), asyncio.Event()
        pacer = Pacer(loop)
        watch = NetworkWatch(loop, pacer, restored.set, loop.time)
        watch.due(loop.time())
        assert not restored.is_set()
        kernel.send(b"news")
        await restored.wait()
        watch.due(-1.0)  # an entry that was put before
        watch.close()
        watch.close()
        pacer.stop()
        assert ours.fileno() < 0

    asyncio.run(main())
    kernel.close()


def test_where_there_is_no_news_only_the_clock_is_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept = [0.0]
    monkeypatch.setattr("openline_fleet.watch.news_socket", lambda: None)
    monkeypatch.setattr("openline_fleet.watch.sleep_clock", lambda: lambda: slept[0])

    async def main() -> None:
        loop, hints = asyncio.get_running_loop(), list[float]()
        pacer = Pacer(loop)
        watch = NetworkWatch(loop, pacer, lambda: hints.append(loop.time()), loop.time)
        await asyncio.sleep(5.0)
        assert hints == []
        slept[0] = 60.0
        await asyncio.sleep(3.0)
        assert len(hints) == 1
        watch.close()
        pacer.stop()

    jumping(main)


# Back pressure.


class Slow(MemoryTransport):
    """The kernel takes nothing more once it is ``full``."""

    def __init__(self, protocol: asyncio.Protocol) -> None:
        self.full = False
        self.kept: list[bytes] = []
        self.protocol = protocol
        super().__init__(protocol)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self.full:
            self.kept.append(bytes(data))
            self.protocol.pause_writing()
        else:
            super().write(data)

    def drain(self) -> None:
        self.full = False
        for data in self.kept:
            super().write(data)
        self.kept.clear()
        self.protocol.resume_writing()


def test_a_socket_that_takes_no_more_holds_back_what_follows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One frame is half sent, the others wait in the session, and none is lost."""
    made: list[Slow] = []

    def make(protocol: asyncio.Protocol) -> Slow:
        made.append(Slow(protocol))
        return made[-1]

    monkeypatch.setattr("tests.faces.asyncio_harness.MemoryTransport", make)

    async def main() -> None:
        async with sharded(Backends()) as shard:
            line = shard.start(spec())
            shard.close()
            reading = asyncio.create_task(read(shard))
            await talk(line, 50, ends=False)
            made[0].full = True
            await talk(line, 50, ends=False)
            assert len(made[0].kept) == 1
            made[0].drain()
            line.finish()
            ended = result((await reading)["s0"])
        assert ended.complete
        assert ended.statistics.dials == 1
        assert [each.text for each in ended.transcript] == ["0-24", "25-49", "0-24", "25-49"]

    jumping(main)


def test_a_socket_that_takes_nothing_for_long_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Slow] = []

    def make(protocol: asyncio.Protocol) -> Slow:
        made.append(Slow(protocol))
        return made[-1]

    monkeypatch.setattr("tests.faces.asyncio_harness.MemoryTransport", make)

    async def main() -> None:
        async with sharded(Backends()) as shard:
            line = shard.start(spec(policy=Policy(send_timeout=2.0, give_up_after=60.0)))
            await talk(line, 50, ends=False)
            made[0].full = True
            await talk(line, 200)
            ended = await line.wait()
        assert ended.complete
        assert ended.statistics.dials == 2

    jumping(main)


def test_a_backlog_goes_out_in_turns() -> None:
    """Of two seconds at once sixteen messages go out, then others have their turn."""
    heard: list[int] = []

    def counting(peer: Peer) -> Steps:
        yield from peer.open()
        while True:
            opcode, _ = yield from peer.receive()
            heard.append(opcode)
            if opcode == CLOSE:
                return

    async def main() -> None:
        async with sharded(Backends(counting)) as shard:
            line = shard.start(spec())
            await asyncio.sleep(1.0)
            assert line.state is State.STREAMING
            line.push("mic", b"\1\0" * 16_000)
            line.push("mic", b"\1\0" * 16_000)
            await asyncio.sleep(0.5)
            assert heard.count(BINARY) > 16

    jumping(main)


# Faults.


def test_a_connection_that_fails_by_a_bug_ends_one_session() -> None:
    async def main() -> None:
        async with sharded(Backends(echo)) as shard:

            async def broken(*_: object) -> asyncio.WriteTransport:
                raise ZeroDivisionError

            shard._opener._connecting = lambda _: broken  # type: ignore[assignment, return-value]
            shard.start(spec())
            shard.close()
            found = await read(shard)
        assert [each.kind for each in found["s0"] if isinstance(each, Trouble)] == ["fault"]
        assert not result(found["s0"]).complete

    jumping(main)


@pytest.mark.parametrize("method", ["feed", "deadline"])
def test_a_machine_that_fails_ends_one_session(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is fed then: the session is over, its socket closed, and the others go on."""

    async def main() -> None:
        async with sharded(Backends()) as shard:
            bad, good = shard.start(spec(0)), shard.start(spec(1))
            await asyncio.sleep(1.0)

            def fails(*_: object) -> None:
                raise ZeroDivisionError

            monkeypatch.setattr(bad._driver, method, fails)
            bad.due(1e9)
            await asyncio.sleep(0.1)
            assert set(shard.lines) == {"s1"}
            if method == "deadline":  # the machine itself is well
                assert (await bad.wait()).reason == "aborted"
            else:
                with pytest.raises(RuntimeError, match="session 's0' failed, and has no result"):
                    await bad.wait()
            await talk(good, 30)
            assert (await good.wait()).complete

    jumping(main)


def test_a_recording_that_is_closed_while_it_is_read_is_closed_behind_it() -> None:
    closed: list[str] = []

    class Reader:
        def read(self) -> list[bytes]:
            return [bytes(640)]

        def close(self) -> None:
            closed.append("closed")

    async def main() -> None:
        loop = asyncio.get_running_loop()
        host: Any = SimpleNamespace(
            feed=lambda _: None,
            has_room=lambda _: 1 / 0,
            fail=lambda exc: closed.append(type(exc).__name__),
        )
        made = Recording(SourceSpec(path="x"), 1.0, host, host, Pacer(loop))
        made._loop = loop
        made._reader = Reader()
        made._reading = reading = loop.create_future()
        made.close()
        assert closed == []
        reading.set_result([bytes(640)])
        made._take(reading)
        assert closed == ["closed"]
        made.over = False
        made._frames.append(bytes(640))
        made.due(0.0)
        assert closed == ["closed", "ZeroDivisionError"]
        made.over = False
        failed: asyncio.Future[list[bytes]] = loop.create_future()
        failed.set_exception(SourceError("gone"))
        made._take(failed)
        assert not made.is_played

    jumping(main)
