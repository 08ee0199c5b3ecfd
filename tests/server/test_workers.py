"""The pool of processes: turns, deaths, time limits; with fake processes, and once with real
ones."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest
import trio
import trio_parallel
from trio.testing import MockClock, wait_all_tasks_blocked

from openline_server.recognizer import Question, RecognizerError, Segment
from openline_server.workers import Pool, Turns, open_pool

T = TypeVar("T")


def question(*, final: bool = True) -> Question:
    return Question(Segment(0, 1, b"ab", final))


class DiedError(Exception):
    pass


class Fake:
    """Processes that die ``deaths`` times."""

    def __init__(self, deaths: int = 0, seconds: float = 0.0) -> None:
        self.deaths, self.seconds = deaths, seconds

    async def run_sync(
        self,
        sync_fn: Callable[..., T],
        *args: object,
        kill_on_cancel: bool,
        limiter: trio.CapacityLimiter,
    ) -> T:
        assert kill_on_cancel
        async with limiter:
            await trio.sleep(self.seconds)
            if self.deaths:
                self.deaths -= 1
                raise DiedError("worker")
            return sync_fn(*args)


def size(pcm: bytes, final: bool, factor: int) -> int:
    return len(pcm) * factor


async def test_finals_come_first_and_one_process_is_kept_for_them(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    turns = Turns(2)
    order: list[str] = []

    async def use(name: str, asked: Question) -> None:
        if await turns.enter(asked):
            order.append(name)
            await trio.sleep(1)
            turns.leave()

    for name in ("p1", "p2"):
        nursery.start_soon(use, name, question(final=False))
        await wait_all_tasks_blocked()
    gone = question(final=False)
    nursery.start_soon(use, "gone", gone)
    for name in ("f1", "f2", "f3"):
        nursery.start_soon(use, name, question())
        await wait_all_tasks_blocked()
    assert order == ["p1", "f1"]
    gone.withdraw()
    await trio.sleep(1.5)
    assert sorted(order[2:]) == ["f2", "f3"]  # both at once
    await trio.sleep(1)
    assert order[4:] == ["p2"]


async def test_a_single_process_serves_partials_too(autojump_clock: MockClock) -> None:
    assert await Turns(1).enter(question(final=False))


async def test_turn_of_a_cancelled_question_goes_to_the_next(autojump_clock: MockClock) -> None:
    turns = Turns(1)
    with trio.CancelScope() as scope:
        scope.cancel()
        await turns.enter(question())  # granted at once, then cancelled
    assert await turns.enter(question())
    with trio.move_on_after(1):
        await turns.enter(question())  # waits for nothing
    turns.leave()
    assert await turns.enter(question())


async def test_a_process_that_dies_is_replaced(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    pool = Pool(Fake(deaths=1), 2, DiedError)
    assert await pool.run(size, question(), 3) == 6
    assert caplog.text.count("died") == 1


async def test_three_failures_and_the_pool_is_unavailable(autojump_clock: MockClock) -> None:
    fake = Fake(deaths=6)
    pool = Pool(fake, 1, DiedError)
    for _ in range(3):
        assert pool.available
        with pytest.raises(RecognizerError, match="died twice"):
            await pool.run(size, question(), 3)
    assert not pool.available
    assert await pool.run(size, question(), 1) == 2
    assert pool.available


async def test_a_job_has_a_time_limit(autojump_clock: MockClock) -> None:
    pool = Pool(Fake(seconds=90), 1, DiedError)
    with pytest.raises(RecognizerError, match="no answer within 60 s"):
        await pool.run(size, question(), 1)
    assert trio.current_time() == pytest.approx(60)


async def test_exception_of_a_job_is_named(autojump_clock: MockClock) -> None:
    def fail(pcm: bytes, final: bool) -> None:
        raise ValueError("bad audio")

    pool = Pool(Fake(), 1, DiedError)
    with pytest.raises(RecognizerError, match="bad audio"):
        await pool.run(fail, question())


async def test_a_withdrawn_question_is_not_asked(autojump_clock: MockClock) -> None:
    asked = question(final=False)
    asked.withdraw()
    assert await Pool(Fake(), 1, DiedError).run(size, asked, 1) is None


async def test_warming_up_reaches_every_process_and_reports_failure() -> None:
    loaded: list[str] = []
    await Pool(Fake(), 3, DiedError).warm_up(loaded.append, "x")
    assert loaded == ["x"] * 3
    with pytest.raises(DiedError):
        await Pool(Fake(deaths=1), 1, DiedError).warm_up(loaded.append, "x")


async def test_real_processes(caplog: pytest.LogCaptureFixture) -> None:
    async with open_pool(1) as pool:
        assert pool.size == 1
        assert await pool.run(_pid, question()) != os.getpid()
        run: Any = pool.run
        with pytest.raises(RecognizerError, match="died twice"):
            await run(_die, question())
        assert await pool.run(_pid, question()) != os.getpid()
    assert "died" in caplog.text


async def test_what_the_block_raised_outlasts_a_process_that_does_not_end(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A machine may be so slow that the process is still loading the model that is missing."""

    @asynccontextmanager
    async def stubborn(**_options: object) -> AsyncGenerator[Fake]:
        try:
            yield Fake()
        finally:
            raise trio_parallel.BrokenWorkerError("1 forceful termination")

    monkeypatch.setattr(trio_parallel, "open_worker_context", stubborn)
    with pytest.raises(RecognizerError, match="no such model"):
        async with open_pool(1):
            raise RecognizerError("no such model")
    async with open_pool(1):
        pass
    assert caplog.text.count("did not end by itself: 1 forceful termination") == 2


def _pid(pcm: bytes, final: bool) -> int:
    return os.getpid()


def _die(pcm: bytes, final: bool) -> None:
    os._exit(3)
