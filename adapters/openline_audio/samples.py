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
#: What makes samples of numbers of that format and size: of an array ``x`` of numpy's, or of
#: one number ``s`` where there is only a plain array. Each uses the whole range, and no more.
_MAKES: Final = {
    **dict.fromkeys(
        [("f", 4), ("d", 8), ("g", 16)],
        ("(x.clip(-1, 1) * 32767).astype('int16')", "round(max(-1, min(1, s)) * 32767)"),
    ),
    # A half knows no 32767: it would be 32768, and wrap.
    ("e", 2): ("(x.astype('float32').clip(-1, 1) * 32767).astype('int16')", ""),
    **dict.fromkeys([("i", 4), ("l", 4)], ("(x >> 16).astype('int16')", "s >> 16")),
    ("H", 2): ("(x.astype('int32') - 32768).astype('int16')", "s - 32768"),
    ("b", 1): ("x.astype('int16') * 256", "s * 256"),
    ("B", 1): ("(x.astype('int16') - 128) * 256", "(s - 128) * 256"),
}


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
        how = f"make them with {made}" if (made := _made(audio, view)) else "convert them first"
        raise TypeError(f"audio: give 16-bit samples, not {_described(audio, view)}: {how}")
    shape = view.shape or ()
    if len(shape) != 1 and (len(shape) != 2 or shape[1] != 1):
        shown = f"an array of {' by '.join(map(str, shape))}" if shape else "a single number"
        raise TypeError(f"audio: give one channel{_such_as(audio, shape)}, not {shown}")
    return view.tobytes()


def _made(audio: object, view: memoryview) -> str:
    """The expression that makes samples of ``audio``, which it calls ``x``; "" for none."""
    letter = view.format.lstrip(_ORDERS)
    whole, single = _MAKES.get((letter, view.itemsize), ("", ""))
    if hasattr(audio, "astype"):
        return "x.astype('<i2')" if letter == "h" else whole
    listed = single and view.ndim == 1 and letter == view.format
    return f"array('h', [{single} for s in x])" if listed else ""


def _such_as(audio: object, shape: tuple[int, ...]) -> str:
    """How one channel is got, as the shorter axis is that of the channels."""
    if len(shape) != 2 or not hasattr(audio, "astype"):
        return ""
    return ", such as x[0]" if 0 < shape[0] < shape[1] else ", such as x[:, 0]"


def _kind(audio: object) -> str:
    return type(audio).__name__


def _described(audio: object, view: memoryview) -> str:
    numbers = getattr(audio, "dtype", None) or getattr(audio, "typecode", None) or view.format
    return f"{_kind(audio)} of {numbers}"
