"""A file of journals that somebody named: read, or what is wrong with it in a line."""

from __future__ import annotations

from pathlib import Path

from openline.journal import Journal, JournalError, read

from .problems import Problem


def open_journals(path: Path) -> list[Journal]:
    """The journals in a file, at least one. Raises Problem."""
    try:
        with path.open("rb") as file:
            return read(file)
    except OSError as error:
        raise Problem(f"{path}: {(error.strerror or '').lower()}: name a journal") from None
    except JournalError as error:
        raise Problem(f"{path}: {error}") from None
