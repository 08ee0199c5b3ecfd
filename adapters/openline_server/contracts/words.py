"""The words of a transcript with their times, for contracts that give each word its own.

The recognisers here give times to segments, not to words. A segment is divided evenly over
its words, so that the first begins and the last ends with it.
"""

from __future__ import annotations

from dataclasses import dataclass

from openline_server.contract import JsonObject
from openline_server.contracts.base import number

_PUNCTUATION = ".,!?;:…"


@dataclass(frozen=True, slots=True)
class TimedWord:
    """One word; times in seconds of the connection."""

    text: str
    start: float
    end: float
    confidence: float

    @property
    def bare(self) -> str:
        """Without its punctuation; a word that is nothing else stays as it is."""
        return self.text.strip(_PUNCTUATION) or self.text

    @property
    def mark(self) -> str:
        """The punctuation behind it."""
        return self.text[len(self.text.rstrip(_PUNCTUATION)) :] if self.bare != self.text else ""


def words_of(transcript: JsonObject) -> list[TimedWord]:
    """The words of an ``asr_partial`` or ``asr_final``."""
    texts = str(transcript["text"]).split()
    start, end = number(transcript["t0"]), number(transcript["t1"])
    each = (end - start) / max(1, len(texts))
    confidence = number(transcript.get("confidence", 1.0))
    return [
        TimedWord(
            text, round(start + at * each, 4), round(start + (at + 1) * each, 4), confidence
        )
        for at, text in enumerate(texts)
    ]  # fmt: skip
