"""``openline_audio.streamed`` without an event loop: a plain iterable, in a thread of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from openline_audio import streamed
from openline_audio.source import SAMPLE_RATE
from openline_blocking.sources.runtime import THREADED
from openline_blocking.workers import in_thread

if TYPE_CHECKING:
    from typing_extensions import Buffer

_END: Final = object()


class StreamSource(streamed.StreamSource):
    """Raw PCM from ``pieces``, an iterable of bytes (s16le), cut anywhere, or of arrays.

    An array has numbers of int16, or floats whose full scale is ±1: interleaved, or with a column
    for each channel. Bytes of floats become one by ``np.frombuffer(piece, np.float32)``.
    ``rate`` (Hz, 4,000 to 768,000) and ``channels`` (1 to 256, interleaved) describe it; it becomes
    16 kHz mono. ``channel`` is the number of the one channel to send, from 0; None sends a mix.
    Each piece is taken in a thread, for the iterable may wait for it as long as it likes. Its end
    is the end of the source, and what it raises is the source's loss, as is an end without any
    audio, unless ``allow_empty``. A session that ends leaves the thread to its last piece. One
    session uses it, once.

    ``live``: the audio is captured as time passes, and each piece is delivered when it comes. What
    is faster than real time for long overflows, with a ``Gap``. False: the audio exists already;
    the iterable is asked for more when the session has room for it, and nothing overflows.

    Raises SourceError (one line) for an unusable rate, channel count or channel, and TypeError
    unless ``pieces`` can be iterated over with ``for``.
    """

    _runtime = THREADED

    def __init__(
        self,
        pieces: Iterable[Buffer],
        *,
        rate: int = SAMPLE_RATE,
        channels: int = 1,
        channel: int | None = None,
        live: bool = True,
        allow_empty: bool = False,
    ) -> None:
        given: Any = pieces  # a caller without a type checker may give anything
        if not isinstance(given, Iterable):
            raise TypeError(f"StreamSource: give an iterable of bytes, not {type(given).__name__}")
        super().__init__(
            _threaded(pieces),
            rate=rate,
            channels=channels,
            channel=channel,
            live=live,
            allow_empty=allow_empty,
        )


async def _threaded(pieces: Iterable[Buffer]) -> AsyncGenerator[Buffer]:
    rest = iter(pieces)
    take: partial[Any] = partial(next, rest, _END)
    while (piece := await in_thread(take, abandon=True)) is not _END:
        yield piece
