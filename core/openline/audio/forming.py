"""Makes audio messages in the form that a backend wants, of one source on one dial.

Captured audio is 16 kHz, 16-bit, in frames of 20 ms. A dialect may want another rate, 32-bit
floats, or longer messages. ``formed`` puts frames together and ``Former`` turns them into the
``pcm`` that a dialect's ``audio`` gets. Its filter keeps its state from message to message, so
the cuts between them are not heard.

An example: 24 kHz, messages of 0.1 s. A message is made of 1,600 samples, has 2,400, and ends
16 samples (1 ms) before the last sample that it was made of: ``delay``.
"""

from __future__ import annotations

import struct
from typing import Final

from openline.audio.resampling import Resampler
from openline.dialects.traits import AudioForm, Encoding
from openline.updates import SAMPLE_RATE

#: Full scale of a 16-bit sample, which is 1.0 as a float.
_FULL_SCALE: Final = 32768


class Former:
    """Turns audio of 16 kHz into ``form``. ``delay``: it lags by so many input samples."""

    __slots__ = ("_is_float", "_resampler", "delay")

    def __init__(self, form: AudioForm) -> None:
        self._resampler = None if form.rate == SAMPLE_RATE else Resampler(form.rate)
        self._is_float = form.encoding is Encoding.F32LE
        self.delay = 0 if self._resampler is None else self._resampler.delay

    @property
    def is_identity(self) -> bool:
        """Whether the form is that of captured audio."""
        return self._resampler is None and not self._is_float

    def push(self, pcm: bytes) -> bytes:
        """The next audio, s16le at 16 kHz, in the form for the wire."""
        made = pcm if self._resampler is None else self._resampler.push(pcm)
        return _as_floats(made) if self._is_float else made


def _as_floats(pcm: bytes) -> bytes:
    count = len(pcm) // 2
    samples = struct.unpack(f"<{count}h", pcm)
    return struct.pack(f"<{count}f", *[each / _FULL_SCALE for each in samples])
