"""A sequence diagram in Mermaid, which GitHub and others draw by themselves.

A state is a block in the colour of its role, with a note that says what it waits for. Mermaid
has no axis of time, so each message begins with its seconds. What others said cannot become
part of the language: everything but letters, digits and harmless marks is an entity code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ..look import LIGHT, ROLES, Palette
from .model import Alarm, Item, Message, Sequence, Style, Turn, Who
from .words import seconds

_ARROWS: Final = {Style.CALL: "->>", Style.ANSWER: "-->>", Style.CUT: "-x", Style.LATE: "--x"}
#: How strong the colour of a state's block is; it must do on light pages and on dark ones.
_VEIL: Final = 0.12
_SPECIAL: Final = re.compile(r"""[#;<>"'`{}\\&%]""")


def sequence_mermaid(seq: Sequence, palette: Palette = LIGHT) -> str:
    """The text of a ``sequenceDiagram`` with every item of ``seq``."""
    out = [f"title {_plain(seq.title)}"]
    out += [f"accDescr: {_plain(seq.about)}"] if seq.about else []
    out += [f"participant {who}" for who in seq.who]
    within = False
    for item in seq.items:
        if isinstance(item, Turn):
            out += ["end"] * within
            out.append(_block(item, palette))
            within = True
        out += [f"{'    ' * within}{line}" for line in _lines(item)]
    out += ["end"] * within
    return "\n    ".join(["sequenceDiagram", *out]) + "\n"


def _block(turn: Turn, palette: Palette) -> str:
    colour = palette.roles[ROLES[turn.state]].line
    rgb = ", ".join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5))
    return f"rect rgba({rgb}, {_VEIL})"


def _lines(item: Item) -> Iterator[str]:
    at = f"{item.at:.2f} s"
    match item:
        case Message(tail=tail, head=head, text=text, style=style, both=both):
            arrow = "<<->>" if both else _ARROWS[style]
            yield f"{tail}{arrow}{head}: {at} {_plain(text)}"
        case Turn(state=state, timers=timers, why=why):
            waits = ", ".join(f"{name} {seconds(value)}" for name, value in timers)
            text = "<br/>".join(filter(None, (f"{at} {state}", waits, _plain(why))))
            yield f"Note over {Who.LINE}: {text}"
        case Alarm(timer=timer, after=after):
            yield f"{Who.LINE}->>{Who.LINE}: {at} {timer}, after {seconds(after)}"
        case _:
            yield f"Note over {Who.LINE}: {at} {_plain(item.text)}"


def _plain(text: str) -> str:
    """``text`` with what Mermaid could take for its own as entity codes."""
    return _SPECIAL.sub(lambda found: f"#{ord(found[0])};", text)
