"""Uncompressed samples of any coding, from bytes to arrays.

A `Coding` is the numpy type of one sample as it stands in a file, or one of the two companded
codes of telephones. `decode` makes int16 of 16 bits and of the companded codes, exactly, and
float32 with full scale ±1 of everything else, as libsndfile does.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from openline_audio.channels import Samples


class Coding(NamedTuple):
    """How a sample is stored: ``kind`` is u, s, f, alaw or ulaw, ``size`` in bytes."""

    kind: str
    size: int
    big: bool = False


def integers(size: int, *, big: bool) -> Coding | None:
    """Signed integers of 1 to 4 bytes; None for other sizes."""
    return Coding("s", size, big) if 1 <= size <= 4 else None


def floats(size: int, *, big: bool) -> Coding | None:
    """Floats of 4 or 8 bytes; None for other sizes."""
    return Coding("f", size, big) if size in {4, 8} else None


def decode(data: bytes, coding: Coding, channels: int) -> Samples:
    """Whole frames (``channels`` samples each, interleaved) as an array (frames, channels)."""
    return _flat(data, coding).reshape(-1, channels)


def _flat(data: bytes, coding: Coding) -> Samples:
    order = ">" if coding.big else "<"
    if coding.kind in _COMPANDED:
        return _COMPANDED[coding.kind][np.frombuffer(data, np.uint8)]
    if coding.kind == "f":
        return np.frombuffer(data, f"{order}f{coding.size}").astype(np.float32)
    if coding.kind == "u":
        return (np.frombuffer(data, np.uint8).astype(np.float32) - np.float32(128)) / np.float32(
            128
        )
    if coding.size == 2:
        return np.frombuffer(data, f"{order}i2").astype(np.int16)
    if coding.size == 3:
        wide = np.zeros((len(data) // 3, 4), np.uint8)
        raw = np.frombuffer(data, np.uint8).reshape(-1, 3)
        wide[:, 1:] = raw[:, ::-1] if coding.big else raw
        numbers = wide.ravel().view("<i4")
    else:
        numbers = np.frombuffer(data, f"{order}i{coding.size}")
    scale = 2.0 ** (31 if coding.size == 3 else 8 * coding.size - 1)
    return (numbers / scale).astype(np.float32)


def _alaw() -> npt.NDArray[np.int16]:
    """The 256 values of A-law (ITU-T G.711), in 16 bits."""
    code = np.arange(256) ^ 0x55
    exponent, mantissa = code >> 4 & 7, code & 15
    size = np.where(
        exponent == 0, (mantissa << 4) + 8, ((mantissa << 4) + 0x108) << np.maximum(exponent - 1, 0)
    )
    return np.where(code & 0x80, size, -size).astype(np.int16)


def _ulaw() -> npt.NDArray[np.int16]:
    """The 256 values of µ-law (ITU-T G.711), in 16 bits."""
    code = np.arange(256) ^ 0xFF
    size = (((code & 15) << 3) + 0x84 << (code >> 4 & 7)) - 0x84
    return np.where(code & 0x80, -size, size).astype(np.int16)


_COMPANDED: Final = {"alaw": _alaw(), "ulaw": _ulaw()}
