"""``--dialect``: one in the box by its name, or one's own as ``module:NAME``.

What is one's own is looked for where Python looks, and last in the current directory. It is
the user's code: whatever it raises while it is used is told with its name, in one line.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from openline.dialects.checking import DialectError
from openline.dialects.dry_run import dry_run
from openline.dialects.protocol import Dialect
from openline.journal.reader import Journal, JournalError
from openline.journal.replay import DIALECTS
from openline.text import one_line
from openline_cli.problems import Problem

if TYPE_CHECKING:
    from openline_diagrams import Contract

#: How the import system calls the current directory, wherever that is.
_HERE: Final = ""


def find_spec(name: str) -> Contract:
    """The dialect and what is known of it. Raises Problem."""
    from openline_diagrams.named import NamingError, find_contract

    if ":" in name and _HERE not in sys.path:
        sys.path.append(_HERE)
    try:
        return find_contract(name)
    except NamingError as error:
        raise Problem(f"--dialect {error}") from None


def find_dialect(name: str | None) -> Dialect | None:
    """The dialect of that name; None for None. Raises Problem."""
    return None if name is None else find_spec(name).dialect


def check_known(path: Path, journal: Journal, dialect: Dialect | None) -> None:
    """Raise Problem if a journal needs a dialect that was not given, or another one.

    One that was given is rehearsed as for a session, and raises DialectError if it can't speak.
    """
    named = journal.opening.dialect
    known = named in DIALECTS
    if dialect is None:
        if not known:
            give = "give --dialect module:NAME"
            raise Problem(f"{path}: its dialect, {named}, is not in the box: {give}")
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
        said = one_line(str(first))
        if not isinstance(first, DialectError):  # which says all there is to say
            said = f"{type(first).__name__}: {said}"
        raise Problem(f"--dialect {name}: it cannot be used: {said}") from error
