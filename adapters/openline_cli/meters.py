"""The two meters of the live view: the loudness, and the watermarks.

Both are a fixed number of cells, each a character and a colour; they depend on no time and no
terminal.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from rich.text import Text

from openline.updates import SAMPLE_RATE, SourceStatistics
from openline_cli.plain import decibels

_BLOCKS: Final = " ▁▂▃▄▅▆▇█"
#: The ends of the scale, in dB of full scale.
_QUIET, _LOUD = -54.0, -12.0
#: At and above this the recording is about to clip.
_HOT: Final = -6.0

CONFIRMED, SENT, CAPTURED = "green", "cyan", "bright_white"
_REST: Final = "bright_black"


def loudness(levels: Iterable[float], cells: int) -> Text:
    """The last ``cells`` levels (RMS, 0 to 1), oldest first, on a scale of decibels."""
    text = Text(no_wrap=True)
    recent = list(levels)[-cells:]
    text.append(" " * (cells - len(recent)))
    for level in recent:
        loud = decibels(level)
        part = min(max((loud - _QUIET) / (_LOUD - _QUIET), 0.0), 1.0)
        block = _BLOCKS[math.ceil(part * (len(_BLOCKS) - 1))]
        text.append(block, style="red" if loud >= _HOT else "green")
    return text


def watermarks(statistics: SourceStatistics, duration: float, cells: int) -> Text:
    """One bar of ``duration`` seconds: confirmed, then sent, then captured, then the rest."""
    total = max(duration * SAMPLE_RATE, statistics.captured, 1)
    text = Text(no_wrap=True)
    done = 0
    for position, style in (
        (statistics.confirmed, CONFIRMED),
        (statistics.sent, SENT),
        (statistics.captured, CAPTURED),
    ):
        end = max(done, int(cells * position / total))
        text.append("━" * (end - done), style=style)
        done = end
    text.append("─" * (cells - done), style=_REST)
    return text


def legend() -> Text:
    """The meaning of the bar's colours."""
    text = Text()
    for word, style in (("confirmed", CONFIRMED), ("sent", SENT), ("captured", CAPTURED)):
        text.append("━ ", style=style)
        text.append(f"{word}  ", style=_REST)
    text.rstrip()
    return text
