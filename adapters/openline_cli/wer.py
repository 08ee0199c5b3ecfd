"""Word error rate: the fewest insertions, deletions and changes, per word of the reference.

Differences without a sound do not count: case, punctuation and hyphens are removed first, and
"Mr." becomes "mister".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_SPOKEN: Final = {"mr": "mister", "mrs": "missus", "ms": "miss", "dr": "doctor", "st": "saint"}
_WORD: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


@dataclass(frozen=True, slots=True)
class WordErrors:
    """The numbers of words and of errors in a transcript."""

    reference: int
    transcript: int
    changed: int
    missing: int
    extra: int

    @property
    def errors(self) -> int:
        """The sum of the three kinds."""
        return self.changed + self.missing + self.extra

    @property
    def rate(self) -> float:
        """Errors per reference word. Without one: 1 if the transcript has words, else 0."""
        if not self.reference:
            return float(bool(self.transcript))
        return self.errors / self.reference


def words(text: str) -> list[str]:
    """The words of ``text``, normalised: lower case, without punctuation or abbreviations."""
    level = text.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    found: list[str] = _WORD.findall(level)
    return [_SPOKEN.get(word, word) for word in found]


def compare(reference: str, transcript: str) -> WordErrors:
    """Align the two texts and count the errors."""
    wanted_words, found_words = words(reference), words(transcript)
    # A row of (cost, changed, missing, extra) per reference word, as in Wagner and Fischer.
    row = [(j, 0, 0, j) for j in range(len(found_words) + 1)]
    for i, wanted in enumerate(wanted_words, 1):
        above, row = row, [(i, 0, i, 0)]
        for j, got in enumerate(found_words, 1):
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
    return WordErrors(len(wanted_words), len(found_words), changed, missing, extra)
