"""A container that comes through a pipe, decoded while it comes; everything here blocks.

Theory of operation. PyAV reads from an object with ``read``, which waits for the next bytes of
the pipe. Decoded audio is returned as soon as there is a frame of it: a live stream is late by no
more than its packets are long. MP4 needs its index (``moov``) before its audio, and a finished
file that is not fragmented often has it at the end: such a pipe can only be read after its end
(`streamable`).

A recording may be followed by another that was joined to it (`bounds`): each gets a decoder of its
own, and one that is damaged does not end the pipe.

What goes wrong in ``read`` (the pipe breaks, the session ends) must not pass through FFmpeg's C
code: it is kept, FFmpeg sees the end of the stream, and it is raised afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from openline_audio import formats
from openline_audio.bounds import Bound, bound_of
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
    """What PyAV reads: ``receive(size)`` waits for at most so many bytes, empty at the end.

    It ends where the recording ends; `go_on` begins the next one. ``kind`` is their format.
    """

    def __init__(self, receive: Callable[[int], bytes], kind: str = "") -> None:
        self._receive = receive
        self._kind = kind
        self._bound = bound_of(kind)
        self._held = b""  # bytes that are not passed on yet
        self._ready = 0  # of them, those that belong to this recording
        self._ended = self._dry = False  # the recording, and the pipe
        self.failure: BaseException | None = None

    @property
    def bound(self) -> Bound:
        """The end of the recording, and what is odd about it."""
        return self._bound

    def read(self, size: int = -1) -> bytes:
        """The next bytes; empty at the end of the recording, and after a failure."""
        size = _BLOCK if size < 0 else size
        while not (self._ready or self._ended or self._dry) and self.failure is None:
            try:
                more = self._receive(size)
            except BaseException as error:  # noqa: BLE001  # it must not reach the C code
                self.failure = error
                return b""
            self._dry = not more
            self._held += more
            self._look()
        most = min(size, self._ready)
        given, self._held = self._held[:most], self._held[most:]
        self._ready -= most
        return given

    def go_on(self) -> bool:
        """Begin with the next recording; False if there is none."""
        if not self._ended:
            return False
        self._bound = bound_of(self._kind)
        self._look()
        return True

    def _look(self) -> None:
        self._ready, self._ended = self._bound.take(self._held, last=self._dry)

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
        self._stream = choice.stream
        self._demuxer = _DEMUXERS.get(kind)
        try:
            self._decoder = self._opened()
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
        bound = self._file.bound
        if self._decoder.missing() is not None or bound.garbage:
            self._wrong.append("is damaged or cut short")
        rest = self._decoder.unread + bound.unread
        while more := self._file.read():
            rest += len(more) if more.strip(b"\0") else 0
        if rest:
            self._wrong.append(not_read(rest))
        return self._next_recording() if self._file.go_on() else self._end()

    def _next_recording(self) -> list[bytes]:
        self._decoder.close()
        try:
            self._decoder = self._opened()
        except DecodeError as error:
            return self._end(f"is followed by a recording that cannot be decoded ({error})")
        return []

    def _opened(self) -> AvDecoder:
        return AvDecoder(self._file, stream=self._stream, live=True, demuxer=self._demuxer)

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
