"""Pushed audio: in order, from any thread, and bounded whatever happens."""

from __future__ import annotations

import itertools
import math
import threading
from typing import TYPE_CHECKING

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock, wait_all_tasks_blocked

from openline_audio.handover import Item
from openline_audio.source import SourceError
from openline_trio.sources.handover import Handover
from openline_trio.sources.pushed import PushSource

if TYPE_CHECKING:
    from tests.trio.sources.conftest import Play, Recorder


def seconds(count: float, value: bytes = b"\1\0") -> bytes:
    return value * int(count * 16_000)


async def test_pieces_arrive_unchanged(autojump_clock: MockClock, recorder: Recorder) -> None:
    source = PushSource()
    assert source.duration is None
    async with trio.open_nursery() as nursery:
        nursery.start_soon(source.run, recorder)
        await trio.sleep(1)
        began = trio.current_time()
        source.send(seconds(0.02))
        source.send(b"")
        source.send(seconds(0.01, b"\2\0"))
        await wait_all_tasks_blocked()
        assert recorder.items == [seconds(0.02), seconds(0.01, b"\2\0")]
        source.send(seconds(0.5))
        source.close()
    assert recorder.items[2:] == [seconds(0.5)]
    # The first piece had been heard when it was sent, so it began 20 ms before.
    assert recorder.starts == pytest.approx([began - 0.02])


async def test_the_start_is_right_when_run_begins_later(
    autojump_clock: MockClock, recorder: Recorder
) -> None:
    source = PushSource()
    began = trio.current_time()
    await trio.sleep(0.5)
    source.send(seconds(0.5))
    await trio.sleep(4)
    source.close()
    await source.run(recorder)
    assert recorder.starts == pytest.approx([began])


def test_made_and_filled_before_there_is_a_loop(play: Play, recorder: Recorder) -> None:
    source = PushSource()
    source.send_from_thread(seconds(1))
    source.close()
    play(source, recorder)
    assert recorder.items == [seconds(1)]
    assert recorder.starts == pytest.approx([-1])  # MockClock begins at 0


def refused(source: PushSource) -> None:
    with pytest.raises(RuntimeError) as caught:
        source.send(seconds(0.1))
    assert str(caught.value) == "send: there is no trio in this thread: call send_from_thread"


async def test_send_in_a_thread_without_trio_keeps_nothing(recorder: Recorder) -> None:
    source = PushSource()
    async with trio.open_nursery() as nursery:
        await trio.to_thread.run_sync(refused, source)  # before it runs
        nursery.start_soon(source.run, recorder)
        await wait_all_tasks_blocked()
        await trio.to_thread.run_sync(refused, source)  # and while it does
        source.send(b"12")
        source.close()
    assert recorder.items == [b"12"]


def test_send_before_there_is_a_loop_keeps_nothing(play: Play, recorder: Recorder) -> None:
    source = PushSource()
    refused(source)
    source.close()
    with pytest.raises(trio.ClosedResourceError):  # which explains more
        source.send(b"12")
    play(source, recorder)
    assert recorder.items == []


async def test_send_in_another_trio_wakes_the_one_that_takes(recorder: Recorder) -> None:
    source = PushSource()

    async def elsewhere() -> None:
        source.send(b"12")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(source.run, recorder)
        await wait_all_tasks_blocked()
        await trio.to_thread.run_sync(trio.run, elsewhere)
        with trio.fail_after(60):
            while not recorder.items:
                await trio.lowlevel.checkpoint()
        source.close()
    assert recorder.items == [b"12"]


def test_nothing_sent_nothing_started(play: Play, recorder: Recorder) -> None:
    source = PushSource()
    source.close()
    source.close()
    play(source, recorder)
    assert not recorder.starts


def test_a_minute_is_kept(play: Play, recorder: Recorder) -> None:
    source = PushSource()
    assert source.send_from_thread(seconds(59))
    assert source.send_from_thread(seconds(1))
    assert not source.send_from_thread(b"12")
    source.close()
    play(source, recorder)
    assert recorder.items == [seconds(59), seconds(1), 1]


def test_audio_above_the_limit_is_a_hole_at_its_place(play: Play, recorder: Recorder) -> None:
    source = PushSource(buffer_seconds=10)
    assert source.send_from_thread(seconds(9))
    assert not source.send_from_thread(seconds(3, b"\2\0"))
    assert not source.send_from_thread(seconds(5))
    source.close()
    play(source, recorder)
    assert recorder.items == [seconds(9), seconds(1, b"\2\0"), 7 * 16_000]
    assert recorder.starts == pytest.approx([-17])


