"""The chart as text: a Mermaid state diagram and a Markdown table.

Both are made from the compiled table, so what is drawn is what runs. A transition is
written ``event [guard] / actions``; transitions between the same two states share an
arrow, internal ones stand in their state.
"""

from __future__ import annotations

from collections.abc import Iterable

from .table import Row, Table
from .timers import FIRES, RUNS

#: Events that only a timer causes.
CLOCKED = frozenset(event for event in FIRES.values() if event is not None)


def rows(table: Table) -> list[Row]:
    """Every transition, in the order of its declaration."""
    return [row for events in table.values() for each in events.values() for row in each]


def label(row: Row) -> str:
    """``event [guard] / actions``."""
    guard = f" [{row.guard_name}]" if row.guard_name else ""
    actions = f" / {', '.join(row.on_names)}" if row.on_names else ""
    return f"{row.event}{guard}{actions}"


def mermaid(table: Table) -> str:
    """A Mermaid ``stateDiagram-v2`` that holds every transition of ``table``."""
    out = ["stateDiagram-v2", f"    [*] --> {next(iter(table))}"]
    arrows: dict[tuple[str, str], list[str]] = {}
    for row in rows(table):
        if row.target is not None:
            arrows.setdefault((row.source, row.target), []).append(label(row))
    out += [f"    {a} --> {b} : {_lines(labels)}" for (a, b), labels in arrows.items()]
    for state, events in table.items():
        inside = [label(row) for each in events.values() for row in each if row.target is None]
        inside += [f"⌛ {timer.name}" for timer in RUNS[state]]
        out += [f"    {state} : {state}"] if inside else []
        out += [f"    {state} : {text}" for text in inside]
        out += [] if events else [f"    {state} --> [*]"]
    return "\n".join(out) + "\n"


def markdown(table: Table) -> str:
    """One table with a line for every transition of ``table``, and one of the timers."""
    out = ["| state | event | guard | actions | next state |", "|---|---|---|---|---|"]
    for row in rows(table):
        event = f"⌛ {row.event}" if row.event in CLOCKED else row.event
        target = row.target or "*(internal)*"
        actions = ", ".join(row.on_names)
        out.append(f"| {row.source} | {event} | {row.guard_name} | {actions} | {target} |")
    out += ["", "| state | timers |", "|---|---|"]
    out += [
        f"| {state} | {', '.join(timer.name for timer in timers)} |"
        for state, timers in RUNS.items()
    ]
    return "\n".join(out) + "\n"


def _lines(labels: Iterable[str]) -> str:
    return "<br/>".join(labels)
