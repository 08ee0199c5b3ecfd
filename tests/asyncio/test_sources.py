"""Sources on asyncio and uvloop: recordings, pipes, iterables, pushed audio; nothing is left."""

from __future__ import annotations

import array
import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from openline.backend import Backend
from openline.events import SourceKind
from openline.policy import Policy
from openline.updates import Ended
from openline_asyncio import open_session, sources
from openline_asyncio.sources import (
    FileSource,
    PcmSource,
    PushSource,
    SourceClosedError,
    SourceError,
    StreamSource,
)
from openline_asyncio.workers import from_thread, in_thread
from openline_audio.source import Source
from tests.asyncio.support import LOOPS, run, serving
from tests.faces.corpus import deaf, echo

every_loop = pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
Loop = Callable[[], asyncio.AbstractEventLoop]


class Recorder:
    """A sink that records what it gets."""

    def __init__(self) -> None:
        self.starts: list[float] = []
        self.pcm = b""
        self.holes = 0
        self.rooms = 0

    def started(self, at: float) -> None:
        assert not self.starts
        self.starts.append(at)

    def audio(self, pcm: bytes) -> None:
        assert self.starts
        self.pcm += pcm

    def hole(self, samples: int) -> None:
        self.holes += samples

    async def room(self) -> None:
        self.rooms += 1
        await asyncio.sleep(0)


def recorded(source: Source, loop: Loop = asyncio.new_event_loop) -> bytes:
    async def main() -> bytes:
        sink = Recorder()
        await source.run(sink)
        return sink.pcm

    return run(main, loop)


def noise(samples: int, channels: int = 1) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    shape = samples if channels == 1 else (samples, channels)
    return np.random.default_rng(1).integers(-9000, 9000, shape).astype("int16")


def written(tmp_path: Path, samples: int, name: str = "a.wav") -> Path:
    soundfile.write(tmp_path / name, noise(samples), 16_000)
    return tmp_path / name


def test_every_name_can_be_imported() -> None:
    for name in sources.__all__:
        assert getattr(sources, name) is not None
    assert set(sources.__all__) <= set(dir(sources))
    with pytest.raises(AttributeError):
        _ = sources.Nothing


async def turns() -> None:
    """Let all that can run have its turn."""
    for _ in range(5):
        await asyncio.sleep(0)


@every_loop
def test_part_of_a_recording(loop: Loop, tmp_path: Path) -> None:
    source = FileSource(written(tmp_path, 40_000), start=0.5, until=2.0, speed=100)
    assert (source.duration, source.begins_at) == (1.5, 0.5)
    assert recorded(source, loop) == noise(40_000)[8_000:32_000].tobytes()


@every_loop
def test_a_recording(loop: Loop, tmp_path: Path) -> None:
    path = written(tmp_path, 40_000)
    assert recorded(FileSource(path, speed=100), loop) == noise(40_000).tobytes()


def test_a_recording_that_is_damaged_is_lost_after_its_audio(tmp_path: Path) -> None:
    path = written(tmp_path, 40_000)
    path.write_bytes(path.read_bytes()[:40_044])
    sink = Recorder()

    async def main() -> None:
        with pytest.raises(SourceError, match="missing"):
            await FileSource(path, speed=100).run(sink)

    run(main)
    assert sink.pcm == noise(40_000).tobytes()[:40_000]


def test_a_bug_of_a_reader_comes_out(tmp_path: Path) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise LookupError("a bug")

    source = FileSource(written(tmp_path, 400), worker=broken)  # type: ignore[arg-type]

    async def main() -> None:
        with pytest.raises(LookupError):
            await source.run(Recorder())

    run(main)


@every_loop
def test_a_cancelled_recording_leaves_nothing(loop: Loop, tmp_path: Path) -> None:
    path = written(tmp_path, 16_000 * 60)

    async def main() -> None:
        for turns in range(0, 60, 3):
            task = asyncio.create_task(FileSource(path, speed=50).run(Recorder()))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    run(main, loop)


