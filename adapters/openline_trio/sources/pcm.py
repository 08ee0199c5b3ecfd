"""Raw PCM from a descriptor (`arecord … | openline …`, `openline … < file.raw`).

Theory of operation. Raw audio has no header, so the caller states rate and channels.
Data that begins like a recording's header is refused, since playing it would be noise.

*Pipes, sockets and devices* are read when the kernel reports them readable. The descriptor
stays as it is: O_NONBLOCK would affect every process that shares it, the user's shell
included. (Should another process on the same pipe take the bytes between "readable" and
the read, the read blocks until the next ones come.) *Regular files*, and devices that
cannot be waited for (epoll refuses them, for they are always ready), are read in a worker
thread, a second ahead, as `pace.play` does it.

The schedule is that of `pace`: absolute, never ahead of real time. The arrival of data
paces a live pipe: its frames are overdue when they come and go out at once; while it is
silent the source waits. A file that is piped in comes far ahead of real time; nothing is
read while a frame waits for its time, so the pipe fills and its writer waits. The size of
the first read tells them apart. A little data is what a recorder captured before we read,
so the first sample was captured that much earlier; a lot of data is a file, which begins
now.

The end of the stream, also when its writer dies, is the end of the source.
"""

from __future__ import annotations

import os
import stat
from typing import Protocol

import trio

from openline.events import SourceKind
from openline_audio.convert import SAMPLE_BYTES, Converter, describe_unusable
from openline_audio.source import SAMPLE_RATE, Sink, SourceError
from openline_trio.sources.pace import Pace, Worker, check_speed, in_thread, play

#: What a pipe holds on Linux by default (pipe(7)), and so the most to ask for at once.
_PIPE_BYTES = 65_536
#: The most to read of a regular file at once, should a second of it be more.
_BLOCK_BYTES = 4_194_304
#: A longer first read, in seconds, is a file: arecord hands over 0.125 s at
#: a time, PulseAudio's and ffmpeg's recorders up to 0.2 s.
_LIVE_SECONDS = 0.25
#: The first bytes of files that are not raw PCM.
_HEADERS = ((b"RIFF", "WAV"), (b"fLaC", "FLAC"), (b"OggS", "OGG"), (b"ID3", "MP3"))
_HEADER_BYTES = 4


class HasFileno(Protocol):
    """A file object that has a descriptor."""

    def fileno(self) -> int:
        """The descriptor; OSError or ValueError if there is none."""
        ...


class PcmSource:
    """Raw s16le PCM read from ``file``, a descriptor or an object that has one.

    ``rate`` (Hz, 4,000 to 768,000) and ``channels`` (1 to 256, interleaved) describe the
    data; it becomes 16 kHz mono. The descriptor stays the caller's: it is neither closed
    nor changed, and a file object's own buffer must not have read from it. ``speed`` is
    as in FileSource. The writer of a pipe may pause.

    Raises SourceError (one line) for a terminal, a closed descriptor, an unusable rate
    or channel count; ValueError if ``speed`` is not a finite number above 0; TypeError if
    ``file`` has no descriptor.
    """

    may_pause = True

    def __init__(
        self,
        file: int | HasFileno,
        *,
        rate: int = SAMPLE_RATE,
        channels: int = 1,
        speed: float = 1.0,
        worker: Worker = in_thread,
    ) -> None:
        _check_file(file)
        self._speed = check_speed(speed)
        wrong = describe_unusable(rate, channels)
        if wrong is not None:
            raise SourceError(f"raw PCM: {wrong}; give the recorder's settings")
        self._rate = rate
        self._channels = channels
        self._bytes_per_second = rate * channels * SAMPLE_BYTES
        self._worker = worker
        self._fd, self._name, status = _look_at(file)
        self._regular = stat.S_ISREG(status.st_mode)
        self._duration: float | None = None
        if self._regular:
            rest = max(0, status.st_size - os.lseek(self._fd, 0, os.SEEK_CUR))
            self._duration = rest / self._bytes_per_second

    @property
    def kind(self) -> SourceKind:
        """STORE for a regular file. A pipe may be a recording too, but only reading it shows."""
        return SourceKind.STORE if self._regular else SourceKind.DEVICE

    @property
    def duration(self) -> float | None:
        """Seconds of audio from here on in a regular file; None for a stream."""
        return self._duration

    async def run(self, sink: Sink) -> None:
        """Deliver until the stream ends. A torn sample at its end is dropped.

        Raises SourceError if the stream begins like a recording's header, or if it
        breaks (a reset connection, a disk error) instead of ending.
        """
        converter = Converter(self._rate, self._channels)
        if not self._regular:
            try:
                await trio.lowlevel.wait_readable(self._fd)
            except PermissionError:  # epoll's error for "always ready"
                pass
            else:
                await self._stream(sink, converter)
                return

        def open_reader() -> _PcmReader:
            size = min(_BLOCK_BYTES, self._bytes_per_second)
            return _PcmReader(self._fd, self._name, size, converter)

        await play(open_reader, sink, speed=self._speed, worker=self._worker)

    async def _stream(self, sink: Sink, converter: Converter) -> None:
        size = max(_HEADER_BYTES, min(_PIPE_BYTES, self._bytes_per_second))
        gate = _Gate(self._name)
        pace: Pace | None = None
        over = False
        while not over:
            data = await self._receive(size)
            over = not data
            fresh = gate.admit(data)
            frames = converter.feed(fresh)
            if over:
                frames += converter.flush()
            if pace is None and fresh:
                waits = len(fresh) / self._bytes_per_second > _LIVE_SECONDS
                start = self._captured_at(len(fresh))
                pace = Pace(sink, start=start, speed=self._speed, waits=waits)
            if pace is not None:
                for frame in frames:
                    await pace.deliver(frame)

    async def _receive(self, size: int) -> bytes:
        while True:
            await trio.lowlevel.wait_readable(self._fd)
            try:
                return _read(self._fd, self._name, size)
            except BlockingIOError:  # another process made it non-blocking, and read first
                continue

    def _captured_at(self, first: int) -> float:
        """When the first sample was captured, ``first`` bytes having just come."""
        seconds = first / self._bytes_per_second
        captured = seconds if seconds <= _LIVE_SECONDS else 0.0
        return trio.current_time() - captured / self._speed


