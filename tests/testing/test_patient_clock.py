"""The clock jumps over waits, and stands still while a thread works."""

from __future__ import annotations

import math
import threading
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from openline_audio.source import SourceError
from openline_cli import stream as cli
from openline_testing.patient_clock import patient_clock
from openline_trio.sources import FileSource

CLIP = Path(cli.__file__).parent / "data" / "meeting.flac"


class Rests(trio.abc.Instrument):
    """Detects when the loop only waits for a thread, or its clock has jumped.

    Until then ``seen`` keeps the thread at work, so the clock is observed meanwhile.
    """

    def __init__(self, clock: MockClock) -> None:
        self._clock = clock
        self._from = math.inf
        self.seen = threading.Event()

    def watch(self) -> None:
        """Start watching."""
        self._from = self._clock.current_time()

    def before_io_wait(self, timeout: float) -> None:
        if timeout > 1 or self._clock.current_time() > self._from:
            self.seen.set()


async def works(clock: MockClock) -> float:
    """How far the clock goes while a thread works, and another task sleeps for a second."""
    rests = Rests(clock)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep, 1)
        rests.watch()
        trio.lowlevel.add_instrument(rests)
        before = trio.current_time()
        await trio.to_thread.run_sync(rests.seen.wait)
        went = trio.current_time() - before
    trio.lowlevel.remove_instrument(rests)
    return went


def test_clock_stands_still_only_while_a_thread_works() -> None:
    clock = patient_clock()
    for number in (1, 2):  # the clock is reused for a second run
        assert trio.run(works, clock, clock=clock) == 0
        assert clock.current_time() == number
        assert clock.autojump_threshold == 0


def test_mock_clock_of_trio_does_not_wait() -> None:
    clock = MockClock(autojump_threshold=0)
    assert trio.run(works, clock, clock=clock) == 1


def test_it_waits_for_the_last_of_several() -> None:
    async def main() -> None:
        rests, done = Rests(clock), threading.Event()

        async def short() -> None:
            await trio.to_thread.run_sync(int)
            rests.watch()  # from here on only the other thread works
            await trio.to_thread.run_sync(rests.seen.wait)
            done.set()

        trio.lowlevel.add_instrument(rests)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lambda: trio.to_thread.run_sync(done.wait))
            nursery.start_soon(short)
            await trio.sleep(1)
            assert done.is_set()

    clock = patient_clock()
    trio.run(main, clock=clock)
    assert clock.current_time() == 1


def test_a_thread_that_outlives_its_run_does_not_hold_the_next() -> None:
    clock, over = patient_clock(), threading.Event()

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lambda: trio.to_thread.run_sync(over.wait, abandon_on_cancel=True))
            await trio.testing.wait_all_tasks_blocked()
            assert clock.autojump_threshold == math.inf
            nursery.cancel_scope.cancel()

    trio.run(main, clock=clock)
    over.set()
    trio.run(trio.sleep, 7, clock=clock)
    assert clock.current_time() == 7


class Counts:
    """A sink that counts samples."""

    def __init__(self) -> None:
        self.samples = 0

    def started(self, at: float) -> None:
        self.begun = at

    def audio(self, pcm: bytes) -> None:
        self.samples += len(pcm) // 2

    def hole(self, samples: int) -> None:
        raise SourceError("no hole is in a file")

    async def room(self) -> None:
        await trio.lowlevel.checkpoint()


def test_a_file_is_decoded_in_a_thread_and_takes_its_own_time() -> None:
    source, sink = FileSource(CLIP), Counts()
    clock = patient_clock()
    trio.run(source.run, sink, clock=clock)
    took = clock.current_time() - sink.begun
    assert source.duration == pytest.approx(sink.samples / 16_000, abs=0.02)
    assert took == pytest.approx(source.duration, abs=0.1)
