"""Where an error in the app's code arose, in words that hold no secret.

A source and a provider of credentials are the app's own code, and the text of what they raise
may quote anything: a token, a path, speech. So that text is never shown. The kind of an error
cannot hold a secret, nor can the name of a file of code and a line in it; these two are
enough to find the place.

The place is the innermost frame of the app's own code. Frames of openline, of the event loop
and of the standard library are passed over. Frames of an installed package are used only
where the app has none.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Final, cast

from openline.session import LocalProtocolError
from openline_audio.source import SourceError
from openline_driver.exception_groups import leaves

#: Packages that run an app's code; their own frames explain nothing. Every room of openline
#: is one as well. (trio runs each task by ``outcome``.)
_RUNNERS: Final = frozenset({"trio", "outcome", "asyncio"})
#: The folder of the standard library. A frame has its file's name as it was imported, so
#: comparing names is enough and the file system is not asked.
#: A frozen library has no folder, and its frames no path: a name that fits none.
_STDLIB: Final = (getattr(inspect, "__file__", None) or "<frozen>/inspect").replace(
    "\\", "/"
).rpartition("/")[0] + "/"
_INSTALLED: Final = ("/site-packages/", "/dist-packages/")


def raised(exc: BaseException, what: str = "") -> str:
    """``what``, or the error's kind, and its place: ``KeyError (mine.py, line 3)``."""
    where = _where(exc)
    what = what or type(exc).__name__
    return f"{what} ({where})" if where else what


def only_one(exc: Exception) -> Exception:
    """The error itself where a group holds a single one; a larger group as it is."""
    found = leaves(exc)
    return cast("Exception", found[0]) if len(found) == 1 else exc


def source_error(error: Exception) -> str:
    """Why a source is lost that raised ``error``, in one line.

    Only texts that are made for people are shown: of a SourceError, of the operating system, and
    our own about what the source delivered. The last two need the place as well. An OSError without
    a number has no text, as one of ``asyncio.timeout``, or one that is the app's.
    """
    error = only_one(error)
    if isinstance(error, SourceError):
        return str(error)
    is_of_system = isinstance(error, OSError) and error.errno is not None
    if isinstance(error, LocalProtocolError) or is_of_system:
        return raised(error, str(error))
    return f"the source raised {raised(error)}"


def _where(exc: BaseException) -> str:
    own = installed = ""
    for frame, line in _frames(exc.__traceback__):  # the innermost comes last
        path = frame.f_code.co_filename.replace("\\", "/")
        if path.startswith("<frozen"):
            continue
        package = str(frame.f_globals.get("__name__")).partition(".")[0]
        if package in _RUNNERS or package.partition("_")[0] == "openline":
            continue
        place = f"{path.rpartition('/')[2]}, line {line}"
        if any(folder in path for folder in _INSTALLED):
            installed = place
        elif not path.startswith(_STDLIB):
            own = place
    return own or installed


def _frames(trace: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    while trace is not None:
        yield trace.tb_frame, trace.tb_lineno
        trace = trace.tb_next
