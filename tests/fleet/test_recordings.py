"""Recordings that a shard plays: paced by the wheel, read in a pool, and none of it lost."""

from __future__ import annotations

import asyncio
import struct
import wave
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pytest

from openline.policy import Policy
from openline.updates import SourceEnded, SourceEndReason, State
from openline_driver.sinks import SessionSink
from openline_fleet import SourceSpec
from openline_fleet.recording import Recording
from tests.faces.corpus import cut_early, echo
from tests.faces.script import Peer, Steps
from tests.fleet.support import Backends, jumping, read, result, sharded, spec


class Inline(Executor):
    """A pool whose work is done at once, so that virtual time does not run ahead of it."""

    def __init__(self, *_: object, **__: object) -> None:
        self.calls = 0

    def submit(self, call: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        self.calls += 1
        done: Future[Any] = Future()
        try:
            done.set_result(call(*given, **named))
        except BaseException as exc:  # noqa: BLE001  # as a pool does
            done.set_exception(exc)
        return done


@pytest.fixture(autouse=True)
def _inline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openline_fleet.shard.ThreadPoolExecutor", Inline)


def recorded(folder: Path, seconds: float) -> str:
    """A recording, each of whose samples is the number of its frame."""
    path = folder / f"{seconds}.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        count = round(seconds * 16_000)
        file.writeframes(struct.pack(f"<{count}h", *(at // 320 for at in range(count))))
    return str(path)


def played(path: str, **given: Any) -> tuple[SourceSpec, ...]:
    return (SourceSpec(path=path, **given),)


def test_a_recording_is_played_as_time_passes(tmp_path: Path) -> None:
    path = recorded(tmp_path, 3.25)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with sharded(Backends()) as shard:
            shard.start(spec(sources=played(path)))
            shard.close()
            found = await read(shard)
        ended = result(found["s0"])
        assert ended.complete
        assert ended.statistics.sources["mic"].captured == 52_000
        assert "".join(each.text + " " for each in ended.transcript).startswith("0-24 25-49 50-74")
        assert 3.25 < loop.time() < 3.35

    jumping(main)


@pytest.mark.parametrize(("speed", "seconds"), [(10.0, 0.6), (1000.0, 0.5), (0.5, 6.5)])
def test_a_recording_is_played_faster_and_slower(
    tmp_path: Path, speed: float, seconds: float
) -> None:
    path = recorded(tmp_path, 3.0)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with sharded(Backends()) as shard:
            shard.start(spec(sources=played(path), speed=speed))
            shard.close()
            found = await read(shard)
        assert result(found["s0"]).complete
        assert result(found["s0"]).statistics.sources["mic"].captured == 48_000
        assert loop.time() < seconds + 3.0  # the window of the dialect opens with real time

    jumping(main)


def test_a_recording_is_captured_in_longer_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, sizes, audio = recorded(tmp_path, 1.25), list[int](), SessionSink.audio

    def noted(sink: SessionSink, pcm: bytes) -> None:
        sizes.append(len(pcm))
        audio(sink, pcm)

    monkeypatch.setattr(SessionSink, "audio", noted)

    async def main() -> None:
        async with sharded(Backends()) as shard:
            shard.start(spec(sources=played(path, frame_seconds=0.1)))
            shard.close()
            assert result((await read(shard))["s0"]).complete
        assert sizes[:10] == [3200] * 10
        assert sum(sizes) == 40_000

    jumping(main)


def test_a_recording_that_is_not_there_is_told(tmp_path: Path) -> None:
    async def main() -> None:
        async with sharded(Backends()) as shard:
            shard.start(spec(sources=played(str(tmp_path / "none.wav"))))
            shard.close()
            found = await read(shard)
        (ended,) = (each for each in found["s0"] if isinstance(each, SourceEnded))
        assert ended.cause is not SourceEndReason.EXHAUSTED
        assert "none.wav does not exist" in ended.reason

    jumping(main)


def test_a_recording_waits_while_there_is_no_room_and_loses_nothing(tmp_path: Path) -> None:
    """A backend that cannot be reached for half a minute, and memory for ten seconds."""
    path = recorded(tmp_path, 40.0)

    def away(peer: Peer) -> Steps:
        late = asyncio.get_running_loop().time() > 30.0
        yield from (echo if late else cut_early)(peer)

    async def main() -> None:
        async with sharded(Backends(away)) as shard:
            line = shard.start(
                spec(
                    sources=played(path),
                    speed=4.0,
                    policy=Policy(buffer_seconds=60.0, give_up_after=120.0),
                )
            )
            shard.close()
            found = await read(shard)
        ended = result(found["s0"])
        assert ended.complete
        assert ended.statistics.sources["mic"].captured == 640_000
        assert ended.missing == ()
        assert line.played

    jumping(main)


def test_a_session_that_ends_reads_no_further(tmp_path: Path) -> None:
    path = recorded(tmp_path, 20.0)

    async def main() -> None:
        async with sharded(Backends()) as shard:
            line = shard.start(spec(sources=played(path)))
            await asyncio.sleep(2.0)
            assert line.state is State.STREAMING
            line.finish()
            ended = await line.wait()
            captured = ended.statistics.sources["mic"].captured
            await asyncio.sleep(5.0)
            assert line.statistics.sources["mic"].captured == captured
            assert not line.played

    jumping(main)


def test_a_bug_in_a_reader_ends_one_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = recorded(tmp_path, 1.0)

    def broken(_self: Recording, _reader: object) -> list[bytes]:
        raise ZeroDivisionError

    monkeypatch.setattr(Recording, "_block", broken)

    async def main() -> None:
        async with sharded(Backends()) as shard:
            shard.start(spec(sources=played(path)))
            shard.close()
            found = await read(shard)
        assert any(getattr(each, "kind", "") == "fault" for each in found["s0"])
        assert not result(found["s0"]).complete

    jumping(main)


def test_real_threads_read_a_recording_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    path = recorded(tmp_path, 0.5)

    async def main() -> None:
        async with sharded(Backends()) as shard:
            shard.start(spec(sources=played(path)))
            shard.close()
            found = await read(shard)
        assert result(found["s0"]).complete
        assert result(found["s0"]).statistics.sources["mic"].captured == 8_000

    asyncio.run(main())
