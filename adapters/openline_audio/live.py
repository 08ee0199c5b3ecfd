"""A container that comes through a pipe, decoded while it comes; everything here blocks.

Theory of operation. PyAV reads from an object with ``read``, which waits for the next bytes of
the pipe. Decoded audio is returned as soon as there is a frame of it: a live stream is late by no
more than its packets are long. MP4 needs its index (``moov``) before its audio, and a finished
file that is not fragmented often has it at the end: such a pipe can only be read after its end
(`streamable`).

What goes wrong in ``read`` (the pipe breaks, the session ends) must not pass through FFmpeg's C
code: it is kept, FFmpeg sees the end of the stream, and it is raised afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from openline_audio import formats
from openline_audio.container import AvDecoder, NoMediaError
from openline_audio.convert import Joiner
from openline_audio.decoder import DecodeError
from openline_audio.reader import ADVICE, Choice
from openline_audio.recording import not_read
from openline_audio.source import SourceError

#: FFmpeg's names of the formats, so that it need not guess.
_DEMUXERS: Final = {
    formats.FLAC: "flac",
    formats.OGG: "ogg",
    formats.MP3: "mp3",
    formats.MP4: "mov",
    formats.MATROSKA: "matroska",
    formats.AMR: "amr",
    formats.ASF: "asf",
    "FLV": "flv",
}
#: Bytes to read at a time, to see whether anything follows.
_BLOCK: Final = 65_536


class PipeFile:
    """What PyAV reads: ``receive(size)`` waits for at most so many bytes, empty at the end."""

    def __init__(self, receive: Callable[[int], bytes]) -> None:
        self._receive = receive
        self.failure: BaseException | None = None

    def read(self, size: int = -1) -> bytes:
        """The next bytes; empty at the end, and after a failure."""
        if self.failure is not None:
            return b""
        try:
            return self._receive(_BLOCK if size < 0 else size)
        except BaseException as error:  # noqa: BLE001  # it must not reach the C code
            self.failure = error
            return b""

    def check(self) -> None:
        """Raise what went wrong."""
        if self.failure is not None:
            raise self.failure


class LiveReader:
    """Frames of the container of this format that ``file`` brings. Raises SourceError."""

    def __init__(self, file: PipeFile, name: str, kind: str, choice: Choice) -> None:
        self._file = file
        self._name = name
        self._channel = choice.channel
        self.joiner = Joiner(choice.channel)
        self._wrong: list[str] = []
        self._over = False
        try:
            self._decoder = AvDecoder(
                file, stream=choice.stream, live=True, demuxer=_DEMUXERS.get(kind)
            )
        except DecodeError as error:
            file.check()
            raise SourceError(
                f"{name} begins like {kind} but cannot be decoded ({error}); {ADVICE}"
            ) from error

    def read(self) -> list[bytes]:
        """The next frames, as soon as there are any; empty at the end. Raises SourceError."""
        while not self._over:
            frames = self._next()
            if frames:
                return frames
        self._file.check()
        if self._wrong:
            raise SourceError(f"{self._name} {'; it '.join(self._wrong)}; send it whole")
        return []

    def close(self) -> None:
        """Free everything; the pipe stays open."""
        self._decoder.close()

    def _next(self) -> list[bytes]:
        try:
            block = self._decoder.read()
            if block is not None:
                return self.joiner.feed(*block)
        except DecodeError as error:
            return self._end(f"is damaged ({error})")
        except ValueError as error:
            return self._end(f"cannot be read further: {error}")
        missing = self._decoder.missing()
        if missing is not None:
            return self._end("is damaged or cut short")
        rest = 0
        while more := self._file.read():
            rest += len(more) if more.strip(b"\0") else 0
        return self._end(*([not_read(rest)] if rest else []))

    def _end(self, *wrong: str) -> list[bytes]:
        self._over = True
        self._wrong += wrong
        return self.joiner.flush()


def media_is_there() -> bool:
    """Whether PyAV can be used."""
    try:
        AvDecoder.check()
    except NoMediaError:
        return False
    return True


def streamable(kind: str, head: bytes) -> bool | None:
    """Whether a pipe of this format, beginning with ``head``, can be read before its end.

    None if more bytes decide. MP4 can if it is fragmented: its index comes first, and says so.
    """
    if kind != formats.MP4:
        return True
    at = 0
    while at + 16 <= len(head):
        size, name = int.from_bytes(head[at : at + 4], "big"), head[at + 4 : at + 8]
        if size == 1:
            size = int.from_bytes(head[at + 8 : at + 16], "big")
        if name == b"moov":
            found = b"mvex" in head[at : at + size]
            return found if found or at + size <= len(head) else None
        if name not in {b"ftyp", b"free", b"skip", b"wide", b"uuid", b"styp", b"sidx"} or size < 8:
            return False
        at += size
    return None
