"""Values of a client that may be anything: what cannot be used is none, and never an error."""

from __future__ import annotations

from typing import cast
from urllib.parse import urlsplit

from openline_server.contract import JsonObject


def path_of(target: str) -> str:
    """The path of a handshake; none if no URL can be that."""
    return _split(target)[0]


def query_of(target: str) -> str:
    """The query of a handshake; none if no URL can be that."""
    return _split(target)[1]


def _split(target: str) -> tuple[str, str]:
    try:
        parts = urlsplit(target)
    except ValueError:  # as of //[
        return "", ""
    return parts.path, parts.query


def close_code(code: object, otherwise: int) -> int:
    """``code`` if a close frame may hold it (RFC 6455 §7.4.1), else ``otherwise``."""
    fits = isinstance(code, int) and 1000 <= code <= 4999 and code not in {1005, 1006, 1015}
    return code if isinstance(code, int) and fits else otherwise


def member(parent: JsonObject, name: str) -> JsonObject:
    """The object that is this member; an empty one if it is something else."""
    inner = parent.get(name)
    return cast("JsonObject", inner) if isinstance(inner, dict) else {}


def uncoded(message: JsonObject) -> JsonObject:
    """``message`` without the members that are codes, in it and in its objects."""
    left: JsonObject = {}
    for name, value in message.items():
        if name not in {"code", "error_code"}:
            is_object = isinstance(value, dict)
            left[name] = uncoded(cast("JsonObject", value)) if is_object else value
    return left
