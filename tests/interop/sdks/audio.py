"""What the scripts share: a recording in pieces of 100 ms, and a second of silence behind it."""

from __future__ import annotations

import sys
import time
import wave
from collections.abc import Iterator

#: Seconds between two pieces: four times as fast as speech.
_STEP = 0.025


def arguments() -> tuple[str, str]:
    """The server, as host and port, and the recording."""
    _, server, path = sys.argv
    return server, path


def pieces(path: str, *, rate: int = 16_000) -> Iterator[bytes]:
    """The samples, 16 bits, mono; ``rate`` 24,000 repeats every second sample."""
    with wave.open(path) as file:
        pcm = file.readframes(file.getnframes()) + bytes(32_000)
    if rate == 24_000:
        pcm = b"".join(pcm[at : at + 2] + pcm[at : at + 4] for at in range(0, len(pcm), 4))
    for at in range(0, len(pcm), rate // 5):
        yield pcm[at : at + rate // 5].ljust(rate // 5, b"\0")
        time.sleep(_STEP)


def told(text: str) -> None:
    """Print the words."""
    print(" ".join(text.split()))
