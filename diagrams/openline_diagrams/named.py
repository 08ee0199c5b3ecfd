"""What a user names as ``module:NAME``: imported, or what is wrong, in one line.

A site's documents and the command name a dialect of one's own like this. It is looked for
where Python looks (``sys.path``), and whatever the user's module raises is told with the
name that led there.
"""

from __future__ import annotations

from importlib import import_module
from typing import cast

from openline.dialects.checking import DialectError, check_dialect
from openline.dialects.protocol import Dialect
from openline.text import one_line
from openline_diagrams.contract import CONTRACTS, Contract


class NamingError(Exception):
    """There is no such thing; the text is one line that begins with its name."""


def find_contract(name: str) -> Contract:
    """A dialect in the box by its name, or one's own as ``module:NAME``.

    NAME is a ``Contract``, a dialect, or a class or function that makes one when it is called
    without arguments; of a bare dialect no one knows the structs that it reads. Raises
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
    except (Exception, SystemExit) as error:  # a user's module may raise whatever it likes
        raise NamingError(
            f"{name}: {module or 'a module without a name'} cannot be imported: {_told(error)}"
        ) from error
    for part in path.split("."):
        if not hasattr(found, part):
            raise NamingError(f"{name}: {module} has no {path or 'object without a name'}")
        found = getattr(found, part)
    return found


def _made(name: str, make: object) -> object:
    try:
        return cast("type", make)()
    except TypeError as error:  # most often of the call itself: it says all
        raise NamingError(f"{name}: it cannot be made: {one_line(str(error))}") from error
    except Exception as error:
        raise NamingError(f"{name}: it cannot be made: {_told(error)}") from error


def _wrong(found: object) -> str:
    """Why this is no dialect, in one line; empty if it is one."""
    try:
        check_dialect(found)
    except DialectError as error:
        return str(error)
    return ""


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {one_line(str(error))}"
