"""The edits that a page of ``docs/contributing`` shows, and how a copy of the tree gets them.

An edit is a ``diff`` fence. Its first line names the file: ``# path``, or ``# path, new``. The
other lines begin with a blank (context), ``-`` or ``+``, and there are no line numbers: the
context and the removed lines together must stand in the file exactly once. The table below the
heading "Files" lists every file that the page edits, in code quotes, first in its row.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.docs.pages import ROOT, blocks

FOLDER = ROOT / "docs" / "contributing"
#: What a copy has: all that the edits touch, the tests that run on it, and what they read.
TREES = ("core", "adapters", "diagrams", "tests", "docs", "changes")

_ROW = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)
_HEAD = re.compile(r"# (\S+?)(, new)?\n")


class StaleEditError(AssertionError):
    """An edit of a page does not fit the tree; the text names the file and the lines."""


@dataclass(frozen=True)
class Edit:
    """``old`` is to be replaced by ``new`` in the file ``name``; a new file has no ``old``."""

    name: str
    is_new: bool
    old: str
    new: str

    def apply(self, root: Path) -> None:
        """Change the file below ``root``. Raises StaleEditError."""
        path = root / self.name
        if self.is_new:
            if path.exists() or self.old:
                raise StaleEditError(f"{self.name} is there already, or lines are taken from it")
            path.write_text(self.new, "utf-8")
            return
        text = path.read_text("utf-8")
        lines = re.compile(f"^{re.escape(self.old)}", re.MULTILINE)
        times = len(lines.findall(text)) if self.old else 0
        if times != 1 or self.old == self.new:
            raise StaleEditError(f"{self.name} has these lines {times} times:\n{self.old}")
        path.write_text(lines.sub(lambda _: self.new, text), "utf-8")


def edit_of(text: str) -> Edit:
    """The edit in a fence. Raises StaleEditError if a line is no line of a diff."""
    head = _HEAD.match(text)
    if head is None:
        raise StaleEditError(f"the first line names no file:\n{text}")
    lines = [line or " " for line in text[head.end() :].splitlines()]
    odd = [line for line in lines if line[0] not in " +-"]
    if odd:
        raise StaleEditError(f"{head[1]}: a line begins with a blank, + or -:\n{odd[0]}")
    old = "".join(f"{line[1:]}\n" for line in lines if line[0] != "+")
    new = "".join(f"{line[1:]}\n" for line in lines if line[0] != "-")
    return Edit(head[1], bool(head[2]), old, new)


def edits(page: str) -> list[Edit]:
    """Every edit of a page, in order."""
    return [edit_of(block.text) for block in blocks(page) if block.language == "diff"]


def listed(page: str) -> list[str]:
    """The files in the table below the heading "Files"."""
    section = re.search(r"^## Files\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE)
    return _ROW.findall(section[1]) if section is not None else []


def copy_tree(root: Path) -> dict[str, bytes]:
    """Copy the tree to ``root``. Returns the content of every file by its name."""
    for name in TREES:
        unwanted = shutil.ignore_patterns("__pycache__", "*.wav", "*.flac", "*.svg")
        shutil.copytree(ROOT / name, root / name, ignore=unwanted)
    shutil.copy(ROOT / "pyproject.toml", root)
    return content(root)


def content(root: Path) -> dict[str, bytes]:
    """The content of every file below ``root``, by its name; nothing that Python compiled."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
