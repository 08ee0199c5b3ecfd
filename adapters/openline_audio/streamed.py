"""Audio from an async iterable: what a web framework, or a recorder of your own, brings in pieces.

Whatever the iterable awaits runs in the source's task.

The iterable of live audio waits for its next piece, and the session takes each when it comes. What
exists already comes as fast as it is asked for, and more than the session may hold: that waits for
room before each frame.
"""

from __future__ import annotations

from collections.abc import AsyncIterable
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np

from openline.events import SourceKind
from openline_audio.convert import describe_unusable, to_s16le
from openline_audio.pace import Runtime
from openline_audio.pushed_pcm import RawPcm
from openline_audio.reader import NoAudioError
from openline_audio.samples import as_pcm
from openline_audio.source import SAMPLE_RATE, Sink, SourceError

if TYPE_CHECKING:
    from typing_extensions import Buffer


class StreamSource:
    """Raw PCM from ``pieces``, an async iterable of bytes (s16le), cut anywhere, or of arrays.

    An array has numbers of int16, or floats whose full scale is ±1: interleaved, or with a column
    for each channel. Bytes of floats become one by ``np.frombuffer(piece, np.float32)``.
    ``rate`` (Hz, 4,000 to 768,000) and ``channels`` (1 to 256, interleaved) describe it; it becomes
    16 kHz mono. ``channel`` is the number of the one channel to send, from 0; None sends a mix.
    The iterable may pause. Its end is the end of the source, and what it raises is the source's
    loss, as is an end without any audio, unless ``allow_empty``. One session uses it, once.

    ``live``: the audio is captured as time passes, and each piece is delivered when it comes. What
    is faster than real time for long overflows, with a ``Gap``. False: the audio exists already;
    the iterable is asked for more when the session has room for it, and nothing overflows.

    Raises SourceError (one line) for an unusable rate, channel count or channel, and TypeError
    unless ``pieces`` can be iterated over with ``async for``.
    """

    may_pause = True
    _runtime: ClassVar[Runtime]  # of a face

    def __init__(
        self,
        pieces: AsyncIterable[Buffer],
        *,
        rate: int = SAMPLE_RATE,
        channels: int = 1,
        channel: int | None = None,
        live: bool = True,
        allow_empty: bool = False,
    ) -> None:
        given: Any = pieces  # a caller without a type checker may give anything
        if not isinstance(given, AsyncIterable):
            raise TypeError(
                f"StreamSource: give an async iterable of bytes, not {type(given).__name__}"
            )
        wrong = describe_unusable(rate, channels)
        if wrong is not None:
            raise SourceError(f"raw PCM: {wrong}; give the recorder's settings")
        if channel is not None and not 0 <= channel < channels:
            raise SourceError(f"raw PCM has no channel {channel}, only {channels} from 0")
        self.kind = SourceKind.DEVICE if live else SourceKind.STORE
        self._pieces = pieces
        self._allow_empty = allow_empty
        self._is_used = False
        self._has_begun = False
        self._channels = channels
        self._bytes_per_second = 2 * rate * channels
        self._pcm = RawPcm(rate, channels, channel)

    @property
    def duration(self) -> None:
        """None: unknown."""
        return None

    @property
    def is_used(self) -> bool:
        """Whether a session has used it: another one needs another source."""
        return self._is_used

    async def run(self, sink: Sink) -> None:
        """Deliver until the iterable ends. A torn sample at its end is dropped.

        Raises SourceError if a session has used it, and NoAudioError if there was no audio.
        """
        if self._is_used:
            raise SourceError("this StreamSource has been used: make another one for each session")
        self._is_used = True
        try:
            async for piece in self._pieces:
                pcm = _interleaved(piece, self._channels)
                if not self._has_begun:
                    # A piece of live audio comes when its last sample was captured.
                    self._has_begun = True
                    captured = len(pcm) / self._bytes_per_second if self._is_live else 0.0
                    sink.started(self._runtime.now() - captured)
                await self._deliver(self._pcm.feed(pcm), sink)
        except Exception:  # what came before it is audio too
            await self._finish(sink)
            raise
        await self._finish(sink)
        if not (self._pcm.joiner.frames or self._allow_empty):
            raise NoAudioError(
                "StreamSource: its iterable ended without any audio; check what fills it, or give "
                "allow_empty=True"
            )

    @property
    def _is_live(self) -> bool:
        return self.kind is SourceKind.DEVICE

    async def _finish(self, sink: Sink) -> None:
        """Deliver what is less than a frame."""
        if self._has_begun:
            await self._deliver(self._pcm.finish(), sink)

    async def _deliver(self, frames: list[bytes], sink: Sink) -> None:
        for frame in frames:
            if not self._is_live:
                await sink.room()
            sink.audio(frame)


def _interleaved(piece: Any, channels: int) -> bytes:
    """The samples of ``piece`` as s16le. Raises SourceError, one line, for what has none."""
    if isinstance(piece, np.ndarray):
        array = cast("np.ndarray[tuple[int, ...], np.dtype[Any]]", piece)
        if array.ndim > 2:
            raise SourceError(
                f"audio: give rows of samples, not an array of {array.ndim} dimensions"
            )
        if array.ndim == 2:
            if array.shape[1] != channels:
                raise SourceError(
                    f"audio: give {channels} columns, one for each channel, not {array.shape[1]}"
                )
            array = array.ravel()
        if array.dtype.kind == "f":
            return to_s16le(np.clip(np.nan_to_num(array), -1, 1).astype(np.float32))
        piece = cast("Any", array)
    try:
        return as_pcm(piece)
    except TypeError as error:
        raise SourceError(str(error)) from None
