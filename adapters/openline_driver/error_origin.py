"""Where an error of somebody else's arose, in words that hold no secret.

A source, or a provider of credentials, is the app's own, and the text of what it raises may
quote anything: a token, a path, what somebody said. So the text stays out of what is told.
Its kind cannot hold a secret, nor can the name of a file of code and a line in it, and with
these two whoever wrote it finds the place.

The place is the innermost frame of the app's own code. Ours, trio's and Python's tell nothing;
those of an installed package are taken where there is no other.
"""

from __future__ import annotations

import sysconfig
from pathlib import Path
from traceback import walk_tb
from typing import Final, cast

#: Packages that run an app's code; their own frames explain nothing. Every room of openline
#: is one as well. (trio runs each task by ``outcome``.)
_RUNNERS: Final = frozenset({"trio", "outcome", "asyncio"})
_STDLIB: Final = tuple(
    Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib")
)
_INSTALLED: Final = frozenset({"site-packages", "dist-packages"})


def raised(exc: BaseException, what: str = "") -> str:
    """``what``, or the kind of what was raised, and where: ``KeyError (mine.py, line 3)``."""
    where = _where(exc)
    what = what or type(exc).__name__
    return f"{what} ({where})" if where else what


def only_one(exc: Exception) -> Exception:
    """The error itself where a nursery wrapped a single one."""
    is_group = isinstance(exc, ExceptionGroup)
    inner = cast("ExceptionGroup[Exception]", exc).exceptions if is_group else ()
    return only_one(inner[0]) if len(inner) == 1 else exc


def _where(exc: BaseException) -> str:
    own = installed = ""
    for frame, line in walk_tb(exc.__traceback__):  # the innermost comes last
        name = frame.f_code.co_filename
        if name.startswith("<frozen"):
            continue
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if package in _RUNNERS or package.partition("_")[0] == "openline":
            continue
        path = Path(name).resolve()
        place = f"{path.name}, line {line}"
        if _INSTALLED.intersection(path.parts):
            installed = place
        elif not any(path.is_relative_to(folder) for folder in _STDLIB):
            own = place
    return own or installed
