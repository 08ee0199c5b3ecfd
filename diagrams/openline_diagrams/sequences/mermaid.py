"""A sequence diagram in Mermaid, which GitHub and others draw by themselves.

A state is a block in the colour of its role, with a note of its timers. Mermaid has no axis
of time, so each message begins with its seconds. Quoted text must not become part of the
language: everything but letters, digits and harmless marks is an entity code.

Mermaid underestimates the width of a note's text by a tenth, and would write the label of
a message to oneself over the life line. So the lines of a note are short, and a timer is a
note beside the line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import wrap
from typing import Final

from openline_diagrams.sequences.model import Alarm, Item, Message, Sequence, Style, Turn, Who
from openline_diagrams.sequences.words import seconds
from openline_diagrams.theme import LIGHT, ROLES, Palette

_ARROWS: Final = {Style.CALL: "->>", Style.ANSWER: "-->>", Style.CUT: "-x", Style.LATE: "--x"}
#: The opacity of a state's block, chosen for light pages and dark ones.
_VEIL: Final = 0.12
#: Letters of a line in a note, and beside a life line that a message crosses.
_SHORT: Final = 20
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
            label = f"{at} {text}"
            crosses = Who.PROVIDER in {tail, head}
            yield f"{tail}{arrow}{head}: {_broken(label) if crosses else _plain(label)}"
        case Turn(state=state, timers=timers, why=why):
            waits = [f"{name} {seconds(value)}" for name, value in timers]
            text = "<br/>".join([f"{at} {state}", *waits, *([_broken(why)] if why else [])])
            yield f"Note over {Who.LINE}: {text}"
        case Alarm(timer=timer, after=after):
            yield f"Note right of {Who.LINE}: {at} {timer}<br/>after {seconds(after)}"
        case _:
            yield f"Note over {Who.LINE}: {_broken(f'{at} {item.text}')}"


def _broken(text: str) -> str:
    """``text`` in short lines."""
    return "<br/>".join(map(_plain, wrap(text, _SHORT)))


def _plain(text: str) -> str:
    """``text`` with the characters that Mermaid would interpret as entity codes."""
    return _SPECIAL.sub(lambda found: f"#{ord(found[0])};", text)
