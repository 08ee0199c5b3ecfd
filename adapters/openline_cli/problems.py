"""Mistakes of a user as one line, and the exit statuses.

A ``Problem`` is raised before anything is dialled or written. Its text names the file or
option, what is wrong with it and what to do; ``main`` prints it and nothing else. ``main`` imports
this before it can catch a Ctrl-C, so the core, which takes most of a second, is imported later.
"""

from __future__ import annotations

from typing import Final

COMPLETE: Final = 0
FAILED: Final = 1
USAGE: Final = 2
INTERRUPTED: Final = 130


class Problem(Exception):  # noqa: N818  # a mistake of the user, not a fault of the command
    """One line for a person, and the exit status that goes with it."""

    def __init__(self, line: str, *, status: int = USAGE) -> None:
        """``line`` without a full stop; anything unprintable in it is replaced."""
        super().__init__(printable(line))
        self.status = status


def printable(text: str) -> str:
    """``text`` on one line, as it is but for what could harm a terminal.

    Controls in a transcript or in a file's name could move the cursor or forge output.
    """
    from openline.text import harmless

    return harmless(text).strip(" ")
