"""Recordings: every format whole, on an absolute schedule, and each complaint one line."""

from __future__ import annotations

import os
import sys
import threading
import wave
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pytest
import soundfile
import trio
from trio.testing import MockClock

from openline_audio.pace import Worker
from openline_audio.source import SourceError
from openline_trio.sources.files import FileSource

if TYPE_CHECKING:
    from tests.trio.sources.conftest import OversleepingClock, Play, Recorder, Write

T = TypeVar("T")
RNG = np.random.default_rng(11)


def sine(rate: int, seconds: float, channels: int = 1) -> np.ndarray[Any, np.dtype[np.float64]]:
    one = 0.5 * np.sin(2 * np.pi * 440 * np.arange(int(rate * seconds)) / rate)
    return np.stack([one] * channels, axis=1)


def noise(samples: int) -> np.ndarray[Any, np.dtype[np.int16]]:
    return RNG.integers(-32_768, 32_768, samples).astype(np.int16)


def open_descriptors() -> int:
    return len(os.listdir("/dev/fd"))


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
@pytest.mark.parametrize("samples", [1, 319, 320, 321, 40_123])
def test_16k_mono_passes_bit_for_bit(
    *, name: str, samples: int, write: Write, still: Worker, play: Play, recorder: Recorder
) -> None:
    data = noise(samples)
    source = FileSource(write(name, data, 16_000), worker=still)
    assert source.remarks == ()
    play(source, recorder)
    assert recorder.pcm == data.astype("<i2").tobytes()
    assert source.duration == samples / 16_000
    assert [len(frame) for frame in recorder.frames[:-1]] == [640] * ((samples - 1) // 320)


def test_part_of_a_recording_is_played_from_its_beginning(
    write: Write, still: Worker, play: Play, recorder: Recorder
) -> None:
    data = noise(48_000)
    source = FileSource(write("a.wav", data, 16_000), start=0.5, until=2.0, worker=still)
    play(source, recorder)
    assert recorder.pcm == data[8_000:32_000].astype("<i2").tobytes()
    assert (source.duration, source.begins_at) == (1.5, 0.5)
    # In real time, and nothing waits for what was passed over.
    assert recorder.times[0] - recorder.starts[0] == pytest.approx(0.02)
    assert recorder.times[-1] - recorder.starts[0] == pytest.approx(1.5)


def test_length_of_a_part(write: Write, still: Worker) -> None:
    path = write("a.wav", noise(48_000), 16_000)
    lengths = [
        FileSource(path, start=start, until=until, worker=still).duration
        for start, until in ((0.0, None), (1.0, None), (1.0, 9.0), (0.0, 2.0))
    ]
    assert lengths == [3.0, 2.0, 2.0, 2.0]
    joined = path.with_name("joined.wav")
    joined.write_bytes(path.read_bytes() * 2)
    assert FileSource(joined, start=4.0, worker=still).duration is None


def test_part_behind_the_end_is_an_error_before_any_dial(write: Write, still: Worker) -> None:
    path = write("a.wav", noise(48_000), 16_000)
    for start in (3.0, 750.0):
        with pytest.raises(SourceError) as caught:
            FileSource(path, start=start, worker=still)
        assert str(caught.value) == (
            f"{path} ends after 3.00 s, and its audio from {start:.2f} s on is asked for; "
            "give an earlier start"
        )
    with pytest.raises(ValueError, match="until must be"):
        FileSource(path, start=2.0, until=1.0, worker=still)


def test_part_behind_an_end_that_is_not_known_is_an_error_at_the_end(
    write: Write, still: Worker, play: Play, recorder: Recorder
) -> None:
    path = write("a.wav", noise(48_000), 16_000)
    joined = path.with_name("joined.wav")
    joined.write_bytes(path.read_bytes() * 2)
    with pytest.raises(SourceError, match=r"ends after 6\.00 s, and its audio from 90\.00 s"):
        play(FileSource(joined, start=90.0, worker=still), recorder)
    assert not recorder.frames


async def test_what_is_passed_over_can_be_cancelled(write: Write, recorder: Recorder) -> None:
    """Between two strides; the reader is closed."""
    path = write("a.wav", np.zeros(16_000 * 100), 16_000)
    calls = 0

    async def worker(blocking: Callable[[], T], /, *, abandon: bool = False) -> T:
        nonlocal calls
        calls += 1
        if calls == 3:
            scope.cancel()
        await trio.lowlevel.checkpoint()
        return blocking()

    before = open_descriptors()
    with trio.CancelScope() as scope:
        await FileSource(path, start=99.0, worker=worker).run(recorder)
    assert scope.cancelled_caught
    assert calls == 3
    assert recorder.frames == []
    assert open_descriptors() == before


#: Names, and soundfile's arguments to write them.
FORMATS: dict[str, dict[str, str]] = {
    "u8.wav": {"subtype": "PCM_U8"},
    "16.wav": {"subtype": "PCM_16"},
    "24.wav": {"subtype": "PCM_24"},
    "32f.wav": {"subtype": "FLOAT"},
    "a.flac": {},
    "a.ogg": {},
    "opus.ogg": {"format": "OGG", "subtype": "OPUS"},
    "a.mp3": {},
}
#: What does not exist: MP3 in 5.1, Opus at CD rate.
IMPOSSIBLE = {("a.mp3", 6), ("opus.ogg", 44_100)}


@pytest.mark.parametrize(
    ("name", "rate", "channels"),
    [
        (name, rate, channels)
        for name in FORMATS
        for rate in (8_000, 16_000, 44_100, 48_000)
        for channels in (1, 2, 6)
        if not {(name, rate), (name, channels)} & IMPOSSIBLE
    ],
)
def test_pitch_length_and_loudness_survive_every_format(
    *,
    name: str,
    rate: int,
    channels: int,
    write: Write,
    still: Worker,
    play: Play,
    recorder: Recorder,
) -> None:
    path = write(name, sine(rate, 1.5, channels), rate, **FORMATS[name])
    source = FileSource(path, worker=still)
    play(source, recorder)
    assert abs(len(recorder.samples) - 24_000) <= 1  # one sample, 62.5 microseconds
    assert source.duration == pytest.approx(1.5, abs=1e-4)
    window = recorder.samples * np.hanning(len(recorder.samples))
    assert np.argmax(np.abs(np.fft.rfft(window))) * 16_000 / len(window) == pytest.approx(
        440, abs=1
    )
    # Lossy coders are not exact, and take one of six channels for a subwoofer's.
    loss = 0.2 if name in {"a.ogg", "opus.ogg", "a.mp3"} else 0.02
    assert np.abs(recorder.samples[2_000:-2_000]).max() == pytest.approx(16_384, rel=loss)


def test_an_mp3_is_the_same_in_pieces_as_in_one(
    write: Write, still: Worker, play: Play, recorder: Recorder
) -> None:
    # soundfile seeks after every read, which in an MP3 spoils the piece after it.
    sound = np.concatenate([sine(16_000, 2)[:, 0] * 0.001, RNG.uniform(-0.3, 0.3, 64_000)])
    path = write("a.mp3", sound, 16_000)
    reader: Any = soundfile
    whole: np.ndarray[Any, np.dtype[np.float32]] = reader.read(path, dtype="float32")[0]
    play(FileSource(path, worker=still), recorder)
    assert np.abs(recorder.samples / 32_768 - np.clip(whole, -1, 32_767 / 32_768)).max() < 1e-4


@pytest.mark.repeats
def test_an_hour_takes_an_hour_though_every_wake_up_is_late(
    tmp_path: Path, still: Worker, recorder: Recorder, oversleeping: type[OversleepingClock]
) -> None:
    path = tmp_path / "hour.wav"
    samples = 3_600 * 16_000
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", "NONE"))
        file.setnframes(samples)
        file.writeframes(b"\0\0")
    header = bytearray(path.read_bytes()[:44])
    header[4:8] = (36 + 2 * samples).to_bytes(4, "little")
    header[40:44] = (2 * samples).to_bytes(4, "little")
    path.write_bytes(header)
    os.truncate(path, 44 + 2 * samples)  # silence that takes no disk
    trio.run(FileSource(path, worker=still).run, recorder, clock=oversleeping(0.001))
    due = recorder.starts[0] + 0.02 * np.arange(1, 180_001)
    late = np.array(recorder.times) - due
    assert len(recorder.times) == 180_000
    assert late.min() >= -1e-6
    assert late.max() <= 0.0011
    assert abs(recorder.times[-1] - recorder.starts[0] - 3_600) <= 0.02


def test_a_frame_is_due_when_its_last_sample_has_been_captured(
    write: Write, still: Worker, play: Play, recorder: Recorder
) -> None:
    play(FileSource(write("a.wav", noise(720), 16_000), worker=still), recorder)
    assert recorder.starts == [0.0]
    assert recorder.times == pytest.approx([0.02, 0.04, 0.045])
    assert recorder.rooms == len(recorder.frames)  # a store asks for each


def by_frame(recorder: Recorder) -> list[float]:
    """When each frame of 20 ms came, also those that came together."""
    came = zip(recorder.frames, recorder.times, strict=True)
    return [time for frame, time in came for _ in range(-(-len(frame) // 640))]


def test_slower_than_real_time(write: Write, still: Worker, play: Play, recorder: Recorder) -> None:
    play(FileSource(write("a.wav", noise(640), 16_000), speed=0.5, worker=still), recorder)
    assert recorder.times == pytest.approx([0.04, 0.08])
    assert recorder.rooms == len(recorder.frames)  # a store asks for each


def test_faster_than_real_time_asks_for_room_and_catches_up(
    write: Write, still: Worker, play: Play, recorder: Recorder
) -> None:
    recorder.before_room = lambda: 0.1 if recorder.rooms == 3 else 0.0
    play(FileSource(write("a.wav", noise(32_000), 16_000), speed=4, worker=still), recorder)
    times = by_frame(recorder)
    assert times[:2] == pytest.approx([0.005, 0.01])
    assert times[2:22] == pytest.approx([0.11] * 20)  # overdue: at once
    assert times[-1] == pytest.approx(0.5)  # as if there had been no wait
    assert recorder.rooms == len(recorder.frames) == 88  # 3 times 5 frames went together


def test_frames_that_are_due_together_are_joined_up_to_a_tenth_of_a_second(
    write: Write, still: Worker, play: Play, recorder: Recorder
) -> None:
    data = noise(12 * 320 + 7)
    recorder.before_room = lambda: 1.0 if recorder.rooms == 1 else 0.0
    play(FileSource(write("a.wav", data, 16_000), speed=1e6, worker=still), recorder)
    assert [len(frame) // 2 for frame in recorder.frames] == [320, 1600, 1600, 320, 7]
    assert recorder.pcm == data.tobytes()


def test_a_slow_disk_shifts_nothing_that_comes_later(
    write: Write, play: Play, recorder: Recorder
) -> None:
    reads = 0

    async def slow(blocking: Callable[[], T], /, *, abandon: bool = False) -> T:
        nonlocal reads
        reads += 1
        await trio.sleep(2.5 if reads == 3 else 0.0)  # opening, the first block, the second
        return blocking()

    play(FileSource(write("a.wav", noise(5 * 16_000), 16_000), worker=slow), recorder)
    late = np.array(by_frame(recorder)) - 0.02 * np.arange(1, 251)
    assert late[:50].max() < 1e-6
    assert late.max() > 1
    assert late[-50:].max() < 1e-6


def test_it_reads_ahead(write: Write, still: Worker, recorder: Recorder) -> None:
    reads: list[tuple[float, int]] = []

    async def watched(blocking: Callable[[], T], /, *, abandon: bool = False) -> T:
        reads.append((trio.current_time(), len(recorder.items)))
        return await still(blocking)

    source = FileSource(write("a.wav", noise(4 * 16_000), 16_000), worker=watched)
    trio.run(source.run, recorder, clock=MockClock(autojump_threshold=0))
    # Opening and three blocks at once: one being delivered, one waiting, one in hand.
    assert [delivered for _, delivered in reads[:4]] == [0, 0, 0, 0]
    # From then on a block is read when one has been delivered, two blocks before its turn.
    assert [time for time, _ in reads[4:]] == pytest.approx([1.0, 2.0], abs=0.05)


def test_a_source_can_run_again(
    write: Write, still: Worker, play: Play, new_recorder: type[Recorder]
) -> None:
    source = FileSource(write("a.wav", noise(1_000), 16_000), worker=still)
    first, second = new_recorder(), new_recorder()
    play(source, first)
    play(source, second)
    assert first.pcm == second.pcm


def test_real_threads_give_the_same(write: Write, recorder: Recorder) -> None:
    data = noise(50_000)
    trio.run(FileSource(write("a.flac", data, 16_000), speed=1e6).run, recorder)
    assert recorder.pcm == data.tobytes()


async def test_cancellation_leaves_no_thread_and_no_file(write: Write, recorder: Recorder) -> None:
    path = write("a.flac", noise(160_000), 16_000)
    before = open_descriptors()
    reading = threading.Event()
    go_on = threading.Event()
    finished: list[bool] = []

    async def watched(blocking: Callable[[], T], /, *, abandon: bool = False) -> T:
        def slowly() -> T:
            result = blocking()
            reading.set()
            go_on.wait(60)
            finished.append(True)
            return result

        return await trio.to_thread.run_sync(slowly, abandon_on_cancel=abandon)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(FileSource(path, worker=watched).run, recorder)
        await trio.to_thread.run_sync(reading.wait)
        nursery.cancel_scope.cancel()
        go_on.set()
    assert finished == [True]  # the run has returned after its thread, not before
    assert open_descriptors() == before


def test_nothing_stays_open(write: Write, still: Worker, play: Play, recorder: Recorder) -> None:
    path = write("a.ogg", sine(16_000, 0.5), 16_000)
    before = open_descriptors()
    source = FileSource(path, worker=still)
    assert open_descriptors() == before
    play(source, recorder)
    assert open_descriptors() == before


ADVICE = "give a WAV, FLAC, OGG or MP3 file"


def refusal(path: Path | str) -> str:
    before = open_descriptors()
    with pytest.raises(SourceError) as caught:
        FileSource(path)
    assert open_descriptors() == before
    line = str(caught.value)
    assert "\n" not in line
    return line


def test_refusals_of_what_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone.wav"
    assert refusal(gone) == f"{gone} does not exist; check the name"
    assert refusal(tmp_path) == f"{tmp_path} is a directory; {ADVICE}"
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    assert refusal(fifo) == f"{fifo} is not a regular file; {ADVICE}, or pipe raw PCM in"
    assert refusal("a\0b.wav") == "'a\\x00b.wav' holds a NUL, as no file's name can; check the name"
    odd = tmp_path / "two\nlines.wav"
    assert refusal(odd) == f"{str(odd)!a} does not exist; check the name"
    # Joiners are letters of a name, and so is what this Python's Unicode does not know yet.
    for name in ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645.wav", "\U0001faff.wav"):
        assert refusal(tmp_path / name) == f"{tmp_path / name} does not exist; check the name"

    def forbidden(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    def no_more(*_: object) -> int:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "open", forbidden)
    assert refusal(gone) == f"{gone} may not be read by this user; chmod u+r it"
    monkeypatch.setattr(os, "open", no_more)
    assert refusal(gone) == f"{gone} cannot be opened (too many open files)"


def test_a_disk_that_cannot_be_read(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("a.wav", noise(10), 16_000)

    def broken(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "pread", broken)
    assert refusal(path) == f"{path} cannot be read ([Errno 5] Input/output error)"


def test_refusals_of_what_is_no_recording(tmp_path: Path, write: Write) -> None:
    path = tmp_path / "it"
    wav = bytearray(write("a.wav", noise(4_000), 16_000).read_bytes())
    flac = write("a.flac", noise(4_000), 16_000).read_bytes()

    def line(content: bytes | bytearray) -> str:
        path.write_bytes(content)
        got = refusal(path)
        assert got.startswith(f"{path} ")
        return got.removeprefix(f"{path} ")

    assert line(b"") == f"is empty; {ADVICE}"
    assert line(b"some text\n" * 50) == f"is not audio that can be read here; {ADVICE}"
    assert line(wav[:20]) == (
        "begins like WAV but its header is damaged "
        f"(Error in WAV/W64/RF64 file. Malformed 'fmt ' chunk); {ADVICE}"
    )
    assert line(flac[:20]).startswith("begins like FLAC but its header is damaged (")
    tag = b"ID3\3\0\0\0\0\0\x05title"
    assert line(tag + flac[:20]).startswith("begins like FLAC but its header is damaged (")
    assert line(b"ID3\3" + bytes(40)) == f"begins like MP3 but has no complete frame; {ADVICE}"
    assert line(b"\xff\xfb\x90\xc4" + bytes(9)) == (
        f"begins like MP3 but has no complete frame; {ADVICE}"
    )
    assert line(wav[:44]) == f"has a header but no audio behind it; {ADVICE}"
    mute = bytearray(wav)
    mute[22:24] = b"\0\0"
    assert line(mute) == f"cannot be right: 0 channels are outside of 1 to 256; {ADVICE}"
    slow = bytearray(wav)
    slow[24:28] = (1).to_bytes(4, "little")
    assert line(slow) == (
        f"cannot be right: a rate of 1 Hz is outside of 4000 to 768000 Hz; {ADVICE}"
    )
    start = flac.index(b"\xff\xf8")
    assert line(flac[:start] + bytes(500)).startswith("is damaged (")


@pytest.mark.parametrize("path", [None, 5, b"x.wav"])
def test_invalid_path_is_refused(path: Any) -> None:
    with pytest.raises(TypeError) as caught:
        FileSource(path)
    assert str(caught.value) == (
        f"FileSource: give the path of a recording, a str or a Path, not {type(path).__name__}"
    )


@pytest.mark.parametrize("speed", [0, -1.0, float("nan"), float("inf"), "2", True, None])
def test_speeds_that_make_no_sense(speed: Any, write: Write) -> None:
    path = write("a.wav", noise(10), 16_000)
    with pytest.raises(ValueError, match="speed must be a finite number above 0, not"):
        FileSource(path, speed=speed)


@pytest.mark.parametrize("error", [None, OSError("sndfile library not found")])
def test_without_soundfile(
    error: OSError | None, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("a.flac", noise(10), 16_000)

    def fail(_: str) -> object:
        raise error or ModuleNotFoundError("No module named 'soundfile'")

    monkeypatch.setattr("openline_audio.decoder.import_module", fail)
    line = 'audio files need the soundfile package; pip install "openline[audio]"'
    assert refusal(path) == line


def test_without_soxr(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("a.wav", noise(100), 8_000)
    monkeypatch.setitem(sys.modules, "soxr", None)
    assert refusal(path).startswith("audio at 8000 Hz: the soxr package is not installed;")


def lost(path: Path, still: Worker, play: Play, recorder: Recorder) -> str:
    """Run a source that is lost midway; returns the line, without the name."""
    source = FileSource(path, worker=still)
    before = open_descriptors()
    with pytest.raises(SourceError) as caught:
        play(source, recorder)
    assert open_descriptors() == before
    line = str(caught.value)
    assert "\n" not in line
    assert line.endswith("; get a whole copy or convert it")
    return line.removeprefix(f"{path} ").removesuffix("; get a whole copy or convert it")


def test_flac_that_breaks_in_the_middle(
    write: Write, still: Worker, play: Play, recorder: Recorder
) -> None:
    data = noise(80_000)
    path = write("a.flac", data, 16_000)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    line = lost(path, still, play, recorder)
    assert line == "is damaged (Error : flac decoder lost sync)"
    # All blocks of FLAC (4,096 samples) that are whole were delivered, bit for bit.
    assert len(recorder.samples) >= 40_000 - 2 * 4_096
    assert recorder.pcm == data.tobytes()[: len(recorder.pcm)]


@pytest.mark.parametrize("name", ["a.ogg", "a.mp3"])
def test_holes_in_ogg_and_mp3(
    name: str, write: Write, still: Worker, play: Play, recorder: Recorder
) -> None:
    path = write(name, RNG.uniform(-0.5, 0.5, 160_000), 16_000)
    whole = path.read_bytes()
    middle = len(whole) // 2
    path.write_bytes(whole[:middle] + bytes(8_000) + whole[middle + 8_000 :])
    line = lost(path, still, play, recorder)
    assert line.startswith(("is damaged (", "is cut short ("))
    assert 60_000 < len(recorder.samples) < 130_000


@pytest.mark.parametrize("name", ["a.wav", "a.mp3"])
def test_recording_shorter_than_its_header(
    name: str, write: Write, still: Worker, play: Play, recorder: Recorder
) -> None:
    path = write(name, sine(16_000, 4), 16_000)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    line = lost(path, still, play, recorder)
    assert line.startswith("is cut short (")
    missing = float(line.removeprefix("is cut short (").removesuffix(" s are missing)"))
    assert missing == pytest.approx(4 - len(recorder.samples) / 16_000, abs=0.01)
    assert 1.8 < missing < 2.2


@pytest.mark.parametrize("claimed", [0xFFFF_FFFF, 0x7FFF_F000])
def test_a_wav_from_a_pipe_claims_too_much_and_is_whole(
    claimed: int, write: Write, still: Worker, play: Play, recorder: Recorder
) -> None:
    data = noise(4_000)
    path = write("a.wav", data, 16_000)
    wav = bytearray(path.read_bytes())
    at = wav.index(b"data") + 4
    wav[at : at + 4] = claimed.to_bytes(4, "little")
    path.write_bytes(wav)
    play(FileSource(path, worker=still), recorder)
    assert recorder.pcm == data.tobytes()


def without_header(mp3: bytes) -> bytes:
    """The MP3 without its first frame, which is the one that tells the length."""
    return mp3[mp3.index(mp3[:2], 10) :]


@pytest.mark.parametrize("tag", [b"", b"ID3\3\0\0\0\0\2\0" + bytes(256)])
def test_an_mp3_of_constant_rate_needs_no_length(
    tag: bytes, write: Write, still: Worker, play: Play, recorder: Recorder
) -> None:
    path = write("a.mp3", sine(16_000, 6), 16_000, bitrate_mode="CONSTANT", compression_level=0.5)
    path.write_bytes(tag + without_header(path.read_bytes()))
    play(FileSource(path, worker=still), recorder)
    assert len(recorder.samples) == pytest.approx(6 * 16_000, abs=2 * 1_152)


def test_vbr_mp3_without_a_length_is_read_to_its_end(
    write: Write, still: Worker, play: Play, recorder: Recorder
) -> None:
    # libsndfile alone would estimate the length by the first frame's bit rate.
    sound = np.concatenate([sine(44_100, 4)[:, 0] * 0.0001, RNG.uniform(-0.3, 0.3, 8 * 44_100)])
    path = write("a.mp3", sound, 44_100, bitrate_mode="VARIABLE", compression_level=0.1)
    path.write_bytes(without_header(path.read_bytes()))
    play(FileSource(path, worker=still), recorder)
    assert len(recorder.samples) == pytest.approx(12 * 16_000, abs=2 * 1_152)
