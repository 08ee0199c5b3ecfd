"""PCM that comes in pieces, raw or with a header, to frames; nothing here waits.

`RawPcm` takes samples whose rate and channels the caller states. `HeaderPcm` takes a WAV, RF64,
W64, AIFF, AU or CAF, or several that are joined, as a pipe brings them: it needs no more than the
header to begin, and no size in it to be right. Both return frames of 16 kHz mono s16le.
"""

from __future__ import annotations

from typing import Final, Protocol

from openline_audio import formats
from openline_audio.channels import Samples
from openline_audio.codings import Coding, decode
from openline_audio.convert import Joiner, describe_unusable
from openline_audio.headered import HeaderedPcm
from openline_audio.recording import cut_short, not_read

_RAW: Final = Coding("s", 2)


class PushedPcm(Protocol):
    """Bytes in, frames out."""

    seconds: float  #: of audio that came in
    losses: list[str]  #: what cannot be read, and why
    joiner: Joiner

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes, cut anywhere; returns the whole frames that they complete."""
        ...

    def finish(self) -> list[bytes]:
        """The stream is over: the remaining frames, the last one perhaps short."""
        ...


class RawPcm:
    """Interleaved s16le at ``rate`` Hz. A torn sample at the end is dropped."""

    def __init__(self, rate: int, channels: int, channel: int | None = None) -> None:
        self._rate = rate
        self._channels = channels
        self._torn: bytes = b""
        self.seconds = 0.0
        self.losses: list[str] = []
        self.joiner = Joiner(channel)

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes, cut anywhere; returns the whole frames that they complete."""
        data = self._torn + data
        end = len(data) - len(data) % (_RAW.size * self._channels)
        self._torn = data[end:]
        if not end:
            return []
        samples = decode(data[:end], _RAW, self._channels)
        self.seconds += len(samples) / self._rate
        return self.joiner.feed(self._rate, samples)

    def finish(self) -> list[bytes]:
        """The stream is over: the remaining frames, the last one perhaps short."""
        return self.joiner.flush()


class HeaderPcm:
    """One recording with a header and PCM behind it, or several that are joined.

    ``readable`` turns False if the first header cannot be used here; the bytes so far are in
    ``head`` then. It is None as long as the header is not complete.
    """

    def __init__(self, channel: int | None = None) -> None:
        self._channel = channel
        self._pcm = HeaderedPcm()
        self._dead = False
        self.readable: bool | None = None
        self.head = b""
        self.seconds = 0.0
        self.losses: list[str] = []
        self.joiner = Joiner(channel)

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes, cut anywhere; returns the whole frames that they complete."""
        if self._dead:
            return []
        if not self.readable:
            self.head += data
        frames = self._samples(self._pcm.feed(data))
        self._look()
        while self._pcm.over and not self._dead:
            frames += self._next()
        return frames

    def finish(self) -> list[bytes]:
        """The stream is over: the remaining frames, the last one perhaps short."""
        frames = self._samples(self._pcm.finish())
        while self._pcm.over and not self._dead:
            frames += self._next() + self._samples(self._pcm.finish())
        if self._pcm.missing and not self._dead:  # a dead one has got no more bytes
            self.losses.append(cut_short(self._pcm.missing))
        if self._pcm.unread:
            self.losses.append(not_read(self._pcm.unread))
        if self.readable is None:
            self.readable = False
        return frames + self.joiner.flush()

    def _next(self) -> list[bytes]:
        """Begin with the recording that is joined to this one."""
        rest = self._pcm.rest
        self._pcm = HeaderedPcm()
        if formats.recognise(rest) not in formats.WITH_HEADER:
            return self._lose(f"is followed by a {formats.recognise(rest)} recording")
        frames = self._samples(self._pcm.feed(rest))
        self._look()
        return frames

    def _look(self) -> None:
        header = self._pcm.header
        if self.readable is None and (header is not None or not self._pcm.readable):
            self.readable = header is not None and self._pcm.readable
            if self.readable:
                self.head = b""
        if self.readable and not self._pcm.readable:
            self._lose("is followed by a recording that has a damaged or compressed header")
        if self.readable and header is not None and not self._dead:
            wrong = describe_unusable(header.rate, header.channels)
            if wrong is None and self._channel is not None and self._channel >= header.channels:
                wrong = f"it has no channel {self._channel} (from 0), only {header.channels}"
            if wrong is not None:
                self._lose(f"cannot be right: {wrong}")

    def _lose(self, why: str) -> list[bytes]:
        self._dead = True
        self.losses.append(why)
        return []

    def _samples(self, blocks: list[Samples]) -> list[bytes]:
        header = self._pcm.header
        frames: list[bytes] = []
        if header is not None and blocks and not self._dead:
            self._look()
            for samples in () if self._dead else blocks:
                self.seconds += len(samples) / header.rate
                frames += self.joiner.feed(header.rate, samples)
        return frames
