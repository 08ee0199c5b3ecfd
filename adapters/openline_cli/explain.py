"""``openline explain``: how the client reacts to an ending of the line, and why.

The answers come from the verdict table (``openline_lookup.endings``) and from the rows of a
dialect, the default one or the one given. Without a subject the whole table is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

import msgspec

from openline.dialects.registry import DEFAULT
from openline.reconnect.verdicts import Action
from openline_cli.ansi import Cell, Paper, find_paper, row, shared
from openline_cli.colours import ACTIONS
from openline_cli.dialects import blamed, find_dialect
from openline_cli.problems import Problem
from openline_cli.quoted_text import explain_text
from openline_lookup.endings import Explanation, all_rows

_INDENT: Final = 2
_GAP: Final = 2
_DIM: Final = "bright_black"
_LEGEND: Final = (
    "RETRY dials again after the backoff, LATER not soon, REAUTH once with a fresh credential, "
    "FATAL never. +strike: this ending is unknown; the fourth with no stable line in between is "
    "fatal. The echopanel contract is the wire contract in the reference. Ask for one: "
    "openline explain 1008"
)


def look_up(subject: str | None, *, dialect: str | None = None) -> list[Explanation]:
    """Every explanation of ``subject``; None: the whole table. Raises Problem."""
    with blamed(dialect):
        spoken = find_dialect(dialect) or DEFAULT
        codes, refusals = spoken.traits.rulings, spoken.traits.refusals
    if subject is None:
        return all_rows(dialect_codes=codes, refusals=refusals)
    try:
        return explain_text(subject, dialect_codes=codes, refusals=refusals)
    except ValueError as error:
        raise Problem(str(error)) from None


def as_json(explanations: Sequence[Explanation]) -> str:
    """One JSON object per line."""
    return "".join(msgspec.json.encode(each).decode() + "\n" for each in explanations)


def show(subject: str | None, *, json: bool, dialect: str | None = None) -> str:
    """The answer as text; on a terminal in colour and as wide as it. Raises Problem."""
    explanations = look_up(subject, dialect=dialect)
    if json:
        return as_json(explanations)
    paper = find_paper()
    lines = _table(paper, explanations) if subject is None else _each(paper, explanations)
    return "".join(f"{line}\n" for line in lines)


def _each(paper: Paper, explanations: Sequence[Explanation]) -> Iterator[str]:
    for number, (title, group) in enumerate(groupby(explanations, key=lambda each: each.title)):
        if number:
            yield ""
        yield paper.paint(title, "bold")
        for each in group:
            is_over = each.group == "outcome" and each.action is Action.FATAL
            verdict = "OVER" if is_over else each.action.upper()
            action = Cell(verdict, f"bold {ACTIONS[each.action]}")
            facts = [
                (action, each.when),
                (Cell("why", _DIM), each.why),
                (Cell("client", _DIM), each.does),
                (Cell("source", _DIM), each.source),
            ]
            names = max(len(name.text) for name, _ in facts)
            widths = (names, paper.width - _INDENT - names - _GAP)
            yield ""
            for name, text in facts:
                for line in row(paper, (name, Cell(text)), widths, gap=_GAP):
                    yield f"{'':{_INDENT}}{line}"


def _table(paper: Paper, explanations: Sequence[Explanation]) -> Iterator[str]:
    for group, rows in groupby(explanations, key=lambda each: each.group):
        yield from _section(paper, group, list(rows))
        yield ""
    yield from row(paper, (Cell(_LEGEND, _DIM),), (paper.width,))


def _section(paper: Paper, group: str, rows: Sequence[Explanation]) -> Iterator[str]:
    verdicts = [each.action.upper() + "  +strike" * each.strike for each in rows]
    verdict = max(map(len, ("verdict", *verdicts)))
    subject, why, source = shared(paper.width - 2 - verdict - 3 * _GAP, (3, 6, 3))
    widths = (subject, verdict, why, source)
    head = (Cell(each, "bold") for each in (group, "verdict", "why", "source"))
    yield from (f" {line}" for line in row(paper, tuple(head), widths, gap=_GAP))
    yield f" {'─' * (paper.width - 2)}"
    for each, text in zip(rows, verdicts, strict=True):
        name = each.title.removeprefix(f"{group} ")
        cells = (
            Cell(f"{name}, {each.when}" if each.when else name),
            Cell(text, ACTIONS[each.action]),
            Cell(each.why),
            Cell(each.source, _DIM),
        )
        yield from (f" {line}" for line in row(paper, cells, widths, gap=_GAP))
