"""The faults of the reference client, each as a small change that brings it back.

``faults/NN-name.diff`` describes the fault in words, and then the change as a diff without line
numbers. The lines of a hunk give its place: they must occur exactly once in the file, so a diff
that no longer fits is an error.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).with_name("faults")
#: The folders that are copied, and changed in the copy.
SOURCES = ("core", "adapters", "diagrams/openline_diagrams")


class StaleFaultError(ValueError):
    """A diff does not fit the sources; the text contains the hunk."""


@dataclass(frozen=True)
class Hunk:
    """``old`` is to be replaced by ``new`` in the file at ``path``."""

    path: str
    old: str
    new: str


@dataclass(frozen=True)
class Fault:
    """One fault: its number in the list of 25, its name, and its changes."""

    number: int
    name: str
    what: str
    hunks: tuple[Hunk, ...]

    def apply(self, root: Path) -> None:
        """Change the sources below ``root``. Raises StaleFaultError."""
        for hunk in self.hunks:
            path = root / hunk.path
            text = path.read_text("utf-8")
            times = text.count(hunk.old)
            if times != 1 or hunk.old == hunk.new:
                raise StaleFaultError(
                    f"{self.name}: {hunk.path} has these lines {times} times, not once:\n{hunk.old}"
                )
            path.write_text(text.replace(hunk.old, hunk.new), "utf-8")


def read(path: Path) -> Fault:
    """Read the fault in a file. Raises StaleFaultError for an invalid diff."""
    what, _, diff = path.read_text("utf-8").partition("\n\n")
    hunks: list[Hunk] = []
    target = ""
    for part in diff.split("--- a/")[1:]:
        head, *bodies = part.split("@@\n")
        target = head.partition("\n+++ b/")[2].strip()
        if not target or not bodies:
            raise StaleFaultError(f"{path.name}: give '--- a/F', '+++ b/F' and '@@'")
        hunks += (_hunk(target, body) for body in bodies)
    if not hunks:
        raise StaleFaultError(f"{path.name}: it changes nothing")
    number = int(path.name[:2])
    return Fault(number, path.stem, what, tuple(hunks))


def _hunk(path: str, body: str) -> Hunk:
    lines = body.splitlines()
    old = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("+"))
    new = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("-"))
    return Hunk(path, old, new)


def all_faults() -> list[Fault]:
    """Every fault, in order."""
    return [read(path) for path in sorted(FOLDER.glob("*.diff"))]


def copy(into: Path) -> None:
    """Copy the sources to ``into``, with their compiled files."""
    for name in SOURCES:
        shutil.copytree(ROOT / name, into / name, ignore=shutil.ignore_patterns("*.flac", "*.wav"))
