"""Tables of figures in pages of Markdown, between two comments, written by script.

<!-- figures: NAME -->
| … |
<!-- end of figures -->
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(each)} |\n" for each in lines)


def shown(page: str, name: str) -> str:
    """What stands between the comments of ``name``. Raises ValueError if they are not there."""
    return _find(page, name)[2]


def replaced(page: str, name: str, text: str) -> str:
    """``page`` with ``text`` between the comments of ``name``. Raises as ``shown`` does."""
    before, after, _ = _find(page, name)
    return f"{before}{text}{after}"


def _find(page: str, name: str) -> tuple[str, str, str]:
    found = re.search(
        rf"(<!-- figures: {re.escape(name)} -->\n)(.*?)(<!-- end of figures -->)", page, re.DOTALL
    )
    if found is None:
        raise ValueError(f"the page has no place for the figures {name!r}")
    return page[: found.end(1)], page[found.start(3) :], found[2]
