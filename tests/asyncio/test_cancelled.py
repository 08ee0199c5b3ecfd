"""Sessions that are cancelled at any moment leave nothing, and their spool can be resumed."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from openline.backend import Backend
from openline.policy import Policy
from openline_asyncio import open_session, resume_session, spooled_sessions
from tests.asyncio.support import LOOPS, Frames, run, serving
from tests.faces.asyncio_harness import ON_ASYNCIO
from tests.faces.corpus import closing_at_once, cut, echo
from tests.faces.script import Scenario
from tests.support_asyncio import MemoryTransport
from tests.support_asyncio import run as run_jumping

#: A whole life: a provider, a refused token, a loss, a stop. It takes 3 to 6 s.
LIFE = Scenario((closing_at_once(1008), cut, echo), tokens=("old", 0.1, "fresh"), frames=120)
QUICK = Policy(start_delay=0, scatter=0, prompt_retry=0)


def test_the_life_to_be_cancelled_is_a_whole_one(tmp_path: Path) -> None:
    played = ON_ASYNCIO.run(LIFE, journal=tmp_path / "j")
    assert played.dials == 3
    assert played.updates[-1].complete  # type: ignore[union-attr]
    assert 2 < played.seconds < 6


@pytest.mark.repeats
@pytest.mark.parametrize("step", range(4))
def test_cancelled_at_any_time_nothing_is_left(step: int, tmp_path: Path) -> None:
    """The harness checks that no task is left, and waits until each peer is told."""
    for tick in range(step, 120, 4):
        life = replace(LIFE, acts=((tick * 0.03, "cancel"),))
        ON_ASYNCIO.run(life, journal=tmp_path / f"{tick}")


@pytest.mark.repeats
@pytest.mark.parametrize("whole", [False, True], ids=["the app's task", "every task"])
@pytest.mark.parametrize("step", range(4))
def test_cancelled_at_any_turn_of_the_loop_nothing_is_left(step: int, whole: bool) -> None:
    """``asyncio.run`` cancels every task at its end, those that have not begun too."""

    async def life(turns: int) -> None:
        opened: list[MemoryTransport] = []

        async def connect(backend: Backend, protocol: asyncio.Protocol) -> MemoryTransport:
            await asyncio.sleep(0)
            opened.append(MemoryTransport(protocol))
            return opened[-1]

        async def provide() -> str:
            await asyncio.sleep(0)
            return "token"

        async def app() -> None:
            async with open_session(
                Backend(), {"mic": Frames(3)}, connect=connect, credentials=provide, policy=QUICK
            ) as session:
                await session.wait()

        task = asyncio.create_task(app())
        for _ in range(turns):
            await asyncio.sleep(0)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for each in others if whole else {task}:
            each.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert all(each.is_closed for each in opened)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    for turns in range(step, 40, 4):
        run_jumping(partial(life, turns))


@pytest.mark.repeats
@pytest.mark.parametrize("name", LOOPS)
def test_two_hundred_sessions_cancelled_at_random_moments_leave_nothing(
    name: str, tmp_path: Path
) -> None:
    """Real sockets, twenty at a time; each spool is whole, and the first of them is resumed."""
    moments = random.Random(20)

    async def one(number: int) -> None:
        async with serving(cut, echo) as backend:
            spool = tmp_path / f"{number}"
            opening = open_session(
                backend, {"mic": Frames(300, step=0.004)}, spool=spool, policy=QUICK
            )
            try:
                async with asyncio.timeout(moments.uniform(0.0, 1.2)), opening as session:
                    await session.wait()
            except TimeoutError:
                pass

    async def all_of_them() -> None:
        for group in range(10):
            await asyncio.gather(*(one(20 * group + number) for number in range(20)))

    run(all_of_them, LOOPS[name])
    left = [folder for each in tmp_path.iterdir() for folder in spooled_sessions(each)]
    assert len(left) > 20

    async def resumed(folder: Path) -> bool:
        async with serving(echo) as backend, resume_session(folder, backend=backend) as session:
            return (await session.wait()).complete

    async def some_of_them() -> list[bool]:
        return await asyncio.gather(*(resumed(folder) for folder in left[:20]))

    assert all(run(some_of_them, LOOPS[name]))
