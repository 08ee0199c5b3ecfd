"""Raw PCM: torn reads, live and dead writers, and what is refused, each in one line."""

from __future__ import annotations

import gc
import os
import pty
import socket
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
import trio
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from openline.events import SourceKind
from openline_audio.convert import Converter
from openline_audio.foreign import describe_foreign
from openline_audio.formats import recognise
from openline_audio.pace import Worker
from openline_audio.reader import NoAudioError
from openline_audio.source import SourceError
from openline_trio.sources.pcm import PcmSource
from tests.support_profiles import some

if TYPE_CHECKING:
    from tests.trio.sources.conftest import OversleepingClock, Play, Recorder

RNG = np.random.default_rng(13)


@contextmanager
def pipe() -> Generator[tuple[int, int]]:
    reading, writing = os.pipe()
    try:
        yield reading, writing
    finally:
        for descriptor in (reading, writing):
            with suppress(OSError):  # the test may have closed it
                os.close(descriptor)


def piped(data: bytes) -> int:
    """A pipe that holds ``data``, and whose writer is dead."""
    assert len(data) <= 65_536
    reading, writing = os.pipe()
    os.write(writing, data)
    os.close(writing)
    return reading


def converted(data: bytes, rate: int, channels: int) -> bytes:
    converter = Converter(rate, channels)
    return b"".join(converter.feed(data) + converter.flush())


@pytest.mark.parametrize("size", [2, 3, 640, 641, 20_000])
def test_a_pipe_comes_whole_but_for_half_a_sample(
    size: int, play: Play, recorder: Recorder
) -> None:
    data = RNG.bytes(size)
    reading = piped(data)
    play(PcmSource(reading), recorder)
    os.close(reading)
    assert recorder.pcm == data[: size // 2 * 2]


@pytest.mark.parametrize("size", [0, 1])
def test_a_pipe_without_audio_is_lost_unless_allowed(
    size: int, play: Play, recorder: Recorder
) -> None:
    reading = piped(bytes(size))
    with pytest.raises(NoAudioError) as caught:
        play(PcmSource(reading), recorder)
    os.close(reading)
    assert str(caught.value) == (
        f"descriptor {reading} ended without any audio; "
        "check what writes to it, or pass --allow-empty"
    )
    reading = piped(bytes(size))
    play(PcmSource(reading, allow_empty=True), recorder)
    os.close(reading)
    assert not recorder.starts


@pytest.mark.parametrize(("rate", "channels"), [(8_000, 1), (44_100, 2), (48_000, 6)])
def test_other_formats_are_converted(
    rate: int, channels: int, play: Play, recorder: Recorder
) -> None:
    data = RNG.bytes(50_001)
    reading = piped(data)
    play(PcmSource(reading, rate=rate, channels=channels), recorder)
    os.close(reading)
    assert recorder.pcm == converted(data, rate, channels)


def scripted(writes: list[tuple[float, bytes]], source: PcmSource, sink: Recorder, fd: int) -> None:
    """Run ``source`` while a writer writes each piece after its pause, and then ends."""

    async def writer() -> None:
        for pause, data in writes:
            await trio.sleep(pause)
            os.write(fd, data)
        os.close(fd)

    async def both() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(writer)
            nursery.start_soon(source.run, sink)

    trio.run(both, clock=MockClock(autojump_threshold=0))


@settings(max_examples=some(25), deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=900), max_size=8))
def test_torn_reads_are_joined(pieces: list[bytes]) -> None:
    assume(recognise(b"".join(pieces)) is None)
    assume(describe_foreign(b"".join(pieces)) is None)
    assume(len(b"".join(pieces)) > 2)
    got = bytearray()

    class Joined:
        def started(self, at: float) -> None: ...
        def hole(self, samples: int) -> None: ...
        async def room(self) -> None: ...
        def audio(self, pcm: bytes) -> None:
            got.extend(pcm)

    async def both() -> None:
        async def writer() -> None:
            for piece in pieces:
                await trio.sleep(0.01)
                os.write(writing, piece)
            os.close(writing)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(writer)
            nursery.start_soon(PcmSource(reading, rate=8_000).run, Joined())

    with pipe() as (reading, writing):
        trio.run(both, clock=MockClock(autojump_threshold=0))
    assert bytes(got) == converted(b"".join(pieces), 8_000, 1)


