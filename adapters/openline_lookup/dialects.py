"""A dialect that a user names: a built-in one, or one's own as ``module:NAME``.

    find_dialect(DEFAULT.name)     # one of ``BUILT_IN``
    find_dialect("steno:Steno")    # an object, or a class or function that makes one

A module is found where Python finds it (``sys.path``). It may raise anything while it is
imported or called: each error becomes one line that begins with the name.
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from importlib import import_module
from typing import Final, TypeAlias, cast

from openline.dialects.checking import DialectError, check_dialect
from openline.dialects.protocol import Dialect
from openline.dialects.registry import BUILT_IN

#: What imports a module by its name.
Load: TypeAlias = Callable[[str], object]


_A_PATH: Final = "is a path: give the module as import has it, such as steno:Steno for steno.py"


class NamingError(Exception):
    """Nothing of that name can be used; the text is one line that begins with the name."""


def find_dialect(name: str, load: Load = import_module) -> Dialect:
    """The dialect of that name. Raises NamingError."""
    if ":" not in name:
        check_built_in(name)
        return BUILT_IN[name]
    return as_dialect(name, made(name, imported(name, load)))


def check_built_in(name: str) -> None:
    """Raise NamingError, which lists the choice, unless ``name`` is of ``BUILT_IN``."""
    if name not in BUILT_IN:
        near = get_close_matches(name.lower(), BUILT_IN, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        choice = f"{', '.join(BUILT_IN)} or module:NAME"
        raise NamingError(f"{name}: no built-in dialect has this name; give {choice}{hint}")


def imported(name: str, load: Load = import_module) -> object:
    """The object that ``module:NAME`` names. Raises NamingError."""
    module, _, path = name.partition(":")
    try:
        found = load(module)
    except (Exception, SystemExit) as error:  # a user's module may raise anything
        why = _A_PATH if _is_path(module) else f"cannot be imported: {_typed(error)}"
        raise NamingError(f"{name}: {module or 'a module without a name'} {why}") from error
    for part in path.split("."):
        if not hasattr(found, part):
            raise NamingError(f"{name}: {module} has no {path or 'object without a name'}")
        found = getattr(found, part)
    return found


def _is_path(module: str) -> bool:
    return module.endswith(".py") or "/" in module or "\\" in module


def made(name: str, found: object) -> object:
    """``found`` itself, or what it returns if it is a class or function. Raises NamingError."""
    if not callable(found) or not _wrong(found):
        return found
    try:
        return cast("type", found)()
    except TypeError as error:  # most often about the call itself: its text is enough
        raise NamingError(f"{name}: it cannot be made: {error_line(error)}") from error
    except Exception as error:
        raise NamingError(f"{name}: it cannot be made: {_typed(error)}") from error


def as_dialect(name: str, found: object) -> Dialect:
    """``found`` if it is a dialect. Raises NamingError."""
    if wrong := _wrong(found):
        raise NamingError(f"{name}: {wrong}")
    return cast("Dialect", found)


def error_line(error: BaseException) -> str:
    """The text of an error on one line."""
    return " ".join(str(error).split())


def _wrong(found: object) -> str:
    """Why this is no dialect, in one line; empty if it is one."""
    try:
        check_dialect(found)
    except DialectError as error:
        return str(error)
    return ""


def _typed(error: BaseException) -> str:
    return f"{type(error).__name__}: {error_line(error)}"
