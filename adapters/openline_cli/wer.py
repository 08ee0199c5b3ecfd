"""Word error rate: the fewest words to put in, take out and change, per word that was said.

Spelling that no listener can hear does not count: case, punctuation, hyphens and
"Mr." for "mister" are levelled first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_SPOKEN: Final = {"mr": "mister", "mrs": "missus", "ms": "miss", "dr": "doctor", "st": "saint"}
_WORD: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


@dataclass(frozen=True, slots=True)
class WordErrors:
    """How what was heard differs from what was said."""

    said: int
    heard: int
    changed: int
    missing: int
    extra: int

    @property
    def errors(self) -> int:
        """All of them."""
        return self.changed + self.missing + self.extra

    @property
    def rate(self) -> float:
        """Errors per word said; 0 where nothing was said and nothing heard."""
        if not self.said:
            return float(bool(self.heard))
        return self.errors / self.said


def words(text: str) -> list[str]:
    """The words of ``text`` as they sound."""
    level = text.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    found: list[str] = _WORD.findall(level)
    return [_SPOKEN.get(word, word) for word in found]


def compare(said: str, heard: str) -> WordErrors:
    """Align the two and count."""
    reference, hypothesis = words(said), words(heard)
    # A row of (cost, changed, missing, extra) per word said, as in Wagner and Fischer.
    row = [(j, 0, 0, j) for j in range(len(hypothesis) + 1)]
    for i, wanted in enumerate(reference, 1):
        above, row = row, [(i, 0, i, 0)]
        for j, got in enumerate(hypothesis, 1):
            if wanted == got:
                row.append(above[j - 1])
                continue
            c, m, e = above[j - 1], above[j], row[j - 1]
            row.append(
                min(
                    (c[0] + 1, c[1] + 1, c[2], c[3]),
                    (m[0] + 1, m[1], m[2] + 1, m[3]),
                    (e[0] + 1, e[1], e[2], e[3] + 1),
                )
            )
    _, changed, missing, extra = row[-1]
    return WordErrors(len(reference), len(hypothesis), changed, missing, extra)
