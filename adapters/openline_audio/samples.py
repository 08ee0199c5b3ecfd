"""Check audio that an app pushes: it must be 16-bit samples of one channel.

Every object with a buffer can be read as bytes, and floats or two channels would become noise
without any error. So bytes are accepted as samples, and an array only if it holds contiguous
native 16-bit numbers of one channel. Anything else raises an error with its type; for the three
that occur in practice (floats, 32-bit integers, several channels) the error contains the numpy
expression that converts it.
"""

from __future__ import annotations

import math
import sys
from array import array
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from typing_extensions import Buffer

#: The buffer formats of bytes, and of numbers with the layout of s16le.
_BYTES: Final = frozenset({"B", "b", "c"})
_SAMPLES: Final = frozenset({"<h"} if sys.byteorder == "big" else {"h", "@h", "=h", "<h"})
#: Converts a numpy array ``x`` of that dtype. +1.0 becomes 32767, because 32768 would wrap.
_FLOATS: Final = "(x.clip(-1, 1) * 32767).astype('int16')"
_CONVERSIONS: Final = {"float32": _FLOATS, "float64": _FLOATS, "int32": "(x >> 16).astype('int16')"}


def as_pcm(audio: Buffer) -> bytes:
    """The bytes of ``audio``, which is bytes (s16le) or an array of int16 with one channel.

    Raises TypeError, one line, for anything else. It does not check that samples are whole.
    """
    if type(audio) is bytes:
        return audio
    try:
        view = memoryview(audio)
    except TypeError:
        raise TypeError(f"audio: give bytes of 16-bit samples, not {_kind(audio)}") from None
    numbers = getattr(audio, "dtype", None) or getattr(audio, "typecode", None)
    if view.format.lstrip("@=<>!") in _BYTES and view.ndim == 1 and not numbers:
        return view.tobytes()
    if view.format not in _SAMPLES:
        what = f"{_kind(audio)} of {numbers or view.format}"
        known = _CONVERSIONS.get(str(numbers))
        how = f"make them with {known}" if known else "convert them first"
        raise TypeError(f"audio: give 16-bit samples, not {what}: {how}")
    shape = view.shape or ()
    if len(shape) == 1 or (len(shape) == 2 and shape[1] == 1):
        return view.tobytes()
    such_as = ""
    if len(shape) == 2:
        such_as = ", such as x[0]" if shape[0] < shape[1] else ", such as x[:, 0]"
    shown = f"an array of {' by '.join(map(str, shape))}" if shape else "a single number"
    raise TypeError(f"audio: give one channel{such_as}, not {shown}")


def _kind(audio: object) -> str:
    return type(audio).__name__


def level(pcm: bytes) -> float:
    """The RMS of 16-bit samples, as a part of full scale (0.0 to 1.0); 0.0 without samples."""
    samples = array("h", pcm)
    if not samples:
        return 0.0
    return math.sqrt(sum(s * s for s in samples) / len(samples)) / 32768
