"""The code blocks of a page, and what is promised of each.

A page is Markdown. A fence of one of these languages is held to what it says:

- ``python`` that begins with ``# name.py`` is a file beside the page's others. Files are run
  or imported by what comes later, or the page is wrong. ``# name.py, decode again`` is the
  new text of one function of that file.
- ``html`` that begins with ``<!-- name.html -->`` is a file as well, which a Python file names.
- ``python`` without a name is run by itself; a ``text`` fence right after it is its output.
- ``ipython`` is a cell of a notebook, run in the loop of a kernel after the cells above it; a
  ``text`` fence right after it is its output.
- ``console`` has commands after ``$ `` and, below each, what a terminal shows.
- no language or ``sh``: a synopsis, in which lines that begin with ``openline`` are calls that
  the command must be able to read.

An HTML comment right above a fence says what the reader need not see: ``<!-- status: 1 -->`` is
the exit status of its last command (0 where nothing is said), ``<!-- not run: why -->`` takes
a console or a text fence out, and must say why.

``<!-- needs: display tkinter -->`` anywhere on a page says what it needs and a machine may lack: a
display, or modules. Such a page is skipped there.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
SYNOPSIS = frozenset({"", "sh"})

_FENCE = re.compile(r"^(`{3,})([^\n`]*)\n(.*?)^\1[ \t]*$", re.DOTALL | re.MULTILINE)
_COMMENT = re.compile(r"<!-- (not run|status): (.+?) -->\n+\Z", re.DOTALL)
_FILE = re.compile(r"(?:# |<!-- )([\w/]+\.\w+)(?:, (\w+) again)?(?: -->)?\n")
_NEEDS = re.compile(r"<!-- needs: (.+?) -->")


@dataclass(frozen=True, kw_only=True)
class Block:
    """One fence. ``line`` is where it begins, ``alone`` whether prose stands above it."""

    language: str
    text: str
    line: int
    alone: bool
    not_run: str | None = None
    status: int = 0

    @property
    def file(self) -> tuple[str, str | None] | None:
        """The file that this is, and the function if it is only one of them."""
        named = _FILE.match(self.text)
        return (named[1], named[2]) if named is not None else None

    @property
    def commands(self) -> list[tuple[str, list[str]]]:
        """Each command with the lines that are shown below it."""
        found: list[tuple[str, list[str]]] = []
        for line in self.text.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            elif found and found[-1][0].endswith("\\"):
                found[-1] = (found[-1][0][:-1] + line.strip(), [])
            elif found:
                found[-1][1].append(line)
            else:
                raise ValueError(f"line {self.line}: a console block begins with `$ `: {line}")
        return found


def needs(text: str) -> list[str]:
    """What a page needs that a machine may lack."""
    found = _NEEDS.search(text)
    return found[1].split() if found is not None else []


def missing(text: str) -> str:
    """What this machine lacks for a page, and why it is not there; empty if it lacks nothing."""
    for each in needs(text):
        if each == "display":
            if not has_display() and shutil.which("xvfb-run") is None:
                return "there is no display, and no xvfb-run (Debian: apt-get install xvfb xauth)"
        elif find_spec(each) is None:
            return f"the module {each} is not installed"
    return ""


def has_display() -> bool:
    """Whether windows can be shown to somebody."""
    return bool(os.environ.get("DISPLAY"))


def blocks(text: str) -> list[Block]:
    """All fences of a page, in order."""
    found: list[Block] = []
    end = 0
    for fence in _FENCE.finditer(text):
        above = text[end : fence.start()]
        said = dict(_COMMENT.findall(above))
        found.append(
            Block(
                language=fence[2].strip(),
                text=fence[3],
                line=text.count("\n", 0, fence.start()) + 1,
                alone=bool(above.strip()),
                not_run=said.get("not run"),
                status=int(said.get("status", 0)),
            )
        )
        end = fence.end()
    return found
