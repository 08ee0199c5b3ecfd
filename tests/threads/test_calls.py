"""Each call into a loop's thread is answered, also around the loop's end, and after a Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import pytest

from openline_threads.calls import Calls, LoopOverError


class _Told(deque[Any]):
    """A queue that tells of each call."""

    def __init__(self, queued: threading.Semaphore) -> None:
        super().__init__()
        self._queued = queued

    def append(self, call: Any, /) -> None:
        super().append(call)
        self._queued.release()


class Running:
    """A loop in a thread, until ``end``; ``blocked`` keeps its loop from all that comes."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.blocked = threading.Event()
        self.goes_on = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.calls = Calls(self.loop, self.thread)
        self.queued = threading.Semaphore(0)  # once for each call under way while it is blocked
        self.thread.start()

    def block(self) -> None:
        """The loop hangs from now on, until ``goes_on``: then it ends, in the same turn."""

        def hang() -> None:
            self.blocked.set()
            assert self.goes_on.wait(60)
            self.loop.stop()

        self.loop.call_soon_threadsafe(hang)
        assert self.blocked.wait(60)
        self.calls._queue = _Told(self.queued)  # pyright: ignore[reportPrivateUsage]

    def end(self) -> None:
        """Let the loop end."""
        if self.blocked.is_set():
            self.goes_on.set()
        else:
            self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    def _run(self) -> None:
        self.loop.run_forever()
        self.calls.close()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))  # callbacks that were left, too
        self.loop.close()


@contextmanager
def running() -> Generator[Running]:
    made = Running()
    try:
        yield made
    finally:
        if made.thread.is_alive():
            made.end()


def test_a_call_runs_in_the_thread_and_returns_or_raises() -> None:
    with running() as there:
        assert there.calls.call(threading.current_thread) is there.thread
        with pytest.raises(ZeroDivisionError):
            there.calls.call(lambda: 1 / 0)


def test_a_call_that_ends_the_program_raises_that_where_it_was_made() -> None:
    with running() as there:
        found: list[object] = []

        def leave() -> None:
            try:
                there.calls.call(sys.exit)
            except SystemExit:
                found.append(there.calls.call(threading.current_thread))

        leaving = threading.Thread(target=leave, daemon=True)
        leaving.start()
        leaving.join(30)
        assert found == [there.thread]


def test_a_wait_returns_or_raises_what_its_coroutine_does() -> None:
    async def name() -> str:
        await asyncio.sleep(0)
        return threading.current_thread().name

    async def fail() -> None:
        await asyncio.sleep(0)
        raise LookupError("x")

    with running() as there:
        assert there.calls.wait(name) == there.thread.name
        with pytest.raises(LookupError):
            there.calls.wait(fail)


def test_the_thread_itself_calls_at_once_and_may_not_wait() -> None:
    with running() as there:
        assert there.calls.call(lambda: there.calls.call(lambda: 7)) == 7
        with pytest.raises(RuntimeError, match="another thread than the session's own"):
            there.calls.call(lambda: there.calls.wait(asyncio.Event().wait))


def answers(there: Running, found: list[object]) -> threading.Thread:
    """A thread that calls and waits, the one after the other."""

    def ask() -> None:
        found.append(there.calls.call(lambda: 7))
        try:
            there.calls.wait(asyncio.Event().wait)
        except LoopOverError:
            found.append("over")

    thread = threading.Thread(target=ask)
    thread.start()
    return thread


def test_a_process_that_was_forked_is_told_that_the_thread_is_not_there() -> None:
    """In the child the thread is over, and its loop is not: no call would ever be answered."""
    thread = threading.Thread(target=str)
    thread.start()
    thread.join()
    loop = asyncio.new_event_loop()
    calls = Calls(loop, thread)
    asked: list[Callable[[], object]] = [
        lambda: calls.call(str),
        lambda: calls.wait(asyncio.Event().wait),
        calls.check,
    ]
    for call in asked:
        with pytest.raises(RuntimeError, match="open a session in this process"):
            call()
    calls.close()
    assert calls.call(lambda: 7) == 7
    loop.close()


def test_what_the_loop_has_not_begun_is_answered_at_its_end() -> None:
    with running() as there:
        there.block()
        found: list[object] = []
        asking = [answers(there, found), threading.Thread(target=lambda: waits(there, found))]
        asking[1].start()
        assert there.queued.acquire(timeout=60)
        assert there.queued.acquire(timeout=60)
        there.end()
        for thread in asking:
            thread.join(60)
    assert sorted(map(str, found)) == ["7", "over", "over"]


def waits(there: Running, found: list[object]) -> None:
    try:
        there.calls.wait(asyncio.Event().wait)
    except LoopOverError:
        found.append("over")


def test_a_wait_under_way_is_over_with_the_loop() -> None:
    with running() as there:
        begun = threading.Event()

        async def for_ever() -> None:
            begun.set()
            await asyncio.Event().wait()

        def end() -> None:
            assert begun.wait(60)
            there.end()

        ending = threading.Thread(target=end)
        ending.start()
        with pytest.raises(LoopOverError):
            there.calls.wait(for_ever)
        ending.join()
        assert there.calls.call(threading.current_thread) is threading.current_thread()
        with pytest.raises(LoopOverError):
            there.calls.wait(for_ever)


def test_a_ctrl_c_cancels_what_was_waited_for() -> None:
    cancelled = threading.Event()

    async def interrupted() -> None:
        main = threading.main_thread().ident
        assert main is not None
        signal.pthread_kill(main, signal.SIGINT)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    with running() as there:
        with pytest.raises(KeyboardInterrupt):
            there.calls.wait(interrupted)
        assert cancelled.wait(60)
        assert there.calls.call(lambda: 7) == 7
