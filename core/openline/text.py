"""What others say, as it may stand in a reason, a log or a line on a screen.

A backend may say anything, of any length. Its status texts, errors and close reasons end up
in front of people, so they become one line, printable, of a length that fits; transcripts
are the app's own and are left as they are.
"""

from __future__ import annotations

#: Characters of a text that are shown; a close reason has at most 123 bytes (RFC 6455 §5.5).
MOST = 300


def one_line(text: str) -> str:
    """``text`` on one line, without what no screen should get, cut where it gets too long."""
    # No more is looked at than could be shown, however long it is.
    words = " ".join(text[: 4 * MOST].split())
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in words)
    return shown if len(shown) <= MOST and len(text) <= 4 * MOST else f"{shown[: MOST - 1]}…"


def os_reason(error: OSError) -> str:
    """Why the operating system refused, in lower case: ``no space left on device``.

    Without the path or address that ``str(error)`` has: the caller's line names it already.
    """
    return (error.strerror or str(error)).lower()
