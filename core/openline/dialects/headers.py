"""How a credential travels: in the headers that a dialect gives, else in the usual ones.

A dialect may have a method ``headers(credential)`` (``dialect.CredentialHeaders``). What it
gives is a secret as the credential is, so nothing here repeats any of it: what is wrong is
told by the dialect's name and the header's place.
"""

from __future__ import annotations

import re
from typing import Any, Final

from ..backend import usual_headers
from .dialect import Dialect

#: RFC 9110 §5.1: a header's name is a token.
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def credential_headers(dialect: Dialect, credential: str) -> list[tuple[str, str]]:
    """The headers that carry ``credential`` to a backend of this dialect. Secret.

    Raises ValueError, one line without the credential, for a dialect whose ``headers`` raises
    or gives what no request can carry.
    """
    make = getattr(dialect, "headers", None)
    if make is None:
        return usual_headers(credential)
    try:
        made: list[Any] = list(make(credential))
    except Exception as exc:  # noqa: BLE001  # its text may hold the credential; its type cannot
        raise ValueError(
            f"the dialect {dialect.name}: its headers() raised {type(exc).__name__}"
        ) from None
    if wrong := [number for number, each in enumerate(made, 1) if not _is_header(each)]:
        raise ValueError(
            f"the dialect {dialect.name}: header {wrong[0]} of its headers() cannot be sent: "
            "give pairs of a name and a value, both printable ASCII"
        )
    return made


def _is_header(pair: Any) -> bool:
    match pair:
        case (str(name), str(value)):
            return bool(_NAME.fullmatch(name)) and value.isascii() and value.isprintable()
        case _:
            return False
