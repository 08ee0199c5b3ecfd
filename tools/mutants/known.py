"""The equivalent mutants, each with its reason: ``survivors.txt``.

The file has a block for each line of the core, with an empty line between blocks:

    module place
    - the line
    + the line with an equivalent change
    because: the reason

``place`` is the function or class, empty at the top of a module. A line may have several ``+``
lines. If the same change can be made twice, ``+2`` means the second. The text before the first
block is a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from tools.mutants.mutant import Key

LIST = Path(__file__).with_name("survivors.txt")
_HEAD = re.compile(r"[a-z_.]+( \S.*)?")


class ListError(ValueError):
    """The list cannot be read; the text names the block."""


def parse(text: str) -> dict[Key, str]:
    """The mutants that are listed, and why each survives. Raises ListError."""
    known: dict[Key, str] = {}
    for block in text.split("\n\n")[1:]:
        lines = [line for line in block.splitlines() if line.strip()]
        if not lines:
            continue
        head, *rest = lines
        if not _HEAD.fullmatch(head):
            raise ListError(f"{head!r}: give a module and a place")
        module, _, place = head.partition(" ")
        changes: list[tuple[str, str, int]] = []
        before, because = "", ""
        for line in rest:
            mark, _, said = line.partition(" ")
            if because:
                because += " " + line.strip()
            elif mark == "-":
                before = said.strip()
            elif re.fullmatch(r"\+\d*", mark) and before:
                changes.append((before, said.strip(), int(mark[1:] or 1)))
            elif mark == "because:":
                because = said.strip()
            else:
                raise ListError(f"{head}: {line!r} is no change and no reason")
        if not because or not changes:
            raise ListError(f"{head}: give a change, and after 'because:' a reason")
        for before, after, nth in changes:
            key = module, place, before, after, nth
            if key in known:
                raise ListError(f"{head}: {after!r} is listed twice")
            known[key] = because
    return known


def block(key: Key, because: str) -> str:
    """A mutant in the format of the list."""
    module, place, before, after, nth = key
    mark = "+" if nth == 1 else f"+{nth}"
    return (
        f"{module} {place}".rstrip()
        + f"\n- {before}\n{mark} {after}".rstrip()
        + f"\nbecause: {because}\n"
    )


def complaints(survived: Iterable[Key], killed: Iterable[Key], known: dict[Key, str]) -> list[str]:
    """The errors: survivors that are not listed, and listed mutants that were killed."""
    return [
        *(
            f"survives and is not listed:\n{block(key, '?')}"
            for key in survived
            if key not in known
        ),
        *(f"is listed and is killed:\n{block(key, known[key])}" for key in killed if key in known),
    ]
