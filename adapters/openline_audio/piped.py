"""A recording that comes through a pipe and is more than PCM: decoded as it comes, or at its end.

Theory of operation. With PyAV most containers are decoded while they come (`live`): the decoder
runs in a worker thread and asks the loop for bytes, so that a cancelled session ends the wait.
What cannot be decoded so (an MP4 with its index at the end, a telephone's codec in a WAV, anything
compressed without PyAV) is written to a temporary file without a name until the pipe ends, and
then read as any file is. Memory stays bounded either way.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Final

from openline_audio import formats
from openline_audio.foreign import LOOK_BYTES, describe_foreign, is_text
from openline_audio.live import LiveReader, PipeFile, media_is_there, streamable
from openline_audio.pace import Runtime, play
from openline_audio.reader import Choice, NoAudioError
from openline_audio.source import Sink, SourceError
from openline_audio.tags import ID3_HEAD_BYTES, tag_bytes

#: What a pipe holds on Linux by default (pipe(7)), and so the most to ask for at once.
_PIPE_BYTES: Final = 65_536
#: The most to hold of an MP4 to find out whether it is fragmented.
_INDEX_BYTES: Final = 1 << 20


class Pipe:
    """The bytes of a descriptor as they come. Some can be put back."""

    def __init__(self, runtime: Runtime, fd: int, name: str) -> None:
        self.runtime = runtime
        self._fd = fd
        self._held = b""
        self.name = name

    def put_back(self, data: bytes) -> None:
        """Have ``receive`` return these bytes first."""
        self._held = data + self._held

    async def receive(self, size: int) -> bytes:
        """At most ``size`` bytes, as soon as there are any; empty at the end. SourceError."""
        if self._held:
            data, self._held = self._held[:size], self._held[size:]
            await self.runtime.sleep_until(self.runtime.now())  # a checkpoint
            return data
        while True:
            await self.runtime.wait_readable(self._fd)
            try:
                return read_some(self._fd, self.name, size)
            except BlockingIOError:  # another process made it non-blocking, and read first
                continue

    async def head(self) -> bytes:
        """The first bytes, as many as it takes to recognise a recording; they stay in the pipe."""
        return await self._peek(_undecided, formats.HEAD_BYTES)

    async def kind(self) -> str | None:
        """The format of what comes, from its first bytes, which stay in the pipe; None: samples.

        ID3 tags are dropped: most stand before an MP3, and some before another recording. Raises
        SourceError if it is no audio.
        """
        begins = None
        while True:
            head = await self.head()
            tag = tag_bytes(head) if head.startswith(b"ID3") else 0
            if not tag:
                found = formats.recognise(head) or begins
                if found is None:
                    check_samples(head, self.name)
                return found
            begins = formats.MP3
            await self._drop(tag)

    async def _drop(self, size: int) -> None:
        while size and (data := await self.receive(min(size, _PIPE_BYTES))):
            size -= len(data)

    async def can_stream(self, kind: str) -> bool:
        """Whether this recording can be decoded before the pipe ends."""
        head = await self._peek(lambda data: streamable(kind, data) is None, _INDEX_BYTES)
        return bool(streamable(kind, head))

    async def _peek(self, more: Callable[[bytes], bool], most: int) -> bytes:
        held = await self.receive(_PIPE_BYTES)
        data = held
        while data and len(held) < most and more(held):
            data = await self.receive(_PIPE_BYTES)
            held += data
        self.put_back(held)
        return held


def check_samples(head: bytes, name: str) -> None:
    """Raise SourceError if bytes that begin so are no samples."""
    what = describe_foreign(head)
    if what is not None:
        raise SourceError(f"{name} is {what}, and no audio; check what writes to it")


def _undecided(head: bytes) -> bool:
    torn = head.startswith(b"ID3") and len(head) < ID3_HEAD_BYTES
    return torn or formats.undecided(head) or (len(head) < LOOK_BYTES and is_text(head))


async def can_stream(pipe: Pipe, kind: str) -> bool:
    """Whether the recording of this format that ``pipe`` brings can be decoded as it comes."""
    if kind in formats.WITH_HEADER or not media_is_there():
        return False
    return await pipe.can_stream(kind)


async def play_live(
    pipe: Pipe, kind: str, sink: Sink, *, choice: Choice, speed: float
) -> tuple[str, ...]:
    """Decode what ``pipe`` brings and deliver it; returns remarks about it. SourceError."""
    readers: list[LiveReader] = []

    def receive(size: int) -> bytes:
        return pipe.runtime.from_thread(pipe.receive, size)

    def open_reader() -> LiveReader:
        readers.append(LiveReader(PipeFile(receive, kind), pipe.name, kind, choice))
        return readers[0]

    # The decoder calls the loop from its thread, so that has to be one of the loop's.
    await play(pipe.runtime, open_reader, sink, speed=speed, worker=pipe.runtime.in_thread)
    reader = readers[0]
    if not reader.joiner.frames and not choice.allow_empty:
        raise NoAudioError(f"{pipe.name} is {kind} without any audio; check what writes to it")
    return tuple(f"{pipe.name} {each}" for each in reader.joiner.remarks())


async def spooled(pipe: Pipe) -> IO[bytes]:
    """A temporary file with all that ``pipe`` brings, once it has ended. SourceError."""
    try:
        file = tempfile.TemporaryFile()  # noqa: SIM115  # it is the caller's
    except OSError as error:
        raise _no_room(pipe.name, error) from error
    try:
        while data := await pipe.receive(_PIPE_BYTES):
            file.write(data)
        file.flush()
    except BaseException as error:
        with suppress(OSError):  # what is still in its buffer has no room either
            file.close()
        if isinstance(error, OSError):
            raise _no_room(pipe.name, error) from error
        raise
    return file


def _no_room(name: str, error: OSError) -> SourceError:
    return SourceError(
        f"{name} cannot be kept in {tempfile.gettempdir()} until it ends ({error.strerror}); "
        "make room there, or give the file's name"
    )


def read_some(fd: int, name: str, size: int) -> bytes:
    """At most ``size`` bytes. Raises BlockingIOError, and SourceError for all other faults."""
    try:
        return os.read(fd, size)
    except BlockingIOError:
        raise
    except OSError as error:
        raise SourceError(
            f"{name} broke off ({error.strerror}); start what writes to it again"
        ) from error
