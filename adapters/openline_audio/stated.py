"""PCM of which each piece states its own rate, width and channels, as frames of a framework do.

Pure: pieces in, frames of 16 kHz mono s16le out.
"""

from __future__ import annotations

from typing import Final

from openline_audio.codings import Coding, decode
from openline_audio.convert import Joiner, describe_unusable

#: How a sample of so many bytes is coded: 8 bits have no sign, as in a WAV file.
_CODINGS: Final = {1: Coding("u", 1), 2: Coding("s", 2), 3: Coding("s", 3), 4: Coding("s", 4)}


def describe_unusable_form(rate: int, width: int, channels: int) -> str | None:
    """The fault of a rate (Hz), width (bytes) or channel count, in a few words; None: usable."""
    wrong = describe_unusable(rate, channels)
    if wrong is None and width not in _CODINGS:
        wrong = f"samples of {width} bytes: give 1 to 4"
    return wrong


class StatedPcm:
    """Interleaved little-endian samples, whose form may change between two pieces.

    A sample that is torn at the end of a piece is completed by the next piece of the same form.
    """

    def __init__(self) -> None:
        self._joiner = Joiner()
        self._form: tuple[int, int, int] | None = None

    def feed(self, data: bytes, rate: int, *, width: int = 2, channels: int = 1) -> list[bytes]:
        """Take a piece, cut anywhere; returns the whole frames (640 bytes) that it completes.

        ``rate`` in Hz (4,000 to 768,000), ``width`` in bytes (1 to 4), ``channels`` 1 to 256.
        Raises ValueError, one line, for others.
        """
        form = (rate, width, channels)
        if form != self._form:
            wrong = describe_unusable_form(*form)
            if wrong is not None:
                raise ValueError(wrong)
            self._form, self._torn = form, b""
        data = self._torn + data
        end = len(data) - len(data) % (width * channels)
        self._torn = data[end:]
        return self._joiner.feed(rate, decode(data[:end], _CODINGS[width], channels))

    def finish(self) -> list[bytes]:
        """The stream is over: the remaining frames, the last one perhaps short."""
        return self._joiner.flush()
