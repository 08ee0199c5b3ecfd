"""Archives of short recordings, and what has to be in their transcripts."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import numpy as np
import pytest

RATE = 16_000


def make_recording(path: Path, seconds: float, tone: float = 220.0) -> Path:
    """A tone as a WAV file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    times = np.arange(round(seconds * RATE)) / RATE
    samples = (6000 * np.sin(2 * np.pi * tone * times)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return path


def make_archive(folder: Path, recordings: int, seconds: float) -> Path:
    """A folder with so many tones, each another one."""
    for number in range(recordings):
        make_recording(folder / f"call-{number:03d}.wav", seconds, 200.0 + number)
    return folder


def check_transcript(path: Path, seconds: float) -> None:
    """The finals of the echo recogniser cover the whole recording, without a hole or a repetition.

    The text of a final is its interval on the connection; its times are those of the recording.
    """
    entries = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    finals = [each for each in entries if each["update"] == "transcript"]
    assert finals
    reached = 0.0
    for final in finals:
        assert final["start"] == pytest.approx(reached, abs=0.021), path
        reached = final["end"]
    assert reached == pytest.approx(seconds, abs=0.021), path
