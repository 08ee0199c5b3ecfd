"""Audio from a descriptor (`arecord … | openline …`, `openline … < file.raw`).

Theory of operation. What comes is recognised by its first bytes. A recording is read as one: its
header states rate and channels. What is no known recording is raw PCM, and the caller states
them.

*Pipes, sockets and devices* are read when the kernel reports them readable. The descriptor
stays as it is: O_NONBLOCK would affect every process that shares it, the user's shell
included. (Should another process on the same pipe take the bytes between "readable" and
the read, the read blocks until the next ones come.) Raw PCM, and PCM behind a header, is
converted as it comes, in this task. Other recordings are decoded in a worker thread
(`piped`). *Regular files*, and devices that cannot be waited for (epoll refuses them, for they
are always ready), are read in a worker thread, a second ahead, as `pace.play` does it.

The schedule is that of `pace`: absolute, never ahead of real time. The arrival of data
paces a live pipe: its frames are overdue when they come and go out at once; while it is
silent the source waits. A file that is piped in comes far ahead of real time; nothing is
read while a frame waits for its time, so the pipe fills and its writer waits. The size of
the first read tells them apart. A little data is what a recorder captured before we read,
so the first sample was captured that much earlier; a lot of data is a file, which begins
now.

The end of the stream, also when its writer dies, is the end of the source. A stream that
ends without any audio is lost: its writer failed.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import ClassVar, Final, Protocol

from openline.events import SourceKind
from openline_audio import formats
from openline_audio.convert import describe_unusable
from openline_audio.files import shown
from openline_audio.pace import Pace, Runtime, Worker, check_speed, play
from openline_audio.piped import Pipe, can_stream, check_samples, play_live, read_some, spooled
from openline_audio.pushed_pcm import HeaderPcm, PushedPcm, RawPcm
from openline_audio.reader import Choice, NoAudioError, RecordingReader
from openline_audio.source import SAMPLE_RATE, Sink, SourceError

#: The most to read of a regular file at once, should a second of it be more.
_BLOCK_BYTES: Final = 4_194_304
#: What a pipe holds on Linux by default (pipe(7)), and so the most to ask for at once.
_PIPE_BYTES: Final = 65_536
#: A longer first read, in seconds, is a file: arecord hands over 0.125 s at
#: a time, PulseAudio's and ffmpeg's recorders up to 0.2 s.
_LIVE_SECONDS: Final = 0.25
_SAMPLE_BYTES: Final = 2


class HasFileno(Protocol):
    """A file object that has a descriptor."""

    def fileno(self) -> int:
        """The descriptor; OSError or ValueError if there is none."""
        ...


class PcmSource:
    """Audio read from ``file``, a descriptor or an object that has one.

    A recording is recognised by its first bytes (WAV, AIFF, FLAC, OGG, MP3, MP4, WebM and so on).
    Anything else is raw s16le PCM, which ``rate`` (Hz, 4,000 to 768,000) and ``channels`` (1 to
    256, interleaved) describe. It becomes 16 kHz mono. ``channel``, ``stream``, ``allow_empty``
    and ``speed`` are as in FileSource. The descriptor stays the caller's: it is neither closed
    nor changed, and a file object's own buffer must not have read from it. The source keeps a file
    object alive. The writer of a pipe may pause.

    Raises SourceError (one line) for a terminal, a closed descriptor, an unusable rate
    or channel count, a damaged recording in a regular file; ValueError if ``speed`` is not a
    finite number above 0; TypeError if ``file`` has no descriptor.
    """

    may_pause = True
    _runtime: ClassVar[Runtime]  # of a face

    def __init__(
        self,
        file: int | HasFileno,
        *,
        rate: int = SAMPLE_RATE,
        channels: int = 1,
        speed: float = 1.0,
        channel: int | None = None,
        stream: int | None = None,
        allow_empty: bool = False,
        worker: Worker | None = None,
    ) -> None:
        _check_file(file)
        self._speed = check_speed(speed)
        wrong = describe_unusable(rate, channels)
        if wrong is not None:
            raise SourceError(f"raw PCM: {wrong}; give the recorder's settings")
        self._rate = rate
        self._channels = channels
        self._choice = Choice(channel, stream, allow_empty)
        self._worker = worker or self._runtime.in_thread
        self._remarks: tuple[str, ...] = ()
        self._file = file  # it closes its descriptor once nothing refers to it
        self._fd, self._name, status = _look_at(file)
        self._regular = stat.S_ISREG(status.st_mode)
        self._duration: float | None = None
        self._start: int | None = None  # of a recording in a regular file
        if self._regular:
            self._measure(status.st_size)

    @property
    def kind(self) -> SourceKind:
        """STORE for a regular file. A pipe may be a recording too, but only reading it shows."""
        return SourceKind.STORE if self._regular else SourceKind.DEVICE

    @property
    def duration(self) -> float | None:
        """Seconds of audio from here on in a regular file; None for a stream."""
        return self._duration

    @property
    def remarks(self) -> tuple[str, ...]:
        """After ``run``: what is odd about the audio and no loss, a line each."""
        return self._remarks

    async def run(self, sink: Sink) -> None:
        """Deliver until the stream ends. A torn sample at its end is dropped.

        Raises SourceError if the stream breaks (a reset connection, a disk error) instead of
        ending, if it is a recording that is damaged or cut short, or if it has no audio.
        """
        if not self._regular:
            try:
                await self._runtime.wait_readable(self._fd)
            except PermissionError:  # epoll's error for "always ready"
                pass
            else:
                await self._stream(sink)
                return
        if self._start is not None:
            await self._play_recording(self._fd, self._start, sink)
        else:
            await self._play_raw(sink)

    def _measure(self, size: int) -> None:
        """Recognise a recording in a regular file, and find its length."""
        here = os.lseek(self._fd, 0, os.SEEK_CUR)
        try:
            head = os.pread(self._fd, formats.HEAD_BYTES, here)
        except OSError as error:
            raise SourceError(f"{self._name} cannot be read ({error.strerror})") from error
        if formats.recognise(head) is None:
            check_samples(head, self._name)
            self._check_channel()
            frames = max(0, size - here) // (self._channels * _SAMPLE_BYTES)
            self._duration = frames / self._rate
            return
        self._start = here
        reader = RecordingReader(self._fd, self._name, start=here, choice=self._choice, probe=True)
        try:
            self._duration = reader.duration
            reader.read()
        finally:
            reader.close()

    def _check_channel(self) -> None:
        channel = self._choice.channel
        if channel is not None and channel >= self._channels:
            raise SourceError(
                f"{self._name} has no channel {channel} (from 0), only {self._channels}; "
                "give its number of channels, as in --channels 2"
            )

    async def _play_recording(self, fd: int, start: int, sink: Sink) -> None:
        readers: list[RecordingReader] = []

        def open_reader() -> RecordingReader:
            readers.append(RecordingReader(fd, self._name, start=start, choice=self._choice))
            return readers[0]

        await play(self._runtime, open_reader, sink, speed=self._speed, worker=self._worker)
        self._remarks = readers[0].remarks

    async def _play_raw(self, sink: Sink) -> None:
        pcm = RawPcm(self._rate, self._channels, self._choice.channel)

        def open_reader() -> _RawReader:
            size = min(_BLOCK_BYTES, self._rate * self._channels * _SAMPLE_BYTES)
            return _RawReader(self._fd, self._name, size, pcm)

        await play(self._runtime, open_reader, sink, speed=self._speed, worker=self._worker)
        self._finished(pcm)

    async def _stream(self, sink: Sink) -> None:
        pipe = Pipe(self._runtime, self._fd, self._name)
        kind = await pipe.kind()
        if kind is None:
            self._check_channel()
            await self._push(pipe, RawPcm(self._rate, self._channels, self._choice.channel), sink)
            return
        if kind in formats.WITH_HEADER and self._choice.stream in {None, 1}:
            pcm = HeaderPcm(self._choice.channel)
            if await self._push(pipe, pcm, sink):
                return
            pipe.put_back(pcm.head)
        if await can_stream(pipe, kind):
            self._remarks = await play_live(
                pipe, kind, sink, choice=self._choice, speed=self._speed
            )
        else:
            with await spooled(pipe) as file:
                await self._play_recording(file.fileno(), 0, sink)

    async def _push(self, pipe: Pipe, pcm: PushedPcm, sink: Sink) -> bool:
        """Deliver what the pipe brings; False, before anything, if the header is unusable."""
        size = max(_SAMPLE_BYTES, min(_PIPE_BYTES, self._rate * self._channels * _SAMPLE_BYTES))
        pace: Pace | None = None
        over = False
        while not over and not pcm.losses:
            data = await pipe.receive(size)
            over = not data
            frames = pcm.finish() if over else pcm.feed(data)
            if isinstance(pcm, HeaderPcm) and pcm.readable is False:
                return False
            if pace is None and pcm.seconds:
                waits = pcm.seconds > _LIVE_SECONDS  # a recording
                start = self._captured_at(pcm.seconds)
                pace = Pace(self._runtime, sink, start=start, speed=self._speed, waits=waits)
            if pace is not None:
                for frame in frames:
                    await pace.deliver(frame)
        if pace is not None and not over:
            for frame in pcm.finish():
                await pace.deliver(frame)
        self._finished(pcm)
        return True

    def _finished(self, pcm: PushedPcm) -> None:
        """Raises SourceError if there was no audio, or if some could not be read."""
        if pcm.losses:
            raise SourceError(f"{self._name} {'; it '.join(pcm.losses)}; send it whole")
        if not pcm.joiner.frames and not self._choice.allow_empty:
            raise NoAudioError(no_audio(self._name))
        self._remarks = tuple(f"{self._name} {each}" for each in pcm.joiner.remarks())

    def _captured_at(self, seconds: float) -> float:
        """When the first sample was captured, ``seconds`` of audio having just come."""
        captured = seconds if seconds <= _LIVE_SECONDS else 0.0
        return self._runtime.now() - captured / self._speed


def no_audio(name: str) -> str:
    """The error about a stream that ended and brought nothing."""
    return f"{name} ended without any audio; check what writes to it, or pass --allow-empty"


class _RawReader:
    """Reads descriptors that never block for long; everything here blocks."""

    def __init__(self, fd: int, name: str, size: int, pcm: RawPcm) -> None:
        self._fd = fd
        self._name = name
        self._size = size
        self._pcm = pcm
        self._over = False

    def read(self) -> list[bytes]:
        while not self._over:
            data = read_some(self._fd, self._name, self._size)
            self._over = not data
            frames = self._pcm.finish() if self._over else self._pcm.feed(data)
            if frames:  # a resampler may take a little input and give no output yet
                return frames
        return []

    def close(self) -> None:
        """Close nothing: the descriptor is the caller's."""


def _check_file(file: object) -> None:
    if isinstance(file, bool) or not (isinstance(file, int) or hasattr(file, "fileno")):
        raise TypeError(
            f"PcmSource: give an open file or its descriptor, not {type(file).__name__}; "
            "FileSource(path) reads a recording by its name"
        )


def _named(file: object) -> str | None:
    """The name of a file object, if it was opened by one."""
    name = getattr(file, "name", None)
    return shown(Path(name)) if isinstance(name, str) and not name.startswith("<") else None


def _look_at(file: int | HasFileno) -> tuple[int, str, os.stat_result]:
    name = "the given file"
    try:
        fd = file if isinstance(file, int) else file.fileno()
        name = "standard input" if fd == 0 else _named(file) or f"descriptor {fd}"
        status = os.fstat(fd)
        terminal = os.isatty(fd)
    except (OSError, ValueError) as error:  # ValueError: a closed file object
        raise SourceError(f"{name} is not open for reading; pipe raw PCM in") from error
    if terminal:
        raise SourceError(f"{name} is a terminal; pipe raw PCM in, or name a file")
    if stat.S_ISDIR(status.st_mode):
        raise SourceError(f"{name} is a directory; pipe raw PCM in, or name a file")
    return fd, name, status
