"""The drawing as a Mermaid ``stateDiagram-v2``, which GitHub and others draw by themselves.

Groups are composite states, so a shared edge is one arrow here too. Mermaid places
everything itself, keeps no room for the label of an arrow from a composite, and has few
means to format text. So the lines that a group shares stand in the group, in a box of its
own that the arrow leaves from; the states that have a line stand in brackets before it, and
a line that only a timer causes has an hourglass. Mermaid breaks no line of a box, and makes
the picture as wide as it must: lines are broken here, so that the letters stay large where
a page is narrow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import wrap
from typing import Final

from openline_diagrams.chart.model import CLOCKED, Box, Drawing, Edge, Line
from openline_diagrams.theme import LIGHT, Palette

#: Letters in a row of a box. The chart is 1,210 px wide with it: letters of 10 px at 800.
_ROOM: Final = 30
#: Mermaid strips blanks at the start of a row, not these; nor does ``wrap`` break at one.
_BLANK: Final = "\N{NO-BREAK SPACE}"


def mermaid(drawing: Drawing, palette: Palette = LIGHT) -> str:
    """The text of a ``stateDiagram-v2`` that holds every transition of ``drawing``."""
    out = ["direction TB"]
    for box in drawing.boxes.values():
        out += _described(box.name, box.name, _inside(box))
    out += _composites(drawing)
    for edge in drawing.edges:
        if edge.tail in drawing.groups:
            card = _card(edge)
            out += _described(card, f"{edge.tail} → {edge.head}", _shared(drawing, edge))
            out.append(f"{card} --> {edge.head}")
        else:
            label = "<br/>".join(_line(line) for line in edge.lines)
            out.append(f"{edge.tail} --> {edge.head} : {label}")
    out += [f"{box.name} --> [*]" for box in drawing.boxes.values() if box.final]
    out += _classes(drawing, palette)
    return "\n    ".join(["stateDiagram-v2", *out]) + "\n"


def _described(name: str, title: str, texts: Iterable[str]) -> list[str]:
    return [f"{name} : {title}", *(f"{name} : {_rows(text)}" for text in texts)]


def _rows(text: str) -> str:
    """``text`` in rows that a box has room for; an action stays with the stroke before it."""
    rows = wrap(
        text.replace("/ ", f"/{_BLANK}"),
        _ROOM,
        subsequent_indent=_BLANK * 3,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "<br/>".join(rows)


def _inside(box: Box) -> Iterator[str]:
    if box.enter:
        yield f"entry / {', '.join(box.enter)}"
    yield from map(_line, box.inside)
    if box.leave:
        yield f"exit / {', '.join(box.leave)}"
    if box.timers:
        yield f"timers {', '.join(box.timers)}"


def _composites(drawing: Drawing) -> Iterator[str]:
    """Each group with its states and the groups in it; the widest stands first."""
    for name, states in drawing.groups.items():
        inner = {
            other: set(members)
            for other, members in drawing.groups.items()
            if set(members) < set(states)
        }
        yield f"state {name} {{"
        own = [each for each in states if each not in set().union(*inner.values())]
        if drawing.initial in own:
            yield f"    [*] --> {drawing.initial}"
        yield from (f"    {each}" for each in (*own, *inner))
        yield from (f"    {_card(edge)}" for edge in drawing.edges if edge.tail == name)
        yield "}"


def _card(edge: Edge) -> str:
    return f"{edge.tail}_{edge.head}"


def _shared(drawing: Drawing, edge: Edge) -> Iterator[str]:
    for states, lines in drawing.where(edge):
        if states:
            yield f"({states})"
        yield from map(_line, lines)


def _line(line: Line) -> str:
    clock = "⌛ " if CLOCKED.issuperset(line.events) else ""
    return f"{clock}{line}"


def _classes(drawing: Drawing, palette: Palette) -> Iterator[str]:
    """Colours: by role, and quiet ones for shared lines."""
    cards = [_card(edge) for edge in drawing.edges if edge.tail in drawing.groups]
    looks = {"shared": (palette.ground, palette.frame, palette.text)}
    members = {"shared": cards} if cards else {}
    for box in drawing.boxes.values():
        looks[box.role.name.lower()] = palette.roles[box.role]
        members.setdefault(box.role.name.lower(), []).append(box.name)
    for name, states in members.items():
        fill, line, text = looks[name]
        yield f"classDef {name} fill:{fill},stroke:{line},color:{text}"
        yield f"class {','.join(states)} {name}"
