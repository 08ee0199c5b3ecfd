"""The table as SCXML, the W3C's notation for state machines.

A guard is a condition of one name, which the host resolves. An action is a ``log`` of its
name: the one element that every interpreter runs and that changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final
from xml.sax.saxutils import quoteattr

from openline.machine.table import Table, Transition
from openline_diagrams.chart.model import Drawing

_HEAD: Final = 'xmlns="http://www.w3.org/2005/07/scxml" version="1.0"'


def scxml(drawing: Drawing, table: Table) -> str:
    """A document with every state and every transition, in order."""
    out = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<scxml {_HEAD} name="openline" initial={quoteattr(drawing.initial)}>',
    ]
    for state, events in table.items():
        box = drawing.boxes[state]
        kind = "final" if box.final else "state"
        out.append(f"  <{kind} id={quoteattr(state)}>")
        out += _within("onentry", "", box.enter)
        out += _within("onexit", "", box.leave)
        for rows in events.values():
            for row in rows:
                out += _within("transition", _attributes(row), row.on_names, always=True)
        out.append(f"  </{kind}>")
    return "\n".join([*out, "</scxml>"]) + "\n"


def _attributes(row: Transition) -> str:
    cond = f" cond={quoteattr(row.guard_name)}" if row.guard_name else ""
    target = f" target={quoteattr(row.target)}" if row.target is not None else ""
    return f" event={quoteattr(row.event)}{cond}{target}"


def _within(
    tag: str, attributes: str, actions: Iterable[str], *, always: bool = False
) -> Iterator[str]:
    logs = [f"      <log label={quoteattr(action)}/>" for action in actions]
    if logs:
        yield f"    <{tag}{attributes}>"
        yield from logs
        yield f"    </{tag}>"
    elif always:
        yield f"    <{tag}{attributes}/>"
