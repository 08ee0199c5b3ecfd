"""A source delivers the length that it tells, on the schedule that it tells, and leaves nothing."""

from __future__ import annotations

import io
import os
import socket
import sys
import tempfile
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from openline_audio.piped import Pipe
from openline_audio.source import SAMPLE_RATE, Source
from openline_trio.sources import FileSource, PcmSource
from openline_trio.sources.pace import TRIO
from tests.support_profiles import paced

if TYPE_CHECKING:
    from openline_audio.pace import Worker
    from tests.trio.sources.conftest import Recorder, Write

ONE = 1 / SAMPLE_RATE


@contextmanager
def stored(data: bytes) -> Generator[int]:
    """The descriptor of a file that holds ``data``, at its beginning."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        yield file.fileno()


def seconds(sink: Recorder) -> float:
    """Of the audio that came."""
    return len(sink.pcm) / 2 / SAMPLE_RATE


def run(source: Source, sink: Recorder) -> None:
    trio.run(source.run, sink, clock=MockClock(autojump_threshold=0))


def check_schedule(sink: Recorder, speed: float) -> None:
    """Each frame came when its last sample was due, reckoned from the start that was told."""
    delivered = 0
    for frame, came in zip(sink.frames, sink.times, strict=True):
        delivered += len(frame) // 2
        due = sink.starts[0] + delivered / (SAMPLE_RATE * speed)
        assert came == pytest.approx(due, abs=1e-6), "a frame came at another time than was told"


@paced(examples=60, steps=1)
@given(
    rate=st.sampled_from([4_000, 8_000, 11_025, 16_000, 44_100, 192_000]),
    channels=st.integers(1, 8),
    frames=st.integers(100, 9_000),
    torn=st.integers(0, 15),
    speed=st.sampled_from([0.5, 1.0, 3.0]),
)
def test_raw_audio_in_a_file_is_as_long_as_it_tells(
    *,
    rate: int,
    channels: int,
    frames: int,
    torn: int,
    speed: float,
    still: Worker,
    new_recorder: type[Recorder],
) -> None:
    data = bytes(2 * channels * frames + torn % (2 * channels))
    sink = new_recorder()
    with stored(data) as fd:
        source = PcmSource(fd, rate=rate, channels=channels, speed=speed, worker=still)
        assert source.duration == frames / rate
        run(source, sink)
    assert seconds(sink) == pytest.approx(frames / rate, abs=2 * ONE)
    check_schedule(sink, speed)


FORMS = [
    ("WAV", "PCM_16"),
    ("WAV", "PCM_24"),
    ("AIFF", "FLOAT"),
    ("FLAC", "PCM_16"),
    ("CAF", "ULAW"),
]


@pytest.mark.parametrize("form", FORMS, ids=" ".join)
@pytest.mark.parametrize(("rate", "channels"), [(8_000, 1), (44_100, 2), (16_000, 3)])
def test_a_recording_is_as_long_as_it_tells_wherever_it_comes_from(
    *,
    form: tuple[str, str],
    rate: int,
    channels: int,
    still: Worker,
    write: Write,
    new_recorder: type[Recorder],
) -> None:
    sound = np.random.default_rng(4).uniform(-0.5, 0.5, (rate * 7 // 5, channels))
    path = write("it", sound, rate, format=form[0], subtype=form[1])
    data = path.read_bytes()
    file = FileSource(path, worker=still)
    with stored(data) as fd, piped(data) as reading:
        there = PcmSource(fd, worker=still)
        assert file.duration == there.duration == 1.4
        came: list[bytes] = []
        for source in (file, there, PcmSource(reading, worker=still)):
            sink = new_recorder()
            run(source, sink)
            assert seconds(sink) == pytest.approx(1.4, abs=2 * ONE)
            came.append(sink.pcm)
    assert came[0] == came[1] == came[2], "the same recording is another in a pipe"


@contextmanager
def piped(data: bytes) -> Generator[int]:
    """A pipe, or what serves as one, from which ``data`` comes."""
    here, there = socket.socketpair()
    with here, there:

        def send() -> None:
            there.sendall(data)
            there.close()

        there.setblocking(True)
        thread = threading.Thread(target=send)
        thread.start()
        yield here.fileno()
        thread.join()


@paced(examples=40, steps=1)
@given(
    captured=st.integers(1, 12),
    speed=st.sampled_from([0.25, 1.0, 4.0]),
    rate=st.sampled_from([16_000, 32_000]),
    channels=st.integers(1, 2),
)
def test_a_live_pipe_was_captured_all_that_comes_ago(
    captured: int, speed: float, rate: int, channels: int, new_recorder: type[Recorder]
) -> None:
    """So its frames are due when they come, and none waits, at any speed."""
    sink = new_recorder()
    reading, writing = os.pipe()

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            source = PcmSource(reading, rate=rate, channels=channels, speed=speed)
            nursery.start_soon(source.run, sink)
            await trio.sleep(5)
            os.write(writing, bytes(captured * rate // 50 * channels * 2))
            os.close(writing)

    trio.run(main, clock=MockClock(autojump_threshold=0))
    os.close(reading)
    assert sink.starts == [pytest.approx(5 - captured / 50 / speed, abs=0.05 / speed)]
    assert all(came == pytest.approx(5, abs=0.05 / speed) for came in sink.times)


@pytest.mark.repeats
@pytest.mark.skipif(sys.platform != "linux", reason="descriptors are counted in /proc")
def test_hundreds_of_runs_leave_no_descriptor_and_no_task(
    still: Worker, new_recorder: type[Recorder], tmp_path: Any
) -> None:
    sound = np.zeros((400, 1)) + 0.1
    target = io.BytesIO()
    writer: Any = soundfile
    writer.write(target, sound, 8_000, format="WAV", subtype="GSM610")
    path = tmp_path / "it.wav"
    path.write_bytes(target.getvalue())
    counts: list[tuple[int, int]] = []

    async def main() -> None:
        for number in range(100):
            with stored(target.getvalue()) as fd, piped(target.getvalue()) as reading:
                for source in (
                    FileSource(path, worker=still, speed=1e6),
                    PcmSource(fd, worker=still, speed=1e6),
                    PcmSource(reading, worker=still, speed=1e6),  # kept in a temporary file
                ):
                    await source.run(new_recorder())
                    FileSource(path, worker=still)  # and never run
            if number in {5, 99}:
                tasks = trio.lowlevel.current_statistics().tasks_living
                counts.append((len(os.listdir("/proc/self/fd")), tasks))

    trio.run(main, clock=MockClock(autojump_threshold=0))
    assert counts[0] == counts[1], "a run leaves a descriptor or a task"


@paced(examples=60, steps=1)
@given(
    moves=st.lists(
        st.tuples(st.sampled_from(["take", "look", "head"]), st.integers(1, 3_000)), max_size=12
    ),
    size=st.integers(1, 9_000),
)
def test_bytes_of_a_pipe_come_in_their_order_whatever_was_put_back(
    moves: list[tuple[str, int]], size: int
) -> None:
    data = np.random.default_rng(size).bytes(size)
    reading, writing = os.pipe()
    os.write(writing, data)
    os.close(writing)
    got = b""

    async def main() -> None:
        nonlocal got
        pipe = Pipe(TRIO, reading, "it")
        for move, most in moves:
            if move == "head":
                assert data[len(got) :].startswith(await pipe.head())
                continue
            taken = await pipe.receive(most)
            if move == "look":
                pipe.put_back(taken)
            else:
                got += taken
        while more := await pipe.receive(3_000):
            got += more

    trio.run(main)
    os.close(reading)
    assert got == data
