"""The drawing as Markdown tables: states, and a line for every transition, in order.

The order is the machine's: of the rows of a state and an event, the first whose guard
holds is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from openline.machine.table import Table
from openline_diagrams.chart.model import CLOCKED, Drawing, rows


def grid(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A Markdown table; ``|`` within a cell is escaped."""
    out = [head, ["---"] * len(head), *lines]
    return "".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in out
    )


def code(names: Iterable[str]) -> str:
    """Names as code, with commas."""
    return ", ".join(f"`{name}`" for name in names)


def markdown(drawing: Drawing, table: Table) -> str:
    """Two tables: the states of ``drawing``, and every row of ``table``."""
    states = grid(
        ("state", "", "on entry", "timers", "on exit"),
        (
            (
                f"`{box.name}`",
                box.role.value,
                code(box.enter),
                ", ".join(box.timers),
                code(box.leave),
            )
            for box in drawing.boxes.values()
        ),
    )
    transitions = grid(
        ("state", "event", "guard", "actions", "next state"),
        (
            (
                f"`{row.source}`",
                f"⌛ *{row.event}*" if row.event in CLOCKED else f"**{row.event}**",
                code([row.guard_name]) if row.guard_name else "",
                code(row.on_names),
                f"`{row.target}`" if row.target is not None else "*(internal)*",
            )
            for row in rows(table)
        ),
    )
    return (
        f"## States\n\n{states}\n## Transitions\n\n"
        "Of the rows of a state and an event, the first whose guard holds is taken. "
        "⌛: only a timer causes it.\n\n"
        f"{transitions}"
    )
