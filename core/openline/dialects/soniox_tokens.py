"""Gathers the tokens of Soniox into words and segments.

A final token is sent once, and is often a part of a word: a leading blank begins a new one.

    " Hel" "lo" " wor" "ld" "." <end>   →   Hello world.

Final tokens are kept as *pieces* until the segment ends: at a marker (``<end>``, ``<fin>``), when
the speaker or the language changes at the beginning of a word, or when it is long, at the last
beginning of a word. A segment never ends behind the beginning of the pieces that are kept, for
what is told confirms to its end. Scripts that write no blanks (Han, Kana) have a word per token.
Tokens that are not final are sent again with each message, and are kept nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from openline.dialects.protocol import Heard, Word
from openline.dialects.wire_json import Fields, flag, label, number, seconds, text

#: Markers among the final tokens: an endpoint, and the end of what a ``finalize`` asked for.
MARKERS: Final = frozenset({"<end>", "<fin>"})
#: Pieces that are kept at most, about 40 words, so that a memory is small.
MOST_PIECES: Final = 120
#: Seconds that the kept pieces span at most; the traits' ``horizon`` is longer.
LONGEST: Final = 6.0
#: Characters that they have at most; no token of words is so long.
MOST_CHARACTERS: Final = 4000
_UNSPACED: Final = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


class Piece(msgspec.Struct, frozen=True):
    """A token of the audio's words: its text, seconds of this connection, and who spoke."""

    text: str
    start: float | None = None
    end: float | None = None
    confidence: float | None = None
    speaker: str | None = None
    language: str | None = None

    @property
    def begins(self) -> bool:
        """Whether a word begins with it."""
        return self.text[:1].isspace() or _UNSPACED.match(self.text) is not None


def piece_of(token: Fields) -> Piece | None:
    """The piece of a token; None for one without text, and for a word of a translation."""
    said = text(token.get("text"))
    if not said or token.get("translation_status") == "translation":
        return None
    return Piece(
        text=said,
        start=seconds(token.get("start_ms")),
        end=seconds(token.get("end_ms")),
        confidence=number(token.get("confidence")),
        speaker=label(token.get("speaker")),
        language=label(token.get("language")),
    )


def is_final(token: Fields) -> bool:
    """Whether a token is final: it is sent once, and never changes."""
    return flag(token.get("is_final"))


def is_change(pieces: Sequence[Piece], new: Piece) -> bool:
    """Whether another speaker or language begins with ``new``."""
    if not pieces or not new.begins:
        return False
    last = pieces[-1]
    return any(
        getattr(new, name) is not None and getattr(new, name) != getattr(last, name)
        for name in ("speaker", "language")
    )


def cut(pieces: Sequence[Piece]) -> int:
    """How many of ``pieces`` to tell now because they are long; 0: keep all."""
    is_much = len(pieces) > MOST_PIECES or sum(len(each.text) for each in pieces) > MOST_CHARACTERS
    if not is_much and _span(pieces) <= LONGEST:
        return 0
    at = next((i for i in range(len(pieces) - 1, 0, -1) if pieces[i].begins), 0)
    if is_much and sum(len(each.text) for each in pieces[at:]) > MOST_CHARACTERS // 2:
        return len(pieces)
    return at or (len(pieces) if is_much else 0)


def _span(pieces: Sequence[Piece]) -> float:
    starts = [each.start for each in pieces if each.start is not None]
    ends = [each.end for each in pieces if each.end is not None]
    return max(ends) - min(starts) if starts and ends else 0.0


def beginning(pieces: Sequence[Piece]) -> float | None:
    """The earliest beginning in ``pieces``; None if one of them has no times."""
    starts = [each.start for each in pieces]
    known = [each for each in starts if each is not None]
    return min(known) if known and len(known) == len(starts) else None


def heard(pieces: Sequence[Piece], *, final: bool, before: float | None = None) -> Heard | None:
    """The words of ``pieces``, ending at ``before`` at the latest; None if there are none."""
    said = "".join(each.text for each in pieces).strip()
    if not said:
        return None
    starts = [each.start for each in pieces if each.start is not None]
    ends = [each.end for each in pieces if each.end is not None]
    start, end = (min(starts), max(ends)) if starts and ends else (None, None)
    if end is not None and before is not None:
        end = min(end, before)
    return Heard(
        text=said,
        start=start,
        end=end,
        final=final,
        confidence=_mean(pieces),
        language=next((each.language for each in pieces if each.language), None),
        speaker=next((each.speaker for each in pieces if each.speaker), None),
        words=tuple(_words(pieces)),
    )


def _words(pieces: Sequence[Piece]) -> Iterator[Word]:
    group: list[Piece] = []
    for each in pieces:
        if each.begins and group:
            yield from _word(group)
            group = []
        group.append(each)
    yield from _word(group)


def _word(pieces: Sequence[Piece]) -> Iterator[Word]:
    if said := "".join(each.text for each in pieces).strip():
        spoken = [each for each in pieces if not each.text.isspace()]
        yield Word(
            text=said,
            start=spoken[0].start,
            end=spoken[-1].end,
            confidence=_mean(spoken),
            speaker=spoken[0].speaker,
        )


def _mean(pieces: Sequence[Piece]) -> float | None:
    known = [each.confidence for each in pieces if each.confidence is not None]
    return round(sum(known) / len(known), 4) if known else None
