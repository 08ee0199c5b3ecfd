"""What is drawn is what runs."""

from __future__ import annotations

import runpy
from pathlib import Path

from openline.connection import TABLE
from openline.diagram import label, markdown, mermaid, rows

DIAGRAMS = Path(__file__).parents[2] / "diagrams"


def test_the_committed_drawings_are_those_of_the_machine() -> None:
    drawings = runpy.run_path(str(DIAGRAMS / "draw.py"))["drawings"]()
    committed = {name: (DIAGRAMS / name).read_text(encoding="utf-8") for name in drawings}
    assert committed == drawings, "run: python diagrams/draw.py"


def test_mermaid_shows_every_transition() -> None:
    text = mermaid(TABLE)
    for row in rows(TABLE):
        line = f"{row.source} --> {row.target} : " if row.target else f"{row.source} : "
        assert any(
            line in each and label(row) in each.removeprefix(f"    {line}").split("<br/>")
            for each in text.splitlines()
        ), label(row)


def test_the_table_has_a_line_for_every_transition() -> None:
    lines = [line for line in markdown(TABLE).splitlines() if line.count("|") == 6]
    assert len(lines) == len(rows(TABLE)) + 2
