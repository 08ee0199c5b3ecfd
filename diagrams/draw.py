"""Draw everything in this folder anew from the machine: ``python diagrams/draw.py``."""

from __future__ import annotations

from pathlib import Path

from openline.connection import TABLE
from openline.diagram import (
    CONTRACTS,
    DARK,
    contract,
    dot,
    markdown,
    mermaid,
    model,
    policy_table,
    scxml,
    timer_table,
    verdict_table,
    xstate,
)
from openline_diagrams import svg

HERE = Path(__file__).parent
TITLE = "openline: the states of a session"
PICTURE = """<picture>
  <source media="(prefers-color-scheme: dark)" srcset="chart-dark.svg">
  <img alt="The states of a session and every way from one to another" src="chart.svg" width="800">
</picture>
"""


def drawings() -> dict[str, str]:
    """File name → text of every drawing."""
    drawing = model(TABLE)
    light, dark = dot(drawing), dot(drawing, DARK)
    pages = {
        "chart.md": ("The chart", f"{PICTURE}\n{markdown(drawing, TABLE)}"),
        "verdicts.md": ("What an ending means", verdict_table()),
        "policy.md": ("The policy", "Durations are seconds.\n\n" + policy_table()),
        "timers.md": ("The timers", timer_table()),
    }
    for name, spec in CONTRACTS.items():
        pages[f"{name}.md"] = (f"The {name} dialect", contract(spec))
    return {
        "chart.dot": light,
        "chart.svg": svg(light, title=TITLE),
        "chart-dark.svg": svg(dark, title=TITLE),
        "chart.mmd": mermaid(drawing),
        "chart.xstate.json": xstate(drawing, TABLE),
        "chart.scxml": scxml(drawing, TABLE),
        **{
            name: f"# {title}\n\nMade from the machine by `make diagrams`.\n\n{text}"
            for name, (title, text) in pages.items()
        },
    }


if __name__ == "__main__":
    for name, text in drawings().items():
        (HERE / name).write_text(text, encoding="utf-8")