class _PcmReader:
    """Reads descriptors that never block for long; everything here blocks."""

    def __init__(self, fd: int, name: str, size: int, converter: Converter) -> None:
        self._fd = fd
        self._name = name
        self._size = size
        self._converter = converter
        self._gate = _Gate(name)
        self._over = False

    def read(self) -> list[bytes]:
        while not self._over:
            data = _read(self._fd, self._name, self._size)
            self._over = not data
            frames = self._converter.feed(self._gate.admit(data))
            if self._over:
                frames += self._converter.flush()
            if frames:  # a resampler may take a little input and give no output yet
                return frames
        return []

    def close(self) -> None:
        """Close nothing: the descriptor is the caller's."""


class _Gate:
    """Passes raw PCM and refuses recordings, by the first four bytes."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._held: bytes | None = b""

    def admit(self, data: bytes) -> bytes:
        """The data usable now; empty ``data`` is the end. Raises SourceError."""
        if self._held is None:
            return data
        self._held += data
        if data and len(self._held) < _HEADER_BYTES:
            return b""
        for magic, kind in _HEADERS:
            if self._held.startswith(magic):
                raise SourceError(
                    f"{self._name} is a {kind} file, not raw PCM; "
                    "pass the file's name instead of piping it in"
                )
        held, self._held = self._held, None
        return held


def _read(fd: int, name: str, size: int) -> bytes:
    try:
        return os.read(fd, size)
    except BlockingIOError:
        raise
    except OSError as error:
        raise SourceError(
            f"{name} broke off ({error.strerror}); start what writes to it again"
        ) from error


def _check_file(file: object) -> None:
    if isinstance(file, bool) or not (isinstance(file, int) or hasattr(file, "fileno")):
        raise TypeError(
            f"PcmSource: give an open file or its descriptor, not {type(file).__name__}; "
            "FileSource(path) reads a recording by its name"
        )


def _look_at(file: int | HasFileno) -> tuple[int, str, os.stat_result]:
    name = "the given file"
    try:
        fd = file if isinstance(file, int) else file.fileno()
        name = "standard input" if fd == 0 else f"descriptor {fd}"
        status = os.fstat(fd)
        terminal = os.isatty(fd)
    except (OSError, ValueError) as error:  # ValueError: a closed file object
        raise SourceError(f"{name} is not open for reading; pipe raw PCM in") from error
    if terminal:
        raise SourceError(f"{name} is a terminal; pipe raw PCM in, or name a file")
    if stat.S_ISDIR(status.st_mode):
        raise SourceError(f"{name} is a directory; pipe raw PCM in, or name a file")
    return fd, name, status
