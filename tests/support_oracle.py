"""The loss oracle: audio that encodes its position, and the audio that a backend received.

Every pair of samples holds its own position. A recording can be decoded into session
samples, even if audio was cut, sent twice or left out.
"""

from __future__ import annotations

import wave
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np
import trio

from openline_audio.source import FRAME_SAMPLES, SAMPLE_RATE, Sink


def coded(start: int, samples: int) -> bytes:
    """Audio of ``samples`` (even) from position ``start`` (even) on."""
    return np.arange(start // 2, (start + samples) // 2, dtype="<u4").tobytes()


def decode(pcm: bytes) -> list[tuple[int, int]]:
    """The runs of positions [start, end) that coded audio holds, in its own order."""
    pairs = np.frombuffer(pcm[: len(pcm) // 4 * 4], "<u4").astype("int64")
    breaks = [0, *(np.flatnonzero(np.diff(pairs) != 1) + 1).tolist(), len(pairs)]
    return [
        (2 * int(pairs[first]), 2 * int(pairs[last - 1]) + 2)
        for first, last in pairwise(breaks)
        if first < last
    ]


class CodedSource:
    """A live source of coded audio, delivered on an absolute schedule."""

    def __init__(self, seconds: float, *, speed: float = 1.0) -> None:
        self.samples = round(seconds * SAMPLE_RATE) // FRAME_SAMPLES * FRAME_SAMPLES
        self._speed = speed

    @property
    def duration(self) -> float | None:
        return self.samples / SAMPLE_RATE

    async def run(self, sink: Sink) -> None:
        start = trio.current_time()
        sink.started(start)
        for at in range(0, self.samples, FRAME_SAMPLES):
            due = start + (at + FRAME_SAMPLES) / SAMPLE_RATE / self._speed
            await trio.sleep_until(due)
            sink.audio(coded(at, FRAME_SAMPLES))


def received(folder: Path, source: str) -> list[list[tuple[int, int]]]:
    """The audio that each connection received, in the order of the connections."""
    runs: list[list[tuple[int, int]]] = []
    for path in sorted(folder.glob(f"*-{source}.wav")):
        with wave.open(str(path)) as file:
            runs.append(decode(file.readframes(file.getnframes())))
    return runs


def union(runs: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The union of intervals, in order."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(runs):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged
