"""The peaks of captured audio, which a session needs where loudness decides anything.

The core compares them with the level of a quiet room (``openline.audio.loudness``): where a
backend proves no silence, and for the pause in which a dial is drained. A block is
measured once, when it is captured, in frames of 20 ms: one click makes no long block loud. That
takes some 10 µs a frame, so it is done only for a dialect that needs it. A source that has
measured its audio itself is believed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from openline.events import AudioCaptured

#: Bytes in 20 ms of 16-bit samples at 16 kHz.
_FRAME: Final = 640


def peak(pcm: bytes) -> int:
    """The largest absolute value of s16le samples, 0 to 32768; 0 without samples."""
    samples: tuple[int, ...] = struct.unpack(f"<{len(pcm) // 2}h", pcm)
    if not samples:
        return 0
    high, low = max(samples), min(samples)
    return max(high, -low)


def measured(event: AudioCaptured) -> Iterator[AudioCaptured]:
    """``event`` in frames, each with its peak; as it is if it has one, or is no whole samples."""
    pcm = event.pcm
    if event.peak is not None or len(pcm) & 1:
        yield event
        return
    for at in range(0, max(len(pcm), 1), _FRAME):
        frame = pcm[at : at + _FRAME]
        yield AudioCaptured(event.source, frame, peak(frame))