@every_loop
def test_a_pipe_of_raw_samples(loop: Loop) -> None:
    reading, writing = os.pipe()
    pcm = noise(3_200).tobytes()

    def write() -> None:
        for at in range(0, len(pcm), 999):
            os.write(writing, pcm[at : at + 999])
        os.close(writing)

    thread = threading.Thread(target=write)
    thread.start()
    assert recorded(PcmSource(reading, speed=100), loop) == pcm
    thread.join()
    os.close(reading)


@every_loop
def test_a_container_in_a_pipe_whose_session_is_cancelled(loop: Loop, tmp_path: Path) -> None:
    """Its decoder waits for bytes in a thread, which the cancellation ends."""
    path = tmp_path / "a.flac"
    soundfile.write(path, noise(32_000), 16_000)
    reading, writing = os.pipe()
    os.write(writing, path.read_bytes()[:40_000])

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await PcmSource(reading, speed=100).run(Recorder())

    run(main, loop)
    os.close(writing)
    os.close(reading)


def test_a_thread_that_waits_for_the_loop_ends_with_its_call() -> None:
    async def forever(began: asyncio.Event) -> None:
        began.set()
        await asyncio.Event().wait()

    async def main() -> None:
        began = asyncio.Event()
        task = asyncio.create_task(in_thread(lambda: from_thread(forever(began))))
        await began.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main)


async def pieces(pcm: bytes, size: int) -> AsyncIterator[bytes]:
    for at in range(0, len(pcm), size):
        await asyncio.sleep(0)
        yield pcm[at : at + size]


@pytest.mark.parametrize("size", [1, 333, 640])
def test_an_iterable_cut_anywhere(size: int) -> None:
    pcm = noise(1_600).tobytes()
    assert recorded(StreamSource(pieces(pcm + b"x", size))) == pcm


def test_an_iterable_of_another_rate_and_more_channels() -> None:
    pcm = noise(8_000, 2).tobytes()
    assert len(recorded(StreamSource(pieces(pcm, 999), rate=8_000, channels=2))) == 2 * 16_000
    left = noise(8_000, 2)[:, 0].tobytes()
    assert recorded(StreamSource(pieces(pcm, 640), channels=2, channel=0)) == left


async def arrays(*given: Any) -> AsyncIterator[Any]:
    for each in given:
        yield each


def test_an_iterable_of_arrays_whose_numbers_are_floats_or_lie_in_columns() -> None:
    pcm = noise(1_600)
    assert recorded(StreamSource(arrays(*np.split(pcm, 4)))) == pcm.tobytes()
    floats = pcm / np.float32(32_768)
    for kind in (np.float32, np.float64):
        assert recorded(StreamSource(arrays(*np.split(floats.astype(kind), 5)))) == pcm.tobytes()
    columns = noise(1_600, 2)
    wanted = columns[:, 1].tobytes()
    for given in (columns, columns / np.float32(32_768), np.asfortranarray(columns)):
        source = StreamSource(arrays(given[:700], given[700:]), channels=2, channel=1)
        assert recorded(source) == wanted


def test_floats_that_are_no_sound() -> None:
    odd = np.array([np.nan, np.inf, -np.inf, 7.0, -1e300])
    heard = np.frombuffer(recorded(StreamSource(arrays(odd))), "<i2")
    assert heard.tolist() == [0, 32_767, -32_768, 32_767, -32_768]


@pytest.mark.parametrize(
    ("piece", "why"),
    [
        (np.zeros(4, np.int32), r"give 16-bit samples, not ndarray of int32: make them with"),
        (np.zeros((4, 3), np.float32), "give 2 columns, one for each channel, not 3"),
        (np.zeros((4, 3), np.int16), "give 2 columns, one for each channel, not 3"),
        (np.zeros((2, 2, 2), np.float32), "give rows of samples, not an array of 3 dimensions"),
        ("words", "give bytes of 16-bit samples, not str"),
    ],
)
def test_a_piece_that_is_no_audio_is_the_loss_of_the_source_in_one_line(
    piece: object, why: str
) -> None:
    with pytest.raises(SourceError, match=why):
        recorded(StreamSource(arrays(piece), channels=2))