async def test_a_stalled_loop_costs_a_hole_and_no_memory(
    autojump_clock: MockClock, recorder: Recorder
) -> None:
    source = PushSource(buffer_seconds=10)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(source.run, recorder)
        await wait_all_tasks_blocked()
        kept = [source.send(seconds(0.02)) for _ in range(600)]  # the loop runs nothing else
        assert kept == [True] * 500 + [False] * 100
        await wait_all_tasks_blocked()
        assert source.send(seconds(0.02, b"\3\0"))
        source.close()
    assert recorder.items == [seconds(0.02)] * 500 + [2 * 16_000, seconds(0.02, b"\3\0")]


async def test_from_a_thread(recorder: Recorder) -> None:
    source = PushSource()
    go_on = threading.Semaphore(0)
    numbers = [bytes([number, 0]) * 320 for number in range(100)]

    def capture() -> None:
        for piece in numbers:
            source.send_from_thread(piece)
            if piece is numbers[50]:
                go_on.acquire(timeout=60)
        source.close()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(source.run, recorder)
        nursery.start_soon(trio.to_thread.run_sync, capture)
        while len(recorder.items) < 51:
            await trio.lowlevel.checkpoint()
        go_on.release()
    assert recorder.pcm == b"".join(numbers)
    assert len(recorder.starts) == 1


def test_a_thread_that_outlives_the_loop(recorder: Recorder) -> None:
    made: list[PushSource] = []

    async def make() -> None:
        made.append(PushSource())

    trio.run(make)
    made[0].send_from_thread(b"12")  # no task to wake, and nothing lost
    made[0].close()
    trio.run(made[0].run, recorder, clock=MockClock(autojump_threshold=0))
    assert recorder.items == [b"12"]


def test_half_a_sample_is_refused() -> None:
    source = PushSource()
    for send in (source.send, source.send_from_thread):
        with pytest.raises(ValueError) as caught:
            send(b"abc")
        assert str(caught.value) == (
            "3 bytes of 16-bit audio end in half a sample; push whole samples"
        )


async def test_a_closed_source_takes_nothing(autojump_clock: MockClock, recorder: Recorder) -> None:
    source = PushSource()
    with trio.move_on_after(1):
        await source.run(recorder)
    for send in (source.send, source.send_from_thread):
        with pytest.raises(trio.ClosedResourceError, match="this source of audio is closed"):
            send(b"ab")


@pytest.mark.parametrize("wrong", [0, -1, 1e-9, math.inf, math.nan, "60", None, True])
def test_invalid_buffer_size_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError) as caught:
        PushSource(buffer_seconds=wrong)
    assert str(caught.value) == f"buffer_seconds is {wrong!r}: give a number of seconds above 0"


async def test_flush_delivers_once_and_closes(recorder: Recorder) -> None:
    source = PushSource()
    source.send(b"12")
    source.flush(recorder)
    source.flush(recorder)
    assert (recorder.items, len(recorder.starts)) == ([b"12"], 1)
    await source.run(recorder)
    with pytest.raises(trio.ClosedResourceError):
        source.send(b"ab")


async def test_a_flush_ends_the_task_that_waits(
    autojump_clock: MockClock, recorder: Recorder
) -> None:
    source = PushSource()
    with trio.fail_after(1):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(source.run, recorder)
            await wait_all_tasks_blocked()
            source.flush(recorder)


async def test_another_sink_is_another_session(recorder: Recorder) -> None:
    source = PushSource()
    source.close()
    await source.run(recorder)
    with pytest.raises(SourceError, match="this PushSource has been used: make another one"):
        await source.run(type(recorder)())


@given(
    st.lists(
        st.one_of(st.integers(1, 12).map(lambda n: bytes(2 * n)), st.integers(-1, 9)), max_size=30
    )
)
def test_every_sample_is_kept_or_in_a_hole(puts: list[bytes | int]) -> None:
    handover = Handover(limit=20)
    total = 0
    for item in puts:
        if isinstance(item, int):
            handover.put_hole(item)
            total += max(0, item)
        else:
            handover.put(item)
            total += len(item) // 2

    async def take() -> list[Item]:
        return handover.take_nowait()

    items = trio.run(take)
    audio = [len(item) // 2 for item in items if isinstance(item, bytes)]
    holes = [item for item in items if isinstance(item, int)]
    assert sum(audio) <= 20
    assert sum(audio) + sum(holes) == total
    neighbours = itertools.pairwise(items)
    assert not any(isinstance(a, int) and isinstance(b, int) for a, b in neighbours)
