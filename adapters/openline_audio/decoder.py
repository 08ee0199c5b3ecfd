"""The only module that uses the soundfile package (libsndfile).

Theory of operation. A `Decoder` reads an open file descriptor from its start to its
end, once, in pieces. It works around four properties of soundfile 0.14 (libsndfile 1.2.2)
that damage a stream of audio:

- After every read of a seekable file soundfile seeks to the current position. In an MP3
  that discards the bit reservoir, and the beginning of the next piece is noise
  (measured: errors of up to full scale). So the file is declared not to be seekable.
- An error in the middle drops the samples that the same call decoded before it. The position
  shows how many those are, and `DecodeError.partial` holds them.
- A file that is shorter than its header states ends without an error, or is opened as if
  that were its length. `missing` reports this.
- For an MP3 that does not state its length (no Xing, Info or VBRI header), libsndfile estimates
  it from the file's size and the first frame's bit rate, and decodes nothing beyond it.
  `missing` handles an estimate that is too long or too short.

libsndfile's MP3 decoder writes its own warnings about broken files to standard error.
"""

from __future__ import annotations

import os
import re
from importlib import import_module
from typing import Any, Protocol, cast

import numpy as np

from openline_audio.convert import Samples
from openline_audio.source import SourceError

#: Frames to a call: small enough to lose little to an error, large enough to cost nothing.
_PIECE = 4096
#: Samples (of all channels) to a block at most, whatever the header claims: 8 MB of floats.
_BLOCK_SAMPLES = 2_000_000
#: WAV writers without a known length (pipes) write a length near 2 or 4 GiB.
_PLACEHOLDER_BYTES = 0x7F00_0000
#: Matches "data : 882000 (should be 3956)" in libsndfile's log of a WAV header.
_WAV_DATA = re.compile(r"^data\s*:\s*(\d+) \(should be (\d+)\)", re.MULTILINE)
#: Where an MP3 states its length: in its first frame, so within this many bytes of it.
_MP3_HEADER_BYTES = 4096
#: The most bytes behind the last MP3 frame that stay unread: tags, and the decoder's block.
_MP3_TAIL_BYTES = 16_384


class DecodeError(Exception):
    """The file cannot be opened or decoded further; the text is libsndfile's."""

    def __init__(self, text: str, partial: Samples | None = None) -> None:
        super().__init__(text)
        #: The samples decoded before the error, (frames, channels); None at opening.
        self.partial = partial


class _SoundFile(Protocol):
    """The part of soundfile.SoundFile that is used here."""

    samplerate: int
    channels: int
    frames: int
    format: str
    subtype: str
    extra_info: str

    def buffer_read_into(self, buffer: Samples, dtype: str) -> int: ...
    def tell(self) -> int: ...
    def close(self) -> None: ...


class Decoder:
    """Decodes the file behind ``fd``, from its start; the descriptor stays the caller's.

    Raises DecodeError if libsndfile cannot open it, OSError if the disk cannot be read,
    and SourceError if soundfile is not installed. Every call blocks on the disk.
    """

    def __init__(self, fd: int) -> None:
        self._soundfile = _load()
        self._fd = fd
        self._stated_length = _states_length(fd)
        os.lseek(fd, 0, os.SEEK_SET)  # libsndfile reads from the current position
        try:
            opened: Any = self._soundfile.SoundFile(fd, closefd=False)
        except self._soundfile.LibsndfileError as error:
            raise DecodeError(str(error.error_string)) from error
        opened.seekable = _never
        self._file = cast("_SoundFile", opened)
        self._read = 0
        # 16-bit files stay as they are; everything else is decoded to floats.
        sixteen = self._file.subtype == "PCM_16"
        self._dtype = "int16" if sixteen else "float32"

    @property
    def rate(self) -> int:
        """Samples per second as stated in the header, not checked."""
        return self._file.samplerate

    @property
    def channels(self) -> int:
        """Channels, at least 1."""
        return self._file.channels

    @property
    def frames(self) -> int:
        """Samples per channel that libsndfile expects to deliver."""
        return self._file.frames

    def read(self) -> Samples:
        """The next second or so, (n, channels); n is 0 at the end.

        Raises DecodeError, with the samples before it, where the file is damaged.
        """
        pieces: list[Samples] = []
        have = 0
        while have < min(self._file.samplerate, _BLOCK_SAMPLES // self._file.channels):
            piece, error = self._piece()
            pieces.append(piece)
            have += len(piece)
            self._read += len(piece)
            if error is not None:
                raise DecodeError(error, cast("Samples", np.concatenate(pieces)))
            if not len(piece):
                break
        return cast("Samples", np.concatenate(pieces))

    def missing(self) -> float | None:
        """After the last read: how many seconds are missing; None if the file is complete.

        0.0 means that an unknown amount is missing.
        """
        short = self._file.frames - self._read
        if self._file.format == "MP3" and not self._stated_length:
            # The length is a guess: too long is no loss, too short leaves bytes unread.
            unread = os.fstat(self._fd).st_size - os.lseek(self._fd, 0, os.SEEK_CUR)
            return 0.0 if unread > _MP3_TAIL_BYTES else None
        if short > 0:
            return short / self._file.samplerate
        cut = _WAV_DATA.search(self._file.extra_info)
        if cut is None:
            return None
        claimed, there = int(cut[1]), int(cut[2])
        if claimed >= _PLACEHOLDER_BYTES or claimed <= there or not self._read:
            return None
        return (claimed - there) / (there / self._read) / self._file.samplerate

    def close(self) -> None:
        """Free libsndfile's memory; the descriptor stays open."""
        self._file.close()

    def _piece(self) -> tuple[Samples, str | None]:
        buffer = cast("Samples", np.zeros((_PIECE, self._file.channels), self._dtype))
        before = self._file.tell()
        try:
            got = self._file.buffer_read_into(buffer, self._dtype)
        except self._soundfile.LibsndfileError as error:
            got = max(0, min(_PIECE, self._file.tell() - before))
            return buffer[:got], str(error.error_string)
        return buffer[:got], None


def _load() -> Any:
    try:
        return import_module("soundfile")
    except (ImportError, OSError) as error:  # OSError: its libsndfile is missing
        raise SourceError(
            'audio files need the soundfile package; pip install "openline[audio]"'
        ) from error


def _never() -> bool:
    return False


def _states_length(fd: int) -> bool:
    """Whether the file, if it is an MP3, states its length. Moves the position."""
    os.lseek(fd, 0, os.SEEK_SET)
    head = os.read(fd, 10)
    if head[:3] == b"ID3" and len(head) == 10:
        # A tag comes first; its length is four bytes of seven bits (ID3v2, section 3.1).
        tag = (head[6] << 21) | (head[7] << 14) | (head[8] << 7) | head[9]
        os.lseek(fd, 10 + tag, os.SEEK_SET)
        head = b""
    head += os.read(fd, _MP3_HEADER_BYTES)
    return any(mark in head for mark in (b"Xing", b"Info", b"VBRI"))
