"""The table as an XState v5 machine: JSON for ``createMachine``, names for ``provide``.

``createMachine(json).provide({guards, actions})`` walks the same paths: a list of
transitions is tried in order there too, an absent target is an internal transition, and
exit, transition and entry actions run in the same order.
"""

from __future__ import annotations

import json
from typing import Any

from openline.machine.table import Table, Transition
from openline_diagrams.chart.model import Drawing


def xstate(drawing: Drawing, table: Table) -> str:
    """The JSON of a machine, with a description and the timers of each state as ``meta``."""
    machine = {
        "id": "openline",
        "initial": drawing.initial,
        "states": {state: _state(drawing, table, state) for state in table},
    }
    return json.dumps(machine, indent=2, ensure_ascii=False) + "\n"


def _state(drawing: Drawing, table: Table, state: str) -> dict[str, Any]:
    box = drawing.boxes[state]
    node: dict[str, Any] = {"type": "final"} if box.final else {}
    node["description"] = box.role.value
    if box.timers:
        node["meta"] = {"timers": list(box.timers)}
    if box.enter:
        node["entry"] = list(box.enter)
    if box.leave:
        node["exit"] = list(box.leave)
    if table[state]:
        node["on"] = {event: [_step(row) for row in rows] for event, rows in table[state].items()}
    return node


def _step(row: Transition) -> dict[str, Any]:
    step: dict[str, Any] = {}
    if row.target is not None:
        step["target"] = row.target
    if row.guard_name:
        step["guard"] = row.guard_name
    if row.on_names:
        step["actions"] = list(row.on_names)
    return step
