"""Convert any rate and channel count to the format of the line: 16 kHz mono s16le, in frames.

Pure: bytes or arrays in, frames out; no files, no clock, no trio.

Theory of operation. `Converter.feed` takes pieces of one stream, cut anywhere, and
returns the whole frames that they complete; `flush` ends the stream and returns the rest, whose
last frame may be short. The output depends on the stream alone and not on where it was cut:

- *bytes* (s16le, channels interleaved) may be torn inside a sample: the odd bytes wait
  for the rest, and a sample that is torn at the end is dropped and counted (`torn`);
- the channels are mixed by their mean;
- another rate goes through soxr's streaming resampler (quality HQ), flushed at the end;
- the framer cuts 320-sample frames.

16 kHz mono in 16 bits is passed bit for bit and never becomes a float. Everything else
is float32 in [-1, 1], where 1/32768 is one step of 16 bits, so that int16 → float →
int16 is exact too. Overflow is clipped, never wrapped; NaN, which would poison the
resampler for good, is silence.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Protocol, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from openline_audio.source import FRAME_SAMPLES, SAMPLE_RATE, SourceError

#: Bytes in a sample of s16le.
SAMPLE_BYTES = 2
#: Bytes in a whole frame.
FRAME_BYTES = FRAME_SAMPLES * SAMPLE_BYTES
#: Rates outside of this are a damaged header or a slip of the hand: half the lowest rate
#: that telephones use, and the highest of DXD and of studio converters.
MIN_RATE = 4_000
MAX_RATE = 768_000
#: More channels than any recorder writes (libsndfile's own limit is 1,024).
MAX_CHANNELS = 256

#: One step of 16-bit audio is 1/32768 of full scale, as libsndfile has it.
_FULL_SCALE = 32_768.0

#: Samples as they come from a decoder: (frames,) or (frames, channels).
Samples: TypeAlias = "npt.NDArray[np.int16] | npt.NDArray[np.float32]"


class Resampler(Protocol):
    """The part of soxr.ResampleStream that is used here."""

    def resample_chunk(
        self, x: npt.NDArray[np.float32], *, last: bool = ...
    ) -> npt.NDArray[np.float32]:
        """Take samples and return the output that is ready; with ``last`` all of it."""
        ...


def describe_unusable(rate: int, channels: int) -> str | None:
    """The fault of this rate (Hz) or channel count, in a few words; None if both are usable."""
    if not MIN_RATE <= rate <= MAX_RATE:
        return f"a rate of {rate} Hz is outside of {MIN_RATE} to {MAX_RATE} Hz"
    if not 1 <= channels <= MAX_CHANNELS:
        return f"{channels} channels are outside of 1 to {MAX_CHANNELS}"
    return None


def to_s16le(samples: npt.NDArray[np.float32]) -> bytes:
    """Float samples (±1 is full scale) as s16le: rounded to the nearest step, clipped."""
    steps = np.rint(samples * np.float32(_FULL_SCALE))
    pcm: bytes = np.clip(steps, -32_768, 32_767).astype("<i2").tobytes()
    return pcm


def to_mono(samples: Samples) -> npt.NDArray[np.float32]:
    """Mix (frames,) or (frames, channels) to float32 in [-1, 1] by the channels' mean."""
    if samples.dtype == np.int16:
        scaled = samples.astype(np.float32) / np.float32(_FULL_SCALE)
    else:
        # Limited before the mean: huge floats would overflow in its sum.
        limited = np.clip(samples.astype(np.float32), -1.0, 1.0)
        scaled = np.nan_to_num(limited, nan=0.0)
    if scaled.ndim == 1:
        return scaled
    mixed: npt.NDArray[np.float32] = scaled.mean(axis=1, dtype=np.float32)
    return mixed


class Framer:
    """Cuts s16le bytes into frames of exactly 320 samples."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, pcm: bytes) -> list[bytes]:
        """The whole frames (640 bytes each) that these bytes complete."""
        data = self._rest + pcm
        end = len(data) - len(data) % FRAME_BYTES
        self._rest = data[end:]
        return [data[at : at + FRAME_BYTES] for at in range(0, end, FRAME_BYTES)]

    def flush(self) -> list[bytes]:
        """The short last frame, if there is one."""
        rest, self._rest = self._rest, b""
        return [rest] if rest else []


class Converter:
    """Converts one stream to 16 kHz mono s16le, in frames.

    ``rate`` is in Hz (4,000 to 768,000), ``channels`` 1 to 256. Raises ValueError for
    others, and SourceError if a resampler is needed and soxr is not installed.
    """

    def __init__(self, rate: int, channels: int) -> None:
        wrong = describe_unusable(rate, channels)
        if wrong is not None:
            raise ValueError(wrong)
        self._rate = rate
        self._channels = channels
        self._resampler = None if rate == SAMPLE_RATE else _new_resampler(rate)
        self._framer = Framer()
        self._torn = b""

    @property
    def torn(self) -> int:
        """Bytes of an incomplete sample; after ``flush`` they were dropped."""
        return len(self._torn)

    def feed(self, data: bytes | Samples) -> list[bytes]:
        """Take the next piece of the stream; returns the whole frames it completes.

        ``data`` is either s16le bytes, channels interleaved, cut anywhere, or an array
        (frames,) / (frames, channels) of int16 or of float32 with full scale ±1.
        """
        if isinstance(data, bytes):
            return self._framer.feed(self._from_bytes(data))
        return self._framer.feed(self._from_samples(data))

    def flush(self) -> list[bytes]:
        """The stream is over: returns the remaining frames, the last one perhaps short."""
        frames: list[bytes] = []
        if self._resampler is not None:
            tail = self._resampler.resample_chunk(np.zeros(0, np.float32), last=True)
            frames = self._framer.feed(to_s16le(tail))
        return frames + self._framer.flush()

    def _from_bytes(self, data: bytes) -> bytes:
        data = self._torn + data
        end = len(data) - len(data) % (SAMPLE_BYTES * self._channels)
        self._torn = data[end:]
        if self._rate == SAMPLE_RATE and self._channels == 1:
            return data[:end]
        samples = np.frombuffer(data[:end], dtype="<i2").astype(np.int16, copy=False)
        return self._from_samples(samples.reshape(-1, self._channels))

    def _from_samples(self, samples: Samples) -> bytes:
        if self._resampler is None and self._channels == 1 and samples.dtype == np.int16:
            return samples.astype("<i2", copy=False).tobytes()
        mono = to_mono(samples)
        if self._resampler is None:
            return to_s16le(mono)
        return to_s16le(self._resampler.resample_chunk(mono))


def _new_resampler(rate: int) -> Resampler:
    try:
        soxr: Any = import_module("soxr")
    except ImportError as missing:
        raise SourceError(
            f"audio at {rate} Hz: the soxr package is not installed; "
            'pip install "openline[audio]", or give 16000 Hz'
        ) from missing
    return cast("Resampler", soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32"))
