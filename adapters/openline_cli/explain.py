"""``openline explain``: what the client does about an ending, and why.

The answers are the verdict table's own (``openline.reconnect.explain``), with the rows of a
dialect in their places, the default one or one that is named. Without a subject the
whole table is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

import msgspec

from openline.dialects.registry import DEFAULT
from openline.reconnect.explain import Explanation, all_rows, explain
from openline_cli.colours import ACTIONS
from openline_cli.dialects import blamed, find_dialect
from openline_cli.problems import Problem

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

_INDENT = 2


def look_up(subject: str | None, *, dialect: str | None = None) -> list[Explanation]:
    """Every explanation of ``subject``, or of everything. Raises Problem."""
    with blamed(dialect):
        spoken = find_dialect(dialect) or DEFAULT
        codes, refusals = spoken.traits.codes, spoken.traits.refusals
    if subject is None:
        return all_rows(dialect_codes=codes, refusals=refusals)
    try:
        return explain(subject, dialect_codes=codes, refusals=refusals)
    except ValueError as error:
        raise Problem(str(error)) from None


def as_json(explanations: Sequence[Explanation]) -> str:
    """One object a line."""
    return "".join(msgspec.json.encode(each).decode() + "\n" for each in explanations)


def show(subject: str | None, *, json: bool, dialect: str | None = None) -> str:
    """The answer, in colour and as wide as the terminal if stdout is one. Raises Problem."""
    explanations = look_up(subject, dialect=dialect)
    if json:
        return as_json(explanations)
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 100
    with console.capture() as captured:
        if subject is None:
            _show_table(console, explanations)
        else:
            _show_each(console, explanations)
    lines = [line.rstrip() for line in captured.get().strip("\n").splitlines()]
    single = [line for line, after in pairwise([*lines, "."]) if line or after]
    return "".join(f"{line}\n" for line in single)


def _show_each(console: Console, explanations: Sequence[Explanation]) -> None:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    for number, (title, group) in enumerate(groupby(explanations, key=lambda each: each.title)):
        console.print(Text("\n" * bool(number) + title, style="bold"))
        for each in group:
            table = Table.grid(padding=(0, 2))
            table.add_column(style="bright_black", no_wrap=True)
            table.add_column(overflow="fold")
            table.add_row(
                Text(each.action.upper(), style=f"bold {ACTIONS[each.action]}"), each.when
            )
            table.add_row("why", Text(each.why))
            table.add_row("client", Text(each.does))
            table.add_row("source", Text(each.source))
            console.print()
            console.print(Padding(table, (0, 0, 0, _INDENT)))


def _show_table(console: Console, explanations: Sequence[Explanation]) -> None:
    for group, rows in groupby(explanations, key=lambda each: each.group):
        console.print(_section(group, list(rows)))
        console.print()
    console.print(_legend())


def _section(group: str, rows: Sequence[Explanation]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0), expand=True)
    table.add_column(group, ratio=3, overflow="fold")
    table.add_column("verdict", no_wrap=True)
    table.add_column("why", ratio=6, overflow="fold")
    table.add_column("source", ratio=3, overflow="fold", style="bright_black")
    for row in rows:
        name = row.title.removeprefix(f"{group} ")
        subject = Text(f"{name}, {row.when}" if row.when else name)
        action = Text(row.action.upper(), style=ACTIONS[row.action])
        strike = Text("  +strike" if row.strike else "", style="bright_black")
        table.add_row(subject, action + strike, row.why, row.source)
    return table


def _legend() -> Text:
    from rich.text import Text

    return Text(
        "RETRY dials again after the backoff, LATER not soon, REAUTH once with a fresh "
        "credential, FATAL never. +strike: nobody knows this ending; the fourth with no stable "
        "line in between is fatal. The echopanel contract is the wire contract in the reference. "
        "Ask for one: openline explain 1008",
        style="bright_black",
    )
