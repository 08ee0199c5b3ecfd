"""What is committed in ``diagrams/`` is what the machine draws today."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

DIAGRAMS = Path(__file__).parents[2] / "diagrams"
DRAWN: dict[str, str] = runpy.run_path(str(DIAGRAMS / "draw.py"))["drawings"]()
#: The script that draws.
MADE = {"draw.py"}


@pytest.mark.parametrize("name", sorted(DRAWN))
def test_committed_drawing_matches_the_machine(name: str) -> None:
    path = DIAGRAMS / name
    committed = path.read_text(encoding="utf-8") if path.exists() else ""
    if committed != DRAWN[name]:  # an assert would explain at length how long texts differ
        pytest.fail(f"diagrams/{name} is not what the machine draws: run make goldens")


def test_no_stale_drawing_is_left() -> None:
    files = {str(path.relative_to(DIAGRAMS)) for path in DIAGRAMS.rglob("*") if path.is_file()}
    assert {name for name in files if not _is_source(name)} == {*DRAWN, *MADE}


def _is_source(name: str) -> bool:
    return "__pycache__" in name or name.startswith("openline_diagrams/")


def test_front_page_links_every_drawing() -> None:
    linked = set(re.findall(r"\]\(([^)]+)\)", DRAWN["README.md"]))
    assert linked == set(DRAWN) - {"README.md"}
