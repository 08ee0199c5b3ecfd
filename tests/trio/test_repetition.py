"""Hundreds of dials and sessions, ended in every way, leave no stream, task or descriptor."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock, memory_stream_pair, wait_all_tasks_blocked

from openline.policy import Policy
from openline_audio.source import Sink
from openline_driver.driver import Driver
from openline_trio import Session, open_session, resume_session
from tests.support_lines import CLOSE, Frames, Net, Peer, Silent, close
from tests.support_sessions import BACKEND, TOKEN, echo

#: It dials again at once, and never gives up.
TIRELESS = Policy(
    give_up_after=None, prompt_retry=0.0, backoff_first=0.1, backoff_cap=0.2, source_timeout=None
)


async def cut_before_upgrade(peer: Peer) -> None:
    await peer.read_request()


async def busy(peer: Peer) -> None:
    await peer.refuse(503, "retry-after: 1", body=b"later")


async def cut_after_upgrade(peer: Peer) -> None:
    await peer.upgrade()


async def going_away(peer: Peer) -> None:
    await peer.open()
    await peer.stream.send_all(close(1001))
    while (await peer.receive())[0] != CLOSE:
        pass


async def deaf(peer: Peer) -> None:
    await peer.upgrade()
    await peer.gone.wait()


ENDS = [cut_before_upgrade, busy, cut_after_upgrade, going_away, deaf]


@pytest.mark.repeats
async def test_hundreds_of_dials_leave_no_stream_and_no_task(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    async def script(peer: Peer) -> None:
        await ENDS[peer.number % len(ENDS)](peer)

    opened: list[trio.testing.MemoryReceiveStream] = []

    def streams() -> tuple[trio.abc.Stream, trio.abc.Stream]:
        here, there = memory_stream_pair()
        opened.append(here.receive_stream)
        return here, there

    net = Net(nursery, script, streams)
    tasks: list[int] = []
    async with open_session(
        BACKEND, {"mic": Silent()}, connect=net, policy=TIRELESS, random=lambda: 0.5
    ) as session:
        for dials in (20, 300):
            while len(net.dials) < dials:
                await trio.sleep(1)
                while session.poll():
                    pass
            tasks.append(trio.lowlevel.current_statistics().tasks_living)
            still_open = [each for each in opened[:-2] if not is_closed(each)]
            assert not still_open, "the stream of a dial that has ended is open"
    assert tasks[1] <= tasks[0] + 12, f"a dial leaves a task behind: {tasks}"


def is_closed(stream: trio.testing.MemoryReceiveStream) -> bool:
    try:
        stream.put_data(b"")
    except trio.ClosedResourceError:
        return True
    return False


class EndsBadlyError(Exception):
    """Raised by the block around a session."""


Way = Callable[[trio.Nursery, Path], Awaitable[None]]


async def cancelled(nursery: trio.Nursery, folder: Path) -> None:
    with trio.move_on_after(0.5):
        async with session_of(nursery, folder) as session:
            await session.wait()


async def raised(nursery: trio.Nursery, folder: Path) -> None:
    with suppress(EndsBadlyError):
        async with session_of(nursery, folder):
            await trio.sleep(0.3)
            raise EndsBadlyError


async def left_at_once(nursery: trio.Nursery, folder: Path) -> None:
    async with session_of(nursery, folder):
        pass


async def stopped_and_resumed(nursery: trio.Nursery, folder: Path) -> None:
    await cancelled(nursery, folder)
    net = Net(nursery, echo)
    async with resume_session(
        folder / "spool", connect=net, credentials=TOKEN, journal=folder / "journal"
    ) as session:
        await session.wait()
    assert not [*(folder / "spool").iterdir()]


def session_of(nursery: trio.Nursery, folder: Path) -> AbstractAsyncContextManager[Session]:
    return open_session(
        BACKEND,
        {"mic": Frames(500), "system": Silent()},
        connect=Net(nursery, echo),
        credentials=TOKEN,
        spool=folder / "spool",
        journal=folder / "journal",
    )


@pytest.mark.repeats
@pytest.mark.skipif(sys.platform != "linux", reason="descriptors are counted in /proc")
@pytest.mark.parametrize("way", [cancelled, raised, left_at_once, stopped_and_resumed])
async def test_sessions_leave_no_descriptor_and_no_task_however_they_end(
    way: Way, autojump_clock: MockClock, nursery: trio.Nursery, tmp_path: Path
) -> None:
    counts: list[tuple[int, int]] = []
    for number in range(41):
        folder = tmp_path / str(number)
        folder.mkdir()
        await way(nursery, folder)
        if number in {10, 40}:
            await wait_all_tasks_blocked()
            gc.collect()
            tasks = trio.lowlevel.current_statistics().tasks_living
            counts.append((len(os.listdir("/proc/self/fd")), tasks))
    assert counts[0] == counts[1], "a session leaves a descriptor or a task behind"


class Stored:
    """A source that waits for room before each frame. ``waits``: it does so now."""

    duration = None
    may_pause = True

    def __init__(self) -> None:
        self.waits = False
        self.sent = 0

    async def run(self, sink: Sink) -> None:
        sink.started(trio.current_time())
        for _ in range(3_000):
            self.waits = True
            await sink.room()
            self.waits = False
            sink.audio(bytes(640))
            self.sent += 1


async def test_no_source_waits_while_there_is_room_for_it(
    autojump_clock: MockClock, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many wait for it at once."""
    drivers: list[Driver] = []
    real = Driver.has_room

    def has_room(driver: Driver, source: str) -> bool:
        drivers[:] = [driver]
        return real(driver, source)

    monkeypatch.setattr(Driver, "has_room", has_room)
    sources = {"mic": Stored(), "system": Stored()}
    waited = 0

    async def drop(peer: Peer) -> None:
        with trio.move_on_after(1.5):
            await echo(peer)

    async with open_session(
        BACKEND, sources, connect=Net(nursery, drop), policy=TIRELESS, random=lambda: 0.5
    ):
        for _ in range(400):
            await wait_all_tasks_blocked()
            for name, source in sources.items():
                waited += source.waits
                assert not (source.waits and real(drivers[0], name)), f"{name} waits beside room"
            await trio.sleep(0.025)
    assert waited > 20, "neither source ever waited"
    assert min(source.sent for source in sources.values()) > 100
