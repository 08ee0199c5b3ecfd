"""A shard that is drained, and another one that goes on where it left."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from openline.policy import Policy
from openline.updates import Ended
from openline_fleet import ShardFullError, SourceClosedError, SourceSpec
from tests.faces.corpus import mute
from tests.faces.script import Peer, Steps
from tests.fleet.support import Backends, jumping, read, result, sharded, spec, talk, words
from tests.fleet.test_recordings import Inline, recorded


@pytest.fixture(autouse=True)
def _inline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openline_fleet.shard.ThreadPoolExecutor", Inline)


def half_deaf(peer: Peer) -> Steps:
    """It finalises the first second, and then hears on without a word."""
    yield from peer.open()
    yield from peer.echo(frames=50)
    yield from peer.hang()


def test_sessions_that_end_in_time_are_left_alone() -> None:
    async def main() -> None:
        async with sharded(Backends()) as shard:
            lines = [shard.start(spec(number)) for number in range(3)]
            talking = [asyncio.create_task(talk(line, 100)) for line in lines]
            assert await shard.drain(within=60.0) == ()
            assert asyncio.get_running_loop().time() < 3.0
            assert all([(await line.wait()).complete for line in lines])
            with pytest.raises(ShardFullError, match="takes no more"):
                shard.start(spec(9))
            await asyncio.gather(*talking)

    jumping(main)


def test_a_session_without_a_spool_is_asked_to_finish_before_the_time_is_over() -> None:
    async def main() -> None:
        async with sharded(Backends()) as shard:
            line = shard.start(spec())
            talking = asyncio.create_task(talk(line, 2_000))
            assert await shard.drain(within=12.0) == ()
            assert 7.0 < asyncio.get_running_loop().time() < 8.0
            ended = await line.wait()
            assert ended.complete
            assert ended.statistics.sources["mic"].captured == pytest.approx(7 * 16_000, abs=640)
            talking.cancel()

    jumping(main)


def test_a_session_that_cannot_finish_in_time_is_aborted_and_says_what_is_lost() -> None:
    async def main() -> None:
        async with sharded(Backends(mute)) as shard:
            line = shard.start(spec())
            talking = asyncio.create_task(talk(line, 50))
            assert await shard.drain(within=4.0) == ()
            assert asyncio.get_running_loop().time() == pytest.approx(4.0, abs=0.05)
            ended = await line.wait()
            assert not ended.complete
            assert ended.missing
            await talking

    jumping(main)


def test_a_spool_is_handed_over_and_another_shard_finishes_the_session(tmp_path: Path) -> None:
    async def main() -> None:
        backends = Backends(half_deaf)
        async with sharded(backends) as shard:
            lines = [shard.start(spec(number, spool=str(tmp_path))) for number in range(4)]
            talking = [asyncio.create_task(talk(line, 2_000)) for line in lines]
            reading = asyncio.create_task(read(shard))
            await asyncio.sleep(3.0)
            handed = await shard.drain(within=0.0)
            for task in talking:
                task.cancel()
            first = await reading
        assert sorted(each.session_id for each in handed) == ["s0", "s1", "s2", "s3"]
        assert all(each.resume for each in handed)
        async with sharded(Backends()) as other:
            for each in handed:
                other.start(each)
            other.close()
            second = await read(other)
        for name in ("s0", "s1", "s2", "s3"):
            left, ended = result(first[name]), result(second[name])
            assert left.reason == "moved: another process delivers what is left"
            assert left.moved
            assert not ended.moved
            assert words(left) == ["0-24", "25-49"]
            assert ended.complete
            assert words(ended)[:3] == ["0-24", "25-49", "50-74"]
            captured = left.statistics.sources["mic"].captured
            assert ended.statistics.sources["mic"].captured == captured
            assert ended.missing == ()

    jumping(main)
    assert list(tmp_path.iterdir()) == []


def test_the_middle_of_a_recording_is_begun_anew_and_its_end_is_resumed(tmp_path: Path) -> None:
    spool, half, whole = tmp_path / "spool", recorded(tmp_path, 30.0), recorded(tmp_path, 2.0)

    async def main() -> None:
        async with sharded(Backends(half_deaf)) as shard:
            lines = [
                shard.start(spec(number, spool=str(spool), sources=(SourceSpec(path=path),)))
                for number, path in enumerate((half, whole))
            ]
            await asyncio.sleep(3.0)
            handed = {each.session_id: each for each in await shard.drain(within=0.0)}
        assert not handed["s0"].resume
        assert handed["s1"].resume
        assert [each.name for each in spool.iterdir()] == ["s1"]
        results = [await line.wait() for line in lines]
        reasons = [(each.moved, each.reason) for each in results]
        assert reasons == [
            (True, "moved: another process begins it anew"),
            (True, "moved: another process delivers what is left"),
        ]
        async with sharded(Backends()) as other:
            for each in handed.values():
                other.start(each)
            other.close()
            found = await read(other)
        for name, seconds in (("s0", 30), ("s1", 2)):
            assert result(found[name]).complete
            assert result(found[name]).statistics.sources["mic"].captured == seconds * 16_000
            assert words(result(found[name]))[-1].endswith(f"-{seconds * 50 - 1}")

    jumping(main)


def test_a_resumed_session_is_handed_over_again(tmp_path: Path) -> None:
    async def main() -> None:
        async with sharded(Backends(mute)) as shard:
            line = shard.start(spec(spool=str(tmp_path)))
            await talk(line, 50, ends=False)
            (handed,) = await shard.drain(within=0.0)
        async with sharded(Backends(mute)) as shard:
            line = shard.start(handed)
            with pytest.raises(SourceClosedError):  # its sources were over when it was left
                line.push("mic", bytes(640))
            await asyncio.sleep(0.1)
            (again,) = await shard.drain(within=0.0)
        assert again == handed
        async with sharded(Backends()) as shard:
            shard.start(again)
            shard.close()
            ended = result((await read(shard))["s0"])
        assert ended.complete
        assert words(ended) == ["0-24", "25-49"]

    jumping(main)


def test_a_session_that_has_just_ended_is_not_handed_over(tmp_path: Path) -> None:
    async def main() -> None:
        async with sharded(Backends()) as shard:
            line = shard.start(spec(spool=str(tmp_path)))
            await talk(line, 50, ends=False)
            line.abort()
            assert len(shard) == 1
            assert isinstance(line.ended, Ended)
            assert await shard.drain(within=0.0) == ()

    jumping(main)


def test_what_is_pushed_behind_a_drain_raises_and_is_not_taken(tmp_path: Path) -> None:
    async def main() -> None:
        async with sharded(Backends(half_deaf)) as shard:
            kept = shard.start(spec(0, spool=str(tmp_path)))
            plain = shard.start(spec(1))
            await asyncio.gather(*(talk(line, 80, ends=False) for line in (kept, plain)))
            (handed,) = await shard.drain(within=0.0)
            for line in (kept, plain):
                before = line.statistics
                with pytest.raises(SourceClosedError, match=r"'mic' of session 's[01]' takes"):
                    line.push("mic", bytes(640))
                with pytest.raises(SourceClosedError):
                    line.hole("mic", 320)
                assert line.statistics == before
                line.end_source("mic")  # as ``close`` of a source: it has ended already
            assert handed.session_id == "s0"
            assert plain.ended is not None
            assert not plain.ended.moved

    jumping(main)


def test_who_waits_for_room_goes_on_at_a_drain() -> None:
    async def main() -> None:
        async with sharded(Backends(mute)) as shard:
            line = shard.start(spec(policy=Policy(buffer_seconds=60.0)))

            async def fill() -> None:
                while True:
                    await line.room("mic")
                    line.push("mic", b"\1\0" * 16_000)

            filling = asyncio.create_task(fill())
            await asyncio.sleep(1.0)
            assert not filling.done()
            await shard.drain(within=4.0)
            with pytest.raises(SourceClosedError):
                await filling

    jumping(main)


@pytest.mark.parametrize("within", [-1.0, float("nan")])
def test_a_drain_takes_some_time(within: float) -> None:
    async def main() -> None:
        async with sharded(Backends()) as shard:
            with pytest.raises(ValueError, match="give seconds, 0 or more"):
                await shard.drain(within=within)

    jumping(main)


def test_a_drain_that_is_cancelled_leaves_the_sessions_to_the_block() -> None:
    async def main() -> None:
        async with sharded(Backends()) as shard:
            line = shard.start(spec())
            draining = asyncio.create_task(shard.drain(within=60.0))
            await asyncio.sleep(0.5)
            draining.cancel()
            with pytest.raises(asyncio.CancelledError):
                await draining
            assert len(shard) == 1
            assert line.ended is None

    jumping(main)