@pytest.mark.parametrize("given", [[], [b""], [b"x"]])
def test_an_iterable_without_audio_is_a_loss(given: list[bytes]) -> None:
    with pytest.raises(SourceError, match=r"ended without any audio; .* give allow_empty=True"):
        recorded(StreamSource(arrays(*given)))
    assert recorded(StreamSource(arrays(*given), allow_empty=True)) == b""


def test_an_iterable_is_used_once() -> None:
    source = StreamSource(arrays(bytes(640)))
    assert (source.is_used, len(recorded(source)), source.is_used) == (False, 640, True)
    with pytest.raises(SourceError, match="this StreamSource has been used"):
        recorded(source)
    with pytest.raises(ValueError, match=r"sources\['mic'\]: this StreamSource has been used"):
        open_session(Backend(), {"mic": source})
    source = StreamSource(arrays())
    with pytest.raises(ValueError, match=r"this StreamSource is sources\['mic'\] already"):
        open_session(Backend(), {"mic": source, "system": source})


@pytest.mark.parametrize(("live", "rooms"), [(True, 0), (False, 100)])
def test_an_iterable_that_is_not_live_waits_for_room_before_each_frame(
    live: bool, rooms: int
) -> None:
    sink = Recorder()
    source = StreamSource(arrays(bytes(64_000)), live=live)
    run(lambda: source.run(sink))
    assert (sink.rooms, len(sink.pcm)) == (rooms, 64_000)
    assert source.kind is (SourceKind.DEVICE if live else SourceKind.STORE)


def test_an_iterable_faster_than_real_time_overflows_nothing() -> None:
    """It brings 90 s at once, and the session may hold 60 s."""
    source = StreamSource(arrays(bytes(90 * 32_000)), live=False)

    async def main() -> Ended:
        policy = Policy(buffer_seconds=60.0)
        async with (
            serving(echo) as backend,
            open_session(backend, {"mic": source}, policy=policy) as session,
        ):
            return await session.wait()

    ended = run(main)
    assert ended.complete
    assert ended.statistics.sources["mic"].confirmed == 90 * 16_000


def test_what_is_no_stream_is_refused_in_one_line() -> None:
    with pytest.raises(TypeError, match="async iterable"):
        StreamSource([b"x"])  # type: ignore[arg-type]
    with pytest.raises(SourceError, match="rate"):
        StreamSource(pieces(b"", 1), rate=1)
    with pytest.raises(SourceError, match="channel 2"):
        StreamSource(pieces(b"", 1), channels=2, channel=2)


@every_loop
def test_pushed_audio_in_order_from_the_loop_and_from_threads(loop: Loop) -> None:
    source = PushSource()
    assert source.send_from_thread(noise(160).tobytes())
    with pytest.raises(RuntimeError, match="no loop runs"):
        source.send(b"xx")

    async def main() -> bytes:
        sink = Recorder()
        task = asyncio.create_task(source.run(sink))
        await asyncio.sleep(0)
        assert source.send(array.array("h", [1, 2]))
        await in_thread(lambda: source.send_from_thread(b"\3\0"))
        source.close()
        await task
        with pytest.raises(SourceClosedError):
            source.send(b"xx")
        return sink.pcm

    assert run(main, loop) == noise(160).tobytes() + b"\1\0\2\0\3\0"


def test_pushed_audio_above_the_limit_is_a_hole() -> None:
    async def main() -> int:
        source, sink = PushSource(buffer_seconds=0.01), Recorder()
        assert not source.send(bytes(640))
        source.close()
        await source.run(sink)
        assert len(sink.pcm) == 320
        return sink.holes

    assert run(main) == 160


def test_a_stop_overtakes_no_pushed_audio() -> None:
    async def main() -> Ended:
        source = PushSource()
        async with serving(echo) as backend, open_session(backend, {"mic": source}) as session:
            source.send(bytes(3_200))
            ended = await session.stop()
            with pytest.raises(SourceClosedError):
                source.send(bytes(640))
        with pytest.raises(ValueError, match="has been used"):
            open_session(backend, {"mic": source})
        return ended

    assert run(main).statistics.sources["mic"].captured == 1_600


