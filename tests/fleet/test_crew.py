"""Workers on any engine, as one; here on the engine in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from openline_fleet.engines.contract import (
    Done,
    Duty,
    EngineError,
    Event,
    Failed,
    Lost,
    Reported,
    Unit,
    shares,
)
from openline_fleet.engines.crew import Crew
from openline_fleet.engines.outlet import Outlet
from tests.fleet.engine_laws import PATIENCE, WORK
from tests.fleet.engine_work import payload
from tests.fleet.inline_engine import InlineEngine

Script = Callable[[Crew, InlineEngine], Coroutine[Any, Any, None]]


def play(script: Script, folder: Path, *, workers: int = 1, slots: int = 2) -> None:
    async def main() -> None:
        engine = InlineEngine()
        duty = Duty(WORK, str(folder).encode())
        async with (
            asyncio.timeout(PATIENCE),
            Crew(engine, duty, shares(600, workers), slots=slots) as crew,
        ):
            await script(crew, engine)

    asyncio.run(main())


async def rest(crew: Crew) -> list[Event]:
    """All until the drain has ended."""
    return [event async for event in crew.events()]


def test_units_go_in_and_results_come_out(tmp_path: Path) -> None:
    async def script(crew: Crew, engine: InlineEngine) -> None:
        for name in ("a", "b"):
            await crew.add(Unit(name, payload(reports=1)))
        ends: set[str] = set()
        told: list[Event] = []
        async for event in crew.events():
            told.append(event)
            if isinstance(event, Done):
                ends.add(event.unit)
            if len(ends) == 2:
                break
        assert {event.unit for event in told if isinstance(event, Reported)} == {"a", "b"}
        assert crew.is_idle
        assert crew.drain() == []
        assert await rest(crew) == []

    play(script, tmp_path)


def test_room_is_there_once_a_worker_has_started_and_again_when_a_unit_ends(
    tmp_path: Path,
) -> None:
    async def script(crew: Crew, engine: InlineEngine) -> None:
        reading = asyncio.create_task(rest(crew))
        await crew.room()
        await crew.add(Unit("a", payload(until="go")))
        waiting = asyncio.create_task(crew.room())
        while not (tmp_path / "a.begun").exists():  # noqa: ASYNC110 -- no event
            await asyncio.sleep(0)
        assert not waiting.done()
        (tmp_path / "go").touch()
        await waiting
        crew.drain()
        assert [type(event) for event in await reading] == [Done]

    play(script, tmp_path, slots=1)


def test_units_of_a_killed_worker_are_done_by_another(tmp_path: Path) -> None:
    async def script(crew: Crew, engine: InlineEngine) -> None:
        await crew.add(Unit("a", payload(reports=1, until="go")))
        told: list[Event] = []
        async for event in crew.events():
            told.append(event)
            if isinstance(event, Reported) and not (tmp_path / "go").exists():
                (tmp_path / "go").touch()
                engine.kill(0)
            if isinstance(event, Done):
                break
        assert [type(event) for event in told] == [Reported, Lost, Reported, Done]
        assert told[1] == Lost(0, ("a",), "it was killed")
        assert [worker for worker, _ in engine.started] == [0, 1]
        assert engine.started[1][1].first_after > 0

    play(script, tmp_path)


def test_a_drain_finishes_what_is_under_way_and_returns_the_rest(tmp_path: Path) -> None:
    async def script(crew: Crew, engine: InlineEngine) -> None:
        reading = asyncio.create_task(rest(crew))
        await crew.room()
        for name in ("a", "b"):
            await crew.add(Unit(name, payload(until="go")))
        assert [unit.id for unit in crew.drain()] == ["b"]
        (tmp_path / "go").touch()
        assert [event.unit for event in await reading if isinstance(event, Done)] == ["a"]

    play(script, tmp_path, slots=1)


def test_a_unit_or_all_can_be_cancelled(tmp_path: Path) -> None:
    async def script(crew: Crew, engine: InlineEngine) -> None:
        reading = asyncio.create_task(rest(crew))
        for name in ("a", "b", "c"):
            await crew.room()
            await crew.add(Unit(name, payload(wait=True)))
        await crew.cancel("b")
        await crew.cancel()
        crew.drain()
        ends = await reading
        assert sorted(event.unit for event in ends if isinstance(event, Failed)) == ["a", "b", "c"]

    play(script, tmp_path, slots=3)


def test_workers_that_do_not_start_are_an_error_at_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openline_fleet.engines.rota.MOST_STARTS", 1)

    async def main() -> None:
        duty = Duty("tests.fleet.engine_work:broken")
        async with Crew(InlineEngine(), duty, shares(1, 1), slots=1) as crew:
            await crew.add(Unit("a"))
            await rest(crew)

    with pytest.raises(EngineError, match="no worker stays alive: there is no disk"):
        asyncio.run(main())


def test_a_replacement_is_started_when_it_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openline_fleet.engines.rota.MOST_STARTS", 2)
    engine = InlineEngine()

    async def main() -> None:
        duty = Duty("tests.fleet.engine_work:broken")
        async with Crew(engine, duty, shares(1, 1), slots=1) as crew:
            await crew.add(Unit("a"))
            await rest(crew)

    with pytest.raises(EngineError):
        asyncio.run(main())
    assert [worker for worker, _ in engine.started] == [0, 1]


def test_no_worker_starts_before_there_is_something_to_do(tmp_path: Path) -> None:
    async def script(crew: Crew, engine: InlineEngine) -> None:
        crew.drain()
        assert await rest(crew) == []
        assert engine.started == []
        assert not await crew.room()

    play(script, tmp_path)


def test_an_outlet_holds_back_who_puts_too_much() -> None:
    async def main() -> None:
        outlet = Outlet()
        for number in range(256):
            await outlet.put(Done(0, str(number), b""))
        late = asyncio.create_task(outlet.put(Done(0, "late", b"")))
        await asyncio.sleep(0)
        assert not late.done()
        events = outlet.events()
        assert (await anext(events)) == Done(0, "0", b"")
        await late
        assert len(outlet.take()) == 256
        waiting = asyncio.create_task(anext(events, None))
        await asyncio.sleep(0)
        outlet.close()
        assert await waiting is None
        await outlet.put(Done(0, "x", b""))
        assert outlet.take() == []

    asyncio.run(main())
