"""The only module that uses PyAV (FFmpeg's libraries).

Theory of operation. `AvDecoder` reads one audio stream of a container, from anything with
``read`` (and ``seek``, for a file). FFmpeg decodes to whatever the codec gives; it is made
interleaved float32 or int16 here, and keeps its rate and channels, so that everything later is as
for libsndfile. A rate that changes midway gives blocks of the new rate.

- A damaged packet does not end a container: it is counted, and decoding goes on behind it.
- The *length* in a container's header is an estimate for many formats. It counts as stated only
  for those of `_STATES_LENGTH`; there a file that gives much less is cut short.
- For a pipe, nothing is buffered beyond what FFmpeg needs to find the streams.

FFmpeg's own log goes nowhere: what matters of it arrives as an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any, Protocol

import numpy as np

from openline_audio.channels import Samples
from openline_audio.decoder import DecodeError

#: How the names of FFmpeg's formats begin whose header states the length of a finished recording.
_STATES_LENGTH = ("mov", "matroska", "asf")
#: Less than is stated by up to this, in seconds, is the rounding of a codec's frames and the
#: padding of its encoder.
_ROUNDING = 0.25
#: Bytes to ask a pipe for at once: small, so that FFmpeg waits for no more than it needs.
_PIPE_BYTES = 4_096
#: For a pipe: no more analysis than decoding needs.
_LIVE = {"probesize": "65536", "analyzeduration": "500000"}
#: Bytes of a packet beside its samples, at most. FFmpeg adds what follows a FLAC to its last one.
_FRAMING = 1_024
#: FFmpeg's bit of a stream that the container marks as the default (AV_DISPOSITION_DEFAULT).
_DEFAULT = 1


class NoMediaError(Exception):
    """PyAV is not installed."""


class Bytes(Protocol):
    """What a container is read from."""

    def read(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes; empty at the end."""
        ...


class AvDecoder:
    """Decodes an audio stream of the container behind ``file``, from its start.

    ``stream`` is the number of the audio stream, from 1; None takes the one that the container
    marks as the default, or the first. ``live``: it comes through a pipe. ``demuxer`` is FFmpeg's
    name of the format, None to find out. Raises DecodeError if there is none, or if it cannot be
    opened; NoMediaError without PyAV. Every call blocks on ``file``.
    """

    def __init__(
        self,
        file: Bytes,
        *,
        stream: int | None = None,
        live: bool = False,
        demuxer: str | None = None,
    ) -> None:
        self._av = _load()
        options = _LIVE if live else {}
        size = {"buffer_size": _PIPE_BYTES} if live else {}
        try:
            self._container: Any = self._av.open(file, "r", format=demuxer, options=options, **size)
        except self._av.FFmpegError as error:
            raise DecodeError(_text(error)) from error
        try:
            self._stream = self._chosen(stream)
        except BaseException:
            self._container.close()
            raise
        self._blocks = self._decode()
        self._bad = 0
        self._seconds = 0.0
        #: Bytes in packets that are no audio: more than their samples take uncompressed.
        self.unread = 0
        #: Hz and channels of the stream, as the container states them.
        self.rate: int = self._stream.codec_context.sample_rate or 0
        self.channels: int = self._stream.codec_context.channels or 0

    @staticmethod
    def check() -> None:
        """Raise NoMediaError without PyAV."""
        _load()

    @property
    def streams(self) -> int:
        """How many audio streams there are."""
        return len(self._container.streams.audio)

    @property
    def number(self) -> int:
        """The number of the stream that is read, from 1."""
        return list(self._container.streams.audio).index(self._stream) + 1

    @property
    def duration(self) -> float | None:
        """Seconds of audio as stated in the header; None if they are not, or only estimated."""
        if not self._container.format.name.startswith(_STATES_LENGTH):
            return None
        if self._stream.duration:
            return float(self._stream.duration * self._stream.time_base)
        whole = self._container.duration
        return whole / self._av.time_base if whole else None

    def read(self) -> tuple[int, Samples] | None:
        """The next rate and block of samples, (n, channels); None at the end.

        Raises DecodeError where the container cannot be read further.
        """
        return next(self._blocks, None)

    def missing(self) -> float | None:
        """After the last read: seconds that are missing; 0.0 if unknown, None if none are."""
        short = (self.duration or 0.0) - self._seconds
        if short > _ROUNDING:
            return short
        return 0.0 if self._bad else None

    def close(self) -> None:
        """Free everything; ``file`` stays open."""
        self._container.close()

    def _chosen(self, number: int | None) -> Any:
        streams = self._container.streams.audio
        if not streams:
            raise DecodeError("it has no audio stream")
        if number is None:
            return next((each for each in streams if _is_default(each)), streams[0])
        if not 1 <= number <= len(streams):
            plural = "stream" if len(streams) == 1 else "streams"
            raise DecodeError(f"it has {len(streams)} audio {plural}, and no number {number}")
        return streams[number - 1]

    def _decode(self) -> Iterator[tuple[int, Samples]]:
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except self._av.FFmpegError as error:
                raise DecodeError(_text(error)) from error
            if packet is None:
                return
            try:
                frames = packet.decode()
            except self._av.FFmpegError:
                self._bad += 1
                continue
            plain = sum(map(_plain_bytes, frames))
            if frames and packet.size > plain + _FRAMING:
                self.unread += packet.size - plain
            for frame in frames:
                self._seconds += frame.samples / frame.sample_rate
                yield frame.sample_rate, _samples(frame)


def _is_default(stream: Any) -> bool:
    return bool(int(stream.disposition) & _DEFAULT)


def _plain_bytes(frame: Any) -> int:
    size: int = frame.samples * len(frame.layout.channels) * frame.format.bytes
    return size


def _samples(frame: Any) -> Samples:
    """A frame of FFmpeg's as (n, channels), int16 or float32."""
    raw: Any = frame.to_ndarray()
    raw = raw.T if frame.format.is_planar else raw.reshape(-1, len(frame.layout.channels))
    samples: Samples
    if raw.dtype == np.uint8:
        samples = (raw.astype(np.float32) - np.float32(128)) / np.float32(128)
    elif raw.dtype == np.int32:
        samples = (raw / 2.0**31).astype(np.float32)
    elif raw.dtype == np.int16:
        samples = raw
    else:
        samples = raw.astype(np.float32)
    return samples


def _load() -> Any:
    try:
        av: Any = import_module("av")
    except (ImportError, OSError) as error:
        raise NoMediaError from error
    av.logging.set_level(None)
    return av


def _text(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
