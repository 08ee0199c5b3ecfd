"""What a user can get wrong, as one line; and the exit statuses.

A ``Problem`` is raised before anything has been dialled or written. Its text says which
file or option, what is wrong with it and what to do; ``main`` prints it and nothing else.
"""

from __future__ import annotations

from typing import Final

COMPLETE: Final = 0
FAILED: Final = 1
USAGE: Final = 2
INTERRUPTED: Final = 130


class Problem(Exception):  # noqa: N818 -- a mistake of the user, not a fault of the command
    """One line for a person, and the exit status that goes with it."""

    def __init__(self, line: str, *, status: int = USAGE) -> None:
        """``line`` without a full stop; anything unprintable in it is replaced."""
        super().__init__(printable(line))
        self.status = status


def printable(text: str) -> str:
    """``text`` on one line that no terminal takes for a command.

    A backend's words and a file's name are not ours: control characters in them could
    move the cursor or forge output.
    """
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
