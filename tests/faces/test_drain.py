"""A producer that is faster than the line waits for room, on every face."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable
from typing import Any

import pytest
import trio
import trio.testing

from openline.events import Event
from openline.observer import Observer
from openline_asyncio.sources import PushSource as AsyncioSource
from openline_audio.handover import SourceClosedError
from openline_audio.pushed import PushSource
from openline_blocking import open_session
from openline_blocking.capture import WorkUntil
from openline_blocking.sources import PushSource as BlockingSource
from openline_threads import open_session as open_in_thread
from openline_trio.sources import PushSource as TrioSource
from tests.blocking.support import run as run_blocking
from tests.blocking.support import serving
from tests.faces.corpus import deaf, echo

SECOND = bytes(32_000)


class Narrow:
    """A sink that has room when a test says so."""

    def __init__(self) -> None:
        self.taken = 0
        self.asked = 0
        self.wait: Callable[[], Any] = self._nothing
        self.waits = asyncio.Event()

    async def _nothing(self) -> None:
        """There is room."""

    def started(self, at: float) -> None:
        """It has."""

    def audio(self, pcm: bytes) -> None:
        """Count."""
        self.taken += len(pcm)

    def hole(self, samples: int) -> None:
        """There is none here."""
        raise AssertionError(samples)

    async def room(self) -> None:
        """Wait for it."""
        self.asked += 1
        self.waits.set()
        await self.wait()


def test_trio_waits_until_all_is_taken_and_there_is_room() -> None:
    async def main() -> None:
        source, sink, wide = TrioSource(), Narrow(), trio.Event()
        sink.wait = wide.wait
        order: list[str] = []

        async def produce() -> None:
            source.send(SECOND)
            await source.drain()
            order.append("drained")
            source.close()
            await source.drain()  # closed: nothing to wait for

        async with trio.open_nursery() as nursery:
            nursery.start_soon(produce)
            nursery.start_soon(source.run, sink)
            await trio.testing.wait_all_tasks_blocked()
            assert (sink.taken, sink.asked, order) == (32_000, 1, [])
            source.send(SECOND)  # is not taken while there is no room
            await trio.testing.wait_all_tasks_blocked()
            assert sink.taken == 32_000
            wide.set()
        assert order == ["drained"]
        assert sink.taken == 64_000

    trio.run(main)


def test_asyncio_waits_until_all_is_taken_and_there_is_room() -> None:
    async def main() -> None:
        source, sink, wide = AsyncioSource(), Narrow(), asyncio.Event()
        sink.wait = wide.wait
        running = asyncio.create_task(source.run(sink))
        source.send(SECOND)
        draining = asyncio.create_task(source.drain())
        await sink.waits.wait()
        await asyncio.sleep(0)
        assert not draining.done()
        wide.set()
        await draining
        assert sink.taken == 32_000
        source.close()
        await source.drain()
        await running

    asyncio.run(main())


@pytest.mark.parametrize("kind", [TrioSource, AsyncioSource, BlockingSource])
def test_the_end_of_the_source_lets_who_waits_go(kind: type[PushSource]) -> None:
    """Its task is cancelled while there is no room, as at the end of a session."""
    source, sink = kind(), Narrow()
    source.send_from_thread(SECOND)
    found: list[bool] = []
    thread = threading.Thread(target=lambda: found.append(source.drain_from_thread(30)))

    class OverError(Exception):
        pass

    async def over() -> None:
        raise OverError

    sink.wait = over
    thread.start()
    runs: dict[type[PushSource], Callable[[], object]] = {
        TrioSource: lambda: trio.run(source.run, sink),
        AsyncioSource: lambda: asyncio.run(source.run(sink)),
        BlockingSource: lambda: run_blocking(lambda: source.run(sink)),
    }
    with pytest.raises(OverError):
        runs[kind]()
    thread.join()
    assert found == [True]
    with pytest.raises((SourceClosedError, trio.ClosedResourceError)):
        source.send_from_thread(SECOND)
    assert source.drain_from_thread()


# A backend that is deaf takes no audio, and 2 s that were not sent are as much as a file would read
# ahead.


def test_a_producer_beside_a_blocking_session_waits_for_the_line() -> None:
    source, found = BlockingSource(), list[object]()

    def produce() -> None:
        for _ in range(6):
            source.send(SECOND)
            found.append(source.drain(0.2))

    with serving(deaf) as backend, open_session(backend, {"mic": source}) as session:
        thread = threading.Thread(target=produce)
        thread.start()
        while thread.is_alive():
            session.sleep(0.05)
    thread.join()
    assert found[0] is True
    assert found[-1] is False  # nothing is sent


def test_a_script_with_one_thread_pushes_as_fast_as_there_is_room() -> None:
    """Nothing was waited for before: the session works in the call that drains."""
    source, found = BlockingSource(buffer_seconds=2), list[object]()
    with serving(echo) as backend, open_session(backend, {"mic": source}) as session:
        for _ in range(20):
            found.append(source.send(SECOND))
            found.append(source.drain(30))
        ended = session.stop()
    assert found == [True] * 40
    assert ended.statistics.sources["mic"].captured == 320_000
    assert not ended.statistics.sources["mic"].missing


def test_it_returns_in_time_where_there_is_no_room() -> None:
    source = BlockingSource()
    with serving(deaf) as backend, open_session(backend, {"mic": source}) as session:
        for _ in range(6):
            source.send(SECOND)
        assert not source.drain(0.2)
        assert not source.drain(0)
        session.abort()
        assert source.drain()


def test_it_returns_where_the_session_ended_before_the_source_had_a_turn() -> None:
    source = BlockingSource()

    def over(check: Callable[[], bool], until: float) -> bool:
        del check, until
        return True

    source.use(over)
    source.send(SECOND)
    assert source.drain()
    with pytest.raises(SourceClosedError):
        source.send(SECOND)


def test_who_drains_gives_way_to_a_thread_that_reads() -> None:
    found: list[object] = []

    class Seen(BlockingSource):
        def use(self, work_until: WorkUntil) -> None:
            self.work_until = work_until

    source = Seen()
    with serving(deaf) as backend, open_session(backend, {"mic": source}) as session:
        reader = threading.Thread(target=lambda: found.append(session.wait_readable(0)))

        def check() -> bool:
            if not found and reader.ident is None:
                reader.start()
            return False

        assert not source.work_until(check, math.inf)  # it ends for nothing else
        reader.join()
        assert len(found) == 1  # it was not refused
        assert not source.work_until(check, math.inf)  # now the other thread is the one that waits


def test_the_session_cannot_work_for_its_own_observer() -> None:
    source, found = BlockingSource(), list[BaseException]()

    class Drains(Observer):
        def on_event(self, event: Event, now: float) -> None:
            del event, now
            if found:
                return
            with pytest.raises(RuntimeError, match="at work already") as raised:
                source.drain()
            found.append(raised.value)

    with (
        serving(deaf) as backend,
        open_session(backend, {"mic": source}, observers=[Drains()]) as session,
    ):
        session.sleep(0)
    assert found


@pytest.mark.parametrize("kind", [TrioSource, AsyncioSource])
def test_a_loop_is_not_stopped_before_its_session_takes_anything(kind: type[PushSource]) -> None:
    before = kind()

    async def main() -> None:
        for source in (before, kind()):
            with pytest.raises(RuntimeError, match=r"await drain\(\) here"):
                source.drain_from_thread(0)

    asyncio.run(main()) if kind is AsyncioSource else trio.run(main)
    assert not before.drain_from_thread(0)  # no loop runs here


def test_a_producer_beside_a_session_in_a_thread_waits_for_the_line() -> None:
    with (
        serving(deaf) as backend,
        open_in_thread(backend, {"mic": AsyncioSource()}) as session,
    ):
        found: list[bool] = []
        for _ in range(6):
            session.push(SECOND)
            found.append(session.drain(timeout=0.2 if found else 60))
        assert found[0]
        assert not found[-1]
        session.abort()
        assert session.drain()
        with pytest.raises(ValueError, match=r"drain to 'other': give one of \['mic'\]"):
            session.drain("other")
