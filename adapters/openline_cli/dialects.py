"""``--dialect``: a built-in one by its name, or one's own as ``module:NAME``.

A module of one's own is looked for where Python looks, and last in the current directory.
It is the user's code: an error that it raises while it is used becomes one line with its
name.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from openline.dialects.checking import DialectError
from openline.dialects.dry_run import dry_run
from openline.dialects.protocol import Dialect
from openline.dialects.registry import BUILT_IN
from openline.journal.reader import Journal, JournalError
from openline_cli.problems import Problem
from openline_lookup import dialects as lookup
from openline_lookup.dialects import NamingError, error_line

#: How the import system calls the current directory, wherever that is.
_HERE: Final = ""


def find_dialect(name: str | None) -> Dialect | None:
    """The dialect of that name; None for None. Raises Problem."""
    if name is None:
        return None
    with dialect_option(name):
        return lookup.find_dialect(name)


@contextmanager
def dialect_option(name: str) -> Generator[None]:
    """``name`` is looked up: in the current directory too, and with a Problem if it fails."""
    if ":" in name and _HERE not in sys.path:
        sys.path.append(_HERE)
    try:
        yield
    except NamingError as error:
        raise Problem(f"--dialect {error}") from None


def check_known(path: Path, journal: Journal, dialect: Dialect | None) -> None:
    """Raise Problem if a journal needs a dialect that was not given, or another one.

    A given one gets the dry run of a session, which raises DialectError if it fails.
    """
    named = journal.opening.dialect
    known = named in BUILT_IN
    if dialect is None:
        if not known:
            give = "give --dialect module:NAME"
            raise Problem(f"{path}: its dialect, {named}, is not built in: {give}")
        return
    if dialect.name != named:
        right = f"--dialect {named}, or none" if known else "that one"
        raise Problem(f"{path}: it is of {named}, and --dialect gave {dialect.name}: give {right}")
    dry_run(dialect)


@contextmanager
def blamed(name: str | None) -> Generator[None]:
    """What a dialect of the user's own raises is a Problem; anything else is left alone."""
    try:
        yield
    except (Problem, OSError, JournalError):
        raise  # these say what they are about themselves
    except Exception as error:
        if name is None or ":" not in name:
            raise
        from openline_driver.exception_groups import leaves
        from openline_store.spool import SpoolError

        if isinstance(error, SpoolError):
            raise
        first, *_ = leaves(error)
        said = error_line(first)
        if not isinstance(first, DialectError):  # which says all there is to say
            said = f"{type(first).__name__}: {said}"
        raise Problem(f"--dialect {name}: it cannot be used: {said}") from error
