"""Each line that is exempt from a rule says why, in one form: ``# noqa: S101  # the reason``."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(
    path
    for folder in ("core", "adapters", "diagrams", "bench", "tools")
    for path in (ROOT / folder).rglob("*.py")
)
MARK = re.compile(r"# (?:noqa|type: ignore|pyright: ignore|pragma: no cover)\b.*$", re.MULTILINE)
WHOLE = re.compile(
    r"# (?:noqa: [A-Z]+\d+(?:, [A-Z]+\d+)*|(?:type|pyright): ignore\[[A-Za-z, -]+\]"
    r"|pragma: no cover)  # \S.*"
)


def incomplete(text: str) -> list[str]:
    """The marks in ``text`` that name no rule, or give no reason."""
    return [mark for mark in MARK.findall(text) if not WHOLE.fullmatch(mark)]


def test_there_are_files() -> None:
    assert len(FILES) > 300


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_an_exemption_gives_its_reason(path: Path) -> None:
    assert incomplete(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("line", "is_whole"),
    [
        ("x = 1  # noqa: S101  # it was read", True),
        ("x = 1  # noqa: S101, BLE001  # ours", True),
        ("x = 1  # type: ignore[arg-type]  # it checks", True),
        ("x = 1  # noqa: S101", False),
        ("x = 1  # noqa", False),
        ("x = 1  # noqa: S101 -- it was read", False),
        ("x = 1  # type: ignore", False),
        ("x = 1  # pyright: ignore[reportPrivateUsage] (ours)", False),
    ],
)
def test_the_form(line: str, *, is_whole: bool) -> None:
    assert (incomplete(line) == []) is is_whole
