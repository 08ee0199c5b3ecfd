"""The pacer: tasks sleep until a slot of time is over, and go on together, as any task does."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable

import pytest

from openline_asyncio.sources.pacer import SLOT, pacer_here
from openline_asyncio.sources.runtime import ASYNCIO
from tests.support_asyncio import JumpingLoop, JumpingUvloop, run

Loop = Callable[[], asyncio.AbstractEventLoop]
every_loop = pytest.mark.parametrize("loop", [JumpingLoop, JumpingUvloop])
WHERE = contextvars.ContextVar("WHERE", default="nowhere")


@every_loop
@pytest.mark.parametrize("debug", [False, True])
def test_nothing_is_early_and_nothing_later_than_a_slot(loop: Loop, debug: bool) -> None:
    async def sleep(at: float) -> None:
        await ASYNCIO.sleep_until(at)
        assert at <= ASYNCIO.now() <= at + SLOT + 1e-9

    async def main() -> None:
        await asyncio.gather(*(sleep(number * 0.0037) for number in range(100)))

    run(main, loop=loop, debug=debug)


@every_loop
def test_the_tasks_of_a_slot_go_on_in_one_turn_of_the_loop(loop: Loop) -> None:
    turns: list[str] = []

    async def sleep(at: float) -> None:
        await ASYNCIO.sleep_until(at)
        turns.append("task")
        asyncio.get_running_loop().call_soon(turns.append, "turn")

    async def main() -> None:
        await asyncio.gather(sleep(0.021), sleep(0.022), sleep(0.029))

    run(main, loop=loop)
    assert turns == ["task", "task", "task", "turn", "turn", "turn"]


@every_loop
def test_what_is_due_lets_others_have_their_turn(loop: Loop) -> None:
    turns: list[str] = []

    async def main() -> None:
        asyncio.get_running_loop().call_soon(turns.append, "other")
        await ASYNCIO.sleep_until(-1.0)
        turns.append("task")

    run(main, loop=loop)
    assert turns == ["other", "task"]


@every_loop
def test_a_task_goes_on_in_its_own_context(loop: Loop) -> None:
    async def sleep(name: str) -> None:
        WHERE.set(name)
        for number in range(1, 4):
            await ASYNCIO.sleep_until(number * 0.02)
            assert WHERE.get() == name
            assert asyncio.current_task() is tasks[name]

    async def main() -> None:
        for name in "abc":
            tasks[name] = asyncio.create_task(sleep(name))
        await asyncio.gather(*tasks.values())
        assert WHERE.get() == "nowhere"

    tasks: dict[str, asyncio.Task[None]] = {}
    run(main, loop=loop)


@every_loop
def test_a_sleeping_task_is_cancelled_at_once(loop: Loop) -> None:
    async def main() -> None:
        task = asyncio.create_task(_sleep(5.0))
        await asyncio.sleep(1.0)
        task.cancel("enough")
        with pytest.raises(asyncio.CancelledError, match="enough"):
            await task
        assert ASYNCIO.now() == 1.0
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):
                await ASYNCIO.sleep_until(7.0)
        assert ASYNCIO.now() == 2.0
        await asyncio.sleep(10.0)  # the slots come, and nobody is woken

    run(main, loop=loop)


@every_loop
def test_a_task_cancels_another_of_its_slot(loop: Loop) -> None:
    async def main() -> None:
        other: asyncio.Task[None]

        async def cancels() -> None:
            await ASYNCIO.sleep_until(0.02)
            assert other.cancel()
            assert other.cancel()

        first = asyncio.create_task(cancels())
        other = asyncio.create_task(_sleep(0.02))
        await first
        with pytest.raises(asyncio.CancelledError):
            await other
        last = asyncio.create_task(_cancels_itself())
        with pytest.raises(asyncio.CancelledError):
            await last

    run(main, loop=loop)


def test_a_task_that_ends_the_loop_costs_no_other_its_turn() -> None:
    async def leave() -> None:
        await ASYNCIO.sleep_until(0.02)
        raise SystemExit

    loop = JumpingLoop()
    leaving, other = loop.create_task(leave()), loop.create_task(_sleep(0.02))
    with pytest.raises(SystemExit):
        loop.run_until_complete(other)
    assert isinstance(leaving.exception(), SystemExit)
    loop.run_until_complete(other)
    loop.close()


def test_each_loop_has_its_own() -> None:
    async def main() -> object:
        assert pacer_here() is pacer_here()
        return pacer_here()

    assert run(main) is not run(main)


async def _sleep(at: float) -> None:
    await ASYNCIO.sleep_until(at)


async def _cancels_itself() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await ASYNCIO.sleep_until(0.5)
