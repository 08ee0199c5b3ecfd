"""Recordings in memory, for tests: every format that can be written here."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
import numpy.typing as npt
import soundfile

from openline_audio.reader import Choice, RecordingReader
from openline_audio.source import SourceError

Sound = npt.NDArray[np.float64]


class Got(NamedTuple):
    """What a reader made of a file."""

    pcm: bytes
    duration: float | None
    loss: str | None
    remarks: tuple[str, ...]

    @property
    def samples(self) -> npt.NDArray[np.int16]:
        return np.frombuffer(self.pcm, "<i2")

    @property
    def seconds(self) -> float:
        return len(self.pcm) / 32_000


def noise(seconds: float, rate: int = 16_000, channels: int = 1, seed: int = 1) -> Sound:
    """(n, channels), within ±0.5."""
    shape = (round(seconds * rate), channels)
    return np.random.default_rng(seed).uniform(-0.5, 0.5, shape)


def encoded(sound: Sound, rate: int = 16_000, **form: Any) -> bytes:
    """A file as libsndfile writes it; ``form`` is format, subtype, endian."""
    target = io.BytesIO()
    writer: Any = soundfile
    writer.write(target, sound, rate, **form)
    return target.getvalue()


def media(
    codec: str, form: str, rate: int = 48_000, seconds: float = 3, streams: int = 1, **options: str
) -> bytes:
    """A container as FFmpeg writes it: a tone of 300 Hz, 300 Hz more in each further stream."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "it"  # FFmpeg opens it again to move an index to the front
        _mux(path, codec, form, rate, seconds=seconds, streams=streams, options=options)
        return path.read_bytes()


def amr(seconds: int) -> bytes:
    """The same tone as AMR, which newer wheels of PyAV decode and do not encode."""
    return (Path(__file__).parent / "recordings" / f"tone-{seconds}s.amr").read_bytes()


def _mux(
    path: Path,
    codec: str,
    form: str,
    rate: int,
    *,
    seconds: float,
    streams: int,
    options: dict[str, str],
) -> None:
    writer: Any = av
    with writer.open(path, "w", format=form, options=options) as container:
        tracks: list[Any] = [
            container.add_stream(codec, rate=rate, layout="mono") for _ in range(streams)
        ]
        for number, track in enumerate(tracks, 1):
            time = np.arange(round(rate * seconds)) / rate
            wave = (8_000 * np.sin(2 * np.pi * 300 * number * time)).astype("int16")
            frame: Any = av.AudioFrame.from_ndarray(
                wave.reshape(1, -1), format="s16", layout="mono"
            )
            frame.sample_rate = rate
            resampler = av.AudioResampler(
                format=track.codec_context.format,
                layout="mono",
                rate=rate,
                frame_size=track.codec_context.frame_size or None,
            )
            for piece in [*resampler.resample(frame), *resampler.resample(None)]:
                container.mux(track.encode(piece))
            container.mux(track.encode(None))


def read(path: Path, choice: Choice = Choice(), start: int = 0) -> Got:  # noqa: B008
    """Read the file to its end. SourceError if it cannot even be opened."""
    fd = os.open(path, os.O_RDONLY)
    loss = None
    pcm = b""
    try:
        reader = RecordingReader(fd, path.name, choice=choice, start=start)
        try:
            duration = reader.duration
            try:
                while frames := reader.read():
                    pcm += b"".join(frames)
            except SourceError as error:
                loss = str(error)
        finally:
            reader.close()
    finally:
        os.close(fd)
    return Got(pcm, duration, loss, reader.remarks)
