"""The text of faults cut into tokens, each with its place, and numbers with their unit.

A number takes the unit after it along, be there a space or not; a hyphen between letters
is a space; what fits nothing is a token of its own (``other``), for the reader to refuse,
so that cutting never fails.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from openline_server.faults import Mark

SECONDS: Final = {
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), 0.001),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60.0),
}
FACTORS: Final = ("x", "times")
COUNTED: Final = {
    "frame": Mark.FRAME, "frames": Mark.FRAME, "final": Mark.FINAL, "finals": Mark.FINAL,
}  # fmt: skip
_UNITS: Final = "|".join((*SECONDS, *FACTORS, *COUNTED))
Kind: TypeAlias = Literal["separator", "quoted", "range", "number", "word", "other", "end"]
_TOKEN: Final = re.compile(
    r"(?P<separator>[;,])"
    r'|(?P<quoted>"(?:[^"\\]|\\.)*")'
    r"|(?P<range>\d{1,9}\s*-\s*\d{1,9}(?=$|[\s;,]))"
    rf"|(?P<number>(?P<value>\d{{1,9}}(?:\.\d{{1,9}})?)(?:\s*(?P<unit>{_UNITS})(?!\w))?"
    r"(?=$|[\s;,]))"
    r"|(?P<word>[a-z]+(?=(?:-[a-z]+)*(?:$|[\s;,])))"
    r'|(?P<other>"|[^\s;,"][^\s;,]*)',
    re.IGNORECASE,
)
_SKIP: Final = re.compile(r"\s+|(?<=[a-z])-(?=[a-z])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Token:
    """One word, number, text or separator, and where it begins."""

    kind: Kind
    text: str
    start: int
    value: float = 0.0
    unit: str = ""

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.start + len(self.text)


def tokenize(text: str) -> list[Token]:
    """The tokens of ``text``, and one that is its end."""
    tokens: list[Token] = []
    at = 0
    while True:
        skipped = _SKIP.match(text, at)
        at = skipped.end() if skipped else at
        match = _TOKEN.match(text, at)
        if match is None:
            return [*tokens, Token("end", "", len(text))]
        at = match.end()
        kind: Kind = match.lastgroup  # type: ignore[assignment]  # the outer groups are the kinds
        value = float(match["value"]) if match["value"] else 0.0
        token = match[0].lower() if kind == "word" else match[0]
        tokens.append(Token(kind, token, match.start(), value, (match["unit"] or "").lower()))