def test_a_live_pipe_is_paced_by_its_arrival(recorder: Recorder) -> None:
    # A recorder hands over 20 ms each 20 ms, falls silent for a second, and goes on.
    piece = RNG.bytes(640)
    with pipe() as (reading, writing):
        source = PcmSource(reading)
        assert source.duration is None
        scripted(
            [(0.02, piece)] * 5 + [(1, piece)] + [(0.02, piece)] * 4, source, recorder, writing
        )
    assert recorder.starts == pytest.approx([0.0])
    before, after = 0.02 * np.arange(1, 6), 1.1 + 0.02 * np.arange(5)
    assert recorder.times == pytest.approx([*before, *after])


def test_a_file_piped_in_is_paced_by_the_schedule(recorder: Recorder) -> None:
    data = RNG.bytes(64_000)
    with pipe() as (reading, writing):
        scripted([(1, data)], PcmSource(reading), recorder, writing)
    assert recorder.pcm == data
    assert recorder.starts == [1.0]
    assert recorder.times == pytest.approx(1.02 + 0.02 * np.arange(100))


def test_late_wake_ups_shift_nothing(
    recorder: Recorder, oversleeping: type[OversleepingClock]
) -> None:
    reading = piped(RNG.bytes(64_000))
    trio.run(PcmSource(reading).run, recorder, clock=oversleeping(0.001))
    os.close(reading)
    late = np.array(recorder.times) - 0.02 * np.arange(1, 101)
    assert late.max() <= 0.0011


def test_faster_asks_for_room(play: Play, recorder: Recorder) -> None:
    reading = piped(RNG.bytes(64_000))
    play(PcmSource(reading, speed=2), recorder)
    os.close(reading)
    assert recorder.rooms == 100
    assert recorder.times[-1] == pytest.approx(1.0)


def test_a_descriptor_that_does_not_block_may_be_empty_after_all(
    play: Play, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Another process on the same pipe was faster: readable, and then nothing to read.
    read = os.read
    stolen: list[int] = []

    def read_too_late(descriptor: int, size: int) -> bytes:
        if descriptor == reading and not stolen:
            stolen.append(size)
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return read(descriptor, size)

    reading = piped(b"kept")
    monkeypatch.setattr(os, "read", read_too_late)
    play(PcmSource(reading), recorder)
    os.close(reading)
    assert stolen
    assert recorder.pcm == b"kept"


def test_the_descriptor_is_left_as_it_is(play: Play, recorder: Recorder) -> None:
    reading = piped(b"1234")
    play(PcmSource(reading), recorder)
    assert os.get_blocking(reading)
    os.close(reading)


@pytest.mark.parametrize("rate", [16_000, 8_000])
def test_a_regular_file(
    rate: int, tmp_path: Path, still: Worker, play: Play, recorder: Recorder
) -> None:
    data = RNG.bytes(100_001)
    (tmp_path / "a.raw").write_bytes(b"skip" + data)
    with (tmp_path / "a.raw").open("rb", buffering=0) as file:
        file.seek(4)
        source = PcmSource(file, rate=rate, worker=still)
        assert source.duration == 50_000 / rate  # and half a sample
        play(source, recorder)
        assert not file.closed
    assert recorder.pcm == converted(data, rate, 1)
    assert recorder.times[0] == pytest.approx(0.02)
    assert recorder.times[-1] == pytest.approx(len(recorder.pcm) / 32_000)


def test_a_device_that_cannot_be_waited_for(still: Worker, play: Play, recorder: Recorder) -> None:
    with Path(os.devnull).open("rb") as file:
        play(PcmSource(file, allow_empty=True, worker=still), recorder)
        with pytest.raises(NoAudioError, match="ended without any audio"):
            play(PcmSource(file, worker=still), recorder)
    assert not recorder.starts
    assert not recorder.items


def test_a_recording_as_standard_input_is_read_from_where_it_stands(
    tmp_path: Path, still: Worker, play: Play, recorder: Recorder
) -> None:
    data = RNG.integers(-3_000, 3_000, 40_000).astype(np.int16)
    soundfile_: Any = soundfile
    soundfile_.write(tmp_path / "a.flac", data, 16_000)
    (tmp_path / "b").write_bytes(b"skip" + (tmp_path / "a.flac").read_bytes())
    with (tmp_path / "b").open("rb", buffering=0) as file:
        file.seek(4)
        source = PcmSource(file, rate=8_000, worker=still)
        assert source.duration == 2.5
        play(source, recorder)
        assert file.tell() == 4
    assert recorder.pcm == data.tobytes()


def test_a_connection_that_is_reset_is_lost(play: Play, recorder: Recorder) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        ours = socket.create_connection(listener.getsockname())
        theirs = listener.accept()[0]
    with ours:
        linger = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        theirs.close()  # with a reset
        with pytest.raises(SourceError) as caught:
            play(PcmSource(ours), recorder)
        assert str(caught.value) == (
            f"descriptor {ours.fileno()} broke off (Connection reset by peer); "
            "start what writes to it again"
        )


def refusal(file: object, **options: int) -> str:
    with pytest.raises(SourceError) as caught:
        PcmSource(file, **options)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] - wrong on purpose
    line = str(caught.value)
    assert "\n" not in line
    return line


