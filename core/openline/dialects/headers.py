"""How a credential travels, in the headers that a dialect gives; and the headers of an app.

The result of ``Dialect.headers`` is as secret as the credential, so an error quotes none of it:
it names the dialect's class and the position of the header. Only a header of the handshake is
named, in the spelling of the table below.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from openline.dialects.checking import DialectError, dialect_error, kind, name_of
from openline.dialects.protocol import Dialect

#: RFC 9110 §5.1: a header's name is a token.
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
#: The headers that the opening handshake sets (RFC 6455 §4.1), and those of a body.
_OWNED: Final = ("Host", "Connection", "Upgrade", "Content-Length", "Transfer-Encoding")
_OWNED_PREFIX: Final = "Sec-WebSocket-"


def checked_headers(given: Any) -> tuple[tuple[str, str], ...]:
    """The headers that an app adds to each request, as pairs.

    ``given`` maps names to values, or has pairs. Raises TypeError and ValueError, one line that
    shows no value.
    """
    pairs = _pairs_of(given)
    if isinstance(pairs, str | bytes) or not isinstance(pairs, Iterable):
        raise TypeError(f"headers: give a dict of names and values, not {kind(given)}")
    made: list[Any] = []
    for pair in cast("Any", pairs):
        if not _is_header(pair):
            raise ValueError(
                f"headers: number {len(made) + 1} cannot be sent: give a name and a value, both "
                "printable ASCII"
            )
        if owned := _owned(pair[0]):
            raise ValueError(f"headers: {owned} belongs to the handshake: leave it out")
        made.append((pair[0], pair[1]))
    return tuple(made)


def _pairs_of(given: Any) -> Any:
    found: Any = given
    return found.items() if isinstance(given, Mapping) else found


def basic(user: str, password: str) -> tuple[str, str]:
    """The header of Basic authentication (RFC 7617), for ``Backend(headers=[…])``. Secret.

    Raises ValueError, one line, for a user that has a colon.
    """
    if ":" in user:
        raise ValueError("basic: a user has no colon")
    pair = b64encode(f"{user}:{password}".encode()).decode()
    return ("Authorization", f"Basic {pair}")


def bearer(credential: str) -> list[tuple[str, str]]:
    """The usual header for a credential (RFC 6750 §2.1). Secret."""
    return [("Authorization", f"Bearer {credential}")]


def credential_headers(dialect: Dialect, credential: str) -> list[tuple[str, str]]:
    """The headers that carry ``credential`` to a backend of this dialect. Secret.

    Raises DialectError, one line without the credential, if the dialect's ``headers`` raises or
    returns pairs that no request can carry.
    """
    try:
        given: Any = dialect.headers(credential)
        made: list[Any] | None = list(given) if _may_be_pairs(given) else None
    except Exception as exc:  # noqa: BLE001  # its text may hold the credential; its type cannot
        raise dialect_error(dialect, "headers", exc) from None
    if made is None:
        raise DialectError(
            f"{name_of(dialect)}: headers has to return pairs of a name and a value, "
            f"not {kind(given)}"
        )
    for number, pair in enumerate(made, 1):
        if not _is_header(pair):
            raise DialectError(
                f"{name_of(dialect)}: header {number} of its headers cannot be sent: "
                "give pairs of a name and a value, both printable ASCII"
            )
        if owned := _owned(pair[0]):
            raise DialectError(
                f"{name_of(dialect)}: header {number} of its headers is {owned}, "
                "which the handshake sets itself: leave it out"
            )
    return made


def _may_be_pairs(given: object) -> bool:
    return isinstance(given, Iterable) and not isinstance(given, str | bytes | Mapping)


def _is_header(pair: Any) -> bool:
    match pair:
        case (str(name), str(value)):
            return bool(_NAME.fullmatch(name)) and value.isascii() and value.isprintable()
        case _:
            return False


def _owned(name: str) -> str:
    """The handshake's spelling of ``name`` if the header belongs to it, else an empty text."""
    if name.lower().startswith(_OWNED_PREFIX.lower()):
        return f"a {_OWNED_PREFIX}…"
    return next((each for each in _OWNED if each.lower() == name.lower()), "")
