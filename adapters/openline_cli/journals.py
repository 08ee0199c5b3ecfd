"""Read the journal file that the user named, or raise a Problem for it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from openline.journal.reader import Journal, JournalError, choose, read
from openline_cli.problems import Problem

#: The option that chooses one of several.
OPTION: Final = "--session"


def choose_journal(path: Path, number: int | None) -> Journal:
    """The journal with this number in a file, from 1; None: the only one. Raises Problem."""
    try:
        return choose(open_journals(path), number, by=OPTION)
    except JournalError as error:
        raise Problem(f"{path}: {error}") from None


def open_journals(path: Path) -> list[Journal]:
    """The journals in a file, at least one. Raises Problem."""
    try:
        with path.open("rb") as file:
            return read(file)
    except OSError as error:
        raise Problem(f"{path}: {(error.strerror or '').lower()}: name a journal") from None
    except JournalError as error:
        raise Problem(f"{path}: {error}") from None
