"""What is new in a line of WhisperLiveKit, which repeats what it said and grows at its end.

The memory of it is small, however long the line is: where it begins, how many characters of it
were told and their checksum, and the last characters that were told.

    told    " Mr. John Dashwood had"
    line    " Mr. John Dashwood had then"            new: " then"
    cut     " Dashwood had then leisure"             new: " leisure", behind the last that were told

A line that cannot be told from what was told is new: rather a word twice than none.
"""

from __future__ import annotations

from typing import Final

import msgspec

from openline.dialects.checksum import checksum
from openline.dialects.wire_json import Fields, number, text

#: Characters that were told last, by which they are found in a line that was cut anew.
_TAIL: Final = 200
#: Fewer characters may be the same by chance.
_LEAST: Final = 4
#: Seconds: the server writes hundredths, so times that are the same may differ by one.
_SAME: Final = 0.02


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """``until``: seconds up to which words were told. The rest is of the line that grows.

    ``begin``: its beginning, None before the first one; ``length`` characters of it were told,
    with this checksum. ``tail``: the last characters that were told, of any line.
    """

    until: float = 0.0
    begin: float | None = None
    length: int = 0
    checksum: int = 0
    tail: str = ""


def take_line(told: Told, line: Fields, *, passed: bool) -> tuple[Told, str, bool]:
    """What was told behind ``line``, what is new in it, and whether the line was the growing one.

    ``passed``: the growing line came before in the same message, so this one is new.
    """
    said = text(line.get("text"))
    start, end = begin_of(line), clock(line.get("end"))
    if not said:
        return told, "", passed
    is_known = told.begin is not None and start == told.begin
    if is_known and len(said) >= told.length and checksum(said[: told.length]) == told.checksum:
        new, passed = said[told.length :], True
    elif passed or told.begin is None:
        new = said
    elif end is not None and end <= told.until:
        new = ""
    elif start is not None and start >= told.until - _SAME:
        new = said
    else:
        new = _behind(said, told.tail)
    if not new:
        return told, "", passed
    until = max(told.until, end if end is not None else 0.0)
    after = Told(
        until=until,
        begin=start,
        length=len(said),
        checksum=checksum(said),
        tail=(told.tail + new)[-_TAIL:],
    )
    return after, new, passed


def begin_of(line: Fields) -> float | None:
    """Where a line begins, in seconds; older servers name it otherwise."""
    return clock(line.get("start", line.get("beg")))


def clock(value: object) -> float | None:
    """Seconds of ``0:00:02.36``, or of a number; None for what is no time."""
    seconds = 0.0
    for part in value.split(":") if isinstance(value, str) else [value]:
        if (found := number(part)) is None or found < 0:
            return None
        seconds = seconds * 60 + found
    return round(seconds, 3)


def _behind(said: str, tail: str) -> str:
    """What of ``said`` lies behind the last characters that were told; all, if they are not there.

    They are in it as a whole, or it begins within them.
    """
    if (place := said.rfind(tail)) >= 0:
        return said[place + len(tail) :]
    for length in range(min(len(tail), len(said)), _LEAST - 1, -1):
        if tail.endswith(said[:length]):
            return said[length:]
    return said
