"""The drawing as a Mermaid ``stateDiagram-v2``, which GitHub and others draw by themselves.

Groups are composite states, so a shared edge is one arrow here too. Mermaid places
everything itself, keeps no room for the label of an arrow from a composite, and knows
little of text. So what a group shares stands in a box of its own between two arrows, the
states that have a line in brackets before it, and what only a timer causes has an
hourglass.
"""

from __future__ import annotations

from .look import LIGHT, Palette
from .model import CLOCKED, Box, Drawing, Edge, Line


def mermaid(drawing: Drawing, palette: Palette = LIGHT) -> str:
    """The text of a ``stateDiagram-v2`` that holds every transition of ``drawing``."""
    out = ["stateDiagram-v2", "    direction TB", f"    [*] --> {drawing.initial}"]
    out += [text for box in drawing.boxes.values() for text in _box(box)]
    todo = list(drawing.groups)
    while todo:
        name = todo.pop(0)
        inside = set(drawing.groups[name])
        inner = [each for each in todo if set(drawing.groups[each]) < inside]
        loose = inside.difference(*(drawing.groups[each] for each in inner))
        out.append(f"    state {name} {{")
        out += [f"        {state}" for state in drawing.groups[name] if state in loose]
        out += [f"        {each}" for each in inner]
        out.append("    }")
    shared = [edge for edge in drawing.edges if edge.tail in drawing.groups]
    out += [text for edge in shared for text in _card(drawing, edge)]
    for edge in drawing.edges:
        if edge not in shared:
            label = "<br/>".join(map(_line, edge.lines))
            out.append(f"    {edge.tail} --> {edge.head} : {label}")
    out += [f"    {box.name} --> [*]" for box in drawing.boxes.values() if box.final]
    cards = ",".join(f"{edge.tail}_{edge.head}" for edge in shared)
    out.append(
        f"    classDef shared fill:{palette.ground},stroke:{palette.frame},color:{palette.text}"
    )
    out += [f"    class {cards} shared"] if cards else []
    for role in dict.fromkeys(box.role for box in drawing.boxes.values()):
        ink = palette.roles[role]
        name = role.name.lower()
        out.append(f"    classDef {name} fill:{ink.fill},stroke:{ink.line},color:{ink.text}")
        states = ",".join(box.name for box in drawing.boxes.values() if box.role is role)
        out.append(f"    class {states} {name}")
    return "\n".join(out) + "\n"


def _box(box: Box) -> list[str]:
    inside = [f"entry / {', '.join(box.enter)}"] if box.enter else []
    inside += [_line(line) for line in box.inside]
    inside += [f"exit / {', '.join(box.leave)}"] if box.leave else []
    inside += [f"timers {', '.join(box.timers)}"] if box.timers else []
    return [f"    {box.name} : {text}" for text in (box.name, *inside)]


def _card(drawing: Drawing, edge: Edge) -> list[str]:
    name = f"{edge.tail}_{edge.head}"
    texts = [f"{edge.tail} → {edge.head}"]
    for states, lines in drawing.where(edge):
        texts += [f"({states})"] if states else []
        texts += map(_line, lines)
    return [
        *(f"    {name} : {text}" for text in texts),
        f"    {edge.tail} --> {name}",
        f"    {name} --> {edge.head}",
    ]


def _line(line: Line) -> str:
    clock = "⌛ " if CLOCKED.issuperset(line.events) else ""
    return f"{clock}{line}"
