"""A reader that leaves in the middle, and a machine that fails where all sessions are called."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest

from openline.backend import Backend
from openline.updates import Ended, Update
from openline_fleet import FleetSession
from tests.fleet.support import Backends, jumping, sharded, spec, talk


def breaks(line: FleetSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the machine of ``line`` raises, whatever it is fed."""

    def fails(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(cast("Any", line)._driver, "feed", fails)


@pytest.mark.parametrize("pause", [0.0, 5.0])
def test_a_reader_that_leaves_and_comes_back_misses_nothing(pause: float) -> None:
    """A session has many updates unread when its reader leaves: the next one gets the rest."""

    async def main() -> None:
        found: list[Update] = []
        async with sharded(Backends()) as shard:
            line = shard.start(spec())
            await talk(line, 100)
            await line.wait()
            shard.close()
            async for _, update in shard.updates():
                found.append(update)
                break
            await asyncio.sleep(pause)
            async with asyncio.timeout(10.0):
                async for _, update in shard.updates():
                    found.append(update)
        assert len(found) > 4
        assert isinstance(found[-1], Ended)

    jumping(main)


def test_leaving_the_block_ends_the_others_behind_a_machine_that_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        async with sharded(Backends()) as shard:
            bad, good = shard.start(spec(0)), shard.start(spec(1))
            await asyncio.sleep(1.0)
            breaks(bad, monkeypatch)
        assert good.ended is not None
        assert not shard.lines

    jumping(main)


def test_a_drain_ends_the_others_behind_a_machine_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with sharded(Backends()) as shard:
            lines = [shard.start(spec(n)) for n in range(2)]
            lines += [shard.start(spec(n, spool=str(tmp_path))) for n in (2, 3)]
            await asyncio.sleep(1.0)
            await talk(lines[3], 10, ends=False)
            breaks(lines[0], monkeypatch)
            breaks(lines[2], monkeypatch)
            handed = await shard.drain(within=0.0)
            assert not shard.lines
            assert lines[1].ended is not None
            assert [each.session_id for each in handed] == ["s2", "s3"]

    jumping(main)


def test_a_hint_reaches_the_others_behind_a_machine_that_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        async with sharded(Backends()) as shard:
            far = Backend(host="asr.example.org")
            bad, good = (shard.start(spec(n, backend=far)) for n in range(2))
            await asyncio.sleep(1.0)
            told: list[str] = []

            def note(_event: object) -> None:
                told.append("told")

            monkeypatch.setattr(cast("Any", good)._driver, "feed", note)
            breaks(bad, monkeypatch)
            cast("Any", shard)._network_restored()
            assert told == ["told"]
            monkeypatch.undo()
            await asyncio.sleep(0.1)
            assert set(shard.lines) == {"s1"}

    jumping(main)
