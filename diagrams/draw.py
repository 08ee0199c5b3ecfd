"""Draw everything in this folder anew from the machine: ``python diagrams/draw.py``."""

from __future__ import annotations

from pathlib import Path

from openline.connection import TABLE
from openline.diagram import markdown, mermaid

HERE = Path(__file__).parent


def drawings() -> dict[str, str]:
    """File name → text of every drawing."""
    head = "# The chart\n\nMade by `diagrams/draw.py` from the machine.\n\n"
    return {"chart.mmd": mermaid(TABLE), "chart.md": head + markdown(TABLE)}


if __name__ == "__main__":
    for name, text in drawings().items():
        (HERE / name).write_text(text, encoding="utf-8")
