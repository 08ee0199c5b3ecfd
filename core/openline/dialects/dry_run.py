"""A dialect says each of its messages once, to nobody, before there is a session.

What would end a live session with an error is found here, where it is the author's error
and one line. Nobody's speech or token is in a rehearsal, so unlike on a live session the text
of what a method raises is told as well. A token that stands for none may not be of the form
that a backend's tokens have: with ``headers``, ValueError and LookupError may say no more than
that, so they are let pass.
"""

from __future__ import annotations

from typing import Final

from openline.dialects.checking import DialectError, encode_checked
from openline.dialects.headers import credential_headers
from openline.dialects.protocol import Dialect, Ids
from openline.text import one_line

_IDS: Final = Ids(session_id="session", attempt_id="attempt", connection_id="connection")
_FRAME: Final = bytes(640)  # 20 ms: the usual frame
_TOKEN: Final = "TOKEN"  # noqa: S105 -- nobody's


def dry_run(dialect: Dialect) -> None:
    """Have it say each of its messages, to nobody. Raises DialectError if it can't."""
    for method, *given in (
        ("start", _IDS),
        *(("audio", source, _FRAME) for source in dialect.sources),
        ("stop", _IDS),
    ):
        try:
            encode_checked(dialect, str(method), *given)
        except DialectError as exc:
            raise _with_text(exc) from exc.__cause__
    dry_run_headers(dialect)


def dry_run_headers(dialect: Dialect) -> None:
    """Have it say how a token travels, if it says so at all. Raises DialectError if it can't."""
    try:
        credential_headers(dialect, _TOKEN)
    except DialectError as exc:
        cause = _cause(exc)
        if not isinstance(cause, ValueError | LookupError):
            raise _with_text(exc) from cause


def _cause(exc: DialectError) -> BaseException | None:
    """What a method raised; of ``headers`` it is no cause, for a live session's sake."""
    return exc.__context__


def _with_text(exc: DialectError) -> DialectError:
    cause = _cause(exc)
    return exc if cause is None else DialectError(f"{exc}: {one_line(str(cause))}")
