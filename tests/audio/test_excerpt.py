"""A part of a recording, in each format: the audio between two of its times, and nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openline_audio.excerpt import Excerpt, check_part
from openline_audio.reader import Choice, RecordingReader
from tests.audio.support_recordings import encoded, media, noise, read

#: Recordings of 3 s.
RECORDINGS: dict[str, Callable[[], bytes]] = {
    "wav": lambda: encoded(noise(3), format="WAV"),
    "wav of 44.1 kHz, stereo": lambda: encoded(noise(3, 44_100, 2), 44_100, format="WAV"),
    "wav of A-law": lambda: encoded(noise(3, 8_000), 8_000, format="WAV", subtype="ALAW"),
    "aiff": lambda: encoded(noise(3), format="AIFF"),
    "flac": lambda: encoded(noise(3), format="FLAC"),
    "flac of 48 kHz": lambda: encoded(noise(3, 48_000), 48_000, format="FLAC"),
    "ogg": lambda: encoded(noise(3), format="OGG"),
    "mp3": lambda: encoded(noise(3), format="MP3"),
    "m4a": lambda: media("aac", "mp4"),
    "webm": lambda: media("libopus", "webm"),
    "joined": lambda: encoded(noise(1), format="WAV") + encoded(noise(2), format="FLAC"),
    "joined, of two rates": lambda: (
        encoded(noise(1, 8_000), 8_000, format="WAV") + encoded(noise(2), format="WAV")
    ),
}
PARTS = [(0.0, 1.0), (0.5, None), (1.25, 2.5), (1.0, 1.0001), (2.9, 9.0)]


@pytest.fixture(scope="module", params=RECORDINGS)
def recording(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recordings") / "recording"
    path.write_bytes(RECORDINGS[request.param]())
    return path


@pytest.mark.parametrize(("start", "until"), PARTS)
def test_part_is_the_audio_between_its_times(
    recording: Path, start: float, until: float | None
) -> None:
    whole = read(recording).samples
    got = read(recording, Choice(start=start, until=until))
    end = len(whole) if until is None else min(len(whole), round(16_000 * until))
    wanted = whole[round(16_000 * start) : end]
    assert got.loss is None
    assert abs(len(got.samples) - len(wanted)) <= 1  # of another rate: one sample, 62.5 µs
    # A resampler that begins there has no audio before, and hears its edge: 20 ms are left out.
    count = min(len(wanted), len(got.samples))
    inner = slice(320, max(320, count - 320))
    differ = got.samples[inner].astype(int) - wanted[inner]
    assert np.square(differ).sum() <= 400 * len(differ)


@pytest.mark.parametrize("samples", [0, 1, 16_000, 20_000, 20_001, 47_999])
def test_part_of_16_khz_is_found_to_the_sample(samples: int, tmp_path: Path) -> None:
    for form in ("WAV", "FLAC"):
        path = tmp_path / form
        path.write_bytes(encoded(noise(3), format=form))
        whole = read(path).pcm
        part = Choice(start=samples / 16_000, until=2.999)
        assert read(path, part).pcm == whole[2 * samples : 2 * 47_984]


def test_what_is_before_a_part_may_be_passed_over_in_strides(recording: Path) -> None:
    part = Choice(start=2.25)
    fd = os.open(recording, os.O_RDONLY)
    reader = RecordingReader(fd, "it", choice=part)
    strides = 0
    while reader.is_ahead:
        reader.pass_over()
        strides += 1
    got = b"".join(iter(lambda: b"".join(reader.read()), b""))
    reader.close()
    os.close(fd)
    assert strides == 1
    assert got == read(recording, part).pcm


def test_a_stride_is_half_a_minute(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    path.write_bytes(encoded(np.zeros((8_000 * 95, 1)), 8_000, format="WAV"))
    fd = os.open(path, os.O_RDONLY)
    reader = RecordingReader(fd, "it", choice=Choice(start=90.5))
    strides = 0
    while reader.is_ahead:
        reader.pass_over()
        strides += 1
    assert strides == 4
    assert len(b"".join(iter(lambda: b"".join(reader.read()), b""))) == 32_000 * 4.5
    reader.close()
    os.close(fd)


@pytest.mark.parametrize("start", [3.1, 750.0])
def test_part_behind_the_end_is_one_line(recording: Path, start: float) -> None:
    for empty in (False, True):
        got = read(recording, Choice(start=start, allow_empty=empty))
        assert got.pcm == b""
        assert got.loss is not None
        assert got.loss.startswith("recording ends after 3.0")
        assert got.loss.endswith(f"{start:.2f} s on is asked for; give an earlier start")


def test_recording_without_audio_has_no_part(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(encoded(np.zeros((0, 1)), format="WAV"))
    got = read(path, Choice(start=1.0))
    assert got.loss is not None
    assert "no audio behind it" in got.loss
    assert read(path, Choice(start=1.0, allow_empty=True)).loss is None


def test_what_is_missing_counts_up_to_the_end_of_the_part(tmp_path: Path) -> None:
    path = tmp_path / "cut.wav"
    path.write_bytes(encoded(noise(3), format="WAV")[: 44 + 2 * 32_000])  # 2 s of 3
    assert "is cut short" in (read(path).loss or "")
    assert read(path, Choice(start=0.5, until=1.5)).loss is None
    assert "is cut short" in (read(path, Choice(until=2.5)).loss or "")
    missed = read(path, Choice(start=2.5))
    assert missed.pcm == b""
    assert "is cut short" in (missed.loss or "")


def test_damage_before_the_end_of_the_part_is_a_loss(tmp_path: Path) -> None:
    data = bytearray(encoded(noise(2), format="FLAC"))
    data[len(data) // 2 : len(data) // 2 + 2_000] = bytes(2_000)
    path = tmp_path / "damaged"
    path.write_bytes(bytes(data) + encoded(noise(3), format="WAV"))
    loss = read(path, Choice(until=2.5)).loss
    assert loss is not None
    assert "damaged" in loss


def test_remarks_are_about_the_part_alone(tmp_path: Path) -> None:
    sound = noise(3)
    sound[16_000:32_000] = 0
    path = tmp_path / "a.wav"
    path.write_bytes(encoded(sound, format="WAV"))
    assert read(path).remarks == ()
    assert len(read(path, Choice(start=1.0, until=2.0)).remarks) == 1


def test_blocks_are_cut_at_the_next_sample() -> None:
    excerpt = Excerpt(1.5, 4.0)
    block = np.arange(10, dtype=np.int16)
    cuts = [list(excerpt.cut(10, block)) for _ in range(4)]
    assert cuts == [[], [5, 6, 7, 8, 9], list(range(10)), list(range(10))]
    assert excerpt.is_over
    assert not excerpt.is_missed


@pytest.mark.parametrize("start", [-1, float("nan"), float("inf"), True, "1", None])
def test_impossible_start_is_named(start: Any) -> None:
    with pytest.raises(ValueError, match="start must be a finite number of seconds, 0 or more"):
        check_part(start, None)


@pytest.mark.parametrize("until", [-1, 0, 2, float("nan"), float("inf"), True, "3"])
def test_impossible_end_is_named(until: Any) -> None:
    with pytest.raises(ValueError, match="until must be a finite number of seconds behind start"):
        check_part(2.0, until)
