"""Convert any rate and channel count to the format of the line: 16 kHz mono s16le, in frames.

Pure: bytes or arrays in, frames out; no files, no clock, no trio.

Theory of operation. `Converter.feed` takes pieces of one stream, cut anywhere, and
returns the whole frames that they complete; `flush` ends the stream and returns the rest, whose
last frame may be short. The output depends on the stream alone and not on where it was cut:

- *bytes* (s16le, channels interleaved) may be torn inside a sample: the odd bytes wait
  for the rest, and a sample that is torn at the end is dropped and counted (`torn`);
- the channels are mixed, or one is picked (`channels`);
- another rate goes through soxr's streaming resampler (quality HQ), flushed at the end;
- the framer cuts 320-sample frames.

16 kHz mono in 16 bits is passed bit for bit and never becomes a float. Everything else
is float32 in [-1, 1], where 1/32768 is one step of 16 bits, so that int16 → float →
int16 is exact too. Overflow is clipped, never wrapped; NaN is silence.

`Joiner` does the same for a stream whose rate and channels may change midway, as in a file that
several recordings were joined to, and notes what a person should know about the whole of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final, Protocol, cast

import numpy as np
import numpy.typing as npt

from openline_audio.channels import FULL_SCALE, Mixer, Samples, scaled
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
#: A stream with no sample above this step is silent: A-law has no 0, and 8 in its place.
_SILENCE: Final = 8
#: Channels that cancel each other for less than this, in seconds, do so by chance.
_BY_CHANCE: Final = 0.2


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
    steps = np.rint(samples * np.float32(FULL_SCALE))
    pcm: bytes = np.clip(steps, -32_768, 32_767).astype("<i2").tobytes()
    return pcm


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

    ``rate`` is in Hz (4,000 to 768,000), ``channels`` 1 to 256. ``channel`` picks one of them,
    from 0; None mixes them. Raises ValueError for others, and SourceError if a resampler is
    needed and soxr is not installed.
    """

    def __init__(
        self, rate: int, channels: int, *, channel: int | None = None, framer: Framer | None = None
    ) -> None:
        wrong = describe_unusable(rate, channels)
        if wrong is not None:
            raise ValueError(wrong)
        if channel is not None and not 0 <= channel < channels:
            raise ValueError(f"there is no channel {channel} in {channels}, counted from 0")
        self.rate = rate
        self.channels = channels
        self._channel = 0 if channels == 1 else channel
        self._mixer = None if self._channel is not None else Mixer(rate, channels)
        self._resampler = None if rate == SAMPLE_RATE else _new_resampler(rate)
        self._framer = framer or Framer()
        self._torn = b""

    @property
    def torn(self) -> int:
        """Bytes of an incomplete sample; after ``flush`` they were dropped."""
        return len(self._torn)

    @property
    def cancelled(self) -> float:
        """Seconds in which channels cancelled each other, so that one was used."""
        return 0.0 if self._mixer is None else self._mixer.cancelled / self.rate

    def feed(self, data: bytes | Samples) -> list[bytes]:
        """Take the next piece of the stream; returns the whole frames it completes.

        ``data`` is either s16le bytes, channels interleaved, cut anywhere, or an array
        (frames,) / (frames, channels) of int16 or of float32 with full scale ±1.
        """
        pcm = self._from_bytes(data) if isinstance(data, bytes) else self._from_samples(data)
        return self._framer.feed(pcm)

    def flush(self) -> list[bytes]:
        """The stream is over: returns the remaining frames, the last one perhaps short."""
        return self.end() + self._framer.flush()

    def end(self) -> list[bytes]:
        """The stream is over and another follows: like ``flush``, but keeps a short frame."""
        mono = np.zeros(0, np.float32) if self._mixer is None else self._mixer.flush()
        if self._resampler is not None:
            mono = self._resampler.resample_chunk(mono, last=True)
        return self._framer.feed(to_s16le(mono))

    def _from_bytes(self, data: bytes) -> bytes:
        data = self._torn + data
        end = len(data) - len(data) % (SAMPLE_BYTES * self.channels)
        self._torn = data[end:]
        if self.rate == SAMPLE_RATE and self.channels == 1:
            return data[:end]
        samples = np.frombuffer(data[:end], dtype="<i2").astype(np.int16, copy=False)
        return self._from_samples(samples.reshape(-1, self.channels))

    def _from_samples(self, samples: Samples) -> bytes:
        if self._mixer is not None:
            mono = self._mixer.feed(samples)
        else:
            picked: Samples = samples if samples.ndim == 1 else samples[:, self._channel]
            if self._resampler is None and picked.dtype == np.int16:
                return picked.astype("<i2", copy=False).tobytes()
            mono = scaled(picked)
        if self._resampler is None:
            return to_s16le(mono)
        return to_s16le(self._resampler.resample_chunk(mono))


class Joiner:
    """Converts blocks of any rate and channel count, one behind the other, to frames.

    ``channel`` is as for `Converter`.
    """

    def __init__(self, channel: int | None = None) -> None:
        self._channel = channel
        self._framer = Framer()
        self._converter: Converter | None = None
        self._cancelled = 0.0
        self._peak = 0
        self.frames = 0  #: frames that were returned so far

    def feed(self, rate: int, samples: Samples) -> list[bytes]:
        """Take the next block, (n, channels) at ``rate`` Hz. Raises as `Converter` does."""
        channels = 1 if samples.ndim == 1 else samples.shape[1]
        frames: list[bytes] = []
        converter = self._converter
        if converter is None or (converter.rate, converter.channels) != (rate, channels):
            following = Converter(rate, channels, channel=self._channel, framer=self._framer)
            if converter is not None:
                frames = converter.end()
                self._cancelled += converter.cancelled
            converter = self._converter = following
        return self._noted(frames + converter.feed(samples))

    def flush(self) -> list[bytes]:
        """All is over: the remaining frames, the last one perhaps short."""
        converter, self._converter = self._converter, None
        if converter is None:
            return []
        frames = converter.flush()
        self._cancelled += converter.cancelled
        return self._noted(frames)

    def remarks(self) -> list[str]:
        """After ``flush``: what is odd about the whole, each in a clause without a subject."""
        found: list[str] = []
        if self.frames and self._peak <= _SILENCE:
            found.append("is digital silence from its beginning to its end; check the recorder")
        if self._cancelled >= _BY_CHANCE:
            found.append(
                f"has channels that cancel each other, for {self._cancelled:.1f} s: there the "
                "loudest was sent, and not a mix"
            )
        return found

    def _noted(self, frames: list[bytes]) -> list[bytes]:
        self.frames += len(frames)
        if frames and self._peak <= _SILENCE:
            samples = np.frombuffer(b"".join(frames), "<i2").astype(np.int32)
            self._peak = max(self._peak, int(np.abs(samples).max()))
        return frames


def _new_resampler(rate: int) -> Resampler:
    try:
        soxr: Any = import_module("soxr")
    except ImportError as missing:
        raise SourceError(
            f"audio at {rate} Hz: the soxr package is not installed; "
            'pip install "openline[audio]", or give 16000 Hz'
        ) from missing
    return cast("Resampler", soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32"))