def test_refusals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    assert refusal(theirs) == (
        f"descriptor {theirs} is a terminal; pipe raw PCM in, or name a file"
    )
    os.close(ours)
    os.close(theirs)
    assert refusal(theirs) == f"descriptor {theirs} is not open for reading; pipe raw PCM in"
    closed = (tmp_path / "x").open("wb")
    closed.close()
    assert refusal(closed) == "the given file is not open for reading; pipe raw PCM in"
    directory = os.open(tmp_path, os.O_RDONLY)
    assert refusal(directory) == (
        f"descriptor {directory} is a directory; pipe raw PCM in, or name a file"
    )
    os.close(directory)
    assert refusal(0, rate=1) == (
        "raw PCM: a rate of 1 Hz is outside of 4000 to 768000 Hz; give the recorder's settings"
    )
    assert refusal(0, channels=0).startswith("raw PCM: 0 channels are outside of 1 to 256;")

    def terminal(_: int) -> bool:
        return True

    monkeypatch.setattr(os, "isatty", terminal)
    assert refusal(0) == "standard input is a terminal; pipe raw PCM in, or name a file"


@pytest.mark.parametrize("speed", [0, "2", True, None])
def test_a_speed_that_makes_no_sense(speed: Any) -> None:
    with pytest.raises(ValueError, match=f"speed must be a finite number above 0, not {speed!r}"):
        PcmSource(0, speed=speed)


@pytest.mark.parametrize("file", ["x.wav", Path("x.wav"), None, True])
def test_object_without_descriptor_is_refused_with_advice(file: Any) -> None:
    with pytest.raises(TypeError) as caught:
        PcmSource(file)
    assert str(caught.value) == (
        f"PcmSource: give an open file or its descriptor, not {type(file).__name__}; "
        "FileSource(path) reads a recording by its name"
    )


async def test_a_silent_pipe_can_be_left(autojump_clock: MockClock, recorder: Recorder) -> None:
    with pipe() as (reading, _):
        with trio.move_on_after(3_600) as patience:
            await PcmSource(reading).run(recorder)
        assert patience.cancelled_caught
        assert not recorder.starts


def test_a_regular_file_is_a_store_and_a_pipe_a_device(tmp_path: Path) -> None:
    path = tmp_path / "audio.raw"
    path.write_bytes(bytes(640))
    with path.open("rb") as file, pipe() as (reading, _):
        assert PcmSource(file).kind is SourceKind.STORE
        assert PcmSource(reading).kind is SourceKind.DEVICE


class Output:
    """A file object that closes its descriptor as it is collected, as the output of Popen."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def fileno(self) -> int:
        return self._fd

    def __del__(self) -> None:
        os.close(self._fd)


def test_file_object_stays_open_as_long_as_its_source(play: Play, recorder: Recorder) -> None:
    source = PcmSource(Output(piped(bytes(640))))
    gc.collect()
    play(source, recorder)
    assert recorder.pcm == bytes(640)
