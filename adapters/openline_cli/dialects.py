"""``--dialect``: a built-in dialect by its name, or the user's own as ``module:NAME``.

The user's module is searched on ``sys.path``, and last in the current directory. An error that
it raises becomes a Problem, one line with the dialect's name.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from openline.dialects.checking import DialectError
from openline.dialects.dry_run import dry_run
from openline.dialects.options import configured
from openline.dialects.protocol import Dialect
from openline.dialects.registry import BUILT_IN, DEFAULT
from openline.journal.reader import Journal, JournalError
from openline_cli.problems import Problem
from openline_lookup import dialects as lookup
from openline_lookup.dialects import NamingError, error_line

#: The entry of ``sys.path`` that stands for the current directory.
_HERE: Final = ""


def find_dialect(name: str | None, options: Sequence[str] = ()) -> Dialect | None:
    """The dialect named ``name``, with ``options``, each NAME=VALUE. Raises Problem.

    None if neither is given; options without a name are the default dialect's.
    """
    if name is None:
        return configured_by(DEFAULT, options) if options else None
    with dialect_option(name):
        return configured_by(lookup.find_dialect(name), options)


def configured_by(dialect: Dialect, options: Sequence[str]) -> Dialect:
    """``dialect`` with ``options``, each NAME=VALUE. Raises Problem."""
    given: dict[str, str] = {}
    for each in options:
        name, equals, text = each.partition("=")
        if not name.strip() or not equals:
            raise Problem(f"--option {each}: give NAME=VALUE, as in language=en")
        given[name.strip()] = text
    try:
        return configured(dialect, given)
    except ValueError as error:
        text = str(error)
        raise Problem(f"--{text}" if text.startswith("option ") else f"--option: {text}") from None


@contextmanager
def dialect_option(name: str) -> Generator[None]:
    """Search the current directory too while the block runs; a failure becomes a Problem."""
    if ":" in name and _HERE not in sys.path:
        sys.path.append(_HERE)
    try:
        yield
    except NamingError as error:
        raise Problem(f"--dialect {error}") from None


def check_known(path: Path, journal: Journal, dialect: Dialect | None) -> None:
    """Raise Problem if a journal needs a dialect that was not given, or a different one.

    A given dialect is checked with the dry run of a session, which raises DialectError.
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
    """Turn an error of the user's own dialect into a Problem; other errors pass unchanged."""
    try:
        yield
    except (Problem, OSError, JournalError):
        raise  # their texts are complete
    except Exception as error:
        if name is None or ":" not in name:
            raise
        from openline_driver.exception_groups import leaves
        from openline_store.spool import SpoolError

        if isinstance(error, SpoolError):
            raise
        first, *_ = leaves(error)
        text = error_line(first)
        if not isinstance(first, DialectError):  # a DialectError's text is complete
            text = f"{type(first).__name__}: {text}"
        raise Problem(f"--dialect {name}: it cannot be used: {text}") from error
