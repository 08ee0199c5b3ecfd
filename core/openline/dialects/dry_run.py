"""A dry run: a dialect encodes each of its messages once, before there is a session.

It finds mistakes of the author that would otherwise end a live session. It uses no speech and
no credential, so, unlike on a live session, the error quotes the text of an exception. The
token of the dry run, ``TOKEN``, may not have the format of the backend's tokens: a ``headers``
that raises ValueError or LookupError for it passes, for this may be the only reason.
"""

from __future__ import annotations

from typing import Final

from openline.dialects.checking import DialectError, begin_checked, encode_checked
from openline.dialects.headers import credential_headers
from openline.dialects.protocol import Dialect, Ids, Sent
from openline.dialects.traits import AudioForm, Encoding
from openline.text import one_line

_IDS: Final = Ids(session_id="session", attempt_id="attempt", connection_id="connection")
_TOKEN: Final = "TOKEN"  # noqa: S105 -- a placeholder


def dry_run(dialect: Dialect) -> None:
    """Encode each message once. Raises DialectError for one that cannot be encoded."""
    pcm, sent = silence_of(dialect.traits.form), Sent()
    try:
        memory = begin_checked(dialect)
        for method, *given in (
            ("start", _IDS),
            *(("audio", source, pcm, 0) for source in dialect.traits.names),
            *(("flush", sent), ("keepalive", sent), ("stop", _IDS, sent)),
        ):
            memory, _ = encode_checked(dialect, str(method), memory, *given)
    except DialectError as exc:
        raise _with_text(exc) from exc.__cause__
    dry_run_headers(dialect)


def silence_of(form: AudioForm) -> bytes:
    """The samples of one message of silence, of the usual length."""
    width = 4 if form.encoding is Encoding.F32LE else 2
    return bytes(round(form.usual * form.rate) * width)


def dry_run_headers(dialect: Dialect) -> None:
    """Make the credential headers once. Raises DialectError if that fails."""
    try:
        credential_headers(dialect, _TOKEN)
    except DialectError as exc:
        cause = _cause(exc)
        if not isinstance(cause, ValueError | LookupError):
            raise _with_text(exc) from cause


def _cause(exc: DialectError) -> BaseException | None:
    """The exception of a method; for ``headers`` it is in the context alone, out of logs."""
    return exc.__context__


def _with_text(exc: DialectError) -> DialectError:
    cause = _cause(exc)
    return exc if cause is None else DialectError(f"{exc}: {one_line(str(cause))}")
