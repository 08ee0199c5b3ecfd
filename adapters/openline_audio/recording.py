"""A recording in a file, from its first byte to its last, whatever it is made of.

Theory of operation. A file holds one recording or several that were joined. Each is recognised
by its first bytes, measured (`parts`), and decoded by the first of these that can:

1. our own reader of PCM with a header (`headered`), which needs no size to be right;
2. libsndfile (`decoder`), for what it knows;
3. PyAV (`container`), for all other containers and codecs, where it is installed.

A part that breaks does not end the recording. `losses` collects what was not read, and why: what
broke, what is cut short, and what follows the last part and is no audio. So either every byte
was read, or there is a loss.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Final, Protocol, cast

import numpy as np

from openline.text import one_line
from openline_audio import formats
from openline_audio.channels import Samples
from openline_audio.container import AvDecoder, NoMediaError
from openline_audio.decoder import DecodeError, Decoder
from openline_audio.headered import HeaderedPcm, behind_chunks, compressed_part
from openline_audio.parts import Part, first_part, skip_tags
from openline_audio.window import Window

#: Bytes to read of a header at a time, and of PCM at most; it is read by the second.
_HEAD_BYTES: Final = 4_096
_MOST_BYTES: Final = 1 << 22
#: Fewer bytes that libsndfile has not read are chunks without audio.
_UNTOUCHED: Final = 1_024
#: A larger file is not searched for further parts before it is read.
_QUICK_BYTES: Final = 1 << 26
_UNKNOWN: Final = "it is of no known format"
#: Formats that are measured in a few reads.
_WALKED: Final = frozenset({formats.OGG, formats.MP4, formats.ASF})


class UnreadableError(Exception):
    """Nothing can be decoded. ``kind`` is the format, None if unknown; the text is the cause."""

    def __init__(self, kind: str | None, text: str) -> None:
        super().__init__(text)
        self.kind = kind


class NeedsMediaError(UnreadableError):
    """PyAV would read it, and is not installed."""


class _Decoding(Protocol):
    """One part while it is read."""

    rate: int
    channels: int
    end: int  #: where it ends in its window; right after the last block

    @property
    def duration(self) -> float | None: ...
    def read(self) -> tuple[int, Samples] | None: ...
    def loss(self) -> str | None: ...
    def close(self) -> None: ...


class _Pcm:
    """A part with a header and PCM behind it."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._pcm = HeaderedPcm(len(window))
        self._blocks: list[Samples] = []
        self.end = 0
        self._over = False
        while self._pcm.header is None and self._pcm.readable and not self._over:
            self._feed(_HEAD_BYTES)
        header = self._pcm.header
        self.readable = self._pcm.readable
        self.rate = 0 if header is None else header.rate
        self.channels = 0 if header is None else header.channels

    @property
    def duration(self) -> float | None:
        header = self._pcm.header
        if header is None or header.stated is None:
            return None
        start = self._pcm.data_at
        if start + header.stated > len(self._window):
            return None
        behind = behind_chunks(self._window, start, header.stated, header.chunks)
        whole = behind >= len(self._window)
        return header.stated // header.unit / header.rate if whole else None

    def read(self) -> tuple[int, Samples] | None:
        header = self._pcm.header
        assert header is not None  # noqa: S101  # it is read no further than this otherwise
        have = sum(map(len, self._blocks))
        most = min(self.rate, max(1, _MOST_BYTES // header.unit))
        while have < most and not self._over:
            self._feed((most - have) * header.unit)
            have = sum(map(len, self._blocks))
        blocks, self._blocks = self._blocks, []
        return (self.rate, cast("Samples", np.concatenate(blocks))) if have else None

    def loss(self) -> str | None:
        missing = self._pcm.missing
        if missing:
            return cut_short(missing)
        return not_read(self._pcm.unread) if self._pcm.unread else None

    def close(self) -> None:
        """Nothing is open."""

    def _feed(self, size: int) -> None:
        data = self._window.peek(self.end, min(size, _MOST_BYTES))
        self.end += len(data)
        self._blocks += self._pcm.feed(data) if data else self._pcm.finish()
        self._over = not data or self._pcm.over
        if self._pcm.over:
            self.end -= len(self._pcm.rest)


class _Sound:
    """A part that libsndfile decodes, from ``view``."""

    def __init__(self, window: Window, view: Window, part: Part, *, measured: bool) -> None:
        self._view = view
        self._decoder = decoder = Decoder(view)
        self._part = replace(part, counted=False) if decoder.estimates else part
        self._whole = measured and not skip_rest(window, part.end)
        self.rate, self.channels, self.end = decoder.rate, decoder.channels, part.end

    @property
    def duration(self) -> float | None:
        part = self._part
        exact = self._whole and part.counted and not (part.torn or part.garbage)
        return self._decoder.frames / self.rate if exact and self._decoder.stated else None

    def read(self) -> tuple[int, Samples] | None:
        samples = self._decoder.read()
        return (self.rate, samples) if len(samples) else None

    def loss(self) -> str | None:
        missing = self._decoder.missing() if self._part.counted else None
        loss = _part_loss(missing, self._part)
        # It reads no further than it needs, so what it has not read it does not know.
        left = len(self._view) - self._view.furthest
        return not_read(left) if loss is None and left > _UNTOUCHED else loss

    def close(self) -> None:
        self._decoder.close()


class _Media:
    """A part that PyAV decodes."""

    def __init__(self, window: Window, decoder: AvDecoder, part: Part, *, measured: bool) -> None:
        self._decoder = decoder
        self._part = part
        self._whole = measured and not skip_rest(window, part.end)
        self.rate, self.channels, self.end = decoder.rate, decoder.channels, part.end

    @property
    def duration(self) -> float | None:
        return self._decoder.duration if self._whole and not self._part.torn else None

    def read(self) -> tuple[int, Samples] | None:
        return self._decoder.read()

    def loss(self) -> str | None:
        return _part_loss(self._decoder.missing(), self._part)

    def close(self) -> None:
        self._decoder.close()


@dataclass(frozen=True, slots=True)
class Block:
    """Samples, (n, channels) at ``rate`` Hz."""

    rate: int
    samples: Samples


class Recording:
    """Reads the file behind ``fd`` from the offset ``start`` to its end, in blocks.

    ``stream`` is the number of the audio stream of a container, from 1. ``measure`` False opens
    a large file without a search for further parts, for a first look. The descriptor stays the
    caller's, its position too. Everything blocks. Raises UnreadableError, OSError, and
    SourceError if soundfile is not installed.
    """

    def __init__(
        self, fd: int, *, start: int = 0, stream: int | None = None, measure: bool = True
    ) -> None:
        self._fd = fd
        self._end = os.fstat(fd).st_size
        self._stream = stream
        self._measure = measure
        self._at = start
        self.losses: list[str] = []
        self.remarks: list[str] = []
        self._part: _Decoding | None = self._open()

    @property
    def rate(self) -> int:
        """Hz of the part that is being read."""
        return 0 if self._part is None else self._part.rate

    @property
    def channels(self) -> int:
        """Channels of the part that is being read."""
        return 0 if self._part is None else self._part.channels

    @property
    def duration(self) -> float | None:
        """Seconds in all, asked before the first read; None if they are not known for sure."""
        return None if self._part is None else self._part.duration

    def read(self) -> Block | None:
        """The next block; None at the end. Then ``losses`` is complete."""
        while self._part is not None:
            try:
                block = self._part.read()
            except DecodeError as error:
                self.losses.append(f"is damaged ({_text(error)})")
                rate = self._part.rate
                self._next(lossy=True)
                if error.partial is not None and len(error.partial):
                    return Block(rate, error.partial)
                continue
            if block is not None:
                return Block(*block)
            self._next()
        return None

    def close(self) -> None:
        """Free everything but the descriptor."""
        if self._part is not None:
            self._part.close()
            self._part = None

    def _next(self, *, lossy: bool = False) -> None:
        """Go to the next part, if there is one."""
        part = self._part
        assert part is not None  # noqa: S101  # it was read
        if not lossy and (loss := part.loss()) is not None:
            self.losses.append(loss)
        before = self._at
        self._at += skip_tags(Window(self._fd, self._at, self._end), part.end)
        self.close()
        if self._at >= self._end or self._at <= before:
            return
        try:
            self._part = self._open(joined=True)
        except UnreadableError:
            self.losses.append(not_read(self._end - self._at))

    def _open(self, *, joined: bool = False) -> _Decoding:
        window = Window(self._fd, self._at, self._end)
        at = skip_tags(window, 0)
        kind = formats.recognise(window.peek(at, formats.HEAD_BYTES) if at < len(window) else b"")
        if kind is None and joined:
            raise UnreadableError(None, _UNKNOWN)
        if kind is not None and at:  # a decoder that sees the tag first takes it for an MP3
            self._at += at
            window = Window(self._fd, self._at, self._end)
        if kind in formats.WITH_HEADER:
            pcm = _Pcm(window)
            if pcm.readable:
                self._check_stream()
                return pcm
        return self._decode(window, kind)

    def _decode(self, window: Window, kind: str | None) -> _Decoding:
        measured = self._measure or kind in _WALKED or len(window) <= _QUICK_BYTES
        part = first_part(window, kind) if measured else Part(0, len(window))
        if kind in formats.WITH_HEADER:
            part = compressed_part(window)
        view = Window(self._fd, self._at + part.start, self._at + part.end, part.prefix)
        wrong = _UNKNOWN
        if self._stream is None and (kind is None or kind in formats.BY_LIBSNDFILE):
            try:
                return _Sound(window, view, part, measured=measured)
            except DecodeError as error:
                wrong = str(error)
                view.seek(0)  # it has read of it
        try:
            media = AvDecoder(view, stream=self._stream)
        except NoMediaError:
            ours = self._stream is None and (kind is None or kind in formats.BY_LIBSNDFILE)
            raise (UnreadableError if ours else NeedsMediaError)(kind, wrong) from None
        except DecodeError as error:
            known = kind in formats.BY_LIBSNDFILE and self._stream is None
            raise UnreadableError(kind, wrong if known else str(error)) from error
        if self._stream is None and media.streams > 1:
            self.remarks.append(
                f"has {media.streams} audio streams, and number {media.number} was read; "
                "--stream picks another"
            )
        return _Media(window, media, part, measured=measured)

    def _check_stream(self) -> None:
        if self._stream not in {None, 1}:
            raise UnreadableError(None, f"it has 1 audio stream, and no number {self._stream}")


def skip_rest(window: Window, at: int) -> bool:
    """Whether anything but tags follows at this offset."""
    return skip_tags(window, at) < len(window)


def _part_loss(missing: float | None, part: Part) -> str | None:
    if missing:
        return cut_short(missing)
    if part.torn:
        return "is cut short (its last piece is incomplete)"
    if part.garbage:
        return f"is damaged ({part.garbage} bytes in it are no audio)"
    return None if missing is None else "is damaged (a part of it could not be decoded)"


def cut_short(seconds: float) -> str:
    """The loss of the end of a recording."""
    return f"is cut short ({seconds:.2f} s are missing)"


def not_read(size: int) -> str:
    """The loss of bytes behind the end of a recording."""
    return f"holds more than was read ({size} bytes at its end are no audio that can be read here)"


def _text(error: BaseException) -> str:
    """An error's text without its full stop; its type if it has none."""
    return one_line(str(error)).rstrip(".") or type(error).__name__
