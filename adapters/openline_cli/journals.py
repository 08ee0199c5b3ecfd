"""A file of journals that somebody named: read, or what is wrong with it in a line."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from openline.journal.reader import Journal, JournalError, choose, read
from openline_cli.problems import Problem

#: What chooses one of several.
OPTION: Final = "--session"


def choose_journal(path: Path, number: int | None) -> Journal:
    """The journal with that number in a file; None: the only one. Raises Problem."""
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
