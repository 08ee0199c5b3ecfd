"""The laws of the contract of engines, as a corpus that is played on each engine.

To add an engine, write a ``Harness`` for it, and play ``LAWS`` in a test: see ``test_engines`` and
the page about engines. A law gets the engine opened, and a folder in which the work leaves notes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from openline_fleet.engines.contract import (
    Done,
    Duty,
    Ended,
    Engine,
    Event,
    Failed,
    Lost,
    Reported,
    Started,
    Unit,
    shares,
)
from tests.fleet.engine_work import payload

WORK = "tests.fleet.engine_work:work"
#: No law takes so long, but on a machine that does much else.
PATIENCE = 120.0


class Harness(Protocol):
    """What the laws need of an engine's own kind."""

    def make(self) -> Engine:
        """An engine that is not open."""
        ...

    async def kill(self, engine: Engine, worker: int, pid: int) -> None:
        """End a worker's process at once, or what stands for it; it says that it is ``pid``."""
        ...


class Scene:
    """An open engine, and what it has told."""

    def __init__(self, harness: Harness, engine: Engine, folder: Path) -> None:
        self.harness, self.engine, self.folder = harness, engine, folder
        self.told: list[Event] = []
        self._events: AsyncIterator[Event] = engine.events()

    async def next(self) -> Event:
        async with asyncio.timeout(PATIENCE):
            event = await anext(self._events)
        self.told.append(event)
        return event

    async def until(self, fits: Callable[[Event], bool]) -> Event:
        while not fits(event := await self.next()):
            pass
        return event

    async def start(self, workers: int = 1) -> None:
        for share in shares(600, workers):
            await self.engine.start(share.seat, share)
        for _ in range(workers):
            assert isinstance(await self.next(), Started)
        self.told.clear()

    async def hand(self, worker: int, unit: str, **told: Any) -> None:
        await self.engine.hand(worker, Unit(unit, payload(**told)))

    async def noted(self, name: str) -> None:
        async with asyncio.timeout(PATIENCE):
            while not (self.folder / name).exists():  # noqa: ASYNC110 -- of another process
                await asyncio.sleep(0.01)

    def of(self, unit: str) -> list[Event]:
        return [each for each in self.told if getattr(each, "unit", None) == unit]


def ends(unit: str) -> Callable[[Event], bool]:
    def fits(event: Event) -> bool:
        return isinstance(event, Done | Failed) and event.unit == unit

    return fits


def is_lost(event: Event) -> bool:
    return isinstance(event, Lost)


async def reports_come_in_order_and_before_the_result(scene: Scene) -> None:
    await scene.start()
    await scene.hand(0, "a", reports=5)
    await scene.until(ends("a"))
    *reports, end = scene.of("a")
    assert reports == [Reported(0, "a", f"{number}".encode()) for number in range(5)]
    assert isinstance(end, Done)
    assert json.loads(end.data)["seat"] == 0


async def units_of_a_worker_run_side_by_side(scene: Scene) -> None:
    await scene.start()
    await scene.hand(0, "a", until="b.begun")
    await scene.hand(0, "b", until="a.begun")
    await _all_end(scene, "a", "b")
    assert all(isinstance(scene.of(name)[-1], Done) for name in ("a", "b"))


async def what_the_work_raises_is_told_and_the_worker_goes_on(scene: Scene) -> None:
    await scene.start()
    await scene.hand(0, "a", **{"raise": "no such\nlanguage"})
    assert await scene.until(ends("a")) == Failed(0, "a", "no such language")
    await scene.hand(0, "b")
    assert isinstance(await scene.until(ends("b")), Done)


async def what_the_work_prints_damages_nothing(scene: Scene) -> None:
    await scene.start()
    await scene.hand(0, "a", print="\x00\x00\x00\x05 hello")
    assert isinstance(await scene.until(ends("a")), Done)


async def a_killed_worker_is_lost_with_its_units_and_no_others(scene: Scene) -> None:
    await scene.start(2)
    await scene.hand(0, "done")
    end = await scene.until(ends("done"))
    assert isinstance(end, Done)
    await scene.hand(0, "a", wait=True)
    await scene.hand(0, "b", reports=1, wait=True)
    await scene.hand(1, "other", until="go")
    for name in ("a", "b", "other"):
        await scene.noted(f"{name}.begun")
    await scene.harness.kill(scene.engine, 0, json.loads(end.data)["pid"])
    lost = await scene.until(is_lost)
    assert isinstance(lost, Lost)
    assert (lost.worker, sorted(lost.units)) == (0, ["a", "b"])
    assert lost.reason
    assert "\n" not in lost.reason
    (scene.folder / "go").touch()
    assert isinstance(await scene.until(ends("other")), Done)
    assert len([each for each in scene.told if isinstance(each, Lost)]) == 1