def test_a_recording_to_a_backend(tmp_path: Path) -> None:
    path = written(tmp_path, 16_000)

    async def main() -> Ended:
        async with (
            serving(echo) as backend,
            open_session(backend, {"mic": FileSource(path, speed=4)}) as session,
        ):
            return await session.wait()

    ended = run(main)
    assert ended.complete
    assert ended.statistics.sources["mic"].confirmed == 16_000


@pytest.mark.parametrize("live", [True, False])
def test_a_source_that_cancels_its_own_task_is_lost_and_the_session_says_so(live: bool) -> None:
    """As ``asyncio.timeout`` does around a ``yield``, while the session waits for room."""

    async def cancelling() -> AsyncIterator[bytes]:
        yield bytes(3_200)
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)

    async def main() -> Ended:
        source = StreamSource(cancelling(), live=live)
        async with serving(echo) as backend, open_session(backend, {"mic": source}) as session:
            return await session.wait()

    ended = run(main)
    assert not ended.complete
    [lost] = ended.lost_sources
    assert "its own task was cancelled: in an async generator no timeout" in lost.reason
    assert ended.statistics.sources["mic"].confirmed == 1_600


@pytest.mark.parametrize("error", [ConnectionError, asyncio.CancelledError])
@pytest.mark.parametrize("size", [1, 319, 320, 1276])
@pytest.mark.parametrize("rate", [8_000, 16_000])
def test_what_came_before_an_iterable_fails_is_captured(
    size: int, rate: int, error: type[BaseException]
) -> None:
    """``CancelledError``: something that it awaits was cancelled, and not the source."""

    async def failing() -> AsyncIterator[bytes]:
        yield noise(size).tobytes()
        raise error("a secret")

    async def whole() -> AsyncIterator[bytes]:
        yield noise(size).tobytes()

    async def main() -> bytes:
        sink = Recorder()
        with pytest.raises(error):
            await StreamSource(failing(), rate=rate).run(sink)
        return sink.pcm

    got = run(main)
    assert got
    assert got == recorded(StreamSource(whole(), rate=rate))


def test_a_session_that_is_cancelled_ends_its_recording(tmp_path: Path) -> None:
    path = written(tmp_path, 160_000)

    async def main() -> None:
        async with serving(deaf) as backend:
            opening = open_session(backend, {"mic": FileSource(path)})
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2), opening as session:
                    await session.wait()

    run(main)


@every_loop
def test_what_is_pushed_while_the_source_waits_is_delivered_at_once(loop: Loop) -> None:
    async def main() -> None:
        source, sink = PushSource(), Recorder()
        task = asyncio.create_task(source.run(sink))
        source.send(b"\x01\x00")
        assert sink.pcm == b""  # its task has not begun
        await turns()
        source.send(b"\x02\x00")
        assert sink.pcm == b"\x01\x00\x02\x00"
        thread = threading.Thread(target=source.send_from_thread, args=(b"\x03\x00",))
        thread.start()
        thread.join()
        source.send(b"\x04\x00")
        assert sink.pcm == b"\x01\x00\x02\x00"  # it waits behind what the thread has queued
        await turns()
        assert sink.pcm == b"\x01\x00\x02\x00\x03\x00\x04\x00"
        source.close()
        with pytest.raises(SourceClosedError):
            source.send(b"\x05\x00")
        await task

    run(main, loop)


def test_an_error_of_the_session_is_raised_in_the_source_and_not_to_who_pushes() -> None:
    class Broken(Recorder):
        def audio(self, pcm: bytes) -> None:
            super().audio(pcm)
            if len(self.pcm) > 2:
                raise LookupError("a bug")

    async def main() -> None:
        source = PushSource()
        task = asyncio.create_task(source.run(Broken()))
        for _ in range(2):
            source.send(b"\x01\x00")
            await turns()
        with pytest.raises(LookupError, match="a bug"):
            await task

    run(main)
