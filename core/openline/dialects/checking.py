"""Checks the results of a dialect, which is the user's code.

``check_dialect`` finds the usual mistakes before there is a session: the class instead of
an object, a missing method, no traits. ``dry_run`` then encodes each message once. On a
live session ``encode_checked`` accepts text or bytes; the session cannot go on without the
message, so it raises. ``decode_or_malformed`` never raises: a backend must not be able to end a
session with a message at which its dialect fails, so that message is ``Malformed``, counted and
reported once. ``decode_strict`` is the same for a test kit that finds such faults, and raises.

An error may quote an attribute of the dialect. It never quotes a message, which may hold speech
or a secret: of a message it gives types and numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias, cast

from openline.dialects.protocol import (
    Dialect,
    FinalMessage,
    Heard,
    Lost,
    Malformed,
    Message,
    Metrics,
    Noticed,
    Refusal,
    Remark,
    Status,
    Unknown,
)
from openline.dialects.traits import Ends, Traits
from openline.reconnect.verdicts import Rule

_METHODS: Final = ("start", "audio", "stop", "decode")
_WORD: Final = (str, type(None))
#: The digits of a number that an error quotes, at most.
_FIGURE: Final = 10**15


class DialectError(TypeError):
    """A dialect that cannot be used, in one line: which, what is wrong, what to do."""


def check_dialect(dialect: object) -> None:
    """Raise DialectError unless ``dialect`` has a name, traits and its methods."""
    if isinstance(dialect, type):
        raise DialectError(f"dialect: give an object, {dialect.__name__}(), not the class")
    if isinstance(dialect, str):
        raise DialectError("dialect: give an object, not str")
    name = getattr(dialect, "name", None)
    if not isinstance(name, str) or not name.strip():
        raise DialectError(f"{name_of(dialect)} lacks 'name': give it a text that is not blank")
    if not isinstance(getattr(dialect, "traits", None), Traits):
        raise DialectError(f"{name_of(dialect)} lacks 'traits': give it Traits(sources=…, …)")
    for method in _METHODS:
        if not callable(getattr(dialect, method, None)):
            raise DialectError(f"{name_of(dialect)} lacks '{method}': give it a method")


def encode_checked(dialect: Dialect, method: str, *given: object) -> str | bytes:
    """The message that ``method`` makes. Raises DialectError unless it is text or bytes."""
    try:
        message = getattr(dialect, method)(*given)
    except Exception as exc:
        raise dialect_error(dialect, method, exc) from exc
    return check_wire(dialect, method, message)


def check_wire(dialect: Dialect, method: str, message: object) -> str | bytes:
    """``message``, made by ``method``. Raises DialectError unless it is text or bytes."""
    if isinstance(message, str | bytes):
        return message
    raise DialectError(
        f"{name_of(dialect)}: {method} has to return str or bytes, not {kind(message)}"
    )


def dialect_error(dialect: Dialect, method: str, exc: Exception) -> DialectError:
    """The error for a ``method`` that raised ``exc``, without its text, which may quote speech."""
    return DialectError(f"{name_of(dialect)}: {method} raised {type(exc).__name__}")


def decode_strict(dialect: Dialect, data: str | bytes) -> Message:
    """``data`` decoded. Raises DialectError if the dialect raises or returns no message."""
    try:
        message = dialect.decode(data)
    except Exception as exc:
        raise dialect_error(dialect, "decode", exc) from exc
    fields = _FIELDS.get(type(message))
    if fields is None:
        what = f"decode returned {kind(message)}, which is no message"
        raise DialectError(f"{name_of(dialect)}: {what}")
    if wrong := _wrong_field(message, fields):
        what = f"decode returned a {kind(message)} whose {wrong}"
        raise DialectError(f"{name_of(dialect)}: {what}")
    return message


def decode_or_malformed(dialect: Dialect, data: str | bytes) -> Message:
    """``data`` decoded; Malformed if the dialect raises or returns no message."""
    try:
        return decode_strict(dialect, data)
    except DialectError as exc:
        return Malformed(why=str(exc))


def name_of(dialect: object) -> str:
    """The name of a dialect in an error: its class, which its author can correct."""
    return f"the dialect {type(dialect).__name__}"


def kind(value: object) -> str:
    """The name of the type of ``value``, which is not quoted."""
    return type(value).__name__


def _figure(value: object) -> str:
    """A number that is short enough to quote, else the type of ``value``."""
    if not _is_number(value):
        return kind(value)
    if isinstance(value, int) and abs(value) >= _FIGURE:
        return "an int of many digits"
    return repr(value)


# The fields of a message that the core calculates with.


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_time(value: object) -> bool:
    return _is_number(value) and 0 <= cast("float", value) < math.inf


def _is_time_or_none(value: object) -> bool:
    return value is None or _is_time(value)


def _is_claim(value: object) -> bool:
    return value is None or (_is_number(value) and -math.inf < cast("float", value) < math.inf)


def _are_ends(value: object) -> bool:
    return isinstance(value, Ends | None)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_text_or_none(value: object) -> bool:
    return isinstance(value, _WORD)


def _is_count(value: object) -> bool:
    return isinstance(value, int)


def _is_mapping(value: object) -> bool:
    return isinstance(value, Mapping)


def _is_row(value: object) -> bool:
    return isinstance(value, Rule)


def _wrong_field(message: Message, fields: tuple[_Field, ...]) -> str:
    """The first unsound field, with what it is and what it should be; "" for none."""
    for name, is_right, want in fields:
        value = getattr(message, name)
        if not is_right(value):
            return f"{name} is {_figure(value)}, not {want}"
    return ""


_Field: TypeAlias = tuple[str, Callable[[object], bool], str]
_SECONDS: Final = "seconds from 0 on"
_SOURCE: Final[_Field] = ("source", _is_text_or_none, "str or None")
_TEXT: Final[_Field] = ("text", _is_text, "str")
_FIELDS: Final[Mapping[type, tuple[_Field, ...]]] = MappingProxyType(
    {
        Status: (("state", _is_text, "str"), _TEXT, _SOURCE, ("ends", _are_ends, "Ends, or None")),
        Heard: (
            *(_TEXT, _SOURCE),
            ("start", _is_claim, "finite seconds, or None"),
            ("end", _is_claim, "finite seconds, or None"),
        ),
        Metrics: (
            ("backlog", _is_time_or_none, f"{_SECONDS}, or None"),
            _SOURCE,
            ("dropped", _is_count, "int"),
            ("queue", _is_time_or_none, f"{_SECONDS}, or None"),
            ("realtime_factor", _is_claim, "a finite number, or None"),
        ),
        Lost: (("source", _is_text, "str"), _TEXT),
        Noticed: (("kind", _is_text, "str"), ("payload", _is_mapping, "a mapping")),
        Refusal: (("row", _is_row, "a Rule"), _TEXT),
        Remark: (_TEXT,),
        FinalMessage: (),
        Unknown: (("type", _is_text, "str"),),
        Malformed: (("why", _is_text, "str"),),
    }
)
