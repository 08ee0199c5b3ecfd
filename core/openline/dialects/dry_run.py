"""A dry run: a dialect encodes each of its messages once, before there is a session.

It also decodes one, an empty object, for the shape of what ``decode`` returns, and asks for the
parameters of the URL. It finds mistakes of the author that would otherwise end a live session. It
uses no speech and no credential, so, unlike on a live session, the error quotes the text of an
exception. The token of the dry run, ``TOKEN``, may not have the format of the backend's tokens: a
``headers`` that raises ValueError or LookupError for it passes, for this may be the only reason.
"""

from __future__ import annotations

from typing import Any, Final, cast

from openline.dialects.checking import (
    DialectError,
    begin_checked,
    decode_strict,
    encode_checked,
    kind,
    name_of,
    shape,
)
from openline.dialects.headers import credential_headers
from openline.dialects.protocol import Dialect, Ids, Memory, Sent
from openline.dialects.traits import AudioForm, Encoding
from openline.text import one_line

_IDS: Final = Ids(session_id="session", attempt_id="attempt", connection_id="connection")
_MUTABLE: Final = (list, dict, set, bytearray)
_NO_LIST: Final = (str, bytes, dict, type(None))
_TOKEN: Final = "TOKEN"  # noqa: S105  # a placeholder


def dry_run(dialect: Dialect) -> None:
    """Encode each message once, and decode one. Raises DialectError for what is not valid."""
    pcm, sent = silence_of(dialect.traits.form), Sent()
    try:
        memory = begin_checked(dialect)
        _check_memory(dialect, memory)
        for method, *given in (
            ("start", _IDS),
            *(("audio", source, pcm, 0) for source in dialect.traits.names),
            *(("flush", sent), ("keepalive", sent), ("stop", _IDS, sent)),
        ):
            memory, _ = encode_checked(dialect, str(method), memory, *given)
    except DialectError as exc:
        raise _with_text(exc) from exc.__cause__
    _dry_run_decode(dialect, memory)
    dry_run_headers(dialect)
    _dry_run_query(dialect)


def silence_of(form: AudioForm) -> bytes:
    """The samples of one message of silence, of the usual length."""
    width = 4 if form.encoding is Encoding.F32LE else 2
    return bytes(round(form.usual * form.rate) * width)


def _check_memory(dialect: Dialect, memory: Memory) -> None:
    if isinstance(memory, _MUTABLE):
        given = kind(cast("object", memory))
        raise DialectError(
            f"{name_of(dialect)}: begin returned {given}, which can change: give a frozen "
            "value, such as a tuple or a frozen msgspec.Struct"
        )


def _dry_run_decode(dialect: Dialect, memory: Memory) -> None:
    """Decode an empty object: whatever it means, the result has a shape.

    A ``decode`` that raises passes: a live session survives that, and the walk of the test kit
    finds it.
    """
    try:
        decode_strict(dialect, memory, "{}")
    except DialectError as exc:
        if exc.__cause__ is None:
            raise


def _dry_run_query(dialect: Dialect) -> None:
    """Ask for the parameters of the URL and the subprotocols once, as each dial does."""
    for method, given, want in (
        ("query", (), "pairs of a name and a value, both str"),
        ("subprotocols", (_TOKEN,), "a tuple of names"),
    ):
        try:
            made: Any = getattr(dialect, method)(*given)
            parts: list[object] = [made] if isinstance(made, _NO_LIST) else list(made)
        except Exception as exc:  # of the user's code
            if given and isinstance(exc, ValueError | LookupError):
                continue  # as of ``headers``: the placeholder may be of another form
            raised = f"{type(exc).__name__}: {one_line(str(exc))}"
            raise DialectError(f"{name_of(dialect)}: {method} raised {raised}") from exc
        is_right = _is_pair if method == "query" else _is_name
        for part in parts:
            if made is part or not is_right(part):
                raise DialectError(
                    f"{name_of(dialect)}: {method} has to return {want}, not {shape(part)}"
                )


def _is_pair(value: object) -> bool:
    match value:
        case (str(), str()):
            return True
        case _:
            return False


def _is_name(value: object) -> bool:
    return isinstance(value, str)


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