async def a_unit_for_a_worker_that_is_gone_is_lost(scene: Scene) -> None:
    await scene.start()
    await scene.hand(0, "first")
    end = await scene.until(ends("first"))
    assert isinstance(end, Done)
    await scene.harness.kill(scene.engine, 0, json.loads(end.data)["pid"])
    assert (await scene.until(is_lost)) == Lost(0, (), _reason(scene))
    await scene.hand(0, "late")
    lost = await scene.until(is_lost)
    assert isinstance(lost, Lost)
    assert lost.units == ("late",)


async def another_worker_can_take_over(scene: Scene) -> None:
    await scene.start()
    await scene.hand(0, "a", kill=True)
    lost = await scene.until(is_lost)
    assert isinstance(lost, Lost)
    assert lost.units == ("a",)
    await scene.engine.start(7, shares(600, 1)[0].of_replacement)
    assert await scene.next() == Started(7)
    await scene.hand(7, "a")
    assert isinstance(await scene.until(ends("a")), Done)


async def a_drained_worker_finishes_and_ends(scene: Scene) -> None:
    await scene.start()
    await scene.hand(0, "a", until="go")
    await scene.noted("a.begun")
    await scene.engine.drain(0)
    (scene.folder / "go").touch()
    assert isinstance(await scene.until(ends("a")), Done)
    assert await scene.next() == Ended(0)
    await scene.noted("left-0")
    await scene.engine.drain(0)


async def a_cancelled_unit_fails_and_the_worker_goes_on(scene: Scene) -> None:
    await scene.start()
    await scene.hand(0, "a", wait=True)
    await scene.noted("a.begun")
    await scene.engine.cancel(0, "a")
    assert await scene.until(ends("a")) == Failed(0, "a", "it was cancelled")
    await scene.engine.cancel(0, "a")
    await scene.hand(0, "at-once", wait=True)
    await scene.engine.cancel(0, "at-once")
    assert await scene.until(ends("at-once")) == Failed(0, "at-once", "it was cancelled")
    await scene.hand(0, "b")
    assert isinstance(await scene.until(ends("b")), Done)


async def a_stop_cancels_what_runs_and_ends_the_events(scene: Scene) -> None:
    await scene.start(2)
    await scene.hand(0, "a", wait=True)
    await scene.noted("a.begun")
    await scene.engine.stop()
    assert (scene.folder / "a.cancelled").exists()
    with suppress(StopAsyncIteration):
        raise AssertionError(await scene.next())
    await scene.engine.stop()


async def more_reports_than_fit_wait_for_the_reader(scene: Scene) -> None:
    await scene.start()
    await scene.hand(0, "a", reports=5000)
    await scene.until(ends("a"))
    assert len(scene.of("a")) == 5001


LAWS: list[Callable[[Scene], Awaitable[None]]] = [
    reports_come_in_order_and_before_the_result,
    units_of_a_worker_run_side_by_side,
    what_the_work_raises_is_told_and_the_worker_goes_on,
    what_the_work_prints_damages_nothing,
    a_killed_worker_is_lost_with_its_units_and_no_others,
    a_unit_for_a_worker_that_is_gone_is_lost,
    another_worker_can_take_over,
    a_drained_worker_finishes_and_ends,
    a_cancelled_unit_fails_and_the_worker_goes_on,
    a_stop_cancels_what_runs_and_ends_the_events,
    more_reports_than_fit_wait_for_the_reader,
]


async def play(law: Callable[[Scene], Awaitable[None]], harness: Harness, folder: Path) -> None:
    """Play one law on a new engine, and stop it."""
    engine = harness.make()
    await engine.open(Duty(WORK, str(folder).encode()))
    try:
        await law(Scene(harness, engine, folder))
    finally:
        await engine.stop()


async def a_worker_that_cannot_begin_is_lost(harness: Harness, function: str, reason: str) -> None:
    engine = harness.make()
    await engine.open(Duty(function))
    try:
        scene = Scene(harness, engine, Path())
        await engine.start(0, shares(1, 1)[0])
        lost = await scene.next()
        assert isinstance(lost, Lost)
        assert lost.units == ()
        assert reason in lost.reason
    finally:
        await engine.stop()


async def _all_end(scene: Scene, *units: str) -> None:
    while not all(any(map(ends(unit), scene.told)) for unit in units):
        await scene.next()


def _reason(scene: Scene) -> str:
    last = scene.told[-1]
    assert isinstance(last, Lost)
    return last.reason
