"""What an app hands over as audio, looked at before it is taken: 16-bit samples of one channel.

Anything that has a buffer could be read as bytes, and floats or two channels would be heard
as noise that nobody told of. So bytes are taken at their word, and an array by what it says
of itself: native 16-bit numbers, one after the other. All else is refused with what it is
and what makes audio of it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from typing_extensions import Buffer

#: How a buffer calls bytes, and the numbers that lie in it as s16le does.
_BYTES: Final = frozenset({"B", "b", "c"})
_SAMPLES: Final = frozenset({"<h"} if sys.byteorder == "big" else {"h", "@h", "=h", "<h"})
_ORDERS: Final = "@=<>!"
_FLOATS: Final = ("e", "f", "d", "g")


def as_pcm(audio: Buffer) -> bytes:
    """The s16le that ``audio`` is: bytes, or an array of int16 with one channel.

    Raises TypeError, one line, for anything else; whether its samples are whole is not asked.
    """
    if type(audio) is bytes:
        return audio
    try:
        view = memoryview(audio)
    except TypeError:
        raise TypeError(f"audio: give bytes of 16-bit samples, not {_kind(audio)}") from None
    numbers = hasattr(audio, "dtype") or hasattr(audio, "typecode")  # it knows what they are
    if view.format.lstrip(_ORDERS) in _BYTES and view.ndim == 1 and not numbers:
        return view.tobytes()
    if view.format not in _SAMPLES:
        how = "make them with x.astype('<i2')" if "h" in view.format else "convert them first"
        if view.format.endswith(_FLOATS):
            how = "make them with (x * 32767).astype('int16')"
        raise TypeError(f"audio: give 16-bit samples, not {_described(audio, view)}: {how}")
    shape = view.shape or ()
    if len(shape) != 1 and (len(shape) != 2 or shape[1] != 1):
        shown = " by ".join(map(str, shape)) or "a single number"
        raise TypeError(f"audio: give one channel, such as x[:, 0], not an array of {shown}")
    return view.tobytes()


def _kind(audio: object) -> str:
    return type(audio).__name__


def _described(audio: object, view: memoryview) -> str:
    numbers = getattr(audio, "dtype", None) or getattr(audio, "typecode", None) or view.format
    return f"{_kind(audio)} of {numbers}"
