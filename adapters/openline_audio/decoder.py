"""The only module that uses the soundfile package (libsndfile).

Theory of operation. A `Decoder` reads a window of a file from its start to its end, once, in
pieces. It works around properties of soundfile 0.14 (libsndfile 1.2.2) that damage a stream of
audio:

- After every read of a seekable file soundfile seeks to the current position. In an MP3
  that discards the bit reservoir, and the beginning of the next piece is noise
  (measured: errors of up to full scale). Codecs such as GSM 6.10 and G.721 cannot seek at all.
  So the file is declared not to be seekable, and what was read is counted here.
- An error in the middle drops the samples that the same call decoded before it. Where the
  position can be asked, it shows how many those are, and `DecodeError.partial` holds them.
- A file that is shorter than its header states ends without an error, or is opened as if
  that were its length. `missing` reports this.
- Errors of the disk do not come through: the window keeps them, and they are raised here.

libsndfile's MP3 decoder writes its own warnings about broken files to standard error.
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any, Protocol, cast

import numpy as np

from openline_audio.channels import Samples
from openline_audio.headers import PLACEHOLDER
from openline_audio.source import SourceError
from openline_audio.window import Window

#: Frames to a call: small enough to lose little to an error, large enough to cost nothing.
_PIECE = 4096
#: Samples (of all channels) to a block at most, whatever the header claims: 8 MB of floats.
_BLOCK_SAMPLES = 2_000_000
#: libsndfile's length of a file that does not state one is at least this.
_UNKNOWN_FRAMES = 1 << 60
#: Matches "data : 882000 (should be 3956)" in libsndfile's log of a WAV header.
_WAV_DATA = re.compile(r"^data\s*:\s*(\d+) \(should be (\d+)\)", re.MULTILINE)


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
    """Decodes what the window shows, from its start.

    Raises DecodeError if libsndfile cannot open it, OSError if the disk cannot be read,
    and SourceError if soundfile is not installed. Every call blocks on the disk.
    """

    def __init__(self, window: Window) -> None:
        self._soundfile = _load()
        self._window = window
        window.seek(0)
        try:
            opened: Any = self._soundfile.SoundFile(window)
        except self._soundfile.LibsndfileError as error:
            self._check_disk()
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

    @property
    def stated(self) -> bool:
        """Whether the length is stated; an unfinished FLAC does not state it."""
        return 0 < self._file.frames < _UNKNOWN_FRAMES

    @property
    def estimates(self) -> bool:
        """Whether the length is an estimate from the bit rate, as of MPEG audio in a WAV."""
        return self._file.format in {"WAV", "WAVEX"} and self._file.subtype.startswith("MPEG")

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
        """After the last read: how many seconds are missing; None if the file is complete."""
        short = self._file.frames - self._read
        if short > 0 and self.stated:
            return short / self._file.samplerate
        cut = _WAV_DATA.search(self._file.extra_info)
        if cut is None:
            return None
        claimed, there = int(cut[1]), int(cut[2])
        if claimed >= PLACEHOLDER or claimed <= there or not self._read:
            return None
        return (claimed - there) / (there / self._read) / self._file.samplerate

    def close(self) -> None:
        """Free libsndfile's memory; the descriptor stays open."""
        self._file.close()

    def _piece(self) -> tuple[Samples, str | None]:
        buffer = cast("Samples", np.zeros((_PIECE, self._file.channels), self._dtype))
        try:
            got = self._file.buffer_read_into(buffer, self._dtype)
        except self._soundfile.LibsndfileError as error:
            self._check_disk()
            return buffer[: self._decoded()], str(error.error_string)
        self._check_disk()
        return buffer[:got], None

    def _decoded(self) -> int:
        """The frames that a failed read has decoded; 0 where the position cannot be asked."""
        try:
            return max(0, min(_PIECE, self._file.tell() - self._read))
        except self._soundfile.LibsndfileError:
            return 0

    def _check_disk(self) -> None:
        if self._window.failure is not None:
            raise self._window.failure


def _load() -> Any:
    try:
        return import_module("soundfile")
    except (ImportError, OSError) as error:  # OSError: its libsndfile is missing
        raise SourceError(
            'audio files need the soundfile package; pip install "openline[audio]"'
        ) from error


def _never() -> bool:
    return False
