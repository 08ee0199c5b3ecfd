"""Imports an object that a user names as ``module:NAME``, with one-line errors.

A site's documents and the command name a user's own dialect like this. The module is
searched for where Python searches (``sys.path``); an error of the user's module is reported
with the name that led there.
"""

from __future__ import annotations

from importlib import import_module
from typing import cast

from openline.dialects.checking import DialectError, check_dialect
from openline.dialects.protocol import Dialect
from openline_diagrams.contract import CONTRACTS, Contract


class NamingError(Exception):
    """There is no such object; the text is one line that begins with its name."""


def find_contract(name: str) -> Contract:
    """A built-in dialect by its name, or a user's own as ``module:NAME``.

    NAME is a ``Contract``, a dialect, or a class or function that makes one when called
    without arguments. For a bare dialect the contract lists no structs. Raises
    NamingError.
    """
    if ":" not in name:
        if name not in CONTRACTS:
            raise NamingError(
                f"{name}: there is no such dialect in the box; "
                f"give {', '.join(CONTRACTS)} or module:NAME"
            )
        return CONTRACTS[name]
    found = imported(name)
    if callable(found) and _wrong(found):
        found = _made(name, found)
    if isinstance(found, Contract):
        return found
    if wrong := _wrong(found):
        raise NamingError(f"{name}: {wrong}")
    return Contract(cast("Dialect", found), messages=(), states=())


def imported(name: str) -> object:
    """The object that ``module:NAME`` names. Raises NamingError."""
    module, _, path = name.partition(":")
    try:
        found: object = import_module(module)
    except (Exception, SystemExit) as error:  # a user's module may raise anything
        raise NamingError(
            f"{name}: {module or 'a module without a name'} cannot be imported: {_described(error)}"
        ) from error
    for part in path.split("."):
        if not hasattr(found, part):
            raise NamingError(f"{name}: {module} has no {path or 'object without a name'}")
        found = getattr(found, part)
    return found


def one_line(error: BaseException) -> str:
    """An error's text, on one line."""
    return " ".join(str(error).split())


def _made(name: str, make: object) -> object:
    try:
        return cast("type", make)()
    except TypeError as error:  # most often of the call itself: its text suffices
        raise NamingError(f"{name}: it cannot be made: {one_line(error)}") from error
    except Exception as error:
        raise NamingError(f"{name}: it cannot be made: {_described(error)}") from error


def _wrong(found: object) -> str:
    """Why this is no dialect, in one line; empty if it is one."""
    try:
        check_dialect(found)
    except DialectError as error:
        return str(error)
    return ""


def _described(error: BaseException) -> str:
    return f"{type(error).__name__}: {one_line(error)}"
