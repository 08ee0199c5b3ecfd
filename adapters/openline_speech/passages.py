"""Who says a final, and which finals make one passage: what stands together in a transcript file.

Some backends say each word, or two, as a final of its own (Speechmatics). A file with a line for
each would be hard to read. So finals that follow each other closely are joined up to the end of a
sentence:

    "So we" 0.0-0.4 s   "went on" 0.5-0.9 s   "." 0.9 s   "Then" 1.0-1.2 s
    →  "So we went on." 0.0-0.9 s,  "Then" 1.0-1.2 s

They are joined only where each word has its times, so that a passage can be cut into cues as well
as its finals could; only within one source, speaker and channel, no other voice between; and up
to ``LONGEST`` seconds. Nothing is lost or added but a space between two finals.

A final names its speaker or channel if the session had more than one: ``Voices`` knows that.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from openline.text import CONTROLS, encodable, has_words
from openline.updates import Transcript
from openline_speech.cues import SENTENCE, Word

#: Seconds between two finals of a passage, at most: recognizers end an utterance after 0.5 s of
#: silence or more (Kaldi, endpoint rule 2), and such a pause ends a passage too.
GAP: Final = 0.5
#: Seconds of a passage, at most: two full cues.
LONGEST: Final = 14.0
#: What follows a word without a space, beside closing brackets and quotes.
_CLOSING: Final = (*SENTENCE, *",;:%，、；：،")
_CONTROL_RUN: Final = re.compile(f"[{CONTROLS}]+")
#: Unicode names of the letters of scripts that put no space between words begin so.
_SPACELESS: Final = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")


@dataclass(frozen=True, slots=True)
class Passage:
    """Words of one voice, from ``start`` to ``end`` in seconds of session time.

    ``voice``: who says them, as ``Voices`` has it. ``words``: with their times, or none.
    """

    source: str
    voice: str
    text: str
    start: float
    end: float
    words: tuple[Word, ...] = ()


class Voices:
    """The speakers and channels of a session, as far as its finals are known."""

    def __init__(self, *, several: bool) -> None:
        """``several``: the session has more than one source, so each is named."""
        self._several = several
        self._seen: set[tuple[str, str]] = set()

    def note(self, finals: Iterable[Transcript]) -> None:
        """These are finals of the session."""
        self._seen.update((each.source, name) for each in finals if (name := _name(each)))

    def of(self, final: Transcript) -> str:
        """Who says it: the source and the speaker or channel, each if there are several."""
        source = line(final.source) if self._several else ""
        return ", ".join(part for part in (source, _name(final) * (len(self._seen) > 1)) if part)


def line(text: str) -> str:
    """``text`` as it was received, on one line, without controls and spaces around it."""
    return encodable(_CONTROL_RUN.sub(" ", text)).strip(" ")


def passage(final: Transcript, voices: Voices) -> Passage:
    """The final alone."""
    words = tuple(
        Word(each.text, each.start, each.end)
        for each in final.words
        if each.start is not None and each.end is not None
    )
    return Passage(
        final.source,
        voices.of(final),
        final.text,
        final.start,
        final.end,
        words if len(words) == len(final.words) else (),
    )


def passages(finals: Iterable[Transcript], voices: Voices) -> list[Passage]:
    """The finals, which are in order of time, joined where they belong together."""
    found: list[Passage] = []
    last: dict[str, int] = {}  # the place of the last passage of each source
    for final in finals:
        own = passage(final, voices)
        if not line(own.text).strip():
            continue
        at = last.get(own.source)
        if at is not None and _follows(found[at], own):
            found[at] = _joined(found[at], own)
        else:
            last[own.source] = len(found)
            found.append(own)
    return found


def _name(final: Transcript) -> str:
    """The speaker, or else the channel; "" if the backend names none."""
    name = line(final.speaker or "")
    if not name.strip():
        return "" if final.channel is None else f"channel {final.channel}"
    return f"speaker {name}" if name.isdigit() else name


def _follows(before: Passage, after: Passage) -> bool:
    """Whether ``after`` goes on with what ``before`` says."""
    is_near = abs(after.start - before.end) <= GAP and after.end - before.start <= LONGEST
    is_timed = bool(before.words and after.words)
    is_open = not _is_over(before.text) or not has_words(after.text)
    return is_near and is_timed and is_open and before.voice == after.voice


def _joined(before: Passage, after: Passage) -> Passage:
    left, right = before.text.rstrip(" "), after.text.lstrip(" ")
    closes = right.startswith(_CLOSING) or _is_bracket(right[0])
    between = "" if closes or _is_spaceless(left[-1], right[0]) else " "
    return replace(
        before,
        text=left + between + right,
        end=max(before.end, after.end),
        words=before.words + after.words,
    )


def _is_over(text: str) -> bool:
    """Whether a sentence ends there, or before brackets and quotes that close."""
    text = text.rstrip()
    while text and (_is_bracket(text[-1]) or text[-1] in "\"'"):
        text = text[:-1]
    return text.endswith(SENTENCE)


def _is_bracket(character: str) -> bool:
    """Whether it closes a bracket or a quotation."""
    return unicodedata.category(character) in {"Pe", "Pf"}


def _is_spaceless(left: str, right: str) -> bool:
    """Whether two characters stand beside each other without a space."""
    return all(unicodedata.name(each, "").startswith(_SPACELESS) for each in (left, right))
