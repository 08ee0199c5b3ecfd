"""Makes the texts of a backend or the operating system fit for a reason, a log or a screen.

A backend may send any text, of any length. Its status texts, errors and close reasons are shown
to users, so each becomes one printable line of limited length. Transcripts are not changed.
"""

from __future__ import annotations

import unicodedata

#: Characters of a text that are shown; a close reason has at most 123 bytes (RFC 6455 §5.5).
MOST = 300


def one_line(text: str) -> str:
    """``text`` on one line: no control characters, at most ``MOST`` characters, cut with ``…``."""
    # A long text costs no more than the part that can be shown.
    words = " ".join(text[: 4 * MOST].split())
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in words)
    return shown if len(shown) <= MOST and len(text) <= 4 * MOST else f"{shown[: MOST - 1]}…"


def has_words(text: str) -> bool:
    """Whether ``text`` is more than punctuation and blanks: a recogniser makes "." of noise.

    A symbol counts as a word, for it was said or heard, such as an emoji or a note.
    """
    return any(c.isalnum() or unicodedata.category(c)[0] not in "PZC" for c in text)


def os_reason(error: OSError) -> str:
    """The operating system's reason, in lower case: ``no space left on device``.

    It leaves out the path or address of ``str(error)``, which the caller's line names already.
    """
    return (error.strerror or str(error)).lower()
