"""Read the journal file that the user named, or raise a Problem for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
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


def read_whole(lines: Sequence[bytes]) -> tuple[list[Journal], str]:
    """The journals in lines, up to the first that cannot be read, and what is wrong with that line.

    Raises JournalError where there is no journal before it.
    """
    read_so_far = 0

    def counted() -> Iterator[bytes]:
        nonlocal read_so_far
        for line in lines:
            read_so_far += 1
            yield line

    try:
        return read(counted()), ""
    except JournalError as error:
        whole = read_so_far - 1
        if whole < 1:
            raise
        return read(islice(lines, whole)), str(error)
