"""Makes the texts of a backend or the operating system fit for a reason, a log or a screen.

A backend may send any text, of any length. Its status texts, errors and close reasons are shown
to users, so each becomes one printable line of limited length. Transcripts are not changed.

The rule is a list of what can harm a terminal, and not ``str.isprintable``: that rejects the
joiners of Persian, Hindi and emoji, and each letter that is younger than the Python.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

#: Characters of a text that are shown; a close reason has at most 123 bytes (RFC 6455 §5.5).
MOST = 300

#: C0 and C1 controls (a C1 control is an escape sequence of one character), and the two
#: separators of Unicode that end a line.
CONTROLS: Final = "\x00-\x1f\x7f-\x9f\u2028\u2029"
#: The embeddings, overrides and isolates of UAX #9: they reorder the rest of the line. Marks
#: (U+200E, U+200F, U+061C) do not, and belong to Arabic and Hebrew.
BIDI: Final = "\u202a-\u202e\u2066-\u2069"
#: Halves of a pair. UTF-8 has no bytes for one that stands alone.
SURROGATES: Final = "\ud800-\udfff"

_CONTROL: Final = re.compile(f"[{CONTROLS}]")
_BIDI: Final = re.compile(f"[{BIDI}]")
_SURROGATE: Final = re.compile(f"[{SURROGATES}]")
_HARMFUL: Final = re.compile(f"[{CONTROLS}{BIDI}{SURROGATES}]")
#: Thai, Lao, Tibetan; Burmese; Khmer; kana and Chinese characters: no blanks between words.
_UNSPACED: Final = re.compile(
    "[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff]"
)
_UNREADABLE: Final = "\N{REPLACEMENT CHARACTER}"
#: The categories of punctuation, blanks, controls and halves of a pair. Others are words, those
#: included that this Python's Unicode does not know yet (Cn): an emoji of next year is one.
_NO_WORDS: Final = frozenset(
    ("Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs")
)


def harmless(text: str) -> str:
    """``text`` that cannot harm a terminal, otherwise as it is.

    A control or a line end becomes a space, a lone surrogate U+FFFD; bidi controls are left out.
    """
    return _BIDI.sub("", encodable(_CONTROL.sub(" ", text)))


def encodable(text: str) -> str:
    """``text`` with U+FFFD for each lone surrogate; two that are a pair become its character."""
    if _SURROGATE.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def one_line(text: str) -> str:
    """``text`` on one line: no control characters, at most ``MOST`` characters, cut with ``…``."""
    # A long text costs no more than the part that can be shown.
    words = " ".join(text[: 4 * MOST].split())
    shown = _HARMFUL.sub(_UNREADABLE, words)
    return shown if len(shown) <= MOST and len(text) <= 4 * MOST else f"{shown[: MOST - 1]}…"


def has_words(text: str) -> bool:
    """Whether ``text`` is more than punctuation and blanks: a recogniser makes "." of noise.

    A symbol counts as a word, for it was said or heard, such as an emoji or a note.
    """
    return any(c.isalnum() or unicodedata.category(c) not in _NO_WORDS for c in text)


def is_one_word(text: str) -> bool:
    """Whether ``text`` has no blank between words; False in a script that writes none there."""
    return len(text.split()) == 1 and _UNSPACED.search(text) is None


def os_reason(error: OSError) -> str:
    """The operating system's reason, in lower case: ``no space left on device``.

    It leaves out the path or address of ``str(error)``, which the caller's line names already.
    """
    return (error.strerror or str(error)).lower()
