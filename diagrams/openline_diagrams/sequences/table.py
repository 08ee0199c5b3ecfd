"""A sequence diagram as a Markdown table, for places that cannot show a picture.

Each item is a row: its time, its sender and receiver, and its text. Quoted text stands in
it unchanged: characters that Markdown would interpret are escaped.
"""

from __future__ import annotations

import re
from typing import Final

from openline_diagrams.markdown import grid
from openline_diagrams.sequences.model import Alarm, Item, Message, Sequence, Turn, Who
from openline_diagrams.sequences.words import seconds

_SPECIAL: Final = re.compile(r"[\\`*_~\[\]<>&$#]")


def sequence_table(seq: Sequence, *, level: str = "##") -> str:
    """Every item of ``seq`` as a row, under a heading of ``level`` and the caption."""
    about = f"{_plain(seq.about)}\n\n" if seq.about else ""
    table = grid(("seconds", "from → to", "what"), (_row(item) for item in seq.items))
    return f"{level} {_plain(seq.title)}\n\n{about}{table}"


def _row(item: Item) -> tuple[str, str, str]:
    who: str = Who.LINE
    match item:
        case Message(tail=tail, head=head, text=text):
            who, what = f"{tail} → {head}", _plain(text)
        case Turn(state=state, timers=timers, why=why):
            waits = ", ".join(f"{name} {seconds(value)}" for name, value in timers)
            details = "; ".join(filter(None, (waits, _plain(why))))
            what = f"**{state}**" + (f": {details}" if details else "")
        case Alarm(timer=timer, after=after):
            what = f"*{timer}* after {seconds(after)}"
        case _:
            what = _plain(item.text)
    return f"{item.at:.2f}", who, what


def _plain(text: str) -> str:
    """``text`` on one line, with the characters that Markdown would interpret escaped."""
    return _SPECIAL.sub(r"\\\g<0>", " ".join(text.split()))
